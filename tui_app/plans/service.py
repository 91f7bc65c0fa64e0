"""PlanService: plans as screens and the command line ask for them: look up, guard, plan, start, and what was done before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import Destination
from tui_app.api.errors import ApiError
from tui_app.api.pagination import search_pages
from tui_app.core.errors import GuardError
from tui_app.core.text import plural, sanitize
from tui_app.plans.account_lock import Locked
from tui_app.plans.commands import Resume, Send, plan_of
from tui_app.plans.engine import Engine
from tui_app.plans.engine_thread import EngineThread
from tui_app.plans.guard import ODD, Guarded, Policy, guard_targets
from tui_app.plans.ledger import Ledger
from tui_app.plans.lookup import least_requests, look_up, of_no_verdict, take_target
from tui_app.plans.mail_of_plan import KnownMail
from tui_app.plans.move import Move
from tui_app.plans.odd_ones import find_odd
from tui_app.plans.origin import origin_of
from tui_app.plans.plan import Plan, Target
from tui_app.plans.recheck import NOT_LOOKED_UP, LastLooks, Look, difference, judge_look, look_again
from tui_app.plans.release import Release
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.plans.state import UNSEEN, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.search import SearchParams
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.core.seen_domains import SeenDomains
    from tui_app.core.state_file import StateFile
    from tui_app.plans.actions import PlanAction
    from tui_app.plans.commands import Command
    from tui_app.plans.effect import Effect
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.mail_of_plan import MailQuestion, SenderSubject
    from tui_app.plans.state import PlanState

_LOOK_AT_CLOCKS: Final = 15.0
"""Seconds after which a wait is looked at again: the machine may have slept."""
_SLEPT: Final = 60.0
"""Seconds by which the time of day is ahead of the seconds that went by: the machine slept, or its clock was set."""
_FEW: Final = 50
"""Messages that are looked up again by their ids; more, by the search they were found by."""


@dataclass(frozen=True)
class PlanChanges:
    """What changed between the preview of a plan and its confirmation."""

    gone: Mapping[str, str]
    """What is not to be sent any more, by id, and why: not held, another verdict, sender or recipient, held by the guard."""
    new: int
    """Held now and found by the same search, but not in the plan: new since, or not chosen. They are not taken in."""


def _mistaken(target: Target, request: PlanRequest) -> str:
    """Why a message is not the one that somebody saw, or that a row of a job was about; empty where it may be."""
    shown = request.shown.get(target.id)
    if shown is not None and (differs := difference(shown, target)):
        return f"not what its screen showed: {differs}"
    told = request.row_names.get(target.id, ())
    return "" if all(names.are_of(target) for names in told) else "the job's row tells of another mail than its id"


class StartedPlan:
    """A plan that is being worked on. The task that awaits it may be cancelled and await it again; the work continues."""

    def __init__(self, future: asyncio.Future[PlanState]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, PlanState]:
        return asyncio.shield(self._future).__await__()


@dataclass
class PlanService:
    """One account's plans. Whatever sends does so on the engine's thread, one plan at a time, with a journal."""

    settings: Settings
    clock: Clock
    random: Random
    remembered: StateFile
    read_client: Callable[[], EmailSecurityClient]
    """The client for reads, on the loop of whoever asks."""
    make_client: Callable[[Callable[[float], None]], EmailSecurityClient]
    """Makes the engine's own client; it is given whom to tell of a wait for the quota."""
    folder: Path
    environment: Mapping[str, str]
    on_state: Callable[[PlanState], None] = lambda _: None
    """Called on the loop of whoever started a plan, after every step of it."""
    record: Callable[[str, Sequence[str]], None] = lambda sentence, details: None
    on_ended: Callable[[PlanState], None] = lambda _: None
    seen: Callable[[], SeenDomains | None] = lambda: None
    """The domains that mail was seen of before."""
    _started: asyncio.Future[PlanState] | None = field(default=None, init=False)
    _abandoned: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _waiting: dict[str, asyncio.Future[PlanState]] = field(default_factory=dict, init=False)
    """Plans that wait for their time, by id."""
    _waiting_states: dict[str, PlanState] = field(default_factory=dict, init=False)
    _closing: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder, origin_of(self.environment), self.clock.now)
        known: list[PlanAction] = [Release(self.settings, self.remembered), *map(Move, Destination)]
        self.actions: Mapping[Effect, PlanAction] = {action.effect: action for action in known}
        self._looks = LastLooks(self.clock)
        self._known_mail = KnownMail()
        self._thread = EngineThread(self._make_engine)
        self._loop: asyncio.AbstractEventLoop | None = None

    def _make_engine(self) -> Engine:
        client = self.make_client(lambda seconds: self._thread.call(lambda engine: engine.set_waiting(seconds)))
        client.transport.on_renewal_failed = lambda error: self._on_loop(partial(self.record, str(error), ()))
        return Engine(client, self.settings, self.ledger, self.clock, self.actions, self._looks, self._report)

    # ---- before anything is sent

    async def look_up(self, ids: Sequence[str], request: PlanRequest = A_RELEASE) -> tuple[Target, ...]:
        """What the account knows of these ids (any kind), in their order, each message once. Raises ApiError.

        For a release held mail is searched first, for a move all mail of the time; a thousand a request. What remains is
        asked for one by one.
        """
        began = self._looks.now()
        found = await look_up(
            self.read_client(), ids, self.clock.now(), delivered=request.effect.is_move, senders=request.senders
        )
        self._looks.looked((target.id for target in found if target.looked_up), began)
        return tuple({target.id: target for target in found}.values())

    async def dated(self, request: PlanRequest) -> PlanRequest:
        """The same, with the ledger as it is now: for whoever is about to look its messages up."""
        return replace(request, journals=await asyncio.to_thread(self.ledger.sizes))

    def least_requests(self, ids: Sequence[str]) -> int:
        """How many requests it takes at the least to look these ids up."""
        return least_requests(ids, self.clock.now())

    def guard(
        self, targets: Sequence[Target], request: PlanRequest = A_RELEASE, *, include: Sequence[str] = ()
    ) -> Guarded:
        """What the policy lets through; it reads the journals.

        Raises GuardError when it is more than the policy's maximum, and JournalError.
        """
        # As they stand in the list that they were chosen from, and as they stand beside each other here.
        odd = {**find_odd(targets, self.seen()), **request.odd} if request.effect.into_mailbox else {}
        by_hand = (*include, ODD)
        return guard_targets(
            targets,
            Policy.of(self.settings.guard, request.effect),
            unfit=lambda target: _mistaken(target, request) or self.actions[request.effect].unfit(target),
            include=lambda target: by_hand if target.id in request.by_hand else include,
            odd=odd,
            open_ids=self.ledger.other_plans(self.settings.identity).held(),
            hopeless=request.hopeless,
        )

    def plan(self, guarded: Guarded, reason: str, request: PlanRequest = A_RELEASE, *, canary: bool = False) -> Plan:
        """Fix what will be sent; with a canary the first ones wait to be looked at."""
        plans = self.settings.plans
        batch_size = plans.move_batch_size if request.effect.is_move else plans.batch_size
        # Where one request takes them all there is nothing to look at in between; and nobody may be there when a retry is
        # due, which does again what was done to others.
        looked_at = canary and len(guarded.allowed) > batch_size and not (request.source and request.source.is_retry)
        first = plans.canary if looked_at else 0
        return Plan.make(
            guarded.allowed,
            reason,
            batch_size,
            self.random,
            effect=request.effect,
            source=request.source,
            not_before=request.not_before,
            search=request.search,
            canary=first,
            included=[(kept.include, kept.target.id) for kept in guarded.by_name],
            held_back=[(kept.target.id, kept.why) for kept in guarded.held_back],
            unfit=[(kept.target.id, kept.why) for kept in guarded.unfit],
        )

    async def changes_since_review(self, plan: Plan, search: SearchParams | None) -> PlanChanges:
        """What is no longer as the preview showed it, by the same search or else by id. Raises ApiError."""
        began, new = self._looks.now(), 0
        policy, unfit = Policy.of(self.settings.guard, plan.effect), self.actions[plan.effect].unfit
        known = [target for target in plan.targets if target.checked]
        if search is None or len(plan.targets) <= _FEW:
            look = await look_again(self.read_client(), policy, unfit, plan, known, self.clock.now())
        else:
            seen: dict[str, Target] = {}
            known_ids = {target.id for target in known}
            until_now = replace(search, end=self.clock.now())
            read = search_pages(self.read_client(), until_now, by_verdict=True)
            async for page in read:
                for target in map(Target.of, page):
                    take_target(seen, target)
                for target in map(Target.of, read.others):
                    if target.id in known_ids:
                        take_target(seen, of_no_verdict(target))
            shown = [target for target in known if target.id in seen]
            look = judge_look(policy, unfit, plan, shown, [seen[target.id] for target in shown])
            # What the search does not show any more says for itself why.
            rest = [target for target in known if target.id not in seen]
            other = await look_again(self.read_client(), policy, unfit, plan, rest, self.clock.now())
            look = Look(
                (*look.fit, *other.fit), {**look.why_not, **other.why_not}, look.not_looked_up | other.not_looked_up
            )
            new = len(seen.keys() - {target.id for target in plan.targets})
        self._looks.looked((target.id for target in look.fit), began)
        return PlanChanges({**look.why_not, **dict.fromkeys(look.not_looked_up, "it can't be looked at again")}, new)

    async def review_rest(self, entry: LedgerEntry, *, resend_unseen: bool = False) -> Look:
        """What going on with a plan would send by now: what was never sent, and if asked for what was not seen done.

        Raises ApiError, GuardError (also when some can't be looked at), JournalError, and UsageError for another account's.
        """
        entry.check_account(self.settings.identity)
        state = entry.state
        rest = (*(state.with_outcome(*UNSEEN) if resend_unseen else ()), *state.unsent)
        sent = await asyncio.to_thread(lambda: self.ledger.other_plans(self.settings.identity).taken(entry, rest))
        left = [target for target in rest if target.id not in sent]
        action = self.actions.get(entry.plan.effect)
        if action is None:
            raise GuardError(f"Plan {entry.name} does something that this version does not know.")
        policy = Policy.of(self.settings.guard, entry.plan.effect)
        began = self._looks.now()
        look = await look_again(self.read_client(), policy, action.unfit, entry.plan, left, self.clock.now())
        if look.not_looked_up:
            raise GuardError(NOT_LOOKED_UP)
        self._looks.looked((target.id for target in left), began)
        return Look(look.fit, {**look.why_not, **sent})

    def known_mail(self, targets: Sequence[Target]) -> Mapping[str, SenderSubject]:
        """Senders and subjects of these, as far as they were seen in this session, by id."""
        return self._known_mail.of(targets)

    async def ask_for_mail(self, question: MailQuestion, targets: Sequence[Target], *, done: bool) -> None:
        """Ask for senders and subjects that are not known, to be shown and never kept; see `known_mail`. Raises ApiError.

        It is no look at whether anything changed. `done` = the plan did something.
        """
        await question.ask(self.read_client(), targets, self._known_mail, self.clock.now(), done=done)

    # ---- working on a plan

    def check_unlocked(self) -> None:
        """Raises Locked while another mailsluice acts on this account."""
        with self.ledger.account_locked(self.settings.identity):
            pass

    def start(self, command: Command) -> StartedPlan:
        """Start a command; it runs to its end even if the caller goes away. Needs a running event loop.

        Raises GuardError when the profile is read-only or another plan is being worked on. Awaiting it raises
        GuardError, Locked and JournalError when the plan can't be begun; then nothing was sent.
        """
        if self.settings.read_only:
            raise GuardError("This profile is read-only; nothing was sent.")
        if self._thread.busy:
            another = f"Plan {self.state.plan.plan_id}" if self.state is not None else "Another plan"
            raise GuardError(f"{another} is being worked on; wait for it or stop it first.")
        self._loop = asyncio.get_running_loop()
        self.forget_time(plan_of(command).plan_id)
        self._record_start(command)
        self._started = asyncio.wrap_future(self._thread.submit(command))
        self._started.add_done_callback(partial(self._record_end, command))
        return StartedPlan(self._started)

    def latest(self) -> StartedPlan:
        """What was started last: a plan that waited for its time is started once more. Only after `start`."""
        assert self._started is not None
        return StartedPlan(self._started)

    # ---- plans that wait for their time

    def forget_time(self, plan_id: str) -> None:
        """Send a plan that waits no more by itself: it stays unfinished."""
        if (waiting := self._waiting.pop(plan_id, None)) is not None and waiting is not asyncio.current_task():
            waiting.cancel()

    def give_up(self, plan_id: str) -> bool:
        """Don't send a plan at its time; whether it still waited. One whose time has just come is stopped."""
        if plan_id in self._waiting:
            self.forget_time(plan_id)
            return True
        self.stop()
        return False

    def forget_times(self) -> None:
        """The end has come: no plan is sent any more because its time has come."""
        self._closing = True
        for waiting in tuple(self._waiting.values()):
            waiting.cancel()

    def live_state(self, plan_id: str) -> PlanState | None:
        """A plan that this program works on, or that waits here for its time, as it stands; None for any other."""
        state = self.state
        if self._thread.busy and state is not None and state.plan.plan_id == plan_id:
            return state
        return self._waiting_states.get(plan_id) if plan_id in self._waiting else None

    def waiting(self) -> Sequence[str]:
        """The ids of plans that this program will send when their time has come."""
        return tuple(self._waiting)

    async def when_due(self, plan_id: str) -> PlanState | None:
        """Wait until a plan that waits for its time was sent; its state then, None when it is not waiting.

        Raises what `start` raises.
        """
        waiting = self._waiting.get(plan_id)
        return await asyncio.shield(waiting) if waiting is not None else None

    async def _send_when_due(self, state: PlanState, reviewed: tuple[Target, ...]) -> PlanState:
        """Sleep until the time of a plan has come, then go on with it; the engine looks at the clocks again."""
        plan, clock = state.plan, self.clock
        assert plan.not_before is not None
        began, wall = clock.monotonic(), clock.now()
        while (left := began + (state.due_in or 0.0) - clock.monotonic()) > 0:
            await clock.sleep(min(left, _LOOK_AT_CLOCKS))
            slept = (clock.now() - wall).total_seconds() - (clock.monotonic() - began)
            if slept > _SLEPT and plan.not_before <= clock.now():
                break
        while True:
            while self._thread.busy:
                if self._started is not None:
                    await asyncio.wait([self._started])
                await asyncio.sleep(0)
            entry = await asyncio.to_thread(self.ledger.find, plan.plan_id)
            if not entry.state.unfinished:
                return entry.state  # somebody closed or sent it elsewhere
            try:
                return await self.start(Resume(entry, reviewed=reviewed))
            except Locked as elsewhere:
                self.record(f"{plan.effect.title}, plan {plan.plan_id} is due and waits: {elsewhere}", ())
                await clock.sleep(_LOOK_AT_CLOCKS)

    def _record_start(self, command: Command) -> None:
        plan = plan_of(command)
        match command:
            case Send():
                self.record(
                    f"{plan.effect.title}, plan {plan.plan_id}, sha256 {plan.digest[:16]}: "
                    f"{plural(len(plan.targets), 'message')}, reason: {sanitize(plan.reason)}",
                    (),
                )
            case Resume():
                risk = ", and sends again what was not seen done" if command.resend_unseen else ""
                self.record(f"{plan.effect.title}, plan {plan.plan_id}: resumes{risk}.", ())

    def _record_end(self, command: Command, ended: asyncio.Future[PlanState]) -> None:
        if ended.cancelled() or ended.exception() is not None:
            return
        state = ended.result()
        plan = state.plan
        if state.phase is Phase.WAITING and not self._closing:
            reviewed = command.reviewed if isinstance(command, Resume) else None
            waiting = asyncio.ensure_future(self._send_when_due(state, reviewed or plan.targets))
            self._waiting[plan.plan_id] = waiting
            self._waiting_states[plan.plan_id] = state
            waiting.add_done_callback(partial(self._waited, plan))
        undo = self.actions[plan.effect].undo(state) if plan.effect in self.actions else ""
        details = (*(state.error.details() if isinstance(state.error, ApiError) else ()), *filter(None, (undo,)))
        self.record(f"{plan.effect.title}, plan {plan.plan_id}: {state.phase.value}, {state.describe()}.", details)
        self.on_ended(state)

    def _waited(self, plan: Plan, waiting: asyncio.Future[PlanState]) -> None:
        if self._waiting.get(plan.plan_id) is waiting:
            del self._waiting[plan.plan_id]
        if not waiting.cancelled() and (error := waiting.exception()) is not None:
            self.record(f"{plan.effect.title}, plan {plan.plan_id} was not sent at its time: {error}", ())

    # ---- from the engine's thread

    def _report(self, state: PlanState) -> None:
        self._on_loop(partial(self.on_state, state))

    def _on_loop(self, call: Callable[[], Any]) -> None:
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            pass  # that loop has ended: nobody is there to be told

    # ---- while it runs

    @property
    def state(self) -> PlanState | None:
        """The plan that was last worked on, as it stands."""
        return self._thread.state

    @property
    def awaits_answer(self) -> bool:
        """Whether a request is on its way. From any thread."""
        return self._thread.busy and self.state is not None and bool(self.state.in_flight)

    def stop(self) -> None:
        """Send no batch after the one in flight; one that waits to be sent again is given up."""
        self._thread.stop()

    def pause(self) -> None:
        """Send no batch after the one in flight, until `continue_sending`."""
        self._thread.call(Engine.pause)

    def continue_sending(self) -> None:
        """Go on after a pause, or after the first ones were looked at."""
        self._thread.call(Engine.continue_sending)

    def abandon(self) -> None:
        """Wait for no answer any more: what is in flight stays unknown."""
        self._abandoned.set()

    async def close(self) -> None:
        """Wait for the plan that is being worked on, then end the engine's thread; once abandoned, wait for nothing."""
        self.forget_times()
        if self._started is not None:
            abandoned = asyncio.ensure_future(self._abandoned.wait())
            await asyncio.wait((self._started, abandoned), return_when=asyncio.FIRST_COMPLETED)
            abandoned.cancel()
        if not self._abandoned.is_set():
            await self._thread.close()

    # ---- what was done before

    def unfinished(self) -> list[LedgerEntry]:
        """Plans of this account that somebody still has to do something about, the newest first. Raises JournalError."""
        return self.ledger.unfinished(self.settings.identity)

    def write_report(self, entry: LedgerEntry, advice: Callable[[str], str] = lambda _: "") -> Sequence[str]:
        """Write what a plan came to in all formats; the names of the files.

        `advice` = what to do about a reason where a retry can't help. Raises SluiceError.
        """
        from tui_app.plans.effect import Source
        from tui_app.plans.report import write_all
        from tui_app.plans.trail import followers

        return write_all(
            entry, followers(self.ledger, Source.PLAN, entry.plan_id), advice, self.ledger.reports_of(entry.plan_id)
        )
