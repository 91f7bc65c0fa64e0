"""What a bomb costs: a process of its own, measured by the kernel."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from tests.support.clock import HurriedClock
from tests.support.environment import ROOT, environment
from tests.support.faulty import ACCOUNT, answer, faulty
from tui_app.api.client import EmailSecurityClient
from tui_app.api.errors import Invalid, TooLarge
from tui_app.api.transport import Transport
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.settings import Settings
from tui_app.simulator.server import Options, running

CHILD = """
import asyncio, json, os, sys
from random import Random
from tui_app.api.client import EmailSecurityClient
from tui_app.api.transport import Transport
from tui_app.core.clock import SystemClock
from tui_app.config.settings import load_settings

def peak():
    # Of this program alone: what getrusage tells begins with the process it was forked from.
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024

async def main():
    client = EmailSecurityClient(Transport(load_settings(os.environ), SystemClock(), Random(1)))
    await client.list_accounts()
    before = peak()
    said = []
    for ask in (client.list_jobs, client.search, client.release):
        try:
            said.append(type(await ask()).__name__)
        except Exception as error:
            said.append(type(error).__name__)
    print(json.dumps({"grown": peak() - before, "said": said}))
    await client.transport.close()

from tui_app.api.search import SearchParams
EmailSecurityClient.search = lambda self: self.search_messages(SearchParams())
EmailSecurityClient.release = lambda self: self.release_messages([sys.argv[1]])
asyncio.run(main())
"""


async def test_a_small_body_can_not_be_a_large_tree() -> None:
    """Eight megabytes of nothing, as errors and as results; without a bound half a gigabyte each."""
    zeros = b"[" + b"0," * 3_900_000 + b"0]"
    empty = b"[" + b"{}," * 2_600_000 + b"{}]"
    for status, body, kind in (
        (200, b'{"success": true, "result": ' + empty + b"}", TooLarge),
        (200, b'{"success": true, "result": ' + zeros + b"}", TooLarge),
        (400, b'{"success": false, "errors": ' + zeros + b"}", Invalid),
    ):
        tracemalloc.start()
        async with faulty(lambda _, s=status, b=body: answer(s, b)) as server:  # type: ignore[misc]
            settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret("t", "test")))
            transport = Transport(settings, HurriedClock(), Random(1))
            with pytest.raises(kind):
                await EmailSecurityClient(transport).list_jobs()
            await transport.close()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # Three copies of the body on its way here, in one process with the server; no tree.
        assert peak < 60 * 2**20


@pytest.mark.parametrize("fault", ["bomb=400", "endless"])
def test_it_costs_less_than_32_mib(fault: str) -> None:
    with running(Options(quota=0, messages=20, held=20, faults=f"none@accounts,{fault}")) as simulator:
        ended = subprocess.run(
            [sys.executable, "-c", CHILD, simulator.account.held[0].investigate_id],
            env=environment(Path.home(), simulator),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    told = json.loads(ended.stdout)
    assert told["said"] == ["TooLarge", "TooLarge", "Ambiguous"]
    assert 0 < told["grown"] < 32
    print(f"{fault}: {told['grown']:.1f} MiB")
