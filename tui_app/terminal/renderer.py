"""An app that writes only what changed on the terminal, instead of every cell that was painted."""

import asyncio
import contextlib
import os
from functools import partial
from math import inf

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input

from tui_app.terminal.patches import color_system
from tui_app.terminal.screen_buffer import ScreenBuffer
from tui_app.terminal.window_title import WindowTitle
from tui_app.terminal.writer import NonBlockingWriter

# A smaller frame arrives in one piece anyway; around a larger one the markers keep a terminal from showing half of it.
_WORTH_SYNCING = 1000


def erases_in_colour(terminal: str) -> bool:
    """Whether a terminal with this TERM erases with the current background; GNU screen only if it is named so."""
    return not terminal.startswith("screen") or "bce" in terminal


class DiffRenderer(App[None]):
    """Keeps a copy of what the terminal shows and writes each frame as the difference to it.

    A frame that can't be written as a difference is painted by Textual itself, and the frame after it is a whole one.
    """

    output_diffed: bool = True
    """Whether frames are written as differences; else as Textual writes them."""

    _buffer: ScreenBuffer | None = None
    # Raised where the terminal may have changed, also by a signal in the middle of a frame; seen before the next frame.
    _terminal_lost: bool = False
    _terminal_restarted: bool = False
    _terminal_reports_size: bool = False
    _frames_left_out: bool = False
    _away: bool = False

    window_title: WindowTitle | None = None
    """The title of the terminal's window; it is given back whenever the terminal is."""

    key_gap: float = inf
    """Seconds between the last two keys as they came from the terminal: what is pasted comes all at once."""

    @property
    def key_waits(self) -> bool:
        """Whether a key has no frame yet that answers it."""
        return False

    def write_to_terminal(self, sequence: str) -> None:
        """Write a sequence that draws nothing; does nothing without a terminal."""
        if self._driver is not None and not self.is_headless and not self._away:
            self._driver.write(sequence)

    def repaint_all(self) -> None:
        """Paint the whole screen again: another program may have written on the terminal."""
        self._terminal_lost = True
        self.refresh()

    def _set_pointer_shape(self, shape: str) -> None:
        # Textual writes a pointer shape (OSC 22) at each change of the screen, also while the mouse is off.
        if getattr(self._driver, "_mouse", True):
            super()._set_pointer_shape(shape)

    # ---- when the terminal may show something else

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        driver = super()._build_driver(headless, inline, mouse, size)
        if not driver.is_inline and not headless:
            self._watch_modes(driver)
        return driver

    def _watch_modes(self, driver: Driver) -> None:
        """Note each start and stop of the driver: for a suspension, a signal, and the end."""
        start, stop = driver.start_application_mode, driver.stop_application_mode

        def start_application_mode() -> None:
            self._terminal_restarted = self._terminal_lost = True
            self._away = False
            start()
            if self.window_title is not None:
                driver.write(self.window_title.begin())
            if writer := self.terminal_writer:
                writer.on_caught_up = partial(self._caught_up, asyncio.get_running_loop())

        def stop_application_mode() -> None:
            self._terminal_lost = self._away = True
            if self.window_title is not None:
                driver.write(self.window_title.end())
            # What other programs write next must not have our colours.
            if self._buffer is not None:
                driver.write("\x1b[m")
            stop()

        driver.start_application_mode = start_application_mode  # type: ignore[method-assign]
        driver.stop_application_mode = stop_application_mode  # type: ignore[method-assign]

    def _on_resize(self, event: events.Resize) -> None:  # type: ignore[override]
        # Textual calls this and its own handler. A terminal may cut or reflow what it shows even when its size is the
        # old one, and Textual ignores an event with the old size.
        first_report = not self._terminal_reports_size and getattr(self._driver, "_in_band_window_resize", False)
        self._terminal_reports_size = self._terminal_reports_size or first_report
        self._ask_size_again(event)
        painted, restarted = self._buffer is not None, self._terminal_restarted
        self._terminal_restarted = False
        if painted and event.size == self._size and (restarted or not first_report):
            self.repaint_all()
        elif event.size != self._size:
            self._terminal_lost = True

    def _ask_size_again(self, event: events.Resize) -> None:
        """Of two sizes in a short time Textual may handle the older one last."""
        driver = self._driver
        if driver is None or self.is_headless or getattr(driver, "_in_band_window_resize", False):
            return
        measure = getattr(driver, "_get_terminal_size", None)
        if measure is not None and (size := Size(*measure())) != event.size:
            self.post_message(events.Resize(size, size))

    # ---- when the terminal takes less than is painted

    @property
    def terminal_writer(self) -> NonBlockingWriter | None:
        """The thread that writes to the terminal; None without a terminal."""
        writer = getattr(self._driver, "_writer_thread", None)
        return writer if isinstance(writer, NonBlockingWriter) else None

    def _leaves_out(self) -> bool:
        """Whether to leave this frame out: the terminal is behind, and a frame is drawn when it has caught up."""
        writer = self.terminal_writer
        if not self._away and (writer is None or not writer.behind):
            return False
        self._frames_left_out = True
        return True

    def _caught_up(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._catch_up)

    def _catch_up(self) -> None:
        if self._frames_left_out and self._running:
            self.refresh()

    # ---- frames

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is None or self._batch_count or not self._running or self._closed:
            super()._display(screen, renderable)  # which writes nothing
            return
        driver = self._driver
        if driver is None or self.is_headless or driver.is_inline:
            super()._display(screen, renderable)
            return
        if self._leaves_out():
            return
        if self._frames_left_out:
            self._frames_left_out = False
            whole = screen._compositor.render_update(full=True, screen_stack=self._background_screens)
            renderable = whole or renderable
        if not self.output_diffed:
            super()._display(screen, renderable)
            return
        data = self._difference(screen, renderable)
        if data is None:
            self._display_whole(driver, screen, renderable)
            return
        try:
            if data:
                syncs = self._sync_available and len(data) >= _WORTH_SYNCING
                driver.write(f"{SYNC_START}{data}{SYNC_END}" if syncs else data)
                driver.flush()
        finally:
            self.post_display_hook()

    def _display_whole(self, driver: Driver, screen: Screen[object], renderable: RenderableType) -> None:
        """Let Textual paint it; Textual assumes that the terminal has no colours and attributes set."""
        self._terminal_lost = True
        if self._buffer is not None:
            driver.write("\x1b[m")
        super()._display(screen, renderable)

    def _difference(self, screen: Screen[object], renderable: RenderableType) -> str | None:
        """What to write for this frame; None if it can't be written as a difference."""
        if not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            return None
        try:
            buffer = self._current_buffer()
            if not buffer.known and isinstance(renderable, ChopsUpdate):
                whole = screen._compositor.render_update(full=True, screen_stack=self._background_screens)
                if not isinstance(whole, LayoutUpdate):
                    return None
                renderable = whole
            return buffer.frame(renderable, self.size) + self._cursor_move(buffer)
        except Exception as error:
            # An error in here must cost nothing but a larger frame.
            self.log.warning(f"a frame is painted whole: {type(error).__name__}")
            return None

    def _current_buffer(self) -> ScreenBuffer:
        colours = color_system(self.console) or ColorSystem.TRUECOLOR
        buffer = self._buffer
        if buffer is None or buffer.colours is not colours:
            buffer = ScreenBuffer(colours, erases_in_colour=erases_in_colour(os.environ.get("TERM", "")))
            self._buffer = buffer
        if self._terminal_lost:
            self._terminal_lost = False
            buffer.forget()
        return buffer

    def _cursor_move(self, buffer: ScreenBuffer) -> str:
        """The hidden cursor matters only where text is typed: input methods open their windows there."""
        if not isinstance(self.focused, Input):
            return ""
        return buffer.move_cursor(*self.screen.outer_size.clamp_offset(self.cursor_position))
