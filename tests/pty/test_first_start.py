"""The first start in a terminal: from an empty home to the jobs, with few keys, and with the token in one place only."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start, Variables
from tests.support.environment import ABSENT, PROGRAM, environment
from tests.support.forker import Program
from tests.support.terminal import PATIENCE, Terminal
from tui_app.simulator.server import Options, Simulator

NOTHING = {"MAILSLUICE_CONFIG": ABSENT, "CLOUDFLARE_API_TOKEN": ABSENT, "CLOUDFLARE_ACCOUNT_ID": ABSENT}
"""What an environment of a first start has not: only the address of the simulator is left."""
SECONDS, KEYS = 60.0, 12
CRASH = """
from tui_app.screens.setup.place import PlaceStep
from tui_app.cli import main

def fail(self):
    raise ValueError(self.setup.token.reveal())

PlaceStep.on_screen_resume = fail
main()
"""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with answering(Options(quota=0, messages=300, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def variables(account: Simulator, tmp_path: Path) -> Variables:
    return lambda on=account, **changes: environment(tmp_path, on, **{**NOTHING, **changes})


def paste(terminal: Terminal, text: str, seen: str = "characters") -> None:
    """Paste, and see it: what comes in one read with a paste presses no key."""
    terminal.press(f"\x1b[200~{text}\x1b[201~")
    terminal.sees(seen)


def enter(terminal: Terminal, *printed: bytes) -> None:
    """Press enter, and read until all of this is written once more: on another screen than what was painted."""
    before = [terminal.raw.count(words) for words in printed]

    def is_there() -> bool:
        return all(terminal.raw.count(words) > count for words, count in zip(printed, before, strict=True))

    terminal.press("\r")
    terminal.reads(PATIENCE, until=is_there)
    assert is_there(), terminal.text


def with_the_token(folder: Path, token: str) -> list[str]:
    """The files below a folder in which the token stands."""
    return [path.name for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "program", [Program(), pytest.param(PROGRAM, marks=pytest.mark.long)], ids=["forked", "as a shell starts it"]
)
def test_from_an_empty_home_to_the_jobs(
    start: Start, account: Simulator, tmp_path: Path, program: Program | tuple[str, ...]
) -> None:
    token, keys, begun = account.authenticator.token, 0, time.monotonic()
    asked = len(account.wire())
    terminal = start(program)
    terminal.sees("what is missing:", "– configuration", "– API token", "– account id", "f1 help")
    paste(terminal, f"{token}\n")
    terminal.sees("•••", f"{len(token)} characters")
    for seen in ("step 2 of 4", "step 3 of 4", "step 4 of 4", "12 loaded"):
        terminal.press("\r")
        keys += 1
        terminal.sees(seen)
    terminal.sees("acme-production", "READ-ONLY", "live")
    assert time.monotonic() - begun < SECONDS
    assert keys <= KEYS
    requests = account.wire()[asked:]
    assert {request["method"] for request in requests} == {"GET"}
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.cooked
    assert terminal.given_back
    assert token.encode() not in terminal.raw
    assert with_the_token(tmp_path, token) == ["acme-production.token"]
    folder = tmp_path / ".config/mailsluice"
    assert {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {
        "mailsluice": 0o700, "config.toml": 0o600, "acme-production.token": 0o600,
    }  # fmt: skip
    # The next start asks for nothing, also where the shell has another address no more.
    again = start(Program(), CLOUDFLARE_BASE_URL=ABSENT)
    again.sees("12 loaded", "acme-production", "READ-ONLY")
    again.press("q")
    assert again.ends() == 0


def test_a_command_may_ask_on_the_terminal(start: Start, account: Simulator, tmp_path: Path) -> None:
    (tmp_path / "vault").write_text(account.authenticator.token)
    command = tmp_path / "unlock"
    command.write_text(
        "#!/bin/sh\nprintf 'Pass phrase: ' >&2\nread -r words\n"
        f"[ \"$words\" = open ] || {{ echo 'wrong words' >&2; exit 1; }}\ncat '{tmp_path / 'vault'}'\n"
    )
    command.chmod(0o700)
    terminal = start(Program(), NO_COLOR="1")
    terminal.sees("f1 help")
    paste(terminal, account.authenticator.token)
    for seen in ("step 2 of 4", "step 3 of 4"):
        terminal.press("\r")
        terminal.sees(seen)
    terminal.press("2")
    terminal.sees("Type the command")
    paste(terminal, str(command), f"Command     {str(command)[:20]}")
    for words, seen in (("wrong", "ended with 1"), ("open", "step 4 of 4")):
        enter(terminal, b"The command runs once, and may ask here.", b"Pass phrase: ")
        terminal.press(f"{words}\n")
        terminal.says(seen)
    enter(terminal, b"Pass phrase: ")  # the console runs it, too
    terminal.press("open\n")
    terminal.sees("12 loaded", "acme-production")
    assert b"38;2;" not in terminal.raw, "NO_COLOR counts for the console behind the first start, too"
    terminal.press("q")
    assert terminal.ends() == 0
    assert account.authenticator.token.encode() not in terminal.raw
    assert with_the_token(tmp_path, account.authenticator.token) == ["vault"]


def test_ctrl_c_ends_a_command_and_the_first_start(start: Start, account: Simulator, tmp_path: Path) -> None:
    terminal = start(Program())
    terminal.sees("f1 help")
    paste(terminal, account.authenticator.token)
    for key, seen in (("\r", "step 2 of 4"), ("\r", "step 3 of 4"), ("2", "Type the command")):
        terminal.press(key)
        terminal.sees(seen)
    paste(terminal, "/bin/sh -c 'echo ready >&2; read words'", "/bin/sh")
    enter(terminal, b"ready\r\n")
    terminal.press("\x03")
    assert terminal.ends() == 130
    terminal.says("not set up. Nothing was written.")
    assert terminal.cooked
    assert terminal.given_back
    assert not (tmp_path / ".config").exists()


@pytest.mark.parametrize(("keys", "code"), [("\x11", 0), ("\rq", 0), ("", 143)], ids=["ctrl+q", "q", "SIGTERM"])
def test_who_leaves_has_written_nothing(start: Start, account: Simulator, tmp_path: Path, keys: str, code: int) -> None:
    terminal = start(Program())
    terminal.sees("f1 help")
    paste(terminal, account.authenticator.token)
    for key in keys:
        terminal.press(key)
        if key == "\r":
            terminal.sees("step 2 of 4")
    if not keys:
        terminal.signal(15)
    assert terminal.ends() == code
    terminal.says("not set up. Nothing was written.")
    assert terminal.cooked
    assert terminal.given_back
    assert account.authenticator.token.encode() not in terminal.raw
    assert not (tmp_path / ".config").exists()


def test_a_crash_tells_no_token(start: Start, account: Simulator, tmp_path: Path) -> None:
    terminal = start(Program(script=CRASH))
    terminal.sees("f1 help")
    paste(terminal, account.authenticator.token)
    terminal.press("\r")
    terminal.sees("step 2 of 4")
    terminal.press("\r")
    assert terminal.ends() == 1
    terminal.says("stopped by an internal error (ValueError")
    assert list((tmp_path / ".local/state/mailsluice").glob("crash-*"))
    assert account.authenticator.token.encode() not in terminal.raw
    assert with_the_token(tmp_path, account.authenticator.token) == []


def test_what_is_configured_and_wrong_is_a_sentence_as_before(start: Start, account: Simulator) -> None:
    for changes, said in (
        ({"CLOUDFLARE_ACCOUNT_ID": "12"}, "32 hex digits"),
        ({"MAILSLUICE_PROFILE": "nobody"}, "has no profile 'nobody'"),
        ({"MAILSLUICE_CONFIG": "/nowhere/config.toml"}, "does not exist"),
    ):
        terminal = start(Program(), **changes)
        assert terminal.ends() == 2
        terminal.says(said)


def test_init_asks_on_a_terminal_and_shows_no_token(start: Start, account: Simulator, tmp_path: Path) -> None:
    terminal = start(Program(("init",)))
    terminal.sees("API token (not shown):")
    terminal.press("two words\r")
    terminal.says("no token has (blanks")
    terminal.says("ctrl+c leaves. API token (not shown):")
    terminal.press(f"{account.authenticator.token}\r")
    for question, reply in (
        ("Where does the token live", "\r"),
        ("Name of the profile", "my prod\r"),
        ("A profile's name has letters", "prod\r"),
        ("Read-only: look first", "n\r"),
    ):
        terminal.says(question)
        terminal.press(reply)
    assert terminal.ends() == 0
    terminal.says("Open it with: mailsluice")
    assert account.authenticator.token.encode() not in terminal.raw
    assert with_the_token(tmp_path, account.authenticator.token) == ["prod.token"]
    assert "read_only = false" in (tmp_path / ".config/mailsluice/config.toml").read_text()
