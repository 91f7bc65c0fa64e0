"""The ledger with ten thousand plans and writes to jobs beside one with ten: a list, and all that is read before a release."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.figure import Budget, Effort, Figure
from tui_app.core.clock import SystemClock
from tui_app.jobs.job_write import JobWrite
from tui_app.plans.journal import line_of
from tui_app.plans.journal_file import hash_of
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin, origin_of
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, plan_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.plans.write_records import answer_record, write_record

PEER = "with 10 journals"
JOURNALS = 10_000
OF_JOBS = 5
"""Each so many-th is of a write to a job."""
MESSAGES = 12
"""Of each plan."""
ROUNDS = 5
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
_SETTLED = 2.5
"""Seconds after which a file that stays as it is is remembered."""


def write_journals(folder: Path, journals: int) -> None:
    """Finished plans and answered writes to jobs, each with the hash of the one before."""
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    random, origin, previous = Random(5), origin_of({}), ""
    began = datetime(2026, 7, 1, tzinfo=UTC)
    for number in range(1, journals + 1):
        at = began + number * timedelta(minutes=3)
        if number % OF_JOBS == 0:
            previous = _write_to_a_job(folder, number, origin, at, previous)
            continue
        targets = [
            Target(f"4Njp{random.getrandbits(48):012x}", f"4Njp{random.getrandbits(40):010x}") for _ in range(MESSAGES)
        ]
        plan = Plan.make(targets, f"INC-{number}", 25, random)
        first = line_of(
            plan_record(
                plan,
                number=number,
                account=ACCOUNT,
                origin=origin,
                at=at,
                version="1",
                previous=previous,
                folder=os.fspath(folder.resolve()),
            )
        )
        answer = [Result(target, Outcome.DELIVERED) for target in targets]
        lines = (
            first,
            line_of(intent_record(targets, "ids", at)),
            line_of(result_record(answer, http=200, ray="8f0a", ms=90, at=at)),
        )
        path = folder / f"{number:06d}-{plan.plan_id}.jsonl"
        path.write_bytes(b"".join(lines))
        path.chmod(0o600)
        previous = hash_of(first.rstrip(b"\n"))


def _write_to_a_job(folder: Path, number: int, origin: Origin, at: datetime, previous: str) -> str:
    """A job that was cancelled; the hash of its first line."""
    job = f"182bd5e5-6e1a-4fe4-a799-{number:012x}"
    write = JobWrite(
        write_id=f"{number:08x}", kind="cancel", job=job, reason=f"INC-{number}", search={"sender": "a.example"}
    )
    first = line_of(
        write_record(
            write.record(),
            number=number,
            account=ACCOUNT,
            origin=origin,
            at=at,
            version="1",
            previous=previous,
            folder=os.fspath(folder.resolve()),
        )
    )
    answer = {
        "outcome": "done",
        "job": job,
        "status": "CANCELLED",
        "differences": [],
        "http": None,
        "ray": "",
        "why": "",
    }
    path = folder / f"{number:06d}-{write.write_id}.jsonl"
    path.write_bytes(first + line_of(answer_record(answer, at)))
    path.chmod(0o600)
    return hash_of(first.rstrip(b"\n"))


def ledger_of(folder: Path) -> Ledger:
    """The ledger as a program that has just begun has it."""
    return Ledger(folder, origin_of({}), SystemClock().now)


def _list(folder: Path) -> None:
    ledger_of(folder).overview()


def _begin(folder: Path) -> None:
    """What a release reads: who else acts, what is held back, the end of the chain; then its own journal is written."""
    ledger = ledger_of(folder)
    with ledger.account_locked(ACCOUNT):
        ledger.other_plans(ACCOUNT).held()
        ledger.other_plans(ACCOUNT).held()  # once for the review, once before anything is sent
        journal, _ = ledger.begin(Plan.make([Target("4Njp0123456789ab")], "x", 25, Random()), ACCOUNT)
        journal.close()
    journal.path.unlink()


def _verify(folder: Path) -> None:
    assert not ledger_of(folder).verify().problems


def _seconds(work: Callable[[Path], None], folder: Path) -> float:
    began = time.perf_counter()
    work(folder)
    return time.perf_counter() - began


def measure(effort: Effort) -> list[Figure]:
    """Both ledgers in turn; the first list of all, which reads every journal, is a figure of its own."""
    with ExitStack() as stack:
        many, few = (
            Path(stack.enter_context(tempfile.TemporaryDirectory())) / "mailsluice" / "plans" for _ in range(2)
        )
        write_journals(many, effort.size(JOURNALS, 200))
        write_journals(few, 10)
        time.sleep(_SETTLED)
        first, first_few = _seconds(_list, many), _seconds(_list, few)
        figures = []
        for what, work, most in (
            ("list of all", _list, 0.5),
            ("before a release is sent", _begin, 1.0),
            ("verify, every journal read", _verify, None),
        ):
            pairs = [(_seconds(work, many), _seconds(work, few)) for _ in range(effort.rounds(ROUNDS))]
            ours, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
            figures.append(Figure("ledger", what, "s", ours, peer, PEER, None if most is None else Budget(most)))
        return [*figures, Figure("ledger", "the first list of all, nothing remembered", "s", first, first_few, PEER)]
