"""One simulator behind a fault proxy for all tests of a file; each starts without faults."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.wire import Wire
from tui_app.simulator.server import Options, running


@pytest.fixture(scope="module")
def gated() -> Iterator[Wire]:
    with (
        running(Options(quota=0, messages=60, held=300, faults="none")) as simulator,
        httpx.Client(headers={"Authorization": f"Bearer {simulator.authenticator.token}"}, trust_env=False) as http,
    ):
        yield Wire(simulator, http)


@pytest.fixture
def wire(gated: Wire) -> Wire:
    """The fault proxy without faults."""
    gated.with_faults("none")
    return gated
