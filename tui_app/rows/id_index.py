"""The ids of very many rows, each once: which row has an id, and which id a row has."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Final, cast

Key = str | bytes
_SHARDS: Final = 256
_SMALLEST: Final = 128
"""Places of a shard: so many that chance alone never fills one of them, when half of them are taken on average."""

_AT_ONCE: Final = 4 * _SHARDS
"""Ids that are added before shards may grow."""


class IdIndex:
    """Ids by row number, from 0. A uuid in its usual form takes sixteen bytes, and finding it eight more or less.

    A dict would take more than all the rest of a row.
    """

    __slots__ = ("_bytes", "_growing", "_next_growth", "_odd", "_shards")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._odd: dict[int, str] = {}
        """What is no uuid, or not written as usual."""
        # Open addressing with row number + 1, or 0; in shards that grow one at a time, so that no row waits for all others.
        self._shards = [array("I", bytes(4 * _SMALLEST)) for _ in range(_SHARDS)]
        self._growing = 0
        """The shard that grows next."""
        self._next_growth = _growth(0, _SMALLEST)

    def __len__(self) -> int:
        return len(self._bytes) // 16

    def __getitem__(self, row: int) -> str:
        if row in self._odd:
            return self._odd[row]
        return _written(self._bytes[16 * row : 16 * row + 16])

    def find(self, identity: str) -> int | None:
        """The row of an id."""
        key = key_of(identity)
        # Python's own hash of bytes is keyed anew in each process: no server can choose ids that collide.
        return self._look(key, hash(key))

    def add(self, keys: Sequence[Key]) -> array[int]:
        """The rows of ids, by their keys; new ones get the next numbers, in their order."""
        rows = array("I")
        for start in range(0, len(keys), _AT_ONCE):
            rows.extend(self._add(keys[start : start + _AT_ONCE]))
        return rows

    def _add(self, keys: Sequence[Any]) -> array[int]:
        first = len(self)
        if not {bytes}.issuperset(map(type, keys)):
            return array("I", [self._add_one(key) for key in keys])
        # Nearly always all of them are new: taken for that until one is found that is not.
        self._bytes += b"".join(keys)
        new, shards, ids, odd = first, self._shards, self._bytes, self._odd
        for spread in map(hash, keys):
            shard = shards[spread % _SHARDS]
            mask = len(shard) - 1
            position = (spread >> 8) & mask
            while entry := shard[position]:
                start = 16 * entry - 16
                if ids[start : start + 16] == keys[new - first] and entry - 1 not in odd:
                    break
                position = (position + 1) & mask
            else:
                new += 1
                shard[position] = new
                continue
            break
        del ids[16 * new :]
        rows = array("I", range(first, new))
        self._make_room()
        rows.extend([self._add_one(key) for key in keys[new - first :]])
        return rows

    def _add_one(self, key: Key) -> int:
        spread = hash(key)
        row = self._look(key, spread)
        if row is None:
            row = len(self)
            if type(key) is bytes:
                self._bytes += key
            else:
                self._odd[row] = str(key)
                self._bytes += bytes(16)
            _put(self._shards[spread % _SHARDS], spread, row)
            self._make_room()
        return row

    def _make_room(self) -> None:
        """Let those shards grow that are due. Ids are spread evenly, so how full a shard is follows from how many there are."""
        while len(self) > self._next_growth:
            number = self._growing
            before = self._shards[number]
            shard = self._shards[number] = array("I", bytes(4 * 2 * len(before)))
            odd, ids = self._odd, self._bytes
            for entry in before:
                if entry:
                    key = odd.get(entry - 1) if odd else None
                    _put(shard, hash(key or bytes(ids[16 * entry - 16 : 16 * entry])), entry - 1)
            self._growing = (number + 1) % _SHARDS
            self._next_growth = _growth(self._growing, len(self._shards[self._growing]))

    def _look(self, key: Key, spread: int) -> int | None:
        shard = self._shards[spread % _SHARDS]
        mask = len(shard) - 1
        position = (spread >> 8) & mask
        # Whichever kind the key is, the other never equals it.
        ids, odd, wanted = self._bytes, self._odd, cast(Any, key)
        while entry := shard[position]:
            start = 16 * entry - 16
            if ids[start : start + 16] == wanted:
                if not odd or entry - 1 not in odd:
                    return entry - 1
            elif odd and odd.get(entry - 1) == wanted:
                return entry - 1
            position = (position + 1) & mask
        return None


def _put(shard: array[int], spread: int, row: int) -> None:
    mask = len(shard) - 1
    position = (spread >> 8) & mask
    while shard[position]:
        position = (position + 1) & mask
    shard[position] = row + 1


def _growth(number: int, places: int) -> float:
    """How many ids there are when a shard of so many places has to grow, a quarter to half full.

    Each does at another moment: else all of them would grow in the same page.
    """
    return _SHARDS * places * (0.25 + 0.25 * number / _SHARDS)


def key_of(identity: str) -> Key:
    """What an id goes by: a uuid's sixteen bytes, or the id itself where those would not come back as the same text."""
    digits = identity.replace("-", "")
    if len(identity) != 36 or len(digits) != 32:
        return identity
    if not identity[8] == identity[13] == identity[18] == identity[23] == "-":
        return identity
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return identity
    return packed if packed.hex() == digits else identity


def keys_of(identities: Sequence[str]) -> list[Key]:
    """The keys of many ids; quick where all of them are uuids in their usual form."""
    many, text = len(identities), "".join(identities)
    digits = text.replace("-", "")
    dashes = "-" * many
    usual = (
        len(digits) == 32 * many
        and {36}.issuperset(map(len, identities))
        and text[8::36] == text[13::36] == text[18::36] == text[23::36] == dashes
    )
    if not usual:
        return [*map(key_of, identities)]
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return [*map(key_of, identities)]
    if packed.hex() != digits:
        return [*map(key_of, identities)]
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]


def _written(packed: bytes | bytearray) -> str:
    text = packed.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
