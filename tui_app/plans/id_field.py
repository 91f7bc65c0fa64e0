"""Fields by their names: which hold an id, which hold what somebody else wrote, and the one message that a row names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui_app.core.id_form import ALERT_ID, INVESTIGATE_ID, POSTFIX_ID, message_id

# In the order in which they are believed, where a row has several: all of one row is one message.
_OF_ONE: Final = ("investigate_id", "id", "postfix_id", "alert_id")
_LISTS: Final = ("ids", "investigate_ids", "postfix_ids")
_HEADERS: Final = ("message_id", "email_message_id")
"""A Message-ID is the sender's choice: it names a message only where nothing else in the row could."""
ID_FIELDS: Final = frozenset((*_OF_ONE, *_LISTS, *_HEADERS))
WRITTEN: Final = frozenset(
    [
        "subject",
        "exact_subject",
        "from",
        "from_name",
        "sender",
        "to",
        "to_name",
        "recipient",
        "recipients",
        "client_recipient",
        "client_recipients",
        "cc",
        "bcc",
        "replyto",
        "reply_to",
        "envelope_from",
        "envelope_to",
        "name",
        "display_name",
        "comment",
        "comments",
        "reason",
        "reasons",
        "why",
        "status_message",
        "detection_reasons",
        "threat_categories",
        "description",
        "title",
        "body",
        "attachment",
        "attachments",
        "filename",
        "betreff",
        "betrifft",
        "sujet",
        "temat",
        "tema",
        "emne",
        "ämne",
        "aihe",
        "tárgy",
        "předmět",
        "predmet",
        "konu",
        "subiect",
        "θέμα",
        "objet",
        "asunto",
        "oggetto",
        "onderwerp",
        "assunto",
        "件名",
        "subj",
        "titel",
        "von",
        "absender",
        "an",
        "kopie",
        "aw",
        "re",
        "wg",
        "fw",
        "fwd",
        "主题",
        "主旨",
        "제목",
        "тема",
        "held_back",
    ]
)
"""Fields with words of somebody else, among them the sender of a mail."""
OTHER: Final = WRITTEN | frozenset(
    [
        "status",
        "outcome",
        "checked",
        "seen",
        "delivered",
        "undelivered",
        "failed",
        "disposition",
        "final_disposition",
        "verdict",
        "when",
        "date",
        "retry_count",
        "retry_after",
        "scanned_at",
        "sent_at",
        "created_at",
        "processed_at",
        "delivery_status",
        "action_type",
        "is_quarantined",
        "job_id",
        "action",
        "destination",
        "plan",
        "who",
        "user",
        "state",
        "messages",
        "rows",
        "why_not",
        "tries",
        "not_before",
        "what_to_do",
        "counted",
        "rows_read",
        "next",
    ]
)
_KNOWN: Final = ID_FIELDS | OTHER | {"is_phish_submission"}
_QUEUE_ID: Final = re.compile(r"(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{10,24}", re.ASCII)
_AROUND: Final = " \t\r\n\u00a0\ufeff'\"`="
"""What may stand around an id; not `<>`: what stands in them is a Message-ID, whatever it looks like."""


def field_name(text: str) -> str:
    """The name of a column or a field in one spelling: `Postfix ID`, `postfix-id` and `postfix_id` are the same."""
    name = text.replace("\\", "").strip(f"{_AROUND}*<>").casefold()
    return re.sub(r"[\s_-]+", "_", name)


@dataclass(frozen=True, slots=True)
class RowIds:
    """The ids that a row names, the words in its id fields that are none, and whether it has an id field at all.

    `not_believed` = Message-IDs where there are fields for other ids, and those are empty: their senders chose them.
    """

    taken: tuple[str, ...] = ()
    unrecognised: tuple[str, ...] = ()
    has_field: bool = False
    not_believed: tuple[str, ...] = ()

    def denied_by(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        """The fields beside an id that say no, and are none that we know: they may say that it is not meant."""
        if not self.taken:
            return ()
        return tuple(name for name, value in fields.items() if name not in _KNOWN and _says_no(name, value))


_NO: Final = frozenset(
    [
        "false",
        "no",
        "n",
        "not",
        "nope",
        "never",
        "nein",
        "non",
        "nee",
        "nej",
        "reject",
        "rejected",
        "deny",
        "denied",
        "skip",
        "keep",
        "hold",
    ]
)
_ASKS: Final = re.compile(r"(?:^|_)(?:release|approve|allow|send|deliver|confirm|include|decision|ok)(?:_|$)")


def _says_no(name: str, value: object) -> bool:
    if not isinstance(value, str):
        return value is False
    word = value.strip(" \t!.,;:'\"").casefold()
    # A number may count anything; where something is asked, none is a no.
    return word in _NO or (_ASKS.search(name) is not None and word in ("0", "-", "–"))


def ids_of_row(fields: Mapping[str, object]) -> RowIds:
    """The one message that a row names, by the first of its fields that holds an id; and all of a list of ids."""
    if str(fields.get("outcome", _outcome_of(fields.get("mailsluice")))).strip().casefold() == "held back":
        return RowIds(has_field=True)  # a row of a report of ours: it never was in the plan
    unrecognised: list[str] = []
    listed: list[str] = []
    for name in _LISTS:
        for item in _items(fields.get(name)):
            value = _cell(item)
            if value:
                listed.append(value)
            elif item.strip():
                unrecognised.append(item)
    if listed:
        return RowIds(tuple(listed), tuple(unrecognised), True)
    for name in _OF_ONE:
        written = fields.get(name)
        if isinstance(written, str) and written.strip(_AROUND):
            value = _cell(written, queue_id=name == "postfix_id")
            if value:
                return RowIds((value,), (), True)
            unrecognised.append(written)
    if not any(name in fields for name in (*_OF_ONE, *_LISTS)):
        for name in _HEADERS:
            written = fields.get(name)
            if isinstance(written, str) and written.strip():
                value = message_id(written)
                return RowIds((value,) if value else (), () if value else (written,), True)
    headers = [written for name in _HEADERS if isinstance(written := fields.get(name), str) and message_id(written)]
    return RowIds((), tuple(unrecognised), any(name in ID_FIELDS for name in fields), tuple(headers))


def _outcome_of(ours: object) -> object:
    return ours.get("outcome", "") if isinstance(ours, Mapping) else ""


def id_of_cell(text: str, *, queue_id: bool = False) -> str:
    """The id that a cell holds and nothing beside it; empty where there is none.

    `queue_id` = the field says that it is a postfix id, and is believed as to what one looks like.
    """
    return _cell(text, queue_id=queue_id)


def _cell(text: str, *, queue_id: bool = False) -> str:
    bare = text.replace("\\", "").strip(_AROUND)
    if INVESTIGATE_ID.fullmatch(bare) or ALERT_ID.fullmatch(bare):
        return bare
    # A field of postfix ids is believed as to what one looks like; another field must hold one of the known form.
    known = _QUEUE_ID if queue_id else POSTFIX_ID
    return bare if known.fullmatch(bare) else ""


def _items(value: object) -> list[str]:
    """The ids of a list: strings, pairs of an investigate id and a postfix id, or a cell with several."""
    if isinstance(value, str):
        return re.split(r"[\s,;]+", value)
    if not isinstance(value, list):
        return []
    items = []
    for item in value:
        pair = [part for part in item if isinstance(part, str)] if isinstance(item, list) else [item]
        items += [part for part in pair[:1] if isinstance(part, str)]
    return items
