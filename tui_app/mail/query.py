"""A search typed on one line: `from:a@b.example subject:invoice verdict:bulk 7d words`. One grammar, wherever one searches.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/methods/list/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.core.clock import parse_window, rfc3339
from tui_app.core.id_form import IdKind, kind_of, message_id
from tui_app.core.query import QueryError, Word, without_brackets, words_of
from tui_app.core.verdict import canonical_verdict

ALL: Final = "all"
DETECTIONS: Final = "detections"
_ANY: Final = "any"
_AGE: Final = re.compile(r"\d+[mhdw]", re.IGNORECASE | re.ASCII)
_ACTIONS: Final = {"released": "QUARANTINE_RELEASED", "moved": "MOVED", "previewed": "PREVIEW"}


@dataclass(frozen=True, slots=True)
class Preset:
    """Where a search begins: what it finds without a word, and over how long a time."""

    name: str
    title: str
    default_age: str
    held: bool = False
    """Whether it finds held mail alone, whatever is typed."""

    def base(self, now: datetime) -> SearchParams:
        """The search of an empty line, but for its begin."""
        held = DeliveryStatus.QUARANTINED if self.held else None
        return SearchParams(delivery_status=held, detections_only=False, end=now)


HELD_MAIL: Final = Preset("quarantine", "Quarantine", "7d", held=True)
ALL_MAIL: Final = Preset("mail", "Mail", "24h")


@dataclass(frozen=True, slots=True)
class QueryField:
    """One field of a search line: its name, the parameter of the API, and what it is about."""

    name: str
    parameter: str
    about: str
    also: tuple[str, ...] = ()
    """Other names that are understood: those of the API."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """All values that it can have, where there are few, and what each asks for."""


_VERDICTS: Final = {verdict.value: verdict for verdict in sorted(QUERY_DISPOSITIONS, key=list(Disposition).index)}
_DELIVERIES: Final = {_ANY: None, "held": DeliveryStatus.QUARANTINED} | {known.value: known for known in DeliveryStatus}
FIELDS: Final = (
    QueryField("from", "sender", "sender's address or domain", ("sender",)),
    QueryField("to", "recipient", "recipient's address or domain", ("recipient",)),
    QueryField("subject", "subject", "words of the subject, in any order"),
    QueryField("verdict", "final_disposition", "one of the six verdicts that can be searched", ("disposition", "final_disposition"), _VERDICTS),
    QueryField("delivery", "delivery_status", "where it is", ("delivery_status",), _DELIVERIES),
    QueryField("action", "message_action", "what was done to it", ("message_action",), _ACTIONS),
    QueryField("domain", "domain", "domain of the sender, a recipient or a link"),
    QueryField("alert", "alert_id", "alert id", ("alert_id",)),
    QueryField("id", "id", "alert id, investigate id or Message-ID", ("message_id",)),
    QueryField("helo", "smtp_helo_ip", "address of the sending server", ("smtp_helo_ip",)),
    QueryField("metric", "metric", "metric, as the API defines it"),
    QueryField("since", "start", "from when: 24h, 7d, 2026-11-20, 2026-11-20T14:00", ("start",)),
    QueryField("until", "end", "until when; a day is the whole day", ("end",)),
)  # fmt: skip
_BY_NAME: Final = {name: known for known in FIELDS for name in (known.name, *known.also)}
_WORDS: Final = {ALL: "all mail", DETECTIONS: "only mail with a detection"}
GRAMMAR: Final = (
    *((f"{known.name}:", known.about + (f": {', '.join(known.values)}" if known.values else "")) for known in FIELDS),
    *_WORDS.items(),
    ("24h 7d", "the time, up to now"),
    ("other words", "in sender, recipient, subject, attachment names and hashes, Message-ID"),
    ('"two words"', "quotation marks keep blanks together"),
)
"""What can be typed, and what it means."""


def parse_query(line: str, now: datetime, preset: Preset = ALL_MAIL) -> SearchParams:
    """The search that a line stands for; without a time, that of the preset. Raises QueryError.

    `field:value` sets a field, a bare age the time, `detections` leaves out mail without a detection, `all` takes it in;
    other words are matched anywhere.
    """
    params = preset.base(now)
    free: list[str] = []
    times: dict[str, tuple[str, Word]] = {}
    for word in words_of(line):
        name, colon, value = word.text.partition(":")
        if not colon or not value or not name.isidentifier() or value[0].isspace():
            if colon and not value and name.lower() in _BY_NAME:
                raise QueryError(f"{name}: needs a value.", word.start, word.end)
            if word.text in _WORDS:
                params = replace(params, detections_only=word.text == DETECTIONS)
            elif _AGE.fullmatch(word.text):
                times["start"] = word.text, word
            else:
                free.append(word.text)
            continue
        known = _BY_NAME.get(name.lower())
        if known is None:
            raise QueryError(f"'{name[:20]}' is not a field; tab lists the fields.", word.start, word.end)
        if known.parameter in ("start", "end"):
            times[known.parameter] = value, word
        else:
            params = _with(params, known, value, word, preset)
    if free:
        params = replace(params, query=" ".join(free))
    start, end = _window(times, now, preset)
    return replace(params, start=start, end=end)


def _with(params: SearchParams, known: QueryField, value: str, word: Word, preset: Preset) -> SearchParams:
    changed: dict[str, Any] = {known.parameter: without_brackets(value)}
    if known.values:
        changed = {known.parameter: _one_of(known, value, word)}
    if known.parameter == "id":
        changed = _identity(value, word)
    if preset.held and known.parameter == "delivery_status" and changed[known.parameter] is not params.delivery_status:
        raise QueryError("Quarantine is held mail alone. F finds all mail.", word.start, word.end)
    return replace(params, **changed)


def _one_of(known: QueryField, value: str, word: Word) -> Any:
    plain = canonical_verdict(value) if known.values is _VERDICTS else value.casefold()
    for name, meant in known.values.items():
        if plain in (name, name.casefold()) or value.upper() == str(meant).upper():
            return meant
    raise QueryError(f"{known.name}: is one of {', '.join(known.values)}.", word.start, word.end)


def _identity(value: str, word: Word) -> dict[str, Any]:
    """By what a search finds an id: the alert id, which an investigate id begins with, or the Message-ID."""
    match kind_of(value):
        case IdKind.INVESTIGATE:
            return {"alert_id": value.rpartition("-")[0]}
        case IdKind.ALERT:
            return {"alert_id": value}
        case IdKind.MESSAGE:
            return {"message_id": message_id(value)}
    raise QueryError("A search finds alert ids, investigate ids and Message-IDs; no postfix id.", word.start, word.end)


def _window(times: Mapping[str, tuple[str, Word]], now: datetime, preset: Preset) -> tuple[datetime | None, datetime]:
    texts = {name: text for name, (text, _) in times.items()}
    try:
        return parse_window(texts.get("start"), texts.get("end"), now, default_start=preset.default_age)
    except ValueError as error:
        places = [word for _, word in times.values()]
        for name, (text, word) in times.items():
            try:
                parse_window(text if name == "start" else None, text if name == "end" else None, now)
            except ValueError:
                places = [word]
        first, last = min(word.start for word in places), max(word.end for word in places)
        raise QueryError(str(error), first, last) from None


def query_of(params: SearchParams, now: datetime, preset: Preset = ALL_MAIL) -> str:
    """The line by which `parse_query` finds what this search finds; empty where there is none."""
    words: list[str] = []
    for known in FIELDS:
        value = getattr(params, known.parameter, None)
        if value in (None, "") or (preset.held and known.parameter == "delivery_status"):
            continue
        if known.parameter in ("start", "end"):
            value = rfc3339(value)
        elif known.values:
            value = next((name for name, meant in known.values.items() if meant == value), str(value))
        words.append(f"{known.name}:{shlex.quote(str(value))}")
    if params.message_id:
        words.append(f"id:{shlex.quote(params.message_id)}")
    words += [DETECTIONS] if params.detections_only else []
    line = " ".join([*words, *([shlex.quote(params.query)] if params.query else [])])
    try:
        same = parse_query(line, now, preset).as_body() == params.as_body()
    except ValueError:
        return ""
    return line if same and not params.not_searchable() else ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a word of a line can become: the place of the word, and what can stand there."""

    start: int
    end: int
    choices: tuple[str, ...]

    @property
    def common(self) -> str:
        """What all of them begin with."""
        shortest = min(self.choices, key=len, default="")
        while not all(choice.startswith(shortest) for choice in self.choices):
            shortest = shortest[:-1]
        return shortest


def complete(line: str, cursor: int) -> Completion:
    """What the word before the cursor can become: a field, or a value of one of few."""
    start = cursor
    while start > 0 and not line[start - 1].isspace():
        start -= 1
    written = line[start:cursor]
    name, colon, value = written.partition(":")
    if colon and (known := _BY_NAME.get(name.lower())) is not None:
        begins = [word for word in known.values if word.casefold().startswith(value.casefold())]
        return Completion(start, cursor, tuple(f"{name}:{word}" for word in begins))
    names = [*(f"{each.name}:" for each in FIELDS), *_WORDS]
    return Completion(start, cursor, tuple(word for word in names if word.startswith(written.casefold())))


def narrowest(presets: Sequence[Preset], params: SearchParams, now: datetime) -> tuple[Preset, str] | None:
    """The first of these presets that can express a search, with its line; None where none can."""
    return next(((preset, line) for preset in presets if (line := query_of(params, now, preset))), None)
