"""Sends plans batch by batch, one request at a time, writes down what it is about to do, and says what became of every id."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, assert_never

from tui_app.api.errors import ApiError
from tui_app.api.read_back import READ_BACK_AFTER
from tui_app.core.errors import GuardError
from tui_app.plans.actions import Sending
from tui_app.plans.commands import CheckArrival, Close, Command, Resume, Send, Settle
from tui_app.plans.guard import Policy
from tui_app.plans.journal import JournalError
from tui_app.plans.recheck import LOOK_AHEAD, NOT_LOOKED_UP, LastLooks, Look, look_again
from tui_app.plans.records import (
    checked_record,
    closed_record,
    intent_record,
    resend_record,
    result_record,
    settled_record,
)
from tui_app.plans.replay import resending
from tui_app.plans.response import CONTRADICTED, Next, anything_done, judge
from tui_app.plans.state import OPEN, UNSEEN, Outcome, Phase, PlanState, Result

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.plans.actions import PlanAction, Request
    from tui_app.plans.effect import Effect
    from tui_app.plans.journal import Journal, Record
    from tui_app.plans.journal_file import JournalSizes
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.plan import Plan, Target
    from tui_app.plans.response import BatchResult

_SOON: Final = 5.0
"""Seconds before its time for which a plan is waited for with the lock held."""
HOPELESS: Final = 5
"""Messages refused one by one, with none accepted, after which the rest is not tried: it is not about the messages."""


@dataclass
class Engine:
    """Works on one plan at a time, on a loop of its own. It alone changes `state`; `report` gets it after every step."""

    client: EmailSecurityClient
    settings: Settings
    ledger: Ledger
    clock: Clock
    actions: Mapping[Effect, PlanAction]
    """What can be done to messages."""
    looks: LastLooks
    """When messages were last looked at, by whomever."""
    report: Callable[[PlanState], None] = lambda _: None
    began: tuple[datetime, float] = field(init=False)
    """When the program began, by both clocks: one that is set forward later is found out."""
    _state: PlanState | None = field(default=None, init=False)
    _journal: Journal | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)
    _pausing: bool = field(default=False, init=False)
    _sent_again: set[str] = field(default_factory=set, init=False)
    """Ids that somebody confirmed to be sent again and that were not yet."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now(), self.clock.monotonic()

    # ---- what may be asked of it, on its own loop

    async def work(self, command: Command, is_stopped: Callable[[], bool] = lambda: False) -> PlanState:
        """Do what a command asks to its end; the state of the plan then. `is_stopped` = a stop was asked for before it began.

        Raises Locked, GuardError, JournalError, and UsageError for another account's plan, when it can't be begun; then
        nothing was sent.
        """
        if not isinstance(command, Send):
            command.entry.check_account(self.settings.identity)
        with self.ledger.account_locked(self.settings.identity):
            self._journal, state = self._open(command)
            self._stopping, self._pausing = is_stopped(), False
            self._set(state)
            try:
                # A stop that came while the journal was opened is obeyed before the first request.
                await asyncio.sleep(0)
                await self._do(command)
                self._close_if_finished()
            except JournalError as error:
                # What is known stays on the screen, though the disk does not have it.
                self._keep(phase=Phase.HALTED, error=error, in_flight=())
            except BaseException:
                # Never shown as being on its way when nobody waits for it any more.
                self._state = self.state.abandoned()
                raise
            finally:
                self._journal.close()
                self._journal = None
                self._keep(waiting=None, next_question=None)
                self.report(self.state)
            return self.state

    def stop(self) -> None:
        """Send nothing after the batch in flight; a plan that waits to be sent again gives up."""
        self._stopping = True
        self._wake.set()
        self.client.transport.end_waits()
        if self._state is not None and not self._state.ended:
            self._change(phase=Phase.STOPPING)

    def pause(self) -> None:
        """Send nothing after the batch in flight until `continue_sending`."""
        self._pausing = True

    def continue_sending(self) -> None:
        """Go on after a pause, or after the canary."""
        self._pausing = False
        self._wake.set()

    def set_waiting(self, seconds: float) -> None:
        """A 429 is sat out for so many seconds."""
        if self._state is not None and not self._state.ended:
            self._change(waiting=seconds)

    # ---- the state, which only this changes

    @property
    def state(self) -> PlanState:
        """The plan that was last worked on, as it stands. Only after the first command."""
        assert self._state is not None
        return self._state

    @property
    def last_state(self) -> PlanState | None:
        """The same; None before the first command. From any thread."""
        return self._state

    def _set(self, state: PlanState) -> None:
        # Kept before anybody is told: it has to be right even if the loop that is told stands still.
        self._state = state
        self.report(state)

    def _keep(self, **changes: Any) -> None:
        """Change the state without telling anybody yet."""
        self._state = replace(self.state, **changes)

    def _change(self, **changes: Any) -> None:
        """Change the state and report it; whatever it waited for is over, unless the change says otherwise."""
        self._set(replace(self.state, **{"waiting": None, "due_in": None, **changes}))

    def _put(self, results: Iterable[Result], **changes: Any) -> None:
        """Take results; what was not sent has none."""
        by_id = dict(self.state.results_by_id)
        for result in results:
            if result.outcome is Outcome.NOT_SENT:
                by_id.pop(result.target.id, None)
            else:
                by_id[result.target.id] = result
        self._change(results_by_id=by_id, **changes)

    def _write(self, record: Record) -> None:
        assert self._journal is not None
        self._journal.add(record)

    # ---- commands

    def _open(self, command: Command) -> tuple[Journal, PlanState]:
        """The journal of the command's plan, and the state that the plan begins from."""
        if isinstance(command, Send):
            self._check_open_elsewhere(command.plan)
            journal, head = self.ledger.begin(command.plan, self.settings.identity)
            return journal, PlanState(command.plan, head=head)
        journal, now = self.ledger.resume(command.entry)
        if now.state.closed and isinstance(command, (Resume, Close)):
            journal.close()
            raise GuardError(f"Plan {now.plan.plan_id} is closed: nothing more is sent for it.")
        if isinstance(command, Resume) and now.doubts and not command.despite_doubts:
            journal.close()
            raise GuardError(
                f"{now.doubts[0]} Nothing was sent. Read it with: mailsluice ledger show {now.name}; "
                f"then send it all the same with: mailsluice ledger resume {now.name} --despite-doubts"
            )
        if now.plan.effect not in self.actions:
            journal.close()
            raise GuardError(
                f"Plan {now.plan.plan_id} does something that this version does not know. Nothing was sent."
            )
        return journal, replace(now.state, phase=Phase.RUNNING)

    def _check_open_elsewhere(self, plan: Plan) -> None:
        # Since the guard looked, another plan may have sent some of these and not heard what became of them.
        taken = self.ledger.other_plans(self.settings.identity).held()
        for target in plan.targets:
            held = next((taken[name] for name in target.names if name in taken), None)
            if held is not None and not (held.include and held.include in plan.words_for(target.id)):
                raise GuardError(f"{target.id} is held back: {held.why}. Nothing was sent.")

    def _sent_since_review(self, plan: Plan, journals: JournalSizes | None) -> dict[str, str]:
        """Why targets of a new plan are not sent: another console of this ledger was faster. A search may be behind."""
        if journals is None:
            return {}
        asked = self.ledger.asked_since(journals)
        sent = self.ledger.other_plans(self.settings.identity).sent_in(asked, plan)
        words = {target.id: next((sent[name] for name in target.names if name in sent), "") for target in plan.targets}
        return {name: f"plan {by} has sent it since it was reviewed" for name, by in words.items() if by}

    async def _do(self, command: Command) -> None:
        match command:
            case Send(plan, journals):
                sent = self._sent_since_review(plan, journals)
                self._leave_out(sent)
                await self._send_all([target for target in self.state.unsent if target.id not in sent])
            case Resume():
                await self._resume(command)
            case Settle(entry):
                await self._settle(late=self._is_late(entry))
                self._keep(phase=Phase.INTERRUPTED)
            case CheckArrival(entry):
                await self._check_arrival(entry)
            case Close():
                self._write(closed_record(self.state, self.clock.now()))
                self._keep(phase=Phase.STOPPED, closed=True)
            case _:
                assert_never(command)

    def _close_if_finished(self) -> None:
        if self.state.finished and not self.state.closed:
            self._write(closed_record(self.state, self.clock.now()))
            self._keep(phase=Phase.HALTED if self.state.phase is Phase.HALTED else Phase.DONE, closed=True)

    async def _resume(self, command: Resume) -> None:
        entry = command.entry
        await self._settle(late=self._is_late(entry))
        if self.state.with_outcome(Outcome.UNKNOWN) and not self._stopping:
            self._keep(phase=Phase.HALTED)
            return
        again = self.state.with_outcome(*UNSEEN) if command.resend_unseen else ()
        # The journal does not keep what was shown of them: whoever reviewed them does.
        reviewed = {target.id: target for target in command.reviewed or ()}
        waiting = [reviewed.get(target.id, target) for target in (*again, *self.state.unsent)]
        sent = self.ledger.other_plans(self.settings.identity).taken(entry, waiting)
        if (left := self._time_left(asked=False)) > _SOON and not again:
            self._keep(phase=Phase.WAITING, due_in=left)
            return
        try:
            look = await self._look(waiting)
        except (ApiError, GuardError) as error:
            self._keep(phase=Phase.HALTED, error=error)
            return
        gone, found = look.why_not, {target.id: target for target in look.fit}
        self._leave_out({**{name: f"{why} (seen when the plan was resumed)" for name, why in gone.items()}, **sent})
        rest = [
            found.get(target.id, target)
            for target in waiting
            if target.id not in gone and target.id not in sent and (command.reviewed is None or target.id in reviewed)
        ]
        unsent = {target.id for target in self.state.unsent}
        await self._send_all(
            [target for target in rest if target.id in unsent], [target for target in rest if target.id not in unsent]
        )

    async def _look(self, targets: Sequence[Target]) -> Look:
        """Look at messages that are to be sent; those that are not to be any more, and why. Raises ApiError, GuardError."""
        policy, began = Policy.of(self.settings.guard, self.state.plan.effect), self.looks.now()
        look = await look_again(self.client, policy, self._action.unfit, self.state.plan, targets, self.clock.now())
        self.looks.looked((target.id for target in targets if target.id not in look.not_looked_up), began)
        return look

    def _leave_out(self, why: Mapping[str, str]) -> None:
        """Take out what is not to be sent any more, on record with the reason. Nothing is on its way meanwhile."""
        self._keep(in_flight=())
        gone = [
            Result(target, Outcome.LEFT_OUT, why=why[target.id]) for target in self.state.unsent if target.id in why
        ]
        if gone:
            self._write(result_record(gone, http=None, ray=None, ms=0, at=self.clock.now()))
            self._put(gone)
        self._record_settled(
            [
                Result(target, self._action.not_seen, why=f"not sent again: {why[target.id]}")
                for target in self.state.with_outcome(*UNSEEN)
                if target.id in why
            ],
            anew=True,
        )

    async def _check_arrival(self, entry: LedgerEntry) -> None:
        self._change(phase=Phase.CHECKING)
        try:
            seen = await self._action.check_arrival(
                self.client, self.state, self.clock.now(), lambda: not self._stopping
            )
        except ApiError as error:
            self._keep(phase=entry.state.phase, error=error)
            return
        self._write(checked_record(seen))
        self._keep(phase=entry.state.phase, arrival=seen)

    def _is_late(self, entry: LedgerEntry) -> bool:
        """Whether so much time has passed since a plan last sent something that one look is as good as five."""
        return entry.sent_at is None or (self.clock.now() - entry.sent_at).total_seconds() > READ_BACK_AFTER[-1]

    # ---- sending

    @property
    def _action(self) -> PlanAction:
        return self.actions[self.state.plan.effect]

    async def _send_all(self, unsent: Sequence[Target], again: Sequence[Target] = ()) -> None:
        """Send what was never sent, after what is sent again."""
        plan = self.state.plan
        begun = any(result.outcome is not Outcome.LEFT_OUT for result in self.state.results_by_id.values())
        queue = deque((*plan.batches(again, begun=True), *plan.batches(unsent, begun=begun)))
        self._sent_again = {target.id for target in again}
        canary = bool(plan.canary) and not begun and len(queue) > 1
        refused, gone, just_seen = 0, frozenset[str](), frozenset[str]()
        sending = Sending(self.client, self.clock, self._post, self._may_repeat, self._leave_out)
        while queue:
            if self._stopping:
                self._keep(phase=Phase.STOPPED)
                return
            if (left := self._time_left()) > _SOON:
                # Nobody else is to be kept from acting meanwhile: whoever started it starts it again then.
                self._keep(phase=Phase.WAITING, due_in=left)
                return
            if left > 0:
                self._change(phase=Phase.RUNNING, due_in=left)
                await self.client.transport.wait(left)
                continue
            if self._pausing:
                await self._wait_for_operator(Phase.PAUSED)
                just_seen = frozenset()
                continue
            batch = tuple(target for target in queue.popleft() if target.id not in gone)
            # A plan with a time is sent by the server's clock, too: a look asks for it where nobody has.
            asks_time = plan.not_before is not None and not just_seen and self.client.transport.server_now() is None
            if asks_time or any(self.looks.is_old(target.id) and target.id not in just_seen for target in batch):
                ahead = [target for later in queue for target in later if target.id not in gone]
                try:
                    look = await self._look([*batch, *ahead][: max(LOOK_AHEAD, len(batch))])
                    if any(target.id in look.not_looked_up for target in batch):
                        raise GuardError(NOT_LOOKED_UP)
                except (ApiError, GuardError) as error:
                    self._keep(phase=Phase.STOPPED if self._stopping else Phase.HALTED, error=error)
                    return
                self._leave_out({name: f"{why} (seen before it was sent)" for name, why in look.why_not.items()})
                gone |= look.why_not.keys()
                # However slow the answers were: there is no later look than this one.
                just_seen = frozenset(target.id for target in batch)
                queue.appendleft(batch)  # whoever stopped or paused it meanwhile is heard
                continue
            if canary and len(batch) > plan.canary:
                # The first ones were left out: as few others come first.
                queue.appendleft(batch[plan.canary :])
                batch = batch[: plan.canary]
            if not batch:
                continue
            try:
                answer = await self._action.send(batch, sending)
            except ApiError as error:
                self._change(in_flight=(), error=error)
                self._keep(phase=Phase.STOPPED if self._stopping else Phase.HALTED)
                return
            self._put(answer.results, in_flight=(), error=answer.error)
            if answer.next is Next.SPLIT:
                batch = tuple(result.target for result in answer.results)
                middle = len(batch) // 2
                queue.extendleft((batch[middle:], batch[:middle]))
                continue
            refused = refused + len(batch) if answer.next is Next.CONTINUE and answer.error is not None else 0
            if answer.next is Next.HALT or (refused >= HOPELESS and not anything_done(self.state)):
                self._keep(phase=Phase.HALTED)
                return
            if answer.next is Next.SETTLE:
                await self._settle(late=False)
                if self.state.unknown:
                    self._keep(phase=Phase.STOPPED if self._stopping else Phase.HALTED)
                    return
            if answer.contradicted and queue:
                phase = Phase.STOPPED if self._stopping else Phase.HALTED
                self._keep(phase=phase, error=None if self._stopping else GuardError(CONTRADICTED))
                return
            if not answer.results:
                continue  # all were left out at the last moment: nothing was sent
            if canary and queue:
                await self._wait_for_operator(Phase.CANARY)
                just_seen = frozenset()  # whoever looked at them took his time
            canary = False
        stopped = Phase.STOPPED if self._stopping else Phase.HALTED
        self._keep(phase=Phase.DONE if self.state.finished else stopped)

    def _may_repeat(self) -> bool:
        return not self._stopping

    def _time_left(self, *, asked: bool = True) -> float:
        """Seconds until the plan may be sent, by every clock that there is: none of them may have been set forward.

        `asked` = the server told its time a moment ago. Else only this machine's time of day counts: after a sleep of the
        machine what the server told once is behind, too.
        """
        plan = self.state.plan
        if plan.not_before is None:
            return 0.0
        clocks = [self.clock.now()]
        if asked and (server := self.client.transport.server_now()) is not None:
            clocks.append(server)
        elif asked:
            clocks.append(self.began[0] + timedelta(seconds=self.clock.monotonic() - self.began[1]))
        return max(0.0, max((plan.not_before - now).total_seconds() for now in clocks))

    def _record_resend(self, batch: Sequence[Target]) -> None:
        """Put on record what is sent again when it is done and not before: a plan may halt in the middle."""
        if batch:
            record = resend_record(batch, self.ledger.origin, self.clock.now())
            self._write(record)
            self._set(resending(self.state, record))

    async def _post(self, request: Request) -> BatchResult:
        """One request, with its intent on the disk before it and what it came to after it."""
        batch, now, server = request.batch, self.clock.now(), self.client.transport.server_now()
        # What the server did is dated by its clock; ours may be hours off.
        ids = frozenset(target.id for target in batch)
        sent_at = {**self.state.sent_at, **dict.fromkeys(ids, server or now)}
        dated = self.state.server_dated | ids if server is not None else self.state.server_dated - ids
        self._record_resend([target for target in batch if target.id in self._sent_again])
        self._sent_again -= {target.id for target in batch}
        self._change(phase=Phase.RUNNING, in_flight=batch, sent_at=sent_at, server_dated=dated)
        self._write(intent_record(batch, request.body, now, server))
        began = self.clock.monotonic()
        result = await request.send(self.client, self._may_repeat)
        took = round((self.clock.monotonic() - began) * 1000)
        answer = judge(batch, result, request.match).keeping_open(self.state.resent, self._action.not_seen)
        self._keep(requests=self.state.requests + 1, remarks=(*self.state.remarks, *answer.remarks))
        try:
            self._write(
                result_record(
                    answer.results,
                    http=answer.http,
                    ray=answer.ray,
                    ms=took,
                    at=self.clock.now(),
                    remarks=answer.remarks,
                )
            )
        except JournalError:
            # Known, though it could not be written down.
            self._put(answer.results)
            raise
        return answer

    async def _wait_for_operator(self, phase: Phase) -> None:
        self._change(phase=phase)
        self._pausing = True
        while self._pausing and not self._stopping:
            self._wake.clear()
            await self._wake.wait()

    # ---- settling

    async def _settle(self, *, late: bool) -> None:
        """Read back what is open, on the schedule; `late` = it has been over long enough for one look."""
        if not self.state.with_outcome(*OPEN):
            return
        read_back = self._action.read_back(self.client, self.clock.now(), self.state)
        waited = 0.0
        schedule = READ_BACK_AFTER if not late else (0.0,)
        for number, after in enumerate(schedule, 1):
            self._change(phase=Phase.SETTLING, asked=number - 1, next_question=after - waited)
            waits_out = not self._stopping and await self.client.transport.wait(after - waited)
            self._keep(next_question=None)
            if not waits_out:
                return
            waited = after
            try:
                self._record_settled(await read_back.round(self.state.with_outcome(*OPEN)))
            except ApiError as error:
                self._change(error=error)
            if number == len(schedule):
                self._record_settled(await read_back.last_round(self.state.with_outcome(*OPEN)))
            self._change(asked=number)
            if not self.state.with_outcome(*OPEN):
                self._change(error=None)
                return

    def _record_settled(self, found: Iterable[Result], *, anew: bool = False) -> None:
        """Take what reading back showed; only what changes an outcome goes on record, or all of it (`anew`)."""
        written: list[Result] = []
        try:
            for result in found:
                if anew or self.state.results_by_id[result.target.id].outcome is not result.outcome:
                    self._write(settled_record(result, self.clock.now()))
                written.append(result)
        finally:
            if written:
                self._put(written)
