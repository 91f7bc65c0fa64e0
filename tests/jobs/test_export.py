"""Exports: whole or said to be partial, in every format, whatever the server, the file system or the operator does."""

import asyncio
import contextlib
import csv
import json
import os
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.test_rows import JOB, query, served, wire_row
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.services import lonely_service
from tui_app.api.enums import RowStatus
from tui_app.api.errors import ServerFault
from tui_app.core.errors import UsageError
from tui_app.rows.export import SUFFIXES, Exported, ExportFailed, export_path

Script = Any


async def export(script: Script, path: Path, status: RowStatus | None = None) -> Exported:
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        try:
            return await service.jobs.export(JOB, status, path)
        finally:
            await service.close()


def ids_in(path: Path) -> list[str]:
    """The ids of an export's rows; what ends a partial one is left out."""
    text = path.read_text()
    kind = path.name.removesuffix(".partial").rpartition(".")[2]
    if kind == "csv":
        return [row["message_id"] for row in csv.DictReader(StringIO(text)) if row["status"]]
    if kind == "md":
        return [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()[2:] if line.startswith("| ")]
    rows = json.loads(text) if kind == "json" else [json.loads(line) for line in text.splitlines()]
    return [row["message_id"] for row in rows if "mailsluice" not in row]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("total", [0, 1, 2500])
async def test_all_rows_are_in_the_file(suffix: str, total: int, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    exported = await export(served(total), path)
    assert (exported.rows, exported.path, exported.missing) == (total, path, "")
    assert ids_in(path) == [f"r{n:05d}" for n in range(total)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / f"{path.name}.partial").exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_a_failure_in_the_middle_leaves_a_file_that_says_so(suffix: str, tmp_path: Path) -> None:
    def script(request: Received) -> bytes:
        return answer(500, failure(1, "[x](http://evil)")) if "page=3" in request.target else served(3500)(request)

    path = tmp_path / f"rows.{suffix}"
    with pytest.raises(ServerFault):
        await export(script, path)
    partial = tmp_path / f"rows.{suffix}.partial"
    assert not path.exists()
    assert ids_in(partial) == [f"r{n:05d}" for n in range(2000)]
    assert "2,000 rows" in partial.read_text()
    assert suffix != "md" or " `[x](http://evil)` " in partial.read_text(), "a link in code is none"


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_rows_that_moved_while_they_were_read_make_it_partial(suffix: str, tmp_path: Path) -> None:
    polls = 0

    def script(request: Received) -> bytes:
        nonlocal polls
        if "/messages" in request.target:
            return served(2500)(request)  # type: ignore[no-any-return]
        polls += 1
        job = {
            "job_id": JOB,
            "status": "PROCESSING",
            "total_messages_discovered": 3000,
            "messages_pending": 2500 - polls,
        }
        return answer(200, success(job))

    exported = await export(script, tmp_path / f"rows.{suffix}", RowStatus.COMPLETED)
    assert exported.missing == "rows changed while they were read"
    assert exported.path.name == f"rows.{suffix}.partial"
    assert len(ids_in(exported.path)) == 2500


async def test_a_list_that_is_shorter_than_the_counters_is_not_whole(tmp_path: Path) -> None:
    def script(request: Received) -> bytes:
        if "/messages" not in request.target or "page=2" not in request.target:
            return served(6500)(request)  # type: ignore[no-any-return]
        return answer(200, success([wire_row(n) for n in range(1000, 1999)]))

    exported = await export(script, tmp_path / "rows.csv")
    # A short page in the middle does not end a list that the counters say is longer; the row that it left out is missed.
    assert (exported.rows, exported.missing) == (6499, "the job counts 6,500")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("cancels", [1, 3])
async def test_a_cancelled_export_counts_what_is_in_the_file(suffix: str, cancels: int, tmp_path: Path) -> None:
    path, third = tmp_path / f"rows.{suffix}", asyncio.Event()
    async with faulty(served(7000)) as server:
        service = lonely_service(server.base_url)
        exporting = asyncio.create_task(
            service.jobs.export(JOB, None, path, lambda rows: third.set() if rows >= 3000 else None)
        )
        await third.wait()
        for _ in range(cancels):
            exporting.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await exporting
        await service.close()
    partial = path.with_name(path.name + ".partial")
    count = len(ids_in(partial))
    assert 3000 <= count < 7000
    assert f"{count:,} rows" in partial.read_text().splitlines()[-2 if suffix == "json" else -1]
    assert "cancelled" in partial.read_text()


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can grow beyond this many bytes: what fits is taken and the rest refused, as by a full disk."""
    write = os.write

    def until_full(descriptor: int, data: bytes) -> int:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return write(descriptor, data)
        room = size - os.lseek(descriptor, 0, os.SEEK_CUR)
        if room <= 0 and data:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:room])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui_app.rows.export.os.write", until_full)
        yield


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("rows*")]


async def refused(script: Script, path: Path, size: int) -> str:
    with room_for(size), pytest.raises(ExportFailed) as caught:
        await export(script, path)
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
async def test_a_disk_that_becomes_full_leaves_whole_rows_and_a_line_that_says_so(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    said = await refused(served(2500), path, 60_000)
    partial = tmp_path / f"rows.{suffix}.partial"
    count = len(ids_in(partial))
    assert ids_in(partial) == [f"r{n:05d}" for n in range(count)] and 0 < count < 2500
    assert f"{count:,} rows, not all: can't be written (No space left on device)" in partial.read_text()
    assert said == (
        f"{path} can't be written (No space left on device); {count:,} rows are in {partial.name}, whose end says that there may be more."
    )
    assert names(tmp_path) == [partial.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", [0, 1, 60, 600])
async def test_a_disk_that_takes_no_row_leaves_no_file_in_the_way(suffix: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    assert (await refused(served(200), path, size)).endswith("; nothing was written.")
    assert names(tmp_path) == []
    assert (await export(served(200), path)).rows == 200, "the same name can be used"


async def test_the_line_that_says_so_takes_the_place_of_the_last_rows(tmp_path: Path) -> None:
    def script(request: Received) -> bytes:
        return answer(500, failure(1, "x")) if "page=2" in request.target else served(2500)(request)

    await export(served(1000), tmp_path / "whole.csv")
    with room_for((tmp_path / "whole.csv").stat().st_size), pytest.raises(ServerFault):
        await export(script, tmp_path / "rows.csv")
    assert ids_in(tmp_path / "rows.csv.partial") == [f"r{n:05d}" for n in range(975)]
    assert "975 rows, not all: " in (tmp_path / "rows.csv.partial").read_text()


async def test_a_disk_that_can_t_even_cut_the_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tui_app.rows.export.os.ftruncate", broken)
    said = await refused(served(2500), tmp_path / "rows.csv", 60_000)
    assert said.endswith("what was written is in rows.csv.partial, which may end within a row.")
    assert (tmp_path / "rows.csv.partial").stat().st_size == 60_000


async def test_rows_that_do_not_come_to_the_disk_are_not_called_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui_app.rows.export.os.fdatasync", broken)
    with pytest.raises(ExportFailed, match=r"\(No space left on device\); 3 rows are in rows\.csv\.partial"):
        await export(served(3), tmp_path / "rows.csv")
    assert "3 rows, not all" in (tmp_path / "rows.csv.partial").read_text()


async def test_cells_are_no_formulas_no_markup_and_not_cut(tmp_path: Path) -> None:
    long = "=" + "x" * 2000

    def script(request: Received) -> bytes:
        if "/messages" not in request.target:
            return served(1)(request)  # type: ignore[no-any-return]
        return answer(
            200,
            success(
                [wire_row(0) | {"status_message": long, "message": {"id": "i", "subject": "a|b <img> [x](y)\x1b[31m"}}]
            ),
        )

    await export(script, tmp_path / "rows.csv")
    (row,) = csv.DictReader(StringIO((tmp_path / "rows.csv").read_text()))
    assert row["status_message"] == "'" + long
    await export(script, tmp_path / "rows.md")
    text = (tmp_path / "rows.md").read_text()
    assert "\\<img\\>" in text
    assert "a\\|b" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "name", ["rows.exe", "rows", "~nobody-here/x.csv", "x" * 300 + ".csv", "a\0.csv", "\udcff\ud800.csv", ""]
)
def test_a_name_that_can_t_be_used_is_said(name: str) -> None:
    with pytest.raises(UsageError):
        export_path(name)


async def test_nothing_is_overwritten_and_no_folder_is_made(tmp_path: Path) -> None:
    taken = tmp_path / "rows.csv"
    taken.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        export_path(str(taken))
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="exists"):
        export_path(str(link))
    with pytest.raises(ExportFailed, match="nothing was written"):
        await export(served(1), tmp_path / "no" / "folder.csv")
    (tmp_path / "half.csv.partial").write_text("older")
    with pytest.raises(ExportFailed, match="was not finished"):
        await export(served(1), tmp_path / "half.csv")
    assert taken.read_text() == "mine"


async def test_a_file_that_came_to_be_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"

    def script(request: Received) -> bytes:
        if "/messages" in request.target and query(request)["page"] == "1":
            path.write_text("mine")
        return served(1)(request)  # type: ignore[no-any-return]

    with pytest.raises(ExportFailed, match="came to be meanwhile"):
        await export(script, path)
    assert path.read_text() == "mine"
    assert ids_in(tmp_path / "rows.csv.partial") == ["r00000"]
