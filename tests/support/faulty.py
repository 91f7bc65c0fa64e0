"""A server on a real socket that answers as it is told, and counts what it got: for everything a simulator never does."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
Script = Callable[["Received"], "bytes | None"]


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Cut(bytes):
    """Bytes after which the connection is closed, whatever they promised."""


def answer(status: int, body: object = None, **headers: str) -> bytes:
    """A whole HTTP answer; a body that is no bytes becomes JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(payload)}", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def success(result: object, **more: object) -> dict[str, object]:
    return {"success": True, "errors": [], "messages": [], "result": result, **more}


def found(ids: Iterable[str]) -> dict[str, object]:
    """A search that finds held mail with these investigate ids."""
    mails = [
        {"id": name, "postfix_id": name.partition("-")[0], "is_quarantined": True, "final_disposition": "BULK"}
        for name in ids
    ]
    return success(mails, result_info={"count": len(mails)})


def failure(code: int, message: str, pointer: str | None = None) -> dict[str, object]:
    error: dict[str, object] = {"code": code, "message": message}
    if pointer is not None:
        error["source"] = {"pointer": pointer}
    return {"success": False, "errors": [error], "messages": [], "result": None}


@dataclass
class FaultyServer:
    script: Script
    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/client/v4"

    def count(self, method: str) -> int:
        return sum(1 for request in self.received if request.method == method)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, target, _ = first.split(" ")
                request = Received(method, target, headers, body)
                self.received.append(request)
                reply = self.script(request)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
                if isinstance(reply, Cut):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def faulty(script: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[FaultyServer]:
    """Run it in this loop; a script that returns None closes the connection without an answer."""
    server = FaultyServer(script, scheme="https" if tls else "http")
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] = server.handle
    listening = await asyncio.start_server(handler, "127.0.0.1", port, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
