"""One measured figure: ours, the anchor measured in the same run, their ratio, the budget, and whether it is met."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. A quick run shows that every row works: its bytes are exact, its times are not."""

    quick: bool = False

    def rounds(self, full: int) -> int:
        """How many rounds to take the median of."""
        return 1 if self.quick else full

    def size(self, full: int, quick: int) -> int:
        """How many messages, keys or seconds to measure with."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a figure may be: of our own number, or, if `ratio`, of ours divided by the anchor's."""

    most: float
    ratio: bool = False

    def words(self, unit: str) -> str:
        """As the table shows it."""
        return f"<= {self.most:.3g}x" if self.ratio else f"<= {amount(self.most)} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` is None where nothing could be measured; `note` says why, or what the number leaves out."""

    row: str
    what: str
    unit: str
    ours: float | None = None
    anchor: float | None = None
    anchor_name: str = ""
    budget: Budget | None = None
    note: str = ""
    judged: bool = True
    """Whether it may be held against its budget: times and sizes of a quick run may not."""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the anchor's."""
        return self.ours / self.anchor if self.ours is not None and self.anchor else None

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; None where there is none, or nothing to hold against it."""
        number = self.ratio if self.budget is not None and self.budget.ratio else self.ours
        if self.budget is None or number is None or not self.judged:
            return None
        return number <= self.budget.most

    def as_json(self) -> dict[str, object]:
        """All of it, with what follows from it."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


def amount(number: float | None) -> str:
    """A number in as many digits as are worth reading."""
    if number is None:
        return "–"
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:,.3g}"


HEADINGS = ("row", "figure", "ours", "anchor", "ratio", "budget", "met")


def table_of(figures: Sequence[Figure]) -> str:
    """All figures as a table, each with its anchor; notes follow below it."""
    lines = [HEADINGS]
    notes: list[str] = []
    for figure in figures:
        mark = ""
        if figure.note:
            if figure.note not in notes:
                notes.append(figure.note)
            mark = f" [{notes.index(figure.note) + 1}]"
        anchor = f"{amount(figure.anchor)} {figure.anchor_name}" if figure.anchor is not None else figure.anchor_name
        lines.append(
            (
                figure.row,
                f"{figure.what}, {figure.unit}{mark}" if figure.unit else f"{figure.what}{mark}",
                amount(figure.ours),
                anchor,
                "" if figure.ratio is None else f"{figure.ratio:.2f}x",
                "" if figure.budget is None else figure.budget.words(figure.unit),
                {True: "yes", False: "NO", None: ""}[figure.met],
            )
        )
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    right = {2, 4}
    shown = [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    shown.insert(1, "-" * max(map(len, shown)))
    return "\n".join([*shown, *(f"[{number}] {note}" for number, note in enumerate(notes, start=1))])
