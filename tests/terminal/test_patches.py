"""Each private name of Textual that the program uses is as it expects; run this before another Textual is pinned."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import _ansi_sequences, _compositor
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste, Resize
from textual.filter import Monochrome, NoColor
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import DataTable, Input

import tui_app
from tui_app.terminal import patches
from tui_app.terminal.key_parser import KeyParser
from tui_app.terminal.writer import NonBlockingWriter

pytestmark = pytest.mark.slow

PACKAGE = Path(tui_app.__file__).parent
OWNERS: dict[str, type | ModuleType] = {
    "App": App,
    "Console": Console,
    "DataTable": DataTable,
    "Driver": Driver,
    "Input": Input,
    "LinuxDriver": LinuxDriver,
    "Screen": Screen,
    "Strip": Strip,
    "Style": Style,
    "XTermParser": XTermParser,
    "linux_driver": linux_driver,
}
CONTRACTS: dict[str, str] = {}
"""The test that fails when Textual changes a hook, by the hook's name."""


def contract(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """This test is the contract of these hooks."""

    def registered(test: Callable[..., None]) -> Callable[..., None]:
        for name in names:
            assert name not in CONTRACTS, name
            CONTRACTS[name] = test.__name__
        return test

    return registered


@cache
def source(thing: object) -> str:
    return inspect.getsource(thing)  # type: ignore[arg-type]


def parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)[1:]


# ---- the list is complete


@pytest.mark.parametrize("hook", patches.HOOKS, ids=lambda hook: hook.name)
def test_textual_still_has_the_name(hook: patches.Hook) -> None:
    owner, _, name = hook.name.rpartition(".")
    if owner == "textual":
        assert name in ("_compositor", "_ansi_sequences", "_xterm_parser")
        return
    thing = OWNERS[owner]
    classes = inspect.getmro(thing) if isinstance(thing, type) else [thing]
    assert hasattr(thing, name) or any(f"self.{name}" in source(one) for one in classes if one is not object)


def test_every_hook_has_a_contract() -> None:
    names = [hook.name for hook in patches.HOOKS]
    assert len(names) == len(set(names))
    assert set(names) == set(CONTRACTS)


def private_names_of(module: str) -> set[str]:
    """The private names of Textual and Rich that a module uses: reads of others' names, and names of base classes."""
    path = PACKAGE.parent / (module.replace(".", "/") + ".py")
    tree = ast.parse(path.read_text())
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in our_own_names():
            used.add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            used |= {word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)}
        if isinstance(node, ast.ImportFrom) and re.match(r"textual\._", node.module or ""):
            used.add((node.module or "").removeprefix("textual."))
    for made in vars(importlib.import_module(module)).values():
        if isinstance(made, type) and made.__module__ == module:
            theirs = [base for base in made.__mro__ if base.__module__.startswith("textual.")]
            used |= {
                name for name in names_in(made) if private(name) and any(name in names_in(base) for base in theirs)
            }
    return {name for name in used if private(name)}


def private(name: str) -> bool:
    return re.match("_[a-z]", name) is not None


@cache
def names_in(made: type) -> frozenset[str]:
    """What a class defines, and what it uses of itself."""
    names: set[str] = set()
    (definition,) = ast.parse(textwrap.dedent(source(made))).body
    assert isinstance(definition, ast.ClassDef)
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            names.add(node.attr)
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(statement.name)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
    return frozenset(names)


@cache
def our_own_names() -> set[str]:
    """All names that the package itself defines."""
    names: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id == "self":
                    names.add(node.attr)
            elif isinstance(node, ast.AnnAssign | ast.Assign):
                targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
                names |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names


PUBLIC_TO_US = {"_replace", "_exit"}
"""Underscores that are part of a documented interface: of named tuples and of os."""


def screen_modules() -> list[str]:
    paths = [PACKAGE / "app.py"]
    for package in ("terminal", "widgets", "screens"):
        paths += (PACKAGE / package).rglob("*.py")
    names = (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths)
    return sorted(name for name in names if not name.endswith("__init__"))


@pytest.mark.xdist_group("private names")
@pytest.mark.parametrize("module", screen_modules())
def test_a_private_name_is_used_only_where_the_list_says(module: str) -> None:
    listed = {hook.name.rpartition(".")[2] for hook in patches.HOOKS if module.removeprefix("tui_app.") in hook.used_in}
    private = {name for name in listed if name.startswith("_")}
    assert private_names_of(module) - PUBLIC_TO_US == private


# ---- what install() replaces


@contract("linux_driver.getincrementaldecoder")
def test_the_input_is_decoded_by_this_name() -> None:
    patches.install()
    assert 'getincrementaldecoder("utf-8")().decode' in source(LinuxDriver.run_input_thread)
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"\xff") == "\ufffd"  # type: ignore[attr-defined]


@contract("linux_driver.XTermParser", "XTermParser._sequence_to_key_events", "textual._xterm_parser")
def test_keys_are_parsed_by_this_name_and_told_apart_by_this_method() -> None:
    patches.install()
    assert linux_driver.XTermParser is KeyParser
    assert "parser = XTermParser(self._debug)" in source(LinuxDriver.run_input_thread)
    assert parameters(XTermParser._sequence_to_key_events) == ["sequence", "alt"]
    parse = source(XTermParser.parse)
    assert "key_events = list(sequence_to_key_events(sequence))" in parse
    assert "sequence_to_key_events(character, alt=alt)" in parse
    assert "event.key == Keys.Ignore" in parse


@contract("linux_driver.WriterThread", "LinuxDriver._writer_thread")
def test_the_writer_is_made_by_this_name_and_called_by_these() -> None:
    patches.install()
    assert linux_driver.WriterThread is NonBlockingWriter  # type: ignore[attr-defined]
    start = source(inspect.unwrap(LinuxDriver.start_application_mode))
    assert "self._writer_thread = WriterThread(self._file)" in start
    assert "self._writer_thread.start()" in start
    assert "self._writer_thread.write(data)" in source(LinuxDriver.write)
    assert "self._writer_thread.stop()" in source(LinuxDriver.close)
    public = {name for name in vars(WriterThread) if not name.startswith("_")}
    assert public == {name for name in public if hasattr(NonBlockingWriter, name)}


@contract("LinuxDriver.start_application_mode")
def test_the_driver_hears_of_sizes_by_a_signal_handler_of_its_start() -> None:
    start = source(inspect.unwrap(LinuxDriver.start_application_mode))
    assert "signal.signal(signal.SIGWINCH, on_terminal_resize)" in start
    assert "send_size_event()" in start


@contract("Strip.render", "Strip._segments", "Strip._render_cache")
def test_text_becomes_bytes_in_one_place() -> None:
    # Every frame that is painted whole is made of strips, and each of them is rendered by this method.
    for update in (_compositor.LayoutUpdate, _compositor.ChopsUpdate):
        assert source(update.render_segments).count(".render(console)") >= 1
        assert "render_style" not in source(update)
    assert parameters(Strip.render) == ["console"]
    assert "_segments" in Strip.__slots__
    assert "_render_cache" in Strip.__slots__


def test_a_strip_is_rendered_without_anything_a_terminal_obeys() -> None:
    patches.install()
    link = Style(color="red", link="https://evil.example")
    strip = Strip([Segment("a\x1b]0;x\x07b\x9b31m\u202ec", link), Segment("\x1b[2J", None), Segment("d", None)])
    rendered = strip.render(Console(force_terminal=True, color_system="truecolor"))
    assert rendered == "\x1b[31ma]0;xb31mc\x1b[0m[2Jd"


def test_an_empty_no_color_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    patches.install()
    assert not App().no_color


@contract("App._check_bindings")
async def test_an_app_is_asked_about_each_key_and_knows_whether_something_took_it() -> None:
    asked: list[tuple[str, bool, bool]] = []

    class Asked(App[None]):
        BINDINGS = [("b", "bell", "ring")]

        async def _check_bindings(self, key: str, priority: bool = False) -> bool:
            took = await super()._check_bindings(key, priority)
            asked.append((key, priority, took))
            return took

    async with Asked().run_test() as pilot:
        await pilot.press("b", "c")
    assert asked == [("b", True, False), ("b", False, True), ("c", True, False), ("c", False, False)]


@contract("App._modes")
async def test_an_app_goes_back_to_the_screens_that_it_began_with() -> None:
    app = App[None]()
    async with app.run_test():
        first = app.screen
        app.add_mode("second", Screen)
        patches.name_first_stack(app)
        await app.switch_mode("second")
        assert app.screen is not first
        await app.switch_mode(App.DEFAULT_MODE)
        assert app.screen is first


# ---- colours


@contract("App._filters")
def test_greys_are_a_filter_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = App()
    assert [type(known) for known in app._filters if isinstance(known, Monochrome | NoColor)] == [Monochrome]
    app.theme = "ansi-dark"
    patches.draw_no_greys(app)
    assert [type(known) for known in app._filters if isinstance(known, Monochrome | NoColor)] == [NoColor]


@contract("Console._color_system")
def test_a_console_tells_how_many_colours_there_are() -> None:
    assert patches.color_system(Console(force_terminal=True, color_system="standard")) is ColorSystem.STANDARD
    assert patches.color_system(Console(color_system=None)) is None


@contract("Style._attributes", "Style._set_attributes", "Style._color", "Style._bgcolor")
def test_styles_keep_what_is_read_of_them() -> None:
    style = Style(bold=True, dim=False, color="red", bgcolor="blue")
    assert style._attributes & style._set_attributes == 1
    assert style._color is not None and style._bgcolor is not None
    codes = [Style._style_map[bit] for bit in range(13)]
    assert codes == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"]


# ---- frames


@contract("App._display", "App._batch_count", "App._running", "App._closed", "App._sync_available")
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
    assert "_sync_available" in source(App._begin_update)


@contract("textual._compositor", "textual._ansi_sequences", "Screen._compositor", "App._background_screens")
def test_frames_are_of_two_kinds_with_these_parts() -> None:
    layout, chops = _compositor.LayoutUpdate, _compositor.ChopsUpdate
    assert list(inspect.signature(layout).parameters) == ["strips", "region"]
    assert list(inspect.signature(chops).parameters) == ["chops", "spans", "chop_ends"]
    assert {"full", "screen_stack"} <= set(inspect.signature(_compositor.Compositor.render_update).parameters)
    assert "strip.crop(0, min(end, x2) - x)" in source(chops.render_segments)
    assert "x2 > x >= x1 and end <= x2" in source(chops.render_segments)
    assert "if x > x2 or end <= x1" in source(chops.render_segments)
    assert "self._compositor = Compositor()" in source(Screen)
    assert isinstance(App._background_screens, property)
    assert (_ansi_sequences.SYNC_START, _ansi_sequences.SYNC_END) == ("\x1b[?2026h", "\x1b[?2026l")


@contract("App._screen_stacks")
def test_each_stack_of_screens_has_a_name_and_the_first_one_can_be_come_back_to() -> None:
    assert "self._screen_stacks[self._current_mode]" in source(App.screen_stack.fget)
    assert "if mode not in self._modes:" in source(App.switch_mode)
    assert "MODES" in source(App.__init__) or "self.MODES" in source(App)


@contract("Screen._on_idle", "Screen._on_timer_update")
def test_a_screen_paints_when_a_clock_says_so_and_can_be_told_to_paint_now() -> None:
    # Both are called: a handler of a subclass first, then Textual's own, which sets the clock going if there is still something to paint.
    assert "self._update_timer.resume()" in source(Screen._on_idle)
    assert parameters(Screen._on_timer_update) == []
    update = source(Screen._on_timer_update)
    assert "self._compositor_refresh()" in update
    assert "self.is_current and not self.app._batch_count" in update
    assert "for cls in self.__class__.__mro__:" in source(MessagePump._get_dispatch_methods)


# ---- the driver


@contract("App._build_driver", "App._driver", "LinuxDriver._in_band_window_resize", "LinuxDriver._get_terminal_size")
def test_the_driver_is_built_and_started_and_stopped_by_these_names() -> None:
    assert parameters(App._build_driver) == ["headless", "inline", "mouse", "size"]
    assert "self._driver = self._build_driver(" in source(App)
    # Suspension, the signals, the start and the end all pass these two; a started driver tells its size.
    assert "self.stop_application_mode()" in source(Driver.suspend_application_mode)
    assert "self.start_application_mode()" in source(Driver.resume_application_mode)
    assert "self.suspend_application_mode()" in source(LinuxDriver._sigtstp_application)
    assert "self.resume_application_mode()" in source(LinuxDriver._sigcont_application)
    assert "\\x1b[?7l" in source(LinuxDriver._disable_line_wrap)
    assert "_in_band_window_resize" in source(LinuxDriver)
    assert parameters(LinuxDriver._get_terminal_size) == []


@contract("App._size", "App._on_resize")
def test_a_resize_of_no_news_is_no_news_to_textual_and_reaches_every_handler() -> None:
    assert "if self._size == event.size" in source(App._on_resize)
    assert Resize.handler_name == "on_resize"


@contract("App._set_pointer_shape", "Driver._mouse")
def test_a_pointer_shape_is_written_in_one_place() -> None:
    assert parameters(App._set_pointer_shape) == ["shape"]
    assert "]22;" in source(App._set_pointer_shape)
    assert "self.app._set_pointer_shape(" in source(Screen)
    assert "self._mouse = mouse" in source(Driver.__init__)


# ---- the end


@contract(
    "App._handle_exception",
    "App._fatal_error",
    "App._exception",
    "App._exit_renderables",
    "App._return_code",
    "App._close_messages_no_wait",
)
def test_a_crash_and_an_end_pass_these_methods() -> None:
    handle = source(App._handle_exception)
    assert "self._exception = error" in handle
    assert "self._fatal_error()" in handle
    assert "self.panic(error)" in handle
    assert "self._return_code = 1" in handle
    assert "_exit_renderables" in source(App._print_error_renderables)
    assert "self._close_messages_no_wait()" in source(App.panic)
    assert "driver.stop_application_mode()" in source(App._process_messages)
    assert "driver.disable_input()" in source(App._shutdown)
    assert "Unmount" in source(App._shutdown)


# ---- widgets


@contract("Input._on_paste")
def test_an_input_takes_a_paste_by_this_name() -> None:
    assert parameters(Input._on_paste) == ["event"]
    assert "event.text" in source(Input._on_paste)
    assert Paste.handler_name == "on_paste"


@contract("DataTable._data", "DataTable._row_locations", "DataTable._y_offsets")
def test_a_table_keeps_its_rows_under_these_names() -> None:
    made = source(DataTable.__init__)
    assert "self.rows: dict[RowKey, Row] = {}" in made
    assert "self._data: dict[RowKey, dict[ColumnKey, CellType]] = {}" in made
    assert "self._row_locations: TwoWayDict[RowKey, int] = TwoWayDict({})" in made
    assert isinstance(DataTable._y_offsets, property)
    # What stands in for the dict of places has a key for an index, as Textual's has.
    assert "self._row_locations.get_key(row_index)" in source(DataTable)


@contract("DataTable._update_count", "DataTable._clear_caches", "DataTable._highlight_cursor")
def test_a_table_forgets_what_it_painted_by_these_names() -> None:
    assert parameters(DataTable._clear_caches) == []
    assert parameters(DataTable._highlight_cursor) == []
    assert "self._update_count" in source(DataTable._render_line)


@contract("DataTable._get_row_region", "DataTable._get_cell_region", "DataTable._update_column_widths")
def test_a_table_asks_for_places_by_these_names() -> None:
    assert parameters(DataTable._get_row_region) == ["row_index"]
    assert parameters(DataTable._get_cell_region) == ["coordinate"]
    assert parameters(DataTable._update_column_widths) == ["updated_cells"]


@contract(
    "DataTable._render_line",
    "DataTable._get_row_style",
    "DataTable._get_styles_to_render_cell",
    "DataTable._show_hover_cursor",
)
def test_a_table_paints_a_line_by_these_names() -> None:
    assert parameters(DataTable._render_line) == ["y", "x1", "x2", "base_style"]
    assert "self._render_line(y, scroll_x, scroll_x + width, self.rich_style)" in source(DataTable.render_line)
    assert parameters(DataTable._get_row_style) == ["row_index", "base_style"]
    assert parameters(DataTable._get_styles_to_render_cell.__wrapped__) == [  # type: ignore[attr-defined]
        "is_header_cell",
        "is_row_label_cell",
        "is_fixed_style_cell",
        "hover",
        "cursor",
        "show_cursor",
        "show_hover_cursor",
        "has_css_foreground_priority",
        "has_css_background_priority",
    ]
    assert "self._show_hover_cursor" in source(DataTable._render_line)


@contract("DataTable._column_locations", "DataTable._scroll_cursor_into_view", "DataTable._on_resize")
def test_a_table_knows_its_columns_and_its_cursor_by_these_names() -> None:
    assert "self._column_locations: TwoWayDict[ColumnKey, int] = TwoWayDict({})" in source(DataTable.__init__)
    assert parameters(DataTable._scroll_cursor_into_view) == ["animate"]
    assert len(parameters(DataTable._on_resize)) == 1
