"""Memory that nobody looks into, and libraries that say nothing."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT, environment
from tui_app.cli import console, simulator_process
from tui_app.cli import runner as session


def test_memory_is_kept_private() -> None:
    script = (
        "import ctypes, resource; from tui_app.core.hardening import forbid_memory_dumps\n"
        "before = ctypes.CDLL(None).prctl(3)\nforbid_memory_dumps()\n"
        "print(before, ctypes.CDLL(None).prctl(3), *resource.getrlimit(resource.RLIMIT_CORE))"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split()[1:] == ["0", "0", "0"]


def test_every_command_that_has_a_token_keeps_its_memory_private() -> None:
    for opening in (console.check_terminal, session.run_command):
        source = inspect.getsource(opening)
        assert 0 < source.index("forbid_memory_dumps()") < (source + "load_settings(").index("load_settings(")


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process are Linux's own")
def test_the_simulator_keeps_its_memory_private_too() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", sys.executable, "-m", "tui_app", "simulate", "--until-eof", "--messages", "0"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as simulator:  # fmt: skip
        assert simulator.stdout is not None
        assert simulator.stdout.readline().startswith("export ")
        limits = Path(f"/proc/{simulator.pid}/limits").read_text()
        simulator.communicate()
    assert re.search(r"Max core file size +0 +0 ", limits)


def test_libraries_say_nothing_even_where_somebody_listens(tmp_path: Path) -> None:
    script = """
import asyncio, logging, os, sys
logging.basicConfig(level=logging.DEBUG, filename=os.environ["LOG"])
from tui_app.core.hardening import silence_libraries
silence_libraries()
import httpx
from tui_app.simulator.server import Options, running

async def main():
    asyncio.get_running_loop().set_debug(True)
    async with httpx.AsyncClient() as client:
        with running(Options(messages=20, held=20)) as account:
            headers = {"authorization": f"Bearer {account.authenticator.token}"}
            answer = await client.get(f"{account.base_url}/user/tokens/verify?subject=canary", headers=headers)
            assert answer.status_code == 200, answer.text

    async def broken():
        raise RuntimeError("canary")
    asyncio.ensure_future(broken())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

asyncio.run(main())
for name in ("httpx", "httpcore.http11", "httpcore.connection", "asyncio", "truststore", "concurrent.futures"):
    logging.getLogger(name).critical("canary of %s", name)
logging.getLogger("embedding").debug("heard")
"""
    log = tmp_path / "log"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(tmp_path, LOG=str(log)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert log.read_text() == "DEBUG:embedding:heard\n"


def test_no_variable_says_whom_we_trust_and_other_programs_get_it_as_it_was() -> None:
    script = (
        "import os, ssl\n"
        "from tui_app.core.hardening import child_environment, set_certificate_variables_aside\n"
        "set_certificate_variables_aside()\n"
        "told = ssl.create_default_context().keylog_filename, ssl.get_default_verify_paths().cafile\n"
        "print(told[0], '/evil' in str(told[1]), child_environment(os.environ)['SSL_CERT_FILE'], 'SSLKEYLOGFILE' in os.environ)"
    )
    named = {"SSL_CERT_FILE": "/evil/ca.pem", "SSL_CERT_DIR": "/evil", "SSLKEYLOGFILE": "/evil/keys"}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **named},
    )
    assert ended.stdout.split() == ["None", "False", "/evil/ca.pem", "False"]


@pytest.mark.parametrize(
    "module",
    ["click", pytest.param("httpx", marks=pytest.mark.long), "json", pytest.param("ssl", marks=pytest.mark.long)],
)
def test_nothing_is_loaded_from_the_folder_that_somebody_stands_in(module: str, tmp_path: Path) -> None:
    planted, mark = tmp_path / f"{module}.py", tmp_path / "loaded"
    planted.write_text(f"open({str(mark)!r}, 'w')\nraise SystemExit('planted')\n")
    variables = environment(tmp_path)
    # The installed program, and the child that the demo starts.
    script = "import sys; sys.path.pop(0); from tui_app.__main__ import start; start()"
    child = [sys.executable, "-P", "-c", simulator_process.RUN, str(ROOT), "simulate", "--until-eof", "--messages", "0"]
    for command in ([sys.executable, "-c", script, "jobs"], child):
        ended = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env=variables, input="", timeout=60
        )
        assert "planted" not in ended.stdout + ended.stderr
    assert ended.returncode == 0, ended.stderr
    assert not mark.exists()
