"""A search for mail that is loaded page by page: it tells its listener what is here and what went wrong."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import Disposition
from tui_app.api.errors import ApiError
from tui_app.api.pagination import WHOLE, CursorPages, Lack, search_pages
from tui_app.core.address import domain_in
from tui_app.core.errors import SluiceError
from tui_app.core.seen_domains import SeenDomains
from tui_app.core.state_file import StateFile
from tui_app.mail.columns import MAIL_ROWS
from tui_app.mail.groups import GroupedMail, OddMail, group_mail
from tui_app.mail.query import ALL_MAIL, Preset, parse_query
from tui_app.rows.store import OrderedRows, PackedRows, RowStore
from tui_app.rows.view import AS_LISTED, Arranger, RowView, Superseded

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.core.clock import Clock
    from tui_app.core.look_alike import KnownDomains

LOADED_AT_ONCE: Final = 5000
"""Messages loaded without being asked: five requests."""
TELL_EVERY: Final = 0.25
"""Seconds between two arrangements while pages come in as fast as they can."""


@dataclass(frozen=True, slots=True)
class MailSnapshot:
    """What was found so far of one search, and whether that is all."""

    line: str
    """The search as it was typed."""
    params: SearchParams
    found: OrderedRows[Message]
    """Each message once, in the server's order."""
    rows: OrderedRows[Message]
    """The same, filtered and sorted."""
    arranged: RowView = AS_LISTED
    """What `rows` went through; while more is asked for, still what it was."""
    complete: bool = False
    loading: bool = False
    lack: Lack = WHOLE
    """What may be missing of what was read so far, whether more is to be loaded or not."""
    problem: SluiceError | None = None
    """Why loading ended early."""
    diagnosis: str = ""
    """One more sentence on the problem; empty where there is none."""
    read_at: datetime | None = None
    noted: Any = None
    """What was noted before its first page was asked for; see `MailSubject`."""

    @property
    def may_miss(self) -> bool:
        """Whether some of what was read so far may be missing."""
        return self.lack.may_miss

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Why that is, in words; beside what is counted."""
        return self.lack.uncounted.doubts("message")

    @property
    def missing(self) -> str:
        """In words, what may be missing of the found mail; empty when it is all here."""
        return "; ".join([*(() if self.complete else ("not all is loaded",)), *self.lack.doubts("message")])


_BAD: Final = frozenset({Disposition.MALICIOUS, Disposition.MALICIOUS_BEC, Disposition.SUSPICIOUS, Disposition.SPOOF})
_GOOD: Final = frozenset({None, Disposition.NONE, Disposition.BULK})


class _Domains:
    """Counts the domains of mail as it comes."""

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._senders: Counter[str] = Counter()
        self._good: Counter[str] = Counter()

    def add(self, messages: Iterable[Message]) -> None:
        for message in messages:
            raw = message.raw
            for name in raw.client_recipients or ():
                self._own.add(domain_in(name))
            # Who sends mail with a bad verdict must not pass for a sender that others imitate.
            if type(raw.sender) is str and message.final_disposition not in _BAD:
                domain = domain_in(raw.sender)
                self._senders[domain] += 1
                if message.final_disposition in _GOOD and str(message.dmarc or "").lower() != "fail":
                    self._good[domain] += 1

    @property
    def counted(self) -> tuple[set[str], dict[str, int]]:
        """Domains of mailboxes, and of senders with their counts."""
        return self._own - {""}, {name: count for name, count in self._senders.items() if name}

    @property
    def worth_remembering(self) -> tuple[set[str], dict[str, int]]:
        """The same, of senders only mail that nothing speaks against."""
        return self.counted[0], {name: count for name, count in self._good.items() if name}

    def known(self, seen: SeenDomains) -> KnownDomains:
        return seen.known(*self.counted)


class MailSubject:
    """One search at a time. It is not polled: it loads when it is asked to. It outlives the screen that shows it."""

    def __init__(
        self,
        client: Callable[[], EmailSecurityClient],
        clock: Clock,
        diagnose: Callable[[ApiError], Awaitable[str]],
        listener: Callable[[MailSnapshot], None],
        preset: Preset = ALL_MAIL,
        note: Callable[[], Awaitable[Any]] | None = None,
        seen: SeenDomains | None = None,
    ) -> None:
        """`note` is asked for before the first page of a search: what it gives is kept with what is found.

        `seen` = the domains that mail was seen of before.
        """
        self._client = client
        self._clock = clock
        self._diagnose = diagnose
        self.listener = listener
        self.preset = preset
        self._note = note
        self._seen = seen or SeenDomains(StateFile(), "")
        self._pages: CursorPages[Message] | None = None
        self.grouped = GroupedMail()
        """The found mail in groups, as of the last time that somebody asked for them."""
        self._grouped_of: tuple[OrderedRows[Message], int] | None = None
        self._arranger: Arranger[Message] = Arranger()
        self._one_at_a_time = asyncio.Lock()
        self._grouping = asyncio.Lock()
        self.cursor: str | None = None
        """The message under the cursor, for when somebody comes back."""
        self.left_out: dict[str, Any] = {}
        """What was left out when others were marked, by id: whoever marks keeps it here with the marks."""
        self.marked_with: frozenset[str] = frozenset()
        """What was marked then."""
        self.by_hand: dict[str, str] = {}
        """Messages that somebody marked one by one while they were told as odd, and what was told of each."""
        self._odd_before: dict[int, OddMail] = {}
        """What was odd when the same list was read before: it holds until all of it is read and grouped anew."""
        self._noted_before: Any = None
        """What was noted for rows of the same list that are not read anew yet."""
        self.history: list[str] = []
        """Lines that were searched for, the last one at the end."""
        self.snapshot = self._empty("", parse_query("", clock.now(), preset))

    def _empty(self, line: str, params: SearchParams, store: RowStore[Message] | None = None) -> MailSnapshot:
        rows = OrderedRows(store or RowStore(MAIL_ROWS), array("I"))
        self._listed = bytearray()
        self.grouped, self._grouped_of = GroupedMail(), None
        self._domains = _Domains()
        self._known = 0, self._domains.known(self._seen)
        return MailSnapshot(line, params, rows, rows)

    @property
    def store(self) -> RowStore[Message]:
        """Where the messages and their marks are."""
        return self.snapshot.found.store

    @property
    def known(self) -> KnownDomains:
        """Domains that others may imitate: those of the mailboxes, and those that the listed mail comes from."""
        count, known = self._known
        here = len(self.snapshot.found)
        # Made anew for each page of many it would take longer than to load them.
        if here > 1.2 * count or (here != count and not self.snapshot.loading):
            known = self._domains.known(self._seen)
            self._known = here, known
        return known

    @property
    def wanted(self) -> RowView:
        """Filter and sort, as asked for last."""
        return self._arranger.wanted

    @property
    def asked(self) -> bool:
        """Whether anything was searched for yet."""
        return bool(self.history)

    def ask(self, line: str) -> None:
        """Turn to the search that a line stands for; `load` asks the server. Raises QueryError.

        The same line again keeps the marks: it is the same list, read anew.
        """
        before = self.snapshot
        params = parse_query(line, self._clock.now(), self.preset)
        again = self.asked and line == before.line
        self._odd_before = dict(self.odd_slots) if again else {}
        self._noted_before = self.noted if again else None
        self.history = [*(known for known in self.history if known != line), line]
        self._pages = None
        if not again:
            self._arranger.wanted = replace(self._arranger.wanted, filter=None)
        begun = self._empty(line, params, self.store if again else None)
        self._tell(replace(begun, read_at=before.read_at, arranged=self.wanted))

    async def load(self, at_most: int = LOADED_AT_ONCE, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Load pages until so many more messages are here, or all are. What goes wrong is in the snapshot.

        `on_progress` is told how many are here.
        """
        begun = self.snapshot
        if self._pages is None and self._note is not None:
            self._tell(replace(begun, loading=True))
            try:
                # Before the first page is asked for: who is cut off here begins anew, and notes anew.
                noted = await self._note()
            except BaseException as error:
                if self.snapshot.params is begun.params:
                    problem = error if isinstance(error, SluiceError) else None
                    self._tell(replace(self.snapshot, loading=False, problem=problem))
                if isinstance(error, SluiceError):
                    return
                raise
            if self._pages is not None or self.snapshot.params is not begun.params:
                return  # another search was begun meanwhile
            self.snapshot = replace(self.snapshot, noted=noted)
        if self._pages is None:
            self._pages = search_pages(self._client(), self.snapshot.params)
        pages, enough = self._pages, len(self.snapshot.found) + at_most
        self._change(pages, loading=True, problem=None, diagnosis="")
        told, told_at = 0, float("-inf")
        try:
            while not pages.complete and len(self.snapshot.found) < enough and pages is self._pages:
                # Shielded: a page that came must not be lost because its screen goes away; the next one begins behind it.
                await asyncio.shield(self._take(pages, await pages.load()))
                count = len(self.snapshot.found)
                on_progress(count)
                # To sort all of them again for each page would take longer than to load them.
                due = self._clock.monotonic() - told_at >= TELL_EVERY
                if due and (self.wanted.sort is None or count > 1.3 * told):
                    await self.arranged()
                    told, told_at = count, self._clock.monotonic()
        except SluiceError as error:
            diagnosis = await self._diagnose(error) if isinstance(error, ApiError) else ""
            self._change(pages, problem=error, diagnosis=diagnosis)
        finally:
            # Also when it is cancelled because the screen goes away.
            self._change(pages, loading=False)
            if pages.complete and pages is self._pages:
                self._noted_before = None
                self._seen.add(*self._domains.worth_remembering)
        await self.arranged()

    async def _take(self, pages: CursorPages[Message], more: tuple[Message, ...]) -> None:
        packed = await asyncio.to_thread(PackedRows.of, MAIL_ROWS, more, self._client().transport.yield_to_ui)
        if pages is not self._pages:
            return
        before = self.snapshot.found
        fresh = self._fresh(before.store.put(packed))
        self._domains.add(more)
        before.slots.extend(fresh)
        self._change(
            pages,
            found=OrderedRows(before.store, before.slots),
            complete=pages.complete,
            lack=pages.lack,
            read_at=self._clock.now(),
        )

    def _fresh(self, slots: array[int]) -> array[int]:
        """Those that are not listed yet, each once; they are from now on."""
        listed = self._listed
        listed += bytes(max(0, len(self.store) - len(listed)))
        fresh = array("I")
        for slot in slots:
            if not listed[slot]:
                listed[slot] = 1
                fresh.append(slot)
        return fresh

    async def arrange(self, wanted: RowView) -> None:
        """Show what is here filtered and sorted from now on."""
        self._arranger.wanted = wanted
        await self.arranged()

    async def arranged(self) -> None:
        """Arrange what is here as it is wanted."""
        pages = self._pages
        async with self._one_at_a_time:
            found, wanted = self.snapshot.found, self.wanted
            try:
                rows = await self._arranger.arrange(found, lambda: self._pages is pages)
            except Superseded:
                return
        if self._pages is pages:
            self._tell(replace(self.snapshot, rows=rows, arranged=wanted))

    async def group(self) -> GroupedMail | None:
        """What is found, in groups, with the odd ones; made anew where more came since. None where another search came between."""
        async with self._grouping:
            snapshot, pages = self.snapshot, self._pages
            made_of = (snapshot.found, self.store.changes)
            if self._grouped_of != made_of:
                try:
                    self.grouped = await group_mail(snapshot.found, self.known, still=lambda: self._pages is pages)
                except Superseded:
                    return None
                self._grouped_of = made_of
                if snapshot.complete:
                    self._odd_before = {}
            return self.grouped

    @property
    def odd_slots(self) -> Mapping[int, OddMail]:
        """What is odd, by slot; while the same list is read again, also what was odd before."""
        return {**self._odd_before, **self.grouped.odd} if self._odd_before else self.grouped.odd

    @property
    def noted(self) -> Any:
        """What was noted before the oldest of the rows was asked for."""
        return self.snapshot.noted if self._noted_before is None else self._noted_before

    def marked(self) -> tuple[Message, ...]:
        """All marked messages, listed or not."""
        return tuple(map(self.store.row, self.store.marked_slots()))

    def odd(self, identity: str) -> OddMail | None:
        """What is different in a message, as far as it was reckoned; None for one like the others."""
        slot = self.store.slot(identity)
        return None if slot is None else self.odd_slots.get(slot)

    def _change(self, pages: CursorPages[Message], **changes: object) -> None:
        if pages is self._pages:
            self._tell(replace(self.snapshot, **changes))  # type: ignore[arg-type]

    def _tell(self, snapshot: MailSnapshot) -> None:
        self.snapshot = snapshot
        self.listener(snapshot)
