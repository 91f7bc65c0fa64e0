"""The command line against one simulated account."""

import pytest

from tests.support.commands import Ended, Run, run_with
from tui_app.simulator.server import Simulator


@pytest.fixture
def run(simulator: Simulator) -> Run:
    def call(*arguments: str, stdin: str | None = None, **environment: str) -> Ended:
        return run_with({**simulator.environment(), **environment}, *arguments, stdin=stdin)

    return call
