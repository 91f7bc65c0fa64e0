"""The filter of the list of jobs: `140` finds what one would look for, and what nobody knows is not hidden."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.models import Job
from tui_app.core.query import QueryError
from tui_app.jobs.job_filter import FIELDS, FIELDS_OF_ALL, GRAMMAR, GRAMMAR_OF_ALL, parse_job_filter

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def job(**changes: Any) -> Job:
    wire = {
        "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e",
        "status": "COMPLETED",
        "action_type": "MOVE",
        "action_params": {"destination": "Trash"},
        "search_params": {"sender": "billing@evil.example"},
        "comment": "INC-4711 wave 2",
        "created_at": "2026-11-20T09:00:00Z",
        "total_messages_discovered": 140,
        "messages_successful": 138,
        "messages_failed": 2,
        "messages_skipped": 0,
        "messages_pending": 0,
        "messages_cancelled": 0,
        **changes,
    }
    return Job.model_validate(wire)


MATCHES = (
    "", "4711", "inc-4711", "evil", "182bd5", "trash", "completed", "-release", "comment:wave", "search:evil.example",
    "id:182b", "status:compl", "action:move", "failed:2", "failed:>0", "failed:>=2", "failed:<3", "failed:<=2",
    "failed:=2", "found:>100", "age:<1d", "age:>2h", "since:6h", "since:2026-11-20", "failed:>0 age:<1d wave",
    '"wave 2"', "-comment:letter", "-failed:0", "completed:138", "skipped:0",
)  # fmt: skip
FAILS = (
    "release", "-wave", "failed:0", "failed:>2", "age:<1h", "age:>1d", "since:1h", "comment:letter", "-failed:>0",
    "failed:>0 age:<1h", "id:ffff", "pending:>0",
)  # fmt: skip


@pytest.mark.parametrize("line", MATCHES)
def test_it_finds(line: str) -> None:
    wanted = parse_job_filter(line, NOW)
    assert wanted is None or wanted.matches(job(), NOW)


@pytest.mark.parametrize("line", FAILS)
def test_it_leaves_out(line: str) -> None:
    wanted = parse_job_filter(line, NOW)
    assert wanted is not None and not wanted.matches(job(), NOW)


@pytest.mark.parametrize("line", ["failed:>0", "-failed:>0", "failed:0", "-failed:0"])
def test_a_counter_that_nobody_can_read_hides_no_job(line: str) -> None:
    wanted = parse_job_filter(line, NOW)
    assert wanted is not None
    assert wanted.matches(job(messages_failed=None), NOW)
    assert wanted.matches(job(messages_failed="many"), NOW)


@pytest.mark.parametrize("line", ["age:<1d", "age:>1d", "since:1h", "-since:1h"])
def test_a_job_without_a_time_is_hidden_by_no_age(line: str) -> None:
    wanted = parse_job_filter(line, NOW)
    assert wanted is not None and wanted.matches(job(created_at=None), NOW)


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("wave faild:>0", "faild:>0", "'faild' is not a field"),
        ("failed:many", "failed:many", "a number: for example failed:>0"),
        ("age:1d", "age:1d", "wants < or >"),
        ("age:<soon", "age:<soon", "not a duration"),
        ("since:yesterday x", "since:yesterday", "is not a time"),
        ("comment:", "comment:", "without a value"),
        ('x "open', '"open', "not closed"),
    ],
)
def test_a_mistake_is_told_with_its_place(line: str, place: str, words: str) -> None:
    with pytest.raises(QueryError) as wrong:
        parse_job_filter(line, NOW)
    assert words in str(wrong.value)
    assert line[wrong.value.start : wrong.value.end] == place


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("profile:prod", True),
        ("-profile:prod", False),
        ("profile:TEST", False),
        ("acme-prod wave", True),
        ("-prod", False),
    ],
)
def test_jobs_of_all_profiles_are_found_by_the_profiles_name(line: str, passes: bool) -> None:
    wanted = parse_job_filter(line, NOW, FIELDS_OF_ALL)
    assert wanted is not None and wanted.matches(job(), NOW, "acme-prod") is passes


def test_where_there_is_one_profile_no_filter_asks_for_it() -> None:
    with pytest.raises(QueryError, match="'profile' is not a field"):
        parse_job_filter("profile:prod", NOW)


@pytest.mark.parametrize(("grammar", "fields"), [(GRAMMAR, FIELDS), (GRAMMAR_OF_ALL, FIELDS_OF_ALL)])
def test_help_names_every_field(grammar: Sequence[tuple[str, str]], fields: Sequence[str]) -> None:
    told = " ".join(f"{key} {about}" for key, about in grammar)
    assert not [name for name in fields if f"{name}:" not in told]


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_filter_or_a_sentence(line: str) -> None:
    try:
        wanted = parse_job_filter(line, NOW)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(line)
    else:
        assert wanted is None or isinstance(wanted.matches(job(), NOW + timedelta(days=1)), bool)
