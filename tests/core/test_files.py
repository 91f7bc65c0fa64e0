"""Names that are free and files that only their owner can read."""

from pathlib import Path

import pytest

from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.files import UNFINISHED, free_path, new_file


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_name_is_free_that_no_file_link_or_unfinished_file_has(folder: Path) -> None:
    assert free_path("rows", ".csv") == Path("rows.csv")
    (folder / "rows.csv").touch()
    (folder / "rows-2.csv").symlink_to(folder / "nowhere")
    (folder / f"rows-3.csv{UNFINISHED}").touch()
    assert free_path("rows", ".csv") == Path("rows-4.csv")


def test_a_new_file_is_the_owner_s_alone_and_nothing_is_overwritten(folder: Path) -> None:
    new_file(Path("report.md"), "text")
    assert (folder / "report.md").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SluiceError, match="exists already"):
        new_file(Path("report.md"), "other")
    (folder / "link").symlink_to(folder / "elsewhere")
    with pytest.raises(SluiceError, match="exists already"):
        new_file(Path("link"), "other")
    assert (folder / "report.md").read_text() == "text" and not (folder / "elsewhere").exists()


def reports(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("report*")]


def test_what_the_disk_has_no_room_for_leaves_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def full(_: int) -> None:
        seen.append(reports(folder))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui_app.core.files.os.fdatasync", full)
    with pytest.raises(SluiceError, match=r"report\.md can't be written: No space left on device"):
        new_file(Path("report.md"), "text")
    assert seen == [[f"report.md{UNFINISHED}"]], "it has no name of its own before it is whole"
    assert reports(folder) == []


def test_a_file_that_came_meanwhile_keeps_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(_: int) -> None:
        (folder / "report.md").write_text("another's")

    monkeypatch.setattr("tui_app.core.files.os.fdatasync", meanwhile)
    with pytest.raises(SluiceError, match="exists already"):
        new_file(Path("report.md"), "text")
    assert [(name, (folder / name).read_text()) for name in reports(folder)] == [("report.md", "another's")]


@pytest.mark.parametrize("taken", [False, True])
def test_where_there_are_no_links_it_is_renamed(folder: Path, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    def no_links(*_: object) -> None:
        if taken:
            (folder / "report.md").write_text("another's")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("tui_app.core.files.Path.hardlink_to", no_links)
    if taken:
        with pytest.raises(SluiceError, match="exists already"):
            new_file(Path("report.md"), "text")
    else:
        new_file(Path("report.md"), "text")
    assert [(name, (folder / name).read_text()) for name in reports(folder)] == [
        ("report.md", "another's" if taken else "text")
    ]


def test_one_that_is_being_written_is_left_alone(folder: Path) -> None:
    (folder / f"report.md{UNFINISHED}").write_text("half")
    with pytest.raises(SluiceError, match=r"report\.md\.partial is there, not finished"):
        new_file(Path("report.md"), "text")
    assert reports(folder) == [f"report.md{UNFINISHED}"]


def test_a_home_folder_that_is_nobody_s_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"~nosuch/x\.md: nobody knows that home folder"):
        new_file(Path("~nosuch/x.md"), "text")
