"""All rows of a job that were ever read: packed by the dozen, with columns for what is asked of all of them."""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, overload

from tui_app.api.messages import JobMessage
from tui_app.jobs.row_ids import RowIds

PACK: Final = 32
"""Rows that are packed together: few enough that one of them is quickly there, enough that they share what is alike."""
UNPACKED: Final = 128
"""Packs kept open: more than two screens full."""
_STATUS: Final = 5
_EXACT: Final = 16
"""Places in a row: its status, and the exact object, which is not kept here."""

Row = tuple[Any, ...]


class MessageStore:
    """Rows by slot, a number that stays: a row that is read again is the same slot with newer values.

    A row takes about 100 bytes. It is a tuple of JSON values before and after, exactly the same.
    """

    def __init__(self) -> None:
        self._ids = RowIds()
        self._packs: list[bytes] = []
        self._last: list[Row] = []
        """Rows that do not fill a pack yet."""
        self._unpacked: OrderedDict[int, list[Row]] = OrderedDict()
        self._status_code: dict[str, int] = {}
        self._status = array("I")
        self._by_status: dict[int, array[int] | None] = {}
        self._marked = bytearray()
        self.marks = 0
        """How many rows are marked. Marks last through every reading, sort and filter."""
        self.changes = 0
        """Counts readings that brought other values for known rows."""

    def __len__(self) -> int:
        return len(self._ids)

    # ---- taking rows

    def put(self, rows: Iterable[JobMessage]) -> array[int]:
        """Take rows as they were read just now: their slots."""
        slots = array("I")
        changed: dict[int, dict[int, Row]] = {}
        for row in rows:
            slot, new = self._ids.add(row[0])
            slots.append(slot)
            # A plain tuple of atoms is nothing that the garbage collector has to look at.
            plain = tuple(row) if row[_EXACT] is None else (*row[:_EXACT], None)
            if new:
                self._append(slot, plain)
            elif (number := slot // PACK) in changed or self._rows(number)[slot % PACK] != plain:
                changed.setdefault(number, {})[slot % PACK] = plain
        for number, news in changed.items():
            self._replace(number, news)
        self.changes += bool(changed)
        return slots

    def _append(self, slot: int, row: Row) -> None:
        self._last.append(row)
        if len(self._last) == PACK:
            self._packs.append(_packed(self._last))
            self._last = []
        code = self._code(row[_STATUS])
        self._status.append(code)
        self._marked.append(0)
        view = self._by_status.setdefault(code, array("I"))
        if view is not None:
            view.append(slot)

    def _replace(self, number: int, news: dict[int, Row]) -> None:
        rows = list(self._rows(number))
        for place, row in news.items():
            rows[place] = row
            slot, code = number * PACK + place, self._code(row[_STATUS])
            if self._status[slot] != code:
                # Made anew when somebody wants to see them: rows change by the hundred.
                self._by_status[self._status[slot]] = self._by_status[code] = None
                self._status[slot] = code
        if number == len(self._packs):
            self._last = rows
        else:
            self._packs[number] = _packed(rows)
            self._unpacked.pop(number, None)

    def _code(self, status: str) -> int:
        return self._status_code.setdefault(status, len(self._status_code))

    def _rows(self, number: int) -> list[Row]:
        if number == len(self._packs):
            return self._last
        rows = self._unpacked.get(number)
        if rows is None:
            rows = self._unpacked[number] = marshal.loads(zlib.decompress(self._packs[number]))  # noqa: S302 - our own bytes
            if len(self._unpacked) > UNPACKED:
                self._unpacked.popitem(last=False)
        else:
            self._unpacked.move_to_end(number)
        return rows

    # ---- looking at rows

    def row(self, slot: int) -> JobMessage:
        """The row as it was read last."""
        return JobMessage(self._rows(slot // PACK)[slot % PACK])

    def rows(self, slots: Iterable[int]) -> Iterator[Row]:
        """Plain rows, one after the other, without disturbing what is kept open for the screen."""
        number, rows = -1, self._last
        for slot in slots:
            if slot // PACK != number:
                number = slot // PACK
                rows = self._unpacked.get(number) or (
                    self._last if number == len(self._packs) else marshal.loads(zlib.decompress(self._packs[number]))  # noqa: S302 - our own bytes
                )
            yield rows[slot % PACK]

    def id(self, slot: int) -> str:
        """The id of a row."""
        return self._ids[slot]

    def slot(self, identity: str) -> int | None:
        """The slot of an id."""
        return self._ids.find(identity)

    def with_status(self, status: str) -> array[int]:
        """Slots of all rows in this state, in the order in which they came."""
        code = self._code(status)
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
        place = self._marked.find(1)
        while place >= 0:
            yield place
            place = self._marked.find(1, place + 1)


def _packed(rows: Sequence[Row]) -> bytes:
    return zlib.compress(marshal.dumps(list(rows)), 1)


class MessageView(Sequence[JobMessage]):
    """Rows of a store in an order: what a table shows. Its length never changes; what the rows say may."""

    __slots__ = ("_length", "slots", "store")

    def __init__(self, store: MessageStore, slots: array[int]) -> None:
        self.store = store
        self.slots = slots
        self._length = len(slots)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> JobMessage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[JobMessage]: ...
    def __getitem__(self, index: int | slice) -> JobMessage | Sequence[JobMessage]:
        if isinstance(index, slice):
            return [self.store.row(self.slots[place]) for place in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self.store.row(self.slots[index if index >= 0 else index + self._length])

    def key_at(self, index: int) -> str:
        """The id of the row at a place."""
        return self.store.id(self.slots[index])

    def place_of(self, key: str) -> int | None:
        """The place of a row; None if it is not here."""
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
        """Whether the row at a place is marked."""
        return self.store.is_marked(self.slots[index])

    def mark(self, places: Iterable[int], *, on: bool) -> None:
        """Mark or unmark rows by their places."""
        self.store.mark((self.slots[place] for place in places), on=on)

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

    def marked_rows(self) -> tuple[JobMessage, ...]:
        """All marked rows, here or not."""
        return tuple(self.store.row(slot) for slot in self.store.marked_slots())
