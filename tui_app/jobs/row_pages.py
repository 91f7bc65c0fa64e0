"""What the server listed of a job under one status, page by page, as far as it was read."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from tui_app.api.pagination import Lack
from tui_app.rows.store import OrderedRows, RowStore

if TYPE_CHECKING:
    from tui_app.api.enums import RowStatus
    from tui_app.api.rows import JobMessage


@dataclass(frozen=True, slots=True)
class PageLack:
    """What an answer had beside the rows that are listed of it, and what it did not have."""

    size: int = 0
    """How many rows the server had put into it, of whatever kind."""
    unreadable: int = 0
    unasked: int = 0
    """Rows that are not of the status that was asked for."""
    of_one_id: int = 0
    """Rows that had the id of an earlier one of the same page, and were not the same."""
    partial: bool = False
    """Whether the server said that something of it is not there."""
    counted: int = 0
    """How many rows it said that it has."""
    others: int = 0
    """What tells the rows that nobody asked for from those of another page."""


@dataclass
class RowPages:
    """Loaded pages in the server's order, as slots of the store. `status` is what the server was asked for."""

    store: RowStore[JobMessage]
    status: RowStatus | None
    per_page: int
    pages: list[array[int]] = field(default_factory=list)
    expected: int = 0
    """How many rows there are by the job's counters, as far as somebody said; 0 where nobody did."""
    proven: int | None = None
    """How many rows there were when an empty page showed the end, whatever the counters say."""
    complete: bool = False
    """Whether the last loaded page was the last there is."""
    due: bool = True
    """Whether counters moved since it was read."""
    stale: bool = False
    """Whether counters moved since some of its pages were read."""
    lacks: dict[int, PageLack] = field(default_factory=dict)
    """What each page had otherwise, by its number; also of one that ended the list and is not among `pages`."""
    _order: array[int] = field(default_factory=lambda: array("I"))
    _listed: bytearray = field(default_factory=bytearray)
    """One per slot: whether it is in the order already."""
    _repeated: bool = False
    _moved: bool = False
    """Whether the order is to be made anew."""

    def known(self, status: RowStatus) -> RowPages:
        """What the server would list of one status, when this lists all rows."""
        self._arrange()
        slots, listed = self.store.with_status(status.value), self._listed
        if len(self._order) < len(self.store):
            # Some were read under another status and are not listed any more.
            slots = array("I", [slot for slot in slots if slot < len(listed) and listed[slot]])
        pages = [slots[start : start + self.per_page] for start in range(0, len(slots), self.per_page)]
        return RowPages(self.store, status, self.per_page, pages, complete=True, due=False, _order=slots[:])

    @property
    def read(self) -> bool:
        """Whether anything is known of it yet."""
        return bool(self.pages) or self.complete

    def put(self, number: int, slots: array[int], lack: PageLack, *, last: bool) -> None:
        """Take page `number` (from 1): a new one at the end, or a newer reading of a loaded one; `last`: none follows."""
        if number > len(self.pages):
            self._add(slots, lack, last=last)
            return
        self.lacks[number] = lack
        self._moved |= slots != self.pages[number - 1]
        self.pages[number - 1] = slots
        if last:
            self._cut(number)
        elif number == len(self.pages):
            self.complete = False

    def _add(self, slots: array[int], lack: PageLack, *, last: bool) -> None:
        self._arrange()
        fresh = self._fresh(slots)
        number, same = len(self.pages) + 1, any(each.others == lack.others for each in self.lacks.values())
        is_new = bool(fresh) or bool(lack.unasked and not same)
        # A page of old acquaintances alone is a server that does not count pages: nothing of it is told twice.
        self.lacks[number] = lack if is_new or not lack.size else replace(lack, unreadable=0, unasked=0, counted=0)
        if is_new:
            self.pages.append(slots)
            self._repeated |= len(fresh) < len(slots)
            self._order.extend(fresh)
        self.complete = last or not is_new

    def _fresh(self, slots: array[int]) -> array[int]:
        """Those that are not listed yet, each once; they are from now on."""
        listed = self._listed
        before = len(listed)
        listed += bytes(max(0, len(self.store) - before))
        if slots and slots[0] >= before and slots == array("I", range(slots[0], slots[0] + len(slots))):
            # All of them were never seen before: nothing to be looked at one by one.
            listed[slots[0] : slots[0] + len(slots)] = b"\1" * len(slots)
            return slots[:]
        fresh = array("I")
        for slot in slots:
            if not listed[slot]:
                listed[slot] = 1
                fresh.append(slot)
        return fresh

    def end_before(self, number: int) -> None:
        """There is no page `number`: the list ends before it."""
        self._cut(number - 1)

    def _cut(self, last: int) -> None:
        self._moved |= len(self.pages) > last
        del self.pages[last:]
        for number in [number for number in self.lacks if number > last]:
            del self.lacks[number]
        self.complete = True

    def _arrange(self) -> None:
        """Put the pages together anew, if any of them is another one; once for all that were read again."""
        if not self._moved:
            return
        self._moved = False
        # A new array: whoever looks at the old one shall not see it change.
        self._order = array("I", dict.fromkeys(chain.from_iterable(self.pages)))
        self._repeated = sum(map(len, self.pages)) > len(self._order)
        self._listed = bytearray(len(self.store))
        for slot in self._order:
            self._listed[slot] = 1

    def in_smaller_pages(self) -> RowPages:
        """The same list from its beginning, for a server whose pages are larger than an answer may be."""
        return RowPages(self.store, self.status, self.per_page // 2)

    @property
    def next_page(self) -> int | None:
        """The number of the next page to load; None when all is loaded."""
        return None if self.complete else len(self.pages) + 1

    def before(self, number: int) -> int:
        """How many rows the server had put into the pages before page `number`."""
        pages = enumerate(self.pages[: number - 1], 1)
        return sum(self.lacks[page].size if page in self.lacks else len(slots) for page, slots in pages)

    @property
    def lack(self) -> Lack:
        """Why some rows may be missing, and what was left out; see `Pages`, which reads the same pages once."""
        self._arrange()
        lacks = self.lacks.values()
        unreadable, unasked = sum(each.unreadable for each in lacks), sum(each.unasked for each in lacks)
        # A server that counts the whole list on each page says how many came.
        counts = {each.counted for each in lacks if each.counted > each.size} - {
            len(self._order) + unreadable + unasked
        }
        return Lack(
            partial=any(each.partial for each in lacks),
            maybe_more=self.complete and bool(counts),
            shifted=self._repeated,
            unreadable=unreadable,
            of_one_id=sum(each.of_one_id for each in lacks),
            unasked=unasked,
        )

    def rows(self) -> OrderedRows[JobMessage]:
        """All loaded rows, each once: a page that shifted while another was read may repeat some."""
        self._arrange()
        return OrderedRows(self.store, self._order)
