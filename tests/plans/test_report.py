"""Every form of a report accounts for every id, whatever mail and answers say."""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans.test_ledger import NOON, NUMBER, TARGETS, ledger_in
from tests.support.tickets import more_than_text, tables
from tui_app.api.enums import Disposition
from tui_app.core.text import Untrusted
from tui_app.plans.effect import Source
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, plan_record, result_record
from tui_app.plans.replay import entry_of
from tui_app.plans.report import as_csv, as_json, as_markdown, sums_checked
from tui_app.plans.state import ALL_DONE, WORST_FIRST, Outcome, Result
from tui_app.plans.trail import followers

# ---- reports

FATES = [outcome for outcome in Outcome if outcome not in (Outcome.IN_FLIGHT, Outcome.HELD_BACK)]
"""Of a target: what was held back never was one."""
hostile = st.text(max_size=30) | st.sampled_from(
    [
        "a | b",
        "`|`",
        "\\|",
        "\\",
        "a\nb | c",
        "=1+1",
        " @x",
        "<script>",
        "[x](http://y)",
        "\x1b[2J",
        "\ud800",
        "‮",
        '","',
    ]
)
results_by_id = st.lists(
    st.tuples(st.sampled_from(FATES), st.lists(hostile, max_size=2), hostile), min_size=1, max_size=len(TARGETS)
)


def entry_with(results_by_id: list[tuple[Outcome, list[str], str]], reason: str) -> LedgerEntry:
    """A plan over so many messages, as its journal tells of it."""
    targets = TARGETS[: len(results_by_id)]
    plan = Plan("0a1b2c3d", targets, reason, 5, included=((reason, targets[0].id),))
    results = []
    for target, (outcome, names, why) in zip(targets, results_by_id, strict=True):
        recipients = tuple(map(Untrusted, names))
        ends = {Outcome.DELIVERED: "delivered", Outcome.UNDELIVERED: "undelivered", Outcome.FAILED: "failed"}
        results.append(Result(target, outcome, why=why, **({ends[outcome]: recipients} if outcome in ends else {})))
    return entry_of(
        [
            plan_record(plan, number=1, account=reason or "acc", origin=Origin(reason, reason), at=NOON, version="1", previous=""),
            intent_record([result.target for result in results if result.outcome is not Outcome.LEFT_OUT], "ids", NOON),
            result_record(results, http=200, ray=None, ms=1, at=NOON),
        ],
        head="ab" * 32,
        file="000001-0a1b2c3d.jsonl",
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(results_by_id=results_by_id, reason=hostile)
def test_every_form_of_a_report_accounts_for_every_id(
    results_by_id: list[tuple[Outcome, list[str], str]], reason: str
) -> None:
    entry = entry_with(results_by_id, reason)
    expected = [(target.id, outcome.value) for target, (outcome, _, _) in zip(TARGETS, results_by_id, strict=False)]
    sums = Counter(outcome.value for outcome, _, _ in results_by_id)
    assert sums_checked(entry.state)[0]

    markdown = as_markdown(entry)
    assert more_than_text(markdown) == []
    columns = ("id", "outcome", "checked", "delivered", "undelivered", "failed", "why")
    *_, (head, *rows) = tables(markdown)
    assert tuple(head) == columns
    assert sorted((row[0], row[1]) for row in rows) == sorted(expected), "of a small plan all are on the page"
    places = [WORST_FIRST.index(Outcome(row[1])) for row in rows]
    assert places == sorted(places), "the worst first"
    line = markdown.splitlines()[2]
    assert {f"{count} {outcome}" for outcome, count in sums.items()} == set(
        line.partition(": ")[2].partition(".**")[0].split(", ")
    )
    assert line.endswith("Every id is accounted for, and the numbers add up.")
    assert as_markdown(entry) == markdown

    head, *lines = csv.reader(io.StringIO(as_csv(entry)))
    assert tuple(head) == (*columns, "uid")
    assert [(line[0], line[1]) for line in lines] == expected
    assert not [
        cell
        for line in lines
        for cell in line
        if (re.match(r"\s*[=+\-@]", cell) and not NUMBER.fullmatch(cell)) or "\n" in cell
    ]

    whole = json.loads(as_json(entry))
    assert as_json(entry).isascii()
    assert [(row["id"], row["mailsluice"]["outcome"]) for row in whole["results"]] == expected
    assert (whole["sums"], whole["sums_add_up"]) == (dict(sums), True)
    assert whole["reason"] == re.sub("[\ud800-\udfff]", "\ufffd", reason)


def test_a_message_that_is_in_a_plan_twice_is_told_of() -> None:
    entry = entry_with([(Outcome.FAILED, [], "")], "x")
    twice = replace(entry.plan, targets=(TARGETS[0], TARGETS[0]))
    entry = replace(entry, state=replace(entry.state, plan=twice))
    assert "The numbers do NOT add up" in as_markdown(entry)
    assert json.loads(as_json(entry))["sums_add_up"] is False


def large(exceptions: int, total: int = 1200) -> LedgerEntry:
    """A plan of which so many messages failed, each for one of two reasons."""
    targets = tuple(Target(f"4NBBBBBBBBBB{n:04d}-2026-01-01T00:00:00-{n}") for n in range(total))
    plan = Plan("0a1b2c3d", targets, "INC-1", 25, held_back=(("4NHELD", "MALICIOUS"),))
    results = [
        Result(target, Outcome.FAILED, why=f"reason {n % 2}") if n < exceptions else Result(target, Outcome.DELIVERED)
        for n, target in enumerate(targets)
    ]
    later = NOON + timedelta(minutes=5)
    return entry_of(
        [
            plan_record(plan, number=1, account="acc", origin=Origin("ana", "jump1"), at=NOON, version="1", previous=""),
            intent_record(targets, "ids", NOON),
            result_record(results, http=200, ray=None, ms=1, at=later),
        ],
        file="000001-0a1b2c3d.jsonl",
    )  # fmt: skip


def test_where_a_retry_would_hold_mail_back_the_page_says_what_to_do_instead() -> None:
    entry = entry_with([(Outcome.FAILED, [], "gone"), (Outcome.FAILED, [], "busy"), (Outcome.REFUSED, [], "gone")], "x")
    markdown = as_markdown(entry, advice=lambda why: "nothing to do" if why == "gone" else "")
    assert [row[1:] for row in tables(markdown)[0][1:]] == [
        ["failed", "busy", "mailsluice retry 0a1b2c3d"],
        ["failed", "gone", "nothing to do"],
        ["refused", "gone", "mailsluice retry 0a1b2c3d"],
    ]


def test_a_large_plan_is_a_page_with_its_exceptions_first_and_all_ids_in_the_csv() -> None:
    entry = large(3)
    markdown = as_markdown(entry)
    title, _, sums, *rest = markdown.splitlines()
    assert title == "# Release · plan `0a1b2c3d` · finished with exceptions"
    assert sums.startswith("**1,200 messages: 3 failed, 1,197 delivered.** ")
    assert rest[1:6] == [
        "| messages | outcome | why | next |",
        "|---:|---|---|---|",
        "| 2 | failed | reason 0 | mailsluice retry `0a1b2c3d` |",
        "| 1 | failed | reason 1 | mailsluice retry `0a1b2c3d` |",
        "| 1 | held back | MALICIOUS |  |",
    ]
    assert "- first request: 2026-11-20T12:00:00Z" in rest
    assert "- last answer: 2026-11-20T12:05:00Z" in rest
    *_, listed = tables(markdown)
    assert [row[:2] for row in listed[1:]] == [
        *([target.id, "failed"] for target in entry.plan.targets[:3]),
        ["4NHELD", "held back"],
    ]
    assert rest[-1].startswith("All 1,201 ids with their outcomes: mailsluice report ")
    assert len(list(csv.reader(io.StringIO(as_csv(entry))))) == 1202


def test_of_many_exceptions_the_page_lists_some_and_says_where_the_others_are() -> None:
    markdown = as_markdown(large(500))
    *_, listed = tables(markdown)
    assert len(listed) == 201
    assert "\n301 more of these are in the CSV.\n" in markdown


def test_a_plan_without_exceptions_says_so() -> None:
    entry = large(0)
    entry = replace(entry, state=replace(entry.state, plan=replace(entry.plan, held_back=())))
    markdown = as_markdown(entry)
    assert markdown.startswith("# Release · plan `0a1b2c3d` · finished\n")
    assert "\nNothing has to be looked at.\n" in markdown
    assert tables(markdown) == []


def test_verdicts_and_domains_are_counts_where_they_are_known_and_else_not_kept() -> None:
    entry = large(0, 2)
    assert "- senders and verdicts: not kept\n" in as_markdown(entry)
    seen = [replace(target, sender=Untrusted("<a@b.example>"), disposition=Disposition.SPAM, subject=Untrusted("Re: pay")) for target in entry.plan.targets]  # fmt: skip
    kept = replace(entry, state=replace(entry.state, plan=replace(entry.plan, targets=seen)))
    known = as_markdown(kept)
    assert "- verdicts: 2 SPAM\n- sender domains: 2 b.example\n" in known
    told = json.loads(as_json(kept))
    assert (told["verdicts"], told["sender_domains"]) == ({"SPAM": 2}, {"b.example": 2})
    assert "Re: pay" not in known + json.dumps(told)


def test_what_followed_a_plan_and_what_it_followed_is_told_with_its_sums(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    job = "ff6c73b8-3fcc-4865-a24d-5b4eeef662ff"
    for plan_id, source in (
        ("0a1b2c3d", Source(Source.RETRY, Source.JOB, job)),
        ("1a1b2c3d", Source(Source.RETRY, Source.PLAN, "0a1b2c3d")),
        ("2a1b2c3d", Source(Source.UNDO, Source.PLAN, "1a1b2c3d")),
    ):
        journal, _ = ledger.begin(Plan(plan_id, TARGETS[:2], "x", 5, source=source), "acc")
        journal.add(intent_record(TARGETS[:2], "ids", NOON))
        results = [Result(TARGETS[0], Outcome.DELIVERED), Result(TARGETS[1], Outcome.FAILED, why="no")]
        journal.add(result_record(results, http=200, ray=None, ms=1, at=NOON))
        journal.close()
    followed = followers(ledger, Source.PLAN, "0a1b2c3d")
    assert [plan.plan_id for plan in followed] == ["1a1b2c3d", "2a1b2c3d"], "also what followed those"
    entry = ledger.find("0a1b2c3d")
    lines = as_markdown(entry, followed).splitlines()
    assert f"- follows from: retry of job `{job}`" in lines
    sums = "release: 1 delivered, 1 failed · `ana@jump1` · 2026-11-20T12:00:00Z"
    assert [line for line in lines if line.startswith("- followed by")] == [
        f"- followed by: retry of plan `0a1b2c3d` · plan `1a1b2c3d` · {sums}",
        f"- followed by: undo of plan `1a1b2c3d` · plan `2a1b2c3d` · {sums}",
    ]
    told = json.loads(as_json(entry, followed))["followed_by"]
    assert [(each["relation"], each["plan"], each["sums"]) for each in told] == [
        ("retry", "1a1b2c3d", {"delivered": 1, "failed": 1}),
        ("undo", "2a1b2c3d", {"delivered": 1, "failed": 1}),
    ]


@given(outcome=st.sampled_from(FATES))
def test_whatever_is_not_done_in_full_has_to_be_looked_at(outcome: Outcome) -> None:
    markdown = as_markdown(entry_with([(outcome, [], "")], "x"))
    assert ("Nothing has to be looked at." in markdown) is (outcome in ALL_DONE)
