"""What the API sent that nobody documented: unknown fields and values, and announcements of an end."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tui_app.core.text import Untrusted

MAX_FINDINGS: Final = 500
"""Kept at most; a server that makes names up must not fill the memory."""
_ANNOUNCING: Final = ("deprecation", "sunset", "warning", "x-deprecated", "x-api-warn")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as documented: `kind` is field, value or header, `where` our name of the place."""

    kind: str
    where: str
    what: Untrusted
    count: int

    def __str__(self) -> str:
        seen = "" if self.count == 1 else f", {self.count:,} times"
        match self.kind:
            case "field":
                return f"{self.where} has the field '{self.what}'{seen}"
            case "value":
                return f"{self.where} is '{self.what}'{seen}"
            case _:
                return f"{self.where} came with the header '{self.what}'{seen}"


class Drift:
    """The record of all that was seen; any thread may add to it."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()
        self.left_out = 0
        """Findings that were not kept, because there were too many kinds of them."""

    def _add(self, kind: str, where: str, what: str) -> None:
        key = (kind, where[:_LONGEST], what[:_LONGEST])
        with self._lock:
            if key in self._seen or len(self._seen) < MAX_FINDINGS:
                self._seen[key] = self._seen.get(key, 0) + 1
            else:
                self.left_out += 1

    def fields(self, model: str, names: Iterable[object]) -> None:
        """Fields of an object that its documentation does not know."""
        for name in names:
            self._add("field", model, str(name))

    def value(self, where: str, value: Untrusted) -> None:
        """A value that is not in its documented list."""
        self._add("value", where, value.exact)

    def headers(self, request: str, headers: Mapping[str, str]) -> None:
        """Announcements that an endpoint will end or change, from the headers of an answer."""
        for name in _ANNOUNCING:
            if name in headers:
                self._add("header", request.partition(" ")[0] + " " + _general(request), f"{name}: {headers[name]}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of it, in the order in which it was seen first."""
        with self._lock:
            seen = list(self._seen.items())
        return tuple(Finding(kind, where, Untrusted(what), count) for (kind, where, what), count in seen)


def describe(drift: Drift) -> tuple[str, ...]:
    """What was seen, in safe words, a sentence first and one line for each finding; nothing if all is as documented."""
    findings = drift.findings
    if not findings:
        return ()
    things = "1 thing that is" if len(findings) == 1 else f"{len(findings):,} things that are"
    rest = (f"and more, {drift.left_out:,} times",) if drift.left_out else ()
    return (f"The API sent {things} not documented:", *map(str, findings), *rest)


def _general(request: str) -> str:
    """The path of a request without the ids in it, so that a thousand messages are one finding."""
    path = request.partition(" ")[2]
    known = {"investigate", "bulk", "messages", "cancel", "release", "move", "preview", "raw", "trace", "detections"}
    known |= {"action_log", "reclassify", "accounts", "user", "tokens", "verify"}
    return "/".join(part if part in known else "…" for part in path.strip("/").split("/"))
