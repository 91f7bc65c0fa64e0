"""How long a plan waits, in words: by the clock that is behind, and with a word where the two differ."""

from datetime import UTC, datetime, timedelta

import pytest

from tui_app.plans.wait import describe_wait, time_left

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.plans.wait.local_time", lambda moment: moment.astimezone(UTC))


@pytest.mark.parametrize(
    ("ahead", "server", "said"),
    [
        (2 * HOUR, None, "until 2026-11-20 14:00:00, in 2 h"),
        (2 * HOUR, timedelta(), "until 2026-11-20 14:00:00, in 2 h"),
        (2 * HOUR, timedelta(seconds=60), "until 2026-11-20 14:00:00, in 2 h"),
        (
            2 * HOUR,
            24 * HOUR,
            "until 2026-11-20 14:00:00, in 2 h; this machine's clock is 24 h behind the server's",
        ),
        (
            2 * HOUR,
            -24 * HOUR,
            "until 2026-11-20 14:00:00, in 26 h; this machine's clock is 24 h ahead of the server's",
        ),
        (
            -HOUR,
            -timedelta(minutes=10),
            "until 2026-11-20 11:00:00, which is past; this machine's clock is 10 min ahead of the server's",
        ),
        (-HOUR, None, "until 2026-11-20 11:00:00, which is past"),
    ],
)
def test_a_wait_is_told_by_the_clock_that_is_behind(ahead: timedelta, server: timedelta | None, said: str) -> None:
    assert describe_wait(NOON + ahead, NOON, None if server is None else NOON + server) == said


def test_a_time_has_come_when_it_has_by_both_clocks() -> None:
    assert time_left(NOON, NOON - HOUR) == 3600
    assert time_left(NOON, NOON + HOUR, NOON - HOUR) == 3600
    assert time_left(NOON, NOON - HOUR, NOON + HOUR) == 3600
    assert time_left(NOON, NOON, NOON + HOUR) == 0
