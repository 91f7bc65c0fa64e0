"""kill -9 at any moment of a release: nothing is released twice, nothing is lost, and what is open is said to be open."""

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
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.commands import with_clock
from tests.support.environment import PROGRAM, ROOT, environment
from tests.support.forker import Child, Program, forker
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode
from tui_app.plans.ledger import Ledger, origin_of
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.state import Outcome
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
    {Outcome.UNKNOWN, Outcome.NOT_SEEN, Outcome.NOT_SENT, Outcome.FAILED, Outcome.REFUSED, Outcome.LEFT_OUT}
)
RELEASED = frozenset({Outcome.DELIVERED, Outcome.PARTLY, Outcome.UNDELIVERED, Outcome.RELEASED})


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
    """Messages that were given to be sent again, because nobody had seen them released."""
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
            f"{len(self.doubled)} released twice, {len(self.lost)} lost, {len(self.wrong)} told wrongly"
        )


class Campaign:
    """Kills releases of one account until so many were killed."""

    def __init__(self, simulator: Simulator, folder: Path, seed: int, *, whole: Callable[[int], bool]) -> None:
        self.tally = Tally()
        self._simulator, self._folder, self._random = simulator, folder, Random(seed)
        self._whole = whole
        """Whether the release of the n-th plan starts as a shell starts it."""
        config = folder / "config.toml"
        config.write_text(f"[plans]\nbatch_size = {BATCH}\n")
        self._variables = environment(folder, simulator, MAILSLUICE_CONFIG=str(config))
        self._attempts: dict[str, list[str]] = defaultdict(list)
        """How each time ended that a message's release reached the server."""
        self._read, self._ahead = 0, 0.0

    def run(self, kills: int) -> Tally:
        ids = [mail.investigate_id for mail in self._simulator.account.held if mail.disposition in ("BULK", "SPAM")]
        while self.tally.kills < kills:
            at = self.tally.plans * IDS
            assert at + IDS <= len(ids), "the account is too small"
            if self.tally.plans % 5 == 0:
                # Few journals in a folder: each command reads them all.
                self._variables["XDG_STATE_HOME"] = str(self._folder / f"state-{at}")
                self._plans = self._folder / f"state-{at}" / "mailsluice" / "plans"
                self.ledger = Ledger(self._plans, origin_of({}), SystemClock().now)
                self._ahead = 0.0
            self._plan(ids[at : at + IDS])
            self.tally.plans += 1
        return self.tally

    # ---- one plan

    def _plan(self, ids: Sequence[str]) -> None:
        before = {entry.plan.plan_id for entry in self.ledger.entries()}
        arguments = ["release", *ids, "--reason", "INC-1", "--yes", "--expect", str(IDS)]
        whole = self._whole(self.tally.plans)
        command = Whole(self._variables, arguments) if whole else self._forked(arguments)
        self._kill(command, startup=0.5 if whole else 0.1)
        made = [entry for entry in self.ledger.entries() if entry.plan.plan_id not in before]
        if not made:
            self.tally.never_begun += 1
            self.tally.wrong += [f"{name}: sent without a plan" for name in ids if self._tries(name)]
            return
        self._judge(ids, self._go_on_to_the_end(*made))

    def _go_on_to_the_end(self, entry: LedgerEntry) -> LedgerEntry:
        """Resume it, killed again now and then, until nothing is left to be done."""
        for number in range(MOST_RESUMES):
            self._check_record(entry)
            if not entry.state.unfinished:
                return entry
            again = entry.state.with_outcome(Outcome.NOT_SEEN) if not entry.state.with_outcome(Outcome.UNKNOWN) else ()
            self.tally.resumes, self.tally.again = self.tally.resumes + 1, self.tally.again + len(again)
            hurried = self._random.random() < 0.3
            # Either the whole schedule without its waits, or a minute and more has passed.
            self._ahead += 0.0 if hurried else 90.0
            arguments = ["ledger", "resume", entry.plan.plan_id, "--yes", *(["--resend-unseen"] if again else [])]
            arguments += ["--expect", str(len(entry.state.unsent) + len(again))]
            command = self._forked(arguments, hurried=hurried)
            if self._random.random() < 0.7 and number < MOST_RESUMES - 4:
                self._kill(command, startup=0.1)
            else:
                self._ends(command, ExitCode.DONE, ExitCode.PARTLY_FAILED, ExitCode.UNKNOWN_OUTCOME)
            entry = self.ledger.find(entry.plan.plan_id)
        raise AssertionError(f"never done with: {entry.state.describe()}")

    def _written_to(self, stream: int) -> Path:
        """Where a stream of the last command is."""
        return self._folder / f"output{stream}"

    def _forked(self, arguments: Sequence[str], *, hurried: bool = False) -> Child:
        """A command in a process that has the program loaded already: a thousand of them take minutes."""
        program = Program(tuple(arguments), with_clock(ahead=self._ahead, hurried=hurried))
        with (
            Path(os.devnull).open("rb") as nothing,
            self._written_to(1).open("wb") as out,
            self._written_to(2).open("wb") as err,
        ):
            return forker().start(program, self._variables, [file.fileno() for file in (nothing, out, err)])

    def _kill(self, command: Command, *, startup: float) -> None:
        """Kill it at some moment: of the wire, of the journal, or just so long after it began; it may have ended before."""
        released, written = len(self._simulator.account.truth.of("release")), self._written()
        chance = self._random.random()
        more, grown = self._random.randint(1, IDS), self._random.randint(1, JOURNAL_BYTES)
        rest = self._random.uniform(0.0, LATENCY_MS / 500)
        if chance < 0.45:
            wait(command, lambda: len(self._simulator.account.truth.of("release")) >= released + more)
        elif chance < 0.9:
            wait(command, lambda: self._written() >= written + grown)
        else:
            rest = self._random.uniform(0.0, startup * 1.5)
        end = time.monotonic() + rest
        if wait(command, lambda: time.monotonic() >= end) is None:
            command.kill()
            self.tally.kills += wait(command) == -signal.SIGKILL

    def _written(self) -> int:
        return sum(path.stat().st_size for path in self._plans.glob("*.jsonl"))

    def _ends(self, command: Command, *allowed: int) -> None:
        code = wait(command)
        assert code in allowed, (code, self._written_to(2).read_text())

    # ---- judging

    def _tries(self, name: str) -> list[str]:
        entries = self._simulator.account.truth.of("release")
        for seen in entries[self._read :]:
            self._attempts[seen["id"]].append(seen["outcome"])
        self._read = len(entries)
        return self._attempts[name]

    def _check_record(self, entry: LedgerEntry) -> None:
        """Whatever reached the server was on the disk before, at any moment."""
        for target in entry.plan.targets:
            if self._tries(target.id) and entry.state.outcome_of(target) is Outcome.NOT_SENT:
                self.tally.wrong.append(f"{target.id}: sent, and the journal of {entry.plan.plan_id} calls it not sent")

    def _judge(self, ids: Sequence[str], entry: LedgerEntry) -> None:
        told = self._shown(entry.plan.plan_id)
        for name in ids:
            results_by_id = self._tries(name)
            released = results_by_id.count("released")
            if "released" in results_by_id[:-1]:
                self.tally.doubled.append(f"{name}: {results_by_id}")
            if not released and told.get(name) not in OPEN_OR_NOT_DONE:
                self.tally.lost.append(f"{name}: {told.get(name)}")
            if bool(released) is not (told.get(name) in RELEASED) and told.get(name) is not Outcome.FAILED:
                self.tally.wrong.append(f"{name}: {told.get(name)}, and it was {results_by_id}")
        verdict = self.ledger.verify()
        self.tally.wrong += verdict.problems

    def _shown(self, plan_id: str) -> dict[str, Outcome]:
        self._ends(self._forked(["ledger", "show", plan_id, "--json"]), ExitCode.DONE)
        rows: list[dict[str, Any]] = json.loads(self._written_to(1).read_text())
        return {row["id"]: Outcome(row["mailsluice"]["outcome"]) for row in rows}


@contextmanager
def campaign(folder: Path, seed: int, kills: int, *, whole: Callable[[int], bool]) -> Iterator[Campaign]:
    folder.mkdir(parents=True, exist_ok=True)
    options = Options(quota=0, messages=60, held=(kills * 2 + 10) * IDS, latency_ms=LATENCY_MS)
    with running(options) as simulator:
        yield Campaign(simulator, folder, seed, whole=whole)


def part(folder: Path, seed: int, kills: int) -> Tally:
    """A part of the long run, in a process of its own."""
    with campaign(folder, seed, kills, whole=lambda number: number % 10 == 0) as killing:
        return killing.run(kills)


def test_ten_kills_lose_nothing_and_release_nothing_twice(tmp_path: Path) -> None:
    with campaign(tmp_path, SEED, 10, whole=lambda number: number % 2 == 0) as killing:
        tally = killing.run(10)
    tally.assert_right()
    assert tally.kills >= 10


@pytest.mark.long
def test_a_thousand_kills_lose_nothing_and_release_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ROUNDS` and `KILL_SEED` change how many, and which."""
    whole = Tally()
    parts = range(0, ROUNDS, CHUNK)
    with ProcessPoolExecutor(WORKERS) as pool:
        parted = [pool.submit(part, tmp_path / f"{at}", SEED * 10_000 + at, min(CHUNK, ROUNDS - at)) for at in parts]
        for one in parted:
            whole.add(one.result())
    with capsys.disabled():
        print(f"\nseed {SEED}: {whole.describe()}")
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
