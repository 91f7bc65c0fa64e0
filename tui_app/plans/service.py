"""Releasing, as screens and the command line ask for it: look up, guard, plan, send, settle, and what was done before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tui_app.core.errors import GuardError
from tui_app.core.text import plural, sanitize
from tui_app.plans.engine import Engine
from tui_app.plans.engine_thread import EngineThread
from tui_app.plans.guard import Guarded, Policy, guard_release
from tui_app.plans.ledger import Ledger, origin_of
from tui_app.plans.lookup import look_up
from tui_app.plans.plan import Plan, Target
from tui_app.plans.state import Outcome, PlanState
from tui_app.plans.verify import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.search import SearchParams
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock
    from tui_app.core.state_file import StateFile
    from tui_app.plans.records import LedgerEntry


_FEW: Final = 50
"""Messages that are looked up again by their ids; more, by the search they were found by."""


@dataclass(frozen=True)
class PlanChanges:
    """What changed between the preview of a plan and its confirmation."""

    gone: tuple[Target, ...]
    """No longer held, or under another verdict: taken out."""
    new: int
    """Held now and found by the same search, but not in the preview: not taken in."""

    @property
    def nothing(self) -> bool:
        """Whether all is as it was."""
        return not self.gone and not self.new


@dataclass
class PlanService:
    """One account's plans. Whatever sends does so on the engine's thread, one plan at a time, with a journal."""

    settings: Settings
    clock: Clock
    random: Random
    remembered: StateFile
    reading: Callable[[], EmailSecurityClient]
    """The client for reads, on the loop of whoever asks."""
    acting: Callable[[Callable[[float], None]], EmailSecurityClient]
    """Makes the engine's own client; told whom to tell of a wait for the quota."""
    folder: Path
    environment: Mapping[str, str]
    on_state: Callable[[PlanState], None] = lambda _: None
    record: Callable[[str, Sequence[str]], None] = lambda sentence, details: None
    state: PlanState | None = None
    """The plan that was last worked on."""
    _engine: EngineThread = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.folder, origin_of(self.environment), self.clock.now)
        self._engine = EngineThread(self._make_engine)
        self._loop: asyncio.AbstractEventLoop | None = None

    def _make_engine(self) -> Engine:
        client = self.acting(self._waiting)
        client.transport.on_renewal_failed = lambda error: self._on_loop(lambda: self._say(str(error)))
        return Engine(client, self.settings, self.remembered, self.ledger, self.clock)

    # ---- before anything is sent

    async def look_up(self, ids: Sequence[str]) -> tuple[Target, ...]:
        """What the account knows of these ids (either kind), in their order, each message once. Raises ApiError.

        Held mail is searched first, a thousand a request; what remains is asked for one by one.
        """
        found = await look_up(self.reading(), ids, self.clock.now())
        return tuple({target.id: target for target in found}.values())

    def guard(self, targets: Sequence[Target], *, include: Sequence[str] = ()) -> Guarded:
        """What the policy lets through. Raises GuardError when it is more than the policy's maximum, and JournalError."""
        return guard_release(
            targets,
            Policy.of(self.settings.guard),
            include=include,
            open_ids=self.ledger.open_elsewhere(self.settings.identity),
        )

    def plan(self, guarded: Guarded, reason: str, *, include: Sequence[str] = (), canary: bool = False) -> Plan:
        """Fix what will be sent; with a canary the first ones wait to be looked at."""
        plans = self.settings.plans
        # Where one request takes them all there is nothing to look at in between.
        first = plans.canary if canary and len(guarded.allowed) > plans.batch_size else 0
        return Plan.make(
            guarded.allowed,
            reason,
            plans.batch_size,
            self.random,
            canary=first,
            included=include,
            held_back=[(kept.target.id, kept.why) for kept in guarded.held_back],
        )

    async def changes_since_review(self, plan: Plan, search: SearchParams | None) -> PlanChanges:
        """What is no longer as the preview showed it, by the same search or else by id. Raises ApiError."""
        from tui_app.api.pagination import search_pages

        if search is None or len(plan.targets) <= _FEW:
            search = None
            now = await self.look_up([target.id for target in plan.targets if target.checked])
            held = {target.id: target for target in now if target.held and target.checked}
        else:
            held = {}
            until_now = replace(search, end=self.clock.now())
            async for page in search_pages(self.reading(), until_now):
                held.update((target.id, target) for target in map(Target.of, page) if target.held)
        gone = tuple(
            target
            for target in plan.targets
            if target.checked and (target.id not in held or held[target.id].disposition != target.disposition)
        )
        known = {target.id for target in plan.targets}
        return PlanChanges(gone, 0 if search is None else len(held.keys() - known))

    @staticmethod
    def without(plan: Plan, gone: Sequence[Target]) -> Plan:
        """The same plan with these taken out."""
        left = {target.id for target in gone}
        return replace(plan, targets=tuple(target for target in plan.targets if target.id not in left))

    @staticmethod
    def with_reason(plan: Plan, reason: str) -> Plan:
        """The same plan, with its reason."""
        return replace(plan, reason=reason)

    # ---- sending

    def check_unlocked(self) -> None:
        """Raises Locked while another mailsluice acts on this account."""
        with self.ledger.acting(self.settings.identity):
            pass

    async def run(self, plan: Plan) -> PlanState:
        """Send a confirmed plan; `on_state` gets a snapshot after each step. Raises GuardError and JournalError."""
        self._free()
        self._say(
            f"Release plan {plan.plan_id}, sha256 {plan.digest[:16]}: {plural(len(plan.targets), 'message')}, "
            f"reason: {sanitize(plan.reason)}"
        )
        return await self._worked(lambda engine: engine.run(plan, self._moved))

    async def resume(self, entry: LedgerEntry, *, resend_unseen: bool = False) -> PlanState:
        """Settle what is unknown of a plan, then send what was never sent and is as it was. Raises GuardError and JournalError."""
        self._free()
        risk = ", and again what was not seen released" if resend_unseen else ""
        self._say(f"Release plan {entry.plan.plan_id}: gone on with{risk}.")
        return await self._worked(lambda engine: engine.resume(entry, self._moved, resend_unseen=resend_unseen))

    async def settle(self, entry: LedgerEntry) -> PlanState:
        """Read back what is open of a plan; nothing is sent. Raises GuardError and JournalError."""
        self._free()
        return await self._worked(lambda engine: engine.settle(entry, self._moved))

    async def check(self, entry: LedgerEntry) -> PlanState:
        """Look again at what was said to be released; nothing is sent. Raises GuardError and JournalError."""
        self._free()
        return await self._worked(lambda engine: engine.check(entry, self._moved))

    async def close_plan(self, entry: LedgerEntry) -> PlanState:
        """Put on record that the rest of a plan is never sent. Raises GuardError and JournalError."""
        self._free()
        return await self._worked(lambda engine: engine.close_plan(entry, self._moved))

    def _free(self) -> None:
        if self.settings.read_only:
            raise GuardError("This profile is read-only; nothing was sent.")
        if self._engine.busy:
            raise GuardError("Another plan is being worked on; wait for it or stop it first.")

    async def _worked(self, work: Callable[[Engine], Awaitable[PlanState]]) -> PlanState:
        self._loop = asyncio.get_running_loop()
        state = await self._engine.ask(work)
        details: tuple[str, ...] = tuple(getattr(state.error, "details", tuple)()) if state.error else ()
        self._say(f"Release plan {state.plan.plan_id}: {state.phase.value}, {state.describe()}.", details)
        return state

    def _say(self, sentence: str, details: Sequence[str] = ()) -> None:
        self.record(sentence, details)

    # ---- from the engine's thread

    def _moved(self, state: PlanState) -> None:
        # Kept before anybody is told: it has to be right even if the loop that tells stands still.
        self.state = state
        self._on_loop(partial(self.on_state, state))

    def _waiting(self, seconds: float) -> None:
        if self.state is not None and not self.state.ended:
            self._moved(replace(self.state, waiting=seconds))

    def _on_loop(self, call: Callable[[], Any]) -> None:
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            pass  # that loop has ended: nobody is there to be told

    # ---- while it runs

    @property
    def busy(self) -> bool:
        """Whether a plan is being worked on."""
        return self._engine.busy

    @property
    def awaits_answer(self) -> bool:
        """Whether a request is on its way."""
        return self.busy and self.state is not None and bool(self.state.in_flight)

    def stop(self) -> None:
        """Send no batch after the one in flight; one that waits to be sent again is given up."""
        self._engine.tell(Engine.stop)

    def pause(self) -> None:
        """Send no batch after the one in flight, until `go_on`."""
        self._engine.tell(Engine.pause)

    def go_on(self) -> None:
        """Go on after a pause, or after the first ones were looked at."""
        self._engine.tell(Engine.go_on)

    async def close(self) -> None:
        """End the engine's thread; what it was doing must have ended."""
        await self._engine.close()

    # ---- what was done before

    def unfinished(self) -> list[LedgerEntry]:
        """Plans of this account that somebody still has to do something about, the newest first. Raises JournalError."""
        return self.ledger.unfinished(self.settings.identity)


def retryable(state: PlanState) -> tuple[Target, ...]:
    """What of a plan may be tried again in a new one: failed, refused, seen held again; what is open is settled first."""
    again = state.check.sightings if state.check is not None else {}
    return tuple(
        target
        for target in state.plan.targets
        if state.outcome_of(target) in (Outcome.FAILED, Outcome.REFUSED) or again.get(target.id) is Sighting.HELD
    )
