"""MailService: mail as screens and the command line ask for it: searched, and read one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_app.api.pagination import CursorPages, search_pages
from tui_app.mail.query import HELD_MAIL, Preset

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.errors import ApiError
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams
    from tui_app.core.clock import Clock
    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.seen_domains import SeenDomains
    from tui_app.core.text import Untrusted
    from tui_app.mail.find import Found
    from tui_app.mail.message_parts import MessageParts
    from tui_app.mail.search import MailSnapshot, MailSubject
    from tui_app.rows.export import Exported
    from tui_app.rows.shape import RowColumn


@dataclass
class MailService:
    """One account's mail, read only; what acts on mail is a plan."""

    client: Callable[[], EmailSecurityClient]
    clock: Clock
    diagnose: Callable[[ApiError], Awaitable[str]]
    """One more sentence on a refusal; never raises."""
    note: Callable[[], Awaitable[Any]] | None = None
    """Is asked before a search is; what it gives is kept with what is found."""
    seen: SeenDomains | None = None
    """The domains that mail was seen of before."""
    _subjects: dict[Preset, MailSubject] = field(default_factory=dict, init=False)

    def pages(self, params: SearchParams, *, exact: bool = False) -> CursorPages[Message]:
        """All messages that a search finds, page by page; `exact` keeps the objects as they were sent. Raises ApiError."""
        return search_pages(self.client(), params, exact=exact)

    def watch(self, listener: Callable[[MailSnapshot], None], preset: Preset = HELD_MAIL) -> MailSubject:
        """The search of a preset as it was left, with its marks; the listener gets a snapshot after each change."""
        from tui_app.mail.search import MailSubject

        subject = self._subjects.get(preset)
        if subject is None:
            subject = self._subjects[preset] = MailSubject(
                self.client, self.clock, self.diagnose, listener, preset, self.note, self.seen
            )
        subject.listener = listener
        return subject

    @property
    def known_domains(self) -> KnownDomains:
        """Domains that others may imitate, by the mail that was listed in this session."""
        from tui_app.core.look_alike import KnownDomains

        seen = self.seen.known((), {}) if self.seen is not None else KnownDomains.of((), {})
        listed = [subject for subject in self._subjects.values() if len(subject.snapshot.found)]
        largest = max(listed, key=lambda subject: len(subject.snapshot.found), default=None)
        return largest.known if largest is not None else seen

    def parts(self, investigate_id: Untrusted) -> MessageParts:
        """The parts of one message, each read when it is first asked for."""
        from tui_app.mail.message_parts import MessageParts

        return MessageParts(self.client, self.clock, investigate_id.exact)

    async def find(self, name: Untrusted) -> Found:
        """The messages that go by an id of any kind but a postfix id. Raises ApiError and UsageError."""
        from tui_app.mail.find import find_messages

        return await find_messages(self.client(), name.exact, self.clock.now())

    async def export(
        self,
        params: SearchParams,
        path: Path,
        columns: Sequence[RowColumn],
        only: frozenset[str] | None = None,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> Exported:
        """Write what a search finds to a new file, or `only` those of these ids. Raises ApiError and ExportFailed."""
        from tui_app.mail.export import export_mail

        return await export_mail(self.client(), params, path, columns, only, on_progress)
