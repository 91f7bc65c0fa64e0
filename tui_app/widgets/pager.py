"""Text of any length to scroll through and to find words in: only the lines on the screen are laid out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui_app.core.text_find import HIT_LIMIT, find_all
from tui_app.widgets.redaction import redaction_of
from tui_app.widgets.text_lines import Piece, breaks, redacted

PagerLine = tuple[Piece, ...]


class Pager(Widget, can_focus=True):
    """Lines of pieces, wrapped to the width there is; what goes on in the next row begins with `hang` blanks.

    A position is a line and a row of it, as in `less`: nothing is counted that is not on the screen.
    """

    DEFAULT_CSS = """
    Pager { height: 1fr; width: 100%; }
    """

    class Moved(Message):
        """Other lines are shown."""

    def __init__(self, *, hang: int = 4, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hang = hang
        self._lines: Sequence[PagerLine] = ()
        self._top = (0, 0)
        self._hits: list[tuple[int, int]] = []
        self._words = ""
        self._hit: int | None = None
        self._rows = lru_cache(maxsize=2048)(self._laid_out)

    # ---- text

    def show_lines(self, lines: Sequence[PagerLine], *, keep: bool = False) -> None:
        """Show these lines from the first on; `keep` = from where it was, of the same text read anew."""
        self._lines = lines
        self._rows.cache_clear()
        if not keep:
            self._top = (0, 0)
        self._top = self._clamped(self._top)
        self.find(self._words)
        self._changed()

    def refresh_text(self) -> None:
        """Redaction was switched."""
        self._rows.cache_clear()
        self._changed()

    def on_resize(self) -> None:
        """Another width: rows are other ones."""
        self._rows.cache_clear()
        self._top = self._clamped((self._top[0], 0))
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
        line, row = self._top
        step = 1 if rows > 0 else -1
        for _ in range(abs(rows)):
            row += step
            if row < 0:
                if line == 0:
                    row = 0
                    break
                line -= 1
                row = len(self._rows(line)) - 1
            elif row >= len(self._rows(line)):
                if line + 1 >= len(self._lines):
                    row -= 1
                    break
                line, row = line + 1, 0
        self._move_to((line, row))

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

    def find(self, words: str) -> int:
        """Look for words, in any case: in how many places they are. The next place is gone to by `next_hit`."""
        self._words, self._hit = words, None
        self._hits = []
        if words:
            self._hits = find_all(list(map(self._plain, self._lines)), words)
        self.refresh()
        return len(self._hits)

    def next_hit(self, step: int = 1) -> str:
        """Go to the next place, or with -1 to the one before; which it is of how many, empty for none."""
        if not self._hits:
            return ""
        if self._hit is None:
            here = self._top[0]
            after = [number for number, (line, _) in enumerate(self._hits) if line >= here]
            self._hit = (after[0] if after else 0) if step > 0 else (after[0] - 1 if after else len(self._hits) - 1)
        else:
            self._hit += step
        self._hit %= len(self._hits)
        line = self._hits[self._hit][0]
        first, last = self.shown
        if not first <= line + 1 < last or (first == last):
            self._move_to((max(0, line - self.size.height // 3), 0))
        self.refresh()
        more = "+" if len(self._hits) == HIT_LIMIT else ""
        return f"{self._hit + 1:,} of {len(self._hits):,}{more}"

    @property
    def words(self) -> str:
        """What was looked for last."""
        return self._words

    # ---- painting

    def _plain(self, line: PagerLine) -> str:
        return "".join(piece if isinstance(piece, str) else piece[0] for piece in redacted(line, redaction_of(self)))

    def _laid_out(self, number: int) -> tuple[tuple[int, Content], ...]:
        """The rows of a line: where each begins in the line, and what it shows."""
        content = Content.assemble(*redacted(self._lines[number], redaction_of(self)))
        width = max(8, self.size.width)
        if len(content.plain) <= width and content.plain.isascii():
            return ((0, content),)
        hang = min(self._hang, width // 2)
        cuts = breaks(content.plain, width, width - hang)
        parts = content.divide(cuts)
        starts = (0, *cuts)
        return tuple(
            (start, part if at == 0 else Content(" " * hang) + part)
            for at, (start, part) in enumerate(zip(starts, parts, strict=False))
        )

    def _on_screen(self) -> Iterator[tuple[int, int]]:
        line, row = self._top
        for _ in range(self.size.height):
            if line >= len(self._lines):
                return
            yield line, row
            row += 1
            if row >= len(self._rows(line)):
                line, row = line + 1, 0

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width, base = self.size.width, self.rich_style
        for at, (line, row) in enumerate(self._on_screen()):
            if at == y:
                return self._strip(line, row, width, base)
        return Strip.blank(width, base)

    def _strip(self, line: int, row: int, width: int, base: Style) -> Strip:
        start, content = self._rows(line)[row]
        hang = min(self._hang, max(8, width) // 2) if row else 0
        length = len(self._words)
        for number in self._hits_of(line) if length else ():
            first = self._hits[number][1] - start + hang
            if first + length > hang and first < len(content.plain):
                style = "reverse bold" if number == self._hit else "reverse"
                content = content.stylize(style, max(hang, first), first + length)
        segments = [
            Segment(text, base + style.rich_style)
            for text, style in content.render(self.visual_style, end="", parse_style=self.app.stylesheet.parse_style)
            if text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _hits_of(self, line: int) -> range:
        """The numbers of the places in a line."""
        return range(bisect_left(self._hits, (line, 0)), bisect_left(self._hits, (line + 1, 0)))
