"""Ids in what an operator pastes: tickets, tables, pages, logs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.plans.ids import parse_ids

INVESTIGATE = "4Njp3P0STMz2c02Q-2024-01-05T10:00:00-12345678"


def test_ids_of_both_kinds_are_found_in_pasted_text() -> None:
    parsed = parse_ids(
        [
            f"please release '{INVESTIGATE}', thanks",
            "4Njp3P0STMz2c02Q;4Njp3P0STMz2c02R # and no 4Njp3P0STMz2c02S",
            INVESTIGATE,
        ]
    )
    assert parsed.ids == (INVESTIGATE, "4Njp3P0STMz2c02Q", "4Njp3P0STMz2c02R")
    assert parsed.duplicates == 1
    assert parsed.repeated == ((3, INVESTIGATE),)
    assert parsed.unrecognised == ()


@given(st.lists(st.text(max_size=80), max_size=10))
def test_any_text_is_parsed_and_every_id_comes_once(lines: list[str]) -> None:
    parsed = parse_ids(lines)
    assert len(set(parsed.ids)) == len(parsed.ids)


ONE, OTHER = "4N37A483DAD1DD04-2026-11-25T17:55:50-10000004", "4NFF0483DAD1DD04-2026-11-25T17:55:50-10000005"


@pytest.mark.parametrize(
    "line",
    [ONE + OTHER, f"{ONE}4NFF0483DAD1DD04 glued", ONE.lower(), "4NABC-2026-13-45T99:99:99-1 and more", f"x-{ONE} y"],
)
def test_what_looks_like_an_id_and_is_none_is_told_of(line: str) -> None:
    parsed = parse_ids([line])
    assert parsed.ids == ()
    assert parsed.unrecognised


def test_what_somebody_took_out_of_a_list_is_told_of_and_not_taken() -> None:
    parsed = parse_ids([f"# {ONE}", f'"x # 0",{OTHER}', f"#{OTHER}"])
    assert parsed.ids == ()
    assert parsed.commented == ((1, ONE), (2, OTHER), (3, OTHER))


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
