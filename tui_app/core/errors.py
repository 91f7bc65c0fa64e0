"""Our own errors and the exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of commands."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    GUARD = 3
    PARTLY_FAILED = 4
    UNKNOWN_OUTCOME = 5
    API = 6


class SluiceError(Exception):
    """An error for the operator: one sentence that says what happened, to what, and what to do."""

    exit_code = ExitCode.UNEXPECTED

    @property
    def cause(self) -> str:
        """The same without "Nothing was sent", for where nothing would have been."""
        said = str(self).removesuffix(" Nothing was sent.")
        why = said.removeprefix("Nothing was sent: ")
        return said if why == said else why[:1].upper() + why[1:]


class UsageError(SluiceError):
    """The command, the configuration or the terminal can't be used; nothing was sent."""

    exit_code = ExitCode.USAGE


class GuardError(SluiceError):
    """The guard or a read-only profile refused; nothing was sent."""

    exit_code = ExitCode.GUARD
