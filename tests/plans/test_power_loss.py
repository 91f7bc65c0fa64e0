"""The power fails at any moment of a plan: whatever is on the disk then, no message was sent without an intent there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import HurriedClock
from tests.support.services import settings_for
from tests.support.trials import BACK_TO_INBOX, RELEASE, TO_JUNK, TRIALS, Trial
from tui_app.api.client import EmailSecurityClient, ReleaseShape
from tui_app.api.enums import Destination
from tui_app.api.models import MoveItem, ReleaseItem
from tui_app.api.transport import Transport, always
from tui_app.api.write_result import WriteResult
from tui_app.config.schema import PlanSettings
from tui_app.config.settings import Settings
from tui_app.plans.commands import Send
from tui_app.plans.effect import Source
from tui_app.plans.journal import Journal, JournalError, parse
from tui_app.plans.ledger import Ledger
from tui_app.plans.replay import entry_of
from tui_app.plans.state import Phase, PlanState
from tui_app.plans.storage import Storage
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Named:
    """A file got its name."""


@dataclass(frozen=True)
class Written:
    """Bytes that the kernel has, and the disk perhaps."""

    data: bytes


@dataclass(frozen=True)
class Synced:
    """Everything that was written is on the disk."""


@dataclass(frozen=True)
class FolderSynced:
    """The file's name is on the disk."""


@dataclass(frozen=True)
class Posted:
    """A request is about to leave with these ids."""

    ids: frozenset[str]


Event = Named | Written | Synced | FolderSynced | Posted


@dataclass
class WatchedDisk(Storage):
    """Puts what is done to the journal on the same list as the requests."""

    events: list[Event] = field(default_factory=list)
    eager: bool = True

    def open(self, path: str, flags: int) -> int:
        if path.endswith(".jsonl"):
            self.events.append(Named())
        return super().open(path, flags)

    def write(self, descriptor: int, data: bytes) -> int:
        self.events.append(Written(data))
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        if self.eager:
            self.events.append(Synced())

    def sync_folder(self, path: str) -> None:
        if self.eager:
            self.events.append(FolderSynced())


class WatchedClient(EmailSecurityClient):
    """Notes each request before it leaves."""

    events: list[Event]

    async def release_messages(
        self, ids: Sequence[str], shape: ReleaseShape = "ids", *, may_wait: Callable[[], bool] = always
    ) -> WriteResult[tuple[ReleaseItem, ...]]:
        self.events.append(Posted(frozenset(ids)))
        return await super().release_messages(ids, shape, may_wait=may_wait)

    async def move_messages(
        self, ids: Sequence[str], destination: Destination, *, may_wait: Callable[[], bool] = always
    ) -> WriteResult[tuple[MoveItem, ...]]:
        self.events.append(Posted(frozenset(ids)))
        return await super().move_messages(ids, destination, may_wait=may_wait)


async def recorded(
    simulator: Simulator, folder: Path, messages: int, batch: int, trial: Trial = RELEASE, *, eager: bool = True
) -> list[Event]:
    """Everything that happened in a plan with one batch whose answer was lost, in its order.

    A move retries a job, and may have been sent from a minute ago on.
    """
    disk, clock = WatchedDisk(eager=eager), HurriedClock()
    settings: Settings = settings_for(simulator, plans=PlanSettings(batch_size=batch, move_batch_size=batch))
    service = EmailSecurityService(settings, clock=clock, random=Random(1), state=folder)
    plans = service.plans
    plans.ledger = Ledger(folder / "plans", plans.ledger.origin, clock.now, disk)

    def acting(waits: Callable[[float], None]) -> EmailSecurityClient:
        client = WatchedClient(Transport(settings, clock, Random(1), on_wait=waits))
        client.events = disk.events
        return client

    plans.make_client = acting
    targets, request = trial.fresh(simulator, messages), trial.request
    if trial.effect.is_move:
        retried = Source(Source.RETRY, Source.JOB, "f" * 32)
        request = replace(request, source=retried, not_before=clock.now() - timedelta(minutes=1))
    state: PlanState = await plans.start(Send(plans.plan(plans.guard(targets, request), "x", request)))
    await service.close()
    assert (state.phase, state.finished) == (Phase.DONE, True)
    assert [entry["id"] for entry in trial.truth(simulator)] == [target.id for target in targets]
    posts = [event.ids for event in disk.events if isinstance(event, Posted)]
    assert [len(ids) for ids in posts] == [batch] * (messages // batch)
    return disk.events


def images(events: list[Event]) -> Iterator[tuple[bytes | None, set[str]]]:
    """What a loss of power after each event may leave of the journal (None: not even its name), and what was posted by then."""
    kept, pending, there, named = b"", b"", False, False
    posted: set[str] = set()
    for event in events:
        match event:
            case Written(data):
                pending += data
            case Synced():
                kept, pending = kept + pending, b""
            case FolderSynced():
                named = there
            case Posted(ids):
                posted |= ids
            case Named():
                there = True
        if not named:
            yield None, set(posted)
        for size in range(len(pending) + 1):
            yield kept + pending[:size], set(posted)
            if size < len(pending):
                # The file has its new length, and its last blocks were not written.
                yield kept + pending[:size] + bytes(len(pending) - size), set(posted)


def sent_without_an_intent(image: bytes | None, posted: set[str]) -> set[str]:
    """Of what was posted, what such a journal does not tell of; also, that it can be read."""
    reading = parse(image or b"")
    assert reading.damaged_at is None
    known: set[str] = set()
    if reading.records:
        entry_of(reading.records)
    for record in reading.records:
        if record["type"] == "intent":
            known.update(record["ids"])
    return posted - known


async def all_images(
    folder: Path, messages: int, batch: int, trial: Trial = RELEASE, *, eager: bool = True
) -> tuple[int, int]:
    """How many images there are, and in how many of them something was sent without an intent."""
    faults = f"close_after@{trial.endpoint}#{messages // batch - 1}"
    with running(Options(quota=0, held=120, messages=100, faults=faults)) as simulator:
        events = await recorded(simulator, folder, messages, batch, trial, eager=eager)
    assert b'"settled"' in b"".join(event.data for event in events if isinstance(event, Written))
    count = violations = 0
    for image, posted in images(events):
        count += 1
        violations += bool(sent_without_an_intent(image, posted))
    return count, violations


@pytest.mark.parametrize(
    ("trial", "messages", "batch", "least"),
    [(RELEASE, 12, 3, 4000), (TO_JUNK, 2, 1, 1500), (BACK_TO_INBOX, 2, 1, 1500)],
    ids=[trial.name for trial in TRIALS],
)
async def test_no_loss_of_power_leaves_a_request_without_its_intent(
    trial: Trial, messages: int, batch: int, least: int, tmp_path: Path
) -> None:
    count, violations = await all_images(tmp_path, messages, batch, trial)
    assert violations == 0
    assert count > least


async def test_the_images_would_show_a_journal_that_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    count, violations = await all_images(tmp_path, 2, 1, eager=False)
    assert violations > count // 2


@pytest.mark.long
@pytest.mark.parametrize("trial", TRIALS, ids=[trial.name for trial in TRIALS])
async def test_no_loss_of_power_in_a_large_plan(
    trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count, violations = await all_images(tmp_path, 60, 10, trial)
    with capsys.disabled():
        print(f"\n{trial.name}: {count:,} images of a loss of power, {violations} with a request that has no intent")
    assert violations == 0


class Unhurried(Storage):
    def sync(self, descriptor: int) -> None:
        pass


async def test_what_a_loss_of_power_leaves_is_gone_on_with_or_was_never_begun(tmp_path: Path) -> None:
    with running(Options(quota=0, held=120, messages=100, faults="close_after@release#1")) as simulator:
        events = await recorded(simulator, tmp_path / "state", 6, 3)
    path, begun = tmp_path / "000001-00000000.jsonl", 0
    whole = b"".join(event.data for event in events if isinstance(event, Written))
    for image in [image for image, _ in images(events) if image is not None][::5]:
        path.write_bytes(image)
        try:
            journal, reading = Journal.reopen(path, Unhurried())
        except JournalError:
            assert b"\n" not in image, "only a plan that was never begun can't be gone on with"
            continue
        journal.close()
        begun += 1
        assert path.read_bytes() == whole[: reading.good]
    assert begun > 500


@pytest.mark.parametrize("trial", [RELEASE, TO_JUNK], ids=lambda trial: trial.name)
async def test_a_message_is_sent_only_when_the_journal_and_its_name_are_on_the_disk(
    trial: Trial, tmp_path: Path
) -> None:
    with running(Options(quota=0, held=120, messages=100, faults=f"close_after@{trial.endpoint}#1")) as simulator:
        events = await recorded(simulator, tmp_path, 12, 3, trial)
    first = next(at for at, event in enumerate(events) if isinstance(event, Posted))
    assert FolderSynced() in events[events.index(Named()) : first]
    for at, event in enumerate(events):
        if isinstance(event, Posted):
            assert isinstance(events[at - 1], Synced), "nothing comes between the disk's promise and the request"
