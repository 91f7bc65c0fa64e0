"""Every form of a report accounts for every id, whatever mail and answers say."""

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans.test_ledger import NOON, NUMBER, TARGETS
from tui_app.core.text import Untrusted
from tui_app.plans.ledger_entry import LedgerEntry, Origin
from tui_app.plans.plan import Plan
from tui_app.plans.records import intent_record, plan_record, result_record
from tui_app.plans.replay import entry_of
from tui_app.plans.report import as_csv, as_json, as_markdown, sums_checked
from tui_app.plans.state import Outcome, Result

# ---- reports

FATES = [outcome for outcome in Outcome if outcome not in (Outcome.IN_FLIGHT, Outcome.HELD_BACK)]
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


def cells(line: str) -> list[str]:
    """A row of a table in Markdown as a reader of Markdown takes it."""
    assert line.startswith("| ")
    assert line.endswith(" |")
    found, at = [""], 2
    while at < len(line) - 2:
        if line[at] == "\\":
            at += 1
            found[-1] += line[at]
        elif line[at] == "|":
            found[-1] = found[-1].removesuffix(" ")
            found.append("")
            at += 1
        else:
            found[-1] += line[at]
        at += 1
    return found


@settings(max_examples=150, deadline=None)
@given(results_by_id=results_by_id, reason=hostile)
def test_every_form_of_a_report_accounts_for_every_id(
    results_by_id: list[tuple[Outcome, list[str], str]], reason: str
) -> None:
    entry = entry_with(results_by_id, reason)
    expected = [(target.id, outcome.value) for target, (outcome, _, _) in zip(TARGETS, results_by_id, strict=False)]
    sums = Counter(outcome.value for outcome, _, _ in results_by_id)
    assert sums_checked(entry.state)[0]

    markdown = as_markdown(entry)
    assert not [letter for letter in markdown if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf", "Cs")]
    in_no_code = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)
    assert not re.search(r"(?<!\\)[<\[`]|@|://", in_no_code)
    columns = ("id", "outcome", "checked", "delivered", "undelivered", "failed", "why")
    facts, table = markdown.split(f"| {' | '.join(columns)} |\n")
    rows = [cells(line) for line in table.splitlines()[1:]]
    assert {len(row) for row in rows} == {len(columns)}
    assert [(row[0], row[1]) for row in rows] == expected
    told = re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", facts, re.M)
    assert {outcome: int(count) for outcome, count in told} == sums
    assert f"| **all** | **{len(expected)}** |" in facts
    assert "Every id is accounted for, and the numbers add up." in facts
    assert facts.count("\n- ") == 19

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
