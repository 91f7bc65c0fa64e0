"""What a handover says: true of what was read, nothing of a mail, never more than text, and what was not read is told."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_text import MEANINGFUL
from tests.jobs.test_rows import query
from tests.plans.test_mail_report import asked
from tests.plans.test_write_records import facts, told
from tests.support.clock import StillClock
from tests.support.faulty import ACCOUNT, Received, answer, failure, faulty, success
from tests.support.tickets import more_than_text
from tui_app.api.budget import BudgetState
from tui_app.api.models import Job
from tui_app.api.rows import JobMessage
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.core.text import sanitize
from tui_app.jobs.reasons import ReasonTally
from tui_app.plans.effect import Source
from tui_app.plans.ledger import Ledger
from tui_app.plans.ledger_entry import PlanSummary
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import closed_record, intent_record, result_record
from tui_app.plans.state import Outcome, PlanState, Result
from tui_app.plans.write_entry import WriteAnswer, WriteEntry, WriteOutcome
from tui_app.reports import handover_reading
from tui_app.reports.handover import (
    FailedMessages,
    Failures,
    Handover,
    HandoverJob,
    HandoverPlan,
    LedgerPart,
    parse_since,
)
from tui_app.reports.handover_json import as_json
from tui_app.reports.handover_markdown import as_markdown
from tui_app.reports.handover_reading import read_handover
from tui_app.service import EmailSecurityService

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINCE = NOON - timedelta(hours=12)
_IDS = count(1)


class NoonClock(StillClock):
    """It is noon, and waits take no time."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def uuid(number: int) -> str:
    return f"182bd5e5-6e1a-4fe4-a799-{number:012x}"


def job(number: int, ended: str | None = "2026-11-20T11:00:00Z", **fields: Any) -> dict[str, Any]:
    return {
        "job_id": uuid(number),
        "status": "COMPLETED",
        "action_type": "MOVE",
        "action_params": {"destination": "JunkEmail"},
        "search_params": {"recipient": "vip@acme.example", "subject": "Secret plans"},
        "created_at": "2026-11-01T00:00:00Z",
        "completed_at": ended,
        "comment": f"INC-{number}",
        "total_messages_discovered": 10,
        "messages_successful": 10,
        "messages_failed": 0,
        **fields,
    }


def failed_job(number: int, failed: int, **fields: Any) -> dict[str, Any]:
    return job(number, total_messages_discovered=failed, messages_successful=0, messages_failed=failed, **fields)


def served(jobs: list[dict[str, Any]], why: str = "Mailbox not found", refuse: str = "") -> Callable[[Received], bytes]:
    def script(request: Received) -> bytes:
        asked_for = query(request)
        size, page = int(asked_for["per_page"]), int(asked_for["page"])
        if "/messages" not in request.target:
            return answer(200, success(jobs[(page - 1) * size : page * size]), ratelimit='"default";r=50;t=30')
        if refuse and refuse in request.target:
            return answer(403, failure(10000, "no"))
        about = next(each for each in jobs if each["job_id"] in request.target)
        rows = range(about["messages_failed"])[(page - 1) * size : page * size]
        return answer(200, success([
            {"message_id": f"r{n}", "status": asked_for["status"], "status_message": why, "retry_count": 1,
             "action_params": {"client_recipient": f"u{n}@acme.example"}, "message": {"subject": "Secret plans"}}
            for n in rows
        ]))  # fmt: skip

    return script


Write = Callable[[Ledger, str], None]


async def read(
    script: Any,
    home: Path,
    *writes: Write,
    since: datetime = SINCE,
    profile: str | None = None,
    port: int | None = None,
) -> Handover:
    """The handover of an account after these writes; with a `port` nobody answers there."""
    async with faulty(script) as server:
        url = server.base_url if port is None else f"http://127.0.0.1:{port}"
        settings = Settings(ACCOUNT, url, TokenCredential(Secret("t", "test")), profile=profile)
        service = EmailSecurityService(settings, clock=NoonClock(NOON), random=Random(1), state=home)
        try:
            for write in writes:
                write(service.plans.ledger, settings.identity)
            return await read_handover(service, since)
        finally:
            await service.close()


def plan(
    *outcomes: Outcome | None,
    why: str = "",
    at: datetime = NOON,
    closed: bool = False,
    remarks: tuple[str, ...] = (),
    **more: Any,
) -> Write:
    """A plan of messages with these outcomes; None was never sent."""

    def write(ledger: Ledger, account: str) -> None:
        targets = [Target(f"4NAAAAAAAAAAAA{n:02d}-2026-11-20T10:00:00-1") for n in range(len(outcomes))]
        made = Plan.make(targets, "INC-7", 25, Random(next(_IDS)), **more)
        earlier = Ledger(ledger.folder, ledger.origin, lambda: at)
        journal, _ = earlier.begin(made, account)
        results = [
            Result(target, outcome, why=why) for target, outcome in zip(targets, outcomes, strict=True) if outcome
        ]
        if results:
            journal.add(intent_record([result.target for result in results], "ids", at))
            journal.add(result_record(results, http=200, ray=None, ms=1, at=at, remarks=remarks))
        if closed:
            journal.add(closed_record(PlanState(made), at))
        journal.close()

    return write


def job_write(kind: str, *answers: dict[str, Any], **more: Any) -> Write:
    def write(ledger: Ledger, account: str) -> None:
        journal = ledger.begin_write(facts(f"{next(_IDS):08x}", kind, **more), account)
        for each in answers:
            journal.add(each)
        journal.close()

    return write


def plain(handover: Handover) -> str:
    return as_markdown(handover).replace("`", "").replace("\\", "")


def part(text: str, title: str) -> str:
    """What stands under a title of the page."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


# ---- from when on


@pytest.mark.parametrize(
    ("words", "zone", "moment"),
    [
        ("24h", "UTC", "2026-11-19T12:00:00+00:00"),
        ("7d", "UTC", "2026-11-13T12:00:00+00:00"),
        ("2026-11-20", "UTC", "2026-11-20T00:00:00+00:00"),
        ("2026-11-20T05:00:00+02:00", "UTC", "2026-11-20T03:00:00+00:00"),
        ("06:00", "UTC", "2026-11-20T06:00:00+00:00"),
        ("6:00", "Europe/Berlin", "2026-11-20T05:00:00+00:00"),
        ("12:00", "UTC", "2026-11-20T12:00:00+00:00"),
        ("12:01", "UTC", "2026-11-19T12:01:00+00:00"),
        ("22:00", "Europe/Berlin", "2026-11-19T21:00:00+00:00"),
        ("06:00", "America/New_York", "2026-11-20T11:00:00+00:00"),
        ("08:00", "America/New_York", "2026-11-19T13:00:00+00:00"),
    ],
)
def test_it_begins_when_it_was_told_and_a_time_of_day_is_the_last_one_here(
    words: str, zone: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert parse_since(words, NOON) == datetime.fromisoformat(moment)


def test_a_time_of_the_night_before_a_change_of_clocks_is_of_that_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    after = datetime(2026, 10, 25, 5, tzinfo=UTC)
    assert parse_since("22:00", after) == datetime(2026, 10, 24, 20, tzinfo=UTC), "summer time"
    assert parse_since("04:00", after) == datetime(2026, 10, 25, 3, tzinfo=UTC), "winter time"


@pytest.mark.parametrize("words", ["24:00", "06:60", "yesterday", "", "2026-11-21", "2030-01-01T00:00:00Z", "1:2:3"])
def test_what_is_no_time_before_now_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time|has not come yet"):
        parse_since(words, NOON)


async def test_a_job_belongs_if_it_changed_since_then_or_runs_or_nobody_tells_when_it_ended(tmp_path: Path) -> None:
    at = [(SINCE + timedelta(seconds=seconds)).isoformat() for seconds in (-1, 0)]
    jobs = [
        job(1, at[0]),
        job(2, at[1]),
        job(3, None, status="PROCESSING", messages_successful=0, messages_pending=10),
        job(4, None),
        job(5, None, created_at=None, status="CANCELLED"),
        job(6, at[0], started_at=at[1]),
    ]
    handover = await read(served(jobs), tmp_path)
    assert {each.job.id for each in handover.jobs} == {uuid(number) for number in (2, 3, 4, 5, 6)}
    assert (len(handover.running), len(handover.done_jobs), handover.missing) == (1, 4, ())
    text = plain(handover)
    assert f"the server does not tell when it ended, created 2026-11-01 00:00 · move → Junk, job {uuid(4)}" in text
    assert "when it ended, created at an unknown time" in text


async def test_a_plan_belongs_if_it_was_worked_on_since_then_or_is_open(tmp_path: Path) -> None:
    before = SINCE - timedelta(milliseconds=1)
    handover = await read(
        served([]), tmp_path,
        plan(Outcome.DELIVERED, at=before),
        plan(Outcome.DELIVERED, at=SINCE),
        plan(Outcome.DELIVERED, None, at=before),
        plan(Outcome.UNKNOWN, at=before, closed=True),
        plan(None, at=before, closed=True),
        plan(None, not_before=NOON + timedelta(hours=1), at=before),
        job_write("cancel", at=before),
    )  # fmt: skip
    found = (handover.not_over, handover.unknown_plans, handover.waiting, handover.done_plans, handover.unknown_writes)
    assert [len(each) for each in found] == [1, 1, 1, 1, 1]
    assert (handover.open, handover.failed, handover.done) == (4, 0, 1)


# ---- what is open, and what to do


async def test_what_is_open_comes_first_each_with_the_command_that_goes_on(tmp_path: Path) -> None:
    running = job(
        1, None, status="PROCESSING", messages_successful=4, messages_pending=6, started_at="2026-11-20T11:58:00Z"
    )
    handover = await read(
        served([running]), tmp_path,
        plan(Outcome.DELIVERED, None),
        plan(Outcome.UNKNOWN, None),
        plan(None, not_before=NOON + timedelta(hours=2)),
        plan(None, not_before=NOON - timedelta(hours=2)),
        job_write("create"),
        lambda ledger, account: ledger.begin_write(asked("0000beef"), account).close(),
        job_write("create", told(status="PENDING", job=uuid(1)), reason="INC-8"),
        profile="my prod",
    )  # fmt: skip
    text = plain(handover)
    opened = part(text, "Open now")
    titles = [line.removeprefix("### ") for line in opened.splitlines() if line.startswith("### ")]
    assert titles == [
        "Running jobs (1)", "Plans that are not over (1)", "Unknown outcomes (2)", "Plans that wait for their time (2)",
        "Reports of mail, unknown (1)",
    ]  # fmt: skip
    mailsluice = "mailsluice --profile 'my prod'"
    assert f"  - next: {mailsluice} watch {uuid(1)}\n" in opened
    assert (
        "processing, 40 % · 10 rows = 4 completed + 6 pending · at its average pace so far about 3 min left" in opened
    )
    name = handover.not_over[0].plan.name
    assert f"  - next: {mailsluice} ledger resume {name}, or {mailsluice} ledger close {name}\n" in opened
    assert f"next: {mailsluice} ledger settle {handover.unknown_plans[0].plan.name}; nothing" in opened
    assert f"next: {mailsluice} ledger settle {handover.unknown_writes[0].name}\n" in opened
    assert f"next: {mailsluice} ledger settle 0000beef" in opened
    assert "was due 2026-11-20 10:00 +00:00" in opened
    assert "due 2026-11-20 14:00 +00:00" in opened
    assert "which waits: nothing is sent unless a mailsluice is open then" in opened
    who = handover.origin.who
    assert f'{who} · reason: "INC-8"' in opened, "the job was asked for from here"
    assert "Other writes" not in text, "that it was created is told with the job"
    assert "50 requests left, until 2026-11-20 12:00 +00:00" in part(text, "Quota")


async def test_a_job_that_a_lost_write_may_have_made_is_told_so(tmp_path: Path) -> None:
    lost = job_write("create")
    number = next(_IDS) + 1
    jobs = [job(1, comment=f"INC-1 #op-{number:08x}"), job(2, comment=f"about #op-{number:08x} of yesterday")]
    handover = await read(served(jobs), tmp_path, lost)
    by = {each.job.id: each.asked_by for each in handover.jobs}
    assert by[uuid(1)].endswith(f"its comment has the mark of write {number:08x}")
    assert by[uuid(2)] == "not created from this machine"
    (line,) = [line for line in plain(handover).splitlines() if uuid(1) in line]
    assert line.endswith('· reason: "INC-4711"'), "in the words of the ledger"
    assert "#op-" not in line


async def test_what_is_of_another_account_is_counted_and_not_told(tmp_path: Path) -> None:
    def of_another(ledger: Ledger, account: str) -> None:
        plan(Outcome.UNKNOWN)(ledger, account.upper().replace(ACCOUNT.upper(), "f" * 32))
        job_write("create", told(job=uuid(1)), reason="another's")(ledger, f"{'f' * 32}@https://x.example")

    handover = await read(served([job(1)]), tmp_path, of_another)
    assert (handover.open, handover.done, handover.ledger.elsewhere) == (0, 1, 2)
    text = plain(handover)
    assert (
        "- other accounts: 2 entries of the ledger, not told here: mailsluice ledger list --since 2026-11-20T00:00:00Z\n"
        in text
    )
    assert "not created from this machine" in text and "another's" not in text


async def test_the_mark_at_the_end_of_a_comment_is_no_word_of_an_operator(tmp_path: Path) -> None:
    handover = await read(served([job(1, comment="INC-1 wave #op-0000beef")]), tmp_path)
    assert 'not created from this machine · comment: "INC-1 wave"\n' in plain(handover)


async def test_a_doubted_plan_is_read_before_it_is_gone_on_with(tmp_path: Path) -> None:
    handover = await read(served([]), tmp_path, plan(None), plan(Outcome.FAILED))
    doubted = replace(handover.not_over[0].plan, doubts=("It is a copy.",))
    failed = replace(handover.failed_plans[0].plan, doubts=("It is a copy.",))
    ledger = LedgerPart((HandoverPlan(doubted), HandoverPlan(failed, left_to_retry=1)))
    text = plain(replace(handover, ledger=ledger))
    name = doubted.name
    assert f"next: mailsluice ledger show {name}, then mailsluice ledger resume {name} --despite-doubts" in text
    assert f"then mailsluice retry {failed.name} --despite-doubts" in text
    assert text.count("**It is a copy.**") == 2


# ---- what failed, as far as it was read


async def test_why_rows_failed_is_read_of_some_jobs_and_pages_and_the_rest_is_told(tmp_path: Path) -> None:
    jobs = [failed_job(1, 12_000, created_at="2026-11-20T11:00:00Z")]
    jobs += [failed_job(number, 3) for number in range(2, 13)]
    script, asked_for = served(jobs), list[str]()

    def counting(request: Received) -> bytes:
        asked_for.append(request.target)
        return script(request)

    handover = await read(counting, tmp_path)
    rows = [target for target in asked_for if "/messages" in target]
    assert len(rows) == 5 + 9
    assert all("status=FAILED" in target for target in rows)
    text = plain(handover)
    assert "5,000 mailbox not found: export, hand over" in text
    assert "not read: 7,000 rows" in text
    assert "- not read: Why 6 rows of 2 other jobs failed: only the newest 10 are read.\n" in text
    assert f"- not read: Failed rows of job {uuid(1)[:8]}: not read: 7,000 rows.\n" in text
    assert "**Not all could be read: see the end.**" in text
    assert text.count("not read: 3 rows") == 2


async def test_rows_that_are_refused_or_fewer_than_counted_are_told(tmp_path: Path) -> None:
    jobs = [failed_job(1, 2), failed_job(2, 4), job(3, messages_failed="many"), job(4, status="FAILED", status_message="Mailbox x@y.example not found")]  # fmt: skip
    script = served(jobs, refuse=uuid(1))

    def fewer(request: Received) -> bytes:
        if uuid(3) in request.target:
            return answer(200, success([]))
        return answer(200, success([])) if uuid(2) in request.target else script(request)

    handover = await read(fewer, tmp_path)
    assert len(handover.failed_jobs) == 4
    text = part(plain(handover), "Failed")
    assert "not read: 2 rows (The API refused" in text
    assert "0 failed rows came, and the job counts 4" in text
    assert "0 failed rows came, and the job's own count can't be read" in text
    assert "? failed" in text
    assert "reason of the state: mailbox not found" in text
    assert len(handover.missing) == 3


async def test_what_failed_of_a_plan_is_told_by_reason_and_what_followed_it(tmp_path: Path) -> None:
    failed = (Outcome.FAILED, Outcome.FAILED, Outcome.DELIVERED, Outcome.REFUSED)
    retry = plan(Outcome.DELIVERED, source=Source(Source.RETRY, Source.JOB, uuid(1)))
    handover = await read(
        served([failed_job(1, 1, ended=NOON.isoformat())], why="Throttled (429)"), tmp_path,
        plan(*failed, why="Mailbox u1@acme.example not found"), retry, job_write("cancel", told("refused")),
    )  # fmt: skip
    text = part(plain(handover), "Failed")
    assert "  - 2 failed: mailbox not found; export, hand over\n  - 1 refused: mailbox not found\n" in text
    assert "1 throttled by the mail provider: retry" in text
    assert f"then retry {handover.done_plans[0].plan.name}: 1 delivered" in text
    assert f"next: mailsluice retry {uuid(1)}\n" in text
    assert "refused (HTTP 403)" in text


async def test_a_plan_whose_answer_told_what_nobody_asked_for_is_not_simply_done(tmp_path: Path) -> None:
    strange = plan(Outcome.DELIVERED, remarks=("the answer names stranger@elsewhere.example, which was not sent",))
    text = plain(await read(served([]), tmp_path, strange, plan(Outcome.DELIVERED)))
    assert "look at its report: answers told 1 thing beside what was asked" in part(text, "To look at")
    assert "stranger@" not in text
    assert "beside what was asked" not in part(text, "Done")
    assert "Nothing failed." in part(text, "Failed")


@pytest.mark.parametrize(
    ("outcome", "why", "left"),
    [
        (Outcome.UNDELIVERED, "", 0),
        (Outcome.FAILED, "Mailbox u1@acme.example not found", 0),
        (Outcome.FAILED, "Throttled (429)", 1),
        (Outcome.REFUSED, "", 1),
    ],
)
async def test_a_retry_is_offered_where_one_would_send_something(
    tmp_path: Path, outcome: Outcome, why: str, left: int
) -> None:
    handover = await read(served([]), tmp_path, plan(outcome, Outcome.DELIVERED, why=why))
    (failed,) = handover.failed_plans
    assert failed.left_to_retry == left
    text = part(plain(handover), "Failed")
    assert (f"next: mailsluice retry {failed.plan.name}" in text) is bool(left)
    assert ("nothing of it is left to retry; look: mailsluice ledger show" in text) is not bool(left)


# ---- what can't be read


async def test_without_the_api_the_ledger_is_told_and_without_the_ledger_the_api(tmp_path: Path) -> None:
    offline = await read(served([]), tmp_path / "a", plan(Outcome.UNKNOWN), port=1)
    assert offline.unreached
    text = as_markdown(offline)
    assert text.index("**The jobs could not be read; what follows is from the ledger") < text.index("## Open now")
    assert "### Unknown outcomes (1)" in text
    assert "Nobody told what is left of the quota." in text
    folder = tmp_path / "b"
    folder.mkdir(mode=0o700)
    (folder / "plans").mkdir(mode=0o755)
    (folder / "plans").chmod(0o755)
    online = await read(served([job(1)]), folder)
    assert "must be closed to all others" in online.ledger.problem
    assert (len(online.done_jobs), len(online.missing)) == (1, 1)
    assert "nobody knows: the ledger can't be read" in plain(online)
    assert "Nothing that could be read is open." in plain(online)
    assert "acting right now: not known. The lock acting-" not in plain(online), "the lock itself can be looked at"


def locked(text: str, *, linked: bool = False) -> Write:
    """A lock in which somebody was named that was killed, or one that can't be looked at."""

    def write(ledger: Ledger, account: str) -> None:
        with ledger.account_locked(account):
            pass
        (lock,) = ledger.folder.glob("acting-*.lock")
        lock.write_text(text)
        if linked:
            lock.rename(lock.with_suffix(".moved"))
            lock.symlink_to(lock.with_suffix(".moved"))

    return write


async def test_who_acts_right_now_is_told_by_the_lock_and_not_by_its_text(tmp_path: Path) -> None:
    text = json.dumps({"pid": 1, "user": "bo", "host": "jump2", "since": "2026-11-20T11:00:00"})
    dead = await read(served([]), tmp_path / "a", locked(text))
    assert dead.ledger.acting == ""
    assert dead.missing == ()
    unseen = await read(served([]), tmp_path / "b", locked(text, linked=True))
    assert "acting right now: not known. The lock acting-" in plain(unseen)
    assert [sentence.partition(" acting-")[0] for sentence in unseen.missing] == ["Who is acting right now: The lock"]
    assert json.loads(as_json(unseen))["acting"].startswith("not known. ")
    # Of a ledger that can't be read at all it is told, too.
    (tmp_path / "c").mkdir(mode=0o700)
    (tmp_path / "c" / "plans").write_text("")
    closed = await read(served([]), tmp_path / "c")
    assert closed.ledger.problem
    assert "acting right now: not known. The lock acting-" in plain(closed)


async def test_a_list_of_jobs_that_breaks_off_is_told(tmp_path: Path) -> None:
    jobs = [job(number) for number in range(1, 1501)]
    script = served(jobs)

    def broken(request: Received) -> bytes:
        return answer(403, failure(10000, "no")) if "page=2" in request.target else script(request)

    handover = await read(broken, tmp_path)
    assert (len(handover.jobs), handover.unreached) == (1000, "")
    assert handover.missing[0].startswith("Jobs after the first 1,000: The API refused")


async def test_a_thousand_jobs_and_many_plans_are_listed_up_to_a_bound_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover_reading, "_PLANS_READ", 3)
    jobs = [job(number) for number in range(1, 1001)]
    handover = await read(
        served(jobs), tmp_path, *(plan(outcome) for outcome in [*[Outcome.DELIVERED] * 6, Outcome.FAILED])
    )
    text = plain(handover)
    assert "### Jobs that ended (1,000)" in text
    assert "- 900 more: mailsluice jobs\n" in text
    assert "- not read: Of 4 plans that are over: how their messages were seen afterwards.\n" in text
    assert "1 failed: no reason given" not in text and "  - 1 failed\n" in text, "what failed is read first"
    told_json = json.loads(as_json(handover))
    assert (len(told_json["done"]["jobs"]), len(told_json["done"]["plans"])) == (1000, 6)


async def test_nothing_at_all_is_a_handover(tmp_path: Path) -> None:
    handover = await read(served([]), tmp_path)
    text = as_markdown(handover)
    assert [line for line in text.splitlines() if line.startswith("Noth")] == [
        "Nothing is open.",
        "Nothing failed.",
        "Nothing.",
    ]
    assert text.endswith("All was read.\n")
    assert not (tmp_path / "plans").exists(), "reading makes no ledger"


# ---- the words of others


def report_of_mail(ledger: Ledger, account: str) -> None:
    about = asked("0000beef")
    messages = [{**each, "recipients": ["vip@acme.example"]} for each in about["messages"]]
    ledger.begin_write({**about, "messages": messages}, account).close()


async def test_no_address_and_no_subject_is_in_it_but_in_an_operators_words(tmp_path: Path) -> None:
    why = 'Mailbox u7@acme.example did something odd: "Secret plans" by <vip@acme.example>'
    write = {**told("unknown", http=None), "why": why}
    handover = await read(
        served([failed_job(1, 2, comment="for ceo@acme.example", status_message=why)], why=why), tmp_path,
        plan(Outcome.FAILED, why=why),
        job_write("create", write, search={"recipient": "vip@acme.example", "subject": "Secret plans"}),
        report_of_mail,
        job_write("delete", told("refused", why=why)),
    )  # fmt: skip
    text = as_markdown(handover)
    assert "for `ceo@acme.example`" in text
    rest = text.replace("ceo@acme.example", "")
    assert "acme.example" not in rest
    assert "ecret plans" not in rest
    ours = json.loads(as_json(handover))
    for job_told in ours["failed"]["jobs"]:
        assert job_told["search_params"]["subject"] == "Secret plans", "the API's object is unchanged"
        del job_told["search_params"], job_told["status_message"]
    rest = json.dumps(ours).replace("ceo@acme.example", "")
    assert "acme.example" not in rest
    assert "ecret plans" not in rest


def hostile(words: str) -> Handover:
    """A handover in which every text that somebody else can choose is this one."""
    about = {**job(1), "job_id": words or "x", "comment": words, "status_message": words, "status": words or "x", "action_type": words}  # fmt: skip
    row = {"message_id": "r", "status": "FAILED", "status_message": words, "action_params": {"client_recipient": words}}
    tally = ReasonTally(NOON)
    tally.add([JobMessage.from_wire(row)])
    origin = Origin(words, words, words, words, 1, words)
    state = PlanState(Plan.make([Target("4NAAAAAAAAAAAA01-2026-11-20T10:00:00-1")], "x", 25, Random(1)))
    summary = PlanSummary(
        number=1, plan_id="0a1b2c3d", account="a", made_at=words, origin=origin, version="1", previous="", head="",
        reason=words, digest="", messages=1, outcomes={Outcome.FAILED: 1, Outcome.UNKNOWN: 1}, closed=False, file=words,
        doubts=(words,), source=Source(Source.RETRY, Source.JOB, words), effect=state.plan.effect,
    )  # fmt: skip
    common = {
        "number": 1, "plan_id": "0a1b2c3d", "account": "a", "made_at": words, "origin": origin, "version": "1", "previous": "",
        "head": "", "reason": words, "file": words, "doubts": (words,),
    }  # fmt: skip
    answers = (
        WriteAnswer(outcome=WriteOutcome.REFUSED, at="", job=words, status=words, differences=(words,), why=words),
    )
    writes = (
        WriteEntry(**common, write="create", action=words, destination=words, search={words: words}),  # type: ignore[arg-type]
        WriteEntry(**common, write="cancel", asked_for=words or "x", answers=answers),  # type: ignore[arg-type]
    )
    shown = sanitize(words)
    failures = Failures(tally.result().groups, (shown,))
    jobs = tuple(
        HandoverJob(Job.from_wire({**about, "status": status}), shown, words, shown, (summary,), failures)
        for status in (words or "x", "COMPLETED")
    )
    plans = (
        HandoverPlan(summary, None, (FailedMessages(1, Outcome.FAILED, "x", "y"),), "", True, (summary,)),
        HandoverPlan(replace(summary, outcomes={Outcome.NOT_SENT: 1}), NOON),
        HandoverPlan(replace(summary, outcomes={Outcome.NOT_SENT: 1}, damaged=words)),
    )
    settings = Settings(ACCOUNT, "https://x.example", TokenCredential(Secret("t", "test")), profile=words or None)
    ledger = LedgerPart(plans, writes, elsewhere=1, acting="x", not_read=("x",))
    return Handover(settings, origin, SINCE, NOON, jobs, ledger, BudgetState(1, 2, 3.0))


def check_text(words: str) -> None:
    handover = hostile(words)
    markdown = as_markdown(handover)
    assert more_than_text(markdown) == []
    titles = [line for line in markdown.splitlines() if line.startswith("#")]
    assert len(titles) == 13, titles
    assert json.loads(as_json(handover))["open"]


@pytest.mark.parametrize(
    "words",
    [
        "", " ", "\n# title\n\n- item\n", "| a | b |\n|---|---|", "<b>x</b> <!-- &amp;", "[a](b) ![x](https://evil.example/)",
        "```` `x` ``", "** _ ~~ \\", "---", "\x1b[31m\u202e\u200b\ud800", "\ue000x\ue001", "@vip #12 :smile: $x$ www.evil.example",
    ],
)  # fmt: skip
def test_whatever_others_wrote_stays_text(words: str) -> None:
    check_text(words)


@pytest.mark.long
@given(words=st.one_of(MEANINGFUL, st.text(max_size=40)))
def test_whatever_words_others_wrote_they_stay_text(words: str) -> None:
    check_text(words)
