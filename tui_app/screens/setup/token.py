"""The first step: all that is there and all that is missing, and the token, which is never shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from textual import work
from textual.actions import SkipAction
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui_app.auth.credentials import MAX_TOKEN_BYTES
from tui_app.core.errors import SluiceError
from tui_app.core.text import plural
from tui_app.screens.setup.frame import SetupScreen
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget

_WIDTH: Final = 14


class HiddenInput(LineInput):
    """A field whose text is not shown, and can't be copied out of it."""

    BINDINGS = [Binding("ctrl+u", "empty", show=False)]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, password=True, compact=True, max_length=MAX_TOKEN_BYTES)

    def action_copy(self) -> None:
        """Copy nothing: the clipboard is for everybody to read. The key is ctrl+c: the app says how to quit."""
        raise SkipAction

    def action_cut(self) -> None:
        """Nothing."""

    def action_empty(self) -> None:
        """Empty it, wherever the cursor is: nobody sees that."""
        self.clear()


class TokenStep(SetupScreen):
    """Asks for the token and verifies it."""

    step = 0
    keys = (("enter", "verify"),)
    AUTO_FOCUS = "#token"
    help_text = (
        ("paste", "an API token with the permission Cloud Email Security: Read, or Write to act"),
        ("enter", "verify it: as a user's token, then as one of the account's own"),
        ("ctrl+u", "empty the field"),
        ("•", "stands for each character; the token itself is never shown, and can't be copied out"),
        ("where from", "dash.cloudflare.com, My Profile or Manage Account, API Tokens, Create Token"),
        ("environment", "CLOUDFLARE_API_TOKEN is used where it is set: enter alone verifies it"),
    )

    def content(self) -> Iterable[Widget]:
        """The list, what to do, the field."""
        yield TextBlock(id="found")
        yield TextBlock(id="asked")
        yield Horizontal(
            Static("Token  ", markup=False, classes="label"),
            HiddenInput(id="token"),
            TextLine(id="count"),
            classes="field",
        )

    def mounted(self) -> None:
        """Show the list."""
        super().mounted()
        situation = self.setup.situation
        pieces: list[Piece] = ["Not set up yet. What is there, and what is missing:\n"]
        findings = situation.findings()
        for number, finding in enumerate(findings, 1):
            glyph = ("✔", "$text-success bold") if finding.found else ("–", "$text-warning bold")
            end = "\n" if number < len(findings) else ""
            pieces += [
                "  ",
                glyph,
                f" {finding.what:<{_WIDTH}}",
                (f"{finding.words}{end}", "" if finding.found else "bold"),
            ]
        self.show("found", *pieces)
        self.show(
            "asked",
            "Enter verifies the token of the environment; or paste another one."
            if situation.token is not None
            else "Paste an API token with Cloud Email Security: Read or Write. It stays hidden.",
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Count what is there; what was said of another text is said no more."""
        self.workers.cancel_node(self)
        self.busy = False
        self._keep_in_sight()
        count = len(event.value)
        self.query_one("#count", TextLine).set_text((plural(count, "character") if count else "", "dim"))
        self.say("")

    def on_input_submitted(self) -> None:
        """Verify it."""
        if not self.busy:
            self._verify(self.query_one("#token", Input).value)

    @work(exclusive=True, group="ask")
    async def _verify(self, pasted: str) -> None:
        if not pasted.strip() and self.setup.situation.token is None:
            self.say("Paste or type the token first.", "$text-error")
            return
        self.busy = True
        self.say("Asking the API…", "bold")
        try:
            check = await self.setup.take_token(pasted)
        except SluiceError as error:
            self.say(str(error), "$text-error")
            return
        finally:
            self.busy = False
        if check.good or check.unknown_kind:
            self.say("")
            self.post_message(self.Answered(self.step))
        else:
            self.say(check.sentence, "$text-error")
