"""A disk that fails at any point of a plan: it stops, it tells no lie, and it goes on when the disk is well again."""

import csv
import errno
import io
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import HurriedClock
from tests.support.commands import run_with
from tests.support.environment import PROGRAM, ROOT, environment
from tests.support.services import held_mail, settings_for
from tests.support.trials import MOVES, RELEASE, TRIALS, Trial
from tui_app.config.schema import PlanSettings
from tui_app.plans.commands import Close, Resume, Send
from tui_app.plans.journal import JournalError, Record, parse
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import origin_of
from tui_app.plans.plan import Plan
from tui_app.plans.service import PlanService
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.plans.storage import Storage
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

pytestmark = pytest.mark.slow

MESSAGES, BATCH = 60, 10
BATCHES = MESSAGES // BATCH
ERRNOS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)
LINES = 2 * BATCHES + 2
"""The plan, an intent and a result for each batch, and the end."""
AT_LEAST = {"open": 3, "write": LINES, "sync": LINES, "sync_folder": 1}
"""What one plan asks of the disk; two locks are opened besides the journal."""
BRIEFLY = {"open": 3, "write": 5, "sync": 6, "sync_folder": 1}
"""For each call the number of one that is tried every time with each kind of plan."""


class FailingDisk(Storage):
    """Fails when something is asked of it for the n-th time; keeps count, and the bytes it promised to have kept."""

    def __init__(self, call: str = "", number: int = 0, code: int = 0) -> None:
        self.asked: Counter[str] = Counter()
        self.kept = b""
        self._written = b""
        self.fail(call, number, code)

    def fail(self, call: str, number: int, code: int) -> None:
        self._fails_at, self._code = (call, number), code

    def _meet(self, call: str) -> None:
        self.asked[call] += 1
        if (call, self.asked[call]) == self._fails_at and self._code:
            raise OSError(self._code, os.strerror(self._code))

    def open(self, path: str, flags: int) -> int:
        self._meet("open")
        return super().open(path, flags)

    def write(self, descriptor: int, data: bytes) -> int:
        self._meet("write")
        short = ("write", self.asked["write"]) == self._fails_at
        done = super().write(descriptor, data[: len(data) // 2] if short else data)
        self._written += data[:done]
        return done

    def sync(self, descriptor: int) -> None:
        self._meet("sync")
        super().sync(descriptor)
        self.kept = self._written

    def sync_folder(self, path: str) -> None:
        self._meet("sync_folder")
        super().sync_folder(path)

    def cut(self, descriptor: int, size: int) -> None:
        self._meet("cut")
        super().cut(descriptor, size)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=120, messages=100, faults="none")) as simulator:
        yield simulator


def releases_on(simulator: Simulator, folder: Path, disk: Storage) -> tuple[EmailSecurityService, PlanService]:
    settings = settings_for(simulator, plans=PlanSettings(batch_size=BATCH, move_batch_size=BATCH))
    service = EmailSecurityService(settings, clock=HurriedClock(), random=Random(1), state=folder)
    releases = service.plans
    releases.ledger = Ledger(folder / "plans", releases.ledger.origin, service.clock.now, disk)
    return service, releases


async def begun(
    simulator: Simulator, folder: Path, disk: Storage, trial: Trial = RELEASE
) -> tuple[Plan, PlanState | JournalError]:
    """A new plan on that disk, and how it ended."""
    service, plans = releases_on(simulator, folder, disk)
    try:
        guarded = plans.guard(trial.fresh(simulator, MESSAGES), trial.request)
        plan = plans.plan(guarded, "a ticket", trial.request)
        try:
            return plan, await plans.start(Send(plan))
        except JournalError as error:
            return plan, error
    finally:
        await service.close()


async def gone_on(
    simulator: Simulator, folder: Path, disk: Storage, plan: Plan, *, again: bool = False
) -> PlanState | JournalError:
    """The plan taken up where it was left, or begun when it never was."""
    service, releases = releases_on(simulator, folder, disk)
    try:
        found = releases.ledger.entries()
        if found and not found[0].state.unfinished:
            return found[0].state
        return await (releases.start(Resume(found[0], resend_unseen=again)) if found else releases.start(Send(plan)))
    except JournalError as error:
        return error
    finally:
        await service.close()


def ids_of(records: tuple[Record, ...], kind: str) -> set[str]:
    return {identity for record in records if record["type"] == kind for identity in record["ids"]}


def sent(simulator: Simulator, trial: Trial = RELEASE) -> Counter[str]:
    """How often each id came to the account, as the account knows it."""
    return Counter(entry["id"] for entry in trial.truth(simulator))


def tells_the_truth(simulator: Simulator, state: PlanState, trial: Trial = RELEASE) -> None:
    really, asked = trial.done_to(simulator), sent(simulator, trial)
    for target in state.plan.targets:
        outcome = state.outcome_of(target)
        assert outcome not in trial.said_done or target.id in really, f"{target.id} is called {outcome}"
        assert outcome is not Outcome.NOT_SENT or target.id not in asked, f"{target.id} was sent"
    assert sum(state.outcome_counts().values()) == MESSAGES


async def a_plan_meets(simulator: Simulator, folder: Path, disk: FailingDisk, trial: Trial) -> bool:
    """Whether the disk failed in it: else it was asked less often than that."""
    plan, ended = await begun(simulator, folder, disk, trial)
    if isinstance(ended, PlanState) and ended.phase is Phase.DONE:
        return False
    error = ended if isinstance(ended, JournalError) else ended.error
    assert isinstance(error, JournalError)
    assert re.search(r"(Nothing was sent|[Nn]othing more is sent)", str(error)), str(error)
    assert str(error).endswith((".", "mailsluice ledger")), "a sentence"
    # No request without its intent on the disk, and none after the failure.
    assert set(sent(simulator, trial)) <= ids_of(parse(disk.kept).records, "intent")
    if isinstance(ended, PlanState):
        assert ended.phase is Phase.HALTED
        assert ended.requests == len({entry["request"] for entry in trial.truth(simulator)})
        tells_the_truth(simulator, ended, trial)
    else:
        assert sent(simulator, trial) == Counter()

    # The disk is well again.
    state = await gone_on(simulator, folder, Storage(), plan)
    assert isinstance(state, PlanState)
    tells_the_truth(simulator, state, trial)
    if unseen := state.with_outcome(trial.not_seen):
        # An intent was on the disk and its request never left: nobody can know that, so a person has to say it.
        assert {target.id for target in unseen}.isdisjoint(sent(simulator, trial))
        state = await gone_on(simulator, folder, Storage(), plan, again=True)
        assert isinstance(state, PlanState)
    assert (state.finished, state.phase) == (True, Phase.DONE)
    tells_the_truth(simulator, state, trial)
    assert sent(simulator, trial) == Counter({target.id: 1 for target in plan.targets})
    assert Ledger(folder / "plans", origin_of({}), HurriedClock().now).verify().problems == ()
    return True


async def failures(simulator: Simulator, folder: Path, call: str, code: int, trial: Trial = RELEASE) -> int:
    """A plan for each time that this is asked of the disk, and then fails; how many."""
    for number in count(1):
        disk = FailingDisk(call, number, code)
        if not await a_plan_meets(simulator, folder / f"{number}", disk, trial):
            return number - 1
    raise AssertionError


async def test_everything_that_a_finished_plan_wrote_is_on_the_disk(account: Simulator, tmp_path: Path) -> None:
    disk = FailingDisk()
    _, state = await begun(account, tmp_path, disk)
    assert isinstance(state, PlanState)
    assert (state.phase, disk.asked["write"], disk.asked["sync"]) == (Phase.DONE, LINES, LINES)
    assert disk.kept == next((tmp_path / "plans").glob("*.jsonl")).read_bytes()


@pytest.mark.parametrize(
    ("trial", "call", "code"),
    [
        # One error for each call of a release in every test run, all of them in the longer one.
        pytest.param(
            trial,
            call,
            code,
            id=f"{trial.name}-{call}-{errno.errorcode[code]}",
            marks=[] if number % len(ERRNOS) == turn and trial is RELEASE else [pytest.mark.long],
        )
        for trial in TRIALS
        for number, call in enumerate(AT_LEAST)
        for turn, code in enumerate(ERRNOS)
    ],
)
async def test_whatever_fails_the_plan_stops_tells_the_truth_and_can_be_finished(
    trial: Trial, call: str, code: int, account: Simulator, tmp_path: Path
) -> None:
    assert await failures(account, tmp_path, call, code, trial) >= AT_LEAST[call]


@pytest.mark.parametrize("call", BRIEFLY)
async def test_a_move_or_its_undo_stops_too_when_the_disk_fails(call: str, account: Simulator, tmp_path: Path) -> None:
    trial = MOVES[list(BRIEFLY).index(call) % len(MOVES)]
    assert await a_plan_meets(account, tmp_path, FailingDisk(call, BRIEFLY[call], errno.EIO), trial)


async def test_a_write_that_is_cut_short_stops_it_too(account: Simulator, tmp_path: Path) -> None:
    assert await failures(account, tmp_path, "write", 0) == LINES


@pytest.mark.parametrize(
    ("call", "number", "code"),
    [("open", 1, errno.EIO), ("open", 2, errno.EROFS), *[("cut", 1, code) for code in ERRNOS], ("sync", 1, errno.EIO)],
)
async def test_a_torn_journal_that_cannot_be_mended_is_not_gone_on_with(
    call: str, number: int, code: int, account: Simulator, tmp_path: Path
) -> None:
    plan, _ = await begun(account, tmp_path, FailingDisk("write", 6))
    before = sent(account)
    assert isinstance(await gone_on(account, tmp_path, FailingDisk(call, number, code), plan), JournalError)
    assert sent(account) == before
    state = await gone_on(account, tmp_path, Storage(), plan, again=True)
    assert isinstance(state, PlanState)
    assert state.finished
    assert sent(account) == Counter({target.id: 1 for target in plan.targets})


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_disk_that_fails_again_while_a_plan_is_gone_on_with_makes_nothing_worse(
    number: int, account: Simulator, tmp_path: Path
) -> None:
    """Whatever was known of another plan before has nothing to do with this one."""
    plan, _ = await begun(account, tmp_path, FailingDisk("write", 5))
    disk = FailingDisk("write", number, errno.ENOSPC)
    ended = await gone_on(account, tmp_path, disk, plan)
    assert isinstance(ended, PlanState)
    assert isinstance(ended.error, JournalError)
    tells_the_truth(account, ended)
    state = await gone_on(account, tmp_path, Storage(), plan, again=True)
    assert isinstance(state, PlanState)
    tells_the_truth(account, state)
    assert state.finished
    assert max(sent(account).values()) == 1


async def test_a_failure_mixes_nothing_of_the_plan_before_into_this_one(account: Simulator, tmp_path: Path) -> None:
    disk = FailingDisk()
    service, releases = releases_on(account, tmp_path, disk)
    targets = RELEASE.fresh(account, MESSAGES)
    disk.fail("write", 3, errno.ENOSPC)
    before = await releases.start(
        Send(releases.plan(releases.guard(targets[:BATCH]), "its result was not written down"))
    )
    assert len(before.results_by_id) == BATCH
    plan = releases.plan(releases.guard(targets[BATCH:]), "never sent")
    releases.ledger.begin(plan, service.settings.identity)[0].close()
    disk.fail("write", disk.asked["write"] + 1, errno.ENOSPC)
    state = await releases.start(Close(releases.ledger.find(plan.plan_id)))
    await service.close()
    assert isinstance(state.error, JournalError)
    assert not state.results_by_id, "nothing was ever sent of it"
    assert state.outcome_counts()[Outcome.NOT_SENT] == len(plan.targets)


# ---- the command line


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a file system of its own with room for hardly anything, where we may make one."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "mailsluice-test", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def told_of(simulator: Simulator, output: str) -> None:
    """What the command line said of each id is what the account knows."""
    really = set(RELEASE.done_to(simulator))
    rows = {row["id"]: row["outcome"] for row in csv.DictReader(io.StringIO(output))}
    assert len(rows) == MESSAGES
    assert {identity for identity, outcome in rows.items() if outcome in RELEASE.said_done} <= really
    assert {identity for identity, outcome in rows.items() if outcome == "not sent"}.isdisjoint(sent(simulator))


def released_with(simulator: Simulator, tmp_path: Path, state: Path) -> tuple[dict[str, str], list[str]]:
    """The variables and the arguments of a release of sixty messages in batches of ten."""
    config = tmp_path / "config.toml"
    config.write_text(f"[plans]\nbatch_size = {BATCH}\n")
    config.chmod(0o600)
    where = {"XDG_STATE_HOME": os.fspath(state), "MAILSLUICE_CONFIG": os.fspath(config)}
    ids = [target.id for target in RELEASE.fresh(simulator, MESSAGES)]
    arguments = ["release", *ids, "--reason", "x", "--yes", "--expect", str(MESSAGES), "--format", "csv"]
    arguments += ["--include-disposition", "MALICIOUS", "--include-disposition", "MALICIOUS-BEC"]
    return {**simulator.environment(), **where}, arguments


def test_a_full_disk_ends_the_command_with_an_error_and_with_room_it_goes_on(
    account: Simulator, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small") as folder:
        changes, arguments = released_with(account, tmp_path, folder)
        ended = run_with(changes, *arguments)
        assert ended.returncode not in (0, 4), ended.stderr
        assert "No space left" in ended.stderr or "no space left" in ended.stderr
        assert 0 < len(sent(account)) < MESSAGES
        told_of(account, ended.stdout)
        plan = re.findall(r"ledger resume ([0-9a-f]{8})", ended.stderr)[0]
        subprocess.run(["mount", "-o", "remount,size=1m", folder], check=True)
        resume = ["ledger", "resume", plan, "--yes", "--resend-unseen", "--format", "csv"]
        (count,) = re.findall(r"add --expect (\d+)", run_with(changes, *resume).stderr)
        ended = run_with(changes, *resume, "--expect", count)
        told_of(account, ended.stdout)
        assert sent(account) == Counter({target.id: 1 for target in map(held_mail, arguments[1 : MESSAGES + 1])})
        assert run_with(changes, "ledger", "verify").returncode == 0


def test_a_file_that_may_not_grow_ends_the_command_with_an_error(account: Simulator, tmp_path: Path) -> None:
    changes, arguments = released_with(account, tmp_path, tmp_path)
    command = ["bash", "-c", 'ulimit -f 8; exec "$@"', "-", *PROGRAM, *arguments]
    # A cut .pyc would break whatever imports it next.
    variables = environment(tmp_path, PYTHONDONTWRITEBYTECODE="1", **changes)
    ended = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode not in (0, 4), ended.stderr
    assert "Nothing more is sent" in ended.stderr
    assert len(sent(account)) < MESSAGES
    told_of(account, ended.stdout)
