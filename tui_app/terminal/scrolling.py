"""Finds lines of a frame that are old lines moved up or down, so that the terminal can scroll them itself."""

from collections import Counter
from dataclasses import dataclass
from operator import ne

from tui_app.terminal.cells import Row

# At the right there may be a scrollbar; it moves in its own way.
_SCROLLBAR = 4
_FEWEST_LINES = 3
# What the sequences themselves cost, in cells.
_COST = 20


@dataclass(frozen=True)
class Scroll:
    """The lines from `top` to `bottom` move up by `lines`, or down if it is negative."""

    top: int
    bottom: int
    lines: int

    def sequence(self) -> str:
        """A region and lines deleted or inserted in it; terminals differ in where the cursor is after it."""
        lines = abs(self.lines)
        move = f"\x1b[{lines if lines > 1 else ''}{'M' if self.lines > 0 else 'L'}"
        go = f"\x1b[{self.top + 1}H" if self.top else ""
        return f"\x1b[{self.top + 1};{self.bottom + 1}r{go}{move}\x1b[r"

    def moved(self, rows: list[Row], empty: Row) -> list[Row]:
        """The lines after the scroll; `empty` is a new line."""
        part = rows[self.top : self.bottom + 1]
        gap = [empty] * abs(self.lines)
        part = part[self.lines :] + gap if self.lines > 0 else gap + part[: self.lines]
        return rows[: self.top] + part + rows[self.bottom + 1 :]


def find_scroll(rows: list[Row], wanted: dict[int, Row], empty: Row) -> Scroll | None:
    """A scroll after which much less must be painted than without it; None if there is none."""
    changed = sorted(y for y, row in wanted.items() if row != rows[y])
    if len(changed) < _FEWEST_LINES:
        return None
    seen = max(1, len(empty) - _SCROLLBAR)
    places: dict[str, int] = {}
    for y in range(changed[0], changed[-1] + 1):
        text = _text(rows[y], seen)
        # A text that is there twice says nothing of where a line came from.
        places[text] = -1 if text in places else y
    texts = {y: _text(wanted[y], seen) for y in changed}
    came_from = {y: places.get(text, -1) for y, text in texts.items()}
    votes = Counter(
        origin - y for y, origin in came_from.items() if origin >= 0 and origin != y and not texts[y].isspace()
    )
    if not votes:
        return None
    lines, count = votes.most_common(1)[0]
    if count < _FEWEST_LINES - 1:
        return None
    hit = [y for y, origin in came_from.items() if origin >= 0 and origin - y == lines]
    scroll = Scroll(min(*hit, min(hit) + lines), max(*hit, max(hit) + lines), lines)
    region = range(scroll.top, scroll.bottom + 1)
    moved = scroll.moved(rows, empty)
    without = sum(_differences(rows[y], wanted[y]) for y in region if y in wanted)
    with_it = sum(_differences(moved[y], wanted.get(y, rows[y])) for y in region)
    return scroll if with_it + _COST < without else None


def _text(row: Row, end: int) -> str:
    return "".join([text for text, _ in row[:end]])


def _differences(row: Row, other: Row) -> int:
    return sum(map(ne, row, other))
