"""What we show of a message, pasted back: the message itself at most, whatever its sender wrote and where it was broken."""

import ast
import inspect
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.plans.test_pasted_table import HOSTILE
from tests.support.pasted import ONE, OTHER, VICTIM, told
from tui_app.api.details import Detections
from tui_app.api.rows import Message
from tui_app.mail import part_text
from tui_app.mail.part_text import headers_lines, links_lines, raw_lines, summary_lines, why_lines
from tui_app.plans import pasted_message
from tui_app.plans.ids import parse_ids
from tui_app.screens.mail import part_view

MINE = {ONE, ONE[:16], ONE.rpartition("-")[0]}
IDS = st.sampled_from([VICTIM, VICTIM[:16], VICTIM.rpartition("-")[0]])
NOISE = st.sampled_from(
    [" " * 7, " " * 12, " " * 15, "investigate id", "postfix id     ", "alert id       ", "id:", "│ ", "| ", '{"id":"', '"', "x,",
     ",y", ";", '"V"@evil.example', "id,subject", "parts", "0.93  ", "- ", "in words ", "> ", "# ", "see"]
)  # fmt: skip
WORDS = st.lists(IDS | NOISE | HOSTILE, min_size=1, max_size=6).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda gap: gap.join(words))
)
MANY = st.lists(WORDS, min_size=12, max_size=12)


def mail(words: Sequence[str]) -> Message:
    return Message.from_wire(
        {
            "id": ONE, "alert_id": ONE.rpartition("-")[0], "postfix_id": ONE[:16], "message_id": f"<{words[0]}@x>",
            "subject": words[1], "from": words[2], "from_name": words[3], "envelope_from": f'"{words[4]}"@evil.example',
            "replyto": words[5], "to": [words[6], f"{words[7]}@x.example"], "client_recipients": [f'"{words[8]}"@acme.example'],
            "sent_date": words[9], "smtp_helo_server_ip": words[10], "x_originating_ip": words[11],
            "validation": {"spf": "pass", "comment": words[0]}, "detection_reasons": [words[1], words[2]],
            "final_disposition": "SPAM", "scanned_at": "2026-11-25T17:55:50Z", "sent_at": "2026-11-25T17:55:40Z",
            "properties": {"allowlisted_pattern": words[3]}, "is_quarantined": True,
        }
    )  # fmt: skip


def detections(words: Sequence[str]) -> Detections:
    found = [{"reason": words[0], "score": 0.93, "detail": words[1], "value": words[2]},
             {"reason": words[3], "detail": words[4], "field": words[5], "portion": words[6]}]  # fmt: skip
    return Detections.from_wire(
        {
            "final_disposition": "SPAM", "validation": {"spf": "pass", "comment": words[7]}, "findings": found,
            "sender_info": {"ip": "192.0.2.1", "geo": words[8], "as_number": 1, "as_name": words[9], "pld": words[10]},
            "links": [{"text": words[0], "href": f"https://{words[1]}/"}, {"text": words[2], "href": words[3]}],
            "attachments": [{"filename": words[4], "content_type": words[5], "size": 12, "md5": words[6]}],
            "headers": [{"name": "Received", "value": f"from {words[7]}"}, {"name": "Foo-Bar", "value": words[8]},
                        {"name": "Keywords", "value": words[9]}, {"name": "Id", "value": words[10]},
                        {"name": "X-Longer-Than-Fourteen", "value": words[11]}, {"name": "Investigation", "value": words[0]},
                        {"name": "User-Agent", "value": words[1]}, {"name": VICTIM[:16], "value": words[2]}],
        }
    )  # fmt: skip


def raw(words: Sequence[str]) -> str:
    named = [word.replace("\r", " ").replace("\n", " ").replace('"', "") for word in words]
    return "\r\n".join(
        [f"Received: from {named[0]}", f"Subject: {named[1]}", f"Foo-Bar: {named[2]}", "MIME-Version: 1.0",
         "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", words[3], words[4], "--b",
         f'Content-Type: application/x; name="{named[5]}"', f'Content-Disposition: attachment; filename="{named[5]}"', "", "x",
         "--b", f'Content-Type: text/plain; name="{named[6]}"', "", words[7], "--b--", ""]
    )  # fmt: skip


def parts(words: Sequence[str]) -> dict[str, list[str]]:
    """The lines of each part, as the command prints them."""
    found = detections(words)
    made: dict[str, Any] = {
        "summary": summary_lines(mail(words), ()), "why": why_lines(found), "links": links_lines(found),
        "headers": headers_lines(found), "raw": raw_lines(raw(words)),
    }  # fmt: skip
    return {name: [str(line) for line in lines] for name, lines in made.items()}


def broken(lines: Sequence[str], width: int) -> list[str]:
    """The lines as the screen shows them: what goes on in the next row begins with four blanks, or with its margin."""
    rows: list[str] = []
    for line in lines:
        hang = "│ " if line.startswith("│") else " " * 4
        first, rest = line[:width], line[width:]
        rows.append(first)
        while rest:
            rows.append(hang + rest[: width - len(hang)])
            rest = rest[width - len(hang) :]
    return rows


@given(words=MANY)
@example(words=[VICTIM] * 12)
@example(words=[f"   {VICTIM}"] * 12)
@example(words=[f"x {VICTIM} y"] * 12)
@settings(max_examples=20, deadline=None)
def test_no_part_of_a_message_names_another(words: list[str]) -> None:
    for name, lines in parts(words).items():
        parsed = parse_ids(lines)
        assert {*parsed.ids} <= (MINE if name == "summary" else set()), (name, parsed.found, lines)
        assert name != "summary" or ONE in parsed.ids, "and the message itself is taken"


@given(words=MANY, width=st.integers(24, 100))
@settings(max_examples=20, deadline=None)
def test_nor_does_one_that_is_copied_from_a_screen(words: list[str], width: int) -> None:
    for name in ("summary", "why", "links", "raw"):
        rows = broken(parts(words)[name], width)
        assert {*parse_ids([f"> {row}" for row in rows]).ids} <= MINE, (name, parse_ids(rows).found, rows)


@pytest.mark.parametrize("word", [VICTIM, f"see {VICTIM} now", f"{VICTIM[:16]} {VICTIM}", f"   {VICTIM}"])
@pytest.mark.parametrize("part", ["summary", "why", "links", "headers", "raw"])
def test_nor_does_any_of_its_lines_alone(part: str, word: str) -> None:
    lines = parts([word] * 12)[part]
    ours = [line for line in lines if line[:15].strip() and (line[:14].strip() != line[:60].strip() or line[:1] == "│")]
    assert len(ours) > 4
    for line in ours:
        if re.match(r"(?:Investigation|\S{14,}):", line) is None and not re.match(r"4N|see|   4N", line):
            assert VICTIM not in parse_ids([line]).ids, line


def test_a_date_that_a_sender_wrote_is_none_of_ours() -> None:
    lines = ["sent           2026-11-29 18:08:33 UTC", f"               {VICTIM}", f"investigate id {ONE}", "", OTHER]
    parsed = parse_ids(lines)
    assert parsed.ids == (ONE, OTHER)
    assert parsed.not_searched == ((2, VICTIM),)
    # Not the mark of a quoted mail.
    assert (
        parse_ids(
            ["sent           2026-11-29 18:08:33 UTC", f"               > {VICTIM}", f"                 > {VICTIM}"]
        ).ids
        == ()
    )
    one_blank = [" ".join(line.split()) for line in parts([f"x {VICTIM}"] * 12)["summary"]]
    assert {*parse_ids(one_blank).ids} <= MINE, "nor where a page made one blank of many"


@pytest.mark.parametrize(
    "line",
    ["│ {}", "  │ x,{},y", "> │ {}", "│{}", '│ {{"id": "{}"}}', "│ {};x;y;z", "Keywords: {}", "Organization: {}",
     "User-Agent: {}", "Foo-Bar:       {}", "0.93  {}", "text of text/plain {}", "  application/x {} 12 bytes",
     '"{}"@evil.example', 'envelope "x {}"@evil.example', 'rcpt <"{}"@evil.example> at mx'],
)  # fmt: skip
def test_a_line_that_somebody_else_wrote_is_told(line: str) -> None:
    parsed = parse_ids(["please", line.format(VICTIM)])
    assert parsed.ids == ()
    assert VICTIM in told(parsed)


def test_among_the_headers_of_a_mail_everything_is_one() -> None:
    mail = ["Received: from x by y", f"Id: {VICTIM}", f"Whatever: {VICTIM}", f"\t{VICTIM}", "Message-ID: <a@b.example>"]
    assert parse_ids([*mail, "", f"Id: {ONE}"]).ids == ("<a@b.example>", ONE)
    assert parse_ids(["From: ana@acme.example", "Subject: x", f"Foo-Bar: {VICTIM}"]).ids == ()


@pytest.mark.parametrize(
    "lines",
    [["Ticket: 4711", f"Mail: {ONE}"], ["From: ana", "Subject: please release", f"ID: {ONE}"], [f"1  {ONE}"], [f"1\t{ONE}"],
     ["Subject: x", f"Postfix-ID: {ONE}"], ["Received: 2026-11-29", f"id: {ONE}"], [f"investigate id   {ONE}"],
     [f"investigate id {ONE}"], [f"sent to ana: {ONE}"], ["where is it?", "to be released", f"by us: {ONE}"]],
)  # fmt: skip
def test_lines_of_a_ticket_are_searched(lines: list[str]) -> None:
    assert parse_ids(lines).ids == (ONE,)


def test_the_labels_of_all_parts_are_known() -> None:
    assert {*labels(part_text), *labels(part_view)} <= {*pasted_message.LABELS, *pasted_message.ID_LABELS}
    assert len(labels(part_text)) > 40
    assert part_text.MARGIN.strip() == pasted_message.MARGIN
    assert len(str(part_text.PartLine("x", "subject"))) == pasted_message.COLUMN + 1


def labels(module: Any) -> set[str]:
    """All labels that a module gives to lines."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = {"_fact": 0, "fact": 0, "_address": 0, "PartLine": 1}.get(node.func.id)
            if place is not None and len(node.args) > place:
                found |= {each.value for each in ast.walk(node.args[place])
                          if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.strip()}  # fmt: skip
    return {label for label in found if not label.endswith(":")} - {"no time"} | {"mailboxes", "to"} & set(
        pasted_message.LABELS
    )


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@given(words=MANY)
@example(words=[f"{'x ' * 33}{VICTIM}"] * 12)
@example(words=[f"{'x ' * 22}postfix id     {VICTIM[:16]}"] * 12)
@settings(max_examples=15, deadline=None)
def test_nor_does_one_whose_leading_blanks_are_gone(width: int, words: list[str]) -> None:
    rows = [row.strip() for row in broken(parts(words)["summary"], width)]
    assert {*parse_ids(rows).ids} <= MINE, (parse_ids(rows).found, rows)


def test_a_message_whose_leading_blanks_are_gone_gives_its_ids() -> None:
    rows = [row.strip() for row in broken(parts([f"{'x ' * 33}and so on"] * 12)["summary"], 80)]
    assert parse_ids(["please release", *rows, "", OTHER]).ids[0] == ONE
    assert parse_ids(rows).ids == (ONE, ONE.rpartition("-")[0], ONE[:16]) or {*parse_ids(rows).ids} == MINE
