"""Secrets that show nowhere, a token from a file, and a token that the API no longer takes."""

import asyncio
import copy
import json
import logging
import os
import pickle
import string
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.support.clock import HurriedClock
from tests.support.environment import ROOT
from tests.support.faulty import ACCOUNT, FaultyServer, Received, answer, failure, faulty, success
from tui_app.api.enums import ActionType, Destination
from tui_app.api.errors import ApiError
from tui_app.api.search import SearchParams
from tui_app.auth.credentials import (
    MAX_TOKEN_BYTES,
    CommandCredential,
    Secret,
    TokenCredential,
    token_from_file,
)
from tui_app.config.settings import load_settings
from tui_app.core.errors import UsageError
from tui_app.jobs.new_job import NewJob
from tui_app.service import EmailSecurityService

TOKEN: Final = "".join(Random(7).choices(string.ascii_letters + string.digits, k=40))


def test_a_secret_shows_nowhere() -> None:
    secret = Secret("c4nary-token", "test")
    shown = f"{secret} {secret!r} {secret:>10} {[secret]} {TokenCredential(secret)}"
    assert "c4nary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)


@pytest.mark.parametrize("value", ["", "Bearer abc", "abc\n", "töken", "a\x00b", "x" * 5000])
def test_what_is_no_token_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Secret(value, "token file")
    assert "token file" in str(caught.value)
    assert len(value) < 2 or value not in str(caught.value)


def test_a_secret_is_in_no_error_that_holds_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TOKEN, "test")
    try:
        raise RuntimeError(secret, {"token": secret})
    except RuntimeError as error:
        logging.getLogger("test").exception("failed with %s %r", secret, secret)
        assert TOKEN not in f"{error} {error!r} {vars(error)}"
    assert "***" in caplog.text
    assert TOKEN not in caplog.text


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
    for mode in (0o600, 0o644):
        token_file.chmod(mode)
        said = refusal(token_file)
        assert "belongs to another user, uid 12345: make a copy of your own" in said
        assert "chmod" not in said, "that would change nothing"


def test_the_way_out_can_be_pasted_whatever_the_name(token_file: Path) -> None:
    odd = token_file.rename(token_file.with_name("to ken;x"))
    odd.chmod(0o644)
    subprocess.run(["sh", "-c", refusal(odd).partition("Run: ")[2]], check=True)
    assert token_from_file(odd).reveal() == TOKEN


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


@pytest.mark.parametrize(
    ("written", "variables", "said"),
    [
        ("token", {}, "is a relative name"),
        ("./token", {}, "is a relative name"),
        ("$CREDENTIALS_DIRECTORY/token", {}, "CREDENTIALS_DIRECTORY/token begins with a variable that is not set"),
        ("$CREDENTIALS_DIRECTORY/token", {"CREDENTIALS_DIRECTORY": "."}, "is a relative name"),
        ("~/token", {"HOME": "."}, "is a relative name"),
    ],
)
def test_no_token_is_read_from_wherever_somebody_stands(
    token_file: Path, written: str, variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unset = token_file.parent / "$CREDENTIALS_DIRECTORY"
    unset.mkdir()
    (unset / "token").write_text(TOKEN)
    (unset / "token").chmod(0o600)
    monkeypatch.chdir(token_file.parent)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert said in refusal(Path(written))


# ---- a token that the API no longer takes


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


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
        config.write_text(
            f'default_profile = "p"\n[profiles.p]\nbase_url = "{server.base_url}"\ntoken_command = {json.dumps(counting(tmp_path))}\n'
        )
        variables = {
            "MAILSLUICE_CONFIG": str(config),
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
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
        return await service.jobs.create(NewJob(action=ActionType.MOVE, params=params, destination=Destination.INBOX))

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
