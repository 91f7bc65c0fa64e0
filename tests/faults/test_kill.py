"""kill -9 at any moment of a release, a move or its undo: nothing is done twice, nothing is lost, and what is open is said to be open."""

import json
import os
import select
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.commands import with_clock
from tests.support.environment import PROGRAM, ROOT, environment
from tests.support.forker import Child, Program, forker
from tests.support.trials import BACK_TO_INBOX, RELEASE, TO_JUNK, Trial
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.origin import origin_of
from tui_app.plans.state import SAID_DONE, UNSEEN, Outcome
from tui_app.simulator.server import Options, Simulator, running

ROUNDS = int(os.environ.get("ROUNDS", "1000"))
SEED = int(os.environ.get("KILL_SEED", "1"))
WORKERS, CHUNK = 2, 50
BATCH, IDS = 10, 40
LATENCY_MS = 12
PATIENCE = 30.0
JOURNAL_BYTES = 11_000  # about what the journal of such a plan comes to
MOST_RESUMES = 12
OPEN_OR_NOT_DONE = frozenset(
    {Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.FAILED, Outcome.REFUSED, Outcome.LEFT_OUT, *UNSEEN}
)
COURSES = ((RELEASE,), (TO_JUNK, BACK_TO_INBOX))
"""What is done to the same mail, one after the other: the second takes the first back."""


class Whole:
    """A command in a process that begins with nothing, as a shell starts it."""

    def __init__(self, variables: dict[str, str], arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            env=variables, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def ended(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()


Command = Whole | Child


def wait(command: Command, holds: Callable[[], bool] = lambda: False, *, patience: float = PATIENCE) -> int | None:
    """Wait for this, or for the command's end; its exit code if it has ended."""
    end = time.monotonic() + patience
    while (code := command.ended()) is None and not holds():
        select.select([], [], [], 0.0004)
        assert time.monotonic() < end
    return code


@dataclass
class Tally:
    """What came of some kills, judged by the simulator's own record."""

    kills: int = 0
    plans: int = 0
    never_begun: int = 0
    """Plans that were killed before their journal was there."""
    resumes: int = 0
    again: int = 0
    """Messages that were given to be sent again, because nobody had seen it done to them."""
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Messages of which the journal says something that is not so."""

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def assert_right(self) -> None:
        assert (self.doubled, self.lost, self.wrong) == ([], [], [])

    def describe(self) -> str:
        return (
            f"{self.kills:,} kills in {self.plans:,} plans ({self.never_begun:,} before anything was written), "
            f"{self.resumes:,} times gone on with, {self.again:,} messages given to be sent again: "
            f"{len(self.doubled)} done twice, {len(self.lost)} lost, {len(self.wrong)} told wrongly"
        )


@dataclass
class Ahead:
    """By how much the clocks of the account and of the commands are ahead: nobody waits for minutes to pass."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


class Campaign:
    """Kills plans of one account until so many were killed."""

    def __init__(
        self,
        simulator: Simulator,
        folder: Path,
        seed: int,
        course: Sequence[Trial],
        ahead: Ahead,
        *,
        whole: Callable[[int], bool],
    ) -> None:
        self.tally = Tally()
        self._simulator, self._folder, self._random = simulator, folder, Random(seed)
        self._course, self._trial = course, course[0]
        self._whole = whole
        """Whether the command for the n-th messages starts as a shell starts it."""
        config = folder / "config.toml"
        config.write_text(f"[plans]\nbatch_size = {BATCH}\nmove_batch_size = {BATCH}\n")
        self._variables = environment(folder, simulator, MAILSLUICE_CONFIG=str(config))
        self._attempts: dict[tuple[str, str], list[str]] = defaultdict(list)
        """How each time ended that an effect on a message reached the server."""
        self._read, self._ahead = 0, ahead

    def run(self, kills: int) -> Tally:
        mails = [mail for mail in self._simulator.account.held if mail.disposition in ("BULK", "SPAM")]
        self._course[0].make_ready(self._simulator, mails)
        ids = [mail.investigate_id for mail in mails]
        for number, at in enumerate(range(0, len(ids) - IDS, IDS)):
            if self.tally.kills >= kills:
                return self.tally
            if number % 5 == 0:
                # Few journals in a folder: each command reads them all.
                self._variables["XDG_STATE_HOME"] = str(self._folder / f"state-{at}")
                self._plans = self._folder / f"state-{at}" / "mailsluice" / "plans"
                self.ledger = Ledger(self._plans, origin_of({}), SystemClock().now)
            self._take(ids[at : at + IDS], whole=self._whole(number))
        raise AssertionError("the account is too small")

    # ---- one plan

    def _take(self, ids: Sequence[str], *, whole: bool) -> None:
        """Do to these all of the course."""
        self._trial = self._course[0]
        folder = self._trial.effect.destination
        where = ["--destination", folder.value] if folder else []
        entry = self._plan([self._trial.endpoint, *ids, *where], ids, whole=whole)
        for back in self._course[1:]:
            self._trial = back
            done = [] if entry is None else [target.id for target in entry.state.with_outcome(*SAID_DONE)]
            if entry is not None and done:
                entry = self._plan(["undo", entry.plan.plan_id], done, whole=whole)

    def _plan(self, command: Sequence[str], ids: Sequence[str], *, whole: bool) -> LedgerEntry | None:
        """A new plan, killed until it is over; None if it never began."""
        before = {entry.plan.plan_id for entry in self.ledger.entries()}
        arguments = [*command, "--reason", "INC-1", "--yes", "--expect", str(len(ids))]
        self.tally.plans += 1
        self._kill(Whole(self._variables, arguments) if whole else self._forked(arguments), 0.5 if whole else 0.1)
        made = [entry for entry in self.ledger.entries() if entry.plan.plan_id not in before]
        if not made:
            self.tally.never_begun += 1
            self.tally.wrong += [f"{name}: sent without a plan" for name in ids if self._tries(name)]
            return None
        entry = self._go_on_to_the_end(*made)
        self._judge(ids, entry)
        return entry

    def _go_on_to_the_end(self, entry: LedgerEntry) -> LedgerEntry:
        """Resume it, killed again now and then, until nothing is left to be done."""
        for number in range(MOST_RESUMES):
            self._check_record(entry)
            if not entry.state.unfinished:
                return entry
            again = entry.state.with_outcome(*UNSEEN) if not entry.state.with_outcome(Outcome.UNKNOWN) else ()
            self.tally.resumes, self.tally.again = self.tally.resumes + 1, self.tally.again + len(again)
            hurried = self._random.random() < 0.3
            # Either the whole schedule without its waits, or a minute and more has passed.
            self._ahead.seconds += 0.0 if hurried else 90.0
            arguments = ["ledger", "resume", entry.plan.plan_id, "--yes", *(["--resend-unseen"] if again else [])]
            arguments += ["--expect", str(len(entry.state.unsent) + len(again))]
            command = self._forked(arguments, hurried=hurried)
            if self._random.random() < 0.7 and number < MOST_RESUMES - 4:
                self._kill(command, 0.1)
            else:
                self._ends(command, ExitCode.DONE, ExitCode.PARTLY_FAILED, ExitCode.UNKNOWN_OUTCOME)
            entry = self.ledger.find(entry.plan.plan_id)
        raise AssertionError(f"never done with: {entry.state.describe()}")

    def _written_to(self, stream: int) -> Path:
        """Where a stream of the last command is."""
        return self._folder / f"output{stream}"

    def _forked(self, arguments: Sequence[str], *, hurried: bool = False) -> Child:
        """A command in a process that has the program loaded already: a thousand of them take minutes."""
        program = Program(tuple(arguments), with_clock(ahead=self._ahead.seconds, hurried=hurried))
        with (
            Path(os.devnull).open("rb") as nothing,
            self._written_to(1).open("wb") as out,
            self._written_to(2).open("wb") as err,
        ):
            return forker().start(program, self._variables, [file.fileno() for file in (nothing, out, err)])

    def _kill(self, command: Command, startup: float) -> None:
        """Kill it at some moment: of the wire, of the journal, or just so long after it began; it may have ended before."""
        came, written = self._came(), self._written()
        chance = self._random.random()
        more, grown = self._random.randint(1, IDS), self._random.randint(1, JOURNAL_BYTES)
        rest = self._random.uniform(0.0, LATENCY_MS / 500)
        if chance < 0.45:
            wait(command, lambda: self._came() >= came + more)
        elif chance < 0.9:
            wait(command, lambda: self._written() >= written + grown)
        else:
            rest = self._random.uniform(0.0, startup * 1.5)
        end = time.monotonic() + rest
        if wait(command, lambda: time.monotonic() >= end) is None:
            command.kill()
            self.tally.kills += wait(command) == -signal.SIGKILL

    def _came(self) -> int:
        return len(self._simulator.account.truth.of(self._trial.endpoint))

    def _written(self) -> int:
        return sum(path.stat().st_size for path in self._plans.glob("*.jsonl"))

    def _ends(self, command: Command, *allowed: int) -> None:
        code = wait(command)
        assert code in allowed, (code, self._written_to(2).read_text())

    # ---- judging

    def _tries(self, name: str) -> list[str]:
        entries = self._simulator.account.truth.of(self._trial.endpoint)
        for seen in entries[self._read :]:
            self._attempts[seen["id"], seen.get("destination", "")].append(seen["outcome"])
        self._read = len(entries)
        return self._attempts[name, self._trial.effect.destination or ""]

    def _check_record(self, entry: LedgerEntry) -> None:
        """Whatever reached the server was on the disk before, at any moment."""
        for target in entry.plan.targets:
            if self._tries(target.id) and entry.state.outcome_of(target) is Outcome.NOT_SENT:
                self.tally.wrong.append(f"{target.id}: sent, and the journal of {entry.plan.plan_id} calls it not sent")

    def _judge(self, ids: Sequence[str], entry: LedgerEntry) -> None:
        told = self._shown(entry.plan.plan_id)
        trial = self._trial
        for name in ids:
            tries = self._tries(name)
            done = tries.count(trial.done)
            if trial.done in tries[:-1]:
                self.tally.doubled.append(f"{name}: {tries}")
            if not done and told.get(name) not in OPEN_OR_NOT_DONE:
                self.tally.lost.append(f"{name}: {told.get(name)}")
            if bool(done) is not (told.get(name) in trial.said_done):
                self.tally.wrong.append(f"{name}: {told.get(name)}, and it was {tries}")
            if told.get(name) is Outcome.MOVED and self._folders_of(name) != {trial.effect.destination}:
                self.tally.wrong.append(f"{name}: {told.get(name)}, and it lies in {self._folders_of(name)}")
        verdict = self.ledger.verify()
        self.tally.wrong += verdict.problems

    def _folders_of(self, name: str) -> set[str | None]:
        mail = self._simulator.account.mail(name)
        assert mail is not None
        return {mail.folder(recipient) for recipient in mail.recipients}

    def _shown(self, plan_id: str) -> dict[str, Outcome]:
        self._ends(self._forked(["ledger", "show", plan_id, "--json"]), ExitCode.DONE)
        rows: list[dict[str, Any]] = json.loads(self._written_to(1).read_text())
        return {row["id"]: Outcome(row["mailsluice"]["outcome"]) for row in rows}


@contextmanager
def campaign(
    folder: Path, seed: int, kills: int, course: Sequence[Trial], *, whole: Callable[[int], bool]
) -> Iterator[Campaign]:
    folder.mkdir(parents=True, exist_ok=True)
    options = Options(quota=0, messages=60, held=(kills * 2 + 10) * IDS, latency_ms=LATENCY_MS)
    ahead = Ahead()
    with running(options, ahead.now) as simulator:
        yield Campaign(simulator, folder, seed, course, ahead, whole=whole)


def part(folder: Path, seed: int, kills: int, course: Sequence[Trial]) -> Tally:
    """A part of the long run, in a process of its own."""
    with campaign(folder, seed, kills, course, whole=lambda number: number % 10 == 0) as killing:
        return killing.run(kills)


def test_ten_kills_lose_nothing_and_release_nothing_twice(tmp_path: Path) -> None:
    with campaign(tmp_path, SEED, 10, COURSES[0], whole=lambda number: number % 2 == 0) as killing:
        tally = killing.run(10)
    tally.assert_right()
    assert tally.kills >= 10


def test_a_few_kills_of_moves_and_their_undos_lose_nothing_and_move_nothing_twice(tmp_path: Path) -> None:
    with campaign(tmp_path, SEED, 4, COURSES[1], whole=lambda _: False) as killing:
        tally = killing.run(4)
    tally.assert_right()
    assert tally.kills >= 4


@pytest.mark.long
def test_a_thousand_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of them in releases, half in moves and their undos. `ROUNDS` and `KILL_SEED` change how many, and which."""
    tallies = [Tally() for _ in COURSES]
    parts = range(0, ROUNDS, CHUNK)
    with ProcessPoolExecutor(WORKERS) as pool:
        parted = [
            pool.submit(
                part,
                tmp_path / f"{at}",
                SEED * 10_000 + at,
                min(CHUNK, ROUNDS - at),
                COURSES[at // CHUNK % len(COURSES)],
            )
            for at in parts
        ]
        for number, one in enumerate(parted):
            tallies[number % len(COURSES)].add(one.result())
    whole = Tally()
    for tally, course in zip(tallies, COURSES, strict=True):
        with capsys.disabled():
            print(f"\nseed {SEED}, {', then '.join(trial.name for trial in course)}: {tally.describe()}")
        whole.add(tally)
    whole.assert_right()
    assert whole.kills >= ROUNDS


@pytest.mark.long
def test_right_after_a_kill_what_never_left_is_asked_for_a_whole_minute_and_sent_again_only_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the real clock: nobody can say at once that the request is not on its way, so the schedule is sat out."""
    with running(Options(quota=0, messages=60, held=200, faults="stall_before@release#2")) as simulator:
        held = [mail.investigate_id for mail in simulator.account.held if mail.disposition == "BULK"][: 2 * BATCH]
        config = tmp_path / "config.toml"
        config.write_text(f"[plans]\nbatch_size = {BATCH}\n")
        variables = environment(tmp_path, simulator, MAILSLUICE_CONFIG=str(config))
        ledger = Ledger(tmp_path / ".local/state/mailsluice/plans", origin_of({}), SystemClock().now)
        release = Whole(variables, ["release", *held, "--reason", "INC-1", "--yes", "--expect", str(len(held))])
        assert wait(release, lambda: sum(seen["endpoint"] == "release" for seen in simulator.wire()) == 2) is None
        release.kill()
        wait(release)
        simulator.set_faults("none")
        (entry,) = ledger.entries()
        began = time.monotonic()
        resume = ["ledger", "resume", entry.plan.plan_id, "--yes"]
        assert wait(Whole(variables, resume), patience=4 * PATIENCE) == ExitCode.UNKNOWN_OUTCOME
        took = time.monotonic() - began
        (entry,) = ledger.entries()
        assert len(entry.state.with_outcome(Outcome.NOT_SEEN)) == BATCH
        assert len(simulator.account.truth.of("release")) == BATCH
        again = Whole(variables, [*resume, "--resend-unseen", "--expect", str(BATCH)])
        assert wait(again, patience=4 * PATIENCE) in (ExitCode.DONE, ExitCode.PARTLY_FAILED)
        tried = [request["id"] for request in simulator.account.truth.of("release")]
    assert sorted(tried) == sorted(held)
    with capsys.disabled():
        print(f"\nsettled after {took:.0f} s")
    assert 55 < took < 80
