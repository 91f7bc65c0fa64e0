"""Keeps secrets in the process: no core file, no access by other processes, no log lines of libraries."""

from __future__ import annotations

import contextlib
import logging
import os
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


_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
"""Variables by which the TLS library trusts other certificates, or writes down the keys of connections."""
_set_aside: Final[dict[str, str]] = {}


def set_certificate_variables_aside() -> None:
    """Let no variable choose whom we trust with a token: the system's certificates count, or `ca_bundle`.

    Programs that we start get them as they were.
    """
    for name in _CERTIFICATES:
        if (value := os.environ.pop(name, None)) is not None:
            _set_aside[name] = value


def child_environment(environment: Mapping[str, str], *, terminal: bool = True) -> dict[str, str]:
    """The environment for a program that we start: this one without all CLOUDFLARE_ variables, with what was set aside.

    Without a `terminal` also without the name of the terminal on which gpg would ask.
    """
    return {
        name: value
        for name, value in (_set_aside | {**environment}).items()
        if not name.startswith("CLOUDFLARE_") and (terminal or name != "GPG_TTY")
    }


def silence_libraries() -> None:
    """Drop all log lines of libraries: they may hold secrets."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL)
