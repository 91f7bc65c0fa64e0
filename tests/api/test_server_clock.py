"""What time it is by the server's clock, as its answers tell it."""

from datetime import UTC, datetime

import pytest

from tui_app.api.server_clock import ServerClock

NOON = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    "told", [NOON, "Fri, 20 Nov 2026 14:00:00 +0200", "Fri, 20 Nov 2026 12:00:00 -0000", "20 Nov 2026 12:00:00"]
)
def test_it_is_in_utc_however_it_was_told(told: str) -> None:
    seconds = 0.0
    clock = ServerClock(lambda: seconds)
    clock.read({"date": told})
    seconds = 60.0
    now = clock.now()
    assert now == datetime(2026, 11, 20, 12, 1, tzinfo=UTC)
    assert now.tzinfo is UTC


@pytest.mark.parametrize(
    "told",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 23:59:59 -0100",
        "Mon, 01 Jan 2201 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "soon",
        "",
    ],
)
def test_a_time_that_can_t_be_is_not_taken(told: str) -> None:
    seconds = 0.0
    clock = ServerClock(lambda: seconds)
    clock.read({"date": told})
    seconds = 60.0
    assert clock.now() is None
    clock.read({"date": NOON})
    before = clock.now()
    clock.read({"date": told})
    assert clock.now() == before
