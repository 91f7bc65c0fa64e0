"""The prompt behind `:`: a line for a command, and below it what fits it. What makes no sense is said, and stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from textual import on
from textual.binding import Binding
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input
from textual.widgets.input import Selection

from tui_app.console_commands import Offer, means, parse
from tui_app.core.paths import sheet
from tui_app.widgets.columns import Column
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import Footer, StatusLine, TextBlock
from tui_app.widgets.too_small import TooSmall, is_too_small
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.app import ComposeResult

_COLUMNS: Final = (Column("COMMAND", weight=4), Column("KEY", 9), Column("WHAT IT DOES", weight=5))
_FOOTER: Final = (
    (("enter", "do it"), ("tab", "complete"), ("↑ ↓", "choose")),
    (("esc", "back, the text stays"), ("f1", "help")),
)


_BUSY: Final = "It is still being looked for. esc leaves."


class PromptScreen(ModalScreen[None]):
    """Asks for a command; whoever opened it runs what was entered, and closes it when that can be done."""

    CSS_PATH = sheet("screens/prompt")
    AUTO_FOCUS = "#prompt"
    BINDINGS = [
        Binding("escape,ctrl+p", "leave", "back", show=False),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
        Binding("f1", "explain", show=False, priority=True),
    ]

    class Entered(Message):
        """Something is to be done: the chosen offer."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    class Left(Message):
        """Nothing is to be done; `line` is what was typed."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, offers: Callable[[str], Sequence[Offer]], line: str = "", about: str = "") -> None:
        """`offers` = what fits a line; `line` is what it begins with; `about` names the screen below."""
        super().__init__()
        self._offers = offers
        self._first = line
        self._about = about
        self.busy = False
        """Whether what was entered is being checked: what is typed meanwhile is for nothing that is shown."""
        self.entered = ""
        """The line as it was when enter was pressed last."""
        self._found: Sequence[Offer] = ()
        self._chosen = False
        """Whether somebody chose one of the offers with the arrows."""

    def compose(self) -> ComposeResult:
        """The line, what fits, what went wrong, the keys."""
        yield StatusLine(id="prompt-title")
        yield LineInput(
            self._first,
            id="prompt",
            compact=True,
            placeholder="a command, or words of what you want to do",
        )
        yield RowTable[Offer](_COLUMNS, self._cells, id="offers")
        yield TextBlock(id="said")
        yield Footer(id="footer")
        yield TooSmall()

    @staticmethod
    def _cells(offer: Offer) -> Sequence[Cell]:
        return (Cell(offer.text), Cell(offer.key, "mark"), Cell(offer.note, "muted"))

    def on_mount(self) -> None:
        """Show what fits."""
        self.query_one("#prompt-title", StatusLine).set_ends([("Commands", "bold")], [(self._about, "dim")])
        self.query_one("#footer", Footer).show_keys(*_FOOTER)
        self._table.can_focus = False
        self._show()

    @property
    def _line(self) -> LineInput:
        return self.query_one("#prompt", LineInput)

    @property
    def _table(self) -> RowTable[Offer]:
        return self.query_one("#offers", RowTable)

    @on(Input.Changed, "#prompt")
    def _show(self) -> None:
        """Show what fits the line; the first of it is what enter does."""
        self._chosen = False
        self._found = found = self._offers(self._line.value)
        self._table.set_empty_text("Nothing fits. esc leaves; ‹help.open› on a screen lists its keys.")
        self._table.forget_cursor()
        self._table.show_rows(ListRows(found, lambda offer: f"{offer.text}\n{offer.key}\n{offer.line}"))
        self.say(_BUSY if self.busy else "")

    @property
    def line(self) -> str:
        """What is typed."""
        return self._line.value

    def say(self, sentence: str) -> None:
        """Tell what went wrong, or what is being waited for."""
        self.query_one("#said", TextBlock).set_text((sentence, "bold $text-warning"))

    def show_mistake(self, sentence: str, line: str, start: int, end: int) -> None:
        """Tell what is wrong with the line that was to be done, and select it."""
        self.say(sentence)
        if self.line == self.entered:  # else somebody types another one meanwhile
            with self.prevent(Input.Changed):
                self._line.value = line  # it may have been written shorter
            self._line.selection = Selection(start, end)

    def action_move(self, step: int) -> None:
        """Choose the next offer, or the one before."""
        self._chosen = True
        self._table.move_by(step)

    def action_page(self, step: int) -> None:
        """A page of offers down, or up."""
        self._chosen = True
        self._table.move_to(min(self._table.cursor_row + step * self._table.page_rows, len(self._table.shown) - 1))

    def action_complete(self) -> None:
        """Take the chosen offer's line."""
        typed = self._line.value.strip()
        longer = [offer for offer in self._found if offer.line and (self._chosen or offer.line.strip() != typed)]
        offer = self._table.current if self._chosen else next(iter(longer), None)
        if offer is not None and offer.line:
            self._line.value = offer.line
            self._line.cursor_position = len(offer.line)

    def action_explain(self) -> None:
        """Say what can be typed."""
        self.say(
            "A command with what it takes (job 182bd5, mail from:x since:24h, view NAME), or words of what you want to do. "
            "tab completes, ↑ ↓ choose, enter does it; what writes opens its review first."
        )

    def say_unused(self, key: str) -> None:
        """A key that means nothing here was pressed."""
        self.say(f"{key} does nothing here: type a command, or esc to leave.")

    def action_leave(self) -> None:
        """Close; what was typed is there the next time."""
        self.post_message(self.Left(self._line.value))

    @on(Input.Submitted, "#prompt")
    def _submitted(self) -> None:
        """Do what is chosen; what needs more is completed first."""
        if is_too_small(self):
            return
        if self.busy:
            self.say(_BUSY)
            return
        offer = self._table.current
        if offer is not None and not self._chosen:
            # What is only like what was typed is not done by enter alone.
            meant = means(self._line.value, self._found)
            if meant is None:
                self.say(f"{self._unmeant()}: ↓ and ↑ choose one of these, enter does it then.")
                return
            offer = meant
        if offer is None:
            self.say("There is no such command. esc leaves.")
        elif offer.complete:
            self._line.value = offer.line
            self._line.cursor_position = len(offer.line)
        else:
            self.entered = self.line
            # To the app itself: it answers before the next key.
            self.app.post_message(self.Entered(offer))

    def _unmeant(self) -> str:
        """Why enter alone does nothing with what is typed."""
        typed = self.line.strip()
        command, _ = parse(typed)
        if command is not None:
            return f"{command.name} needs {command.takes}"
        return f"Nothing is called '{typed}'" if typed else "Nothing was typed"
