"""A plan while it is sent, and the outcome for every recipient; also an earlier plan, to be settled and resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.core.bars import bar
from tui_app.core.clock import local_time, rough_duration
from tui_app.core.errors import SluiceError
from tui_app.core.id_form import is_investigate_id
from tui_app.core.paths import sheet
from tui_app.core.text import DETAIL_LIMIT, Untrusted, plural, sanitize
from tui_app.jobs.failures import advice_without_hope
from tui_app.plans.commands import CheckArrival, Close, Resume, Send, Settle
from tui_app.plans.effect import Source
from tui_app.plans.follow_up import UNDO_OF_RELEASE
from tui_app.plans.ids import parse_ids
from tui_app.plans.report import sums_checked, told
from tui_app.plans.state import Phase, PlanState
from tui_app.plans.submission import fates
from tui_app.screens.as_command import AsCommand
from tui_app.screens.confirm import Confirm, came_too_soon
from tui_app.screens.copy import Value
from tui_app.screens.find import FindInTable
from tui_app.screens.intent import Intent
from tui_app.screens.journal_watch import JournalWatch
from tui_app.screens.mail.siblings import MessageRef, Siblings
from tui_app.screens.plan.names import PlanNames
from tui_app.screens.plan.question import close_question, left_out_reasons, rest_question
from tui_app.screens.plan.recipients import COLUMNS, RecipientRow, recipient_cells, recipient_rows
from tui_app.screens.plan.standing import OF_ITS_ACCOUNT, Standing
from tui_app.screens.plan.submission import PlanSubmission
from tui_app.screens.plan.sums import phase_of, sums_of
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import RowTable
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.enums import Disposition
    from tui_app.plans.commands import Command
    from tui_app.plans.effect import Effect
    from tui_app.plans.guard import Guarded
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.submission import ToSubmit
    from tui_app.plans.write_entry import WriteEntry
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import FooterKeys

_OF_ITS_ACCOUNT: Final = frozenset(action_id.replace(".", "_") for action_id in OF_ITS_ACCOUNT)


def _reference(row: RecipientRow) -> MessageRef | None:
    name = row.key.partition(" ")[0]
    return MessageRef(id=Untrusted(name)) if is_investigate_id(name) else None


def _facts_of(state: PlanState) -> tuple[object, ...]:
    """What a journal tells of a plan, and what is known of one that was just worked on."""
    outcomes = [state.outcome_of(target) for target in state.plan.targets]
    seen = state.arrival and (state.arrival.at.replace(microsecond=0), state.arrival.sightings)
    return outcomes, seen, state.closed, state.resends, state.remarks


def _without_ids(remark: str) -> str:
    """With the beginnings of ids only: it may be broken over lines, and who copies those into a form must not take an id.

    The report has them whole.
    """
    for found in parse_ids([remark]).found:
        remark = remark.replace(found.name, f"{found.name[:8]}…")
    return remark


class PlanScreen(FindInTable):
    """A plan: a new one is sent from here, an earlier one is settled and resumed."""

    CSS_PATH = sheet("screens/plan")
    screen_name = "plan"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("plan")

    class MessageChosen(Intent):
        """The message of a row was opened."""

        def __init__(self, message: MessageRef, siblings: Siblings[MessageRef], effect: Effect) -> None:
            super().__init__()
            self.message = message
            self.siblings = siblings
            self.effect = effect

    class NotBegun(Intent):
        """A new plan could not be begun, and why: nothing was sent, and nothing is on record."""

        def __init__(self, command: Send, why: str) -> None:
            super().__init__()
            self.command = command
            self.why = why

    def __init__(
        self,
        service: EmailSecurityService,
        new: Send | None = None,
        entry: LedgerEntry | None = None,
        guarded: Guarded | None = None,
    ) -> None:
        super().__init__(service)
        assert (new is None) is not (entry is None)
        self._new = new
        if entry is None:
            assert new is not None
            self._state = PlanState(new.plan)
        else:
            # What this program does with it is newer than its journal.
            self._state = service.plans.live_state(entry.plan_id) or entry.state
        # What the journal does not keep of the mail is known here for as long as the screen is.
        self._targets = {target.id: target for target in self._state.plan.targets}
        if guarded is not None:
            self._targets.update((kept.target.id, kept.target) for kept in (*guarded.held_back, *guarded.unfit))
        self._old = entry
        """The plan as its journal told of it when it was last read; None before that of a new one."""
        self._journals = JournalWatch(lambda: service.plans.ledger.folder)
        self._whose = service.settings.whose(entry.account) if entry is not None else ""
        """The other account that an earlier plan belongs to; empty for this one."""
        self._names = (
            None if entry is None or self._whose else PlanNames(self, self._state, self._targets, self._show_again)
        )
        """Asks for senders and subjects, which a journal does not keep."""
        self._lock_holder = ""
        """Who works on it elsewhere."""
        self._lock_unseen = ""
        """Why that can't be seen."""
        self._waits_until: float | None = None
        self._asks_at: float | None = None
        self._submission = PlanSubmission(self)
        self._recorded: SluiceError | None = None
        """The last error that is in the activity."""
        self._not_begun = ""
        """Why the plan could not be begun: nothing was sent, and nothing is on record."""
        self._looking = False
        self._show_due = False
        """Whether what is left of an earlier plan is being looked at: nothing is sent meanwhile."""
        self._waits_since: float | None = None
        """When it was painted that the plan waits for the operator."""
        self._shown: tuple[object, ...] = ()
        self._reports: Sequence[WriteEntry] = ()
        """What of it was reported to the service, the oldest first."""

    def content(self) -> Iterable[Widget]:
        """Progress, sums, one row per recipient."""
        yield TextLine(id="progress")
        yield TextBlock(id="sums")
        yield TextLine(id="why")
        yield RowTable[RecipientRow](COLUMNS, recipient_cells, id="table")

    def table(self) -> RowTable[RecipientRow]:
        """Recipients, the worst outcomes first."""
        return self.query_one("#table", RowTable)

    def mounted(self) -> None:
        """Begin, if it is a new one."""
        super().mounted()
        self.show_state(self._state)
        if self._old is not None:
            self._watch()
            self._ask_for_names()
        if self._new is not None:
            self._send(self._new)

    def resumed(self) -> None:
        """Also read what followed."""
        super().resumed()
        self.read_followers(Source.PLAN, self._state.plan.plan_id)
        self._read_reports()
        self._ask_for_names()

    def suspended(self) -> None:
        """Nobody reads what is asked for: it is asked for no more."""
        super().suspended()
        if self._names is not None:
            self._names.stop()

    def _ask_for_names(self) -> None:
        if self._names is not None:
            self._names.ask(self._state)

    @work(exclusive=True, group="reports")
    async def _read_reports(self) -> None:
        """Find out what of it was reported to the service, in a thread."""
        with suppress(SluiceError):  # the ledger says itself what is wrong with it
            plan = self._state.plan.plan_id
            self._reports = await asyncio.to_thread(self.service.plans.ledger.reports_of, plan)
            if self.ready:
                self._show_rows()
                self.show_frame()

    @work
    async def _start_command(self, action_id: str, make: Callable[[LedgerEntry], Command], then: str = "") -> None:
        """Let an earlier plan be worked on, as its journal tells of it now."""
        self.awaiting = True
        if entry := await self._entry(action_id):
            await self._run(make(entry), then)
        self.awaiting = False

    @work
    async def _send(self, command: Send) -> None:
        await self._run(command)
        if self._not_begun:
            self.post_message(self.NotBegun(command, self._not_begun))

    async def _run(self, command: Command, then: str = "") -> None:
        """Let the plan be worked on; the screen stays, and what goes wrong is said, or else what is to be said then."""
        self.awaiting = True
        self.workers.cancel_group(self, "reread")  # what it read is older than what comes now
        if self._names is not None:
            self._names.stop()
        try:
            self.show_state(await self.service.plans.start(command))
            if then:
                self.notice(then)
        except SluiceError as error:
            self.service.record(str(error))
            await self._read_anew()
            self.notice(str(error))
            self._not_begun = str(error)
        finally:
            self.awaiting = False

    def may_leave(self) -> bool:
        """Not while it runs: the outcome belongs on the screen."""
        if not self.awaiting or self._looking:
            return True
        if self._submission.sending:
            self.notice("It is being reported. ctrl+q quits after the request in flight.")
            return False
        self.notice(self._standing.why_not_left)
        return False

    # ---- news

    def show_state(self, state: PlanState) -> None:
        """Take a snapshot of the run."""
        now = self.service.clock.monotonic()
        waits = state.phase in (Phase.PAUSED, Phase.CANARY) and self._state.phase is not state.phase
        was_ended = self._state.ended
        self._record(state)
        self._state = state
        self._waits_until = now + state.waiting if state.waiting is not None else None
        self._asks_at = now + state.next_question if state.next_question is not None else None
        if not self.ready:
            return
        if waits or (state.ended and not was_ended):
            self.notice("")  # what to do now comes before what was said of a key
        if state.phase not in (Phase.PAUSED, Phase.CANARY):
            self._waits_since = None
        elif self._waits_since is None:
            self.call_after_refresh(self._waits_now)
        # A quick plan has many states a second, and to lay out thousands of rows takes longer than that: only the newest
        # is shown, and keys come in between.
        if not self._show_due:
            self._show_due = True
            self.call_later(self._show_newest)

    def _show_newest(self) -> None:
        self._show_due = False
        if self.ready:
            self._show_rows()
            self.show_frame()

    def _record(self, state: PlanState) -> None:
        """Keep in the activity what the line above the footer has no room for, once in a session."""
        about = f"{state.plan.effect.title}, plan {state.plan.plan_id}: "
        remarks = [f"Look at this: {_without_ids(sanitize(remark, DETAIL_LIMIT))}" for remark in state.remarks]
        if remarks:
            sentence = f"{about}told beside what was asked:"
            kept = {line for each in self.service.activities if each.sentence == sentence for line in each.details}
            if new := [line for line in remarks if line not in kept]:
                self.service.record(sentence, new)
        # An answer that ended a plan is kept with its end.
        error, waits = state.error, state.phase in (Phase.PAUSED, Phase.CANARY)
        if error is None or error is self._recorded or not (waits or state.ended):
            return
        self._recorded = error
        if waits or not isinstance(error, ApiError):
            self.service.record(f"{about}{error}", error.details() if isinstance(error, ApiError) else ())

    def _show_rows(self) -> None:
        """Show the recipients anew, if anything about them is new."""
        state = self._state
        shown = (state.results_by_id, state.in_flight, state.ended, state.arrival, self._reports)
        if shown != self._shown:
            moved_on = shown[:-1] != self._shown[:-1]
            self._shown = shown
            self._show_again()
            if state.ended and moved_on:
                # The worst outcomes are the first lines, wherever the cursor was while they came.
                self.table().move_to(0)

    def _show_again(self) -> None:
        state = self._state
        results = told(state, self._targets) if state.ended else list(state.results)
        rows = recipient_rows(results, self._targets, state.arrival, fates(self._reports))
        self.table().show_rows(ListRows(rows, lambda line: line.key))

    def _waits_now(self) -> None:
        if self._state.phase in (Phase.PAUSED, Phase.CANARY):
            self._waits_since = asyncio.get_running_loop().time()

    def plan_moved(self, state: PlanState) -> None:
        """Show where it is."""
        if state.plan.plan_id == self._state.plan.plan_id:
            self.show_state(state)

    def time_passed(self) -> None:
        """Count down to what is waited for."""
        super().time_passed()
        if self._state.ended and not self.awaiting:
            self._watch()
        if self._waits_until is not None or self._asks_at is not None or self._state.phase is Phase.WAITING:
            self.show_frame()

    def _watch(self) -> None:
        """See whether another mailsluice works on it, and what one has written about it."""
        was, was_unseen = self._lock_holder, self._lock_unseen
        ledger = self.service.plans.ledger
        try:
            account = self._old.account if self._old is not None else self.service.settings.identity
            self._lock_holder, self._lock_unseen = ledger.lock_holder(account), ""
        except SluiceError as error:
            self._lock_holder, self._lock_unseen = "", str(error)
        if (was, was_unseen) != (self._lock_holder, self._lock_unseen):
            self.show_frame()
        own = [self._old.file] if self._old is not None else []
        if self._journals.changed((*own, *(report.file for report in self._reports))):
            self._reread()
            self._read_reports()
            self.read_followers(Source.PLAN, self._state.plan.plan_id)

    @work(exclusive=True, group="reread")
    async def _reread(self) -> None:
        await self._read_anew()

    async def _read_anew(self) -> None:
        """Show what its journal tells by now; one that can't be read is left to who wants something of it."""
        with suppress(SluiceError):
            now = await asyncio.to_thread(self.service.plans.ledger.find, self._journal_name)
            if self.ready:
                self._take(now)

    @property
    def _journal_name(self) -> str:
        # A copy has the same id: what was opened is gone on with.
        return self._old.file if self._old else self._state.plan.plan_id

    def _take(self, now: LedgerEntry) -> None:
        """Show what a journal tells, where that is more than is known here: somebody else wrote it."""
        if not self._state.ended:
            return
        self._old = now
        if self._state.phase is Phase.WAITING:
            if now.unfinished:
                return  # its journal does not tell that it is sent from here
            self.service.plans.forget_time(now.plan_id)
        # How a run of this program ended, and why, is in no journal.
        if _facts_of(now.state) != _facts_of(self._state):
            self.show_state(now.state)
        else:
            self.show_frame()

    def show_frame(self) -> None:
        """Also progress and sums."""
        super().show_frame()
        if not self.ready:
            return
        state = self._state
        phase = "worked on elsewhere" if self._lock_holder else phase_of(state)
        name = self._old.name if self._old is not None else state.plan.plan_id
        source = f"  {sanitize(state.plan.source.describe(), 40)}" if state.plan.source is not None else ""
        self.set_breadcrumb(
            [(f"{state.plan.effect.title} › ", "dim"), (f"plan {sanitize(name, 40)}", "bold"), source],
            [(self._names.describe() if self._names is not None else "", "dim"), phase],
        )
        every = len(state.plan.targets)
        known = len(state.results_by_id)
        self.query_one("#progress", TextLine).set_text(
            (bar(known / every if every else 1.0, 12), "$text-accent"),
            f"  {known:,} of {every:,} · {plural(state.requests, 'request')}",
            (self._waits(), "$text-warning"),
        )
        self.query_one("#sums", TextBlock).set_items(*sums_of(state, self._reports))
        followers = f"{self.followers} · " if self.followers else ""
        self.query_one("#why", TextLine).set_text(
            followers, ("reason: ", "dim"), PrivateText(sanitize(state.plan.reason))
        )
        self.table().set_empty_text("Sending…")

    def _waits(self) -> str:
        now = self.service.clock.monotonic()
        if self._state.phase is Phase.WAITING and (due := self._state.plan.not_before) is not None:
            left = (due - self.service.clock.now()).total_seconds()
            return f"  waits until {local_time(due):%H:%M:%S}, in {rough_duration(max(left, 1))}"
        if self._state.ended and self._state.unfinished and (due := self._state.plan.not_before) is not None:
            return f"  not before {local_time(due):%Y-%m-%d %H:%M:%S}"
        if self._waits_until is not None and not self._state.ended:
            return f"  rate limit, again in {max(0, round(self._waits_until - now))} s, ‹plan.stop› gives up"
        if self._state.phase is Phase.SETTLING:
            asked = f"  settling: asked {plural(self._state.asked, 'time')}"
            return asked + (f", next in {max(0, round(self._asks_at - now))} s" if self._asks_at else "")
        return ""

    def as_command(self) -> AsCommand:
        """The plan on record."""
        return AsCommand(["ledger", "show", self._state.plan.plan_id])

    def why_not(self, action_id: str) -> str:
        """What makes no sense as the plan stands."""
        return self._standing.why_not(action_id) or super().why_not(action_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """With another account's plan nothing is done here."""
        if self._whose and action in _OF_ITS_ACCOUNT:
            return False
        return super().check_action(action, parameters)

    def footer_keys(self) -> FooterKeys:
        """What is still to be done comes before what can be done about it afterwards; no way out of one at work."""
        keys, ways_out = super().footer_keys()
        back = self.key_map.key("screen.back")
        return keys, [way for way in ways_out if self._state.ended or way[0] != back]

    def notice_too(self, sentence: str) -> None:
        """Nothing that nobody asked for hides what to do next with a plan; `!` has it."""

    @property
    def _standing(self) -> Standing:
        read_only = self.service.settings.read_only
        return Standing(self._state, self._old, self._lock_holder, self._lock_unseen, read_only, self._whose)

    def describe(self) -> Sequence[Piece]:
        """What to do next; an error first."""
        return self._standing.next_step()

    # ---- intents

    async def _entry(self, action_id: str) -> LedgerEntry | None:
        """The plan as its journal tells of it now, if that still lets something be done; why not is said."""
        try:
            entry = await asyncio.to_thread(self.service.plans.ledger.find, self._journal_name)
        except SluiceError as error:
            self.notice(str(error))
            return None
        self._take(entry)
        if why := self._standing.why_not(action_id):
            self.notice(why)
            return None
        return entry

    def _may(self, action_id: str) -> bool:
        """Whether something can be done as the plan stands; why not is said."""
        why = self._standing.why_not(action_id)
        if not why and self.awaiting and self._state.ended:
            why = f"Not yet: an answer is awaited. Press ‹{action_id}› again when it is there."
        if why:
            self.notice(why)
        return not why

    def action_plan_stop(self) -> None:
        """Send nothing after the request in flight."""
        if self._state.phase is Phase.WAITING:
            if self.service.plans.give_up(self._state.plan.plan_id):
                self.show_state(replace(self._state, phase=Phase.INTERRUPTED, due_in=None))
                self.notice("It waits no more. ‹plan.continue› goes on with it, ‹plan.close› closes it.")
            else:
                self.notice("Its time has just come: stopping.")
            return
        if not self._may("plan.stop"):
            return
        self.service.stop_plan()
        if self._waits_until is None:
            self.notice("Stopping after the request in flight.")

    def action_plan_pause(self) -> None:
        """Pause after the request in flight, or go on."""
        if self._state.phase is Phase.PAUSED:
            self.service.plans.continue_sending()
        elif self._state.phase is Phase.CHECKING:
            self.notice("Nothing is being sent. ‹plan.stop› stops looking.")
        elif self._may("plan.pause"):
            self.service.plans.pause()
            settling = self._state.phase is Phase.SETTLING
            when = "when this is settled" if settling else "after the request in flight"
            self.notice(f"Pauses {when}; ‹plan.continue› sends the rest.")

    def action_plan_continue(self) -> None:
        """Send the rest: after the first ones, after a pause, or of a plan that is unfinished."""
        if self._state.phase in (Phase.PAUSED, Phase.CANARY):
            if came_too_soon(self, self._waits_since, Confirm.READ_FIRST):
                self.notice("Not yet: look at what was sent, then press ‹plan.continue› again.")
                return
            self.service.plans.continue_sending()
        elif self._may("plan.continue"):
            self._review_rest()

    @work(exclusive=True, group="rest")
    async def _review_rest(self, *, resend_unseen: bool = False) -> None:
        """Look at what is left, show what would be sent by now, and send it when its number was typed."""
        action_id = "plan.resend" if resend_unseen else "plan.continue"
        self.awaiting = self._looking = True
        self.notice("Looking at what is left…")
        try:
            entry = await self._entry(action_id)
            if entry is None:
                return
            rest = await self.service.plans.review_rest(entry, resend_unseen=resend_unseen)
        except SluiceError as error:
            self.service.record(str(error))
            await self._read_anew()
            self.notice(f"{error} Nothing was sent.")
            return
        finally:
            self.awaiting = self._looking = False
        self.notice("")
        if not rest.fit:
            nothing = f"Nothing is left to send. {left_out_reasons(rest.why_not)}"
            if entry.doubts:
                self.notice(nothing)  # in such a journal nobody writes unasked
            else:
                # Nothing is sent: what is unknown is asked about, and what is not to be sent any more goes on record.
                self._start_command(action_id, partial(Resume, reviewed=()), nothing)
            return
        if not await self.ask(rest_question(entry, rest, resend_unseen=resend_unseen)):
            self.notice("Nothing was sent.")
        else:
            self._start_command(
                action_id,
                partial(Resume, resend_unseen=resend_unseen, reviewed=rest.fit, despite_doubts=bool(entry.doubts)),
            )

    def action_plan_settle(self) -> None:
        """Ask the server what became of what is unknown."""
        if self._may("plan.settle"):
            self._start_command("plan.settle", Settle)

    def action_plan_check(self) -> None:
        """Look again at what was said to be done."""
        if self._may("plan.check"):
            self._start_command("plan.check", CheckArrival)

    def action_plan_resend(self) -> None:
        """Send again what was not seen done, after the risk was named and the number typed."""
        if self._may("plan.resend"):
            self._review_rest(resend_unseen=True)

    @work
    async def action_plan_close(self) -> None:
        """Close the plan: what was not sent never will be."""
        if not self._may("plan.close"):
            return
        entry = await self._entry("plan.close")
        if entry is None:
            return
        if not await self.ask(close_question(entry, self._state)):
            self.notice("The plan stays open.")
        else:
            self._start_command("plan.close", Close)

    @work(exclusive=True, group="submit")
    async def action_plan_submit(self) -> None:
        """Report what was delivered, or moved, to the service: looked up, asked, confirmed, sent."""
        if not self._may("plan.submit"):
            return
        self.awaiting = self._looking = True
        try:
            entry = await self._entry("plan.submit")
            asked = await self._submission.choose(entry, self._targets) if entry is not None else None
            self._read_reports()  # what is left out of it may have been reported elsewhere
        finally:
            self.awaiting = self._looking = False
        if entry is not None and asked is not None and (expected := await self._submission.confirm(entry, asked)):
            self._submit(entry, asked, expected)

    @work
    async def _submit(self, entry: LedgerEntry, asked: ToSubmit, expected: Disposition) -> None:
        await self._submission.send(entry, asked, expected)
        self._read_reports()

    def action_row_open(self) -> None:
        """Open the message of a row."""
        line = self.table().current
        identity = line.key.partition(" ")[0] if line is not None else ""
        if is_investigate_id(identity):
            siblings = Siblings(self.table(), _reference)
            self.post_message(self.MessageChosen(MessageRef(id=Untrusted(identity)), siblings, self._state.plan.effect))
        else:
            self.notice("Of this message only a postfix id is known: it can't be opened." if identity else "No row.")

    @work(exclusive=True, group="follow-up")
    async def action_plan_retry(self) -> None:
        """Take what failed to a new review."""
        if entry := await self._entry("plan.retry"):
            retry = self.service.follow_ups.retry_plan
            self.post_message(self.PlanWanted("Looking up what failed…", lambda: retry(entry)))

    @work(exclusive=True, group="follow-up")
    async def action_rows_undo(self) -> None:
        """Take what was done to a new review, to be taken back."""
        entry, destination = await self._entry("rows.undo"), None
        if entry is not None and not entry.plan.effect.is_move:
            destination = await self.choose_destination("Move what was released to", UNDO_OF_RELEASE)
            if destination is None:
                return
        if entry is not None:
            undo = self.service.follow_ups.undo_plan
            self.post_message(self.PlanWanted("Looking up what was done…", lambda: undo(entry, destination)))

    @work(exclusive=True, group="report")
    async def action_plan_report(self) -> None:
        """Write the report beside where the console was started: Markdown, CSV and JSON."""
        entry = await self._entry("plan.report")
        if entry is None:
            return
        try:
            written = await asyncio.to_thread(self.service.plans.write_report, entry, advice_without_hope)
        except SluiceError as error:
            self.notice(str(error))
            return
        _, sentence = sums_checked(entry.state)
        self.service.record(f"Report of plan {entry.plan.plan_id}: {', '.join(written)}. {sentence}")
        self.notice(f"Written here: {', '.join(written)}")

    def copy_id(self) -> str:
        """The message's id."""
        line = self.table().current
        return line.key.partition(" ")[0] if line is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """The line in full."""
        line = self.table().current
        return line.values() if line is not None else ()
