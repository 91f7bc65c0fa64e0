"""A search typed on one line: `sender:a@b.example subject:invoice 7d words`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.core.clock import parse_moment
from tui_app.core.query import split_words

TEXT_FIELDS: Final = ("sender", "recipient", "subject", "domain", "message_id", "alert_id", "metric", "smtp_helo_ip")
DEFAULT_AGE: Final = timedelta(days=7)


def _with(params: SearchParams, name: str, value: object) -> SearchParams:
    changed: dict[str, Any] = {name: value}
    return replace(params, **changed)


def parse_held_query(line: str, now: datetime) -> SearchParams:
    """The search for held mail that a line stands for; without a time, the last 7 days. Raises ValueError with a sentence.

    `field:value` sets a field (quotes keep blanks), `verdict:` the disposition, `start:`/`end:` or a bare age the time,
    `detections` leaves out mail without a detection; other words are matched anywhere.
    """
    words = split_words(line)
    params = SearchParams(delivery_status=DeliveryStatus.QUARANTINED, detections_only=False, end=now)
    free: list[str] = []
    for word in words:
        name, colon, value = word.partition(":")
        name = {
            "from": "sender",
            "to": "recipient",
            "verdict": "final_disposition",
            "disposition": "final_disposition",
        }.get(name, name)
        if not colon or not value:
            if word == "detections":
                params = replace(params, detections_only=True)
            elif word[:-1].isdecimal() and word[-1] in "mhdw":
                params = replace(params, start=parse_moment(word, now))
            else:
                free.append(word)
        elif name in TEXT_FIELDS:
            params = _with(params, name, value)
        elif name in ("start", "end"):
            params = _with(params, name, parse_moment(value, now))
        elif name == "final_disposition":
            verdict = next((known for known in QUERY_DISPOSITIONS if known.value == value.upper()), None)
            if verdict is None:
                raise ValueError(f"A search knows the verdicts {', '.join(sorted(QUERY_DISPOSITIONS))}.")
            params = replace(params, final_disposition=Disposition(verdict))
        else:
            raise ValueError(
                f"'{name[:20]}' is not a field. Known fields: {', '.join(TEXT_FIELDS)}, verdict, start, end."
            )
    if free:
        params = replace(params, query=" ".join(free))
    return params if params.start else replace(params, start=now - DEFAULT_AGE)
