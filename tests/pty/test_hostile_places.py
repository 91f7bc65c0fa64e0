"""A hostile folder and a hostile environment: nothing planted there runs, is read or is written, in console and commands."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support.consoles import Start, Variables, ends, works
from tests.support.environment import ABSENT
from tests.support.terminal import Terminal
from tui_app.simulator.server import Simulator

PLANTED: Final = (
    "click", "textual", "httpx", "json", "ssl", "contextlib", "asyncio", "typing", "tui_app", "sitecustomize", "usercustomize",
)  # fmt: skip
INSTALLED: Final = (sys.executable, "-c", "import sys; sys.path.pop(0); from tui_app.__main__ import start; start()")
"""The program as its installed script starts it: its own folder is on the path, and not the one that somebody stands in."""
_HOMELESS: Final = """import pwd, sys
def unknown(uid): raise KeyError("getpwuid(): uid not found: 23456")
pwd.getpwuid = unknown
"""
HOMELESS: Final = (sys.executable, "-c", f"{_HOMELESS}{INSTALLED[2]}")
"""The same for a user of whom the system knows nothing, not even a home."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file in place of each module, and of each file that a variable names."""
    folder = tmp_path / "place"
    folder.mkdir()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit('planted')\n")
    config = folder / "config.toml"
    config.write_text(f'[profiles.x]\ntoken_command = ["touch", "{tmp_path / "ran"}"]\n')
    config.chmod(0o666)
    return folder


def ran(command: Sequence[str], folder: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """A command that was run in a folder, with these variables and no others."""
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60)


def hostile(place: Path) -> dict[str, str]:
    """Variables that other programs obey."""
    return {
        "SSL_CERT_FILE": str(place / "ca.pem"),
        "SSL_CERT_DIR": str(place),
        "SSLKEYLOGFILE": str(place / "keys.log"),
        "REQUESTS_CA_BUNDLE": str(place / "ca.pem"),
        "NETRC": str(place / "netrc"),
        "TEXTUAL": "devtools",
        "TEXTUAL_LOG": str(place / "textual.log"),
        "TEXTUAL_PRESS": "Q,a,R",
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_SCREENSHOT_LOCATION": str(place),
        "TEXTUAL_DRIVER": "click:Driver",
        "COLUMNS": "7",
        "LINES": "3",
        "EDITOR": f"touch {place / 'edited'}",
    }


def test_a_console_in_a_hostile_place_runs_reads_and_writes_nothing_of_it(
    start: Start, place: Path, account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.iterdir())
    terminal = start(INSTALLED, on=account, **hostile(place))
    works(terminal)
    terminal.press("!")
    terminal.sees("No write and no error")
    terminal.press("q")
    terminal.sees("12 loaded")
    ends(terminal)
    assert not (place.parent / "ran").exists()
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize("arguments", (("jobs",), ("ledger",), ("quarantine", "--limit", "1")), ids=str)
def test_a_command_in_a_hostile_place_does_not_either(
    variables: Variables, place: Path, arguments: tuple[str, ...]
) -> None:
    before = sorted(place.iterdir())
    ended = ran([*INSTALLED, *arguments], place, variables(**hostile(place)))
    assert (ended.returncode, "planted" in ended.stdout + ended.stderr) == (0, False), ended.stderr
    assert not (place.parent / "ran").exists()
    assert sorted(place.iterdir()) == before


def test_a_configuration_that_all_may_write_runs_no_command(variables: Variables, place: Path) -> None:
    ended = ran(
        [*INSTALLED, "--profile", "x", "jobs"],
        place,
        variables(MAILSLUICE_CONFIG=str(place / "config.toml"), CLOUDFLARE_API_TOKEN=ABSENT),
    )
    assert ended.returncode == 2
    assert "config.toml" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (place.parent / "ran").exists()


# ---- without a home


def test_without_a_home_the_console_reads_and_refuses_to_act_in_a_sentence(start: Start, place: Path) -> None:
    terminal: Terminal = start(HOMELESS, HOME=ABSENT, MAILSLUICE_CONFIG=ABSENT)
    works(terminal)
    terminal.press("H")
    terminal.sees("There is no home folder for the records of what is sent")
    terminal.press("q")
    terminal.sees("12 loaded")
    terminal.press("Q")
    terminal.sees("all loaded")
    terminal.press("R")
    terminal.sees("There is no home folder for the records of what is sent")
    terminal.press("q")
    terminal.sees("12 loaded")
    ends(terminal)


@pytest.mark.parametrize(
    ("home", "arguments", "code"),
    [
        (ABSENT, ("jobs",), 0),
        (ABSENT, ("report", "7f3a"), 2),
        (ABSENT, ("release", "4NAAAAAAAAAAAA00-2026-11-20T12:00:00-1", "--reason", "x", "--yes"), 2),
        (ABSENT, ("--profile", "x", "jobs"), 2),
        ("/dev/null", ("quarantine", "--limit", "1"), 0),
        ("/dev/null", ("ledger",), 2),
        ("rel", ("jobs",), 0),
        ("rel", ("ledger",), 2),
    ],
    ids=str,
)
def test_without_a_home_reads_work_and_the_rest_is_one_sentence(
    variables: Variables, tmp_path: Path, home: str, arguments: tuple[str, ...], code: int
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    ended = ran([*HOMELESS, *arguments], here, variables(HOME=home, MAILSLUICE_CONFIG=ABSENT))
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(here.iterdir()) == []
    if code:
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("mailsluice: ") and last.endswith((".", "demo"))


def test_an_internal_error_without_a_home_is_told_too(variables: Variables, tmp_path: Path) -> None:
    script = f"{_HOMELESS}import tui_app.cli as cli\ncli.cli.main = lambda **_: 1 / 0\nsys.argv = ['mailsluice', 'jobs']\ncli.main()"
    ended = ran([sys.executable, "-c", script], tmp_path, variables(HOME=ABSENT, MAILSLUICE_CONFIG=ABSENT))
    assert ended.returncode == 1
    assert ended.stderr == "mailsluice: stopped by an internal error (ZeroDivisionError). Please report it.\n"
