"""An account for plans that were made before."""

from collections.abc import Iterator

import pytest

from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    """With held mail, and no quota."""
    with running(Options(quota=0, held=60, messages=100, faults="none")) as simulator:
        yield simulator
