"""Simulated accounts: beside which a process may fork, and that end soon."""

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Final
from urllib.parse import urlsplit

import uvicorn.server

from tui_app.simulator.server import Options, Simulator, running

PATIENCE = 30.0
NO_JOB_ENDS: Final = 0.01
"""A speed at which no job ends while a test looks on: what is said of its end would take the place of what is waited for."""
SOONER = 20
"""By how much a server's pauses are shorter here."""


def end_servers_soon() -> None:
    """Let uvicorn look more often than ten times a second whether it is to end: a short test waits for little else."""
    hurried = ModuleType("asyncio")
    vars(hurried).update(vars(asyncio), sleep=lambda seconds: asyncio.sleep(seconds / SOONER))
    vars(uvicorn.server)["asyncio"] = hurried


@contextmanager
def answering(options: Options) -> Iterator[Simulator]:
    """A simulator that has answered once, and so has loaded all that it needs.

    A fork takes the locks of logging and of imports, one after the other; beside a thread that imports it may wait for ever.
    """
    with running(options) as simulator:
        address = urlsplit(simulator.base_url)
        assert address.hostname is not None
        with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)) as connection:
            connection.request("GET", address.path)
            connection.getresponse().read()
        yield simulator
