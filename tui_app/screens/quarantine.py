"""Held mail: search it, mark it, take it to a release review."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from textual import work
from textual.message import Message as Event
from textual.widget import Widget
from textual.widgets import Input

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.api.messages import Message
from tui_app.errors import GuardError, SluiceError
from tui_app.plans.engine import Fate, RunState
from tui_app.plans.guard import Guarded
from tui_app.plans.held_query import parse_held_query
from tui_app.plans.plan import Target
from tui_app.screens import looks
from tui_app.screens.place import MORE, Place
from tui_app.service import EmailSecurityService
from tui_app.text import plural, safe
from tui_app.widgets.lines import Piece
from tui_app.widgets.row_table import Cell, Column, RowTable

LOADED_AT_ONCE: Final = 5000
"""Messages loaded without being asked: five requests."""
COLUMNS: Final = (
    Column("VERDICT", 15),
    Column("FROM", weight=3),
    Column("SUBJECT", weight=4),
    Column("TO", weight=2),
    Column("AGE", 4, right=True),
    Column("REASONS", weight=3, from_width=130),
    Column("SCANNED", 23, from_width=150),
)


class QuarantineScreen(Place):
    """The held mail that a search finds."""

    place = "quarantine"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("quarantine")

    class MessageChosen(Event):
        """A message was opened."""

        def __init__(self, message: Message) -> None:
            super().__init__()
            self.message = message

    class ReleaseWanted(Event):
        """Marked messages, guarded, go to the review."""

        def __init__(self, guarded: Guarded) -> None:
            super().__init__()
            self.guarded = guarded

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__(service)
        self._line = ""
        self._searching = False
        self._problem = ""
        self._read_at: datetime | None = None
        self._search = service.search_held(parse_held_query("", service.clock.now()))

    def content(self) -> Iterable[Widget]:
        """The search line and the table."""
        box = Input(
            placeholder="sender:… recipient:… subject:… verdict:SPAM 24h words", id="search-line", disabled=True
        )
        box.cursor_blink = False
        yield box
        yield RowTable[Message](COLUMNS, lambda message: message.id.exact, self._cells, id="table")

    def table(self) -> RowTable[Message]:
        """The messages."""
        return self.query_one("#table", RowTable)

    def on_mount(self) -> None:
        """Already searched when it opens."""
        super().on_mount()
        self.search("")

    def _cells(self, message: Message) -> Sequence[Cell]:
        return (
            looks.verdict(message.final_disposition),
            Cell(str(message.sender)),
            Cell(str(message.subject)),
            Cell(looks.people(message.recipients), "muted"),
            Cell(looks.age(message.when, self.service.clock.now()), "muted"),
            Cell("; ".join(map(str, message.detection_reasons)), "muted"),
            Cell(looks.local(message.when), "muted"),
        )

    # ---- searching

    def search(self, line: str) -> None:
        """Search anew. A line that makes no sense is said, and nothing is sent."""
        try:
            params = parse_held_query(line, self.service.clock.now())
        except ValueError as error:
            self.notice(str(error))
            return
        table = self.table()
        dropped = len(table.marked) if line != self._line else 0
        if dropped:
            # Marks of mail that is not listed any more must not wait for the next R.
            table.unmark_all()
            self.notice(f"Another search: {plural(dropped, 'mark')} removed.")
        if line != self._line:
            self.table().forget_cursor()
            self.table().show_rows((), whole=False)
        self._line, self._problem = line, ""
        self._search = self.service.search_held(params)
        self._load(LOADED_AT_ONCE)

    @work(exclusive=True, group="search")
    async def _load(self, at_most: int) -> None:
        """Load pages of the search until so many more are here."""
        search = self._search
        enough = len(search.found) + at_most
        self._searching, self._problem = True, ""
        self.show_place()
        try:
            while not search.complete and len(search.found) < enough:
                await search.load_page()
                self._read_at = self.service.clock.now()
                self.table().show_rows(search.found, whole=search.complete)
                self.show_place()
        except SluiceError as error:
            more = ""
            details: tuple[str, ...] = ()
            if isinstance(error, ApiError):
                more, details = await self.service.diagnose(error), error.details()
            self._problem = f"{error} {more}".strip()
            self.service.record(self._problem, details)
        finally:
            if search is self._search:
                self._searching = False
                self.show_place()

    def freshness(self) -> Piece:
        """When the search was answered: it is not polled, r searches again."""
        return super().freshness() or (f"read {self._read_at.astimezone():%H:%M}" if self._read_at else "")

    def show_place(self) -> None:
        """What is searched, how much of it is here, what is marked."""
        if not self.ready:
            return
        what = f"  held · {safe(self._line) or 'the last 7 days'}"
        found = len(self._search.found)
        loaded = f"{found:,} found" + (
            ", all loaded" if self._search.complete else ", loading…" if self._searching else " so far, G loads more"
        )
        if self._problem and not found:
            loaded = "no answer; what is listed is older" if self.table().rows else "no answer"
        self.say_place([("Quarantine", "bold"), (what, "")], [loaded])
        if self._problem:
            empty = self._problem
        elif self._searching:
            empty = "Searching held mail…"
        else:
            empty = "No held mail matches. / changes the search, for example: / 30d"
        self.table().say_if_empty(empty)
        self.show_about()

    def show_frame(self) -> None:
        """Also the place line."""
        super().show_frame()
        self.show_place()

    def describe(self) -> Sequence[Piece]:
        """Marks, and the message under the cursor."""
        table = self.table()
        if self._problem and table.rows:
            again = "G tries again." if self._search.found else "r searches again."
            return [(f"{self._problem} {again}", "$text-error"), MORE]
        pieces: list[Piece] = [(f"{len(table.marked):,} marked · ", "bold")] if table.marked else []
        message = table.cursor_row
        if message is not None:
            reasons = "; ".join(map(str, message.detection_reasons)) or "no reasons given"
            pieces.append((f"{reasons} · to {', '.join(map(str, message.recipients[:3]))}", "dim"))
        return pieces

    def on_row_table_moved(self) -> None:
        """Tell of another message."""
        self.show_about()

    def on_row_table_marked(self) -> None:
        """Tell how many are marked."""
        self.show_about()

    def on_row_table_at_end(self) -> None:
        """Load more, when there is more."""
        if not self._search.complete and not self._searching:
            self._load(1)

    # ---- intents

    def action_search_edit(self) -> None:
        """Edit the search."""
        box = self.query_one("#search-line", Input)
        box.disabled = False
        box.value = self._line
        self.set_focus(box)

    def _close_search(self) -> None:
        self.query_one("#search-line", Input).disabled = True
        self.set_focus(self.table())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        self._close_search()
        self.search(event.value.strip())

    def handle_back(self) -> bool:
        """Esc leaves the search line first, then unmarks."""
        if not self.query_one("#search-line", Input).disabled:
            self._close_search()
            return True
        return super().handle_back()

    def action_row_open(self) -> None:
        """Open the message."""
        if message := self.table().cursor_row:
            self.post_message(self.MessageChosen(message))

    def action_view_refresh(self) -> None:
        """Search again."""
        self.search(self._line)

    def action_mark_all(self) -> None:
        """Mark all loaded messages that the guard lets through."""
        table = self.table()
        try:
            guarded = self.service.guard([Target.of(message) for message in self._search.found])
        except GuardError as error:
            self.notice(str(error))
            return
        table.unmark_all()
        table.mark(target.id for target in guarded.allowed)
        held_back = f", {len(guarded.held_back):,} held back by guard" if guarded.held_back else ""
        rest = "" if self._search.complete else "; more is not loaded, G at the end loads it"
        self.notice(f"{len(table.marked):,} of {len(self._search.found):,} marked{held_back}{rest}.")

    def action_view_copy(self) -> None:
        """Copy the message's id."""
        if message := self.table().cursor_row:
            self.app.copy_to_clipboard(str(message.id))
            self.notice(f"{message.id} (copied, if the terminal allows)")

    def action_release_review(self) -> None:
        """Take the marked messages, or else the one under the cursor, to the review."""
        table = self.table()
        chosen = table.marked_rows()
        if len(chosen) != len(table.marked):
            # Never fall back to the cursor while marks exist: the operator means the marks.
            missing = len(table.marked) - len(chosen)
            self.notice(
                f"{plural(missing, 'marked message')} not loaded now: wait, load more with G, or u unmarks all."
            )
            return
        if not chosen and table.cursor_row is not None:
            chosen = (table.cursor_row,)
        if not chosen:
            self.notice("Nothing to release: no held mail is listed.")
            return
        try:
            guarded = self.service.guard([Target.of(message) for message in chosen])
        except GuardError as error:
            self.notice(str(error))
            return
        if not guarded.allowed:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.reasons().items())
            self.notice(
                f"The guard holds all of it back: {why}. Malicious mail is released by id on the command line only."
            )
            return
        self.post_message(self.ReleaseWanted(guarded))

    def released(self, state: RunState) -> None:
        """After a release: what was sent is unmarked, what was refused or not sent stays marked; the list is read again."""
        sent = (Fate.DELIVERED, Fate.UNDELIVERED, Fate.FAILED, Fate.UNKNOWN)
        self.table().unmark(result.target.id for result in state.results if result.fate in sent)
        self.search(self._line)
