"""The last step: the profile's name, whether it may write, and what is about to be written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui_app.core.errors import SluiceError
from tui_app.core.text import sanitize
from tui_app.screens.setup.frame import SetupScreen
from tui_app.setup.answers import COLORS, EXPORT, TokenPlace, check_profile_name
from tui_app.widgets.inputs import CycleSelect, LineInput
from tui_app.widgets.text_lines import Piece, TextBlock

if TYPE_CHECKING:
    from textual.widget import Widget


class ProfileStep(SetupScreen):
    """Asks for the profile, and writes all of it."""

    step = 3
    keys = (("enter", "write and open"), ("tab", "next"), ("space", "change"))
    BINDINGS = [Binding("enter", "write", show=False)]
    help_text = (
        ("enter", "write what is listed, and open the jobs of the account"),
        ("tab", "to the next field; space changes one with ‹ ›"),
        ("profile", "a name for this account and its token; --profile NAME chooses one"),
        ("mode", "read-only looks and never writes. Later: mailsluice config set read_only false"),
        ("color", "of the profile's name in the header, to recognise production"),
    )

    def content(self) -> Iterable[Widget]:
        """The fields, and what will be written."""
        yield TextBlock(id="known")
        for name, field in (
            ("Profile", LineInput(id="profile", compact=True, max_length=40)),
            ("Mode", CycleSelect([(True, "read-only: look first (suggested)"), (False, "write")], id="mode")),
            ("Color", CycleSelect([(color, color or "none") for color in COLORS], id="color")),
        ):
            yield Horizontal(Static(name, markup=False, classes="label"), field, classes="field", id=f"{field.id}-line")
        yield TextBlock(id="plan")

    def mounted(self) -> None:
        """Leave out what there is no file for."""
        super().mounted()
        self._suggested = ""
        if self.setup.situation.config is None:
            for field in ("profile", "color"):
                self.query_one(f"#{field}-line").display = False

    def on_screen_resume(self) -> None:
        """Suggest a name, unless another was typed; say what will be written."""
        field, suggested = self.query_one("#profile", Input), self.setup.suggested_profile()
        if field.value == self._suggested:
            field.value = self._suggested = suggested
        self._show_plan()
        name = "#mode" if self.setup.situation.config is None else "#profile"
        self.set_focus(self.query_one(name))

    def _show_plan(self) -> None:
        account, config, name = self.setup.account, self.setup.situation.config, self.query_one("#profile", Input).value
        if account is None:
            return
        self.show("known", f"Account {account.id} {account.name}")
        pieces: list[Piece] = []
        if config is None:
            pieces.append(("Nothing is written: the answers last until mailsluice ends.\n", "bold"))
        else:
            kept = " (its comments and all else stay)" if self.setup.situation.exists else ""
            pieces.append(f"Enter writes {sanitize(str(config), 200)}{kept}\n")
        if self.setup.place is TokenPlace.FILE:
            pieces.append(f"and the token to {sanitize(str(self.setup.token_file(name)), 200)}; both mode 0600.")
        elif self.setup.place is TokenPlace.COMMAND:
            pieces.append(f"The token comes from the command {sanitize(self.setup.command[0], 60)}.")
        else:
            pieces += ["The token is stored nowhere. In the shell:\n", (EXPORT, "bold")]
        self.show("plan", *pieces)

    def on_input_changed(self) -> None:
        """Another name is another file."""
        self.say("")
        self._show_plan()

    def on_input_submitted(self) -> None:
        """Write, as enter does outside of a field."""
        self.action_write()

    def action_write(self) -> None:
        """Write, and open the console."""
        try:
            name = check_profile_name(self.query_one("#profile", Input).value.strip())
            mode: CycleSelect[bool] = self.query_one("#mode", CycleSelect)
            color: CycleSelect[str] = self.query_one("#color", CycleSelect)
            self.setup.write(name, read_only=mode.value, color=color.value or None)
        except SluiceError as error:
            self.say(str(error), "$text-error")
            return
        self.post_message(self.Answered(self.step))
