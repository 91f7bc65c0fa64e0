"""Text of any length to scroll through and to find words in: only the lines on the screen are laid out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_app.core.background import in_background
from tui_app.core.text_find import HIT_LIMIT, Hit, find_all
from tui_app.widgets.redaction import Redaction, redaction_of
from tui_app.widgets.text_lines import Piece, breaks, redacted

PagerLine = tuple[Piece, ...]


class Margin(str):
    """What a line begins with, and each row in which it goes on."""

    __slots__ = ()


_FIND: Final = "find"
"""The worker that looks for words."""


class Pager(Widget, can_focus=True):
    """Lines of pieces, wrapped to the width there is; what goes on in the next row begins with `hang` blanks.

    A position is a line and a row of it, as in `less`: nothing is counted that is not on the screen.
    """

    DEFAULT_CSS = """
    Pager { height: 1fr; width: 100%; }
    """

    class Moved(Message):
        """Other lines are shown."""

    class Found(Message):
        """What `find` looked for was looked for in all lines: `next_hit` goes there."""

    def __init__(self, *, hang: int = 4, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hang = hang
        self._lines: Sequence[PagerLine] = ()
        self._top = (0, 0)
        self._hits: list[tuple[int, int]] = []
        self._words = ""
        self._hit: int | None = None
        self._looking = False
        self._places: Sequence[tuple[int, int]] = ()
        """Line and row of each row of the screen, as it was painted last."""
        self._base = Style()
        self._rows = lru_cache(maxsize=2048)(self._laid_out)

    # ---- text

    def show_lines(self, lines: Sequence[PagerLine], *, keep: bool = False) -> None:
        """Show these lines from the first on; `keep` = from where it was, of the same text read anew."""
        self._lines = lines
        self._rows.cache_clear()
        if not keep:
            self._top = (0, 0)
        self._top = self._clamped(self._top)
        self._look(again=True)
        self._changed()

    def refresh_text(self) -> None:
        """Redaction was switched: what is hidden is not found either."""
        self._rows.cache_clear()
        self._top = self._clamped(self._top)
        self._look(again=True)
        self._changed()

    def on_resize(self) -> None:
        """Another width: rows are other ones, and the first one is where the first one was in its line."""
        line, row = self._top
        column = 0
        if self._lines:
            # These may still be those of the width before.
            rows = self._rows(line)
            column = rows[min(row, len(rows) - 1)][0]
        self._rows.cache_clear()
        self._top = self._clamped(self._place_of(line, column)) if self._lines else (0, 0)
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Moved())

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    @property
    def shown(self) -> tuple[int, int]:
        """The first and the last line on the screen, from 1; (0, 0) for no text."""
        if not self._lines:
            return (0, 0)
        last = self._top[0]
        for number, _ in self._on_screen():
            last = number
        return (self._top[0] + 1, last + 1)

    @property
    def is_whole(self) -> bool:
        """Whether all of the text is on the screen."""
        return self.shown in ((0, 0), (1, len(self._lines))) and self._top == (0, 0)

    # ---- moving

    def move_by(self, rows: int) -> None:
        """Go so many rows down, or up."""
        self._move_to(self._stepped(self._top, rows))

    def _stepped(self, place: tuple[int, int], rows: int) -> tuple[int, int]:
        """The place so many rows below, or above; the first or the last one if there are not so many."""
        line, row = place
        step = 1 if rows > 0 else -1
        for _ in range(abs(rows) if self._lines else 0):
            row += step
            if row < 0:
                if line == 0:
                    return (0, 0)
                line -= 1
                row = len(self._rows(line)) - 1
            elif row >= len(self._rows(line)):
                if line + 1 >= len(self._lines):
                    return (line, row - 1)
                line, row = line + 1, 0
        return (line, row)

    def move_to(self, line: int) -> None:
        """Let a line be the first on the screen, or as near to that as there are lines."""
        self._move_to((line, 0))

    def move_last(self) -> None:
        """To the end."""
        self._move_to((len(self._lines), 0))

    @property
    def page_rows(self) -> int:
        """Rows of a page, one of which is seen again."""
        return max(1, self.size.height - 1)

    def _move_to(self, top: tuple[int, int]) -> None:
        if (top := self._clamped(top)) != self._top:
            self._top = top
            self._changed()

    def _clamped(self, top: tuple[int, int]) -> tuple[int, int]:
        """The nearest position that leaves no empty rows below the text, where it is longer than the screen."""
        if not self._lines:
            return (0, 0)
        line = min(max(0, top[0]), len(self._lines) - 1)
        row = min(top[1], len(self._rows(line)) - 1) if top[0] < len(self._lines) else len(self._rows(line)) - 1
        last, left = len(self._lines), max(1, self.size.height)
        while left > 0 and last > 0:
            last -= 1
            left -= len(self._rows(last))
        return min((line, row), (last, max(0, -left)))

    # ---- finding

    def find(self, words: str) -> None:
        """Look for words, in any case. `Found` tells when that is done; for no words, nothing is."""
        self._words = words
        self._look(again=False)

    def _look(self, *, again: bool) -> None:
        """Look for the words in all lines: in a thread, as hundreds of thousands of lines take longer than a key may."""
        self._hits, self._hit = [], None
        self._looking = bool(self._words and self._lines)
        self.workers.cancel_group(self, _FIND)
        if self._looking:
            self._look_through(again)
        elif self._words and not again:
            self.post_message(self.Found())
        self.refresh()

    @work(exclusive=True, group=_FIND)
    async def _look_through(self, again: bool) -> None:
        redaction = Redaction()
        redaction.on = redaction_of(self).on
        self._hits = await in_background(find_in, self._lines, self._words, redaction)
        self._looking = False
        if not again:
            self.post_message(self.Found())
        self.refresh()

    @property
    def is_looking(self) -> bool:
        """Whether the words are still being looked for."""
        return self._looking

    def next_hit(self, step: int = 1) -> str:
        """Go to the next place, or with -1 to the one before; which it is of how many, empty for none."""
        hits = self._hits
        if not hits:
            return ""
        if self._hit is None:
            start = self._rows(self._top[0])[self._top[1]][0]
            self._hit = bisect_left(hits, (self._top[0], start)) - (step < 0)
        else:
            self._hit += step
        self._hit %= len(hits)
        place = self._place_of(*hits[self._hit])
        if place not in self._on_screen():
            self._move_to(self._stepped(place, -(self.size.height // 3)))
        self.refresh()
        more = "+" if len(hits) == HIT_LIMIT else ""
        return f"{self._hit + 1:,} of {len(hits):,}{more}"

    def _place_of(self, line: int, column: int) -> tuple[int, int]:
        """The row in which a column of a line is."""
        return line, bisect_right([start for start, _ in self._rows(line)], column) - 1

    @property
    def words(self) -> str:
        """What was looked for last."""
        return self._words

    # ---- painting

    def _laid_out(self, number: int) -> tuple[tuple[int, Content], ...]:
        """The rows of a line: where each begins in the line, and what it shows."""
        line = self._lines[number]
        content = Content.assemble(*redacted(line, redaction_of(self)))
        return rows_of(content, max(8, self.size.width), margin_of(line) or " " * self._hang)

    def _on_screen(self) -> Iterator[tuple[int, int]]:
        line, row = self._top
        for _ in range(self.size.height):
            if line >= len(self._lines):
                return
            yield line, row
            row += 1
            if row >= len(self._rows(line)):
                line, row = line + 1, 0

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows of the screen; where they are and how they look is found out once for all of them."""
        self._places, self._base = tuple(self._on_screen()), self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.size.width
        if y < len(self._places):
            return self._strip(*self._places[y], width, self._base)
        return Strip.blank(width, self._base)

    def _strip(self, line: int, row: int, width: int, base: Style) -> Strip:
        start, content = self._rows(line)[row]
        hang = min(len(margin_of(self._lines[line])) or self._hang, max(8, width) // 2) if row else 0
        length = len(self._words)
        end = start + len(content.plain) - hang
        for number in self._hits_between((line, start - length + 1), (line, end)) if length else ():
            first = self._hits[number][1] - start + hang
            style = "reverse bold" if number == self._hit else "reverse"
            content = content.stylize(style, max(hang, first), first + length)
        segments = [
            Segment(text, base + style.rich_style)
            for text, style in content.render(self.visual_style, end="", parse_style=self.app.stylesheet.parse_style)
            if text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _hits_between(self, first: tuple[int, int], last: tuple[int, int]) -> range:
        """The numbers of the hits from one place to before another."""
        return range(bisect_left(self._hits, first), bisect_left(self._hits, last))


def margin_of(line: PagerLine) -> str:
    """The margin of a line; empty where it has none."""
    first = line[0] if line else ""
    text = first if isinstance(first, str) else first[0]
    return text if isinstance(text, Margin) else ""


def rows_of(content: Content, width: int, begin: str) -> tuple[tuple[int, Content], ...]:
    """The rows of a line in so many cells: where each begins in the line, and what it shows; all but one begin so."""
    if len(content.plain) <= width and content.plain.isascii():
        return ((0, content),)
    begin = begin[: width // 2]
    cuts = breaks(content.plain, width, width - len(begin))
    parts = content.divide(cuts)
    starts = (0, *cuts)
    margin = Content.assemble((begin, "dim"))
    return tuple(
        (start, part if at == 0 else margin + part) for at, (start, part) in enumerate(zip(starts, parts, strict=True))
    )


def find_in(lines: Sequence[PagerLine], words: str, redaction: Redaction) -> list[Hit]:
    """Where words are in the lines as they are shown."""
    return find_all(
        [
            "".join(piece if isinstance(piece, str) else piece[0] for piece in redacted(line, redaction))
            for line in lines
        ],
        words,
    )
