"""Where a token may come from and how it is refused; memory that nobody looks into; libraries that say nothing."""

import asyncio
import inspect
import json
import logging
import os
import re
import string
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT, FaultyServer, Received, answer, failure, faulty, success
from tui_app.api.enums import ActionType, Destination
from tui_app.api.errors import ApiError
from tui_app.api.search import SearchParams
from tui_app.auth.credentials import MAX_TOKEN_BYTES, CommandCredential, Secret, token_from_file
from tui_app.cli import console
from tui_app.cli import runner as session
from tui_app.config.settings import load_settings
from tui_app.core.errors import UsageError
from tui_app.jobs.new_job import NewJob
from tui_app.service import EmailSecurityService
from tui_app.terminal.clipboard import copy

ROOT = Path(__file__).resolve().parents[2]
TOKEN: Final = "".join(Random(7).choices(string.ascii_letters + string.digits, k=40))


def token_of(command: tuple[str, ...]) -> str:
    """The token that a command gives."""
    return CommandCredential(command).headers()["Authorization"].removeprefix("Bearer ")


# ---- a file


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(TOKEN)
    return file


def refusal(path: Path) -> str:
    """What is said of a file that is not taken; never what is in it."""
    with pytest.raises(UsageError) as caught:
        token_from_file(path)
    said = str(caught.value)
    assert TOKEN not in said
    assert TOKEN[:12] not in said
    return said


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ours_alone_is_taken_with_or_without_its_line_end(token_file: Path, end: str, mode: int) -> None:
    token_file.write_bytes((TOKEN + end).encode())
    token_file.chmod(mode)
    assert token_from_file(token_file).reveal() == TOKEN


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o660, 0o777])
def test_a_file_that_others_can_get_at_is_refused_with_the_way_out(token_file: Path, mode: int) -> None:
    token_file.chmod(mode)
    assert f"Run: chmod 600 {token_file}" in refusal(token_file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(token_file: Path) -> None:
    os.chown(token_file, 12345, -1)
    assert "can be read by others" in refusal(token_file)


def test_what_is_no_regular_file_is_refused_and_nothing_waits_for_it(token_file: Path, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(token_file)
    os.mkfifo(pipe, 0o600)
    assert "can't be read" in refusal(link)
    assert "can't be read: No such file" in refusal(tmp_path / "nothing")
    # In a process of its own, which can be ended: whoever opens a pipe may wait for ever.
    script = f"from pathlib import Path; from tui_app.auth.credentials import *; token_from_file(Path({str(pipe)!r}))"
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert "is not a regular file" in ended.stderr


def test_a_folder_is_refused_too(tmp_path: Path) -> None:
    assert "is not a regular file" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (TOKEN.encode() + b"\n\n", "characters that no token has"),
        (TOKEN.encode() + b"\nsecond", "characters that no token has"),
        (b" " + TOKEN.encode(), "characters that no token has"),
        (b"Bearer " + TOKEN.encode(), "without 'Bearer'"),
        (TOKEN.encode() + "ö".encode(), "characters that no token has"),
        (TOKEN.encode() + b"\xff\x00", "characters that no token has"),
        (b"\xef\xbb\xbf" + TOKEN.encode(), "characters that no token has"),
        (b"x" * (MAX_TOKEN_BYTES + 1), "characters that no token has"),
        (b"x" * 10_000_000, "characters that no token has"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes {value[-4:]!r}",
)
def test_content_that_is_no_token_is_refused(token_file: Path, content: bytes, said: str) -> None:
    token_file.write_bytes(content)
    assert said in refusal(token_file)


def test_the_largest_token_is_taken(token_file: Path) -> None:
    token_file.write_text("x" * MAX_TOKEN_BYTES + "\n")
    assert len(token_from_file(token_file).reveal()) == MAX_TOKEN_BYTES


def test_a_credential_of_systemd_is_found(token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(token_file.parent))
    config = tmp_path / "config.toml"
    config.write_text('default_profile = "unit"\n[profiles.unit]\ntoken_file = "$CREDENTIALS_DIRECTORY/token"\n')
    settings = load_settings({"CLOUDFLARE_ACCOUNT_ID": "0" * 32, "MAILSLUICE_CONFIG": str(config)})
    assert settings.credential.headers() == {"Authorization": f"Bearer {TOKEN}"}
    assert TOKEN not in f"{settings!r} {settings}"


# ---- a command


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


def test_a_command_is_run_without_a_shell_and_its_first_line_is_taken(tmp_path: Path) -> None:
    words = ("$HOME", "*", "; touch " + str(tmp_path / "ran"), "`id`", "a b")
    token = token_of(python("import sys; print('-'.join(map(ascii, sys.argv[1:])).replace(' ', '_'))", *words))
    assert token == "-".join(map(ascii, words)).replace(" ", "_")
    assert not (tmp_path / "ran").exists()
    assert token_of(python("print('first\\r\\nsecond')")) == "first"


def test_what_a_command_complains_of_is_told_without_what_may_be_a_secret() -> None:
    script = f"import sys; sys.stderr.write('one\\nno entry for \\x1b[31m\\x07 {TOKEN}: key={TOKEN} \\u202eshort\\n'); sys.exit(3)"
    with pytest.raises(UsageError) as caught:
        token_of(python(script))
    said = str(caught.value)
    assert TOKEN not in said
    assert "ended with 3" in said
    assert "no entry for ␛[31m␇ ***: key=*** ⟨202E⟩short" in said
    assert "one" not in said.split("It said:")[1]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("no-such-command-at-all", TOKEN), "'no-such-command-at-all' was not found"),
        (("/", TOKEN), "can't be run: Permission denied"),
        (python("", TOKEN), "is empty"),
        (python("print('two words')", TOKEN), "characters that no token has"),
        (python("print('x' * 5000)", TOKEN), "characters that no token has"),
        (python("import os, sys; os.kill(os.getpid(), 9)", TOKEN), "ended with -9"),
    ],
    ids=["absent", "a folder", "silent", "words", "too long", "killed"],
)
def test_a_command_that_gives_no_token_is_told_of_without_its_arguments(command: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        token_of(command)
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_command_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tui_app.auth.token_command.TOKEN_COMMAND_TIMEOUT", 0.5)
    script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(UsageError, match="did not answer within"):
        token_of(python(script))
    pid = (tmp_path / "pid").read_text()
    assert not Path(f"/proc/{pid}").exists(), "it is ended, too"


def test_a_command_never_reads_what_is_piped_to_us() -> None:
    asks = ["import sys; print('got' + sys.stdin.read())"]
    script = (
        "import sys; from tui_app.auth.credentials import CommandCredential\n"
        f"print(CommandCredential((sys.executable, '-c', {asks[0]!r})).headers()['Authorization'].split()[1], sys.stdin.read())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], input="ids", cwd=ROOT, capture_output=True, text=True, check=True,
        start_new_session=True,
    )  # fmt: skip
    assert ended.stdout == "got ids\n"


# ---- a token that the API no longer takes


def counting(tmp_path: Path) -> tuple[str, ...]:
    """A command that gives another token each time: token-1, token-2, …"""
    script = (
        f"from pathlib import Path; file = Path({str(tmp_path / 'times')!r})\n"
        "number = len(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text('x' * number); print(f'token-{number}')"
    )
    return python(script)


Work = Callable[[EmailSecurityService], Coroutine[Any, Any, Any]]


async def asked(tmp_path: Path, good: str, result: object, work: Work) -> tuple[FaultyServer, int, Any]:
    """What a server got that takes one token only, how often the command ran, and what became of the work."""

    def script(request: Received) -> bytes:
        if request.headers["authorization"] == f"Bearer {good}":
            return answer(200, success(result))
        return answer(401, failure(1000, "Invalid API Token"))

    async with faulty(script) as server:
        config = tmp_path / "config.toml"
        config.write_text(f'default_profile = "p"\n[profiles.p]\ntoken_command = {json.dumps(counting(tmp_path))}\n')
        variables = {
            "MAILSLUICE_CONFIG": str(config),
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "CLOUDFLARE_BASE_URL": server.base_url,
        }
        settings = load_settings(variables)
        assert isinstance(settings.credential, CommandCredential)
        service = EmailSecurityService(settings, clock=HurriedClock(), random=Random(1))
        try:
            outcome = await asyncio.gather(work(service), return_exceptions=True)
        finally:
            await service.close()
        return server, len((tmp_path / "times").read_text()), outcome[0]


async def test_a_read_that_is_refused_asks_the_command_once_more_and_goes_out_again(tmp_path: Path) -> None:
    server, times, page = await asked(tmp_path, "token-2", [], lambda service: service.client.list_jobs())
    assert not isinstance(page, BaseException), page
    assert [request.headers["authorization"] for request in server.received] == ["Bearer token-1", "Bearer token-2"]
    assert times == 2


async def test_a_read_that_is_refused_with_the_new_token_too_is_an_error(tmp_path: Path) -> None:
    server, times, error = await asked(tmp_path, "token-9", [], lambda service: service.client.list_jobs())
    assert type(error).__name__ == "Unauthenticated"
    assert times == 2
    assert len(server.received) == 2


@pytest.mark.parametrize("verb", ["cancel", "delete", "release", "create"])
async def test_a_write_that_is_refused_is_never_sent_again(tmp_path: Path, verb: str) -> None:
    name = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"

    async def write(service: EmailSecurityService) -> Any:
        client = service.client
        match verb:
            case "cancel":
                return await client.cancel_job(name)
            case "delete":
                return await client.delete_job(name)
            case "release":
                return await client.release_messages(["a"])
        params = SearchParams(sender="x.example")
        return await service.create_job(NewJob(action=ActionType.MOVE, params=params, destination=Destination.INBOX))

    server, times, outcome = await asked(tmp_path, "token-2", {}, write)
    assert type(outcome).__name__ == "Refused", outcome
    assert [request.headers["authorization"] for request in server.received] == ["Bearer token-1"]
    assert times == 1


async def test_a_token_that_an_answer_repeats_is_not_shown(tmp_path: Path) -> None:
    def script(request: Received) -> bytes:
        return answer(403, failure(10000, f"Wrong header: {request.headers['authorization']}"))

    async with faulty(script) as server:
        variables = {"MAILSLUICE_CONFIG": os.devnull, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": TOKEN}
        settings = load_settings(variables | {"CLOUDFLARE_BASE_URL": server.base_url})
        service = EmailSecurityService(settings, clock=HurriedClock(), random=Random(1))
        with pytest.raises(ApiError) as caught:
            await service.client.list_jobs()
        await service.close()
    assert TOKEN not in f"{caught.value} {caught.value.details()}"


# ---- memory and libraries


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


async def test_what_copies_into_tmux_is_given_no_token(tmp_path: Path) -> None:
    tmux, given = tmp_path / "tmux", tmp_path / "given"
    tmux.write_text(f"#!/bin/sh\nenv >'{given}'\ncat >>'{given}'\n")
    tmux.chmod(0o700)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "TMUX": "/tmp/x,1,0", "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_API_KEY": TOKEN,
    }  # fmt: skip
    assert "Copied into tmux" in await copy("some text", lambda _: None, environment)
    assert "TMUX=/tmp/x,1,0" in given.read_text()
    assert "some text" in given.read_text()
    assert TOKEN not in given.read_text()


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
        env={**os.environ, "LOG": str(log)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert log.read_text() == "DEBUG:embedding:heard\n"


def test_a_secret_is_in_no_error_that_holds_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TOKEN, "test")
    try:
        raise RuntimeError(secret, {"token": secret})
    except RuntimeError as error:
        logging.getLogger("test").exception("failed with %s %r", secret, secret)
        assert TOKEN not in f"{error} {error!r} {vars(error)}"
    assert "***" in caplog.text
    assert TOKEN not in caplog.text
