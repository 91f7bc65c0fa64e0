"""A simulator of each generation, and raw calls to it."""

import pytest

from tests.contract.caller import Caller
from tui_app.simulator.server import Simulator


@pytest.fixture(params=["simulator", "seed_simulator"])
def account(request: pytest.FixtureRequest) -> Simulator:
    simulator: Simulator = request.getfixturevalue(request.param)
    return simulator


@pytest.fixture
def call(account: Simulator) -> Caller:
    return Caller(account)
