"""As what mail is reported to the service: asked before the question that confirms it. Nothing is sent by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui_app.api.enums import Disposition
from tui_app.api.submission import EXPECTED, SubmissionType
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.widgets.text_lines import Piece, TextBlock
from tui_app.widgets.too_small import TooSmall, is_too_small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.submission import ToSubmit

_MEANING: Final = {
    Disposition.NONE: "wanted mail",
    Disposition.BULK: "newsletters and the like: many get it, some want it",
    Disposition.SPAM: "nobody wants it, and it does no harm",
    Disposition.MALICIOUS: "it wants to do harm: a link, a file, a fraud",
    Disposition.SPOOF: "the sender is another one than it says",
    Disposition.SUSPICIOUS: "it may want to do harm",
}
_MOST: Final = max(map(len, EXPECTED.values()))


class ChooseVerdict(ModalScreen[Disposition | None]):
    """Offers verdicts, each under a digit; None when nobody chose one."""

    CSS_PATH = sheet("screens/confirm")
    BINDINGS = [
        Binding("escape,q", "leave", "back", show=False),
        *(Binding(str(number), f"choose({number})", show=False) for number in range(1, _MOST + 1)),
    ]

    def __init__(self, asked: ToSubmit) -> None:
        super().__init__()
        self._asked = asked
        self._offered: Sequence[Disposition] = asked.verdicts

    def compose(self) -> ComposeResult:
        """Title, verdicts with what they mean, the way out."""
        count = plural(len(self._asked.mails), "message")
        title = f"Which verdict should {count} have had?"
        with Vertical(id="question"):
            yield Static(Content.assemble((title, "bold")), markup=False, id="title")
            yield TextBlock(id="facts", hang=3)
            yield Static(Content.assemble("Press its number. It is asked again before anything is sent."), markup=False)
            yield Button(Content.assemble("Back, nothing is sent (esc)"), id="cancel", compact=True)
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the verdicts."""
        pieces: list[Piece] = []
        for number, verdict in enumerate(self._offered, 1):
            usual = number == 1 and self._asked.kind is SubmissionType.RECLASSIFICATION
            end = "\n" if number < len(self._offered) else ""
            pieces += [
                (f"{number}  {verdict.value}", "bold"),
                (f": {_MEANING[verdict]}{'; the usual one' if usual else ''}{end}", "dim"),
            ]
        self.query_one("#facts", TextBlock).set_text(*pieces)
        self.query_one("#cancel").focus()

    def action_choose(self, number: int) -> None:
        """Take the verdict under a digit."""
        if number <= len(self._offered) and not is_too_small(self):
            self.dismiss(self._offered[number - 1])

    def action_leave(self) -> None:
        """Choose none."""
        self.dismiss(None)

    def on_button_pressed(self) -> None:
        """The only button goes back."""
        self.dismiss(None)


def submission_facts(entry: LedgerEntry, asked: ToSubmit, expected: Disposition) -> list[Piece]:
    """What a report does, for the question that confirms it."""
    left_out = asked.describe_left_out()
    return [
        *((f"{sanitize(doubt)}\n", "$text-error bold") for doubt in entry.doubts),
        (f"{plural(len(asked.mails), 'message')} of plan {entry.name}", "bold"),
        f", as {asked.kind.label}, expected {expected.value}, in {plural(len(asked.batches()), 'request')}.\n",
        *([(f"{left_out}\n", "$text-warning")] if left_out else []),
        "It teaches the detection of Cloudflare, and can't be taken back.\nMail is not touched.\n",
    ]
