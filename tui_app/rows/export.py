"""Rows in a file: streamed page by page, never more in memory than a few pages, and never a file that lies.

Until it is whole it is called `NAME.partial`, and what ended before its time says so in its last line.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

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
    """Write all rows to a new file, private to its owner. Raises ApiError and ExportFailed; both leave a partial file.

    At the end `check` is asked what may be missing. When it is cancelled the file says so, and the cancellation goes on.
    """
    partly = unfinished(path)
    with _sentences(path, "nothing was written."), _private(partly) as file:
        kind = path.suffix.removeprefix(".").lower()
        writing = _Writing(file, _Csv(columns, bom=bom) if kind == "csv" else _WRITERS[kind](columns))
        with _sentences(path, f"what was written is in {sanitize(path.name)}.partial."):
            try:
                writing.begin()
                async for page in pages:
                    # A thousand rows take longer to write than a key press may wait.
                    await _in_thread(partial(writing.rows, page))
                    on_progress(writing.count)
                missing = await check(writing.count)
            except BaseException as error:
                why = "cancelled" if isinstance(error, asyncio.CancelledError) else str(error)
                with contextlib.suppress(OSError):
                    writing.end(why)
                raise
            writing.end(missing)
            file.flush()
            os.fdatasync(file.fileno())
            if missing:
                return Exported(writing.count, partly, missing)
            _rename(partly, path)
    return Exported(writing.count, path)


class _Writing:
    """One file on its way; `count` is what is in it, also while whoever waits for it goes away."""

    def __init__(self, file: TextIO, writer: _Writer) -> None:
        self._file = file
        self._writer = writer
        self.count = 0

    def begin(self) -> None:
        self._file.write(self._writer.begin())

    def rows(self, rows: Sequence[Exportable]) -> None:
        self._file.write(self._writer.rows(rows, self.count == 0))
        self.count += len(rows)

    def end(self, missing: str) -> None:
        first = self.count == 0
        sentence = f"{self.count:,} rows, not all: {missing}"
        self._file.write(self._writer.broken_off(sentence, first) if missing else self._writer.end(first))


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


def _private(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")


def _rename(partly: Path, path: Path) -> None:
    """Give the file its name, and never take another's."""
    try:
        give_name(partly, path)
    except FileExistsError:
        raise ExportFailed(f"{path} came to be meanwhile; all rows are in {partly}.") from None


@contextlib.contextmanager
def _sentences(path: Path, left: str) -> Iterator[None]:
    """Say what a file system has against it; `left` says what there is now."""
    try:
        yield
    except FileExistsError as error:
        there = sanitize(str(error.filename))
        raise ExportFailed(f"{there} exists, from an export that was not finished: move it away.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name for a file"
        raise ExportFailed(f"{sanitize(str(path))} can't be written ({why}); {left}") from None
