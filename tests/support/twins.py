"""One running app and two terminals: one is fed what plain Textual would write, the other what the app wrote."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import pyte
from pyte.screens import Char
from rich.console import RenderableType
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from wcwidth import wcwidth

from tests.support.terminal import UNKNOWN_TEXT
from tui_app.terminal.cells import Row, is_contested, is_contested_text
from tui_app.terminal.renderer import DiffRenderer
from tui_app.terminal.screen_buffer import ScreenBuffer

# Attributes that pyte does not know, by their codes: what they turn on, and what they turn off.
_ON = {2: "dim", 5: "slow", 6: "fast", 8: "hidden", 21: "double", 51: "frame", 52: "circle", 53: "over"}
_OFF = {22: {"dim"}, 24: {"double"}, 25: {"slow", "fast"}, 28: {"hidden"}, 54: {"frame", "circle"}, 55: {"over"}}
_BLANK_SHOWS = {"double", "frame", "circle", "over"}


class PasteInput(pyte.Screen):
    """A pyte screen that knows the other attributes too, and does not stop at a character without a width."""

    def __init__(self, columns: int, lines: int) -> None:
        self.more: frozenset[str] = frozenset()
        super().__init__(columns, lines)
        self.stream = pyte.Stream(self)

    def feed(self, data: str) -> None:
        self.stream.feed(UNKNOWN_TEXT.sub("", data))

    def select_graphic_rendition(self, *attrs: int, **_: Any) -> None:
        more = set(self.more)
        codes = iter(attrs or (0,))
        for code in codes:
            if code in (38, 48):
                for _skipped in range(1 if next(codes) == 5 else 3):
                    next(codes)
            elif code == 0:
                more.clear()
            elif code in _ON:
                more.add(_ON[code])
            else:
                more -= _OFF.get(code, set())
        self.more = frozenset(more)
        super().select_graphic_rendition(*attrs)
        # pyte keeps the blinking of a cell and never looks at it: room for all the others.
        self.cursor.attrs = self.cursor.attrs._replace(blink=self.more)  # type: ignore[arg-type]

    def draw(self, data: str) -> None:
        for part in [data] if data.isascii() else data:
            super().draw(part)

    def erase_in_display(self, how: int = 0, *arguments: Any, **named: Any) -> None:
        # pyte colours only cells that were written before.
        if how == 2:
            for y in range(self.lines):
                for x in range(self.columns):
                    self.buffer[y][x] = self.cursor.attrs
        super().erase_in_display(how, *arguments, **named)

    def scramble(self) -> None:
        """Another program was here."""
        self.feed("\x1b[0;35;44;4m")
        for y in range(self.lines):
            for x in range(self.columns):
                self.buffer[y][x] = Char("?", fg="magenta", bg="green", underscore=True)


def shown(paper: PasteInput, y: int) -> list[tuple[Any, ...]]:
    """The cells of a line as an eye sees them: a foreground is nothing on a blank, and half a character is a blank."""
    line = paper.buffer[y]
    cells: list[tuple[Any, ...]] = []
    for x in range(paper.columns):
        cell = line[x]
        data = cell.data
        if (_wide(data) and (x + 1 == paper.columns or line[x + 1].data)) or (
            not data and not (x and _wide(line[x - 1].data))
        ):
            data = " "
        more = frozenset(cell.blink or ())  # type: ignore[call-overload]
        if data == " " and not (cell.underscore or cell.reverse or cell.strikethrough or more & _BLANK_SHOWS):
            cells.append((" ", cell.bg))
        else:
            cells.append(
                (
                    data,
                    cell.fg,
                    cell.bg,
                    cell.bold,
                    cell.italics,
                    cell.underscore,
                    cell.strikethrough,
                    cell.reverse,
                    *sorted(more),
                )
            )
    return cells


def _wide(data: str) -> bool:
    return bool(data) and max(map(wcwidth, data)) == 2


class MemoryDriver(Driver):
    """A terminal that is a list of what was written to it."""

    papers: ClassVar[list[PasteInput]] = []

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.written: list[str] = []

    @property
    def can_suspend(self) -> bool:
        return True

    def write(self, data: str) -> None:
        self.written.append(data)

    def start_application_mode(self) -> None:
        for paper in MemoryDriver.papers:
            # A terminal comes back with what was there before; only the modes are as they should be.
            paper.scramble()
            paper.feed("\x1b[m\x1b[?7l\x1b[r")
        assert self._size
        size = Size(*self._size)
        asyncio.get_running_loop().call_soon(
            lambda: self._app.post_message(events.Resize(size, size)) if self._app._running else None
        )

    def disable_input(self) -> None: ...

    def stop_application_mode(self) -> None: ...


class TwinApp(DiffRenderer):
    """An app whose every frame goes to two terminals, which must then show the same."""

    frames = 0
    lines_compared = 0
    guesses = 0
    kinds: ClassVar[Counter[str]] = Counter()

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(driver_class=MemoryDriver)
        self.plain, self.ours = PasteInput(*size), PasteInput(*size)
        MemoryDriver.papers = [self.plain, self.ours]
        self.settled = False
        self.bytes_plain = self.bytes_ours = 0
        self.exact_frames = 0
        self.written: list[str] = []
        self.differences: list[str] = []
        self.evidence: tuple[str, bool, str, str] | None = None
        # Lines in which plain Textual's own terminal is out of step after text of a contested width.
        self.stale: set[int] = set()

    def resize_papers(self, width: int, height: int) -> None:
        assert self._driver
        self._driver._size = (width, height)
        for paper in (self.plain, self.ours):
            paper.resize(height, width)
            paper.scramble()
            paper.feed("\x1b[m\x1b[r")
        self.settled = False

    def lose_terminal(self) -> None:
        """Something else wrote on the terminal."""
        for paper in (self.plain, self.ours):
            paper.scramble()
            paper.feed("\x1b[m\x1b[r")
        self.settled = False

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        driver = self._driver
        writes = renderable is not None and not self._batch_count and self._running and not self._closed
        if not writes or not isinstance(driver, MemoryDriver):
            super()._display(screen, renderable)
            return
        assert isinstance(renderable, CompositorUpdate)
        data = plain_frame(renderable, self)
        driver.written.clear()
        super()._display(screen, renderable)
        ours = "".join(driver.written)
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        sync = (SYNC_START, SYNC_END) if self._sync_available else ("", "")
        self.exact_frames += ours == f"{sync[0]}{data}\x1b[{y + 1};{x + 1}H{sync[1]}"
        self.written.append(ours)
        self.bytes_plain += len(data.encode())
        self.bytes_ours += len(ours.encode())
        self.plain.feed(data)
        self.ours.feed(ours)
        whole = isinstance(renderable, LayoutUpdate) and renderable.region.size == self.size
        TwinApp.kinds[type(renderable).__name__] += 1
        if whole:
            self.settled = True
        if self.settled and self._buffer is not None and self._buffer.known and self._buffer.size == self.size:
            before = len(self.differences)
            self.compare(whole)
            if len(self.differences) > before == 0:
                self.evidence = (type(renderable).__name__, whole, data, ours)

    def compare(self, whole: bool) -> None:
        TwinApp.frames += 1
        assert self._buffer is not None
        rows = self._buffer.rows
        for y, row in enumerate(rows):
            if is_contested(row):
                self.stale.add(y)
                TwinApp.guesses += 1
                self.compare_contested(y, row)
                continue
            if y in self.stale:
                if not whole:
                    continue
                self.stale.discard(y)
            TwinApp.lines_compared += 1
            theirs, ours = shown(self.plain, y), shown(self.ours, y)
            if theirs != ours:
                where = next(x for x, pair in enumerate(zip(theirs, ours, strict=True)) if pair[0] != pair[1])
                self.differences.append(f"line {y} column {where}: plain {theirs[where]} ours {ours[where]}")

    def compare_contested(self, y: int, row: Row) -> None:
        """What is not contested stands in its column, whatever the emulator made of the rest."""
        line = self.ours.buffer[y]
        for x, (text, _) in enumerate(row):
            if text and not is_contested_text(text) and line[x].data != text:
                self.differences.append(f"contested line {y} column {x}: {line[x].data!r} is not {text!r}")


def plain_frame(update: CompositorUpdate, app: DiffRenderer) -> str:
    """What Textual writes for a frame. Rich remembers codes of another colour system in its styles: not here."""
    for strip in strips_of(update):
        strip._render_cache = None
        for _, style, _ in strip:
            if style is not None:
                style._ansi = None
    if isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x <= last and end > first:
                    strip.crop(0, min(end, last) - x)._render_cache = None
    return update.render_segments(app.console)


def strips_of(update: CompositorUpdate) -> Iterator[Any]:
    if isinstance(update, LayoutUpdate):
        for line in update.strips:
            yield from line
    elif isinstance(update, ChopsUpdate):
        for chops in update.chops:
            yield from (strip for strip in chops.values() if strip is not None)


def fresh(update: LayoutUpdate, shadow: ScreenBuffer, size: tuple[int, int]) -> PasteInput:
    """A frame on an empty terminal."""
    paper = PasteInput(*size)
    paper.feed("\x1b[?7l" + ScreenBuffer(shadow.colours).frame(update, size))
    return paper
