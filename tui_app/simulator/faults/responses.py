"""Answers that differ from the documentation: functions that change an answer, by the name of the fault."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from tui_app.simulator.faults.job_changes import echo
from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.faults.raw_http import Answer, Asked, envelope
from tui_app.simulator.search import cursor_for, cursor_offset

_HTML: Final = b"<!DOCTYPE html><html><head><title>Error</title></head><body>The origin is unwell.</body></html>"
_ODD_WAITS: Final = ("-1", "NaN", "1e9", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 400)
_DIGITS: Final = "7" * 5000
_DEPTH: Final = 100_000
_BRACKETS: Final = 100_001
_TOLD: Final = 20
"""How many numbers of an answer are replaced."""
_PAST: Final = frozenset({"ts", "action_log", "findings", "total_count", "page"})


class Twice(dict[str, Any]):
    """An object whose JSON has every key twice, first with null."""

    def items(self) -> Any:
        """The pairs that are written."""
        return [pair for key, value in super().items() for pair in ((key, None), (key, value))]


class _Numbers:
    """Puts a text in the place of the first numbers of an answer."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = _TOLD

    def write(self, body: Any) -> bytes:
        body = self._marked(body)
        if self._left == _TOLD:
            body["took"] = "<number>"
        return json.dumps(body).replace('"<number>"', self._text).encode()

    def _marked(self, part: Any) -> Any:
        if isinstance(part, dict):
            return {key: self._marked(value) for key, value in part.items()}
        if isinstance(part, list):
            return [self._marked(value) for value in part]
        if isinstance(part, int | float) and not isinstance(part, bool) and self._left:
            self._left -= 1
            return "<number>"
        return part


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """All objects within, outermost first."""
    if isinstance(part, dict):
        yield part
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(value)


def _doubled(part: Any) -> Any:
    if isinstance(part, dict):
        return Twice({key: _doubled(value) for key, value in part.items()})
    return [_doubled(value) for value in part] if isinstance(part, list) else part


def _with_body(answer: Answer, body: Any) -> Answer:
    return Answer(answer.status, body if isinstance(body, bytes) else json.dumps(body).encode(), answer.headers)


def _surrogate(body: Any) -> Any:
    for found in _objects(body):
        for name in ("subject", "comment"):
            if isinstance(found.get(name), str):
                found[name] += " \ud800"
    return body


def _null_lists(body: Any) -> Any:
    for found in _objects(body["result"]):
        for name, value in found.items():
            if isinstance(value, list):
                found[name] = None
    return body


def _unknown_enum(body: Any) -> Any:
    odd = {"status": "HIBERNATING", "final_disposition": "GLITTERY", "delivery_status": ["teleported"]}
    for found in _objects(body["result"]):
        found.update({name: value for name, value in odd.items() if name in found})
    return body


def _extra_fields(body: Any) -> Any:
    for found in list(_objects(body)):
        found["x_added_later"] = {"since": "2027-01-01", "values": [1, None, "x"]}
    return body


def _missing_deprecated(body: Any) -> Any:
    for found in _objects(body):
        gone = _PAST - {"findings"} if "sender_info" in found else _PAST
        for name in gone & found.keys():
            del found[name]
    return body


def _poison_row(body: Any) -> Any:
    rows = body["result"]
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        rows[0]["comment" if "job_id" in rows[0] and "message_id" not in rows[0] else "subject"] = "[" * _BRACKETS
    return body


def _unreadable_row(body: Any) -> Any:
    return {**body, "result": [7, *body["result"]]} if isinstance(body["result"], list) else body


def _with_numbers(part: Any, written: Callable[[int | float], Any]) -> Any:
    """The same with each number written in another way."""
    if isinstance(part, dict):
        return {key: _with_numbers(value, written) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_numbers(value, written) for value in part]
    return written(part) if isinstance(part, int | float) and not isinstance(part, bool) else part


def _numbers(body: Any, written: Callable[[int | float], Any]) -> Any:
    return body | {name: _with_numbers(body[name], written) for name in ("result", "result_info") if name in body}


def _endless_cursor(body: Any, fault: Fault, asked: Asked) -> Any:
    info = body["result_info"]
    if info["next"] is not None:
        return body
    cursor = next((value for name, value in asked.query if name == "cursor" and value), "")
    fresh = cursor_for((cursor_offset(cursor) if cursor else 0) + info["per_page"])
    return body | {"result_info": info | {"next": cursor if cursor and fault.value == 1 else fresh}}


def _missing_ids(body: Any) -> Any:
    result = body["result"]
    if isinstance(result, dict):
        return {**body, "result": {**result, "results": result["results"][::2]}}
    return {**body, "result": result[::2]}


_ON_JSON: Final[dict[str, Callable[[Any], Any]]] = {
    "wrong_envelope": lambda body: {"ok": True},
    "not_success": lambda body: {
        **body,
        "success": False,
        "errors": [{"code": 10500, "message": "Something went wrong"}],
        "result": None,
    },
    "null_result": lambda body: {**body, "result": None},
    "wrong_shape": lambda body: {**body, "result": [1, 2, 3]},
    "nan_json": lambda body: _Numbers("NaN").write(body),
    "big_int": lambda body: _Numbers(_DIGITS).write(body),
    "surrogate": _surrogate,
    "duplicate_keys": _doubled,
    "missing_ids": _missing_ids,
    "poison_row": _poison_row,
    "unreadable_row": _unreadable_row,
    "odd_numbers": lambda body: _numbers(body, lambda number: f"about {number}"),
    "null_lists": _null_lists,
    "unknown_enum": _unknown_enum,
    "extra_fields": _extra_fields,
    "missing_deprecated": _missing_deprecated,
    "deep_json": lambda body: (
        b'{"success":true,"errors":[],"messages":[],"result":' + b"[" * _DEPTH + b"]" * _DEPTH + b"}"
    ),
    "bad_utf8": lambda body: b'{"note":"\xff\xfe\xc3(",' + json.dumps(body).encode()[1:],
}
_ON_ANSWER: Final[dict[str, Callable[[Answer], Answer]]] = {
    "html_200": lambda answer: Answer(200, _HTML, answer.headers).with_headers(("content-type", "text/html")),
    "empty_200": lambda answer: Answer(200, b"", answer.headers),
    "wrong_type": lambda answer: answer.with_headers(("content-type", "text/plain; charset=utf-8")),
    "quota_gone": lambda answer: answer.with_headers(
        ("ratelimit", '"default";r=0;t=30'), ("ratelimit-policy", '"default";q=1200;w=300')
    ),
    "deprecation_headers": lambda answer: answer.with_headers(
        ("deprecation", "@1793491200"), ("sunset", "Tue, 01 Dec 2026 00:00:00 GMT")
    ),
}


def changed(answer: Answer, fault: Fault, asked: Asked) -> Answer:
    """The answer, changed by the fault; unchanged for faults that change none."""
    name = fault.kind.name
    if name == "status_after":
        return envelope(fault.value, 10500, "Something went wrong after your request", *_traced(fault))
    if name == "html_after":
        return Answer(fault.value, _HTML, [("content-type", "text/html"), *_traced(fault)])
    if name == "past_end_400":
        body = json.loads(answer.body)
        past = not body["result"] and any(name in ("page", "cursor") and value != "1" for name, value in asked.query)
        return envelope(400, 10400, "page is past the end", *_traced(fault)) if past else answer
    if name == "capped_pages":
        body = json.loads(answer.body)
        wanted = next((int(value) for key, value in asked.query if key == "per_page" and value.isdecimal()), 0)
        told = body["result_info"].get("per_page", 0)
        return _with_body(answer, {**body, "result_info": {**body["result_info"], "per_page": max(told, wanted)}})
    if name == "numbers_as_text":
        return _with_body(answer, _numbers(json.loads(answer.body), str if fault.value == 1 else float))
    if name == "endless_cursor":
        return _with_body(answer, _endless_cursor(json.loads(answer.body), fault, asked))
    if name == "echo_changed":
        body = json.loads(answer.body)
        return _with_body(answer, {**body, "result": echo(body["result"], fault)})
    if name in _ON_ANSWER:
        return _ON_ANSWER[name](answer)
    return _with_body(answer, _ON_JSON[name](json.loads(answer.body))) if name in _ON_JSON else answer


def instead(fault: Fault, asked: Asked) -> Answer | None:
    """The answer to a request that is not processed; None if there is none."""
    name, ray = fault.kind.name, _traced(fault)
    if name == "status":
        return envelope(fault.value, 10500, "Something went wrong", *ray)
    if name == "html_502":
        return Answer(502, _HTML, [("content-type", "text/html"), *ray])
    if name == "redirect":
        return envelope(fault.value, 10300, "Moved", ("location", elsewhere(asked, asked.target)), *ray)
    if name == "unavailable":
        return envelope(503, 10503, "Service unavailable", ("retry-after", str(fault.value)), *ray)
    if name in ("rate_limit", "rate_limit_bare", "rate_limit_odd"):
        odd = _ODD_WAITS[fault.seed % len(_ODD_WAITS)]
        wait = {"rate_limit": [str(fault.value)], "rate_limit_odd": [odd]}.get(name, [])
        headers = [("retry-after", value) for value in wait]
        return envelope(429, 971, "Please wait and consider throttling your request speed", *headers, *ray)
    return None


def elsewhere(asked: Asked, target: str) -> str:
    """The URL of a target on another host, which is this machine by another name: a client that follows is seen."""
    port = asked.header("host").rpartition(":")[2]
    return f"http://localhost:{port}{target}"


def _traced(fault: Fault) -> tuple[tuple[str, str], ...]:
    return (("cf-ray", f"{fault.seed & 0xFFFFFFFFFFFFFFFF:016x}-SIM"),)
