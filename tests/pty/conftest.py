"""A console in a terminal, on an account of its module."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import answering
from tests.support.consoles import ABSENT, MODERN, PROGRAM, ROOT, Start, Variables
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60)) as simulator:
        yield simulator


@pytest.fixture
def variables(account: Simulator, tmp_path: Path) -> Variables:
    """An environment that differs from a modern one in what is given."""
    usual = {**MODERN, "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TZ": "UTC", "PYTHONPATH": str(ROOT)}
    usual |= {"MAILSLUICE_CONFIG": os.devnull, **account.environment()}
    return lambda **changes: {name: value for name, value in (usual | changes).items() if value != ABSENT}


@pytest.fixture
def start(variables: Variables) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(*command: str, columns: int = 80, lines: int = 24, **changes: str) -> Terminal:
        terminal = Terminal(command or PROGRAM, variables(**changes), columns=columns, lines=lines)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.kill()
