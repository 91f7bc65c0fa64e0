"""What every screen of the console has between its lines: rows to move in, marks, an order, copying, polling."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from textual import work

from tui_app import actions
from tui_app.core.errors import SluiceError
from tui_app.core.text import sanitize
from tui_app.screens.frame import Frame
from tui_app.screens.intent import Intent
from tui_app.terminal.clipboard import copy
from tui_app.terminal.renderer import DiffRenderer
from tui_app.widgets.text_lines import FooterKeys
from tui_app.widgets.too_small import is_too_small

if TYPE_CHECKING:
    from textual.message import Message
    from textual.screen import ModalScreen

    from tui_app.api.enums import Destination
    from tui_app.config.schema import View
    from tui_app.plans.request import PlanRequest
    from tui_app.plans.state import PlanState
    from tui_app.screens.as_command import AsCommand
    from tui_app.screens.line_help import LineHelp
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.table import RowTable

T = TypeVar("T")
NOTHING_MARKED: Final = "Nothing is marked."
_NOTHING_TO_COPY: Final = "There is nothing to copy here."
_WHOLE: Final = 12
"""Characters of an id that is said whole when it was copied; of a longer one those by which lists name it."""
_ON_A_ROW: Final = frozenset({"row.open", "mark.toggle", "mark.range", "view.copy"})
"""Actions that are about the row under the cursor, and nothing else."""
_ON_A_ROW_BY_METHOD: Final = {action_id.replace(".", "_"): action_id for action_id in _ON_A_ROW}
_LINE_KEYS: Final = ((("enter", "take it"), ("esc", "leave, the text stays"), ("f1", "what can be typed")), ())
_OF_SCREENS = frozenset(action.method for action in actions.ACTIONS if action.where is not actions.EVERYWHERE)


class ConsoleScreen(Frame):
    """A screen of the console. `screen_name` is its name in the list of actions."""

    screen_name: ClassVar[str] = ""

    class CopyWanted(Intent):
        """The operator wants to choose what to copy: named values, and the ids of marked rows."""

        def __init__(self, values: Sequence[tuple[str, str]], marked: Sequence[str]) -> None:
            super().__init__()
            self.values = values
            self.marked = marked

    class IdsWanted(Intent):
        """The operator wants to enter ids of messages, to be released or moved."""

        def __init__(self, *, to_move: bool = False) -> None:
            super().__init__()
            self.to_move = to_move

    class PlanWanted(Intent):
        """Something is to be done to messages: `make` finds out to which, `what` says so while it does.

        It is looked up and reviewed; `make` raises SluiceError where nothing can be done.
        """

        def __init__(self, what: str, make: Callable[[], Awaitable[PlanRequest]]) -> None:
            super().__init__()
            self.what = what
            self.make = make

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self.followers = ""
        """What followed what is shown: retries and undos, in words."""
        self.awaiting = False
        """Whether the answer to a write of this screen is awaited."""

    def post_message(self, message: Message) -> bool:
        """Say of which account it is what somebody wants here."""
        if isinstance(message, Intent):
            message.service = self.service
        return super().post_message(message)

    # ---- for subclasses

    def view(self) -> View | None:
        """What is shown, to be kept under a name; None where that makes no sense."""
        return None

    def show_view(self, view: View) -> None:
        """Show what a view keeps."""

    def tell_unknown_sort(self, field: str, known: Collection[str]) -> None:
        """Say that a view's order can't be had; its rows are all there."""
        if field and field not in known:
            self.notice(f"This view's order, {sanitize(field, 40)}, is not known: {', '.join(known)}.")

    def reopened(self) -> Callable[[], ConsoleScreen] | None:
        """How to open the screen again after it was left; None where it can't be."""
        return None

    def as_command(self) -> AsCommand | None:
        """What is shown as a command line and as a request; None where there is none."""
        return None

    @property
    def has_columns(self) -> bool:
        """Whether the columns of its table can be chosen."""
        return any(action.id == "columns.open" and self.screen_name in action.where for action in actions.ACTIONS)

    @property
    def leads_on(self) -> bool:
        """Whether another screen may be opened above it that is about something else."""
        return bool(self.screen_name in actions.LEADING_ON)

    def line_help(self) -> LineHelp | None:
        """What can be typed where somebody types now; None where nobody does."""
        return None

    def why_not(self, action_id: str) -> str:
        """Why an action can't be done here and now, in a sentence; empty where it can be, or where only trying tells."""
        return ""

    def table(self) -> RowTable[Any] | None:
        """The table that the movement keys move in."""
        return None

    def plan_moved(self, state: PlanState) -> None:
        """The state of a running plan changed."""

    def limited(self, seconds: float) -> None:
        """Say that the program waits so many seconds after a 429."""
        if self.is_current:
            self.notice(f"Too many requests: waiting {seconds:.0f} s.")

    def activity_added(self) -> None:
        """A write or an error was added to the activity list."""

    # ---- frame

    def on_mount(self) -> None:
        """Call the hook: Textual calls the handlers of all classes of a screen, each by itself."""
        self.mounted()

    def on_screen_resume(self) -> None:
        """Call the hook."""
        self.resumed()

    def on_screen_suspend(self) -> None:
        """Call the hook."""
        self.suspended()

    def mounted(self) -> None:
        """Show the header, the footer and the line about the row; the table as it was last."""
        if self.has_columns and (table := self.table()) is not None:
            remembered = self.service.remembered
            table.choose_columns(remembered.columns(self.screen_name))
            field, reverse = remembered.sort(self.screen_name)
            if field in table.sort_fields:
                table.show_sort(field, reverse=reverse)
        self.show_frame()

    def resumed(self) -> None:
        """Poll the subject of the screen while it is shown."""
        self.show_frame()
        subject = self.subject()
        if subject is not None:
            self.service.show(subject)

    def suspended(self) -> None:
        """Stop to poll while another screen is shown."""
        subject = self.subject()
        if subject is not None:
            self.service.hide(subject)

    def why_not_here(self, action_id: str) -> str:
        """Why an action can't be done now, for any reason: `why_not`, or no row is listed, or none is marked."""
        return self._why_not_with(action_id, self.table()) if self.ready else "the screen is being opened."

    def _why_not_with(self, action_id: str, table: RowTable[Any] | None) -> str:
        """The same of a screen that is ready, with its table: looked for once, and not for each action of a footer."""
        if table is not None and action_id in _ON_A_ROW and not len(table.shown):
            return table.empty_text or "No row is listed."
        if table is not None and action_id == "mark.none" and not table.marked.marks:
            return NOTHING_MARKED
        return self.why_not(action_id)

    def on_row_table_marked(self) -> None:
        """Tell how many rows are marked, and what can be done with them."""
        self.show_footer()
        self.show_about()

    def on_opened_line_toggled(self) -> None:
        """Somebody begins to type, or has ended: the keys are other ones."""
        self.show_footer()

    def footer_keys(self) -> FooterKeys:
        """Key and label pairs of the footer, and those that it always has."""
        if self.line_help() is not None:
            return _LINE_KEYS
        every, table = self.key_map.at(self.screen_name, read_only=self.service.settings.read_only), self.table()
        without = frozenset(action.id for action in every if self._why_not_with(action.id, table))
        return self.key_map.footer(self.screen_name, read_only=self.service.settings.read_only, without=without)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Read-only hides all writes; in a window that is too small only the keys of all screens work.

        Nothing can be done on a screen whose widgets are not there yet: a key may come before them.
        """
        if not self.is_mounted:
            return False
        if is_too_small(self) and action in _OF_SCREENS:
            return False
        if self.service.settings.read_only and any(
            known.writes and known.method == action for known in actions.ACTIONS
        ):
            return False
        named = _ON_A_ROW_BY_METHOD.get(action)
        if named and (table := self.table()) is not None and not len(table.shown):
            return False  # said by the app, as of every key that does nothing
        return super().check_action(action, parameters)

    # ---- movement, the same everywhere

    def action_row_down(self) -> None:
        """Move down by a row."""
        if table := self.table():
            table.move_by(1)

    def action_row_up(self) -> None:
        """Move up by a row."""
        if table := self.table():
            table.move_by(-1)

    def action_row_first(self) -> None:
        """Move to the first row."""
        if table := self.table():
            table.move_to(0)

    def action_row_last(self) -> None:
        """Move to the last row."""
        if table := self.table():
            table.move_last()

    def action_page_down(self) -> None:
        """Move down by a page."""
        if table := self.table():
            last = max(len(table.shown) - 1, table.cursor_row + 1)
            table.move_to(min(table.cursor_row + table.page_rows, last))

    def action_page_up(self) -> None:
        """Move up by a page."""
        if table := self.table():
            table.move_by(-table.page_rows)

    def action_mark_toggle(self) -> None:
        """Mark or unmark the row."""
        if table := self.table():
            table.toggle_mark()

    def action_mark_range(self) -> None:
        """Mark from the last marked row to this one."""
        if table := self.table():
            table.mark_range()

    def action_mark_none(self) -> None:
        """Unmark all."""
        if (table := self.table()) and table.marked.marks:
            table.unmark_all()
        elif table is not None:
            self.notice(NOTHING_MARKED)

    # ---- sorting

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show the rows in the order of a field; with an empty field in the order of the server."""

    def action_sort_column(self) -> None:
        """Sort by the next column; after the last one in the order of the server."""
        if table := self.table():
            self._sort(table.next_sort(), reverse=False)

    def _sort(self, field: str, *, reverse: bool) -> None:
        self.sort_rows(field, reverse=reverse)
        self.service.remembered.set_sort(self.screen_name, field, reverse=reverse)

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        if (table := self.table()) and table.sorted_by:
            self._sort(table.sorted_by, reverse=not table.reversed)
        else:
            self.notice(f"The rows are not sorted. {self.key_map.key('sort.column')} sorts by a column.")

    def action_ids_open(self) -> None:
        """Open the screen for ids of messages."""
        self.post_message(self.IdsWanted())

    def action_ids_move(self) -> None:
        """Open the screen for ids of messages that are to be moved."""
        self.post_message(self.IdsWanted(to_move=True))

    @work(exclusive=True, group="followers")
    async def read_followers(self, kind: str, name: str) -> None:
        """Find out which plans follow from a job or a plan (`Source.kind`), in a thread; `followers` says it then."""
        from tui_app.plans.follow_up import describe_followers

        with suppress(SluiceError):  # the ledger says itself what is wrong with it
            self.followers = describe_followers(
                await asyncio.to_thread(self.service.plans.ledger.following, kind, name)
            )
            self.show_frame()

    async def ask(self, question: ModalScreen[T]) -> T | None:
        """Ask over this screen, in a worker; None for no answer, and where another screen is shown by now.

        A question stands over what it is about, or nowhere: whoever went on meanwhile would answer it for something else.
        """
        if self.app.screen is not self:
            return None
        return await self.app.push_screen_wait(question)

    async def choose_destination(self, title: str, offered: Sequence[Destination] = ()) -> Destination | None:
        """Ask for a folder, any of them unless told which, in a worker; None when nobody chose one, which is said."""
        from tui_app.screens.plan.destination import ALL, ChooseDestination

        chosen = await self.ask(ChooseDestination(title, offered or ALL))
        if chosen is None and self.app.screen is self:
            self.notice("Nothing was sent.")
        return chosen

    # ---- copying

    def copy_id(self) -> str:
        """The text that `y` copies; empty for nothing."""
        return ""

    def copied_as(self, name: str) -> str:
        """What `y` copied, in words: an id by its beginning. What is no id is told by its kind only, as redaction hides no notice."""
        return f"the whole id {name[:8]}" if len(name) > _WHOLE else f"the id {name}"

    @property
    def plain_text_hint(self) -> str:
        """How to have a value as plain text from here, in a sentence; empty where that is not offered."""
        shows = any(action.id == "view.copy_page" and self.screen_name in action.where for action in actions.ACTIONS)
        return "‹view.copy_page›, ‹copy.plain› shows it." if shows else ""

    def copy_values(self) -> Sequence[tuple[str, str]]:
        """What `Y` offers: pairs of name and sanitized text."""
        return ()

    def marked_ids(self) -> Sequence[str]:
        """The ids of the marked rows, for `Y`."""
        return ()

    def action_view_copy(self) -> None:
        """Copy the row's id."""
        if name := self.copy_id():
            self.copy(name, self.copied_as(name))
        else:
            self.notice(_NOTHING_TO_COPY)

    def action_view_copy_page(self) -> None:
        """Choose what to copy."""
        if values := self.copy_values():
            self.post_message(self.CopyWanted(values, self.marked_ids()))
        else:
            self.notice(_NOTHING_TO_COPY)

    @work(exclusive=True, group="copy")
    async def copy(self, text: str, what: str) -> None:
        """Copy text, and say of `what` it is what happened."""
        app = self.app
        if isinstance(app, DiffRenderer):
            self.notice(await copy(text, app.write_to_terminal, os.environ, what, otherwise=self.plain_text_hint))

    # ---- polling

    def action_view_refresh(self) -> None:
        """Read from the server again."""
        self.service.refresh()
        self.notice("Reading again…", until_news=True)

    def action_view_pause(self) -> None:
        """Pause or resume polling."""
        paused = self.service.toggle_pause()
        self.notice("Polling is paused. ‹view.pause› resumes it." if paused else "Polling is resumed.")

    def may_leave(self) -> bool:
        """Whether the screen may be closed now: not while the answer to a write is awaited."""
        if self.awaiting:
            self.notice("Waiting for the answer of the server.")
        return not self.awaiting

    def sent(self) -> None:
        """What was made on this screen was sent: it is left, and need not keep what was typed."""

    def handle_back(self) -> bool:
        """Use esc for something smaller than to leave, such as to end a filter; returns whether it was used."""
        return False
