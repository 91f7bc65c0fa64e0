"""The environment of the processes that tests start: made here, and with nothing of the tester's own but the path."""

import os
import sys
from pathlib import Path
from typing import Final, Protocol

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = (sys.executable, "-m", "tui_app")
"""The program as a shell starts it; arguments come behind."""
ABSENT: Final = "absent"
"""In place of a variable's value: the variable is not there."""
MODERN: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""A terminal with all colours and UTF-8."""


class Account(Protocol):
    """What can be asked: a simulator, or a server of the tests."""

    def environment(self) -> dict[str, str]:
        """The variables that lead to it."""


def environment(home: Path, account: Account | None = None, /, **changes: str) -> dict[str, str]:
    """A modern terminal and an empty configuration, in this home and on this account; then the changes."""
    usual = {
        **MODERN, "PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "MAILSLUICE_CONFIG": os.devnull,
        **(account.environment() if account else {}),
    }  # fmt: skip
    return {name: value for name, value in (usual | changes).items() if value != ABSENT}
