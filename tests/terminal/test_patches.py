"""The private hooks of the pinned Textual that the diffing output stands on are as it expects them."""

import inspect

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.screen import Screen
from textual.strip import Strip

from tui_app.terminal.output_filter import install_output_filter
from tui_app.terminal.writer import NonBlockingWriter


def source(thing: object) -> str:
    return inspect.getsource(thing)  # type: ignore[arg-type]


def test_every_frame_passes_through_one_method_and_nothing_else_paints() -> None:
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert source(Screen).count("app._display(") == 2  # one of them inline
    display = source(App._display)
    for name in (
        "_batch_count",
        "_running",
        "_closed",
        "is_headless",
        "is_inline",
        "post_display_hook",
        "clamp_offset",
    ):
        assert name in display, name
    assert (SYNC_START, SYNC_END) == ("\x1b[?2026h", "\x1b[?2026l")
    assert "_sync_available" in source(App._begin_update)


def test_frames_are_of_two_kinds_with_these_parts() -> None:
    assert list(inspect.signature(LayoutUpdate).parameters) == ["strips", "region"]
    assert list(inspect.signature(ChopsUpdate).parameters) == ["chops", "spans", "chop_ends"]
    parameters = inspect.signature(Compositor.render_update).parameters
    assert {"full", "screen_stack"} <= set(parameters)
    assert "strip.crop(0, min(end, x2) - x)" in source(ChopsUpdate.render_segments)
    assert "x2 > x >= x1 and end <= x2" in source(ChopsUpdate.render_segments)
    assert "if x > x2 or end <= x1" in source(ChopsUpdate.render_segments)
    assert isinstance(App._background_screens, property)


def test_styles_and_consoles_keep_what_is_read_of_them() -> None:
    style = Style(bold=True, dim=False, color="red", bgcolor="blue")
    assert style._attributes & style._set_attributes == 1
    assert style._color is not None and style._bgcolor is not None
    assert [Style._style_map[bit] for bit in range(13)] == [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "21",
        "51",
        "52",
        "53",
    ]
    assert hasattr(Console(), "_color_system")


def test_the_driver_is_built_and_started_and_stopped_by_these_names() -> None:
    assert list(inspect.signature(App._build_driver).parameters)[1:] == ["headless", "inline", "mouse", "size"]
    # Suspension, the signals, the start and the end all pass these two; a started driver tells its size.
    assert "self.stop_application_mode()" in source(Driver.suspend_application_mode)
    assert "self.start_application_mode()" in source(Driver.resume_application_mode)
    assert "self.suspend_application_mode()" in source(LinuxDriver._sigtstp_application)
    assert "self.resume_application_mode()" in source(LinuxDriver._sigcont_application)
    assert "send_size_event()" in source(LinuxDriver.start_application_mode)
    assert "\\x1b[?7l" in source(LinuxDriver._disable_line_wrap)
    assert "_in_band_window_resize" in source(LinuxDriver)


def test_a_resize_of_no_news_is_no_news_to_textual_and_reaches_every_handler() -> None:
    assert "if self._size == event.size" in source(App._on_resize)
    assert Resize.handler_name == "on_resize"


def test_the_writer_is_made_by_this_name_and_called_by_these() -> None:
    start = source(LinuxDriver.start_application_mode)
    assert "self._writer_thread = WriterThread(self._file)" in start
    assert "self._writer_thread.start()" in start
    assert "self._writer_thread.write(data)" in source(LinuxDriver.write)
    assert "self._writer_thread.stop()" in source(LinuxDriver.close)
    public = {name for name in vars(WriterThread) if not name.startswith("_")}
    assert public == {name for name in public if hasattr(NonBlockingWriter, name)}


def test_text_becomes_bytes_in_one_place() -> None:
    # Every frame that is painted whole is made of strips, and each of them is rendered by this method.
    for update in (LayoutUpdate, ChopsUpdate):
        assert source(update.render_segments).count(".render(console)") >= 1
        assert "render_style" not in source(update)
    assert list(inspect.signature(Strip.render).parameters)[1:] == ["console"]
    assert "_segments" in Strip.__slots__
    assert "_render_cache" in Strip.__slots__


def test_a_strip_is_rendered_without_anything_a_terminal_obeys() -> None:
    install_output_filter()
    link = Style(color="red", link="https://evil.example")
    strip = Strip([Segment("a\x1b]0;x\x07b\x9b31m\u202ec", link), Segment("\x1b[2J", None), Segment("d", None)])
    rendered = strip.render(Console(force_terminal=True, color_system="truecolor"))
    assert rendered == "\x1b[31ma]0;xb31mc\x1b[0m[2Jd"


def test_a_crash_and_an_end_pass_these_methods() -> None:
    assert "self._fatal_error()" in source(App._handle_exception)
    assert "self.panic(error)" in source(App._handle_exception)
    assert "_exit_renderables" in source(App._print_error_renderables)
    assert "driver.stop_application_mode()" in source(App._process_messages)
    assert "driver.disable_input()" in source(App._shutdown)
    assert "Unmount" in source(App._shutdown)
