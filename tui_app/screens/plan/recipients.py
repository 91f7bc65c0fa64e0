"""What became of each recipient of a plan, as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.core.text import sanitize
from tui_app.plans.state import WORST_FIRST, WRONG, ArrivalCheck, Outcome, Result, Sighting
from tui_app.screens import format as fmt
from tui_app.screens.plan.review_rows import sender_of
from tui_app.widgets.columns import Column
from tui_app.widgets.redaction import AddressText
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.plans.plan import Target
    from tui_app.screens.copy import Value


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of one message, or a message whose recipients the answer did not name."""

    key: str
    id: str
    """Of the message."""
    outcome: Outcome
    recipient: str
    subject: str
    """Empty when it is not known: journals keep no subjects."""
    why: str
    sender: str = ""
    """Empty when it is not known."""
    sighting: Sighting | None = None
    """How its message was seen afterwards."""

    def values(self) -> list[Value]:
        """What there is to copy of it."""
        names = ("id", "outcome", "recipient", "sender", "subject", "why")
        texts = (self.id, self.outcome.value, self.recipient, self.sender, self.subject, self.why)
        return [(name, text) for name, text in zip(names, texts, strict=True) if text]


def recipient_rows(
    results: Iterable[Result],
    targets: Mapping[str, Target],
    arrival: ArrivalCheck | None = None,
    reported: Mapping[str, str] | None = None,
) -> list[RecipientRow]:
    """Lines for results, the worst first; `targets` know more of the mail than a journal keeps.

    `reported` = what became of a report of a message, by its id.
    """
    sightings = arrival.sightings if arrival is not None else {}
    lines: list[RecipientRow] = []
    for result in results:
        target = targets.get(result.target.id, result.target)
        subject, sender = str(target.subject), sender_of(target)
        sighting = sightings.get(result.target.id)
        seen = sighting.value if sighting is not None else ""
        report = sanitize((reported or {}).get(result.target.id, ""), 200)
        seen = " · ".join(filter(None, (seen, report)))
        why = sanitize(result.why)
        found = [(outcome, recipient) for outcome, recipients in result.by_recipient() for recipient in recipients]
        for number, (outcome, recipient) in enumerate(found):
            lines.append(
                RecipientRow(
                    f"{target.id} {number}",
                    sanitize(target.id),
                    outcome,
                    AddressText(recipient),
                    subject,
                    # What was seen is about the message: of one who did not get it, only that it went wrong is news.
                    (why if outcome not in _ARRIVED else "")
                    or (seen if outcome in _ARRIVED or sighting in WRONG else ""),
                    sender,
                    sighting,
                )
            )
        if not found:
            lines.append(
                RecipientRow(
                    target.id,
                    sanitize(target.id),
                    result.outcome,
                    fmt.people(target.recipients),
                    subject,
                    why or seen,
                    sender,
                    sighting,
                )
            )
    return sorted(lines, key=lambda line: (line.sighting not in WRONG, _ORDER[line.outcome]))


_ARRIVED: Final = (Outcome.DELIVERED, Outcome.MOVED)
_FATE: Final = {
    Outcome.DELIVERED: ("✔", "success"),
    Outcome.RELEASED: ("✔", "success"),
    Outcome.MOVED: ("✔", "success"),
    Outcome.SEEN_MOVED: ("✔", "success"),
    Outcome.ALREADY_THERE: ("✔", "muted"),
    Outcome.PARTLY_MOVED: ("!", "warning"),
    Outcome.NOT_SEEN_MOVED: ("?", "warning"),
    Outcome.PARTLY: ("!", "warning"),
    Outcome.LEFT_OUT: ("○", "warning"),
    Outcome.HELD_BACK: ("○", "warning"),
    Outcome.UNDELIVERED: ("!", "warning"),
    Outcome.FAILED: ("✖", "error"),
    Outcome.REFUSED: ("✖", "error"),
    Outcome.UNKNOWN: ("?", "warning"),
    Outcome.NOT_SEEN: ("?", "warning"),
    Outcome.NOT_SENT: ("○", "muted"),
    Outcome.IN_FLIGHT: ("●", "accent"),
}
_ORDER: Final = {outcome: number for number, outcome in enumerate(WORST_FIRST)}


_WIDE: Final = 100
"""Cells from which on there is room for senders, too."""
COLUMNS: Final = (
    Column("OUTCOME", 19),
    Column("RECIPIENT", weight=3),
    Column("FROM", weight=3, from_width=_WIDE, address=True),
    Column("SUBJECT", weight=3, private=True, until_width=_WIDE),
    Column("SUBJECT", weight=2, private=True, from_width=_WIDE),
    Column("WHY", weight=4),
)


def recipient_cells(line: RecipientRow) -> Sequence[Cell]:
    """The cells of a line."""
    subject = Cell(line.subject or line.id)
    return (recipient_cell(line), Cell(line.recipient), Cell(line.sender), subject, subject, Cell(line.why))


def recipient_cell(line: RecipientRow) -> Cell:
    """What became of a recipient's mail: what was seen afterwards comes before what was said."""
    return Cell(f"! {line.sighting}", "warning") if line.sighting in WRONG else outcome_cell(line.outcome)


def outcome_cell(outcome: Outcome) -> Cell:
    """What became of a message."""
    glyph, tone = _FATE[outcome]
    return Cell(f"{glyph} {outcome.value}", tone)
