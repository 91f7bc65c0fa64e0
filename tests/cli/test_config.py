"""`config`: what is in effect and why, what is wrong and on which line, and a value changed among comments."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Ended, run_with
from tui_app.core.state_file import StateFile
from tui_app.remembered import Remembered

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
TEXT = f"""# of the team
default_profile = "prod"

[profiles.prod]
account_id = "{ACCOUNT}"   # the real one
token_command = ["pass", "show", "hidden-argument"]
color = "red"

[guard]
max_messages = 7 # seven
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


def run(file: Path, *arguments: str, **changes: str) -> Ended:
    return run_with({"MAILSLUICE_CONFIG": str(file), **changes}, *arguments)


def shown(file: Path, *flags: str, **changes: str) -> dict[str, tuple[Any, str]]:
    ended = run(file, *flags, "config", "show", "--json", **changes)
    assert ended.returncode == 0, ended.stderr
    return {each["key"]: (each["value"], each["origin"]) for each in json.loads(ended.stdout)}


def test_show_says_where_each_value_comes_from(file: Path) -> None:
    values = shown(file)
    prod = f"file {file}, profile prod"
    assert values["profile"] == ("prod", f"file {file}, default_profile")
    assert values["account_id"] == (ACCOUNT, prod)
    assert values["token"] == ("***", f"command pass ({prod})")
    assert values["color"] == ("red", prod)
    assert values["read_only"] == (False, "default")
    assert values["guard.max_messages"] == (7, f"file {file}")
    assert values["plans.canary"] == (5, "default")
    assert values["base_url"] == ("https://api.cloudflare.com/client/v4", "default")

    values = shown(file, "--read-only", CLOUDFLARE_API_TOKEN="t0ken-of-the-shell", CLOUDFLARE_ACCOUNT_ID="f" * 32)
    assert values["token"] == ("***", "environment CLOUDFLARE_API_TOKEN")
    assert values["account_id"] == ("f" * 32, "environment CLOUDFLARE_ACCOUNT_ID")
    assert values["profile"][0] is None
    assert values["color"][0] is None
    assert values["read_only"] == (True, "flag --read-only")

    values = shown(file, "--profile", "prod", CLOUDFLARE_API_TOKEN="t0ken-of-the-shell", CLOUDFLARE_ACCOUNT_ID="f" * 32)
    assert values["profile"] == ("prod", "flag --profile")
    assert values["account_id"] == (ACCOUNT, prod)
    assert values["token"] == ("***", f"command pass ({prod})")


def test_no_table_has_a_secret(file: Path) -> None:
    ended = run(
        file,
        "config",
        "show",
        CLOUDFLARE_API_TOKEN="t0ken-of-the-shell",
        HTTPS_PROXY="http://me:pass-word@proxy.example:1",
    )
    assert ended.returncode == 0
    assert "http://proxy.example:1" in ended.stdout
    assert "***" in ended.stdout
    for secret in ("t0ken-of-the-shell", "pass-word", "hidden-argument"):
        assert secret not in ended.stdout + ended.stderr


def test_check_names_every_problem_with_its_line(file: Path) -> None:
    assert run(file, "config", "check").returncode == 0
    file.write_text(
        TEXT.replace("color", "colour").replace("= 7", "= 0")
        + 'hold_dispositions = [\n  "SPAMM",\n]\n[ui]\ntheme = "blue"\n[profiles.p]\ntoken_file = "/nowhere"\n'
        'account_id = "1"\n'
    )
    ended = run(file, "config", "check")
    assert ended.returncode == 2
    lines = ended.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{file}:{number}" for number in (7, 10, 11, 15, 17, 18)]
    for line, words in zip(
        lines,
        ("did you mean color?", "greater than", "Did you mean SPAM?", "'auto'", "can't be read", "32 hex digits"),
        strict=True,
    ):
        assert words in line
    file.write_text(TEXT + "[ui]\nthem = 'dark'\n")
    ended = run(file, "config", "check")
    assert (ended.returncode, ended.stdout) == (
        0, f"{file}:12: ui.them does nothing in this version; did you mean theme?\n",
    )  # fmt: skip
    file.write_text("a = 1\nb = \n")
    ended = run(file, "config", "check")
    assert (ended.returncode, f"{file}:2 is not valid TOML" in ended.stdout) == (2, True)
    file.write_text(TEXT)
    file.chmod(0o666)
    ended = run(file, "config", "check")
    assert (ended.returncode, "can be written by others" in ended.stdout) == (2, True)


def test_set_changes_one_value_and_keeps_the_comments(file: Path) -> None:
    file.chmod(0o640)
    for key, value in (("read_only", "true"), ("guard.max_messages", "9"), ("color", "green"), ("ui.theme", "dark")):
        ended = run(file, "config", "set", key, value)
        assert ended.returncode == 0, ended.stderr
    text = file.read_text()
    assert "# of the team" in text
    assert "# the real one" in text
    assert "max_messages = 9 # seven" in text
    assert file.stat().st_mode & 0o777 == 0o640, "who may read it stays"
    values = shown(file)
    assert values["read_only"][0] is True
    assert values["color"][0] == "green"
    assert values["ui.theme"][0] == "dark"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("guard.max_mesages", "9", "did you mean max_messages?"),
        ("ui.them", "dark", "did you mean theme?"),
        ("guard.max_messages", "0", "greater than or equal to 1"),
        ("guard.max_messages", "many", "guard.max_messages is a whole number. Nothing was changed."),
        ("profiles.prod.color", "nope", "is not a colour"),
        ("keys.rows.nosuch", "Z", "there is no such action"),
        ("keys.jobs.new", "x", "Nothing was changed"),
        ("ui.theme", "blue", "'auto'"),
        ("guard.hold_dispositions", '["NOTHING"]', "is not a verdict"),
        ("default_profile.x", "1", "is not a table"),
        ("guard", "1", "Nothing was changed"),
        ("profiles.prod", "1", "a key is profiles.NAME.SETTING"),
        ("", "1", "A key is a name"),
        ("profiles.prod.token", "t0ken", "A token must not be an argument"),
    ],
)
def test_what_can_t_be_set_changes_nothing(file: Path, key: str, value: str, said: str) -> None:
    ended = run(file, "config", "set", key, value)
    assert (ended.returncode, said in ended.stderr) == (2, True), ended.stderr
    assert file.read_text() == TEXT


def test_a_wrong_value_can_be_set_right(file: Path) -> None:
    file.write_text(TEXT.replace("= 7", "= 0"))
    assert run(file, "config", "set", "guard.max_messages", "8").returncode == 0
    assert "max_messages = 8 # seven" in file.read_text()
    assert "did you mean prod" in run(file, "config", "set", "profiles.prid.color", "red").stderr
    new = file.parent / "new.toml"
    assert run(new, "config", "set", "guard.max_messages", "8").returncode == 0
    assert new.stat().st_mode & 0o777 == 0o600


def test_the_path_is_told_whether_it_exists_or_not(file: Path) -> None:
    assert run(file, "config", "path").stdout == f"{file}\n"
    home = run_with({"MAILSLUICE_CONFIG": ""}, "config", "path")
    assert home.stdout == f"{Path.home()}/.config/mailsluice/config.toml\n"


def test_show_tells_of_a_theme_that_the_console_remembers(file: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert "The console shows" not in run(file, "config", "show", XDG_STATE_HOME=str(state)).stderr
    Remembered(StateFile(state / "mailsluice"), "a", {}).theme = "light"
    told = run(file, "config", "show", XDG_STATE_HOME=str(state)).stderr
    assert "The console shows the theme light" in told
