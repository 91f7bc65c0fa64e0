"""`init`: the token comes by standard input, a file, a command or the environment; never as an argument."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.support.commands import Ended, run_with
from tests.support.environment import ABSENT
from tui_app.simulator.server import Simulator

HOME_ONLY = {"MAILSLUICE_CONFIG": ABSENT}


def config_path() -> Path:
    return Path.home() / ".config/mailsluice/config.toml"


def run(simulator: Simulator, *arguments: str, stdin: str | None = None, **changes: str) -> Ended:
    variables = {"CLOUDFLARE_BASE_URL": simulator.base_url, **HOME_ONLY, **changes}
    return run_with(variables, "init", *arguments, stdin=stdin)


def kept(simulator: Simulator) -> list[Path]:
    """The files of the home that hold a token."""
    secret = simulator.authenticator.token.encode()
    return [file for file in Path.home().rglob("*") if file.is_file() and secret in file.read_bytes()]


def test_a_token_on_standard_input_is_verified_written_and_used(simulator: Simulator) -> None:
    token = simulator.authenticator.token
    ended = run(simulator, "--token-stdin", stdin=f"  Bearer {token}\n")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert "The token is active: a user's token." in ended.stderr
    assert "Email Security of this account answers." in ended.stderr
    assert token not in ended.stderr
    path = config_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    secret = path.with_name("acme-production.token")
    assert kept(simulator) == [secret]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "read_only = true" in path.read_text()
    # Now everything is configured: the address is bound to the token.
    assert run_with(HOME_ONLY, "jobs", "--json").returncode == 0
    job = json.loads(run_with(HOME_ONLY, "jobs", "--json").stdout)[0]["job_id"]
    assert run_with(HOME_ONLY, "cancel", job, "--yes").returncode == 3, "read-only"

    again = run(simulator, "--token-stdin", "--profile", "acme-production", stdin=token)
    assert again.returncode == 2
    assert "choose another --profile, or replace it with --yes. Nothing was written." in again.stderr
    other = run(simulator, "--token-stdin", "--profile", "b", "--no-read-only", stdin=token)
    assert other.returncode == 0
    assert "Open it with: mailsluice --profile b" in other.stderr
    assert 'default_profile = "acme-production"' in path.read_text()
    assert run_with(HOME_ONLY, "--profile", "b", "cancel", job, "--yes").returncode == 0
    replaced = run(simulator, "--token-stdin", "--profile", "b", "--yes", stdin=token)
    assert replaced.returncode == 0
    assert path.read_text().count("[profiles.b]") == 1


def test_every_other_place_of_a_token(simulator: Simulator, tmp_path: Path) -> None:
    token, account = simulator.authenticator.token, simulator.account.account_id
    mine = tmp_path / "mine"
    mine.write_text(token)
    mine.chmod(0o600)
    ended = run(simulator, "--token-file", str(mine), "--profile", "file")
    assert ended.returncode == 0, ended.stderr
    command = f"{sys.executable} -c 'print(open(\"{mine}\").read())'"
    ended = run(simulator, "--token-command", command, "--profile", "command", "--account", account)
    assert ended.returncode == 0, ended.stderr
    given = {"CLOUDFLARE_API_TOKEN": token}
    ended = run(simulator, "--token-from-environment", "--profile", "shell", **given)
    assert ended.returncode == 0, ended.stderr
    assert "read -rs CLOUDFLARE_API_TOKEN" in ended.stderr
    assert kept(simulator) == []
    assert token not in config_path().read_text()
    for name, changes in (("file", {}), ("command", {}), ("shell", given)):
        assert run_with({**HOME_ONLY, **changes}, "--profile", name, "jobs").returncode == 0
    missing = run_with(HOME_ONLY, "--profile", "shell", "jobs")
    assert missing.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ((), "No token: --token-stdin, --token-file FILE", 2),
        (("--token-stdin", "--token-from-environment"), "Choose one of", 2),
        (("--token-from-environment",), "CLOUDFLARE_API_TOKEN is not set", 2),
        (("--token-stdin", "--account", "12"), "32 hex digits", 2),
        (("--token-stdin", "--profile", "a b"), "A profile's name has", 2),
        (("--token-stdin", "--base-url", "http://cloudflare.example"), "The base URL must be https", 2),
        (("--token-stdin",), "not know it as a user's token (HTTP 401: Invalid API Token)", 6),
        (("--token-stdin", "--base-url", "http://127.0.0.1:1/v4"), "the connection was refused. Check the network", 6),
        (("--token", "t0ken"), "A token must not be an argument", 2),
    ],
)
def test_what_is_refused_writes_nothing(simulator: Simulator, arguments: tuple[str, ...], said: str, code: int) -> None:
    ended = run(simulator, *arguments, stdin="not-the-token-that-it-knows")
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    assert "not-the-token" not in ended.stderr
    assert not config_path().exists()


def test_the_account_s_own_token_needs_the_account(simulator: Simulator) -> None:
    owned = simulator.authenticator.owned_token
    ended = run(simulator, "--token-stdin", stdin=owned)
    assert ended.returncode == 6
    assert "Is it a token of an account's own?" in ended.stderr
    ended = run(simulator, "--token-stdin", "--account", simulator.account.account_id.upper(), stdin=owned)
    assert ended.returncode == 0, ended.stderr
    assert "The token is active: a token of the account's own." in ended.stderr


def test_an_account_that_refuses_is_told_and_written_only_with_yes(simulator: Simulator) -> None:
    arguments = ("--token-stdin", "--account", "f" * 32)
    ended = run(simulator, *arguments, stdin=simulator.authenticator.token)
    assert ended.returncode == 6
    assert "Email Security of this account refuses the token" in ended.stderr
    assert not config_path().exists()
    ended = run(simulator, *arguments, "--yes", stdin=simulator.authenticator.token)
    assert ended.returncode == 0
    assert "refuses the token" in ended.stderr
    assert 'account_id = "ffff' in config_path().read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_can_t_be_written_is_told(simulator: Simulator) -> None:
    Path.home().chmod(0o500)
    ended = run(simulator, "--token-stdin", stdin=simulator.authenticator.token)
    Path.home().chmod(0o700)
    assert ended.returncode == 1
    assert "can't be written: Permission denied. Nothing was kept." in ended.stderr


def test_a_home_that_is_a_file_is_told(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "no-home").write_text("")
    ended = run(simulator, "--token-stdin", stdin=simulator.authenticator.token, HOME=str(tmp_path / "no-home"))
    assert ended.returncode == 1
    assert "can't be written: Not a directory. Nothing was kept." in ended.stderr
