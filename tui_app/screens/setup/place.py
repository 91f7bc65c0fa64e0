"""The third step: where the token lives from now on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from tui_app.core.errors import SluiceError
from tui_app.core.text import sanitize
from tui_app.screens.setup.choices import ChoiceList
from tui_app.screens.setup.frame import SetupScreen
from tui_app.setup.answers import EXPORT, TokenPlace, parsed_command
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget

_NAMES: Final = {
    TokenPlace.FILE: "a file that only you can read (0600)",
    TokenPlace.COMMAND: "a command prints it, such as pass show …",
    TokenPlace.ENVIRONMENT: "the environment: stored nowhere",
}


class PlaceStep(SetupScreen):
    """Asks where the token lives; a command is run once."""

    step = 2
    keys = (("enter", "take it"), ("j k 1-3", "choose"))
    help_text = (
        ("file", "the token is written beside the configuration, mode 0600: only you and root can read it"),
        ("command", "a program prints it whenever mailsluice starts: a password manager, a vault. No shell runs it"),
        ("environment", f"nothing is stored. Before each start, in the shell: {EXPORT}"),
        ("j k 1-3", "choose"),
        ("enter", "take it; for a command: type it, enter runs it once, and compares what it prints"),
    )

    class CommandGiven(Message):
        """A command is to be run, with the terminal: it may ask for a pass phrase."""

        def __init__(self, run: Callable[[], None]) -> None:
            super().__init__()
            self.run = run

    def content(self) -> Iterable[Widget]:
        """What is known, the places, the field for a command."""
        yield TextBlock(id="known")
        yield ChoiceList(id="places")
        yield TextBlock(id="detail")
        yield Horizontal(
            Static("Command  ", markup=False, classes="label"),
            LineInput(id="command", compact=True, max_length=500, placeholder="pass show cloudflare/mail"),
            classes="field",
            id="command-line",
        )

    def on_screen_resume(self) -> None:
        """Show what is known by now, and the places."""
        check, account, service = self.setup.token_check, self.setup.account, self.setup.service
        if check is None or account is None or service is None:
            return
        pieces: list[Piece] = [
            (f"{check.sentence}\n", "$text-success"),
            f"Account {account.id} {account.name}\n",
            (f"{service.sentence}\n", "$text-success" if service.answers else "$text-warning"),
            "Where does the token live from now on?",
        ]
        if self.setup.situation.config is None:
            pieces.append((f" No configuration can be kept: {self.setup.situation.why_nowhere}.", "$text-warning"))
        self.show("known", *pieces)
        places = self.setup.places()
        choices = self.query_one("#places", ChoiceList)
        at = places.index(self.setup.place) if self.setup.command and self.setup.place in places else choices.cursor
        choices.show([(_NAMES[place], "") for place in places], len(places), at)
        self.set_focus(choices)
        self._show_detail()

    @property
    def _place(self) -> TokenPlace:
        return self.setup.places()[self.query_one("#places", ChoiceList).cursor]

    def _show_detail(self) -> None:
        place = self._place
        file = self.setup.token_file(self.setup.suggested_profile())
        words = {
            TokenPlace.FILE: f"It is written to {sanitize(str(file), 200)}",
            TokenPlace.COMMAND: "Its arguments are kept, not the token. It is run without a shell at every start.",
            TokenPlace.ENVIRONMENT: f"Before each start, in the shell: {EXPORT}",
        }[place]
        self.show("detail", (words, "dim"))
        self.query_one("#command-line").display = place is TokenPlace.COMMAND

    def on_choice_list_moved(self) -> None:
        """Say what this place means."""
        self.say("")
        self._show_detail()

    def on_choice_list_chosen(self) -> None:
        """Take the place; a command has to be given first."""
        if self._place is TokenPlace.COMMAND:
            self.set_focus(self.query_one("#command"))
            self.say("Type the command, then enter: it is run once, and must print the token.", "bold")
        else:
            self._done(self._place)

    def _done(self, place: TokenPlace) -> None:
        self.setup.place = place
        self.say("")
        self.post_message(self.Answered(self.step))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run the command."""
        try:
            command = parsed_command(event.value)
        except SluiceError as error:
            self.say(str(error), "$text-error")
            return
        self.post_message(self.CommandGiven(lambda: self.setup.check_command(command)))

    def command_ended(self, error: SluiceError | None) -> None:
        """It printed the token, or why not."""
        if error is not None:
            self.say(str(error), "$text-error")
        else:
            self._done(TokenPlace.COMMAND)

    def action_back(self) -> None:
        """From the field to the places, from there a step back."""
        if self.focused is not None and self.focused.id == "command":
            self.say("")
            self.set_focus(self.query_one("#places"))
        else:
            super().action_back()
