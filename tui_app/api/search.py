"""The fields of a search, as a query of GET investigate and as the `search_params` of a new job.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/methods/list/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/bulk/methods/create/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import DeliveryStatus, Disposition, Operation
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
_NO_DETECTION: Final = frozenset({"NONE", "UNKNOWN", "EXTERNAL", "ENCRYPTED"})
_STATES: Final = frozenset(state.value for state in DeliveryStatus)
_KNOWN_OPERATIONS: Final = frozenset(operation.value for operation in Operation)
_OPERATIONS: Final = {
    "PREVIEW": frozenset({Operation.PREVIEW}),
    "QUARANTINE_RELEASED": frozenset({Operation.QUARANTINE_RELEASE, Operation.RELEASE}),
    "MOVED": frozenset({Operation.MOVE}),
}
"""What a message tells of an action, by the name that the action has in a search."""
_WORD: Final = re.compile(r"\w+")
_PLAIN_ADDRESS: Final = re.compile(r"[!-~]*[a-z0-9-]\.[a-z]+", re.ASCII)
"""An address or a domain."""


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
        """Whether a search may have found a message, as far as it says so itself: what it does not say is no reason.

        Not compared are `query`, whose words may stand in a file, `domain`, which may be that of a link, and `metric`. Of
        an exact subject the words are compared: a search is asked for no more.
        """
        return (
            self._is_in_time(message)
            and self._is_of_verdict(message)
            and self._is_of_people(message)
            and self._is_named(message)
            and self._is_so_delivered(message)
            and self._is_so_treated(message)
        )

    def _is_of_verdict(self, message: Message) -> bool:
        said = message.raw.final_disposition
        verdict = canonical_verdict(said) if isinstance(said, str) else ""
        if verdict not in VERDICTS:
            return True  # a word that nobody knows may be a new one for any
        if self.final_disposition in QUERY_DISPOSITIONS:
            # A search for MALICIOUS may mean MALICIOUS-BEC too.
            return verdict.startswith(canonical_verdict(str(self.final_disposition)))
        return not (self.detections_only and verdict in _NO_DETECTION)

    def _is_of_people(self, message: Message) -> bool:
        raw = message.raw
        if self.recipient:
            names = [name.exact for name in (*texts(raw.client_recipients), *texts(raw.to))]
            if _is_of_others(self.recipient, names):
                return False
        if self.sender and isinstance(raw.envelope_from, str | None):
            senders = [name for name in (message.sender.exact, raw.envelope_from or "") if name]
            if _is_of_others(self.sender, senders):
                return False
        return not self.smtp_helo_ip or not _differs(_address, self.smtp_helo_ip, raw.smtp_helo_server_ip)

    def _is_named(self, message: Message) -> bool:
        raw = message.raw
        if self.message_id and _differs(_name, self.message_id, raw.message_id):
            return False
        if self.alert_id and _differs(_name, self.alert_id, raw.alert_id):
            return False
        words = self.subject or self.exact_subject
        subject = raw.subject
        # A subject that is encoded, or in another form of the same letters, tells too little to refuse it.
        if not words or not isinstance(subject, str) or not subject.strip() or "=?" in subject:
            return True
        told = _letters(subject)
        return all(word in told for word in _WORD.findall(_letters(words)))

    def _is_so_delivered(self, message: Message) -> bool:
        raw = message.raw
        if self.delivery_status is DeliveryStatus.QUARANTINED and isinstance(raw.is_quarantined, bool):
            return raw.is_quarantined
        states = _states_of(message)
        return self.delivery_status is None or not states <= _STATES or not states or self.delivery_status in states

    def _is_so_treated(self, message: Message) -> bool:
        wanted = _OPERATIONS.get((self.message_action or "").upper())
        done = frozenset(each.exact.strip().upper() for each in texts(message.raw.post_delivery_operations))
        if not wanted or not done or not done <= _KNOWN_OPERATIONS or wanted & done:
            return True
        return Operation.MOVE in wanted and DeliveryStatus.MOVED in _states_of(message)

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


def _states_of(message: Message) -> frozenset[str]:
    return frozenset(state.exact.strip().casefold() for state in texts(message.raw.delivery_status))


def _differs(read: Callable[[str], str], wanted: str, told: object) -> bool:
    """Whether a message tells another value than the wanted one; what can't be read is no other."""
    if not isinstance(told, str):
        return False
    one, other = read(wanted), read(told)
    return bool(one and other) and one != other


def _name(text: str) -> str:
    """A Message-ID or alert id in one form: brackets and capitals may be written or not."""
    return text.strip().strip("<>").strip().casefold()


def _address(text: str) -> str:
    """An IP address in one form; empty for what is none, as a network."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return ""


def _is_of_others(wanted: str, names: Sequence[str]) -> bool:
    """Whether all of these addresses are others than what was asked for. What can't be compared is no reason.

    A name instead of an address, and letters that may be written in several ways (IDNA, composed or not), are not compared.
    """
    bare = wanted.strip().strip("<>").casefold()
    comparable = all(name.isascii() and "xn--" not in name.lower() for name in names)
    if not names or not comparable or not _PLAIN_ADDRESS.fullmatch(bare) or "xn--" in bare:
        return False
    return not any(bare in name.casefold() for name in names)


def _letters(text: str) -> str:
    """A text without capitals and accents, character by character, so that a part of it stays a part of it."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
