import os
from pathlib import Path

import pytest

from tui_app.core.errors import UsageError
from tui_app.setup.situation import first_start, look_around

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"


def words(environment: dict[str, str]) -> dict[str, tuple[bool, str]]:
    return {each.what: (each.found, each.words) for each in look_around(environment).findings()}


def test_all_that_is_missing_is_said_in_one_list() -> None:
    said = words({})
    path = Path.home() / ".config/mailsluice/config.toml"
    assert said["configuration"] == (False, f"none yet, {path}")
    assert [said[what][0] for what in ("API token", "account id", "records")] == [False, False, True]
    given = {
        "CLOUDFLARE_API_TOKEN": "t0ken",
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        "CLOUDFLARE_BASE_URL": "http://127.0.0.1/v4",
    }
    said = words(given | {"HTTPS_PROXY": "http://me:secret@proxy.example:1"})
    assert said["API token"] == (True, "from CLOUDFLARE_API_TOKEN")
    assert said["account id"][0]
    assert said["address"] == (True, "http://127.0.0.1/v4, from CLOUDFLARE_BASE_URL")
    assert "t0ken" not in str(said)
    assert words({"HTTPS_PROXY": "http://me:secret@proxy.example:1"})["proxy"][1].startswith("http://proxy.example:1")


def test_without_a_home_there_is_nowhere_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.core.paths._absolute", lambda _: None)
    situation = look_around({})
    assert situation.config is None
    assert words({})["configuration"] == (False, "no home folder for it: set HOME to an absolute path")
    assert not words({})["records"][0]


@pytest.mark.parametrize(
    ("environment", "text", "asks"),
    [
        ({}, "", True),
        ({}, "[guard]\nmax_messages = 3", True),
        ({"CLOUDFLARE_API_TOKEN": "t"}, "", True),
        ({"CLOUDFLARE_ACCOUNT_ID": ACCOUNT}, "", True),
        ({"CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t"}, "", False),
        ({}, "[profiles.p]\ncolor = 'red'", False),
        ({"MAILSLUICE_PROFILE": "p"}, "", False),
        ({"CLOUDFLARE_EMAIL": "a@b.example", "CLOUDFLARE_API_KEY": "k"}, "", False),
        ({"MAILSLUICE_CONFIG": "/nowhere/at/all"}, "", False),
        ({"MAILSLUICE_CONFIG": os.devnull}, "", True),
    ],
)
def test_only_what_is_missing_is_asked_for(environment: dict[str, str], text: str, asks: bool) -> None:
    path = Path.home() / ".config/mailsluice/config.toml"
    path.parent.mkdir(parents=True)
    if text:
        path.write_text(text)
    assert (first_start(environment) is not None) is asks
    assert first_start(environment, profile_name="p") is None


@pytest.mark.parametrize(
    "environment",
    [
        {"CLOUDFLARE_ACCOUNT_ID": "12"},
        {"CLOUDFLARE_API_TOKEN": "Bearer t"},
        {"CLOUDFLARE_BASE_URL": "http://x.example"},
    ],
)
def test_what_is_there_and_wrong_is_a_sentence(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        first_start(environment)
