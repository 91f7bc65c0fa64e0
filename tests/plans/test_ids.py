"""Ids in what an operator pastes: tickets, tables, pages, logs; and what others wrote, which chooses nothing."""

import json
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.pasted import HELD, INVESTIGATE, ONE, OTHER, VICTIM, told
from tui_app.plans.ids import parse_ids, text_of
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, plan_record, result_record
from tui_app.plans.replay import entry_of
from tui_app.plans.report import FORMATS
from tui_app.plans.state import Outcome, Result


def test_ids_of_both_kinds_are_found_in_pasted_text() -> None:
    parsed = parse_ids(
        [
            f"please release '{INVESTIGATE}', thanks",
            "4Njp3P0STMz2c02Q;4Njp3P0STMz2c02R # and no 4Njp3P0STMz2c02S",
            INVESTIGATE,
        ]
    )
    assert parsed.ids == (INVESTIGATE, "4Njp3P0STMz2c02Q", "4Njp3P0STMz2c02R", "4Njp3P0STMz2c02S")
    assert [found.line for found in parsed.found] == [1, 2, 2, 2]
    assert parsed.found[0].excerpt == f"please release '{INVESTIGATE}', thanks"
    assert parsed.duplicates == 1
    assert parsed.repeated == ((3, INVESTIGATE),)
    assert parsed.unrecognised == ()


@given(st.lists(st.text(max_size=80), max_size=10))
def test_any_text_is_parsed_and_every_id_comes_once(lines: list[str]) -> None:
    parsed = parse_ids(lines)
    assert len(set(parsed.ids)) == len(parsed.ids)


@pytest.mark.parametrize(
    "line",
    [ONE + OTHER, f"{ONE}4NFF0483DAD1DD04 glued", ONE.lower(), "4NABC-2026-13-45T99:99:99-1 and more", f"x-{ONE} y"],
)
def test_what_looks_like_an_id_and_is_none_is_told_of(line: str) -> None:
    parsed = parse_ids([line])
    assert parsed.ids == ()
    assert parsed.unrecognised


def test_a_line_that_begins_with_a_hash_is_told_of_and_not_taken() -> None:
    parsed = parse_ids([f"# {ONE}", f"#{OTHER}", f"  # {OTHER} x"])
    assert parsed.ids == ()
    assert parsed.commented == ((1, ONE), (2, OTHER), (3, OTHER))


@pytest.mark.parametrize("line", [f"ticket #4711 {ONE}", f"see # 1 {ONE}", f"https://h/%23/{ONE}", f"x # {ONE}"])
def test_a_hash_within_a_line_drops_nothing(line: str) -> None:
    assert parse_ids([line]).ids == (ONE,)


def test_a_line_of_any_length_an_address_and_utf_16_are_read_whole() -> None:
    names = [f"4N37A483DAD1{number:04d}-2026-11-25T17:55:50-{number}" for number in range(1000)]
    assert parse_ids([json.dumps([{"id": name, "subject": "y" * 700} for name in names])]).ids == tuple(names)
    assert parse_ids([f"https://h/a/{ONE}/{OTHER}?x=1", ONE.replace(":", "%3A")]).ids == (ONE, OTHER)
    assert parse_ids(f"{ONE}\n{OTHER}".encode("utf-16").decode("utf-8", "replace").split("\n")).ids == (ONE, OTHER)


@pytest.mark.parametrize(
    "line",
    [
        ONE.replace("-", "\u2011"),
        ONE.replace("-", "-\u200b"),
        ONE.replace("-", "&#45;"),
        f"https%253A%252F%252Fh%252F{ONE.replace(':', '%253A')}",
    ],
)
def test_an_id_out_of_a_word_processor_or_a_page_is_taken(line: str) -> None:
    assert parse_ids([f"see {line} please"]).ids == (ONE,)


# ---- any surrounding


AROUND = st.lists(
    st.one_of(
        st.text(max_size=4),
        st.sampled_from(
            [
                *list("“”‘’„«»•-+$&@…–，（）№→\xad\u200b\u202e\u2066\ufeff=%#<>_*`~|;:,.!?'\"{}[]()0a"),
                "&nbsp;",
                "&lt;",
                "&quot;",
                "&#",
                "&#5",
                "&amp;quot;",
                "%2",
                "%20",
                "%",
                "=3D",
                "=2",
                "?postfix=",
                "&x=1",
                "subject:",
                "x-",
                "-x",
                "> ",
                "\n",
                "=\n",
                "<wbr>",
                " ",
                ",,,",
                "id",
                '{"',
                "\t",
                "; ",
            ]
        ),
    ),
    max_size=5,
).map("".join)
QUEUE_ID = st.from_regex(r"4N[0-9A-Za-z]{14}", fullmatch=True)
ID = st.one_of(QUEUE_ID, QUEUE_ID.map(lambda name: f"{name}-2026-11-25T17:55:50-10000004"))


@given(before=AROUND, name=ID, after=AROUND)
@example("mail “", "4NCD73B7D1FD0901", "” and")
@example("%2", "4NCD73B7D1FD0901", "")
@example("请释放", "4NCD73B7D1FD0901", "，")
@settings(max_examples=200, deadline=None)
def test_an_id_in_any_surrounding_is_found_or_told(before: str, name: str, after: str) -> None:
    parsed = parse_ids([before + name + after])
    notes = [note for _, note in parsed.notes]
    assert any(name in word for word in told(parsed)) or notes, parsed


@pytest.mark.parametrize(
    "mark", [*list("“”‘’„«»•-+$&–，（）№→"), "&nbsp;", "&lt;", "&quot;", "%22", "\u202e", "\xad", "请"]
)
def test_punctuation_that_is_glued_to_an_id_is_no_part_of_it(mark: str) -> None:
    assert parse_ids([f"see {mark}{ONE}{mark} {mark}{OTHER[:16]}{mark}"]).ids == (ONE, OTHER[:16])


def test_an_id_that_was_cut_is_told_and_not_taken_for_a_shorter_one() -> None:
    for cut in (f"{ONE[:-3]}…", f"{ONE[:36]}…", f"{ONE[:16]}…"):
        parsed = parse_ids([f"row {cut} more"])
        assert parsed.ids == ()
        assert any(cut[:16] in word for _, word in parsed.unrecognised), cut


@pytest.mark.parametrize(
    "lines",
    [
        ["References: <a@x>", "\t<b@x>", f"\t<{VICTIM}@x>"],
        ["Subject: x", f' {{"id":"{VICTIM}"}}'],
        ["Subject: x", " id;subject", f" {VICTIM};y"],
        ["X-Foo: a", " | id | x |", " |---|---|", f" | {VICTIM} | y |"],
        ["Subject:", VICTIM],
        [f"Left out: {ONE} (already released) evil@x.test {VICTIM}"],
        [f"In words that somebody else wrote: '{VICTIM}' (line 3); not taken."],
        [f"  ▪ BULK  news@x.test  see {VICTIM}"],
    ],
)  # fmt: skip
def test_what_is_folded_under_a_header_or_stands_in_our_own_lines_is_not_taken(lines: list[str]) -> None:
    assert parse_ids(lines).ids == ()
    assert parse_ids([*lines, "", ONE]).ids == (ONE,), "what comes after an empty line is"


def test_a_message_to_ten_thousand_hides_no_other_row() -> None:
    crowd = " ".join(f"user{n}@acme.example" for n in range(10_000))
    table = ["id,subject,recipients", f'{ONE},x,"{crowd}"', f"{OTHER},y,bo@acme.example"]
    assert parse_ids(table).ids == (ONE, OTHER)
    assert VICTIM not in parse_ids([f'{ONE},# {VICTIM},"{crowd}"']).ids, "nor without its heading"


def test_full_width_characters_of_an_id_are_read_as_what_they_are() -> None:
    wide = "".join(chr(ord(mark) + 0xFEE0) for mark in ONE)
    assert parse_ids([f"看 {wide} 。"]).ids == (ONE,)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_read_by_its_mark_whatever_its_letters(encoding: str) -> None:
    subject = "中文\u0a22\u220a，" * 500  # the bytes of a quote and of a line end
    text = f'\ufeff主题,id\n"{subject}",{ONE}\n'
    assert text_of(text.encode(encoding)) == text.removeprefix("\ufeff")
    assert parse_ids([text_of(text.encode(encoding))]).ids == (ONE,)


@pytest.mark.parametrize("at", [place for place, mark in enumerate(ONE, start=1) if mark == "-"])
@pytest.mark.parametrize("end", ["\n", "=\n", "\r\n", "\n> "])
def test_an_id_that_is_wrapped_after_a_hyphen_is_found(at: int, end: str) -> None:
    start = "> " if end.endswith("> ") else ""
    parsed = parse_ids([f"{start}see {ONE[:at]}{end}{ONE[at:]} please{end}and {OTHER}"])
    assert parsed.ids == (ONE, OTHER)


def test_half_a_number_is_not_taken_for_an_id() -> None:
    parsed = parse_ids([f"and the message {ONE[:-3]}", f"{ONE[-3:]} as well"])
    assert parsed.ids == ()
    assert parsed.unrecognised == ((1, f"{ONE[:-3]} {ONE[-3:]}"),)


# ---- other ids, and how much is told


def test_a_message_id_counts_where_it_stands_alone() -> None:
    assert parse_ids(["Message-ID: <a.b@c.example>"]).ids == ("<a.b@c.example>",)
    assert parse_ids(["Message-ID:", " <a.b@c.example>", "<d@e.example>"]).ids == ("<a.b@c.example>", "<d@e.example>")
    assert parse_ids(["see <a.b@c.example>", "a@b.example", "References: <x@y.example>"]).ids == ()
    assert parse_ids(["message_id,subject", "a@b.example,<c@d.example>"]).ids == ("<a@b.example>",)
    assert parse_ids(["message_id,id", f"<a@b.example>,{ONE}", "<c@d.example>,"]).ids == (ONE,)
    alert = ONE.rpartition("-")[0]
    assert parse_ids([f"alert {alert}", f"{OTHER} {OTHER.rpartition('-')[0]}"]).ids == (alert, OTHER)


def test_a_large_mail_log_is_told_in_a_few_lines() -> None:
    log = [f"Nov 28 host postfix/qmgr[1]: 3F{n:010X}: removed 4Njp3P0STMz2c{n % 90 + 10}" for n in range(5_000)]
    parsed = parse_ids([*log, *(f"4N{n}bad" for n in range(100, 150))])
    assert parsed.ids == ()
    assert len(parsed.foreign) == 10_000
    assert len(parsed.sentences()) == 12
    assert parsed.sentences()[10] == "Not an id: 40 more; left out."


def test_a_telephone_number_is_no_id() -> None:
    parsed = parse_ids(["call 4930123456789012 please"])
    assert (parsed.ids, parsed.unrecognised) == ((), ((1, "4930123456789012"),))


@pytest.mark.parametrize("line", ["[[EXTERNAL]] Invoice", "[EXTERNAL] Invoice", "{{name}} Invoice"])
def test_a_line_that_only_begins_like_json_keeps_no_id_below_it_from_being_taken(line: str) -> None:
    parsed = parse_ids([line, ONE, f"and {OTHER}"])
    assert parsed.ids == (ONE, OTHER)
    assert parsed.notes == ()


def test_an_id_that_an_answer_told_of_is_not_taken_out_of_our_own_report() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    targets = [Target(name) for name in HELD[:3]]
    origin = Origin("ana", "jump1")
    results = [Result(target, Outcome.DELIVERED) for target in targets]
    told_of = [f"the answer names {VICTIM}, which was not sent"]
    entry = entry_of(
        [
            plan_record(
                Plan.make(targets, "x", 25, Random(1)), number=1, account="acc", origin=origin, at=now, version="1", previous=""
            ),
            intent_record(targets, "ids", now),
            result_record(results, http=200, ray=None, ms=5, at=now, remarks=told_of),
        ]
    )  # fmt: skip
    report = FORMATS[".md"](entry)
    assert VICTIM in report
    parsed = parse_ids(report.split("\n"))
    assert parsed.ids == tuple(HELD[:3])
    assert VICTIM in told(parsed)
    assert parse_ids([f"Look at this: {told_of[0]}"]).ids == ()


# ---- ids that are not whole


@pytest.mark.parametrize("dash", ["", *"-\u2010\u2011\u2012\u2013\u2014\u2212"])
@pytest.mark.parametrize("end", ["…", "...", "2026…", "2026‑11…"])
def test_an_id_that_was_cut_anywhere_is_told(dash: str, end: str) -> None:
    for name in (ONE[:16], ONE.rpartition("-")[0], ONE):
        if dash or not end[0].isdigit():
            parsed = parse_ids([f"Invoice {name}{dash}{end} x"])
            assert parsed.ids == (), (name, dash, end)
            assert any(ONE[:16] in word for _, word in parsed.unrecognised)


@pytest.mark.parametrize("end", [".", ", and more", " … and more", " ...", "; thanks", " - please", ")."])
def test_an_id_before_a_mark_of_a_sentence_is_whole(end: str) -> None:
    for name in (ONE[:16], ONE.rpartition("-")[0], ONE):
        assert parse_ids([f"see {name}{end}"]).ids == (name,)


@pytest.mark.parametrize("at", range(1, 12))
def test_the_second_half_of_an_id_is_told(at: int) -> None:
    four = f"4{ONE[1:4]}4{ONE[5:]}"
    for name in (ONE, four):
        parsed = parse_ids([f"they are: {name[:at]}", name[at:], f"and {OTHER}"])
        assert parsed.ids == (OTHER,), (name, at)
        assert name[at:] in told(parsed)
    assert parse_ids(["on the 4th", ONE, "by 4pm", OTHER]).ids == (ONE, OTHER)
