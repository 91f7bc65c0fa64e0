"""All rows of one kind that were ever read: packed 32 at a time, with columns for what is asked of all of them."""

from __future__ import annotations

import marshal
import zlib
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Generic, TypeVar, overload

from tui_app.core.clock import no_yield
from tui_app.rows.id_index import IdIndex, Key, keys_of
from tui_app.rows.shape import Row, RowShape

T = TypeVar("T")

PACK: Final = 32
"""Rows that are packed together: few enough that one of them is quickly there, enough that they share what is alike."""
AT_ONCE: Final = 4 * PACK
"""Rows that are packed before somebody else may have a turn."""
UNPACKED: Final = 128
"""Packs kept open: more than two screens full."""


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows ready to be taken into a store. To make them takes most of the work: do it in a thread."""

    rows: list[Row]
    keys: list[Key]
    states: list[str]
    packs: list[bytes]

    @classmethod
    def of(cls, shape: RowShape[T], items: Iterable[T], yield_to_ui: Callable[[], None] = no_yield) -> PackedRows:
        """Pack rows as they were read; `yield_to_ui` is called after each few of many."""
        rows = shape.keep(items)
        ids, states = [[*map(itemgetter(shape.names.index(name)), rows)] for name in (shape.identity, shape.state)]
        keys: list[Key] = []
        packs: list[bytes] = []
        for start in range(0, len(rows), AT_ONCE):
            keys += keys_of(ids[start : start + AT_ONCE])
            packs += _packs(rows[start : start + AT_ONCE])
            yield_to_ui()
        return cls(rows, keys, [state if type(state) is str else "" for state in states], packs)

    def parts(self, size: int = 4 * AT_ONCE) -> Iterator[PackedRows]:
        """The same rows in portions, for whoever takes them between other things."""
        for start in range(0, len(self.rows), size):
            end = start + size
            packs = self.packs[start // PACK : -(-end // PACK)]
            yield PackedRows(self.rows[start:end], self.keys[start:end], self.states[start:end], packs)


class RowStore(Generic[T]):
    """Rows by slot, a number that stays: a row that is read again is the same slot with newer values.

    A row takes about 100 bytes. Its values are the same before and after.
    """

    def __init__(self, shape: RowShape[T]) -> None:
        self.shape = shape
        self._ids = IdIndex()
        self._packs: list[bytes] = []
        self._starts = array("I")
        """The first slot of each pack."""
        self._unpacked: OrderedDict[int, list[Row]] = OrderedDict()
        self._status_code: dict[str, int] = {}
        self._status = array("I")
        self._by_status: dict[int, array[int] | None] = {}
        self._marked = bytearray()
        self.marks = 0
        """How many rows are marked. Marks last through every reading, sort and filter."""
        self.changes = 0
        """Counts readings that brought other values for known rows."""
        self._fixed = tuple(map(shape.names.index, shape.fixed))
        self.of_one_id = 0
        """Counts rows that came under the id of another one: they are not taken, and that one is marked no more."""

    def __len__(self) -> int:
        return len(self._ids)

    # ---- taking rows

    def put(self, packed: PackedRows) -> array[int]:
        """Take rows as they were read just now: their slots."""
        first = len(self)
        slots = self._ids.add(packed.keys)
        new = len(self) - first
        if new == len(packed.rows):
            self._append(packed.states, packed.packs)
            return slots
        fresh: list[Row] = []
        states: list[str] = []
        known: list[tuple[int, Row, str]] = []
        for slot, row, state in zip(slots, packed.rows, packed.states, strict=True):
            if slot == first + len(fresh):
                fresh.append(row)
                states.append(state)
            else:
                known.append((slot, row, state))
        self._append(states, _packs(fresh))
        self._compare(known)
        return slots

    def _append(self, states: Sequence[str], packs: Sequence[bytes]) -> None:
        first, codes = len(self._status), self._status_code
        self._starts.extend(range(first, first + len(packs) * PACK, PACK))
        self._packs += packs
        self._marked += bytes(len(states))
        # By the state, not by the row: there are few states and very many rows.
        for state in dict.fromkeys(states):
            view = self._by_status.setdefault(codes.setdefault(state, len(codes)), array("I"))
            if view is not None:
                view.extend([slot for slot, other in enumerate(states, first) if other == state])
        self._status.extend([codes[state] for state in states])

    def _compare(self, known: Iterable[tuple[int, Row, str]]) -> None:
        """Take what differs from what was read before; packs that have nothing new stay as they are."""
        changed: dict[int, list[Row]] = {}
        for slot, row, state in known:
            number, position = self._pack_of(slot)
            rows = changed.get(number) or self._rows(number)
            if rows[position] == row:
                continue
            if self._is_another(rows[position], row):
                self.of_one_id += 1
                self.mark(array("I", [slot]), on=False)
                continue
            if number not in changed:
                rows = changed[number] = list(rows)
            rows[position] = row
            code = self._status_code.setdefault(state, len(self._status_code))
            if self._status[slot] != code:
                # Made anew when somebody wants to see them: rows change by the hundred.
                self._by_status[self._status[slot]] = self._by_status[code] = None
                self._status[slot] = code
        for number, rows in changed.items():
            (self._packs[number],) = _packs(rows)
            self._unpacked.pop(number, None)
        self.changes += bool(changed)

    def _is_another(self, before: Row, now: Row) -> bool:
        return any(before[at] is not None and now[at] is not None and before[at] != now[at] for at in self._fixed)

    def _pack_of(self, slot: int) -> tuple[int, int]:
        """The pack of a slot, and its place there."""
        number = bisect_right(self._starts, slot) - 1
        return number, slot - self._starts[number]

    def _rows(self, number: int) -> list[Row]:
        rows = self._unpacked.get(number)
        if rows is None:
            rows = self._unpacked[number] = _unpacked(self._packs[number])
            if len(self._unpacked) > UNPACKED:
                self._unpacked.popitem(last=False)
        else:
            self._unpacked.move_to_end(number)
        return rows

    # ---- looking at rows

    def row(self, slot: int) -> T:
        """The row as it was read last."""
        number, position = self._pack_of(slot)
        return self.shape.make(self._rows(number)[position])

    def rows(self, slots: Iterable[int]) -> Iterator[Row]:
        """Kept rows, one after the other, without disturbing what is kept open for the screen."""
        rows: list[Row] = []
        start = 0
        for slot in slots:
            if not start <= slot < start + len(rows):
                number, position = self._pack_of(slot)
                start = slot - position
                rows = self._unpacked.get(number) or _unpacked(self._packs[number])
            yield rows[slot - start]

    def id(self, slot: int) -> str:
        """The id of a row."""
        return self._ids[slot]

    def slot(self, identity: str) -> int | None:
        """The slot of an id."""
        return self._ids.find(identity)

    def with_status(self, status: str) -> array[int]:
        """Slots of all rows in this state, in the order in which they came."""
        code = self._status_code.setdefault(status, len(self._status_code))
        view = self._by_status.get(code)
        if view is None:
            view = array("I", [slot for slot, other in enumerate(self._status) if other == code])
            self._by_status[code] = view
        return view

    # ---- marks

    def is_marked(self, slot: int) -> bool:
        """Whether a row is marked."""
        return bool(self._marked[slot])

    def mark(self, slots: Iterable[int], *, on: bool) -> None:
        """Mark or unmark rows."""
        marked, value = self._marked, int(on)
        for slot in slots:
            if marked[slot] != value:
                marked[slot] = value
                self.marks += 1 if on else -1

    def unmark_all(self) -> None:
        """Mark none."""
        self._marked = bytearray(len(self._marked))
        self.marks = 0

    def marked_slots(self) -> Iterator[int]:
        """Slots of all marked rows."""
        position = self._marked.find(1)
        while position >= 0:
            yield position
            position = self._marked.find(1, position + 1)


def _packs(rows: list[Row]) -> list[bytes]:
    return [zlib.compress(marshal.dumps(rows[start : start + PACK]), 1) for start in range(0, len(rows), PACK)]


def _unpacked(pack: bytes) -> list[Row]:
    rows: list[Row] = marshal.loads(zlib.decompress(pack))  # noqa: S302 - our own bytes
    return rows


class OrderedRows(Sequence[T]):
    """Rows of a store in an order: what a table shows. Its length never changes; what the rows say may."""

    __slots__ = ("_length", "slots", "store")

    def __init__(self, store: RowStore[T], slots: array[int]) -> None:
        self.store = store
        self.slots = slots
        self._length = len(slots)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self.store.row(self.slots[position]) for position in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self.store.row(self.slots[index if index >= 0 else index + self._length])

    def key_at(self, index: int) -> str:
        """The id of the row at an index."""
        return self.store.id(self.slots[index])

    def index_of(self, key: str) -> int | None:
        """The index of a row; None if it is not here."""
        slot = self.store.slot(key)
        if slot is None:
            return None
        if slot < self._length and self.slots[slot] == slot:
            return slot
        try:
            return self.slots.index(slot, 0, self._length)
        except ValueError:
            return None

    # ---- marks

    @property
    def marks(self) -> int:
        """How many rows are marked, here or not."""
        return self.store.marks

    def is_marked(self, index: int) -> bool:
        """Whether the row at an index is marked."""
        return self.store.is_marked(self.slots[index])

    def mark(self, positions: Iterable[int], *, on: bool) -> None:
        """Mark or unmark rows by their indexes."""
        self.store.mark((self.slots[position] for position in positions), on=on)

    def unmark(self, keys: Iterable[str]) -> None:
        """Unmark these, here or not."""
        self.store.mark([slot for key in keys if (slot := self.store.slot(key)) is not None], on=False)

    def unmark_all(self) -> None:
        """Mark none, here or not."""
        self.store.unmark_all()

    def unmark_absent(self) -> None:
        """Mark nothing that is not here."""
        here = set(self.slots)
        self.store.mark([slot for slot in self.store.marked_slots() if slot not in here], on=False)

    def marked_rows(self) -> tuple[T, ...]:
        """All marked rows, here or not."""
        return tuple(self.store.row(slot) for slot in self.store.marked_slots())
