import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tui_app.auth.credentials import Secret
from tui_app.config.settings import load_settings
from tui_app.core.errors import SluiceError, UsageError
from tui_app.setup import storage
from tui_app.setup.answers import Answers, TokenPlace
from tui_app.setup.storage import ProfileExistsError, write_config, write_setup

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
ANSWERS = Answers("prod", ACCOUNT, "https://api.cloudflare.com/client/v4", Secret("t0ken", "test"))
GUARD = """# rules of the team: ask before you change them
[guard]
max_messages = 7   # seven, since INC-1

# the night shift
[profiles.night]
account_id = "ffffffffffffffffffffffffffffffff"
"""


def names(folder: Path) -> list[str]:
    """What is in a folder, but for the home that every test has."""
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_is_new_and_closed_to_others(tmp_path: Path) -> None:
    config = tmp_path / "a" / "mailsluice" / "config.toml"
    written = write_setup(config, replace(ANSWERS, color="red", base_url="http://127.0.0.1:9/v4"))
    assert written.token_file == config.with_name("prod.token")
    assert [mode(path) for path in (config.parent.parent, config.parent, config, written.token_file)] == [
        0o700, 0o700, 0o600, 0o600,
    ]  # fmt: skip
    assert written.token_file.read_text() == "t0ken\n"
    assert "t0ken" not in config.read_text()
    settings = load_settings({"MAILSLUICE_CONFIG": str(config)})
    assert (settings.profile, settings.account_id, settings.read_only, settings.color, settings.base_url) == (
        "prod", ACCOUNT, True, "red", "http://127.0.0.1:9/v4",
    )  # fmt: skip
    assert settings.credential.headers() == {"Authorization": "Bearer t0ken"}
    assert names(config.parent) == ["config.toml", "prod.token"]


@pytest.mark.parametrize("place", TokenPlace)
def test_comments_and_tables_of_a_file_stay(place: TokenPlace, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(GUARD)
    write_setup(config, replace(ANSWERS, place=place, command=("pass", "show", "x")))
    text = config.read_text()
    for line in GUARD.splitlines():
        assert line in text
    assert ("token_command" in text, "token_file" in text) == (place is TokenPlace.COMMAND, place is TokenPlace.FILE)
    assert (tmp_path / "prod.token").exists() is (place is TokenPlace.FILE)
    # There was another profile: which one is the default is not ours to say.
    assert "default_profile" not in text


def test_a_profile_is_replaced_only_when_that_was_said(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    write_setup(config, ANSWERS)
    before = config.read_text()
    with pytest.raises(ProfileExistsError, match="has a profile 'prod' already"):
        write_setup(config, replace(ANSWERS, account_id="e" * 32))
    assert config.read_text() == before
    written = write_setup(
        config, replace(ANSWERS, account_id="e" * 32, token=Secret("0ther", "test")), replace_profile=True
    )
    # The file of the old token may be another profile's, too.
    assert written.token_file == tmp_path / "prod-2.token"
    assert (tmp_path / "prod.token").read_text() == "t0ken\n"
    assert load_settings({"MAILSLUICE_CONFIG": str(config)}).account_id == "e" * 32


def test_a_link_to_a_file_that_is_kept_elsewhere_stays_one(tmp_path: Path) -> None:
    kept, config = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    kept.write_text("# kept\n")
    config.symlink_to(kept)
    write_setup(config, ANSWERS)
    assert config.is_symlink()
    assert "[profiles.prod]" in kept.read_text()


@pytest.mark.parametrize(
    ("text", "allowed", "said"),
    [
        ("[guard]\nmax_mesages = 1", 0o600, "is not a setting"),
        ("x = [", 0o600, "TOML"),
        (GUARD, 0o666, "written by others"),
    ],
)
def test_a_file_that_is_not_obeyed_is_not_written(text: str, allowed: int, said: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    config.chmod(allowed)
    with pytest.raises(UsageError, match=said):
        write_setup(config, ANSWERS)
    assert config.read_text() == text
    assert names(tmp_path) == ["config.toml"]


def test_what_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("# mine\n")
    with pytest.raises(SluiceError, match=r"was changed meanwhile. Nothing was written"):
        write_config(config, "", "# ours\n")
    assert config.read_text() == "# mine\n"


def test_a_disk_that_is_full_leaves_nothing_of_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "replace_file", full)
    with pytest.raises(SluiceError, match=r"can't be written: No space left on device. Nothing was kept"):
        write_setup(tmp_path / "config.toml", ANSWERS)
    assert names(tmp_path) == []


def test_a_folder_that_would_be_read_as_another_name_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "$HOME"
    with pytest.raises(SluiceError, match=r"can't be read back as a token file. Nothing was kept"):
        write_setup(folder / "config.toml", ANSWERS)
    assert names(folder) == []
