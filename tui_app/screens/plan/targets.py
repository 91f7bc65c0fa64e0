"""All messages of a review in a list: the odd ones, what is held back or left out, then what would be sent, the rarest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui_app import actions
from tui_app.core.sender_text import sender_text
from tui_app.core.text import Untrusted, plural, sanitize
from tui_app.plans.guard import ODD
from tui_app.plans.odd_ones import known_domains, severity, target_signs
from tui_app.plans.summary import rarest_first, sender_domain
from tui_app.screens import format as fmt
from tui_app.screens.copy import Value
from tui_app.screens.find import FindInTable
from tui_app.screens.intent import Intent
from tui_app.screens.mail.siblings import MessageRef, Siblings
from tui_app.screens.plan.review_rows import sender_within
from tui_app.widgets.columns import Column
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.seen_domains import SeenDomains
    from tui_app.core.signs import Sign
    from tui_app.plans.effect import Effect
    from tui_app.plans.guard import Guarded
    from tui_app.plans.plan import Target
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_COLUMNS: Final = (
    Column("WHAT", 11),
    Column("VERDICT", 15),
    Column("", 1, until_width=130),
    Column("SIGN", 10, from_width=130),
    Column("SENDER'S DOMAIN", weight=4, ends=True),
    Column("SUBJECT", weight=3, private=True),
    Column("TO", weight=2, private=True, from_width=100),
    Column("WHY", weight=3, from_width=80),
)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One message of a review, and what happens to it."""

    target: Target
    what: str
    why: str = ""
    odd: str = ""
    """What is different in it; safe text."""
    known: KnownDomains | None = field(default=None, compare=False, repr=False)
    """The domains that the messages of the review make known."""

    @property
    def signs(self) -> tuple[Sign, ...]:
        """Of its sender's domain, the worst first; reckoned for the rows that are looked at."""
        return target_signs(self.target, self.known) if self.known is not None else ()

    @property
    def told(self) -> str:
        """What is different in it, and why it is sent or not."""
        return "; ".join(filter(None, (f"odd: {self.odd}" if self.odd else "", self.why)))

    @property
    def key(self) -> str:
        """Its id."""
        return self.target.id


def target_rows(guarded: Guarded, seen: SeenDomains) -> list[TargetRow]:
    """What is odd first, the worst first, also what is sent of it; then what is not sent, with its reason; then what is sent.

    Of what is sent the rarest verdicts come first, and look-alike domains stand together.
    """
    everything = [*(kept.target for kept in (*guarded.held_back, *guarded.unfit)), *guarded.allowed]
    known = known_domains(everything, seen)
    words: dict[str, list[str]] = {}
    for kept in guarded.by_name:
        words.setdefault(kept.target.id, []).append(sanitize(kept.include))
    rows = [
        *((kept.target, "held back", "" if kept.include == ODD else kept.why) for kept in guarded.held_back),
        *((kept.target, "left out", kept.why) for kept in guarded.unfit),
        *(
            (target, "to send", f"included: {', '.join(words[target.id])}" if target.id in words else "")
            for target in rarest_first(guarded.allowed)
        ),
    ]
    told = [TargetRow(target, what, sanitize(why), guarded.odd.get(target.id, ""), known) for target, what, why in rows]
    odd = sorted((row for row in told if row.odd), key=lambda row: severity(row.odd))
    return [*odd, *(row for row in told if not row.odd)]


def _reference(row: TargetRow) -> MessageRef | None:
    name = row.target.investigate_id
    return None if name is None else MessageRef(id=Untrusted(name))


class TargetsScreen(FindInTable):
    """The messages of a review."""

    CSS_PATH = None
    screen_name = "targets"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("targets")

    class Chosen(Intent):
        """A message was opened."""

        def __init__(self, message: MessageRef, siblings: Siblings[MessageRef], effect: Effect) -> None:
            super().__init__()
            self.message = message
            self.siblings = siblings
            self.effect = effect

    def __init__(self, service: EmailSecurityService, guarded: Guarded, effect: Effect) -> None:
        super().__init__(service)
        self._guarded = guarded
        self._effect = effect

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable[TargetRow](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[TargetRow]:
        """The messages."""
        return self.query_one("#table", RowTable)

    @staticmethod
    def _cells(row: TargetRow) -> Sequence[Cell]:
        target, sign = row.target, next(iter(row.signs), None)
        return (
            Cell(row.what, "warning" if row.what != "to send" else "error" if row.odd else ""),
            fmt.verdict(target.disposition),
            Cell(sign.kind.glyph if sign else "", "sign"),
            Cell(f"{sign.kind.glyph} {sign.word}" if sign else "", "sign"),
            Cell(sender_domain(target)),
            Cell(str(target.subject) or sanitize(target.id)),
            Cell(fmt.people(target.recipients)),
            Cell(row.told, "sign" if row.odd else ""),
        )

    def mounted(self) -> None:
        """Show them."""
        super().mounted()
        guarded = self._guarded
        sums = [f"{plural(len(guarded.allowed), 'message')} to send"]
        odd = sum(target.id in guarded.odd for target in guarded.allowed)
        sums += [f"{odd:,} odd of them"] if odd else []
        sums += [f"{len(guarded.held_back):,} held back"] if guarded.held_back else []
        sums += [f"{len(guarded.unfit):,} left out"] if guarded.unfit else []
        self.set_breadcrumb(
            [(f"{self._effect.title} › ", "dim"), ("messages", "bold"), f"  {' · '.join(sums)}"], ["not sent yet"]
        )
        self.table().show_rows(ListRows(target_rows(guarded, self.service.seen_domains), lambda row: row.key))

    def describe(self) -> Sequence[Piece]:
        """The whole sender and the reason, of the row under the cursor."""
        row = self.table().current
        if row is None:
            return []
        # What is odd is told whole, as far as there is room for it beside the domain.
        domain = sender_domain(row.target)
        told = "; ".join(filter(None, (row.told, *(sign.detail for sign in row.signs if sign.detail not in row.odd))))
        room = max(20, self.size.width - 2)
        why = f" · {told}" if told else ""
        left = max(min(cell_len(domain) + 3, room // 2), room - cell_len(why))
        sender = sender_within(row.target, left)
        return [(sender, "dim"), (why if sender else told, "$text-warning")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another one."""
        self.show_about()

    def action_row_open(self) -> None:
        """Open the message."""
        row = self.table().current
        if row is not None and (message := _reference(row)) is not None:
            self.post_message(self.Chosen(message, Siblings(self.table(), _reference), self._effect))
        elif row is not None:
            self.notice("Of this message only a postfix id is known: it can't be opened.")

    def copy_id(self) -> str:
        """The message's id."""
        row = self.table().current
        return row.key if row is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of it."""
        row = self.table().current
        if row is None:
            return ()
        target = row.target
        found = [
            ("id", sanitize(target.id)),
            ("sender", sender_text(target.sender.exact)),
            ("subject", str(target.subject)),
            ("why", row.told),
        ]
        return [(name, text) for name, text in found if text]
