"""A search typed on one line: `sender:a@b.example subject:invoice 7d words`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.core.clock import parse_window, rfc3339
from tui_app.core.query import split_words, without_brackets

TEXT_FIELDS: Final = ("sender", "recipient", "subject", "domain", "message_id", "alert_id", "metric", "smtp_helo_ip")
DEFAULT_AGE: Final = "7d"


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
    times: dict[str, str] = {}
    for word in words:
        name, colon, value = word.partition(":")
        name = {
            "from": "sender",
            "to": "recipient",
            "verdict": "final_disposition",
            "disposition": "final_disposition",
        }.get(name, name)
        if not colon or not value or not name.isidentifier() or value[0].isspace():
            if word == "detections":
                params = replace(params, detections_only=True)
            elif word[:-1].isdecimal() and word[-1] in "mhdwHDW":
                times["start"] = word
            else:
                free.append(word)
        elif name in TEXT_FIELDS:
            params = _with(params, name, without_brackets(value))
        elif name in ("start", "end"):
            times[name] = value
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
    start, end = parse_window(times.get("start"), times.get("end"), now, default_start=DEFAULT_AGE)
    return replace(params, start=start, end=end)


def held_query_of(params: SearchParams, now: datetime) -> str:
    """The line by which `parse_held_query` finds what this search finds; empty where there is none."""
    words = [f"{name}:{shlex.quote(value)}" for name in TEXT_FIELDS if (value := getattr(params, name))]
    words += [f"verdict:{params.final_disposition}"] if params.final_disposition else []
    words += ["detections"] if params.detections_only else []
    words += [f"{name}:{rfc3339(time)}" for name, time in (("start", params.start), ("end", params.end)) if time]
    line = " ".join([*words, *([shlex.quote(params.query)] if params.query else [])])
    try:
        same = parse_held_query(line, now).as_body() == params.as_body()
    except ValueError:
        return ""
    return line if same and not params.not_searchable() else ""
