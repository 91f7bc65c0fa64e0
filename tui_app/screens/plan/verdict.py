"""As what mail is reported to the service: asked before the question that confirms it. Nothing is sent by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.api.enums import Disposition
from tui_app.api.submission import SubmissionType
from tui_app.core.text import plural, sanitize
from tui_app.screens.choice import Choice

if TYPE_CHECKING:
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.submission import ToSubmit
    from tui_app.widgets.text_lines import Piece

_MEANING: Final = {
    Disposition.NONE: "wanted mail",
    Disposition.BULK: "newsletters and the like: many get it, some want it",
    Disposition.SPAM: "nobody wants it, and it does no harm",
    Disposition.MALICIOUS: "it wants to do harm: a link, a file, a fraud",
    Disposition.SPOOF: "the sender is another one than it says",
    Disposition.SUSPICIOUS: "it may want to do harm",
}


class ChooseVerdict(Choice[Disposition]):
    """Offers the verdicts that can be asked for."""

    def __init__(self, asked: ToSubmit) -> None:
        title = f"Which verdict should {plural(len(asked.mails), 'message')} have had?"
        super().__init__(title, "It is asked again before anything is sent.", asked.verdicts)
        self._usual = asked.verdicts[0] if asked.kind is SubmissionType.RECLASSIFICATION else None

    def describe(self, value: Disposition) -> tuple[str, str, str]:
        """The verdict, and for which mail it is."""
        return value.value, f"{_MEANING[value]}{'; the usual one' if value is self._usual else ''}", "dim"


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
