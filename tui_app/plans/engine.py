"""Sends plans batch by batch, one request at a time, writes down what it is about to do, and says what became of every id."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tui_app.api.errors import ApiError
from tui_app.api.read_back import READ_BACK_AFTER
from tui_app.api.write_result import Done, Refused, WriteResult
from tui_app.core.errors import GuardError
from tui_app.plans.guard import UNSEEN, Policy
from tui_app.plans.journal import JournalError
from tui_app.plans.recheck import left_out
from tui_app.plans.records import (
    checked_record,
    closed_record,
    intent_record,
    resend_record,
    resending,
    result_record,
    settled_record,
)
from tui_app.plans.response import Next, anything_done, judged, rejects_the_shape, sent_before, sent_id, tells
from tui_app.plans.settle import ReadBack
from tui_app.plans.state import OPEN, SAID_RELEASED, Outcome, Phase, PlanState, Result
from tui_app.plans.verify import look_again

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient, ReleaseShape
    from tui_app.api.models import ReleaseItem
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.core.state_file import StateFile
    from tui_app.plans.journal import Journal, Record
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.plan import Plan, Target
    from tui_app.plans.records import LedgerEntry

Report = Callable[[PlanState], None]
HOPELESS: Final = 5
"""Messages refused one by one, with none accepted, after which the rest is not tried: it is not about the messages."""

_RELEASE_BODY: Final = "release_body"


@dataclass
class Engine:
    """Runs one plan at a time, on a loop of its own. `report` gets a snapshot after every step."""

    client: EmailSecurityClient
    settings: Settings
    remembered: StateFile
    ledger: Ledger
    clock: Clock
    _understood: bool = field(default=False, init=False)
    """Whether a body was accepted since the program started: then a refusal is about something else."""
    _stopping: bool = field(default=False, init=False)
    _pausing: bool = field(default=False, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _state: PlanState | None = field(default=None, init=False)
    _report: Report = field(default=lambda _: None, init=False)
    _journal: Journal | None = field(default=None, init=False)
    _landed: tuple[Result, ...] = field(default=(), init=False)
    """What the last answer told, until the next request: it is known even if it can't be written down."""

    # ---- what may be asked of it, on its own loop

    def stop(self) -> None:
        """Send nothing after the batch in flight; a plan that waits to be sent again gives up."""
        self._stopping = True
        self._wake.set()
        self.client.transport.end_waits()
        if self._state is not None and not self._state.ended:
            self._say(replace(self._state, phase=Phase.STOPPING))

    def pause(self) -> None:
        """Send nothing after the batch in flight until `go_on`."""
        self._pausing = True

    def go_on(self) -> None:
        """Go on after a pause, or after the canary."""
        self._pausing = False
        self._wake.set()

    # ---- plans

    async def run(self, plan: Plan, report: Report) -> PlanState:
        """Send a new plan. Raises Locked and JournalError when it can't be begun; then nothing was sent."""
        with self.ledger.acting(self.settings.identity):
            # Since the guard looked, another plan may have sent some of these and not heard what became of them.
            taken = self.ledger.open_elsewhere(self.settings.identity)
            if found := next((taken[target.id] for target in plan.targets if target.id in taken), None):
                name, closed = found
                if not (closed and UNSEEN in plan.included):
                    raise GuardError(
                        f"Plan {name} has sent some of these and must settle them first. Nothing was sent."
                    )
            journal, head = self.ledger.begin(plan, self.settings.identity)
            return await self._with(journal, report, PlanState(plan, head=head), self._send_all)

    async def resume(self, entry: LedgerEntry, report: Report, *, resend_unseen: bool = False) -> PlanState:
        """Settle what is unknown of a plan, then send what was never sent and what the guard still lets through.

        With `resend_unseen` also what was not seen released, which may release it twice. Raises Locked and JournalError.
        """

        async def settle_then_send(state: PlanState) -> PlanState:
            state = await self._settle(state, late=self._is_late(entry))
            if state.with_outcome(Outcome.UNKNOWN) and not self._stopping:
                return replace(state, phase=Phase.HALTED)
            again = state.with_outcome(Outcome.NOT_SEEN) if resend_unseen else ()
            try:
                policy, now = Policy.of(self.settings.guard), self.clock.now()
                gone = await left_out(self.client, self.ledger, policy, entry, (*again, *state.unsent), now)
            except (ApiError, GuardError) as error:
                return replace(state, phase=Phase.HALTED, error=error)
            kept = [Result(t, Outcome.NOT_SEEN, why=f"not sent again: {gone[t.id]}") for t in again if t.id in gone]
            state = self._settled(self._without(state, gone), kept)
            return await self._send_all(state, tuple(target for target in again if target.id not in gone))

        return await self._reopened(entry, report, settle_then_send)

    def _without(self, state: PlanState, why: Mapping[str, str]) -> PlanState:
        """The same without what is not to be sent any more, on record with the reason."""
        gone = [Result(target, Outcome.LEFT_OUT, why=why[target.id]) for target in state.unsent if target.id in why]
        if not gone:
            return state
        self._write(result_record(gone, http=None, ray=None, ms=0, at=self.clock.now()))
        return replace(state, results_by_id={**state.results_by_id, **{result.target.id: result for result in gone}})

    async def settle(self, entry: LedgerEntry, report: Report) -> PlanState:
        """Read back what is open of a plan; nothing is sent. Raises Locked and JournalError."""

        async def only_settle(state: PlanState) -> PlanState:
            state = await self._settle(state, late=self._is_late(entry))
            return replace(state, phase=Phase.INTERRUPTED)

        return await self._reopened(entry, report, only_settle, closed_too=True)

    async def check(self, entry: LedgerEntry, report: Report) -> PlanState:
        """Look again at what was said to be released, and put on record how it was seen. Raises Locked and JournalError."""

        async def look(state: PlanState) -> PlanState:
            self._say(replace(state, phase=Phase.CHECKING))
            state = replace(state, phase=entry.state.phase)
            said = state.with_outcome(*SAID_RELEASED)
            try:
                check = await look_again(self.client, said, self.clock.now(), lambda: not self._stopping)
            except ApiError as error:
                return replace(state, error=error)
            self._write(checked_record(check))
            return replace(state, check=check)

        return await self._reopened(entry, report, look, closed_too=True)

    async def close_plan(self, entry: LedgerEntry, report: Report) -> PlanState:
        """Put on record that what was not sent of a plan never will be. Raises Locked and JournalError."""

        async def nothing(state: PlanState) -> PlanState:
            self._write(closed_record(state, self.clock.now()))
            return replace(state, phase=Phase.STOPPED, closed=True)

        return await self._reopened(entry, report, nothing)

    def _is_late(self, entry: LedgerEntry) -> bool:
        """Whether so much time has passed since a plan last sent something that one look is as good as five."""
        return entry.sent_at is None or (self.clock.now() - entry.sent_at).total_seconds() > READ_BACK_AFTER[-1]

    async def _reopened(
        self,
        entry: LedgerEntry,
        report: Report,
        work: Callable[[PlanState], Awaitable[PlanState]],
        *,
        closed_too: bool = False,
    ) -> PlanState:
        with self.ledger.acting(self.settings.identity):
            journal, now = self.ledger.resume(entry)
            if now.state.closed and not closed_too:
                journal.close()
                raise GuardError(f"Plan {now.plan.plan_id} is closed: nothing more is sent for it.")
            return await self._with(journal, report, replace(now.state, phase=Phase.RUNNING), work)

    async def _with(
        self, journal: Journal, report: Report, state: PlanState, work: Callable[[PlanState], Awaitable[PlanState]]
    ) -> PlanState:
        self._journal, self._report, self._landed = journal, report, ()
        self._stopping = self._pausing = False
        self._say(state)
        try:
            await asyncio.sleep(0)  # whoever said stop while the journal was opened is heard before the first request
            state = await work(state)
            if state.finished and not state.closed:
                self._write(closed_record(state, self.clock.now()))
                phase = state.phase if state.phase is Phase.HALTED else Phase.DONE
                state = replace(state, phase=phase, closed=True)
        except JournalError as error:
            # What is known stays on the screen, though the disk does not have it.
            assert self._state is not None
            known = self._kept(self._state, self._landed) if self._landed else self._state
            state = replace(known, phase=Phase.HALTED, error=error, in_flight=(), waiting=None)
        finally:
            self._journal = None
            journal.close()
        self._say(state)
        return state

    def _say(self, state: PlanState) -> None:
        self._state = state
        self._report(state)

    def _write(self, record: Record) -> None:
        assert self._journal is not None
        self._journal.add(record)

    # ---- sending

    async def _send_all(self, state: PlanState, again: tuple[Target, ...] = ()) -> PlanState:
        """Send what was never sent, after what is sent again."""
        plan = state.plan
        queue = deque((*plan.batches(again), *plan.batches(state.unsent)))
        confirmed = {target.id for target in again}
        canary = bool(plan.canary) and len(state.unsent) == len(plan.targets) and len(queue) > 1
        refused = 0
        while queue:
            if self._stopping:
                return replace(state, phase=Phase.STOPPED)
            if self._pausing:
                await self._hold(replace(state, phase=Phase.PAUSED))
                continue
            batch = queue.popleft()
            if now_again := [target for target in batch if target.id in confirmed]:
                # On record when it is done and not before: a plan may halt in the middle.
                record = resend_record(now_again, self.ledger.origin, self.clock.now())
                self._write(record)
                state = resending(state, record)
                confirmed -= {target.id for target in now_again}
            state = replace(state, phase=Phase.RUNNING, in_flight=batch, waiting=None)
            self._say(state)
            outcome, shape = await self._send(batch)
            results, error, verdict = judged(batch, outcome, shape)
            results = sent_before(results, state.resent)
            state = self._kept(replace(state, error=error, in_flight=()), results)
            self._landed = ()
            if verdict is Next.SPLIT:
                middle = len(batch) // 2
                queue.extendleft((batch[middle:], batch[:middle]))
                continue
            refused = refused + len(batch) if verdict is Next.ON and error is not None else 0
            self._say(state)
            if verdict is Next.HALT or (refused >= HOPELESS and not anything_done(state)):
                return replace(state, phase=Phase.HALTED)
            if verdict is Next.SETTLE:
                state = await self._settle(state, late=False)
                if state.unknown:
                    return replace(state, phase=Phase.HALTED)
            elif canary and queue:
                await self._hold(replace(state, phase=Phase.CANARY))
            canary = False
        return replace(state, phase=Phase.DONE if state.finished else Phase.HALTED)

    async def _hold(self, state: PlanState) -> None:
        self._say(state)
        self._pausing = True
        while self._pausing and not self._stopping:
            self._wake.clear()
            await self._wake.wait()

    @staticmethod
    def _kept(state: PlanState, results: Iterable[Result]) -> PlanState:
        results_by_id = dict(state.results_by_id)
        for result in results:
            if result.outcome is Outcome.NOT_SENT:
                results_by_id.pop(result.target.id, None)
            else:
                results_by_id[result.target.id] = result
        return replace(state, results_by_id=results_by_id, requests=state.requests + 1)

    # ---- settling

    async def _settle(self, state: PlanState, *, late: bool) -> PlanState:
        """Read back what is open, on the schedule; `late` = it has been over long enough for one look."""
        if not state.with_outcome(*OPEN):
            return state
        read_back = ReadBack(self.client, self.clock.now())
        waited = 0.0
        schedule = READ_BACK_AFTER if not late else (0.0,)
        for number, after in enumerate(schedule, 1):
            state = replace(state, phase=Phase.SETTLING, asked=number - 1, next_question=after - waited)
            self._say(state)
            if self._stopping or not await self.client.transport.wait(after - waited):
                return replace(state, next_question=None)
            waited = after
            found: list[Result] = []
            try:
                found = await read_back.round(state.with_outcome(*OPEN))
            except ApiError as error:
                state = replace(state, error=error)
            state = self._settled(state, found)
            if number == len(schedule):
                state = self._settled(state, await read_back.last_round(state.with_outcome(*OPEN)))
            state = replace(state, asked=number, next_question=None)
            self._say(state)
            if not state.with_outcome(*OPEN):
                return replace(state, error=None)
        return state

    def _settled(self, state: PlanState, found: Iterable[Result]) -> PlanState:
        results_by_id = dict(state.results_by_id)
        for result in found:
            if results_by_id[result.target.id].outcome is not result.outcome:
                self._write(settled_record(result, self.clock.now()))
            results_by_id[result.target.id] = result
        return replace(state, results_by_id=results_by_id)

    # ---- the body has generations

    def _shape_for(self, batch: Iterable[Target]) -> ReleaseShape:
        configured = self.settings.release_body
        if configured != "auto":
            return configured
        if not all(target.investigate_id for target in batch):
            return "postfix"
        return "postfix" if self._remembers_postfix and all(target.postfix_id for target in batch) else "ids"

    @property
    def _remembers_postfix(self) -> bool:
        return self.remembered.get(self.settings.identity, _RELEASE_BODY) == "postfix"

    async def _send(self, batch: tuple[Target, ...]) -> tuple[WriteResult[tuple[ReleaseItem, ...]], ReleaseShape]:
        """One batch, in the body that is known to work, else the newest.

        Only a definite "this body is not understood" may be followed by the other body, once and for the same batch: it
        says that nothing was done. The body that worked is remembered for the account.
        """
        shape = self._shape_for(batch)
        outcome = await self._post(batch, shape)
        known_both_ways = all(target.investigate_id and target.postfix_id for target in batch)
        if (
            self.settings.release_body == "auto"
            and known_both_ways
            and not self._understood
            and isinstance(outcome, Refused)
            and rejects_the_shape(outcome.error)
            and not self._stopping
        ):
            other: ReleaseShape = "postfix" if shape == "ids" else "ids"
            again = await self._post(batch, other)
            if isinstance(again, Refused) and rejects_the_shape(again.error):
                return outcome, shape  # neither body is understood: the first refusal is the one to show
            outcome, shape = again, other
        if (
            isinstance(outcome, Done)
            and all(target.investigate_id for target in batch)
            and tells(batch, outcome, shape)
        ):
            self._understood = True
            self.remembered.put(self.settings.identity, _RELEASE_BODY, "postfix" if shape == "postfix" else None)
        return outcome, shape

    async def _post(self, batch: tuple[Target, ...], shape: ReleaseShape) -> WriteResult[tuple[ReleaseItem, ...]]:
        """One request, with its intent on the disk before it and its outcome after it."""
        ids = [sent_id(target, shape) for target in batch]
        self._landed = ()
        self._write(intent_record(batch, shape, self.clock.now()))
        began = self.clock.monotonic()
        outcome = await self.client.release_messages(ids, shape, may_wait=lambda: not self._stopping)
        took = round((self.clock.monotonic() - began) * 1000)
        error = None if isinstance(outcome, Done) else outcome.error
        results, _, _ = judged(batch, outcome, shape)
        assert self._state is not None
        self._landed = sent_before(results, self._state.resent)
        self._write(
            result_record(
                self._landed,
                http=error.status if error is not None else 200,
                ray=error.ray.exact if error is not None and error.ray is not None else None,
                ms=took,
                at=self.clock.now(),
            )
        )
        return outcome
