"""HTTP requests and answers as bytes, and calls of the app."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.types import ASGIApp

from tui_app.simulator.faults.plan import Fault

LARGEST_HEAD: Final = 64 * 1024
LARGEST_BODY: Final = 5 * 1024 * 1024
_STRUCK: Final = "simulator.fault"
"""Key of the fault that the app must simulate itself; no client can set it."""


class UnreadableRequest(Exception):
    """A request that is not HTTP, or too large."""


@dataclass
class Asked:
    """A request as it was received."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, decoded, without the query."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the query."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def without(self, *names: str) -> "Asked":
        """The same request without some parameters of its query."""
        kept = urlencode([(name, value) for name, value in self.query if name not in names])
        path = self.target.partition("?")[0]
        return Asked(self.method, f"{path}?{kept}" if kept else path, self.headers, self.body)

    def capped(self, name: str, most: int) -> "Asked":
        """The same request with a number of its query made smaller, where it is larger than that."""
        query = [
            (key, str(min(int(value), most)) if key == name and value.isdecimal() else value)
            for key, value in self.query
        ]
        return Asked(self.method, f"{self.target.partition('?')[0]}?{urlencode(query)}", self.headers, self.body)

    def header(self, name: str) -> str:
        """The first header of that name, in lower case; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to use the connection again."""
        return "close" not in self.header("connection").casefold()


@dataclass
class Answer:
    """An answer before it is sent."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=lambda: [("content-type", "application/json")])

    def head(self, *, length: int | None = None, alive: bool = True) -> bytes:
        """The status line and the headers; `length` replaces the real length."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unnamed"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"content-length: {len(self.body) if length is None else length}")
        if not alive:
            lines.append("connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def with_headers(self, *headers: tuple[str, str]) -> "Answer":
        """The same answer with more headers; one that it has already is replaced."""
        names = {name.casefold() for name, _ in headers}
        kept = [(name, value) for name, value in self.headers if name.casefold() not in names]
        return Answer(self.status, self.body, [*kept, *headers])


def envelope(status: int, code: int, message: str, *headers: tuple[str, str]) -> Answer:
    """An answer with an error envelope."""
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return Answer(status, json.dumps(body).encode()).with_headers(*headers)


async def read_head(reader: asyncio.StreamReader) -> Asked | None:
    """The next request without its body, None if the client hung up. Raises UnreadableRequest."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise UnreadableRequest("the head is too large") from None
    first, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    headers = [(name.strip().lower(), value.strip()) for name, colon, value in (li.partition(":") for li in lines)]
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise UnreadableRequest("this is not a request")
    return Asked(words[0], words[1], headers)


async def read_body(reader: asyncio.StreamReader, asked: Asked) -> bool:
    """Read the body of a request; whether the client sent all of it. Raises UnreadableRequest."""
    if asked.header("transfer-encoding"):
        raise UnreadableRequest("a body needs a content-length")
    length = asked.header("content-length") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise UnreadableRequest("the body is too large")
    try:
        asked.body = await reader.readexactly(int(length))
    except asyncio.IncompleteReadError:
        return False
    return True


async def ask(app: ASGIApp, asked: Asked, fault: Fault | None = None) -> Answer:
    """The app's answer; `fault` is what it must simulate itself."""
    path, _, query = asked.target.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in asked.headers],
        "extensions": {_STRUCK: fault},
    }
    answer = Answer(500, b"", [])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
                if name != b"content-length"
            ]
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


def struck(scope: Mapping[str, Any], name: str) -> Fault | None:
    """The fault of that name, if the app must simulate it for this request."""
    fault: Fault | None = (scope.get("extensions") or {}).get(_STRUCK)
    return fault if fault is not None and fault.kind.name == name else None


def plays(scope: Mapping[str, Any], name: str) -> bool:
    """Whether the app must simulate that fault for this request."""
    return struck(scope, name) is not None
