"""Whether an answer about a message may be another mail's: answers about parts of a message name no id of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tui_app.api.details import MessageDetails
from tui_app.core.address import canonical_address
from tui_app.core.id_form import POSTFIX_ID
from tui_app.core.text import Untrusted, sanitize
from tui_app.core.verdict import canonical_verdict

if TYPE_CHECKING:
    from tui_app.api.details import Detections, Trace
    from tui_app.api.rows import Message
    from tui_app.mail.eml import Header

_SHOWN: Final = 200
_IN_BRACKETS: Final = re.compile(r"<([^<>\s]+)>")
_IN_A_TRACE: Final = re.compile(r"message-id=<?([^<>\s,;]+)", re.IGNORECASE)
_WORD: Final = re.compile(r"[0-9A-Za-z]+")

Facts = tuple[str, str, str, frozenset[str]]
NO_FACTS: Final[Facts] = ("", "", "", frozenset())


def facts_of(message: Message | None) -> Facts:
    """What answers are compared with: Message-ID, sender, verdict and postfix ids; empty where it is not known."""
    if message is None:
        return NO_FACTS
    outbound = MessageDetails.from_wire(message.wire).postfix_id_outbound
    known = [name.exact for name in (message.postfix_id, outbound) if name]
    known.append(message.id.exact.partition("-")[0])
    return (
        _bare(message.message_id),
        canonical_address(message.sender.exact) or "" if message.sender else "",
        str(message.final_disposition or ""),
        frozenset(filter(None, known)),
    )


def unlike_headers(headers: Iterable[Header], facts: Facts) -> list[str]:
    """What the headers of a mail tell otherwise than the message, in sentences."""
    ids: list[str] = []
    senders: list[str] = []
    for header in headers:
        name, value = header.name.exact.casefold(), header.value.exact
        if name == "message-id":
            ids += _IN_BRACKETS.findall(value) or [value.strip()]
        elif name == "from" and (address := canonical_address(value)):
            senders.append(address)
    return [*_unlike("Message-ID", filter(None, ids), facts[0]), *_unlike("From", senders, facts[1])]


def unlike_verdict(found: Detections, facts: Facts) -> list[str]:
    """Another verdict than the message's, in a sentence."""
    here, known = str(found.final_disposition or ""), facts[2]
    if not here or not known or canonical_verdict(here) == canonical_verdict(known):
        return []
    return [
        f"The verdict is {sanitize(here, _SHOWN)} here and {sanitize(known, _SHOWN)} of the message: it was changed since, "
        "or this is another mail's."
    ]


def unlike_trace(trace: Trace, facts: Facts) -> list[str]:
    """Other ids in a trace than the message's, in a sentence; servers on the way number their queues otherwise."""
    lines = [line.message.exact for leg in (trace.inbound, trace.outbound) for line in leg.lines]
    ids = [name for line in lines for name in _IN_A_TRACE.findall(line)]
    if ids and facts[0]:
        return _unlike("Message-ID", ids, facts[0])
    words = (word for line in lines for word in _WORD.findall(line) if 16 <= len(word) <= 24)
    queued = [word for word in words if POSTFIX_ID.fullmatch(word)]
    return [] if not facts[3] or not facts[3].isdisjoint(queued) else _unlike("postfix id", queued, min(facts[3]))


def _unlike(what: str, here: Iterable[str], known: str) -> list[str]:
    found = list(here)
    if not known or not found or known in found:
        return []
    first = f"{sanitize(found[0], _SHOWN)}{f' (of {len(found):,})' if len(found) > 1 else ''}"
    return [f"This may be another mail's: its {what} is {first}, the message's is {sanitize(known, _SHOWN)}."]


def _bare(name: Untrusted | None) -> str:
    return "" if name is None else name.exact.strip().strip("<>").strip()
