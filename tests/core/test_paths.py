"""Folders that are ours alone: why one is not, and how one is made."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_app.core.paths import is_private, make_private, state_folder, why_not_private


@pytest.fixture(params=[0, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_folder_of_our_own_that_is_closed_to_others_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert why_not_private(tmp_path) == ""
    assert is_private(tmp_path)


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o702, 0o777])
def test_a_folder_that_others_can_enter_read_or_write_is_not_private(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    assert why_not_private(tmp_path) == f"must be closed to all others; run: chmod 700 {tmp_path}"
    assert not is_private(tmp_path)


def test_the_way_out_can_be_pasted_whatever_the_name(tmp_path: Path) -> None:
    folder = tmp_path / "with blank; exit 1"
    folder.mkdir()
    folder.chmod(0o755)
    subprocess.run(["sh", "-c", why_not_private(folder).partition("run: ")[2]], check=True)
    assert why_not_private(folder) == ""
    tmp_path.chmod(0o700)


def test_a_link_and_a_file_are_no_folder_of_our_own(tmp_path: Path) -> None:
    folder, link, file = (tmp_path / name for name in ("folder", "link", "file"))
    folder.mkdir(mode=0o700)
    link.symlink_to(folder)
    file.touch(mode=0o600)
    assert why_not_private(link) == f"is a link: move the folder that it leads to in its place. It is {link}."
    assert why_not_private(file).startswith("is not a folder: ")
    assert not is_private(link) and not is_private(file)
    with pytest.raises(FileNotFoundError):
        why_not_private(tmp_path / "nothing")


def test_the_way_out_of_a_link_leads_to_the_folder_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    kept = tmp_path / "disk" / "mailsluice"
    make_private(kept)
    (kept / "journal").touch()
    ours = state_folder()
    make_private(ours.parent)
    ours.symlink_to(kept)
    way = why_not_private(ours)
    assert way.startswith("is a link: move the folder that it leads to in its place, or set XDG_STATE_HOME to ")
    monkeypatch.setenv("XDG_STATE_HOME", way.partition("XDG_STATE_HOME to ")[2].partition(". It is ")[0])
    assert (state_folder() / "journal").exists()
    assert why_not_private(state_folder()) == ""


def test_the_folder_of_another_user_is_not_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert why_not_private(tmp_path).startswith(f"belongs to another user, uid {tmp_path.stat().st_uid}: ")


@pytest.mark.usefixtures("umask")
def test_a_folder_and_what_is_missing_above_it_are_made_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "state" / "mailsluice" / "plans"
    make_private(folder)
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.parents[:2])] == [0o700] * 3
    assert tmp_path.stat().st_mode & 0o777 == 0o755, "what was there stays as it is"
    folder.chmod(0o750)
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o750
