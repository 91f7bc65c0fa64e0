"""Rows of exports that lost their heading: each names its own message or none, whatever its cells say."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.plans.test_pasted_table import HOSTILE, job_row, listed
from tests.support.pasted import HELD, ONE, OTHER, VICTIM, told
from tui_app.cli import messages
from tui_app.core.text import csv_cell, markdown_escape, sanitize
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.plans import pasted_row
from tui_app.plans.ids import parse_ids
from tui_app.reports import job_formats

IDS = st.sampled_from([VICTIM, VICTIM[:16]])
MARKS = st.sampled_from(
    [",", ";", "\t", "|", '"', '","', ";;", "1;", ";2", "   ", ", ", "x", "Re: ", "a@b.example", "\\", "held back"]
)
WORDS = st.lists(IDS | MARKS | HOSTILE, min_size=1, max_size=6).map("".join)


def row_of(cells: Sequence[str], form: str) -> str:
    """A row as it is copied: out of an export, or out of a spreadsheet, which leaves all quotation marks away."""
    if form == "md":
        return f"| {' | '.join(map(markdown_escape, cells))} |"
    if form == "cells":
        return "\t".join(cell.replace("\t", " ") for cell in cells)
    out = io.StringIO()
    csv.writer(out, delimiter=form, lineterminator="").writerow(map(csv_cell, cells))
    return out.getvalue()


@pytest.mark.parametrize("form", [",", ";", "\t", "|", "md", "cells"])
@given(words=st.lists(WORDS, min_size=5, max_size=5), quoted=st.sampled_from(["", "> "]))
@example(words=[f"x,{VICTIM},y"] * 5, quoted="")
@example(words=[f";{VICTIM};"] * 5, quoted="")
@example(words=[f"   {VICTIM}", "a", f"1;{VICTIM};2", "b", "c"], quoted="")
@example(words=[f"\t{VICTIM}|{VICTIM}\t", "a", f",{VICTIM},", "b", "c"], quoted="")
@settings(max_examples=25, deadline=None)
def test_a_row_names_its_own_message_or_none(form: str, words: list[str], quoted: str) -> None:
    subject, sender, recipient, reason, name = map(sanitize, words)
    rows = [
        (ONE, "SPAM", f"{sender}@vendor.example", subject, f"{recipient}@acme.example", "held", "2026-11-25", reason, ONE[:16]),
        (ONE, subject, sender, recipient, "SPAM", name),
        (ONE, "delivered", "", recipient, "ana@acme.example", reason),
        (ONE, "SPAM", subject),
    ]  # fmt: skip
    for cells in rows:
        row = quoted + row_of(cells, form)
        parsed = parse_ids([row])
        assert {*parsed.ids} <= {ONE, ONE[:16]}, (row, parsed.found)


@pytest.mark.parametrize("form", [",", ";", "\t", "|", "md", "cells"])
@given(words=st.lists(WORDS, min_size=3, max_size=3))
@settings(max_examples=15, deadline=None)
def test_a_row_of_mail_that_does_not_begin_with_an_id_names_none(form: str, words: list[str]) -> None:
    subject, name, reason = map(sanitize, words)
    for cells in (
        ("SPAM", "news@vendor.example", subject, "ana@acme.example", "held"),
        (f"mr.{name}@vendor.example", subject, "SPAM", "ana@acme.example", reason),
    ):
        row = row_of(cells, form)
        parsed = parse_ids([row])
        # A blank after each comma makes a sentence of it.
        assert parsed.ids == () or (form == "," and ", " in row), (row, parsed.found)


@pytest.mark.parametrize("form", [",", ";", "\t", "|", "md", "cells"])
@pytest.mark.parametrize(
    "subject", ["Invoice 4711", "a, b; c | d", "1,234 offers, today", "", "Re: x", '"quoted"', " blank"]
)
def test_an_honest_row_is_taken(form: str, subject: str) -> None:
    cells = (ONE, "SPAM", "news@vendor.example", subject, "ana@acme.example", "held", ONE[:16])
    parsed = parse_ids([row_of(cells, form), row_of((OTHER, *cells[1:-1], OTHER[:16]), form)])
    assert parsed.ids == (ONE, OTHER)
    assert parsed.notes == ()


def test_a_subject_that_splits_its_row_chooses_nothing() -> None:
    row = f"{ONE}\tSPAM\tnews@vendor.example\tx,{VICTIM},y\tana@acme.example"
    parsed = parse_ids([row])
    assert parsed.ids == (ONE,)
    assert parsed.not_searched == ((1, VICTIM),)
    parsed = parse_ids([f"{ONE},SPAM,news@vendor.example,   {VICTIM},ana@acme.example"])
    assert parsed.ids == ()
    assert parsed.sentences()[0].endswith("names several messages: nothing was taken. (line 1)")
    assert {ONE, VICTIM} <= {*told(parsed)}


@pytest.mark.parametrize(
    "row",
    [f"SPAM\tnews@v.example\tx,{VICTIM},y\tana@acme.example", f"Subject: a,{VICTIM},b,c", f"# a,{VICTIM},b,c",
     f"  – skipped    –   x,{VICTIM},y,z", f"x\tfoo,{VICTIM},bar,baz\t{ONE}\ty", f"SPAM,news@v.example, {VICTIM},ana@acme.example",
     f"{ONE},held back,,,never", f"{ONE}  held back  x", f"{ONE} | {VICTIM}",
     f"| SPAM | x,{VICTIM},y,z | b |", f"{VICTIM},@v.example\t{OTHER}\tx\tana@acme.example", f"{VICTIM},@v.example\t{VICTIM}\tSPAM\tana@acme.example"],
)  # fmt: skip
def test_where_the_own_id_of_a_row_is_not_sure_nothing_is_taken(row: str) -> None:
    parsed = parse_ids([row])
    assert parsed.ids == ()
    assert parsed.notes or parsed.not_searched or parsed.commented


def test_a_cell_with_line_ends_hides_no_row_in_it() -> None:
    parsed = parse_ids(
        [f'{ONE},SPAM,"x', f"{VICTIM},SPAM,a@b.example,y,z", f'",ana@acme.example,{ONE[:16]}', f"{OTHER},a,b,c"]
    )
    assert parsed.ids == (ONE, OTHER)
    assert VICTIM in told(parsed)


@pytest.mark.parametrize(
    "line",
    [f"please release {ONE}, {OTHER}, and 1,200 more", f"{ONE}, {OTHER}, thanks", f"{ONE},{OTHER}, and nothing else",
     f"{ONE}; {OTHER}", f"{ONE},{OTHER}", f"ana@acme.example\t{ONE} {OTHER}", f"from ana@acme.example,bo@acme.example: {ONE}, {OTHER}"],
)  # fmt: skip
def test_sentences_and_enumerations_are_no_rows(line: str) -> None:
    assert parse_ids([line]).ids == (ONE, OTHER)


# ---- rows of jobs, which do not begin with the id of a mail


def test_the_columns_of_jobs_are_those_of_the_exports() -> None:
    assert [name for name, _ in pasted_row.JOB_ROWS] == [column.name for column in JOB_ROWS.exported]
    assert [*pasted_row.JOB_ROWS] == [(column.name, column.width) for column in messages.COLUMNS]
    assert pasted_row.JOB_REPORT == job_formats._COLUMNS


@pytest.mark.parametrize("kind", ["csv", "table"])
@given(mails=st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=3))
@example(mails=[(VICTIM, "a@b.example", "", "c@d.example", f"x,{VICTIM}")])
@settings(max_examples=25, deadline=None)
def test_a_row_of_a_job_names_its_own_message_or_none(kind: str, mails: list[tuple[str, ...]]) -> None:
    rows = listed(kind, job_row, mails).split("\n")[1:]
    parsed = parse_ids(rows)
    mine = {*HELD, *(name[:16] for name in HELD)}
    assert {*parsed.ids} <= mine, (rows, parsed.found)
    assert kind == "table" or {*parsed.ids} == {*HELD[: len(mails)]}, rows


def test_an_honest_row_of_a_job_is_taken_with_no_other_word() -> None:
    mails = [("Weekly", "a@b.example", "<a@b>", "ana@acme.example", "gone")] * 2
    for kind in ("csv", "table"):
        parsed = parse_ids(listed(kind, job_row, mails).split("\n")[1:])
        assert (parsed.ids, parsed.notes, parsed.not_searched) == (tuple(HELD[:2]), (), ())


# ---- Message-IDs


@pytest.mark.parametrize(
    "line",
    ["<k1\u200b@x.example>", "<k1@x.example\u200b>", "<\u00adk1@x.example>", "<k1@\uff41cme.example>", "<k\uff11@x.example>",
     "<a%2Db@x.example>", "<a&amp;b@x.example>", "<k1@x.exa<wbr>mple>", "<k1\ufe0f@x.example>", "<k1\0@x.example>",
     "<k1&#8203;@x.example>"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "Message-ID: ", "Message-ID:\n ", "> "])
def test_a_message_id_that_is_read_otherwise_than_it_is_written_names_nothing(line: str, before: str) -> None:
    parsed = parse_ids([before + line])
    assert parsed.ids == ()
    assert parsed.sentences()[0].startswith("A Message-ID with characters that are not seen, or are written otherwise")


@pytest.mark.parametrize(
    "line", ["<k1@x.example>", "\ufeff<k1@x.example>", "&lt;k1@x.example&gt;", "Message-ID: k1@x.example", "**Message-ID:** <k1@x.example>",
             "> <k1@x.example>", "Message-ID: &lt;k1@x.example&gt;", "%3Ck1@x.example%3E"]
)  # fmt: skip
def test_a_message_id_is_taken_as_it_is_written(line: str) -> None:
    assert parse_ids([line]).ids == ("<k1@x.example>",)
