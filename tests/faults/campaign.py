"""The fault matrix: every kind of fault against every kind of request, judged by the server's own record.

A campaign asks the same ten things again and again, five writes and five reads, each time under one kind of fault, and
holds what our client says of it against the wire log and the truth log of the simulator.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from tests.faults.scenes import AMBIGUOUS, BY_NAME, DONE, HASTY, PATIENT, REFUSED, UNSENT, Kind
from tests.support.clock import HurriedClock, until
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, Destination, RowStatus
from tui_app.api.errors import ApiError
from tui_app.api.http import Timeouts
from tui_app.api.models import ReleaseItem
from tui_app.api.pagination import job_message_pages, job_pages, search_pages
from tui_app.api.search import SearchParams
from tui_app.api.transport import Transport
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.config.settings import Settings
from tui_app.core.text import Untrusted
from tui_app.plans.release import release_outcome
from tui_app.plans.state import Outcome
from tui_app.simulator.server import Options, Simulator, running

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DELIVERED = SearchParams(
    start=datetime(2000, 1, 1, tzinfo=UTC), end=NOON, detections_only=False, sender="billing@evil.example"
)
REQUESTS = 10
"""In a cycle."""
WRITES = frozenset({"release", "create_job", "move", "cancel_job", "delete_job"})


# ---- what is asked


@dataclass
class Tally:
    """What came of one kind."""

    kind: str
    requests: int = 0
    on_the_wire: int = 0
    confirmed: int = 0
    """Writes that somebody asked for."""
    writes_on_the_wire: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """Requests under one kind of fault after the other, each judged."""

    simulator: Simulator
    random: Random
    _held: Iterator[str] = field(init=False)
    _expected: dict[str, list[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._held = iter([mail.investigate_id for mail in self.simulator.account.held])

    async def run(self, kind: Kind, cycles: int) -> Tally:
        """So many times all ten requests under this kind."""
        tally = Tally(kind.name)
        if not self._expected:
            self.simulator.set_faults("none")
            async with self._client(settings_for(self.simulator), PATIENT) as client:
                self._expected = {name: await read(client) for name, read in self._reads().items()}
        for _ in range(cycles):
            for ask in (self._release, self._create, self._move, self._cancel, self._delete):
                await self._one_write(kind, tally, ask)
            for name, read in self._reads().items():
                await self._one_read(kind, tally, name, read)
        self.simulator.set_faults("none")
        return tally

    @asynccontextmanager
    async def _client(self, settings: Settings, patience: Timeouts = HASTY) -> AsyncIterator[EmailSecurityClient]:
        transport = Transport(settings, HurriedClock(), self.random, read_wait=300, reading=patience, acting=patience)
        try:
            yield EmailSecurityClient(transport)
        finally:
            await transport.close()

    @asynccontextmanager
    async def _under(self, kind: Kind) -> AsyncIterator[EmailSecurityClient]:
        """A client that meets the fault."""
        settings = settings_for(self.simulator)
        self.simulator.set_faults(kind.spec)
        if kind.scene is not None:
            async with kind.scene(settings) as there, self._client(there, kind.patience) as client:
                yield client
            return
        # What may be answered is waited for, so that a slow machine makes no difference.
        async with self._client(settings, PATIENT if DONE in kind.classes else kind.patience) as client:
            if kind.name == "no free connection":
                async with self._crowded(client):
                    yield client
            else:
                yield client

    @asynccontextmanager
    async def _crowded(self, client: EmailSecurityClient) -> AsyncIterator[None]:
        """All connections of the client are taken by requests that get no answer."""
        lines, before = (client.transport._reads, client.transport._writes), len(self.simulator.wire())
        patient = [asyncio.create_task(line.send("GET", "/accounts")) for line in lines for _ in range(8)]
        await until(lambda: len(self.simulator.wire()) == before + len(patient))
        try:
            yield
        finally:
            for task in patient:
                task.cancel()
            await asyncio.gather(*patient, return_exceptions=True)

    # ---- writes: each gives the call, and how often the account really did what was asked

    def _release(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]:
        ids = [next(self._held), next(self._held)]

        def done() -> list[int]:
            log = self.simulator.account.truth.of("release")
            return [sum(entry["id"] == one and entry["outcome"] != "refused" for entry in log) for one in ids]

        return lambda client: _by_id(client, ids), done

    def _create(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]:
        mark = f"#op-{self.random.getrandbits(48):012x}"

        def done() -> list[int]:
            log = self.simulator.account.truth.of("create_job")
            return [sum(mark in (entry["body"].get("comment") or "") and "stored" not in entry for entry in log)]

        params = SearchParams(sender="nobody.example", start=NOON, end=NOON)
        return lambda client: client.create_job(ActionType.RELEASE, params, comment=mark), done

    def _move(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]:
        mail = next(self._held)

        def done() -> list[int]:
            return [sum(entry["id"] == mail for entry in self.simulator.account.truth.of("move"))]

        return lambda client: client.move_messages([mail], Destination.JUNK), done

    def _a_job(self) -> str:
        body = {"action": "RELEASE", "search_params": {"sender": "nobody.example"}}
        return str(self.simulator.account.create_job(body)["job_id"])

    def _cancel(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]:
        job_id = self._a_job()

        def done() -> list[int]:
            log = self.simulator.account.truth.of("cancel_job")
            return [sum(entry["job_id"] == job_id and entry["outcome"] == "cancelled" for entry in log)]

        return lambda client: client.cancel_job(job_id), done

    def _delete(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]:
        account = self.simulator.account
        job_id = self._a_job()
        account.cancel_job(account.jobs[job_id])

        def done() -> list[int]:
            log = account.truth.of("delete_job")
            return [sum(entry["job_id"] == job_id and entry["outcome"] == "deleted" for entry in log)]

        return lambda client: client.delete_job(job_id), done

    async def _one_write(
        self,
        kind: Kind,
        tally: Tally,
        ask: Callable[[], tuple[Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]], Callable[[], list[int]]]],
    ) -> None:
        name = ask.__name__.strip("_")
        call, done = ask()
        async with self._under(kind) as client:
            before = len(self.simulator.wire())
            outcome = await self._cancelled(client, call) if kind.name == "caller cancelled" else await call(client)
        wire = self.simulator.wire()[before:]
        # On a slow machine a read of before, which nobody waits for any more, may come among them.
        seen = sum(entry["endpoint"] in WRITES for entry in wire)
        truth = done()
        said = classes_of(outcome, len(truth))
        tally.requests += 1
        tally.confirmed += 1
        tally.writes_on_the_wire += seen
        tally.on_the_wire += len(wire)
        tally.classes.update(said)
        blame = f"{kind.name}: {name} was called {said}, the account did it {truth} times, {seen} requests on the wire"
        wrong = [
            seen > max(kind.tries, kind.name == "none"),
            any(times > 1 for times in truth),
            not set(said) <= (kind.classes if _meets(kind, name) else {DONE}),
            _missed(kind, name, wire),
            any(what == DONE and times != 1 for what, times in zip(said, truth, strict=True)),
            any(what in (UNSENT, REFUSED) and times for what, times in zip(said, truth, strict=True)),
            UNSENT in said and seen > 0,
        ]
        if isinstance(outcome, _Named):
            wrong += [not self._true(item) for item in outcome.told if item is not None]
        if any(wrong):
            tally.violations.append(blame)

    def _true(self, item: ReleaseItem) -> bool:
        """Whether the account knows the same of every recipient."""
        (log,) = [entry for entry in self.simulator.account.truth.of("release") if item.id == Untrusted(entry["id"])]
        return all(
            [name.exact for name in getattr(item, what)] == log[what] for what in ("delivered", "undelivered", "failed")
        )

    async def _cancelled(
        self, client: EmailSecurityClient, call: Callable[[EmailSecurityClient], Awaitable[WriteResult[Any]]]
    ) -> WriteResult[Any]:
        """The outcome that is told although whoever asked has gone."""
        told: asyncio.Future[WriteResult[Any]] = asyncio.get_running_loop().create_future()
        client.transport.on_left_behind = lambda _, outcome: told.set_result(outcome)
        before = len(self.simulator.wire())
        asking = asyncio.ensure_future(call(client))
        await until(lambda: len(self.simulator.wire()) > before)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return await asyncio.wait_for(told, 5)

    # ---- reads

    def _reads(self) -> dict[str, Callable[[EmailSecurityClient], Awaitable[list[str]]]]:
        job_id, mail_id = next(iter(self.simulator.account.jobs)), self.simulator.account.campaign[0].investigate_id

        async def jobs(client: EmailSecurityClient) -> list[str]:
            known = [job.id async for page in job_pages(client) for job in page]
            return sorted(one for one in known if one in self._first_jobs)

        pages = partial(job_message_pages, job_id=job_id, per_page=100, status=RowStatus.COMPLETED)

        async def rows(client: EmailSecurityClient) -> list[str]:
            return [row.id async for page in pages(client) for row in page]

        async def mails(client: EmailSecurityClient) -> list[str]:
            return sorted([mail.id.exact async for page in search_pages(client, DELIVERED) for mail in page])

        async def job(client: EmailSecurityClient) -> list[str]:
            return [(await client.get_job(job_id)).id]

        async def message(client: EmailSecurityClient) -> list[str]:
            return [(await client.get_message(mail_id)).id.exact]

        return {"jobs": jobs, "job_messages": rows, "search": mails, "job": job, "message": message}

    @property
    def _first_jobs(self) -> set[str]:
        return set(list(self.simulator.account.jobs)[:5])

    async def _one_read(
        self, kind: Kind, tally: Tally, name: str, read: Callable[[EmailSecurityClient], Awaitable[list[str]]]
    ) -> None:
        tally.requests += 1
        async with self._under(kind) as client:
            before = len(self.simulator.wire())
            try:
                found = await read(client)
            except ApiError:
                said = "error"
            else:
                said = "read"
                if found != self._expected[name] and kind.name not in ("null_result", "null_lists"):
                    tally.violations.append(f"{kind.name}: {name} read {len(found)}, not {len(self._expected[name])}")
        wire = self.simulator.wire()[before:]
        tally.on_the_wire += len(wire)
        tally.classes[said] += 1
        classes = kind.classes if _meets(kind, name) else {DONE}
        if _missed(kind, name, wire):
            tally.violations.append(f"{kind.name}: {name} did not meet it")
        if classes == {DONE} and said != "read":
            tally.violations.append(f"{kind.name}: {name} could not be read")
        if not classes & {DONE} and said != "error":
            tally.violations.append(f"{kind.name}: {name} was read, which can't be")


def _meets(kind: Kind, name: str) -> bool:
    return not kind.at or name in kind.at


def _missed(kind: Kind, name: str, wire: list[dict[str, Any]]) -> bool:
    """Whether a request that must meet the fault did not, so that nothing was tested."""
    return name in kind.at and all(entry["fault"] != re.split("[=@]", kind.spec)[0] for entry in wire)


@dataclass(frozen=True)
class _Named:
    """A release's answer for the ids that were asked for: what it says of each, None where it says nothing."""

    told: tuple[ReleaseItem | None, ...]


async def _by_id(client: EmailSecurityClient, ids: list[str]) -> Any:
    outcome = await client.release_messages(ids)
    if not isinstance(outcome, Done):
        return outcome
    items = {item.id.exact: item for item in outcome.value if item.id is not None}
    told = (items.get(one) for one in ids)
    return _Named(
        tuple(item if item is not None and release_outcome(item) is not Outcome.UNKNOWN else None for item in told)
    )


def classes_of(outcome: Any, count: int) -> list[str]:
    """What is said of each thing that was asked for."""
    match outcome:
        case _Named(told):
            return [AMBIGUOUS if item is None else DONE for item in told]
        case Done(value, _):
            return [AMBIGUOUS if value == () else DONE] * count
        case Unsent():
            return [UNSENT] * count
        case Refused():
            return [REFUSED] * count
        case Ambiguous():
            return [AMBIGUOUS] * count
    raise AssertionError(outcome)


@contextmanager
def simulated(seed: int, held: int) -> Iterator[Simulator]:
    """An account that stands still, behind a fault proxy."""
    options = Options(seed=seed, messages=300, held=held, quota=0, faults="none")
    with running(options, lambda: NOON) as simulator:
        yield simulator


def campaign(names: list[str], cycles: int, seed: int) -> list[Tally]:
    """All of these kinds, one after the other, on an account of its own."""

    async def work(simulator: Simulator) -> list[Tally]:
        fighting = Campaign(simulator, Random(seed))
        return [await fighting.run(BY_NAME[name], cycles) for name in names]

    with simulated(seed, 3 * cycles * len(names) + 10) as simulator:
        return asyncio.run(work(simulator))
