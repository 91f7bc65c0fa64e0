"""Names that are free and files that only their owner can read."""

from pathlib import Path

import pytest

from tui_app.core.errors import SluiceError
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
