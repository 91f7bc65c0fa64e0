"""Keeps secrets in the process: no core file, no access by other processes, no log lines of libraries."""

from __future__ import annotations

import contextlib
import logging
import resource
import sys
from collections.abc import Mapping
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_LOGGERS: Final = ("httpx", "httpcore", "asyncio", "truststore", "concurrent.futures")
"""Loggers whose lines hold URLs with senders and subjects, headers, or the text of exceptions."""


def forbid_memory_dumps() -> None:
    """Forbid core files and, on Linux, that other processes of this user read our memory or environment.

    Does nothing where the system can't: this is a second protection, not the first.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def child_environment(environment: Mapping[str, str], *, terminal: bool = True) -> dict[str, str]:
    """The environment for a program that we start: this one without all CLOUDFLARE_ variables.

    Without a `terminal` also without the name of the terminal on which gpg would ask.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("CLOUDFLARE_") and (terminal or name != "GPG_TTY")
    }


def silence_libraries() -> None:
    """Drop all log lines of libraries: they may hold secrets."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
