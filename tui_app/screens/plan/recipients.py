"""What became of each recipient of a plan, as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.core.text import safe
from tui_app.plans.state import WORST_FIRST, Outcome, Result
from tui_app.plans.verify import WRONG, Sighting, Verification
from tui_app.screens import format as looks
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.plans.plan import Target
    from tui_app.screens.values import Value


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of one message, or a message whose recipients the answer did not name."""

    key: str
    fate: Outcome
    recipient: str
    subject: str
    why: str
    sighting: Sighting | None = None
    """How its message was seen afterwards."""

    def values(self) -> list[Value]:
        """What there is to copy of it."""
        names = ("id", "outcome", "recipient", "subject", "why")
        texts = (safe(self.key.partition(" ")[0]), self.fate.value, self.recipient, self.subject, self.why)
        return [(name, text) for name, text in zip(names, texts, strict=True) if text]


def lines_of(
    results: Iterable[Result], targets: Mapping[str, Target], check: Verification | None = None
) -> list[RecipientRow]:
    """Lines for results, the worst first; `targets` know more of the mail than a journal keeps."""
    sightings = check.sightings if check is not None else {}
    lines: list[RecipientRow] = []
    for result in results:
        target = targets.get(result.target.id, result.target)
        subject = str(target.subject) or safe(target.id)
        sighting = sightings.get(result.target.id)
        why = safe(result.why) or (sighting.value if sighting is not None else "")
        named = [
            (Outcome.DELIVERED, result.delivered),
            (Outcome.UNDELIVERED, result.undelivered),
            (Outcome.FAILED, result.failed),
        ]
        found = [(fate, recipient) for fate, recipients in named for recipient in recipients]
        for number, (fate, recipient) in enumerate(found):
            lines.append(RecipientRow(f"{target.id} {number}", fate, str(recipient), subject, why, sighting))
        if not found:
            lines.append(RecipientRow(target.id, result.fate, looks.people(target.recipients), subject, why, sighting))
    return sorted(lines, key=lambda line: (line.sighting not in WRONG, _ORDER[line.fate]))


_FATE: Final = {
    Outcome.DELIVERED: ("✔", "success"),
    Outcome.RELEASED: ("✔", "success"),
    Outcome.PARTLY: ("!", "warning"),
    Outcome.LEFT_OUT: ("○", "warning"),
    Outcome.UNDELIVERED: ("!", "warning"),
    Outcome.FAILED: ("✖", "error"),
    Outcome.REFUSED: ("✖", "error"),
    Outcome.UNKNOWN: ("?", "warning"),
    Outcome.NOT_SEEN: ("?", "warning"),
    Outcome.NOT_SENT: ("○", "muted"),
    Outcome.IN_FLIGHT: ("●", "accent"),
}
_ORDER: Final = {fate: number for number, fate in enumerate(WORST_FIRST)}


def line_look(line: RecipientRow) -> Cell:
    """What became of a recipient's mail: what was seen afterwards comes before what was said."""
    return Cell(f"! {line.sighting}", "warning") if line.sighting in WRONG else fate_look(line.fate)


def fate_look(fate: Outcome) -> Cell:
    """What became of a released message."""
    glyph, tone = _FATE[fate]
    return Cell(f"{glyph} {fate.value}", tone)
