"""The fields of a search, as a query of GET investigate and as the `search_params` of a new job.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/methods/list/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/bulk/methods/create/
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.wire_values import moment, texts
from tui_app.core.clock import rfc3339
from tui_app.core.verdict import VERDICTS, canonical_verdict

if TYPE_CHECKING:
    from tui_app.api.rows import Message

QUERY_DISPOSITIONS: Final = frozenset(
    {
        Disposition.MALICIOUS,
        Disposition.SUSPICIOUS,
        Disposition.SPOOF,
        Disposition.SPAM,
        Disposition.BULK,
        Disposition.NONE,
    }
)
"""The six of ten verdicts that a search accepts; a job accepts all ten."""
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParams:
    """Fields of a search, with the API's names. A field that is None is not sent; times are sent in UTC."""

    start: datetime | None = None
    end: datetime | None = None
    query: str | None = None
    detections_only: bool = True
    final_disposition: Disposition | None = None
    delivery_status: DeliveryStatus | None = None
    message_action: str | None = None
    sender: str | None = None
    recipient: str | None = None
    subject: str | None = None
    exact_subject: str | None = None
    domain: str | None = None
    message_id: str | None = None
    alert_id: str | None = None
    metric: str | None = None
    smtp_helo_ip: str | None = None
    submissions: bool = False

    def _given(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime):
                given[field.name] = rfc3339(value)
            elif value is not None and value != "":
                given[field.name] = value
        if not self.submissions:
            del given["submissions"]
        return given

    def as_body(self) -> dict[str, Any]:
        """The `search_params` of a new job."""
        return self._given()

    def as_query(self) -> dict[str, str]:
        """The query of a search. Fields that a search can't express are left out: see `not_searchable`."""
        given = self._given()
        given.pop("submissions", None)
        exact = given.pop("exact_subject", None)
        if exact:
            given.setdefault("subject", exact)
        if self.final_disposition not in QUERY_DISPOSITIONS:
            given.pop("final_disposition", None)
        given["detections_only"] = "true" if self.detections_only else "false"
        return {name: str(value) for name, value in given.items()}

    def describe(self) -> str:
        """What was searched for, in the API's names: `sender:a.example delivery_status:quarantined …`."""
        return " ".join(f"{name}:{value}" for name, value in self.as_query().items())

    def not_searchable(self) -> tuple[str, ...]:
        """Names of given fields that only a job understands: a preview by search is then not exact."""
        names = []
        if self.submissions:
            names.append("submissions")
        if self.final_disposition is not None and self.final_disposition not in QUERY_DISPOSITIONS:
            names.append("final_disposition")
        return tuple(names)

    def allows(self, message: Message) -> bool:
        """Whether a search may have found a message, as far as it says so itself.

        Compared are its verdict, its sender, its recipients, its times, and whether it is held.
        """
        raw = message.raw
        if not self._is_in_time(message):
            return False
        if self.recipient:
            names = [name.exact for name in (*texts(raw.client_recipients), *texts(raw.to))]
            if names and not any(self.recipient.casefold() in name.casefold() for name in names):
                return False
        if self.delivery_status is DeliveryStatus.QUARANTINED and raw.is_quarantined is False:
            return False
        if self.sender and isinstance(raw.envelope_from, str | None):
            senders = (message.sender.exact, raw.envelope_from or "")
            if any(senders) and not any(self.sender.casefold() in name.casefold() for name in senders):
                return False
        verdict = canonical_verdict(raw.final_disposition) if isinstance(raw.final_disposition, str) else ""
        if self.final_disposition in QUERY_DISPOSITIONS and verdict in VERDICTS:
            # A search for MALICIOUS may mean MALICIOUS-BEC too; a word that nobody knows may be a new one for either.
            return verdict.startswith(canonical_verdict(str(self.final_disposition)))
        return True

    def _is_in_time(self, message: Message) -> bool:
        """Whether one of a message's times is in the window; which one a search goes by is not documented."""
        raw = message.raw
        times = [time for time in map(moment, (raw.scanned_at, raw.ts, raw.sent_at)) if time is not None]
        earliest = self.start - _CLOCKS_DIFFER if self.start else None
        latest = self.end + _CLOCKS_DIFFER if self.end else None
        return not times or any(
            (earliest is None or time >= earliest) and (latest is None or time <= latest) for time in times
        )

    def narrows(self) -> bool:
        """Whether a field limits the messages besides the time: without one a job acts on all mail of that time."""
        bare = replace(self, start=None, end=None, detections_only=True, submissions=False, delivery_status=None)
        return bare != SearchParams()
