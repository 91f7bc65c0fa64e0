"""Faults of the connection: how the bytes of an answer are sent, by the name of the fault."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final

from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.faults.raw_http import Answer

_PIECE: Final = 64 * 1024
_MEGABYTE: Final = 1024 * 1024
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_TICKS: Final = 20
"""Pieces a second at a given bandwidth."""


class Connection:
    """One connection as seen from the server; `pace` says how it sends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.pace: Fault | None = None

    @property
    def _gone(self) -> bool:
        return self._writer.is_closing() or self._reader.at_eof()

    async def send(self, data: bytes) -> None:
        """Send all of it, as slowly as the pace says. Raises ConnectionError if the client is gone."""
        size, wait = len(data) or 1, 0.0
        if self.pace is not None:
            value = self.pace.value
            size, wait = {
                "bandwidth": (max(1, value * 1024 // _TICKS), 1 / _TICKS),
                "slicer": (value, 0.0),
                "drip": (1, value / 1000),
            }[self.pace.kind.name]
        for start in range(0, len(data), size):
            if start:
                await asyncio.sleep(wait)
                if self._gone:
                    raise ConnectionResetError
            self._writer.write(data[start : start + size])
            await self._writer.drain()

    async def until_hung_up(self) -> None:
        """Send nothing until the client closes."""
        while await self._reader.read(_PIECE):
            pass

    def reset(self) -> None:
        """Reset the connection instead of closing it."""
        kept = self._writer.get_extra_info("socket")
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def endlessly(self, piece: bytes) -> None:
        """Send a piece again and again until the client closes."""
        while not self._gone:
            await self.send(piece)
            await asyncio.sleep(0)


async def _close(line: Connection, answer: Answer, fault: Fault) -> None:
    """The caller closes."""


async def _reset(line: Connection, answer: Answer, fault: Fault) -> None:
    line.reset()


async def _stall(line: Connection, answer: Answer, fault: Fault) -> None:
    await line.until_hung_up()


async def _body_stall(line: Connection, answer: Answer, fault: Fault) -> None:
    await line.send(answer.head() + answer.body[: len(answer.body) // 2])
    await line.until_hung_up()


async def _garbage_status(line: Connection, answer: Answer, fault: Fault) -> None:
    await line.send(b"\x16\x03\x01 200 perhaps\x00\r\n\r\n" + answer.body[:100])


async def _cut_headers(line: Connection, answer: Answer, fault: Fault) -> None:
    head = answer.head()
    await line.send(head[: len(head) * 2 // 3])


async def _short_body(line: Connection, answer: Answer, fault: Fault) -> None:
    await line.send(answer.head(alive=False) + answer.body[: len(answer.body) // 2])


async def _huge_headers(line: Connection, answer: Answer, fault: Fault) -> None:
    await _whole(line, answer.with_headers(("x-padding", "a" * 300 * 1024)))


async def _many_headers(line: Connection, answer: Answer, fault: Fault) -> None:
    await _whole(line, answer.with_headers(*((f"x-{number}", "a") for number in range(fault.value))))


async def _bad_gzip(line: Connection, answer: Answer, fault: Fault) -> None:
    broken = Answer(answer.status, _GZIP_HEAD + b"\xff" * 200, answer.headers)
    await _whole(line, broken.with_headers(("content-encoding", "gzip")))


async def _whole(line: Connection, answer: Answer) -> None:
    await line.send(answer.head(alive=False) + answer.body)


@cache
def _white_megabyte() -> bytes:
    """A megabyte of white space, deflated so that it can be repeated."""
    pressed = zlib.compressobj(9, zlib.DEFLATED, -15)
    return pressed.compress(b" " * _MEGABYTE) + pressed.flush(zlib.Z_FULL_FLUSH)


async def _bomb(line: Connection, answer: Answer, fault: Fault) -> None:
    """The length is known beforehand, and the checksum is computed while it is sent: nothing large is in memory."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    end = press.compress(answer.body) + press.flush()
    white, space = _white_megabyte(), b" " * _MEGABYTE
    length = len(_GZIP_HEAD) + fault.value * len(white) + len(end) + 8
    await line.send(answer.with_headers(("content-encoding", "gzip")).head(length=length, alive=False) + _GZIP_HEAD)
    check = 0
    for _ in range(fault.value):
        check = zlib.crc32(space, check)
        await line.send(white)
        await asyncio.sleep(0)
    size = fault.value * _MEGABYTE + len(answer.body)
    await line.send(end + struct.pack("<II", zlib.crc32(answer.body, check), size & 0xFFFFFFFF))


async def _endless(line: Connection, answer: Answer, fault: Fault) -> None:
    await line.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    await line.endlessly(f"{_PIECE:x}\r\n".encode() + b" " * _PIECE + b"\r\n")


DAMAGE: Final[dict[str, Callable[[Connection, Answer, Fault], Awaitable[None]]]] = {
    "close_on_accept": _close,
    "reset_on_accept": _reset,
    "close_after_headers": _close,
    "close_before": _close,
    "close_after": _close,
    "reset_before": _reset,
    "reset_after": _reset,
    "stall_before": _stall,
    "stall_after": _stall,
    "body_stall": _body_stall,
    "garbage_status": _garbage_status,
    "cut_headers": _cut_headers,
    "short_body": _short_body,
    "huge_headers": _huge_headers,
    "many_headers": _many_headers,
    "bad_gzip": _bad_gzip,
    "bomb": _bomb,
    "endless": _endless,
}
"""How each fault of the transport sends an answer; the connection ends with it."""
