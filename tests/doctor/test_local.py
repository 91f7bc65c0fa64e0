"""What the doctor finds on this machine: terminal, clipboard, configuration, folder, clock."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.environment import ROOT
from tests.support.faulty import ACCOUNT
from tui_app.auth.credentials import KeyCredential
from tui_app.config.settings import load_settings
from tui_app.core.errors import ExitCode
from tui_app.doctor.check import CheckResult, State, exit_code_of, look, ok, wrong
from tui_app.doctor.configuration import Chosen, check_file, check_proxy, check_settings
from tui_app.doctor.connection import check_clock
from tui_app.doctor.machine import check_journals, check_lock, check_state_folder, check_time_zone
from tui_app.doctor.terminal import (
    Surroundings,
    TerminalSnapshot,
    check_clipboard,
    check_colours,
    check_terminal,
    look_around,
)
from tui_app.plans.account_lock import LockFiles
from tui_app.plans.origin import Origin
from tui_app.plans.storage import Storage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOD = TerminalSnapshot(
    is_terminal=True, kind="xterm-256color", columns=80, lines=24, encoding="utf-8", colours=256, theme="dark"
)
NOBODY = Surroundings((), {}, "50", no_color=False, emulator="")


def test_what_ends_with_which_code() -> None:
    here, there = wrong("a", "b"), wrong("c", "d", exit_code=ExitCode.API)
    assert exit_code_of([ok("a", "b"), look("c", "d")]) is ExitCode.DONE
    assert exit_code_of([there, look("c", "d")]) is ExitCode.API
    assert exit_code_of([there, here]) is ExitCode.USAGE


def test_whatever_is_found_is_one_safe_line() -> None:
    result = look("terminal", "a\x1b[31m\nb\u202e", "c\td")
    assert result.found == "a␛[31m␊b⟨202E⟩"
    assert result.todo == "c␉d"


def state_of(result: CheckResult) -> str:
    return result.state.value


@pytest.mark.parametrize(
    ("terminal", "around", "state", "word"),
    [
        ({}, NOBODY, "ok", "xterm-256color, 80x24, UTF-8, esc waits 50 ms"),
        ({"kind": "dumb", "is_plain": True}, NOBODY, "wrong", "can't show the console"),
        ({"encoding": "ANSI_X3.4-1968"}, NOBODY, "wrong", "LC_ALL=C.UTF-8"),
        ({"columns": 59}, NOBODY, "look", "60x16"),
        ({"lines": 15}, NOBODY, "look", "60x16"),
        ({"is_terminal": False}, NOBODY, "look", "no terminal"),
        ({}, Surroundings(("tmux", "ssh"), {}, "", no_color=False, emulator=""), "look", "tmux-256color"),
        ({"kind": "tmux-256color"}, Surroundings(("tmux",), {}, "", no_color=False, emulator=""), "ok", "inside tmux"),
        (
            {"kind": "tmux-256color"},
            Surroundings(("tmux",), {"escape-time": "500"}, "", no_color=False, emulator=""),
            "look",
            "esc back for 500 ms",
        ),
    ],
)
def test_the_terminal(terminal: Mapping[str, object], around: Surroundings, state: str, word: str) -> None:
    snapshot = TerminalSnapshot(**{**{n: getattr(GOOD, n) for n in TerminalSnapshot.__slots__}, **terminal})  # type: ignore[arg-type]
    result = check_terminal(snapshot, around)
    assert state_of(result) == state
    assert word in f"{result.found} {result.todo}"


def test_the_clipboard_is_never_called_ok() -> None:
    inside = [("tmux",), ("GNU screen",), ("mosh", "ssh"), ()]
    for around, told, emulator in itertools.product(inside, ["on", "off", None], ["", "Apple_Terminal", "iTerm.app"]):
        tmux = {} if told is None else {"set-clipboard": told}
        seen = Surroundings(around, tmux, "", no_color=False, emulator=emulator)
        assert check_clipboard(GOOD, seen).state is State.LOOK
    off = Surroundings(("tmux",), {"set-clipboard": "off"}, "", no_color=False, emulator="")
    assert "set -s set-clipboard" in check_clipboard(GOOD, off).todo


def test_colours() -> None:
    assert "256 colours, theme dark" in check_colours(GOOD, NOBODY).found
    without = Surroundings((), {}, "", no_color=True, emulator="")
    assert "NO_COLOR" in check_colours(GOOD, without).found


def test_who_is_around_is_read_from_the_environment_and_from_tmux(tmp_path: Path) -> None:
    assert set(look_around({"STY": "1.x", "SSH_TTY": "/dev/pts/1"}).around) >= {"GNU screen", "ssh"}
    # A tmux that answers, and is not told of any secret.
    (tmp_path / "tmux").write_text('#!/bin/sh\necho "$2 $CLOUDFLARE_API_TOKEN"; env >> "$0.log"\n')
    (tmp_path / "tmux").chmod(0o755)
    before = os.environ["PATH"]
    try:
        os.environ["PATH"] = f"{tmp_path}:{before}"
        seen = look_around(
            {"TMUX": "x,1,0", "PATH": os.environ["PATH"], "CLOUDFLARE_API_TOKEN": "secret-secret-secret"}
        )
    finally:
        os.environ["PATH"] = before
    assert seen.around[0] == "tmux"
    assert seen.tmux == {"set-clipboard": "-sv", "escape-time": "-sv"}
    assert "secret-secret" not in (tmp_path / "tmux.log").read_text()


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(0, "ok"), (4.9, "ok"), (-4.9, "ok"), (6, "look"), (-299, "look"), (301, "wrong"), (-9000, "wrong")],
)
def test_the_clock_against_that_of_the_server(ahead: float, state: str) -> None:
    result = check_clock(NOW + timedelta(seconds=ahead), NOW)
    assert state_of(result) == state
    if state != "ok":
        assert ("ahead of" if ahead > 0 else "behind") in result.found


def test_a_clock_that_nobody_told_is_not_ok() -> None:
    assert check_clock(NOW, None).state is State.LOOK


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CheckResult]]:
    """Checks the zone where TZ and other variables are so, as a process that was started with them."""

    def check(name: str, **more: str) -> CheckResult:
        for variable, value in {"TZ": name, **more}.items():
            monkeypatch.setenv(variable, value)
        time.tzset()
        return check_time_zone(os.environ, NOW)

    yield check
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "state"),
    [
        *((zone, "ok") for zone in ("", "UTC", ":UTC", "GMT", "Z", "Europe/Vienna", ":Europe/Vienna", "EST5EDT")),
        *((zone, "ok") for zone in ("CET-1CEST", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30", "UTC+2")),
        *((zone, "ok") for zone in ("Etc/UTC", "Africa/Abidjan", "Asia/Kolkata", "Europe/London")),
        *((zone, "look") for zone in ("Europe/Atlantis", "CEST", "Vienna", ":Vienna", "/no/such", "/dev/null", "/etc")),
        *((zone, "look") for zone in ("../etc/passwd", "a\x1b[2J", "5", "AAA25")),
    ],
)
def test_a_time_zone_that_is_none(zone: Callable[..., CheckResult], name: str, state: str) -> None:
    result = zone(name)
    assert state_of(result) == state
    assert ("does not know" in result.found) is (state == "look")


def test_a_time_zone_is_what_times_are_shown_in(zone: Callable[..., CheckResult]) -> None:
    assert zone("Europe/Vienna", TZDIR="/nonexistent").state is State.LOOK
    assert zone("Europe/Paris", TZDIR="/usr/share/zoneinfo", PYTHONTZPATH="/nonexistent").state is State.OK
    assert zone(":/usr/share/zoneinfo/Europe/Vienna").state is State.OK


# ---- the folder


def test_a_state_folder_that_is_there_or_can_be_made(tmp_path: Path) -> None:
    assert "made when it is needed" in check_state_folder(tmp_path / "a" / "b").found
    assert not (tmp_path / "a").exists()
    (tmp_path / "c").mkdir(mode=0o700)
    assert check_state_folder(tmp_path / "c").state is State.OK
    (tmp_path / "c").chmod(0o755)
    assert "chmod 700" in check_state_folder(tmp_path / "c").found
    (tmp_path / "link").symlink_to(tmp_path / "c")
    assert "is a link" in check_state_folder(tmp_path / "link").found
    (tmp_path / "file").write_text("")
    assert check_state_folder(tmp_path / "file").state is State.WRONG
    assert check_state_folder(tmp_path / "file" / "below").state is State.WRONG
    assert check_state_folder(None).state is State.WRONG


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk(free: int, files: int = 9) -> None:
        about = list(os.statvfs("/"))
        about[0] = about[1] = 1
        about[4], about[5], about[7] = free, 10, files
        monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(about))

    for free, files, state in ((10**9, 9, "ok"), (10**7, 9, "look"), (10**5, 9, "wrong"), (10**9, 0, "wrong")):
        disk(free, files)
        assert state_of(check_state_folder(tmp_path)) == state


def test_journals_that_can_t_be_read_are_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    plans = tmp_path / "plans"
    assert check_journals(tmp_path).found == "None so far"
    plans.mkdir(mode=0o700)
    (plans / "000001-7f3a9c01.jsonl").write_text('{"type":"nonsense"}\nrubbish\x1b[31m\n')
    result = check_journals(tmp_path)
    assert result.state is State.WRONG
    assert "000001-7f3a9c01.jsonl" in result.found
    assert "ledger verify" in result.todo


def test_a_lock_that_somebody_holds_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "plans").mkdir(mode=0o700)
    account = f"{ACCOUNT}@https://api.cloudflare.com/client/v4"
    assert check_lock(tmp_path, account, {}).state is State.OK
    with LockFiles(tmp_path / "plans", Origin("ana", "jump1", uid=1000), lambda: NOW, Storage()).account(account):
        result = check_lock(tmp_path, account, {})
        (file,) = (tmp_path / "plans").glob("acting-*.lock")
        text = file.read_text()
    assert result.state is State.LOOK
    assert f"pid {os.getpid()} on jump1 " in result.found
    assert "ana" in result.found
    file.write_text(text)  # as if it had been killed
    result = check_lock(tmp_path, account, {})
    assert (result.state, "mailsluice of yours" in result.found) == (State.OK, True)


def test_a_lock_that_can_t_be_looked_at_is_not_ok(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("")
    result = check_lock(tmp_path, "acc", {})
    assert result.state is State.LOOK
    assert result.found.startswith("Not looked at: The lock acting-")
    assert "Not a directory" in result.found


# ---- the configuration

FILE = f"""
default_profile = "prod"
[profiles.prod]
account_id = "{ACCOUNT}"
base_url = "https://api.cloudflare.com/client/v4"
token_file = "~/prod.token"
[profiles.bare]
read_only = true
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    token = Path.home() / "prod.token"
    token.write_text("token-of-the-file-0123456789012345678901\n")
    token.chmod(0o600)
    return path


def test_the_file_and_what_is_not_obeyed_in_it(config: Path) -> None:
    here = {"MAILSLUICE_CONFIG": str(config)}
    assert check_file(here).found == f"{config}, mode 0600, 2 profiles, by default prod"
    config.write_text(FILE + '[ui]\nthem = "dark"\n[keys]\n')
    assert "does not obey: ui.them" in check_file(here).found
    config.write_text(FILE + "[guard]\nmax_message = 3\n")
    result = check_file(here)
    assert (result.state, "did you mean max_messages" in result.found) == (State.WRONG, True)
    config.write_text(FILE)
    config.chmod(0o606)
    assert check_file(here).state is State.WRONG
    assert "does not exist" in check_file({"MAILSLUICE_CONFIG": str(config) + "x"}).found
    assert check_file({"MAILSLUICE_CONFIG": os.devnull}).state is State.OK


def test_what_only_one_profile_can_not_do_without_is_not_wrong_for_the_others(config: Path) -> None:
    """A token that is on another machine's disk: whoever uses the other profile is not stopped by it, and is told."""
    here = {"MAILSLUICE_CONFIG": str(config)}
    away = "/nowhere/prod.token"
    config.write_text(FILE + f'[profiles.away]\naccount_id = "{"e" * 32}"\ntoken_file = "{away}"\n')
    result = check_file(here)
    assert result.state is State.LOOK
    assert away in result.found and "3 profiles" in result.found
    config.write_text(FILE + f'[profiles.both]\ntoken_file = "{Path.home() / "prod.token"}"\ntoken_command = ["x"]\n')
    result = check_file(here)
    assert (result.state, "does not obey: profiles.both.token_command" in result.found) == (State.LOOK, True)


def test_all_that_stops_the_console_is_counted(config: Path) -> None:
    here = {"MAILSLUICE_CONFIG": str(config)}
    result = check_file(here, lambda _, __: ["the first.", "the second."])
    assert (result.state, result.found) == (State.WRONG, "the first. And 1 more.")


def test_it_says_where_each_setting_comes_from_as_it_is(config: Path) -> None:
    """Whatever is set where: what is called the origin holds the value that counts."""
    other = "f" * 32
    for flag, profile, account, token, key in itertools.product(
        (None, "prod", "bare"), ("", "bare"), ("", other), ("", "t" * 40), ("", "k" * 40)
    ):
        environment = {
            "MAILSLUICE_CONFIG": str(config),
            "MAILSLUICE_PROFILE": profile,
            "CLOUDFLARE_ACCOUNT_ID": account,
            "CLOUDFLARE_API_TOKEN": token,
            "CLOUDFLARE_EMAIL": "a@b.example" if key else "",
            "CLOUDFLARE_API_KEY": key,
        }
        try:
            settings = load_settings(environment, profile_name=flag)
        except Exception:
            continue  # there are no settings to explain
        result = check_settings(settings, "", environment, Chosen(flag))
        told = result.found.partition(". Account: ")[2]
        assert ("CLOUDFLARE_ACCOUNT_ID" if settings.account_id == other else "profile prod") in told.split(", address")[
            0
        ]
        token_from = told.partition("token: ")[2]
        headers = settings.credential.headers()
        if isinstance(settings.credential, KeyCredential):
            assert token_from.startswith("environment CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY")
        elif headers == {"Authorization": f"Bearer {'t' * 40}"}:
            assert token_from.startswith("environment CLOUDFLARE_API_TOKEN")
        else:
            assert token_from.startswith("file ~/prod.token (")
        assert not any(secret in str(result) for secret in ("t" * 40, "k" * 40, "token-of-the-file"))


def test_what_else_speaks_up(config: Path) -> None:
    environment = {"MAILSLUICE_CONFIG": str(config), "CF_API_TOKEN": "x" * 40, "CLOUDFLARE_API_KEY": "y" * 40}
    result = check_settings(load_settings(environment), "", environment, Chosen())
    assert result.state is State.LOOK
    assert "CF_API_TOKEN is not read" in result.todo
    assert "CLOUDFLARE_API_KEY is not used" in result.todo
    elsewhere = environment | {"CLOUDFLARE_BASE_URL": "https://evil.example/x", "CLOUDFLARE_API_TOKEN": "z" * 40}
    assert "evil.example" in check_settings(load_settings(elsewhere), "", elsewhere, Chosen()).todo
    assert check_settings(None, "No API token.", {}, None).found == "No API token."


@pytest.mark.parametrize(
    ("environment", "state", "word"),
    [
        ({}, "ok", "HTTPS_PROXY is not set"),
        ({"HTTPS_PROXY": "http://ana:pass-word@proxy.example:3128"}, "ok", "through http://proxy.example:3128"),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": ".cloudflare.com"}, "ok", "NO_PROXY names"),
        ({"HTTPS_PROXY": "http://ana:pass-word@proxy.example:port"}, "wrong", "HTTPS_PROXY must be"),
        ({"ALL_PROXY": "http://ana:pass-word@proxy.example"}, "ok", "ALL_PROXY is not used"),
    ],
)
def test_the_proxy(environment: Mapping[str, str], state: str, word: str) -> None:
    result = check_proxy("https://api.cloudflare.com/client/v4", environment)
    assert state_of(result) == state
    assert word in result.found
    assert "pass-word" not in str(result)


def test_mosh_is_seen_among_the_processes_above(tmp_path: Path) -> None:
    """A shell of that name starts us, as mosh's server does."""

    server = tmp_path / "mosh-server"
    shutil.copy(shutil.which("sh") or "/bin/sh", server)
    code = "from tui_app.doctor.terminal import look_around as l; print(l({}).around)"
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [server, "-c", f"{sys.executable} -c '{code}'; true"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "mosh" in ended.stdout
