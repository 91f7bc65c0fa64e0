"""Every test has an empty home, no account in the environment, UTC, and a simulator if it asks for one."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.clock import StillClock
from tui_app.simulator.server import Options, Simulator, running

# The first run on a machine makes tables of all characters: no test is to be blamed for how long that takes.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")

MOMENT = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("CLOUDFLARE_", "MAILSLUICE_", "TEXTUAL", "XDG_", "HTTP", "http", "NO_COLOR")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    time.tzset()
    yield


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The demo account, alive."""
    with running(Options(quota=0, messages=600, held=120)) as simulator:
        yield simulator


@pytest.fixture
def fast_simulator() -> Iterator[Simulator]:
    """The demo account with jobs that live twenty times as fast."""
    with running(Options(quota=0, messages=600, held=120, speed=20)) as simulator:
        yield simulator


@pytest.fixture
def seed_simulator() -> Iterator[Simulator]:
    """The demo account in the oldest wire shapes."""
    with running(Options(quota=0, messages=600, held=120, generation="seed")) as simulator:
        yield simulator


@pytest.fixture
def still_simulator() -> Iterator[Simulator]:
    """The demo account at a moment that does not pass."""
    with running(Options(quota=0, messages=3012, held=1200), clock=lambda: MOMENT) as simulator:
        yield simulator


@pytest.fixture
def still_clock() -> StillClock:
    """A clock that shows that moment."""
    return StillClock(MOMENT)
