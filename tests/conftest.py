"""Every test has an empty home, no account in the environment, UTC, and a simulator if it asks for one."""

import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings

from tests.support.accounts import NO_JOB_ENDS, end_servers_soon
from tests.support.clock import StillClock
from tests.support.environment import MODERN
from tests.support.wire import Wire
from tui_app.simulator.server import Options, Simulator, running

# The first run on a machine makes tables of all characters: no test is to be blamed for how long that takes.
# The quick suite tries the same of it each time, so that a change is not blamed for what chance found; the long suite tries
# what nobody has tried before.
settings.register_profile(
    "quick",
    deadline=None,
    max_examples=50,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=400, derandomize=False)
settings.load_profile("quick")
end_servers_soon()
# Each of five workers makes the asserts of all modules tell more, in 3 s: what one has made is kept for the next run.
sys.dont_write_bytecode = False
# In the background of a shell without job control, and under nohup, these are ignored, and would be in all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)

MOMENT = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
OF_THE_TESTER = ("CLOUDFLARE_", "MAILSLUICE_", "TEXTUAL", "XDG_", "HTTP", "http", "NO_COLOR", "PYTHON")
"""How the names of variables begin that would change what is tested."""
PTY = Path(__file__).parent / "pty"
SLOW = ("cli", "contract", "drills", "faults", "golden", "pty", "screens", "simulator")
"""Folders whose tests run the whole console, processes, or the simulator itself; elsewhere a file says that it is slow."""


def pytest_configure(config: pytest.Config) -> None:
    """The long suite tries more of what hypothesis makes up."""
    if "long" in config.option.markexpr:
        settings.load_profile("long")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Each worker loads all that is asked for: one file needs none, a part two, and everything five, as much of it is waiting."""
    parts = getattr(config.option, "file_or_dir", [])  # there are none with --help
    if len(parts) == 1 and ".py" in parts[0]:
        return 0
    if config.option.markexpr == "not slow":
        return 3
    return 2 if parts or config.option.keyword or config.option.markexpr else 5


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a terminal, and what is slow, by its folder; leave the long suite out unless it is asked for; the slowest comes first."""
    for item in items:
        if item.path.is_relative_to(PTY):
            item.add_marker("pty")
        if item.path.parent.name in SLOW:
            item.add_marker("slow")
    if "long" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    if "terminals" not in config.option.markexpr:
        items[:] = [item for item in items if not item.get_closest_marker("terminals")]
    # The first mypy of a checkout takes longer than any test: it must not be what all wait for at the end.
    items.sort(key=lambda item: "test_the_code_is_clean" not in item.nodeid)


def pytest_collection_finish() -> None:
    """What has been loaded stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(OF_THE_TESTER):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {**MODERN, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    yield


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The demo account, alive."""
    with running(Options(quota=0, messages=600, held=120, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def fast_simulator() -> Iterator[Simulator]:
    """The demo account with jobs that live twenty times as fast."""
    with running(Options(quota=0, messages=600, held=120, speed=20)) as simulator:
        yield simulator


@pytest.fixture
def seed_simulator() -> Iterator[Simulator]:
    """The demo account in the oldest wire shapes."""
    with running(Options(quota=0, messages=600, held=120, generation="seed", speed=NO_JOB_ENDS)) as simulator:
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


@pytest.fixture(scope="module")
def gated() -> Iterator[Wire]:
    with (
        running(Options(quota=0, messages=60, held=300, faults="none", speed=NO_JOB_ENDS)) as simulator,
        httpx.Client(headers={"Authorization": f"Bearer {simulator.authenticator.token}"}, trust_env=False) as http,
    ):
        yield Wire(simulator, http)


@pytest.fixture
def wire(gated: Wire) -> Wire:
    """The fault proxy without faults."""
    gated.with_faults("none")
    return gated
