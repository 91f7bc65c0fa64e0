"""The fault matrix: every kind of fault against every kind of request, judged by the server's own record.

A campaign asks the same eight things again and again, five writes and three reads, each time under one kind of fault, and
holds what our client says of it against the wire log and the truth log of the simulator.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest import mock

from tests.support.clock import HurriedClock, until
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import ActionType, Destination
from tui_app.api.errors import ApiError
from tui_app.api.exchange import Patience
from tui_app.api.models import ReleaseItem
from tui_app.api.outcome import Ambiguous, Done, Outcome, Refused, Unsent
from tui_app.api.pages import all_found, all_job_messages, all_jobs
from tui_app.api.search import SearchParams
from tui_app.api.traffic import Traffic
from tui_app.config import Proxy, Settings
from tui_app.credentials import Secret
from tui_app.plans.engine import Fate, fate_of
from tui_app.simulator.server import Options, Simulator, running
from tui_app.text import Untrusted

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HASTY = Patience(connect=0.15, read=0.12, write=0.5, pool=0.15, total=0.6)
PATIENT = Patience(connect=5, read=5, write=5, pool=5, total=20)
EVERYTHING = SearchParams(start=datetime(2000, 1, 1, tzinfo=UTC), end=NOON, detections_only=False)
UNSENT, REFUSED, AMBIGUOUS, DONE = "unsent", "refused", "ambiguous", "done"


@dataclass(frozen=True)
class Kind:
    """One kind of fault: how to bring it about, and what may be said of a write that meets it."""

    name: str
    classes: frozenset[str]
    spec: str = "none"
    """For the simulator's gate."""
    patience: Patience = HASTY
    tries: int = 1
    """How often a write may be on the wire."""
    scene: "Callable[[Settings], Any] | None" = None
    """For faults on this side of the wire: a context that gives the settings to use."""


def _gate(classes: str, *specs: str, tries: int = 1, patience: Patience = HASTY) -> list[Kind]:
    return [Kind(spec, frozenset(classes.split()), spec, patience, tries) for spec in specs]


# ---- faults on this side


@contextmanager
def _listening(backlog: int = 16) -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(backlog)
        yield server


def _at(settings: Settings, server: socket.socket, scheme: str = "http") -> Settings:
    return replace(settings, base_url=f"{scheme}://127.0.0.1:{server.getsockname()[1]}/client/v4")


@asynccontextmanager
async def _nobody_listens(settings: Settings) -> AsyncIterator[Settings]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield _at(settings, reserved)


@asynccontextmanager
async def _no_such_name(settings: Settings) -> AsyncIterator[Settings]:
    # No question leaves this machine: the resolver's answer is the one thing that is made up here.
    with mock.patch("socket.getaddrinfo", side_effect=socket.gaierror(socket.EAI_NONAME, "Name or service not known")):
        yield replace(settings, base_url="https://nowhere.invalid/client/v4")


@asynccontextmanager
async def _black_hole(settings: Settings) -> AsyncIterator[Settings]:
    """A port whose queue of connections is full: the kernel drops what comes, as a firewall does."""
    with _listening(0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        try:
            yield _at(settings, server)
        finally:
            for one in waiting:
                one.close()


@asynccontextmanager
async def _silent_tls(settings: Settings) -> AsyncIterator[Settings]:
    with _listening() as server:
        yield _at(settings, server, "https")


@asynccontextmanager
async def _tls_to_plain(settings: Settings) -> AsyncIterator[Settings]:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        yield _at(settings, server.sockets[0], "https")


@asynccontextmanager
async def _unwilling_proxy(settings: Settings) -> AsyncIterator[Settings]:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        proxy = Proxy(Secret(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "test"), "proxy")
        yield replace(settings, base_url="https://127.0.0.1:9/client/v4", proxy=proxy)


def _here(name: str, scene: Callable[[Settings], Any]) -> Kind:
    return Kind(name, frozenset({UNSENT}), scene=scene, tries=0, patience=replace(HASTY, connect=0.05))


KINDS: tuple[Kind, ...] = (
    *_gate(DONE, "none"),
    _here("nobody listens", _nobody_listens),
    _here("no such name", _no_such_name),
    _here("black hole", _black_hole),
    _here("silent tls", _silent_tls),
    _here("tls to a plain port", _tls_to_plain),
    _here("proxy refuses", _unwilling_proxy),
    Kind("no free connection", frozenset({UNSENT}), "stall_before", replace(PATIENT, pool=0.05), tries=0),
    Kind("caller cancelled", frozenset({AMBIGUOUS, DONE}), "latency=60"),
    *_gate(AMBIGUOUS, "close_on_accept", "close_after_headers", "close_before", "close_after"),
    *_gate(AMBIGUOUS, "reset_before", "reset_after", "stall_before", "stall_after", "body_stall", "garbage_status"),
    *_gate(AMBIGUOUS, "cut_headers", "short_body", "huge_headers", "bad_gzip", "bomb=24"),
    *_gate(AMBIGUOUS, "endless", patience=replace(HASTY, total=5)),
    *_gate(AMBIGUOUS, "drip=50", patience=replace(HASTY, total=0.25)),
    *_gate(AMBIGUOUS, "html_502", "html_200", "bad_utf8", "empty_200", "wrong_envelope", "not_success"),
    *_gate(AMBIGUOUS, "wrong_shape", "deep_json", "redirect=303", "redirect=307", "unavailable"),
    *_gate(AMBIGUOUS, "status=302", "status=408", "status=409", "status=418", "status=500", "status=502", "status=504"),
    *_gate(AMBIGUOUS, "status=521", "status_after=500", "status_after=502", "status_after=504", "status_after=408"),
    *_gate(REFUSED, "status=400", "status=401", "status=403", "status=404", "status=405", "status=413", "status=414"),
    *_gate(REFUSED, "status=415", "status=422"),
    *_gate(REFUSED, "rate_limit=2", "rate_limit_bare", "rate_limit_odd", tries=3),
    *_gate(
        DONE, "latency=20", "bandwidth=1000", "slicer=50", "wrong_type", "surrogate", "duplicate_keys", "quota_gone"
    ),
    *_gate(DONE, "unknown_enum", "extra_fields", "missing_deprecated", "deprecation_headers", "partial"),
    # The connection may be reset before we know that there is one.
    *_gate(f"{UNSENT} {AMBIGUOUS}", "reset_on_accept"),
    *_gate(f"{DONE} {AMBIGUOUS}", "null_result", "nan_json", "big_int", "many_headers", "missing_ids", "null_lists"),
)
BY_NAME = {kind.name: kind for kind in KINDS}


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
        """So many times all eight requests under this kind."""
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
    async def _client(self, settings: Settings, patience: Patience = HASTY) -> AsyncIterator[EmailSecurityClient]:
        traffic = Traffic(settings, HurriedClock(), self.random, read_wait=300, reading=patience, acting=patience)
        try:
            yield EmailSecurityClient(traffic)
        finally:
            await traffic.close()

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
        lines, before = (client.traffic._reads, client.traffic._writes), len(self.simulator.wire())
        patient = [asyncio.create_task(line.send("GET", "/accounts")) for line in lines for _ in range(8)]
        await until(lambda: len(self.simulator.wire()) == before + len(patient))
        try:
            yield
        finally:
            for task in patient:
                task.cancel()
            await asyncio.gather(*patient, return_exceptions=True)

    # ---- writes: each gives the call, and how often the account really did what was asked

    def _release(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]:
        ids = [next(self._held), next(self._held)]

        def done() -> list[int]:
            log = self.simulator.account.truth.of("release")
            return [sum(entry["id"] == one and entry["outcome"] != "refused" for entry in log) for one in ids]

        return lambda client: _by_id(client, ids), done

    def _create(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]:
        mark = f"#op-{self.random.getrandbits(48):012x}"

        def done() -> list[int]:
            log = self.simulator.account.truth.of("create_job")
            return [sum(mark in (entry["body"].get("comment") or "") for entry in log)]

        params = SearchParams(sender="nobody.example", start=NOON, end=NOON)
        return lambda client: client.create_job(ActionType.RELEASE, params, comment=mark), done

    def _move(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]:
        mail = next(self._held)

        def done() -> list[int]:
            return [sum(entry["id"] == mail for entry in self.simulator.account.truth.of("move"))]

        return lambda client: client.move_messages([mail], Destination.JUNK), done

    def _a_job(self) -> str:
        body = {"action": "RELEASE", "search_params": {"sender": "nobody.example"}}
        return str(self.simulator.account.create_job(body)["job_id"])

    def _cancel(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]:
        job_id = self._a_job()

        def done() -> list[int]:
            log = self.simulator.account.truth.of("cancel_job")
            return [sum(entry["job_id"] == job_id and entry["outcome"] == "cancelled" for entry in log)]

        return lambda client: client.cancel_job(job_id), done

    def _delete(self) -> tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]:
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
        ask: Callable[[], tuple[Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]], Callable[[], list[int]]]],
    ) -> None:
        name = ask.__name__.strip("_")
        call, done = ask()
        async with self._under(kind) as client:
            before = len(self.simulator.wire())
            outcome = await self._cancelled(client, call) if kind.name == "caller cancelled" else await call(client)
        wire = self.simulator.wire()[before:]
        seen = sum(entry["endpoint"] not in (None, "accounts") for entry in wire)
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
            not set(said) <= kind.classes,
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
        self, client: EmailSecurityClient, call: Callable[[EmailSecurityClient], Awaitable[Outcome[Any]]]
    ) -> Outcome[Any]:
        """The outcome that is told although whoever asked has gone."""
        told: asyncio.Future[Outcome[Any]] = asyncio.get_running_loop().create_future()
        client.traffic.on_left_behind = lambda _, outcome: told.set_result(outcome)
        before = len(self.simulator.wire())
        asking = asyncio.ensure_future(call(client))
        await until(lambda: len(self.simulator.wire()) > before)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return await asyncio.wait_for(told, 5)

    # ---- reads

    def _reads(self) -> dict[str, Callable[[EmailSecurityClient], Awaitable[list[str]]]]:
        job_id = next(iter(self.simulator.account.jobs))

        async def jobs(client: EmailSecurityClient) -> list[str]:
            known = [job.id async for page in all_jobs(client) for job in page]
            return sorted(one for one in known if one in self._first_jobs)

        async def rows(client: EmailSecurityClient) -> list[str]:
            return [row.id async for page in all_job_messages(client, job_id, per_page=100) for row in page]

        async def mails(client: EmailSecurityClient) -> list[str]:
            return sorted([mail.id.exact async for page in all_found(client, EVERYTHING) for mail in page])

        return {"jobs": jobs, "job_messages": rows, "search": mails}

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
        tally.on_the_wire += len(self.simulator.wire()) - before
        tally.classes[said] += 1
        if kind.classes == {DONE} and said != "read":
            tally.violations.append(f"{kind.name}: {name} could not be read")
        if not kind.classes & {DONE} and said != "error":
            tally.violations.append(f"{kind.name}: {name} was read, which can't be")


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
    return _Named(tuple(item if item is not None and fate_of(item) is not Fate.UNKNOWN else None for item in told))


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
    """An account that stands still, behind a gate."""
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
