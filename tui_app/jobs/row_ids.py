"""The ids of very many rows, each once: which row has an id, and which id a row has."""

from __future__ import annotations

from array import array
from typing import Any, Final, cast

_SHARDS: Final = 256
_SMALLEST: Final = 8


class RowIds:
    """Ids by row number, from 0. A uuid in its usual form takes sixteen bytes, and finding it eight more or less.

    A dict would take more than all the rest of a row.
    """

    __slots__ = ("_bytes", "_counts", "_odd", "_shards")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._odd: dict[int, str] = {}
        """What is no uuid, or not written as usual."""
        # Open addressing with row number + 1, or 0; in shards that grow one at a time, so that no row waits for all others.
        self._shards = [array("I", bytes(4 * _SMALLEST)) for _ in range(_SHARDS)]
        self._counts = [0] * _SHARDS

    def __len__(self) -> int:
        return len(self._bytes) // 16

    def __getitem__(self, row: int) -> str:
        if row in self._odd:
            return self._odd[row]
        return _written(self._bytes[16 * row : 16 * row + 16])

    def find(self, identity: str) -> int | None:
        """The row of an id."""
        key = _packed(identity) or identity
        row = self._look(key, hash(key))
        return row if row >= 0 else None

    def add(self, identity: str) -> tuple[int, bool]:
        """The row of an id, and whether it is a new one."""
        key = _packed(identity) or identity
        # Python's own hash of bytes is keyed anew in each process: no server can choose ids that collide.
        spread = hash(key)
        row = self._look(key, spread)
        if row >= 0:
            return row, False
        place, row, number = -row - 1, len(self._bytes) // 16, spread % _SHARDS
        if type(key) is bytes:
            self._bytes += key
        else:
            self._odd[row] = identity
            self._bytes += bytes(16)
        shard = self._shards[number]
        shard[place] = row + 1
        self._counts[number] += 1
        # Each shard is full at another moment: else all of them would grow in the same page.
        if self._counts[number] > len(shard) * (0.4 + 0.3 * number / _SHARDS):
            self._grow(number)
        return row, True

    def _look(self, key: str | bytes, spread: int) -> int:
        """The row of an id; if there is none, -1 minus the place where it belongs."""
        shard = self._shards[spread % _SHARDS]
        mask = len(shard) - 1
        place = (spread >> 8) & mask
        # Whichever kind the key is, the other never equals it.
        ids, odd, wanted = self._bytes, self._odd, cast(Any, key)
        while entry := shard[place]:
            start = 16 * entry - 16
            if ids[start : start + 16] == wanted:
                if not odd or entry - 1 not in odd:
                    return entry - 1
            elif odd and odd.get(entry - 1) == key:
                return entry - 1
            place = (place + 1) & mask
        return -1 - place

    def _grow(self, number: int) -> None:
        before = self._shards[number]
        shard = self._shards[number] = array("I", bytes(4 * 2 * len(before)))
        mask = len(shard) - 1
        for entry in before:
            if entry:
                row = entry - 1
                key = self._odd.get(row) or bytes(self._bytes[16 * row : 16 * row + 16])
                place = (hash(key) >> 8) & mask
                while shard[place]:
                    place = (place + 1) & mask
                shard[place] = entry


def _packed(identity: str) -> bytes | None:
    """A uuid's sixteen bytes; None for what would not come back as the same text."""
    digits = identity.replace("-", "")
    if len(identity) != 36 or len(digits) != 32:
        return None
    if not identity[8] == identity[13] == identity[18] == identity[23] == "-":
        return None
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return None
    return packed if packed.hex() == digits else None


def _written(packed: bytes | bytearray) -> str:
    text = packed.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
