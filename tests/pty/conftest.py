"""A console in a terminal, on an account of its module."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start, Variables
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60, speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def variables(account: Simulator, tmp_path: Path) -> Variables:
    """An environment that differs from a modern one in what is given."""
    return lambda on=account, **changes: environment(tmp_path, on, **changes)


@pytest.fixture
def start(variables: Variables, account: Simulator) -> Iterator[Start]:
    """A console in a fork, or a command for real."""
    with ExitStack() as opened:

        def start(
            command: Sequence[str] | Program = Program(),  # noqa: B008 - nothing can be changed in it
            *,
            columns: int = 80,
            lines: int = 24,
            on: Simulator = account,
            **changes: str,
        ) -> Terminal:
            terminal = Terminal(command, variables(on, **changes), columns=columns, lines=lines)
            opened.callback(terminal.kill)
            return terminal

        yield start
