"""Keeping what is in memory out of everybody's reach: no core file, no look into the process, no chatty library."""

from __future__ import annotations

import contextlib
import logging
import resource
import sys
from collections.abc import Mapping
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_CHATTY: Final = ("httpx", "httpcore", "asyncio", "truststore", "concurrent.futures")
"""Their lines hold URLs with senders and subjects, headers, or the text of exceptions."""


def forbid_memory_dumps() -> None:
    """No core file, and on Linux no other process of this user reads the memory or the environment of this one.

    Where the system can't, nothing is done: it is a second wall, not the first.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment that a program which we start is given: ours, without what opens the account."""
    return {name: value for name, value in environment.items() if not name.startswith("CLOUDFLARE_")}


def silence_libraries() -> None:
    """What libraries have to say is said by nobody: this program tells of its requests in its own words."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
