"""The filter over the ledger: plans and writes to jobs by the same words."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.plans.test_write_records import JOB, NOON, ledger_in, plan, told, write
from tui_app.plans.ledger import Listed
from tui_app.plans.ledger_filter import FIELDS, happened_since, parse_ledger_filter


@pytest.fixture
def listed(tmp_path: Path) -> list[Listed]:
    """A plan, a cancel that was refused, a new job, the newest last."""
    ledger = ledger_in(tmp_path)
    plan(ledger, 1)
    write(ledger, 2, "cancel", told("refused"))
    write(ledger, 3, "create", told(status="PENDING"))
    return list(reversed(ledger.overview().listed))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", [0, 1, 2]),
        ("action:job", [1, 2]),
        ("-action:job", [0]),
        ("action:junk", [1, 2]),
        ("action:release state:finished", [0]),
        ("state:refused", [1]),
        ("state:pending", [2]),
        (f"target:{JOB[:8]}", [1, 2]),
        ("target:00000002", [1]),
        ("who:ANA", [0, 1, 2]),
        ("who:bo", []),
        ("reason:INC-4711", [1, 2]),
        ("3,012", [2]),
        ("-inc-1", [1, 2]),
        ("since:1h", [0, 1, 2]),
        ("since:2026-11-21", []),
        ("-since:2026-11-21", [0, 1, 2]),
    ],
)
def test_what_passes(line: str, found: list[int], listed: list[Listed]) -> None:
    wanted = parse_ledger_filter(line, NOON + timedelta(minutes=5))
    assert [number for number, each in enumerate(listed) if wanted is None or wanted.matches(each)] == found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("colour:red", f"'colour' is not a field. Fields: {', '.join(FIELDS)}."),
        ("state:", "'state:' names a field without a value."),
        ("since:soon", "'soon' is not a time"),
        ('"open', "A quotation mark is not closed"),
    ],
)
def test_what_makes_no_sense_is_said(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        parse_ledger_filter(line, NOON)


def test_what_was_worked_on_since_then_is_among_it(listed: list[Listed]) -> None:
    assert all(happened_since(each, NOON) for each in listed)
    assert not any(happened_since(each, NOON + timedelta(seconds=1)) for each in listed)
