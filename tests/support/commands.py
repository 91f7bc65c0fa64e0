"""The command line in a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[2]
Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


_SPAWNER = """
import gc, importlib, os, socket, sys, time
import tui_app.cli, tui_app.api.client, tui_app.api.transport, tui_app.plans.service
import anyio._backends._asyncio, httpcore

for module, _, _ in tui_app.cli._COMMANDS.values():
    importlib.import_module(module)
gc.freeze()
line = socket.socket(fileno=int(sys.argv[1]))
while (asked := socket.recv_fds(line, 1 << 20, 3))[0]:
    (said, descriptors, _, _) = asked
    if not (child := os.fork()):
        line.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        where, variables, arguments = eval(said)
        os.chdir(where)
        os.environ.clear()
        os.environ.update(variables)
        time.tzset()
        sys.argv = ["mailsluice", *arguments]
        tui_app.cli.main()
        sys.exit()
    for descriptor in descriptors:
        os.close(descriptor)
    line.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@cache
def _spawner() -> socket.socket:
    """A process that has loaded the program and forks for each command: loading takes longer than any command does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen([sys.executable, "-c", _SPAWNER, str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()])
    ours.settimeout(60)
    return ours


def run_with(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> Ended:
    """Run a command to its end, in a process of its own."""
    variables = {**os.environ, "MAILSLUICE_CONFIG": os.devnull, **environment}
    if any(name.startswith("PYTHON") for name in environment):
        return subprocess.run(
            [sys.executable, "-m", "tui_app", *arguments],
            env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    with TemporaryFile("w+") as taken, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        taken.write(stdin or "")
        taken.seek(0)
        said = repr((str(ROOT), variables, arguments)).encode()
        socket.send_fds(_spawner(), [said], [file.fileno() for file in (taken, out, err)])
        code = int(_spawner().recv(16))
        out.seek(0)
        err.seek(0)
        return Ended(["mailsluice", *arguments], code, out.read(), err.read())


@contextmanager
def started(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs while the test goes on; its streams are pipes."""
    with subprocess.Popen(
        [sys.executable, "-m", "tui_app", *arguments],
        env={**os.environ, "MAILSLUICE_CONFIG": os.devnull, **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def told(process: subprocess.Popen[str], words: str) -> None:
    """Wait until it says so on standard error."""
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), words
