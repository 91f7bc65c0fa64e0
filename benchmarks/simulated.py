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
