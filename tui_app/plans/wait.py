"""How long a plan with a time waits, by every clock that there is, in words."""

from __future__ import annotations

from datetime import datetime

from tui_app.core.clock import describe_clocks, local_time, rough_duration


def time_left(not_before: datetime, now: datetime, server_now: datetime | None = None) -> float:
    """Seconds until a time has come by this machine's clock and by the server's, where that is known; 0 once it has."""
    earliest = now if server_now is None else min(now, server_now)
    return max(0.0, (not_before - earliest).total_seconds())


def describe_wait(not_before: datetime, now: datetime, server_now: datetime | None = None) -> str:
    """`until 2026-11-20 14:00:00, in 2 h`, and by how much this machine's clock is off, if it is: without an end."""
    left = time_left(not_before, now, server_now)
    when = (
        f"until {local_time(not_before):%Y-%m-%d %H:%M:%S}, {f'in {rough_duration(left)}' if left else 'which is past'}"
    )
    return "; ".join(filter(None, (when, describe_clocks(now, server_now))))
