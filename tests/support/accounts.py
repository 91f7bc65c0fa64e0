"""Simulated accounts beside which a process may fork."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from tui_app.simulator.server import Options, Simulator, running

PATIENCE = 30.0


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
