"""A job's rows in a file: streamed page by page, never more in memory than a few pages, and never a file that lies.

Until it is whole it is called `NAME.partial`, and what ended before its time says so in its last line.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from tui_app.clock import rfc3339
from tui_app.errors import SluiceError, UsageError
from tui_app.text import formula_proof, json_text

if TYPE_CHECKING:
    from tui_app.api.messages import JobMessage
    from tui_app.api.pages import NumberedPages

FIELDS: Final[tuple[tuple[str, Callable[[JobMessage], str]], ...]] = (
    ("message_id", lambda row: str(row.message_id)),
    ("status", lambda row: str(row.status).lower()),
    ("recipient", lambda row: str(row.recipient)),
    ("subject", lambda row: str(row.subject or "")),
    ("retry_count", lambda row: str(row.retry_count)),
    ("retry_after", lambda row: rfc3339(row.retry_after) if row.retry_after else ""),
    ("status_message", lambda row: str(row.status_message or "")),
    ("postfix_id", lambda row: str(row.postfix_id or "")),
    ("investigate_id", lambda row: str(row.investigate_id or "")),
)
"""The columns of CSV and Markdown. JSON has the API's own objects, unchanged."""


class _Writer(Protocol):
    def begin(self) -> str: ...
    def rows(self, rows: Sequence[JobMessage], first: bool) -> str: ...
    def end(self, first: bool) -> str: ...
    def broken_off(self, sentence: str, first: bool) -> str: ...


class _Csv:
    def begin(self) -> str:
        return self._lines([[name for name, _ in FIELDS]])

    def rows(self, rows: Sequence[JobMessage], first: bool) -> str:
        return self._lines([formula_proof(text(row)) for _, text in FIELDS] for row in rows)

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return self._lines([[f"PARTIAL: {sentence}", *[""] * (len(FIELDS) - 1)]])

    @staticmethod
    def _lines(lines: Iterable[Sequence[str]]) -> str:
        out = StringIO()
        csv.writer(out, lineterminator="\n").writerows(lines)
        return out.getvalue()


class _Ndjson:
    def begin(self) -> str:
        return ""

    def rows(self, rows: Sequence[JobMessage], first: bool) -> str:
        return "".join([json_text(row.wire) + "\n" for row in rows])

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return json.dumps({"mailsluice": {"partial": sentence}}) + "\n"


class _Json(_Ndjson):
    def begin(self) -> str:
        return "["

    def rows(self, rows: Sequence[JobMessage], first: bool) -> str:
        text = ",\n".join([json_text(row.wire) for row in rows])
        return ("\n" if first else ",\n") + text if rows else ""

    def end(self, first: bool) -> str:
        return "]\n" if first else "\n]\n"

    def broken_off(self, sentence: str, first: bool) -> str:
        return ("\n" if first else ",\n") + super().broken_off(sentence, first) + "]\n"


class _Markdown:
    def begin(self) -> str:
        return self._line([name for name, _ in FIELDS]) + self._line(["---"] * len(FIELDS))

    def rows(self, rows: Sequence[JobMessage], first: bool) -> str:
        return "".join([self._line([text(row) for _, text in FIELDS]) for row in rows])

    def end(self, first: bool) -> str:
        return ""

    def broken_off(self, sentence: str, first: bool) -> str:
        return f"\n**Partial: {sentence}**\n"

    @staticmethod
    def _line(cells: Sequence[str]) -> str:
        # Whoever renders it must take a subject for text, not for a link or a tag.
        escaped = ["".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-.!|~" else char for char in cell) for cell in cells]
        return f"| {' | '.join(escaped)} |\n"


_WRITERS: Final[Mapping[str, Callable[[], _Writer]]] = {
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
    """How far an export came."""

    rows: int
    path: Path
    whole: bool


def export_path(name: str) -> Path:
    """Where an export goes, by what was typed; the suffix says the format. Raises UsageError."""
    path = Path(name.strip()).expanduser()
    if path.suffix.removeprefix(".").lower() not in _WRITERS:
        raise UsageError(f"The name says the format: it must end in .{', .'.join(SUFFIXES[:-1])} or .{SUFFIXES[-1]}.")
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists; nothing was overwritten. Choose another name.")
    return path


async def export_rows(
    pages: NumberedPages[JobMessage], path: Path, told: Callable[[int], None] = lambda _: None
) -> Exported:
    """Write all rows to a new file, private to its owner. Raises ApiError and ExportFailed; both leave a partial file.

    When it is cancelled the file says so, and the cancellation goes on.
    """
    unfinished = path.with_name(path.name + ".partial")
    writer, count = _WRITERS[path.suffix.removeprefix(".").lower()](), 0
    with _sentences(path), _private(unfinished) as file:
        try:
            file.write(writer.begin())
            async for page in pages:
                # A thousand rows take longer to write than a key press may wait.
                await _in_thread(partial(_write, file, writer, page, count == 0))
                count += len(page)
                told(count)
            file.write(writer.end(count == 0))
        except BaseException as error:
            why = "cancelled" if isinstance(error, asyncio.CancelledError) else str(error)
            with contextlib.suppress(OSError):
                file.write(writer.broken_off(f"{count:,} rows, then it ended: {why}", count == 0))
            raise
        file.flush()
        os.fdatasync(file.fileno())
        if pages.shifted:
            file.write(writer.broken_off(f"{count:,} rows; some moved while they were read and may be missing", False))
            return Exported(count, unfinished, whole=False)
        _rename(unfinished, path)
    return Exported(count, path, whole=True)


def _write(file: TextIO, writer: _Writer, rows: Sequence[JobMessage], first: bool) -> None:
    file.write(writer.rows(rows, first))


async def _in_thread(work: Callable[[], object]) -> None:
    """Run it to its end, even when whoever waits for it is cancelled: two may not write at once."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _private(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")


def _rename(unfinished: Path, path: Path) -> None:
    """Give the file its name, and never take another's."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        raise ExportFailed(f"{path} came to be meanwhile; all rows are in {unfinished}.") from None
    except OSError:
        # Not every file system has links.
        unfinished.rename(path)
        return
    unfinished.unlink()


@contextlib.contextmanager
def _sentences(path: Path) -> Any:
    try:
        yield
    except FileExistsError as error:
        raise ExportFailed(f"{error.filename} exists, from an export that was not finished: move it away.") from None
    except OSError as error:
        raise ExportFailed(
            f"{path} can't be written: {error.strerror}. What was written is in {path}.partial."
        ) from None
