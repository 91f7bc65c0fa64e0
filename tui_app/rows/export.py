"""Rows in a file: streamed page by page, never more in memory than a few pages, and never a file that lies.

Until it is whole it is called `NAME.partial`, and what ended before its time says so in its last line.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Final, Protocol

from tui_app.api.page import ONLY
from tui_app.api.wire_values import without_our_name
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.files import UNFINISHED, give_name
from tui_app.core.text import BYTE_ORDER_MARK, csv_cell, json_text, markdown_escape, plural, sanitize
from tui_app.rows.shape import RowColumn


class Exportable(Protocol):
    """A row that keeps the object it was read from."""

    @property
    def wire(self) -> dict[str, Any]:
        """The object exactly as the server sent it."""
        ...


class _Writer(Protocol):
    def begin(self) -> str: ...
    def rows(self, rows: Sequence[Exportable], first: bool) -> str: ...
    def end(self, first: bool) -> str: ...
    def broken_off(self, sentence: str, first: bool) -> str: ...


class _Csv:
    def __init__(self, columns: Sequence[RowColumn], *, bom: bool = False) -> None:
        self._columns = columns
        self._bom = bom

    def begin(self) -> str:
        return (BYTE_ORDER_MARK if self._bom else "") + self._lines([[column.name for column in self._columns]])

    def rows(self, rows: Sequence[Exportable], first: bool) -> str:
        return self._lines([csv_cell(column.text(row)) for column in self._columns] for row in rows)

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return self._lines([[f"PARTIAL: {sentence}", *[""] * (len(self._columns) - 1)]])

    @staticmethod
    def _lines(lines: Iterable[Sequence[str]]) -> str:
        out = StringIO()
        csv.writer(out, lineterminator="\n").writerows(lines)
        return out.getvalue()


class _Ndjson:
    def __init__(self, columns: Sequence[RowColumn]) -> None:
        """The API's own objects have no columns."""

    def begin(self) -> str:
        return ""

    def rows(self, rows: Sequence[Exportable], first: bool) -> str:
        return "".join([json_text(without_our_name(row.wire)) + "\n" for row in rows])

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return json.dumps({"mailsluice": {"partial": sentence}}) + "\n"


class _Json(_Ndjson):
    def begin(self) -> str:
        return "["

    def rows(self, rows: Sequence[Exportable], first: bool) -> str:
        text = ",\n".join([json_text(without_our_name(row.wire)) for row in rows])
        return ("\n" if first else ",\n") + text if rows else ""

    def end(self, first: bool) -> str:
        return "]\n" if first else "\n]\n"

    def broken_off(self, sentence: str, first: bool) -> str:
        return ("\n" if first else ",\n") + super().broken_off(sentence, first) + "]\n"


class _Markdown:
    def __init__(self, columns: Sequence[RowColumn]) -> None:
        self._columns = columns

    def begin(self) -> str:
        return self._line([column.name for column in self._columns]) + "|" + " --- |" * len(self._columns) + "\n"

    def rows(self, rows: Sequence[Exportable], first: bool) -> str:
        return "".join([self._line([column.text(row) for column in self._columns]) for row in rows])

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return f"\n**Partial: {markdown_escape(sentence, in_table=False)}**\n"

    @staticmethod
    def _line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(map(markdown_escape, cells))} |\n"


_WRITERS: Final[Mapping[str, Callable[[Sequence[RowColumn]], _Writer]]] = {
    "csv": _Csv,
    "json": _Json,
    "ndjson": _Ndjson,
    "md": _Markdown,
}
SUFFIXES: Final = tuple(_WRITERS)
_CANNOT: Final = "can't be written"
_AT_ONCE: Final = 25
"""Rows that are written together: what does not fit on the disk is cut behind the last of them that did."""


class ExportFailed(SluiceError):
    """The file can't be written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How far an export came, and what may be missing; nothing when it is whole."""

    rows: int
    path: Path
    missing: str = ""

    @property
    def sentence(self) -> str:
        """What to tell of it."""
        rows = f"{plural(self.rows, 'row')} in {sanitize(str(self.path))}"
        wrong = "more than there should be" if self.missing.startswith(ONLY) else "not all"
        return f"{rows}: {wrong}, {self.missing}." if self.missing else f"{rows}."


def export_path(name: str, suffixes: Sequence[str] = SUFFIXES) -> Path:
    """Where an export goes, by what was typed; the suffix, one of these, says the format. Raises UsageError."""
    try:
        path = Path(name.strip()).expanduser()
        if b"\0" in os.fsencode(path):
            raise ValueError
        there = path.exists() or path.is_symlink()
    except (OSError, RuntimeError, ValueError):
        raise UsageError("That name can't be used for a file: it is too long, or its folder is not there.") from None
    if path.suffix.removeprefix(".").lower() not in suffixes:
        raise UsageError(f"The name says the format: it must end in .{', .'.join(suffixes[:-1])} or .{suffixes[-1]}.")
    if there:
        raise UsageError(f"{sanitize(str(path))} exists; nothing was overwritten. Choose another name.")
    if unfinished(path).exists():
        raise UsageError(f"{sanitize(unfinished(path).name)} is there, not finished: another name, or move it.")
    return path


def unfinished(path: Path) -> Path:
    """What an export is called until it is whole."""
    return path.with_name(path.name + UNFINISHED)


async def export_rows(
    pages: AsyncIterable[Sequence[Exportable]],
    path: Path,
    check: Callable[[int], Awaitable[str]],
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    columns: Sequence[RowColumn],
    bom: bool = False,
) -> Exported:
    """Write all rows to a new file, private to its owner. Raises ApiError and ExportFailed.

    Both leave a partial file that ends behind whole rows and says so, or none where the disk took no row.

    At the end `check` is asked what may be missing. When it is cancelled the file says so, and the cancellation goes on.
    """
    partly = unfinished(path)
    kind = path.suffix.removeprefix(".").lower()
    writer = _Csv(columns, bom=bom) if kind == "csv" else _WRITERS[kind](columns)
    with contextlib.closing(_Writing(_opened(path, partly), partly, writer)) as writing:
        try:
            writing.begin()
            async for page in pages:
                # A thousand rows take longer to write than a key press may wait.
                await _in_thread(partial(writing.rows, page))
                on_progress(writing.count)
            missing = await check(writing.count)
            writing.end(missing)
        except _WriteFailed as failed:
            raise ExportFailed(f"{sanitize(str(path))} {failed}; {writing.break_off(str(failed), least=1)}") from None
        except BaseException as error:
            why = "cancelled" if isinstance(error, asyncio.CancelledError) else str(error) or "stopped"
            left = writing.break_off(why)
            if isinstance(error, SluiceError) and not writing.says_so:
                raise ExportFailed(f"{error} {sanitize(str(path))} {_CANNOT} either; {left}") from None
            raise
    if missing:
        return Exported(writing.count, partly, missing)
    _rename(partly, path)
    return Exported(writing.count, path)


class _WriteFailed(Exception):
    """The file system has something against it; the text follows the name of the file."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"{_CANNOT} ({error.strerror or type(error).__name__})")


class _Writing:
    """One file on its way; `count` is what is in it, also while whoever waits for it goes away."""

    def __init__(self, descriptor: int, partly: Path, writer: _Writer) -> None:
        self._descriptor = descriptor
        self._partly = partly
        self._writer = writer
        self._size = 0
        self._whole: list[tuple[int, int]] = []
        """Rows and bytes of the file at each place where it may end."""
        self.count = 0
        self.says_so = False
        """Whether its last line says that it is not whole."""

    def begin(self) -> None:
        self._put(self._writer.begin(), 0)

    def rows(self, rows: Sequence[Exportable]) -> None:
        for at in range(0, len(rows), _AT_ONCE):
            some = rows[at : at + _AT_ONCE]
            self._put(self._writer.rows(some, self.count == 0), len(some))

    def end(self, missing: str) -> None:
        """The end of a whole file, or of one whose rows are all that came; it is on the disk then."""
        self._write(self._partial(missing) if missing else self._writer.end(self.count == 0))
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise _WriteFailed(error) from None
        self.says_so = bool(missing)

    def break_off(self, why: str, least: int = 0) -> str:
        """End the file behind whole rows, with a line that says so, or take it away; returns what there is now.

        On a full disk that line takes the place of the last rows. A file with fewer than `least` rows is taken away.
        """
        name = sanitize(self._partly.name)
        while self._whole and self._whole[-1][0] >= least:
            self.count, self._size = self._whole.pop()
            try:
                self._cut()
            except OSError:
                return f"what was written is in {name}, which may end within a row."
            with contextlib.suppress(_WriteFailed):
                self._write(self._partial(why))
                with contextlib.suppress(OSError):
                    os.fdatasync(self._descriptor)
                self.says_so = True
                is_or_are = "is" if self.count == 1 else "are"
                return f"{plural(self.count, 'row')} {is_or_are} in {name}, whose end says that there may be more."
        self.count = self._size = 0
        try:
            self._partly.unlink()
        except OSError:
            return f"{name} has no rows: delete it."
        return "nothing was written."

    def close(self) -> None:
        # What counts is on the disk since `end`.
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _partial(self, why: str) -> str:
        return self._writer.broken_off(f"{self.count:,} rows, not all: {why}", self.count == 0)

    def _put(self, text: str, rows: int) -> None:
        self._size += self._write(text)
        self.count += rows
        self._whole.append((self.count, self._size))

    def _cut(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        os.lseek(self._descriptor, self._size, os.SEEK_SET)

    def _write(self, text: str) -> int:
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        written = 0
        try:
            # The system may take less than all of it, and tells why only the next time.
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            raise _WriteFailed(error) from None
        return written


async def _in_thread(work: Callable[[], object]) -> None:
    """Run it to its end, however often whoever waits for it is cancelled: two may not write at once."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            cancelled = True
    await running
    if cancelled:
        raise asyncio.CancelledError


def _opened(path: Path, partly: Path) -> int:
    """A new file, private to its owner. Raises ExportFailed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(partly, flags, 0o600)
    except FileExistsError:
        there = sanitize(str(partly))
        raise ExportFailed(f"{there} exists, from an export that was not finished: move it away.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name for a file"
        raise ExportFailed(f"{sanitize(str(path))} {_CANNOT} ({why}); nothing was written.") from None


def _rename(partly: Path, path: Path) -> None:
    """Give the file its name, and never take another's."""
    name, there = sanitize(str(path)), sanitize(str(partly))
    try:
        give_name(partly, path)
    except FileExistsError:
        raise ExportFailed(f"{name} came to be meanwhile; all rows are in {there}.") from None
    except OSError as error:
        raise ExportFailed(f"{name} {_CANNOT} ({error.strerror}); all rows are in {there}.") from None
