"""What a bomb costs: a process of its own, measured by the kernel."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui_app.simulator.server import Options, running

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import asyncio, json, os, resource, sys
from random import Random
from tui_app.api.client import EmailSecurityClient
from tui_app.api.traffic import Traffic
from tui_app.clock import SystemClock
from tui_app.config import load_settings

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

async def main():
    client = EmailSecurityClient(Traffic(load_settings(os.environ), SystemClock(), Random(1)))
    await client.list_accounts()
    before = peak()
    said = []
    for ask in (client.list_jobs, client.search, client.release):
        try:
            said.append(type(await ask()).__name__)
        except Exception as error:
            said.append(type(error).__name__)
    print(json.dumps({"grown": peak() - before, "said": said}))
    await client.traffic.close()

from tui_app.api.search import SearchParams
EmailSecurityClient.search = lambda self: self.search_messages(SearchParams())
EmailSecurityClient.release = lambda self: self.release_messages(["4NAA-1"])
asyncio.run(main())
"""


@pytest.mark.parametrize("fault", ["bomb=400", "endless"])
def test_it_costs_less_than_32_mib(fault: str) -> None:
    with running(Options(quota=0, messages=20, held=20, faults=f"none@accounts,{fault}")) as simulator:
        ended = subprocess.run(
            [sys.executable, "-c", CHILD],
            env={**os.environ, **simulator.environment(), "MAILSLUICE_CONFIG": os.devnull},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    told = json.loads(ended.stdout)
    assert told["said"] == ["TooLarge", "TooLarge", "Ambiguous"]
    assert told["grown"] < 32
    print(f"{fault}: {told['grown']:.1f} MiB")
