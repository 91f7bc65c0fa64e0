"""The report of a job: what it says is true of the rows and the ledger, in every format, and is text only."""

import csv
import io
import json
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_text import MEANINGFUL
from tests.jobs.test_rows import JOB, query
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.pasted import VICTIM
from tests.support.services import lonely_service
from tests.support.tickets import more_than_text, rendered, tables
from tui_app.api.models import Job
from tui_app.api.rows import JobMessage
from tui_app.core.text import Untrusted
from tui_app.jobs.reasons import ReasonTally
from tui_app.plans.effect import Effect, Source
from tui_app.plans.ids import parse_ids
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.state import Outcome, Result
from tui_app.plans.trail import JobTrail, trail_of_job
from tui_app.reports.job import JobReport, read_job_report
from tui_app.reports.job_formats import FORMATS, as_csv, as_json, as_markdown, write_report

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA = Origin("ana", "jump1", uid=os.geteuid())
HELD = [f"4NBC{n:04d}73B7D1FD-2026-11-20T10:00:{n:02d}-{n}" for n in range(1, 11)]
REASONS = ("Throttled by the provider (429)", "Mailbox not found", "The message is no longer there")


def job(**fields: Any) -> dict[str, Any]:
    return {
        "job_id": JOB,
        "status": "COMPLETED",
        "action_type": "MOVE",
        "action_params": {"destination": "JunkEmail"},
        "search_params": {"sender": "a.example", "start": "2026-11-19T12:00:00Z", "end": "2026-11-20T12:00:00+02:00"},
        "created_at": "2026-11-20T11:00:00Z",
        "total_messages_discovered": 0,
        "messages_successful": 0,
        "messages_failed": 0,
        **fields,
    }  # fmt: skip


def row(number: int, status: str = "COMPLETED", reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": f"r{number:05d}",
        "status": status,
        "status_message": reason,
        "retry_count": 1,
        "action_params": {"client_recipient": f"u{number}@acme.example"},
        "message": {"id": HELD[number], "subject": "Secret plans"} if number < len(HELD) else None,
        **fields,
    }


def served(about: dict[str, Any], rows: list[dict[str, Any]]) -> Any:
    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return answer(200, success(about))
        asked = query(request)
        size, page = int(asked["per_page"]), int(asked["page"])
        return answer(200, success(rows[(page - 1) * size : page * size]))

    return script


def ledger_in(folder: Path) -> Ledger:
    return Ledger(folder / "plans", ANA, lambda: NOON)


async def report_of(script: Any, folder: Path) -> JobReport:
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        try:
            return await read_job_report(service.client, ledger_in(folder), "acc", JOB)
        finally:
            await service.close()


def made(about: dict[str, Any], rows: list[dict[str, Any]], trail: JobTrail | None = None) -> JobReport:
    """A report that nobody had to read."""
    messages = [JobMessage.from_wire(each) for each in rows]
    tally = ReasonTally(NOON)
    tally.add(messages)
    return JobReport(
        Job.from_wire(about), "acc", {}, tuple(messages), tally.result().groups, ("rows moved",), trail or JobTrail()
    )


def failed_job(counts: tuple[int, int, int]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A job of which rows failed for three reasons, so many for each, and one was done."""
    reasons = [reason for reason, count in zip(REASONS, counts, strict=True) for _ in range(count)]
    rows = [row(number, "FAILED", reason) for number, reason in enumerate(reasons)]
    rows.append(row(len(rows)))
    about = job(
        total_messages_discovered=len(rows), messages_failed=len(reasons), messages_successful=1, comment="INC-1 #op-1"
    )
    return about, rows


def followed_up(ledger: Ledger, plan_id: str, source: Source, results: list[Result], **of_plan: Any) -> None:
    targets = tuple(result.target for result in results)
    journal, _ = ledger.begin(Plan(plan_id, targets, "again", 50, source=source, **of_plan), "acc")
    journal.add(intent_record(targets, "ids", NOON))
    journal.add(result_record(results, http=200, ray=None, ms=1, at=NOON))
    journal.close()


async def test_failed_rows_are_the_sum_of_what_became_of_them(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    retry = Source(Source.RETRY, Source.JOB, JOB)
    names = [Target(name) for name in HELD]
    held_back = [(HELD[4], "mailbox not found")]
    first = [Result(names[0], Outcome.MOVED), *(Result(names[n], Outcome.FAILED, why="again") for n in (1, 2, 3))]
    followed_up(ledger, "0a1b2c3d", retry, first, effect=Effect.move("Inbox"), held_back=held_back)  # type: ignore[arg-type]
    again = Source(Source.RETRY, Source.PLAN, "0a1b2c3d")
    followed_up(ledger, "1a1b2c3d", again, [Result(names[1], Outcome.MOVED), Result(names[2], Outcome.ALREADY_THERE)])
    # What was done stays done, and what was tried stays tried, whatever a later plan says.
    late = [Result(names[0], Outcome.FAILED)]
    followed_up(ledger, "3a1b2c3d", retry, late, unfit=((HELD[3], "it is not there any more"),))
    followed_up(ledger, "2a1b2c3d", Source(Source.UNDO, Source.JOB, JOB), [Result(names[7], Outcome.MOVED)])
    report = await report_of(served(*failed_job((4, 2, 1))), tmp_path)
    markdown = as_markdown(report)
    title, _, sums = markdown.splitlines()[:3]
    assert title == "# Move → Junk · job `182bd5e5` · completed with failures, 7 of 8 rows failed"
    assert sums == "**8 rows = 1 completed + 7 failed.** All 8 rows were read, and they fit the counters."
    assert (
        "\n7 failed = 2 moved + 1 already there + 1 failed again "
        "+ 3 not tried again (2 mailbox not found, 1 the message is no longer there).\n" in markdown
    )
    reasons, rows = tables(markdown)
    assert [line[:2] for line in reasons[1:]] == [
        ["4", "throttled by the mail provider"],
        ["2", "mailbox not found"],
        ["1", "the message is no longer there"],
    ]
    assert {line[0]: line[4] for line in rows[1:]} == {
        HELD[0]: "moved, plan 0a1b2c3d",
        HELD[1]: "moved, plan 1a1b2c3d",
        HELD[2]: "already there, plan 1a1b2c3d",
        HELD[3]: "failed again, plan 0a1b2c3d",
        HELD[4]: "not tried again, plan 0a1b2c3d",
        HELD[5]: "not tried again",
        HELD[6]: "not tried again",
    }
    followed = re.findall(r"- followed by: (retry|undo) of (job|plan) .*plan `(\w+)` ", markdown)
    assert followed == [
        ("retry", "job", "0a1b2c3d"),
        ("retry", "plan", "1a1b2c3d"),
        ("retry", "job", "3a1b2c3d"),
        ("undo", "job", "2a1b2c3d"),
    ]
    told = json.loads(as_json(report))["mailsluice"]
    assert told["failed"] == {
        "rows": 7,
        "became": {"moved": 2, "already there": 1, "failed again": 1, "not tried again": 3},
        "not_tried": {"mailbox not found": 2, "the message is no longer there": 1},
    }
    lines = list(csv.DictReader(io.StringIO(as_csv(report))))
    assert {line["investigate_id"]: (line["afterwards"], line["plan"]) for line in lines}[HELD[1]] == (
        "moved",
        "1a1b2c3d",
    )


RETRY = Source(Source.RETRY, Source.JOB, JOB)


def undo_of(plan: str) -> Source:
    return Source(Source.UNDO, Source.PLAN, plan)


async def test_what_was_taken_back_after_a_retry_is_not_told_as_moved(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    names = [Target(name) for name in HELD]
    moved = [Result(name, Outcome.MOVED) for name in names]
    retried = [*moved[:4], Result(names[4], Outcome.FAILED, why="again")]
    followed_up(ledger, "0a1b2c3d", RETRY, retried)
    undone = [*moved[:2], Result(names[2], Outcome.UNKNOWN), Result(names[3], Outcome.FAILED)]
    followed_up(ledger, "1a1b2c3d", undo_of("0a1b2c3d"), undone)
    followed_up(ledger, "2a1b2c3d", undo_of("1a1b2c3d"), moved[1:2])
    report = await report_of(served(*failed_job((4, 2, 0))), tmp_path)
    markdown = as_markdown(report)
    assert (
        "\n6 failed = 1 failed again + 1 moved + 1 moved again + 1 moved, perhaps taken back "
        "+ 1 moved, then taken back + 1 not tried again (1 mailbox not found).\n" in markdown
    )
    assert {line[0]: line[4] for line in tables(markdown)[1][1:]} == {
        HELD[0]: "moved, then taken back in plan 1a1b2c3d",
        HELD[1]: "moved again in plan 2a1b2c3d",
        HELD[2]: "moved, perhaps taken back in plan 1a1b2c3d",
        HELD[3]: "moved, plan 0a1b2c3d",
        HELD[4]: "failed again, plan 0a1b2c3d",
        HELD[5]: "not tried again",
    }
    failed, became, _ = report.failed_sum()
    assert failed == sum(became.values()) == 6


@pytest.mark.parametrize(
    ("plans", "told"),
    [
        ([(undo_of("00000001"), Outcome.UNKNOWN)], "moved, perhaps taken back in plan 00000002"),
        ([(undo_of("00000001"), Outcome.NOT_SENT)], "moved, plan 00000001"),
        (
            [(undo_of("00000001"), Outcome.FAILED), (Source(Source.RETRY, Source.PLAN, "00000002"), Outcome.MOVED)],
            "moved, then taken back in plan 00000003",
        ),
        (
            [(undo_of("00000001"), Outcome.MOVED), (undo_of("00000002"), Outcome.UNKNOWN)],
            "moved, taken back, perhaps moved again in plan 00000003",
        ),
        (
            [(undo_of(f"0000000{number}"), Outcome.MOVED) for number in (1, 2, 3)],
            "moved, then taken back in plan 00000004",
        ),
        ([(undo_of("00000001"), Outcome.MOVED), (RETRY, Outcome.MOVED)], "moved, plan 00000003"),
        ([(undo_of("00000001"), Outcome.MOVED), (RETRY, Outcome.FAILED)], "failed again, plan 00000003"),
        ([(undo_of("00000001"), Outcome.UNKNOWN), (undo_of("00000001"), Outcome.FAILED)], "moved, perhaps taken back in plan 00000002"),
    ],
)  # fmt: skip
def test_a_row_stands_as_the_last_plan_left_it(tmp_path: Path, plans: list[tuple[Source, Outcome]], told: str) -> None:
    ledger = ledger_in(tmp_path)
    for number, (source, outcome) in enumerate([(RETRY, Outcome.MOVED), *plans], start=1):
        followed_up(ledger, f"0000000{number}", source, [Result(Target(HELD[0]), outcome)])
    report = made(job(), [row(0, "FAILED", "x")], trail_of_job(ledger, JOB))
    assert report.afterwards(report.failures[0]).describe() == told
    assert sum(report.failed_sum()[1].values()) == 1


def test_what_was_taken_back_for_some_is_told_for_each_recipient(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    one, two = Untrusted("u1@acme.example"), Untrusted("u2@acme.example")
    followed_up(ledger, "0a1b2c3d", RETRY, [Result(Target(HELD[0]), Outcome.MOVED, moved=(one, two))])
    back = Result(Target(HELD[0]), Outcome.PARTLY_MOVED, moved=(one,), failed=(two,))
    followed_up(ledger, "1a1b2c3d", undo_of("0a1b2c3d"), [back])
    rows = [row(n, "FAILED", "x", message={"id": HELD[0]}) for n in (1, 2, 3)]
    report = made(job(), rows, trail_of_job(ledger, JOB))
    assert [report.afterwards(each).what for each in report.failures] == [
        "moved, then taken back",
        "moved",
        "moved, perhaps taken back",
    ]


def test_a_message_that_a_retry_moved_for_some_is_told_for_each_recipient(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    partly = Result(
        Target(HELD[0]),
        Outcome.PARTLY_MOVED,
        moved=(Untrusted("U1@acme.example"),),
        failed=(Untrusted("u2@acme.example"),),
    )
    followed_up(ledger, "0a1b2c3d", Source(Source.RETRY, Source.JOB, JOB), [partly])
    rows = [
        row(n, "FAILED", "x", message={"id": HELD[0]}, action_params={"client_recipient": f"u{n}@acme.example"})
        for n in (1, 2, 3)
    ]
    report = made(job(), rows, trail_of_job(ledger, JOB))
    assert [report.afterwards(each).what for each in report.failures] == ["moved", "failed again", "partly moved"]


def test_a_row_that_no_plan_can_name_is_not_called_untried(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    nameless = row(0, "FAILED", "x", message=None, email_message_id="<a@b.example>")
    assert made(job(), [nameless]).failed_sum()[1] == {"not tried again": 1}
    followed_up(ledger, "0a1b2c3d", Source(Source.RETRY, Source.JOB, JOB), [Result(Target(HELD[0]), Outcome.MOVED)])
    (what,) = made(job(), [nameless], trail_of_job(ledger, JOB)).failed_sum()[1]
    assert what.startswith("not to be told")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"messages_successful": 5}, "completed"),
        ({"messages_successful": 4, "messages_failed": 1}, "completed with failures, 1 of 5 rows failed"),
        ({"messages_successful": 4, "messages_skipped": 1}, "completed, but not all: 1 skipped of 5 rows"),
        ({"messages_successful": 4, "messages_skipped": 0}, "completed, but not all: 1 in no counter of 5 rows"),
        ({"messages_successful": "many"}, "completed, but a counter can't be read"),
        (
            {"messages_successful": 4, "messages_cancelled": 1, "status": "CANCELLED"},
            "cancelled, 4 of 5 rows completed",
        ),
        ({"messages_failed": 5, "status": "FAILED"}, "failed, 0 of 5 rows completed"),
        ({"messages_pending": 5, "status": "PROCESSING"}, "still processing, the numbers may change"),
    ],
)
def test_the_title_makes_nothing_better_than_it_is(fields: dict[str, Any], state: str) -> None:
    report = made(job(total_messages_discovered=5, **fields), [])
    assert report.state == state
    assert as_markdown(report).startswith(f"# Move → Junk · job `182bd5e5` · {state}\n")


async def test_rows_that_do_not_fit_the_counters_are_told_side_by_side(tmp_path: Path) -> None:
    about, rows = failed_job((2, 0, 0))
    report = await report_of(served({**about, "messages_failed": 4, "total_messages_discovered": 5}, rows), tmp_path)
    assert report.missing == ("3 rows came, and the job counts 5", "2 failed rows came, and the job counts 4")
    markdown = as_markdown(report)
    assert (
        "**Rows may be missing: 3 rows came, and the job counts 5; 2 failed rows came, and the job counts 4.**"
        in markdown
    )
    assert tables(markdown)[0][1:] == [["1", "1", "completed"], ["4", "2", "failed"]]


async def test_a_job_that_goes_on_while_it_is_read_may_miss_rows(tmp_path: Path) -> None:
    about, rows = failed_job((2, 0, 0))
    asked = 0

    def script(request: Received) -> bytes:
        nonlocal asked
        asked += "/messages" not in request.target
        moved = {} if asked > 1 else {"messages_pending": 1}
        return served({**about, **moved}, rows)(request)  # type: ignore[no-any-return]

    assert (await report_of(script, tmp_path)).missing == ("the job went on while its rows were read",)


def test_who_asked_and_who_stopped_it_is_told_from_the_ledger(tmp_path: Path) -> None:
    assert "- asked for by: nobody on this machine: it is not in its ledger\n" in as_markdown(made(job(), []))
    ledger = ledger_in(tmp_path)
    refused = {
        "outcome": "refused",
        "job": "",
        "status": "",
        "differences": [],
        "http": 409,
        "ray": "",
        "why": "It has ended.",
    }
    done = {**refused, "outcome": "done", "job": JOB, "status": "PENDING", "http": None, "why": ""}
    common = {"action": "MOVE", "destination": "JunkEmail", "search": {}}
    preview = {"count": 2400, "complete": True, "hash": "ab" * 32}
    for facts, told in (
        (
            {"plan": "00000001", "write": "create", "job": "", "reason": "INC-1", "preview": preview, "mark": "#op-1"},
            done,
        ),
        ({"plan": "00000002", "write": "cancel", "job": JOB, "reason": "", "preview": None, "mark": ""}, refused),
    ):
        journal = ledger.begin_write({**common, **facts}, "acc")
        journal.add(told)
        journal.close()
    markdown = as_markdown(made(job(), [], trail_of_job(ledger, JOB.upper()))).replace("`", "")
    who = f"ana (uid {os.geteuid()}) @jump1 · 2026-11-20T12:00:00Z"
    assert f"- asked for by: {who} · INC-1 · done · the server says: pending\n" in markdown
    assert f"- preview before: 2,400 messages, all counted, sha256 {'ab' * 32}\n" in markdown
    assert f"- asked to cancel by: {who} · no reason given · refused · It has ended. · HTTP 409\n" in markdown


def test_a_ledger_that_cannot_be_read_is_told_and_the_report_is_written(tmp_path: Path) -> None:
    markdown = as_markdown(made(job(), [], JobTrail(problem="The ledger is not yours alone.")))
    assert "- asked for by: not known: The ledger is not yours alone.\n" in markdown


async def test_the_same_data_is_the_same_bytes_whatever_the_order_the_zone_and_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, rows = failed_job((4, 2, 1))
    reports = []
    for zone, seed in (("UTC", 1), ("Asia/Tokyo", 2), ("America/New_York", 3)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        Random(seed).shuffle(rows)
        reports.append(await report_of(served(about, rows), tmp_path))
    assert "- mail of: 2026-11-19T12:00:00Z to 2026-11-20T10:00:00Z\n" in as_markdown(reports[0])
    for render in FORMATS.values():
        assert len(set(map(render, reports))) == 1


def test_a_long_list_is_cut_in_markdown_and_whole_for_programs() -> None:
    report = made(job(), [row(n, "FAILED", f"Policy {'x' * (n % 30)} says no") for n in range(500)])
    markdown = as_markdown(report)
    assert len(tables(markdown)[-1]) == 201
    assert "200 of 500 rows; all of them: mailsluice report" in markdown
    assert len(tables(markdown)[0]) == 21
    assert "\n160 rows for 10 other reasons.\n" in markdown
    assert len(as_csv(report).splitlines()) == 501
    assert len(json.loads(as_json(report))["mailsluice"]["rows"]) == 500


@given(
    words=st.lists(
        MEANINGFUL | st.sampled_from([VICTIM, f"id: {VICTIM}", "=1+1", "\x1b[2J", "\ud800"]), min_size=6, max_size=6
    )
)
def test_whatever_others_wrote_is_text_and_no_id_and_no_subject_is_there(words: list[str]) -> None:
    comment, reason, recipient, search, status, again = words
    params = {"sender": search, search or "x": [search], "start": search, "detections_only": False}
    about = job(
        comment=comment, status_message=reason, search_params=params, status=status or "NEW", action_params={"destination": search}
    )  # fmt: skip
    rows = [
        row(0, "FAILED", reason),
        row(1, "SKIPPED", again),
        row(2, "FAILED", again, retry_after=again, retry_count=again),
    ]
    rows[0]["action_params"] = {"client_recipient": recipient}
    report = made(about, rows)
    markdown = as_markdown(report)
    assert more_than_text(markdown) == []
    assert len(tables(markdown)[-1]) == 4
    told = json.loads(as_json(report))
    assert as_json(report).isascii()
    lines = list(csv.DictReader(io.StringIO(as_csv(report))))
    assert [line["message_id"] for line in lines] == [each["message_id"] for each in told["mailsluice"]["rows"]]
    assert not [cell for line in lines for cell in line.values() if re.match(r"\s*[=+\-@]\D", cell) or "\n" in cell]
    assert "Secret plans" not in markdown + as_csv(report) + as_json(report)
    for written in (as_csv(report), markdown):
        assert set(parse_ids(written.split("\n")).ids) == set(HELD[:3])
    page = parse_ids(rendered(markdown, "• ").split("\n"))
    # Copied from a page, a quotation mark that begins a cell may be that of a cell of several lines, as spreadsheets write
    # it: the rows up to the next one are told and not taken.
    told = {name for _, name in page.not_searched} if '"' in "".join(words) else set()
    assert set(page.ids) <= set(HELD[:3]) <= {*page.ids, *told}
    assert parse_ids([as_json(report)]).ids == tuple(sorted(HELD[:3]))


OLDER = {
    "postfix_id": HELD[4][:16],
    "alert_id": HELD[4].rpartition("-")[0],
    "message": None,
}
"""The ids of a row in the oldest shape of the API."""
CHOSEN = st.sampled_from(
    [
        VICTIM,
        f"<{VICTIM}>",
        VICTIM[:16],
        f"<{VICTIM[:16]}>",
        f"<{VICTIM}@x.example>",
        f"\u2039{VICTIM}\u203a",
        "<a@b.example>",
        "|",
        "x",
    ]
)
"""What a sender may write where a Message-ID belongs."""


@given(
    chosen=st.lists(CHOSEN, min_size=4, max_size=4), reason=MEANINGFUL.map(lambda text: f"x {text}".replace('"', ""))
)
def test_a_report_that_is_pasted_gives_its_rows_back_and_nothing_that_a_sender_chose(
    chosen: list[str], reason: str
) -> None:
    fields: list[dict[str, Any]] = [{}, OLDER, {**OLDER, "postfix_id": None}, {"message": None}]
    rows = [
        row(number, "FAILED", reason, email_message_id=written, **about)
        for number, (about, written) in enumerate(zip(fields, chosen, strict=True))
    ]
    report = made(job(comment=chosen[0]), rows)
    markdown = as_markdown(report)
    mails = (HELD[0], HELD[4][:16], HELD[4].rpartition("-")[0])
    for bullet in ("", "* "):
        assert parse_ids(rendered(markdown, bullet).split("\n")).ids == mails
    for written in (markdown, as_csv(report), as_json(report)):
        parsed = parse_ids(written.split("\n"))
        assert parsed.ids == mails
    if "@" in chosen[3]:
        assert chosen[3] in [word.strip("` ") for _, word in parsed.not_searched], "and what is left out is told"


def test_the_page_has_a_column_for_each_kind_of_id_and_none_that_nobody_needs() -> None:
    rows = [row(0, "FAILED", "x", postfix_id=HELD[0][:16], email_message_id=VICTIM)]
    assert tables(as_markdown(made(job(), rows)))[-1][0][:2] == ["investigate_id", "recipient"]
    rows.append(row(1, "FAILED", "x", email_message_id=VICTIM, message=None))
    heading, first, second = tables(as_markdown(made(job(), rows)))[-1]
    assert heading[:3] == ["investigate_id", "Message-ID", "recipient"]
    assert (first[:2], second[:2]) == ([HELD[0], VICTIM], ["", VICTIM])


def test_of_a_report_in_json_nothing_but_its_rows_names_a_message(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    search = {"message_id": "<a@b.example>", "alert_id": VICTIM.rpartition("-")[0], "subject": VICTIM}
    facts = {"action": "MOVE", "destination": "JunkEmail", "search": search, "plan": "00000001", "write": "cancel", "job": JOB,
             "reason": VICTIM, "preview": None, "mark": ""}  # fmt: skip
    journal = ledger.begin_write(facts, "acc")
    journal.close()
    followed_up(ledger, "0a1b2c3d", Source(Source.RETRY, Source.JOB, JOB), [Result(Target(VICTIM), Outcome.MOVED)])
    whole = json.loads(as_json(made(job(search_params=search), [row(0, "FAILED", VICTIM)], trail_of_job(ledger, JOB))))
    assert parse_ids([json.dumps(whole)]).ids == (HELD[0],)
    assert parse_ids(json.dumps(whole, indent=2).split("\n")).ids == (HELD[0],)
    parts = whole["mailsluice"]
    assert parts["writes"] and parts["followed_by"]
    for name in set(parts) - {"rows"}:
        assert parse_ids([json.dumps({name: parts[name]})]).ids == (), name
        assert parse_ids([json.dumps(parts[name])]).ids == (), name
    assert parse_ids([json.dumps(parts["rows"])]).ids == (HELD[0],)


def test_a_report_is_a_new_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.MD"
    report = made(job(), [])
    sentence = write_report(report, path)
    assert sentence == f"Report of 0 rows in {path}: rows may be missing, rows moved."
    assert (path.read_text(), path.stat().st_mode & 0o777) == (as_markdown(report), 0o600)


async def test_an_answer_that_fails_leaves_no_report(tmp_path: Path) -> None:
    from tui_app.api.errors import ServerFault

    about, rows = failed_job((1, 0, 0))

    def script(request: Received) -> bytes:
        return answer(500, failure(1, "x")) if "/messages" in request.target else served(about, rows)(request)

    with pytest.raises(ServerFault):
        await report_of(script, tmp_path)
