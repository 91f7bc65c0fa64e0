"""What became of one check: what was looked at, what was found, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_app.core.errors import ExitCode
from tui_app.core.text import sanitize

_LONGEST: Final = 1200


class State(StrEnum):
    """How it stands. What can't be known is `look`, never `ok`."""

    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line for the operator. `found` and `todo` are safe to show, whatever they were made of.

    `exit_code` is how a command ends that finds only this wrong: USAGE for what is on this machine, API for the account.
    """

    check: str
    state: State
    found: str
    todo: str = ""
    exit_code: ExitCode = ExitCode.DONE

    def __post_init__(self) -> None:
        for name in ("found", "todo"):
            object.__setattr__(self, name, sanitize(getattr(self, name), _LONGEST))

    def wire(self) -> dict[str, str]:
        """As JSON has it."""
        return {"check": self.check, "state": self.state.value, "found": self.found, "todo": self.todo}


def ok(check: str, found: str, todo: str = "") -> CheckResult:
    """It is as it should be."""
    return CheckResult(check, State.OK, found, todo)


def look(check: str, found: str, todo: str = "") -> CheckResult:
    """It may be in order, or can't be known: somebody should look."""
    return CheckResult(check, State.LOOK, found, todo)


def wrong(check: str, found: str, todo: str = "", exit_code: ExitCode = ExitCode.USAGE) -> CheckResult:
    """It does not work."""
    return CheckResult(check, State.WRONG, found, todo, exit_code)


def exit_code_of(results: list[CheckResult]) -> ExitCode:
    """0 when nothing is wrong, 2 when something on this machine is, 6 when the API is, 1 for a check that failed itself."""
    codes = {result.exit_code for result in results if result.state is State.WRONG}
    return next((code for code in (ExitCode.USAGE, ExitCode.API, ExitCode.UNEXPECTED) if code in codes), ExitCode.DONE)


def count_states(results: list[CheckResult]) -> str:
    """`14 ok, 3 look, 1 wrong`."""
    return ", ".join(f"{sum(result.state is state for result in results)} {state}" for state in State)
