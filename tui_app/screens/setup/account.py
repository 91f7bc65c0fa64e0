"""The second step: the account, out of a list or by its id, and whether its Email Security answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual import work
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui_app.core.errors import SluiceError
from tui_app.core.text import plural
from tui_app.screens.setup.choices import ChoiceList
from tui_app.screens.setup.frame import SetupScreen
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget

_OTHER_LINES = 11
"""Lines of a window that the list of accounts can't have."""


class AccountStep(SetupScreen):
    """Asks for the account."""

    step = 1
    keys = (("enter", "take it"), ("j k 1-9", "choose"), ("tab", "list or id"))
    help_text = (
        ("j k ↓ ↑", "move in the list"),
        ("enter 1-9", "take the account: one read asks whether its Email Security answers"),
        ("tab", "to the field for an id, and back to the list"),
        ("account id", "32 hex digits; in the dashboard: Account home, copy account ID"),
        ("no list", "a token without the permission, or of an account's own, can't list accounts"),
    )

    def content(self) -> Iterable[Widget]:
        """What is known of the token, the list, the field."""
        yield TextBlock(id="known")
        yield ChoiceList(id="accounts")
        yield Horizontal(
            Static("Account id  ", markup=False, classes="label"),
            # Only what an id can have goes in: a token that is pasted here by mistake is not shown.
            LineInput(id="account", compact=True, restrict="[0-9a-fA-F]{0,32}", placeholder="32 hex digits"),
            classes="field",
        )

    def mounted(self) -> None:
        """Nothing was refused yet."""
        super().mounted()
        self._refused = ""
        """The account that was told not to answer: chosen again, it is taken."""

    def on_screen_resume(self) -> None:
        """Show what the token sees."""
        check, listed = self.setup.token_check, self.setup.accounts
        if check is None or listed is None:
            return
        pieces: list[Piece] = [(check.sentence, "$text-success" if check.good else "$text-warning")]
        if listed.sentence:
            pieces.append((f"\n{listed.sentence}", "$text-warning"))
        if listed.accounts:
            pieces.append(f"\nIt sees {plural(len(listed.accounts), 'account')}. Which one?")
        self.show("known", *pieces)
        accounts = self.query_one("#accounts", ChoiceList)
        accounts.display = bool(listed.accounts)
        lines = [(account.name, account.id) for account in listed.accounts]
        accounts.show(lines, max(3, self.app.size.height - _OTHER_LINES), accounts.cursor)
        self.set_focus(accounts if listed.accounts else self.query_one("#account"))

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        """Take an account of the list."""
        listed = self.setup.accounts
        if listed is not None and not self.busy:
            self._take(listed.accounts[event.index].id)

    def on_choice_list_moved(self) -> None:
        """What was said is about another account."""
        self._forget()

    def on_input_changed(self) -> None:
        """What was said is about another account."""
        self._forget()

    def _forget(self) -> None:
        self.workers.cancel_node(self)
        self.busy = False
        self._refused = ""
        self.say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the account of this id."""
        if not self.busy:
            self._take(event.value)

    @work(exclusive=True, group="ask")
    async def _take(self, account_id: str) -> None:
        if self._refused and account_id == self._refused:
            self.say("")
            self.post_message(self.Answered(self.step))
            return
        self.busy = True
        self.say("Asking the API…", "bold")
        try:
            check = await self.setup.take_account(account_id)
        except SluiceError as error:
            self.say(str(error), "$text-error")
            return
        finally:
            self.busy = False
        service = self.setup.service
        if not check.good:
            self.say(check.sentence, "$text-error")
        elif service is not None and not service.answers:
            self._refused = account_id
            self.say(f"{service.sentence} Enter again goes on all the same.", "$text-warning")
        else:
            self.say("")
            self.post_message(self.Answered(self.step))
