"""Of what others wrote nothing is taken: our own exports, tables and fields are read by their names."""

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.pasted import HELD, ONE, OTHER, VICTIM, told
from tui_app.api.rows import JobMessage, Message
from tui_app.cli import mail as mail_command
from tui_app.cli import messages
from tui_app.cli.listing import Listing, with_ours
from tui_app.core.text import Untrusted
from tui_app.plans.ids import parse_ids, text_of
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, plan_record, result_record
from tui_app.plans.replay import entry_of
from tui_app.plans.report import FORMATS
from tui_app.plans.state import Outcome, Result

# ---- what others wrote

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            VICTIM,
            VICTIM[:16],
            VICTIM[:36],
            f"<{VICTIM[:16]}@x.example>",
            "id",
            "postfix_id",
            "subject",
            "ids",
            "PARTIAL: ",
            '"',
            "'",
            ",",
            ";",
            "\t",
            "|",
            "\n",
            "\r",
            "\r\n",
            "\u2028",
            "\x0b",
            "\x85",
            "\x00",
            "{",
            "}",
            "[",
            "]",
            ":",
            "=",
            "#",
            "\\",
            "\nid,subject\n",
            '","',
            '"},{"id":"',
            "```",
            "  ",
            "\ufeff",
            "表",
            "😀",
            "\u202e",
            "ID  SUBJECT",
        ]
    ),
)
HOSTILE = st.lists(WORDS, max_size=6).map("".join)


def mail(name: str, words: Sequence[str]) -> dict[str, Any]:
    subject, sender, header, recipient, reason = words
    return {
        "id": name,
        "postfix_id": name[:16],
        "alert_id": name.rpartition("-")[0],
        "message_id": header,
        "subject": subject,
        "from": sender,
        "from_name": subject,
        "to": [recipient],
        "client_recipients": [recipient],
        "detection_reasons": [reason],
        "final_disposition": "SPAM",
        "scanned_at": "2026-11-25T17:55:50Z",
        "properties": {"allowlisted_pattern": subject},
        "is_quarantined": True,
    }


def job_row(name: str, words: Sequence[str]) -> dict[str, Any]:
    subject, sender, header, recipient, reason = words
    return {
        "message_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e",
        "postfix_id": name[:16],
        "status": "FAILED",
        "status_message": reason,
        "email_message_id": header,
        "action_params": {"client_recipient": recipient},
        "message": {"subject": subject, "from": sender, "id": name},
    }


def listed(kind: str, made: Callable[[str, Sequence[str]], dict[str, Any]], mails: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    wires = [made(name, words) for name, words in zip(HELD, mails, strict=False)]
    with redirect_stdout(out):
        if made is mail:
            held = Listing[Message](kind, mail_command.COLUMNS, lambda row: with_ours(row.wire))
            for wire in wires:
                held.write(Message.from_wire(wire))
            held.close()
        else:
            rows = Listing[JobMessage](kind, messages.COLUMNS, lambda row: with_ours(row.wire))
            for wire in wires:
                rows.write(JobMessage.from_wire(wire))
            rows.close()
    return out.getvalue()


MAILS = st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=4)


@pytest.mark.parametrize("made", [mail, job_row])
@pytest.mark.parametrize("kind", ["csv", "json", "ndjson"])
@given(mails=MAILS)
@settings(max_examples=30, deadline=None)
def test_no_text_of_a_mail_chooses_what_is_taken_out_of_our_exports(
    kind: str, made: Callable[..., dict[str, Any]], mails: list[tuple[str, ...]]
) -> None:
    text = listed(kind, made, mails)
    assert parse_ids(io.StringIO(text)).ids == tuple(HELD[: len(mails)])
    for encoding in ("utf-16", "utf-8-sig"):
        assert parse_ids([text_of(text.encode(encoding, "replace"))]).ids == tuple(HELD[: len(mails)])


@given(mails=MAILS)
@settings(max_examples=30, deadline=None)
def test_a_listing_of_held_mail_is_read_by_its_first_column(mails: list[tuple[str, ...]]) -> None:
    assert parse_ids(listed("table", mail, mails).split("\n")).ids == tuple(HELD[: len(mails)])


@given(mails=MAILS)
@settings(max_examples=30, deadline=None)
def test_a_listing_of_a_job_s_rows_gives_no_other_ids_than_its_rows(mails: list[tuple[str, ...]]) -> None:
    parsed = parse_ids(listed("table", job_row, mails).split("\n"))
    assert set(parsed.ids) <= set(HELD[: len(mails)])
    assert {name[:16] for name in HELD[: len(mails)]} <= {word[:16] for word in told(parsed)}


def test_marks_without_width_push_no_id_into_another_column() -> None:
    pushing = "x\u0301\u0302" * 26
    text = listed("table", job_row, [(pushing, "a@b.example", "", "c@d.example", VICTIM[:16])])
    parsed = parse_ids(text.split("\n"))
    assert parsed.ids == ()
    assert VICTIM[:16] in told(parsed)


@given(
    mails=MAILS,
    mark=st.sampled_from(",;\t"),
    order=st.permutations(["id", "Subject", "from", "Message-ID", "Postfix ID", "recipients", "Comment"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=30, deadline=None)
def test_a_table_is_read_by_its_heading_in_any_order(
    mails: list[tuple[str, ...]], mark: str, order: list[str], bom: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(order)
    for name, words in zip(HELD, mails, strict=False):
        subject, sender, header, recipient, reason = words
        row = {
            "id": name, "Subject": subject, "from": sender, "Message-ID": header, "Postfix ID": name[:16],
            "recipients": recipient, "Comment": reason,
        }  # fmt: skip
        writer.writerow([row[column] for column in order])
    assert parse_ids([bom + out.getvalue()]).ids == tuple(HELD[: len(mails)])


@given(words=st.lists(HOSTILE, min_size=5, max_size=5), suffix=st.sampled_from(sorted(FORMATS)))
@settings(max_examples=30, deadline=None)
def test_a_report_of_a_plan_is_read_by_its_ids(words: list[str], suffix: str) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    targets = [Target(name) for name in HELD[:3]]
    plan = Plan.make(targets, words[0], 25, Random(1), held_back=[(VICTIM, f"names 2 messages: {VICTIM}")])
    results = [
        Result(target, Outcome.PARTLY, (Untrusted(words[1]),), (Untrusted(words[2]),), (Untrusted(words[3]),), words[4])
        for target in targets
    ]
    records = [
        plan_record(plan, number=1, account="acc", origin=Origin("ana", "jump1"), at=now, version="1", previous=""),
        intent_record(targets, "ids", now),
        result_record(results, http=200, ray=None, ms=5, at=now),
    ]
    assert parse_ids([FORMATS[suffix](entry_of(records))]).ids == tuple(HELD[:3])
    assert parse_ids(f"9bbb2774 {json.dumps(record)}" for record in records).ids == tuple(HELD[:3])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["subject,from", f"Weekly {ONE},a@b.example"], "A table without a column of ids: nothing was taken. (line 1)"),
        (["subject", f"Weekly {ONE}", ONE], "A table without a column of ids: nothing was taken. (line 1)"),
        ([json.dumps({"subject": ONE})], "JSON without a field of ids: nothing was taken. (line 1)"),
        (["[", json.dumps({"id": ONE}) + ",", '{"subject": "cut o'], "It begins like JSON and can't be read from here on: nothing was taken. (line 1)"),
    ],
)  # fmt: skip
def test_what_has_no_field_of_ids_gives_none_and_one_sentence(lines: list[str], sentence: str) -> None:
    parsed = parse_ids(lines)
    assert parsed.ids == ()
    assert parsed.sentences()[0] == sentence


@pytest.mark.parametrize(
    "line",
    [
        f"Subject: Weekly {ONE}", f"> From: {ONE} <a@b.example>", f"x, subject={ONE}", f'"comment": "{ONE}",',
        f"Betreff: {ONE}", f"Message-ID: <{ONE}@x> and more", f"To: {ONE}", f"mail from {ONE[:16]}@x.example",
        f"Held back: {OTHER[:9]} (SPAM) {ONE}", f"subject     {ONE}", f"Received: by mx with ESMTP id {ONE[:16]}",
        f"Sujet : {ONE}", f"Temat: {ONE}", f"Emne: {ONE}", f"Ämne: {ONE}", f"Tema: {ONE}", f"Betrifft: {ONE}",
        f"Subject line: {ONE}", f"Subject (original): {ONE}", f"<tr><td>Subject</td><td>{ONE}</td></tr>",
        f"  BULK  a@b.example  Invoice {ONE}", f"  no-verdict  a@b.example  {ONE}",
    ],
)  # fmt: skip
def test_a_line_with_a_field_that_somebody_else_wrote_is_told_of_and_not_searched(line: str) -> None:
    parsed = parse_ids(["please", line])
    assert parsed.ids == ()
    assert [number for number, _ in parsed.not_searched] == [2]


def test_a_folded_subject_is_not_searched_and_the_text_after_it_is() -> None:
    parsed = parse_ids(["Subject: weekly", f"\t{OTHER}", "", f"release {ONE}"])
    assert parsed.ids == (ONE,)
    assert parsed.not_searched == ((2, OTHER),)


def test_a_row_that_lost_its_heading_names_one_message_or_none() -> None:
    assert parse_ids([f"{ONE},SPAM,a@b.example,Weekly {OTHER},c@d.example,,{ONE[:16]}"]).ids == (ONE,)
    parsed = parse_ids([f"{ONE},SPAM,a@b.example,{OTHER},c@d.example,,{ONE[:16]}"])
    assert parsed.ids == ()
    assert {ONE, OTHER} <= {word for _, word in parsed.not_searched}
    assert parse_ids(["foo;bar", f"{ONE};Weekly {OTHER}"]).ids == (ONE,)
    assert parse_ids([f"Weekly {OTHER}\t{ONE}"]).ids == (ONE,)
    assert parse_ids([f"{ONE};{OTHER}", f"{OTHER[:16]},{ONE[:16]} please"]).ids == (ONE, OTHER, OTHER[:16], ONE[:16])
    assert parse_ids([f"{ONE}       SPAM  a@b.example  Weekly {OTHER}  c"]).ids == (ONE,)


def test_an_id_that_its_neighbour_cut_is_told() -> None:
    text = listed("table", job_row, [('"a" & <b>', "a@b.example", "", "c@d.example", "")] * 2)
    page = html.escape(text).split("\n")
    parsed = parse_ids(page)
    assert {*parsed.ids} <= {*HELD[:2]}, "a part of it names nothing"
    assert {name[:16] for name in HELD[:2]} <= {word[:16] for word in told(parsed)}
