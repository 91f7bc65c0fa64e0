"""How a mail looks in a list: its columns, and the signs that it may not be from whom it seems to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.api.rows import Message
from tui_app.core.signs import SignKind
from tui_app.mail.signs import message_signs
from tui_app.screens import format as fmt
from tui_app.widgets.columns import CellColumn
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from tui_app.core.look_alike import KnownDomains
    from tui_app.mail.groups import OddMail

_WIDE: Final = 100
"""Cells of a table from which signs are told in words."""
_ODD_GLYPH: Final = "≠"


class MailRows:
    """Draws the rows of one list: what a row shows depends on the mail that it stands among."""

    def __init__(self, known: Callable[[], KnownDomains], odd: Callable[[str], OddMail | None]) -> None:
        self._known = known
        self._odd = odd

    def cells(self, message: Message, now: datetime) -> Sequence[Cell]:
        """The cells of a row."""
        glyph, word = self.sign(message)
        tone = self.tone(message)
        return (
            fmt.verdict(message.final_disposition),
            Cell(glyph, tone),
            Cell(f"{glyph} {word}".strip(), tone),
            *(column.cell(message, now) for column in COLUMNS[3:]),
        )

    def tone(self, message: Message) -> str:
        """The tone of its signs. Much honest mail is sent by somebody who sends for many: that alone is no warning."""
        return "muted" if self.sign(message)[1] == SignKind.ENVELOPE.word else "sign"

    def sign(self, message: Message) -> tuple[str, str]:
        """Glyph and word of what is told of it first; empty for nothing."""
        signs = message_signs(message, self._known())
        if signs and signs[0].kind.glyph == "≈":
            return signs[0].kind.glyph, signs[0].word
        if self._odd(message.id.exact) is not None:
            return _ODD_GLYPH, "odd"
        return (signs[0].kind.glyph, signs[0].word) if signs else ("", "")

    def told(self, message: Message) -> Sequence[str]:
        """All that is told of it, the worst first, each with its glyph."""
        signs = message_signs(message, self._known())
        odd = self._odd(message.id.exact)
        found = [f"{sign.kind.glyph} {sign.detail}" for sign in signs]
        known = {sign.detail for sign in signs}
        found[1:1] = [f"{_ODD_GLYPH} {each}" for each in odd.differences if each not in known] if odd else []
        return found


def _nothing(message: Message, now: datetime) -> Cell:
    return Cell("")


COLUMNS: Final[tuple[CellColumn[Message], ...]] = (
    CellColumn("VERDICT", 15, field="verdict", cell=lambda message, _: fmt.verdict(message.final_disposition)),
    CellColumn("", 1, until_width=_WIDE, cell=_nothing),
    CellColumn("SIGN", 10, from_width=_WIDE, cell=_nothing),
    CellColumn("FROM", weight=4, field="from", address=True, cell=lambda message, _: Cell(fmt.sender(message.sender))),
    CellColumn("SUBJECT", weight=4, field="subject", private=True, cell=lambda message, _: Cell(str(message.subject))),
    CellColumn("TO", weight=2, field="to", cell=lambda message, _: Cell(fmt.people(message.recipients), "muted")),
    CellColumn("AGE", 4, right=True, field="age", cell=lambda message, now: Cell(fmt.age(message.when, now), "muted")),
    CellColumn(
        "WHERE", 12, from_width=120, field="delivery", cell=lambda message, _: Cell(where_it_is(message), "muted")
    ),
    CellColumn(
        "REASONS",
        weight=3,
        from_width=140,
        cell=lambda message, _: Cell("; ".join(map(str, message.detection_reasons)), "muted"),
    ),
    CellColumn("SCANNED", 23, from_width=160, cell=lambda message, _: Cell(fmt.local(message.when), "muted")),
)


def where_it_is(message: Message) -> str:
    """`held`, or how it was delivered, in the API's words."""
    if message.is_quarantined:
        return "held"
    return ", ".join(map(str, message.delivery_status)) or "–"
