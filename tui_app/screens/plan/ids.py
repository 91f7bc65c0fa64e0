"""Ids from elsewhere: pasted out of a ticket, typed, or read from a file; then looked up for a review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import work
from textual.widgets import Input

from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.plans.ids import ParsedIds, ids_of_rows, is_heading, lines_of, parse_ids, text_of
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.intent import Intent
from tui_app.widgets.inputs import PasteInput
from tui_app.widgets.redaction import PrivateText, QuotingText
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.plans.plan import Target
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import FooterKeys

_LARGEST: Final = 16 * 1024 * 1024
_TOLD: Final = 6
_REFUSED: Final = 3
"""Words of one kind that were not taken and are told one by one."""


class IdsScreen(ConsoleScreen):
    """Collects ids until they are looked up."""

    CSS_PATH = sheet("screens/ids")
    screen_name = "ids"
    AUTO_FOCUS = "#paper"

    class Found(Intent):
        """The ids were looked up."""

        def __init__(self, targets: Sequence[Target], request: PlanRequest) -> None:
            super().__init__()
            self.targets = targets
            self.request = request

    def __init__(
        self, service: EmailSecurityService, ids: Sequence[str] = (), request: PlanRequest = A_RELEASE
    ) -> None:
        super().__init__(service)
        self._request = request
        self._given = ids_of_rows(ids)
        self._texts: list[list[str]] = []
        """What was pasted or read, each a text of its own; what was typed line by line is one."""
        self._typing = False
        self._parsed = ParsedIds()
        self._failed = ""
        self._leaving = False

    def content(self) -> Iterable[Widget]:
        """A line to paste into, and what was understood."""
        yield TextLine(id="hint")
        yield PasteInput(
            placeholder="paste anything with ids in it, or type ids or the path of a file", id="paper", compact=True
        )
        yield TextBlock(id="understood")

    def mounted(self) -> None:
        """Say what can be done; ids that came along are understood at once."""
        super().mounted()
        self.query_one("#hint", TextLine).set_text(
            ("Ticket text, CSV, JSON, log lines. A Message-ID: alone on its line.", "dim")
        )
        self._understand()

    def footer_keys(self) -> FooterKeys:
        """The form's own keys."""
        return (("enter", "take the line; empty: look up"),), (("esc", "back, nothing sent"), ("f1", "help"))

    def handle_back(self) -> bool:
        """Ids that were collected are not dropped by one key."""
        if not self._parsed.ids or self._leaving:
            return super().handle_back()
        self._leaving = True
        self.notice(f"‹screen.back› again drops the {plural(len(self._parsed.ids), 'id')}; enter looks them up.")
        return True

    def on_paste_input_pasted(self, message: PasteInput.Pasted) -> None:
        """Add what was pasted."""
        self._add(lines_of(message.text))
        self._understand()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take a line; an empty one looks up what there is."""
        typed = event.value.strip()
        self._failed = ""
        if typed:
            event.input.value = ""
            self._take(typed)
        elif not self._parsed.ids:
            self.notice("There are no ids yet.")
        elif not self.awaiting:
            self._look_up()

    def _take(self, typed: str) -> None:
        if parse_ids([typed]).ids or is_heading(typed):
            # A terminal without bracketed paste gives a table line by line: its heading and its rows belong together.
            if not self._typing:
                self._add([])
            self._texts[-1].append(typed)
            self._typing = True
        else:
            self._read(typed)
        self._understand()

    def _add(self, lines: list[str]) -> None:
        self._texts.append(lines)
        self._typing = False

    def _read(self, name: str) -> None:
        try:
            path = Path(name).expanduser()
            if not path.is_file():
                raise OSError
            if path.stat().st_size > _LARGEST:
                self._failed = f"{sanitize(name, 60)} is larger than 16 MiB: give it to mailsluice {self._request.effect.action} --from."
                return
            self._add(lines_of(text_of(path.read_bytes())))
        except (OSError, ValueError, RuntimeError):
            self._failed = f"'{sanitize(name, 60)}' is neither an id nor a file that can be read."

    def _understand(self) -> None:
        self._leaving = False
        parsed = self._given
        for text in self._texts:
            parsed = parsed.followed_by(parse_ids(text))
        self._parsed = parsed
        self.set_breadcrumb(
            [(f"{self._request.effect.title} › ", "dim"), ("ids", "bold")],
            [f"{plural(len(parsed.ids), 'id')}, not sent"],
        )
        pieces: list[Piece] = []
        if self._failed:
            pieces.append((f"{self._failed}\n", "$text-error"))
        if parsed.ids:
            pieces.append((f"{plural(len(parsed.ids), 'id')} · enter looks them up\n", "bold"))
        pieces += [
            piece for heading in parsed.headings(_REFUSED) for piece in ((QuotingText(heading), "$text-warning"), "\n")
        ]
        pieces += [
            piece
            for sentence in parsed.sentences(_REFUSED)
            for piece in ((QuotingText(sentence), "$text-warning"), "\n")
        ]
        if parsed.ids:
            # What was searched out of a sentence is to be looked at first.
            shown = sorted(parsed.found, key=lambda found: not found.excerpt)
            for found in shown[:_TOLD]:
                pieces.append((f"  line {found.line:,}: {sanitize(found.name)}\n", "dim"))
                if found.excerpt:
                    pieces += ["    ", (PrivateText(sanitize(found.excerpt, 200)), "dim"), "\n"]
            if len(parsed.ids) > _TOLD:
                pieces.append((f"  … and {len(parsed.ids) - _TOLD:,} more\n", "dim"))
        self.query_one("#understood", TextBlock).set_text(*pieces)

    @work(exclusive=True, group="look-up")
    async def _look_up(self) -> None:
        self.awaiting, asked = True, self._parsed
        least = plural(self.service.plans.least_requests(asked.ids), "request")
        self.notice(f"Looking up {plural(len(asked.ids), 'id')}, {least} at the least…")
        try:
            request = await self.service.plans.dated(self._request)
            targets = await self.service.plans.look_up(asked.ids, request)
        except SluiceError as error:
            self.service.record(str(error))
            self.notice(f"{error} Nothing was sent.")
            return
        finally:
            self.awaiting = False
        if self._parsed is not asked:
            self.notice("More was pasted meanwhile: enter looks all of it up.")
            return
        if twice := len(asked.ids) - len(targets):
            self.service.record(
                f"{plural(twice, 'id')} left out: another id names the same message. Each message is sent once."
            )
        self.post_message(self.Found(targets, request))
