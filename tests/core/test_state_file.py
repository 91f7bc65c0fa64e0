"""Small facts that outlive the program, and that nothing depends on."""

import json
import os
import stat
from pathlib import Path

import pytest

from tui_app.core.state_file import StateFile


def test_a_fact_is_there_the_next_time_and_can_be_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "mailsluice"
    StateFile(folder).put("account@host", "release_body", "postfix")
    assert StateFile(folder).get("account@host", "release_body") == "postfix"
    assert StateFile(folder).get("other@host", "release_body") is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]
    StateFile(folder).put("account@host", "release_body", None)
    assert StateFile(folder).get("account@host", "release_body") is None


def test_without_a_folder_it_lasts_as_long_as_the_process() -> None:
    facts = StateFile()
    facts.put("a", "b", "c")
    assert facts.get("a", "b") == "c"
    assert StateFile().get("a", "b") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b'{"a": {"b": 1}}', b"\xff", b"[" * 100_000])
def test_a_spoilt_file_is_as_none(tmp_path: Path, content: bytes) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "remembered.json").write_bytes(content)
    facts = StateFile(tmp_path)
    assert facts.get("a", "b") is None
    facts.put("a", "b", "c")
    assert StateFile(tmp_path).get("a", "b") == "c"


def test_a_folder_that_others_can_write_and_a_link_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o777)
    StateFile(folder).put("a", "b", "c")
    assert list(folder.iterdir()) == []
    folder.chmod(0o700)
    (folder / "other.json").write_text('{"a": {"b": "stolen"}}')
    (folder / "remembered.json").symlink_to(folder / "other.json")
    assert StateFile(folder).get("a", "b") is None
    file = tmp_path / "no-folder"
    file.write_text("")
    StateFile(file).put("a", "b", "c")
    assert file.read_text() == ""


def views_in(path: Path) -> object:
    return json.loads(path.read_text())


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_with_other_rights_is_kept_beside_the_new_one(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "view", "mine")
    (folder / "remembered.json").chmod(mode)  # as a backup may give it back
    facts = StateFile(folder)
    assert facts.get("a", "view") is None, "others could have written it"
    facts.put("a", "other", "new")
    assert views_in(folder / "remembered.old.json") == {"a": {"view": "mine"}}
    assert views_in(folder / "remembered.json") == {"a": {"other": "new"}}
    facts.put("a", "other", "newer")
    assert views_in(folder / "remembered.old.json") == {"a": {"view": "mine"}}, "the new one can be read"


def test_a_file_whose_rights_change_while_we_run_is_kept_too(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "view", "mine")
    facts = StateFile(folder)
    (folder / "remembered.json").chmod(0o644)
    facts.put("a", "other", "new")
    assert views_in(folder / "remembered.old.json") == {"a": {"view": "mine"}}
    assert views_in(folder / "remembered.json") == {"a": {"view": "mine", "other": "new"}}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_s_file_is_kept_and_its_content_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "view", "theirs")
    os.chown(folder / "remembered.json", 12345, -1)
    StateFile(folder).put("a", "other", "new")
    assert views_in(folder / "remembered.old.json") == {"a": {"view": "theirs"}}
    assert (folder / "remembered.old.json").stat().st_uid == 12345
    assert views_in(folder / "remembered.json") == {"a": {"other": "new"}}


def test_a_link_is_kept_and_never_followed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "state", tmp_path / "elsewhere.json"
    StateFile(folder).put("a", "view", "mine")
    (folder / "remembered.json").rename(elsewhere)
    (folder / "remembered.json").symlink_to(elsewhere)
    facts = StateFile(folder)
    assert facts.get("a", "view") is None
    facts.put("a", "other", "new")
    assert (folder / "remembered.old.json").readlink() == elsewhere
    assert views_in(elsewhere) == {"a": {"view": "mine"}}
    assert not (folder / "remembered.json").is_symlink()
    assert views_in(folder / "remembered.json") == {"a": {"other": "new"}}


def test_a_folder_of_that_name_is_moved_away_and_where_nothing_can_be_kept_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    (folder / "remembered.json" / "mine").mkdir(parents=True)
    folder.chmod(0o700)
    StateFile(folder).put("a", "b", "c")
    assert (folder / "remembered.old.json" / "mine").is_dir()
    (folder / "remembered.json").chmod(0o644)
    facts = StateFile(folder)
    facts.put("a", "other", "new")
    assert facts.get("a", "other") == "new" and not facts.is_kept("a", "other")
    assert views_in(folder / "remembered.json") == {"a": {"b": "c"}}


def test_what_could_not_be_written_is_true_until_the_program_ends(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "columns", "id subject")
    facts = StateFile(folder)
    folder.chmod(0o777)  # nothing is written into a folder of others, nor read from it
    facts.put("a", "columns", "id sender")
    facts.put("a", "release_body", "postfix")
    assert (facts.get("a", "columns"), facts.get("a", "release_body")) == ("id sender", "postfix")
    folder.chmod(0o700)
    facts.put("a", "release_body", None)
    assert (facts.get("a", "columns"), facts.get("a", "release_body")) == ("id sender", None)
    assert StateFile(folder).get("a", "columns") == "id sender"


def test_what_another_process_wrote_later_is_newer_than_what_could_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "b", "old")
    ours = StateFile(folder)
    folder.chmod(0o777)
    ours.put("a", "b", "unwritten")
    folder.chmod(0o700)
    StateFile(folder).put("a", "b", "newer")
    ours.put("a", "other", "x")
    assert (ours.get("a", "b"), StateFile(folder).get("a", "b")) == ("newer", "newer")
    ours.put("a", "b", "newer")
    StateFile(folder).put("a", "b", "newest")
    ours.put("a", "b", "newer")
    assert StateFile(folder).get("a", "b") == "newer"


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    StateFile(folder).put("a", "b", "kept")
    facts = StateFile(folder)
    facts.put("a", "large", "x" * 300_000)
    assert StateFile(folder).get("a", "b") == "kept"
    assert facts.get("a", "large") == "x" * 300_000


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"a": {"b": 1}}', b'{"a": {"b": "c", "later": ["x"]}}', b'{"a": {"b": "' + b"x" * 300_000 + b'"}}'],
)
def test_a_file_that_is_not_understood_is_kept_beside_the_new_one(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    path = folder / "remembered.json"
    path.write_bytes(content)
    path.chmod(0o600)
    StateFile(folder).put("x", "y", "z")
    assert (folder / "remembered.old.json").read_bytes() == content
    StateFile(folder).put("x", "y", "w")
    assert (folder / "remembered.old.json").read_bytes() == content, "the new one is understood"
    assert StateFile(folder).get("x", "y") == "w"
