"""The command that gives the token: what is taken of it, what of it may be left, what is said of its failures."""

import asyncio
import os
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.support.clock import HurriedClock, until
from tests.support.environment import ROOT, environment
from tests.support.faulty import ACCOUNT, Received, answer, failure, faulty
from tests.support.lifeline import Lifeline
from tests.support.services import held_mail
from tui_app.api.errors import ApiError
from tui_app.auth.credentials import CommandCredential
from tui_app.config.settings import Settings
from tui_app.core.errors import UsageError
from tui_app.plans.commands import Send
from tui_app.service import EmailSecurityService

TOKEN: Final = "".join(Random(8).choices(string.ascii_letters + string.digits, k=40))
SOON: Final = 5.0
"""Seconds; a command has thirty."""


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    lifeline = Lifeline(tmp_path / "lifeline")
    yield lifeline
    lifeline.close()


def shell(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script)


def token_of(command: tuple[str, ...]) -> str:
    """The token that a command gives."""
    return CommandCredential(command).headers()["Authorization"].removeprefix("Bearer ")


def silent(lifeline: Lifeline) -> str:
    """A script that starts something and never answers."""
    return f"{lifeline.held}; sleep 1000 & echo ready >&9; wait"


def once_only(tmp_path: Path, then: str) -> tuple[str, ...]:
    """A command that gives a token the first time; what it does afterwards."""
    return shell(f"if [ -e {tmp_path}/ran ]; then {then}; exit; fi; touch {tmp_path}/ran; echo first")


def refusal(command: tuple[str, ...]) -> str:
    with pytest.raises(UsageError) as caught:
        token_of(command)
    return str(caught.value)


# ---- what is taken of it


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


def test_a_command_is_run_without_a_shell_and_its_first_line_is_taken(tmp_path: Path) -> None:
    words = ("$HOME", "*", "; touch " + str(tmp_path / "ran"), "`id`", "a b")
    token = token_of(python("import sys; print('-'.join(word.encode().hex() for word in sys.argv[1:]))", *words))
    assert token == "-".join(word.encode().hex() for word in words)
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


# ---- what is left of it


def test_what_a_good_command_leaves_behind_holds_nothing_up_and_is_let_be(lifeline: Lifeline) -> None:
    began = time.monotonic()
    assert token_of(shell(f"{lifeline.held}; sleep 1000 & echo $! >&9; echo tok")) == "tok"
    assert time.monotonic() - began < SOON
    agent = int(lifeline.says())
    assert lifeline.alive
    os.kill(agent, signal.SIGKILL)
    lifeline.ends()


def test_nothing_is_left_of_a_command_that_failed(lifeline: Lifeline) -> None:
    assert "ended with 3" in refusal(shell(f"{lifeline.held}; sleep 1000 & echo ready >&9; exit 3"))
    lifeline.says()
    lifeline.ends()


def test_nothing_is_left_of_a_command_that_took_too_long(lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.auth.token_command.TOKEN_COMMAND_TIMEOUT", 0.5)
    assert "did not answer within" in refusal(shell(silent(lifeline)))
    lifeline.says()
    lifeline.ends()


async def test_a_renewal_is_given_up_from_any_thread_and_for_good(lifeline: Lifeline, tmp_path: Path) -> None:
    credential = CommandCredential(once_only(tmp_path, silent(lifeline)))
    renewing = asyncio.create_task(asyncio.to_thread(credential.renew))
    await asyncio.to_thread(lifeline.says)
    credential.give_up()
    with pytest.raises(UsageError, match="was ended"):
        await asyncio.wait_for(renewing, SOON)
    await asyncio.to_thread(lifeline.ends)
    with pytest.raises(UsageError, match="was not run"):
        credential.renew()
    assert credential.headers() == {"Authorization": "Bearer first"}


def refusing(request: Received) -> bytes:
    return answer(401, failure(1000, "Invalid API Token"))


def service_at(base_url: str, command: tuple[str, ...]) -> EmailSecurityService:
    settings = Settings(ACCOUNT, base_url, CommandCredential(command))
    return EmailSecurityService(settings, clock=HurriedClock(), random=Random(1))


async def test_a_service_that_is_closed_waits_for_no_renewal(lifeline: Lifeline, tmp_path: Path) -> None:
    async with faulty(refusing) as server:
        service = service_at(server.base_url, once_only(tmp_path, silent(lifeline)))
        asking = asyncio.create_task(service.client.list_jobs())
        await asyncio.to_thread(lifeline.says)
        await asyncio.wait_for(service.close(), SOON)
        await asyncio.to_thread(lifeline.ends)
        with pytest.raises(ApiError):
            await asking
    assert not list(service.activities), "what was given up has not failed"


async def test_why_a_renewal_failed_is_on_record(tmp_path: Path) -> None:
    async with faulty(refusing) as server:
        service = service_at(server.base_url, once_only(tmp_path, f"echo vault is sealed: {TOKEN} >&2; exit 3"))
        with pytest.raises(ApiError):
            await service.client.list_jobs()
        await service.close()
    (told,) = [entry.sentence for entry in service.activities]
    assert "'/bin/sh' ended with 3" in told
    assert "It said: vault is sealed: ***" in told
    assert TOKEN not in told


async def test_why_a_renewal_for_a_plan_failed_is_on_record_too(tmp_path: Path) -> None:
    def script(request: Received) -> bytes | None:
        return None if request.method == "POST" else refusing(request)

    async with faulty(script) as server:
        service = service_at(server.base_url, once_only(tmp_path, "echo the vault is sealed >&2; exit 3"))
        held = held_mail(f"4NAAAAAAAAAAAAA-{service.clock.now():%Y-%m-%dT%H:%M:%S}-1")
        plan = service.plans.plan(service.plans.guard([held]), "x")
        await service.plans.start(Send(plan))
        await until(lambda: any("the vault is sealed" in entry.sentence for entry in service.activities))
        await service.close()


COMMAND_LINE: Final = """
import sys
from tui_app.cli import main
sys.argv = ["mailsluice", "jobs"]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_the_command_and_then_us(lifeline: Lifeline, tmp_path: Path, number: signal.Signals) -> None:
    config = tmp_path / "config.toml"
    script = silent(lifeline)
    config.write_text(
        f"default_profile = 'p'\n[profiles.p]\naccount_id = '{ACCOUNT}'\n"
        f'token_command = [\'/bin/sh\', \'-c\', """{script}"""]\n'
    )
    variables = environment(tmp_path, MAILSLUICE_CONFIG=str(config))
    command = [sys.executable, "-c", COMMAND_LINE]
    with subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True) as process:
        lifeline.says()
        process.send_signal(number)
        assert process.wait(SOON) == 128 + number
    lifeline.ends()


# ---- how much of it is heard


def test_an_answer_without_end_is_cut_off_early_and_not_kept() -> None:
    script = (
        "import resource; from tui_app.auth.credentials import CommandCredential\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try: CommandCredential(('yes',))\n"
        "except Exception as error: print(peak() - before, error)"
    )
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    grown, _, said = ended.stdout.partition(" ")
    assert said == "The token command 'yes' wrote more than 64 KiB; it must print only the token.\n"
    assert int(grown) < 8 * 1024
    assert time.monotonic() - began < SOON


def test_what_is_cut_off_of_a_long_complaint_is_no_part_of_a_secret() -> None:
    said = refusal((sys.executable, "-c", f"import sys; sys.stderr.write('{TOKEN}' + ' x' * 2040); sys.exit(1)"))
    assert "It said: x x" in said
    assert TOKEN[-8:] not in said


def test_complaints_are_passed_on_at_the_start_only_and_move_no_terminal() -> None:
    script = (
        "import os; from tui_app.auth.credentials import CommandCredential\n"
        "credential = CommandCredential(('/bin/sh', '-c', r\"printf 'Touch the \\033[31mkey\\n' >&2; echo tok\"))\n"
        "os.write(2, b'--\\n'); credential.renew()"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stderr == "Touch the [31mkey\n--\n"


# ---- what it is given, and why it can't be run


def test_it_has_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "t")
    monkeypatch.setenv("CLOUDFLARE_API_KEY", "k")
    monkeypatch.setenv("CLOUDFLARE_EMAIL", "e@corp.example")
    script = 'echo "$(env | grep -c ^CLOUDFLARE_)-${HOME:+home}"'
    assert token_of(shell(script)) == "0-home"


@pytest.mark.parametrize(
    ("content", "mode", "arguments", "said"),
    [
        ("#!/bin/sh\necho tok\n", 0o600, (), "can't be run: Permission denied"),
        ("no program", 0o700, (), "can't be run: Exec format error"),
        ("#!/no/such/interpreter\n", 0o700, (), "was not found, or the interpreter"),
        ("#!/bin/sh\necho tok\n", 0o700, ("a\0b",), "can't be run: an argument holds a NUL"),
    ],
    ids=["mode", "format", "interpreter", "NUL"],
)
def test_why_it_can_t_be_run_is_told(
    tmp_path: Path, content: str, mode: int, arguments: tuple[str, ...], said: str
) -> None:
    program = tmp_path / "give"
    program.write_text(content)
    program.chmod(mode)
    told = refusal((str(program), *arguments))
    assert said in told
    assert "did not answer" not in told
