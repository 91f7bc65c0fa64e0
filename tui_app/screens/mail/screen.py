"""Mail that a search finds: mark it, group it, take it to a review. Quarantine is the same, of held mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.message import Message as Event
from textual.widgets import Input

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.api.rows import Message
from tui_app.config.schema import View
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.files import free_path
from tui_app.core.query import QueryError
from tui_app.core.text import plural, sanitize
from tui_app.mail.columns import MAIL_ROWS
from tui_app.mail.groups import parse_filter
from tui_app.mail.query import ALL_MAIL, GRAMMAR, HELD_MAIL, Preset
from tui_app.mail.search import LOADED_AT_ONCE
from tui_app.plans.state import OPEN, SAID_DONE, Outcome, PlanState
from tui_app.remembered import parse_sort, written_sort
from tui_app.rows.export import SUFFIXES, export_path
from tui_app.rows.view import RowView, Sort
from tui_app.screens import format as fmt
from tui_app.screens.as_command import AsCommand
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.copy import Value, message_values
from tui_app.screens.frame import MORE
from tui_app.screens.intent import Intent
from tui_app.screens.line_help import FILE_HELP, LineHelp, filter_help
from tui_app.screens.line_screen import LineScreen
from tui_app.screens.long_task import LOADING, LongTask
from tui_app.screens.mail.choice import BETWEEN, Chosen, MailChoice
from tui_app.screens.mail.completeness import what_empty_means, what_is_here
from tui_app.screens.mail.line import MailLine, Purpose
from tui_app.screens.mail.rows import COLUMNS, MailRows
from tui_app.screens.mail.siblings import MessageRef, Siblings
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.mail.search import MailSnapshot, MailSubject
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import FooterKeys, Piece

_LINE_HELP: Final = {
    Purpose.SEARCH: LineHelp(
        "In the search line",
        (
            ("enter", "search"),
            ("tab", "complete the word"),
            ("↑ ↓", "earlier searches"),
            ("esc", "leave the line; what was typed is there at the next /"),
            *GRAMMAR,
        ),
    ),
    Purpose.FILTER: filter_help(MAIL_ROWS),
    Purpose.FILE: FILE_HELP,
}
_ON_MAIL: Final = frozenset({"release.review", "rows.move", "mark.all", "groups.open", "rows.export"})
STILL_SEARCHING: Final = "Still searching: no mail is listed yet."
_ALL_OF_IT: Final = 10**9


class MailScreen(LineScreen):
    """The mail that a search finds; `line` is what it begins with, None for the search as it was left."""

    screen_name = "mail"
    preset: ClassVar[Preset] = ALL_MAIL
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("mail")
    _long: LongTask

    class MessageChosen(Intent):
        """A message was opened."""

        def __init__(self, message: MessageRef, siblings: Siblings[MessageRef]) -> None:
            super().__init__()
            self.message = message
            self.siblings = siblings

    class Found(Event):
        """News of the search."""

    class GroupsWanted(Intent):
        """The listed mail is to be seen in groups."""

        def __init__(self, subject: MailSubject) -> None:
            super().__init__()
            self.subject = subject

    class ColumnsWanted(Intent):
        """The columns of a file are to be chosen."""

    class ReviewWanted(Intent):
        """Chosen messages go to the review."""

        def __init__(self, chosen: Chosen) -> None:
            super().__init__()
            self.chosen = chosen

    def __init__(self, service: EmailSecurityService, line: str | None = None) -> None:
        super().__init__(service)
        self._first_line = line
        self._subject = service.mail.watch(self._found, self.preset)
        self._choice = MailChoice(service, self._subject)
        self._rows = MailRows(lambda: self._subject.known, self._subject.odd)
        self._long = LongTask(self, self._show_again)

    def content(self) -> Iterable[Widget]:
        """The line to type in and the table."""
        yield MailLine(id="typed-line")
        yield RowTable[Message](COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[Message]:
        """The messages."""
        return self.query_one("#table", RowTable)

    def mounted(self) -> None:
        """As it was left, or already searched when it opens for the first time."""
        super().mounted()
        wanted, field = self._subject.wanted, self.table().sorted_by
        if self._subject.asked:
            sort = wanted.sort
            self.table().show_sort(sort.field if sort else "", reverse=bool(sort and sort.reverse))
        elif field:
            self._arrange(RowView(wanted.filter, Sort(field, self.table().reversed)))
        if self._first_line is not None or not self._subject.asked:
            self.search(self._first_line or "")
            return
        self.table().cursor_key = self._subject.cursor
        self._show_again()
        found = len(self._search.found)
        if not self._search.complete and found < LOADED_AT_ONCE:
            self._load(LOADED_AT_ONCE - found)  # it was left before that much was here

    def _cells(self, message: Message) -> Sequence[Cell]:
        return self._rows.cells(message, self.service.clock.now())

    # ---- searching

    @property
    def _search(self) -> MailSnapshot:
        return self._subject.snapshot

    @property
    def _line(self) -> MailLine:
        return self.query_one("#typed-line", MailLine)

    def search(self, line: str) -> bool:
        """Search anew. A line that makes no sense is said, and nothing is sent; whether it makes sense."""
        before, marks = self._search.line, self._subject.store.marks
        again = self._subject.asked and line == before
        try:
            self._subject.ask(line)
        except QueryError as error:
            self.notice(str(error))
            if self._line.is_open:
                self._line.show_mistake(error)
            return False
        if not again:
            self._choice.forget()
            if marks:
                # Marks of mail that is not listed any more must not wait for the next R.
                self.notice(f"Another search: {plural(marks, 'mark')} removed.")
            self.table().forget_cursor()
            self._show_again()
        self._load(LOADED_AT_ONCE)
        return True

    def _show_again(self) -> None:
        if not self.ready:
            return  # it was left meanwhile
        search, marks = self._search, self._subject.store.marks
        whole = search.complete and not search.loading and not search.may_miss and search.arranged.filter is None
        self.table().show_rows(search.rows, whole=whole)
        self.show_footer()
        if whole and (gone := marks - self._subject.store.marks) > 0:
            self.notice_too(f"{plural(gone, 'mark')} removed: found no more.")
        self.show_breadcrumb()

    @work(exclusive=True, group="search")
    async def _load(self, at_most: int) -> None:
        """Load pages of the search until so many more are here, then see which are odd."""
        await self._subject.load(at_most)
        if (problem := self._search.problem) is not None:
            details = problem.details() if isinstance(problem, ApiError) else ()
            self.service.record(self._problem, details)
        await self._subject.group()
        self.call_later(self._show_again)

    @property
    def _problem(self) -> str:
        """What went wrong with the search, in a sentence; empty when nothing did."""
        search = self._search
        return f"{search.problem} {search.diagnosis}".strip() if search.problem is not None else ""

    def _found(self, snapshot: MailSnapshot) -> None:
        self.post_message(self.Found())

    def on_mail_screen_found(self) -> None:
        """Show what is here."""
        if self.ready:
            search = self._search
            if len(search.rows) or search.complete:
                self._show_again()
            self.show_breadcrumb()

    def freshness(self) -> Piece:
        """When the search was answered: it is not polled, r searches again."""
        return super().freshness() or (f"read {local_time(read_at):%H:%M}" if (read_at := self._search.read_at) else "")

    def show_breadcrumb(self) -> None:
        """What is searched, how much of it is here, what is marked."""
        if not self.ready:
            return
        search = self._search
        age = {"7d": "the last 7 days", "24h": "the last 24 hours"}[self.preset.default_age]
        what: Piece = (PrivateText(sanitize(search.line)), "") if search.line else age
        held = "held · " if self.preset.held else ""
        self.set_breadcrumb([(self.preset.title, "bold"), f"  {held}", what], [self._what_is_here])
        self.table().set_empty_text(self._problem or what_empty_means(search, held=self.preset.held))
        self.show_about()

    @property
    def _what_is_here(self) -> str:
        return what_is_here(self._search, answered=not self._problem, listed=len(self.table().shown))

    def show_frame(self) -> None:
        """Also the breadcrumb."""
        super().show_frame()
        self.show_breadcrumb()

    def describe(self) -> Sequence[Piece]:
        """Marks, and the message under the cursor; long work and errors come first."""
        table = self.table()
        if told := self._long.describe():
            return told
        if self._problem and len(table.shown):
            again = "‹row.last› tries again." if len(self._search.found) else "‹view.refresh› searches again."
            return [(f"{self._problem} {again}", "$text-error"), MORE]
        pieces: list[Piece] = [(f"{table.marked.marks:,} marked · ", "bold")] if table.marked.marks else []
        if self._search.incomplete and not self._search.loading:
            pieces.insert(0, (f"{'; '.join(self._search.incomplete)} · ", "$text-warning"))
        if (wanted := self._search.arranged.filter) is not None:
            pieces.append((f"filter {sanitize(wanted.line, 60)} · ", "$text-accent"))
        message = table.current
        if message is not None:
            signs = self._rows.told(message)
            reasons = "; ".join(map(str, message.detection_reasons)) or "no reasons given"
            recipients = AddressText(", ".join(map(str, message.recipients[:3])))
            pieces += [(f"{' · '.join(signs)} · ", fmt.style_of(self._rows.tone(message)))] if signs else []
            pieces += [(f"{reasons} · to ", "dim"), (recipients or "nobody", "dim")]
        return pieces

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another message."""
        self._subject.cursor = self.table().cursor_key
        self.show_about()

    def on_row_table_at_end(self) -> None:
        """Load more, when there is more."""
        if not self._search.complete and not self._search.loading:
            self._load(1)

    def action_rows_load_all(self) -> None:
        """Load all that the search finds."""
        if self._long.busy():
            return
        if self._search.complete:
            self.notice(f"All {plural(len(self._search.found), 'message')} are loaded.")
            return

        async def all_of_it() -> None:
            await self._subject.load(_ALL_OF_IT, self._long.on_progress)
            await self._subject.group()

        self._long.begin(all_of_it(), LOADING, 0, len(self._search.found))

    def sort_rows(self, field: str, *, reverse: bool) -> None:
        """Show what is loaded in the order of a field."""
        self.table().show_sort(field, reverse=reverse)
        self.table().forget_cursor()  # what comes first is what one sorts for
        self._arrange(RowView(self._subject.wanted.filter, Sort(field, reverse) if field else None))

    @work(exclusive=True, group="arrange")
    async def _arrange(self, wanted: RowView) -> None:
        await self._subject.arrange(wanted)
        self.table().refit()
        self._show_again()

    # ---- the line

    def action_search_edit(self) -> None:
        """Edit the search."""
        self._line.open(Purpose.SEARCH, self._search.line, self._subject.history)
        self.notice("words from: to: subject: verdict: delivery: since: until: action: all · f1 all")

    def action_filter_listed(self) -> None:
        """Filter what is listed."""
        wanted = self._subject.wanted.filter
        self._line.open(Purpose.FILTER, wanted.line if wanted else "")
        self.notice("of what is listed: words -words from: to: subject: verdict: spf: dkim:")

    def action_rows_export(self) -> None:
        """Ask for the name of a file for what is marked, else for what is shown."""
        if self._long.busy():
            return
        if not len(self.table().shown) and not self._subject.store.marks:
            self.notice("No mail is listed, nothing to export.")
            return
        self._line.open(Purpose.FILE, free_path(self.preset.name, ".csv").name)
        marks = self._subject.store.marks
        shown = self._search.arranged.filter is not None
        what = (
            f"{plural(marks, 'marked message')}"
            if marks
            else f"{plural(len(self.table().shown), 'message')} shown"
            if shown
            else f"all {len(self._search.found):,} found"
            if self._search.complete
            else f"all that the search finds, {len(self._search.found):,} so far"
        )
        self.notice(f"{what} · .{' .'.join(SUFFIXES)} · tab columns")

    def on_mail_line_choices(self, message: MailLine.Choices) -> None:
        """Say what can stand there."""
        self.notice("  ".join(message.choices))

    def on_mail_line_columns_wanted(self) -> None:
        """Choose the columns of the file."""
        self.post_message(self.ColumnsWanted())

    def footer_keys(self) -> FooterKeys:
        """Those of the line, while somebody types in it."""
        return (self._line.purpose.keys, ()) if self._line.is_open else super().footer_keys()

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        return _LINE_HELP[self._line.purpose] if self._line.is_open else None

    def view(self) -> View:
        """Search, filter and order."""
        wanted, sort = self._subject.wanted.filter, self._subject.wanted.sort
        return View(
            "quarantine" if self.preset.held else "mail",
            search=self._search.line,
            filter=wanted.line if wanted is not None else "",
            sort=written_sort(sort.field, reverse=sort.reverse) if sort is not None else "",
        )

    def show_view(self, view: View) -> None:
        """Filter and order as a view keeps them; its search was begun. Raises QueryError."""
        field, reverse = parse_sort(view.sort)
        known = field in self.table().sort_fields
        self.table().show_sort(field if known else "", reverse=reverse)
        self.tell_unknown_sort(field, self.table().sort_fields)
        wanted = parse_filter(view.filter, self._subject.grouped)
        self._arrange(RowView(wanted, Sort(field, reverse) if known else None))

    def reopened(self) -> Callable[[], ConsoleScreen]:
        """The list again, as it was left."""
        service, make = self.service, type(self)
        return lambda: make(service)

    def as_command(self) -> AsCommand:
        """The search."""
        search, wanted = self._search, self._subject.wanted.filter
        line = ["--", search.line] if search.line else []
        left_out = f"the filter {wanted.line}" if wanted is not None else ""
        query = search.params.as_query() | {"per_page": "1000"}
        return AsCommand(["quarantine" if self.preset.held else "mail", *line], [], query, left_out)

    def why_not(self, action_id: str) -> str:
        """Where no mail is listed, nothing can be done to it."""
        empty = self.ready and not len(self.table().shown) and not self._subject.store.marks
        return "No mail is listed." if empty and action_id in _ON_MAIL else ""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search, filter, or export. What makes no sense is said, and the line stays as it is."""
        purpose, typed = self._line.purpose, event.value.strip()
        if purpose is Purpose.SEARCH:
            if self.search(typed):
                self._close_line()
            return
        try:
            if purpose is Purpose.FILE:
                path = export_path(typed)
            else:
                wanted = parse_filter(typed, self._subject.grouped)
        except QueryError as error:
            self.notice(str(error))
            self._line.show_mistake(error)
            return
        except (SluiceError, ValueError) as error:
            self.notice(str(error))
            return
        self._close_line()
        if purpose is Purpose.FILTER:
            self.filter_by(wanted.line if wanted is not None else "")
            return
        columns, params = self.service.mail_columns, self._search.params
        only = self._choice.exported(shown=self._search.arranged.filter is not None)
        count = len(only) if only is not None else len(self._search.found)
        mail = self.service.mail
        self._long.write(lambda on_progress: mail.export(params, path, columns, only, on_progress), path, count)

    def filter_by(self, line: str) -> None:
        """Show only the listed mail that a filter lets through; all of it for an empty line."""
        self._arrange(RowView(parse_filter(line, self._subject.grouped), self._subject.wanted.sort))

    def end_filter(self) -> bool:
        """Show all listed mail again."""
        if (wanted := self._subject.wanted.filter) is None:
            return False
        self._line.keep(Purpose.FILTER, wanted.line)
        self.filter_by("")
        return True

    # ---- intents

    def action_row_open(self) -> None:
        """Open the message."""
        if message := self.table().current:
            self.post_message(self.MessageChosen(self._reference(message), Siblings(self.table(), self._reference)))

    def _reference(self, message: Message) -> MessageRef:
        odd = self._subject.odd(message.id.exact)
        return MessageRef(message=message, odd=odd.differences if odd is not None else ())

    def action_groups_open(self) -> None:
        """Show the listed mail in groups."""
        self.post_message(self.GroupsWanted(self._subject))

    def action_view_refresh(self) -> None:
        """Search again."""
        self.search(self._search.line)

    async def action_mark_all(self) -> None:
        """Mark all listed messages that the guard lets through, but the odd ones."""
        if self._search.loading and not len(self._search.found):
            self.notice(f"{STILL_SEARCHING} ‹mark.all› marks what is listed then.")
            return
        self.notice(f"Marking {len(self._search.rows):,} messages…")
        try:
            # Waited for here, and the next key waits for this: R typed right after it means what it marks.
            sentence = await self._choice.mark(self._search.rows.slots[: len(self._search.rows)], anew=True)
        except SluiceError as error:
            self.notice(str(error), late=True)
            return
        self._marks_changed(sentence)

    def action_mark_toggle(self) -> None:
        """Mark or unmark the message: an odd one goes out only if it was marked alone."""
        table = self.table()
        message, index = table.current, table.cursor_row
        super().action_mark_toggle()
        if message is not None:
            self._choice.note(message.id.exact, marked=table.marked.is_marked(index))

    async def action_mark_range(self) -> None:  # type: ignore[override]
        """Mark from the last marked row to this one; odd ones are marked one by one."""
        if await self._subject.group() is None:
            self.notice(f"{BETWEEN}: nothing was marked.", late=True)
            return
        before = {message.id.exact for message in self._subject.marked()}
        super().action_mark_range()
        odd = [name for name in self._choice.odd_marked() if name not in before]
        self.table().unmark(odd)
        if odd:
            self.notice(f"{plural(len(odd), 'odd one')} in between not marked: ‹mark.toggle› marks one.", late=True)

    def action_mark_none(self) -> None:
        """Unmark all, also what `a` took out: it belongs to those marks."""
        super().action_mark_none()
        self._choice.forget()

    def _marks_changed(self, sentence: str) -> None:
        self._show_again()
        self.show_about()
        more = "" if self._search.complete else " More is not loaded: ‹rows.load_all› loads all."
        self.notice(f"{sentence}{more}", late=True)

    def copy_id(self) -> str:
        """The message's id."""
        message = self.table().current
        return str(message.id) if message is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """What there is to copy of the message."""
        message = self.table().current
        return message_values(message) if message is not None else ()

    def marked_ids(self) -> Sequence[str]:
        """The ids of the marked messages."""
        return [str(message.id) for message in self.table().marked.marked_rows()]

    def _current(self) -> Sequence[Message]:
        return (message,) if (message := self.table().current) is not None else ()

    async def action_release_review(self) -> None:
        """Take the marked messages, or else the one under the cursor, to the review."""
        chosen = await self._choice.review(self._current(), alone=True)
        if chosen is None:
            self.notice(f"{BETWEEN}: nothing was taken.", late=True)
            return
        if not chosen.marked:
            nothing = "Nothing to release: no held mail is listed." if self.preset.held else "Nothing to release."
            self.notice(STILL_SEARCHING if self._search.loading else nothing)
            return
        self.post_message(self.ReviewWanted(chosen))

    @work(exclusive=True, group="move")
    async def action_rows_move(self) -> None:
        """Take the marked messages, or else the one under the cursor, to the review of a move."""
        chosen = await self._choice.review(self._current(), alone=True)
        if chosen is None:
            self.notice(f"{BETWEEN}: nothing was taken.", late=True)
            return
        if not chosen.marked:
            self.notice(STILL_SEARCHING if self._search.loading else "Nothing to move.")
            return
        count = plural(len(chosen.marked), "message")
        if destination := await self.choose_destination(f"Move {count} to"):
            self.post_message(self.ReviewWanted(chosen.moved_to(destination)))

    def plan_moved(self, state: PlanState) -> None:
        """After a plan: what was sent is unmarked, what was refused or not sent stays marked; the list is read again."""
        if not state.ended:
            return
        sent = (*SAID_DONE, *OPEN, Outcome.UNDELIVERED, Outcome.FAILED)
        self.table().unmark(result.target.id for result in state.results if result.outcome in sent)
        self.search(self._search.line)


class QuarantineScreen(MailScreen):
    """Held mail."""

    screen_name = "quarantine"
    preset = HELD_MAIL
    BINDINGS = actions.bindings("quarantine")
