"""What is remembered of journals between two runs: plans and writes to jobs that are over, for as long as their files stay as they are.

Nothing depends on it: an index that is missing, of another version, or not what was written once is read from the journals
again. `ledger verify` never believes it.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_app import __version__
from tui_app.core.files import read_own, replace_file
from tui_app.plans.ledger_entry import PlanSummary
from tui_app.plans.plan import FORMAT
from tui_app.plans.write_entry import WriteEntry
from tui_app.plans.write_records import WRITE_FORMAT

Stamp = tuple[int, ...]
"""Of a file: size, time of the last write, of the last change, inode, device. The third is set by no ordinary call."""
_FILE: Final = "journals.index"
_KIND: Final = f"mailsluice journals 3 {FORMAT} {WRITE_FORMAT} {__version__}".encode()
_LARGEST: Final = 512 * 1024 * 1024
"""Bytes: a thousand plans take about one million."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A plan or a write to a job, and the file that told of it."""

    stamp: Stamp
    uid: int
    plan: PlanSummary | None = None
    write: WriteEntry | None = None

    @property
    def summary(self) -> PlanSummary | WriteEntry | None:
        """Whichever of the two it is."""
        return self.plan or self.write


def load_index(folder: Path) -> Mapping[str, Remembered]:
    """What is remembered, by the name of the file; nothing when the index can't be used."""
    import msgspec

    try:
        kind, _, rest = read_own(folder / _FILE, _LARGEST).partition(b"\n")
        sum_, _, body = rest.partition(b"\n")
        if kind != _KIND or sum_ != _sum(body):
            return {}
        return msgspec.json.decode(body, type=dict[str, Remembered])
    except (OSError, ValueError, RecursionError):
        return {}


def save_index(folder: Path, remembered: Mapping[str, Remembered]) -> None:
    """Remember these and nothing else; the file is replaced as a whole. Errors are ignored.

    What can't be written, such as a name that is not UTF-8, is not remembered: its journal is read each time.
    """
    import msgspec

    parts: list[bytes] = []
    for name, known in remembered.items():
        with contextlib.suppress(ValueError, OverflowError, RecursionError):
            parts.append(msgspec.json.encode(name) + b":" + msgspec.json.encode(known))
    body = b"{" + b",".join(parts) + b"}"
    with contextlib.suppress(OSError, ValueError):
        replace_file(folder / _FILE, b"\n".join((_KIND, _sum(body), body)))


def _sum(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)
