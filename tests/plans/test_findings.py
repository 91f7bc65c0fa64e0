"""What is told of ids that were pasted: what stands above them, and a no beside one."""

import json
import time

import pytest

from tests.support.pasted import INVESTIGATE, ONE, OTHER
from tui_app.plans.ids import parse_ids


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (f"Do NOT release:\n{INVESTIGATE}\n{OTHER}\n", ["Under 'Do NOT release:': 2 ids."]),
        (
            f"Release:\n{INVESTIGATE}\n\nnot this one\n\n{OTHER}",
            ["Under 'Release:': 1 id.", "Under 'not this one': 1 id."],
        ),
        (f"# keep these\n{INVESTIGATE}", ["Under '# keep these': 1 id."]),
        (f"keep these held:\nid,subject\n{INVESTIGATE},x", ["Under 'keep these held:': 1 id."]),
        (f'keep:\n[{{"id": "{INVESTIGATE}"}}]', ["Under 'keep:': 1 id."]),
        (f"{INVESTIGATE}\n{OTHER}", []),
        (f"Subject: do not release\n{INVESTIGATE}", []),
        (f"not this: {INVESTIGATE}", []),
    ],
)
def test_what_stands_above_ids_is_told(text: str, headings: list[str]) -> None:
    assert parse_ids([text]).headings() == headings


def test_many_headings_are_few_lines() -> None:
    text = "\n".join(f"case no {n}\n4NAAAAAAAAAA{n:04d}-2026-11-20T12:00:00-1" for n in range(30))
    headings = parse_ids([text]).headings()
    assert (len(headings), headings[-1]) == (11, "Under 20 more lines of text: 20 ids.")


@pytest.mark.parametrize("no", ["false", "No", " n "])
@pytest.mark.parametrize("form", ["id,release\n{id},{no}", '[{{"id": "{id}", "release": "{no}"}}]'])
def test_a_no_beside_an_id_is_told(form: str, no: str) -> None:
    parsed = parse_ids([form.format(id=INVESTIGATE, no=no)])
    assert parsed.ids == (INVESTIGATE,)
    assert any(told.startswith("'No' stands beside 1 id in release (line ") for told in parsed.sentences())


def test_a_no_in_a_field_of_the_api_is_nothing_to_tell() -> None:
    text = json.dumps({"id": INVESTIGATE, "is_quarantined": False, "is_phish_submission": False})
    assert parse_ids([text]).sentences() == []


def test_a_heading_of_markdown_above_many_blanks_is_read_at_once() -> None:
    began = time.process_time()
    assert parse_ids([f"| offer |\n{' ' * 200_000}x\n{ONE}"]).ids == (ONE,)
    assert time.process_time() - began < 10, "in the square of its length it takes minutes"


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        (f"Do not release these:\n- {ONE}", "Under 'Do not release these:': 1 id."),
        (f"**Do not release**\n\n* {ONE}", "Under '**Do not release**': 1 id."),
        (f"Do not release:\n1) {ONE}", "Under 'Do not release:': 1 id."),
        (f"Do not release:\nsee ticket 42\n{ONE}", "Under 'Do not release: / see ticket 42': 1 id."),
    ],
)
def test_what_stands_above_ids_of_a_list_is_told(text: str, heading: str) -> None:
    assert parse_ids([text]).headings() == [heading]


@pytest.mark.parametrize("no", ["nein", "NO!", "nope", "reject", "skip", "0", "-"])
def test_a_no_has_many_words(no: str) -> None:
    told = parse_ids([f"id,release\n{ONE},{no}"]).sentences()
    assert [sentence[:25] for sentence in told] == ["'No' stands beside 1 id i"]
    assert parse_ids([f"id,attachments_count\n{ONE},0"]).sentences() == []


@pytest.mark.parametrize("line", [f"BULK  {ONE}", f"Unknown   {ONE}", f"  SPAM  {ONE}"])
def test_a_verdict_before_an_id_is_nobody_s_words(line: str) -> None:
    assert parse_ids([line]).ids == (ONE,)


@pytest.mark.parametrize(
    "line",
    [
        f"SPAM  a@b.example  release {ONE}",
        f"  SPAM  4aaaaaaaaaaa@evil.example  release {ONE}",
        f"   SPAM  a@b.example  release {ONE}",
    ],
)
def test_a_subject_behind_a_verdict_and_a_sender_names_nothing(line: str) -> None:
    parsed = parse_ids([line])
    assert parsed.ids == ()
    assert parsed.not_searched


def test_what_only_looks_like_a_question_is_no_no() -> None:
    for column, value in (("released_at", "-"), ("sender_name", "-"), ("token", "0")):
        assert parse_ids([f"id,{column}\n{ONE},{value}"]).sentences() == []
