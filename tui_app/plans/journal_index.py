"""What is remembered of journals between two runs: plans that are over, for as long as their files stay as they are.

Nothing depends on it: an index that is missing, of another version, or not what was written once is read from the journals
again. `ledger verify` never believes it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.plans.ledger_entry import PlanSummary
from tui_app.plans.plan import FORMAT

Stamp = tuple[int, ...]
"""Of a file: size, time of the last write, of the last change, inode, device. Nobody can set the third."""
_FILE: Final = "journals.index"
_KIND: Final = f"mailsluice journals 1 {FORMAT} {__version__}".encode()
_LARGEST: Final = 512 * 1024 * 1024
"""Bytes: a thousand plans take about one million."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A plan, and the file that told of it."""

    stamp: Stamp
    mode: int
    uid: int
    summary: PlanSummary


def load_index(folder: Path) -> Mapping[str, Remembered]:
    """What is remembered, by the name of the file; nothing when the index can't be used."""
    import msgspec

    try:
        kind, _, rest = _read(folder / _FILE).partition(b"\n")
        sum_, _, body = rest.partition(b"\n")
        if kind != _KIND or sum_ != _sum(body):
            return {}
        return msgspec.json.decode(body, type=dict[str, Remembered])
    except (OSError, msgspec.DecodeError):
        return {}


def save_index(folder: Path, remembered: Mapping[str, Remembered]) -> None:
    """Remember these and nothing else; the file is replaced as a whole. Errors are ignored."""
    import msgspec

    body = msgspec.json.encode(remembered)
    with contextlib.suppress(OSError):
        descriptor, part = tempfile.mkstemp(prefix=_FILE, dir=folder)  # 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"\n".join((_KIND, _sum(body), body)))
            Path(part).replace(folder / _FILE)
        except OSError:
            Path(part).unlink(missing_ok=True)


def _sum(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)


def _read(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            return b""
        return file.read(_LARGEST)
