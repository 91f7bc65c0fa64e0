"""A simulator in a process of its own, for the time of a measurement."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def simulated(**options: int) -> Iterator[dict[str, str]]:
    """The variables that point a client at a new simulator, without a quota unless one is given."""
    command = [sys.executable, "-m", "tui_app", "simulate", "--until-eof", "--quota", str(options.pop("quota", 0))]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert simulator.stdin is not None
    assert simulator.stdout is not None
    try:
        yield {
            **dict(word.split("=", 1) for word in simulator.stdout.readline().split()[1:]),
            "MAILSLUICE_CONFIG": os.devnull,
        }
    finally:
        simulator.stdin.close()
        simulator.wait(timeout=10)


async def largest_job(variables: dict[str, str]) -> str:
    """The id of the job with the most messages."""
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.transport import Transport
    from tui_app.config.settings import load_settings
    from tui_app.core.clock import SystemClock

    transport = Transport(load_settings(variables), SystemClock(), Random(1))
    try:
        jobs = (await EmailSecurityClient(transport).list_jobs()).items
    finally:
        await transport.close()
    return max(jobs, key=lambda job: job.total_messages_discovered).id
