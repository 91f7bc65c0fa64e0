"""Faults of the transport: the bytes on the wire are what the name of the fault says, and the truth knows what was done."""

import asyncio
import gzip
import json
import re
import socket
import time
import zlib

import pytest

from tests.support.wire import Wire, read_to_end
from tui_app.simulator.faults.kinds import KINDS
from tui_app.simulator.faults.plan import FaultPlan
from tui_app.simulator.faults.transport import Connection


@pytest.mark.parametrize(
    ("kind", "ending", "begins", "processed"),
    [
        ("close_after_headers", "closed", rb"", False),
        ("close_before", "closed", rb"", False),
        ("close_after", "closed", rb"", True),
        ("reset_before", "reset", rb"", False),
        ("reset_after", "reset", rb"", True),
        ("stall_before", "silent", rb"", False),
        ("stall_after", "silent", rb"", True),
        ("body_stall", "silent", rb'HTTP/1.1 200 OK\r\n.*\r\n\r\n{"success"', True),
        ("garbage_status", "closed", rb"\x16\x03\x01", True),
        ("cut_headers", "closed", rb"HTTP/1.1 200 OK\r\n", True),
        ("short_body", "closed", rb'HTTP/1.1 200 OK\r\n.*\r\n\r\n{"success"', True),
        ("huge_headers", "closed", rb"HTTP/1.1 200 OK\r\n.*x-padding: a{307200}\r\n", True),
        ("many_headers=500", "closed", rb"HTTP/1.1 200 OK\r\n.*x-499: a\r\n", True),
        ("bad_gzip", "closed", rb"HTTP/1.1 200 OK\r\n.*content-encoding: gzip\r\n", True),
        ("endless", "endless", rb"HTTP/1.1 200 OK\r\n.*chunked\r\n\r\n10000\r\n {65536}\r\n", True),
    ],
)
def test_the_transport(wire: Wire, kind: str, ending: str, begins: bytes, processed: bool) -> None:
    wire.with_faults(kind)
    identity = wire.fresh()[0]
    # Close to the head only: what is not read would make a reset of the close.
    request = wire.raw_release(identity)
    if kind == "close_after_headers":
        request = request[: request.index(b"\r\n\r\n") + 4]
    got, ended = wire.raw(request)
    assert ended == ending
    assert re.match(begins, got, re.DOTALL)
    assert (wire.last()["fault"], wire.last()["processed"]) == (kind.partition("=")[0], processed)
    assert wire.was_released(identity) is processed
    assert KINDS[kind.partition("=")[0]].processed is processed


def test_half_a_body_is_half(wire: Wire) -> None:
    for kind in ("body_stall", "short_body"):
        wire.with_faults(kind)
        got, _ = wire.raw(wire.raw_release(wire.fresh()[0]))
        head, _, body = got.partition(b"\r\n\r\n")
        announced = re.search(rb"content-length: (\d+)", head)
        assert announced is not None
        assert len(body) == int(announced[1]) // 2


def test_a_cut_head_never_ends(wire: Wire) -> None:
    wire.with_faults("cut_headers")
    got, _ = wire.raw(wire.raw_release(wire.fresh()[0]))
    assert b"\r\n\r\n" not in got


def test_on_accept_nothing_need_be_asked(wire: Wire) -> None:
    wire.with_faults("close_on_accept#1,reset_on_accept#2")
    endings: list[str] = []
    for _ in range(2):
        try:
            with wire.connected() as line:
                endings.append(read_to_end(line)[1])
        except ConnectionResetError:
            # The reset can be quicker than the connection.
            endings.append("reset")
    assert endings == ["closed", "reset"]
    assert [(seen["method"], seen["fault"]) for seen in wire.simulator.wire()[-2:]] == [
        (None, "close_on_accept"),
        (None, "reset_on_accept"),
    ]
    wire.with_faults("reset_on_accept@release")
    assert wire.get().status_code == 200
    identity = wire.fresh()[0]
    assert wire.raw(wire.raw_release(identity)) == (b"", "reset")
    assert wire.last()["endpoint"] == "release"
    assert not wire.was_released(identity)


def test_a_bomb_is_white_space_and_then_the_answer(wire: Wire) -> None:
    wire.with_faults("bomb=3")
    head, _, packed = wire.raw(wire.raw_release(wire.fresh()[0]))[0].partition(b"\r\n\r\n")
    assert f"content-length: {len(packed)}".encode() in head
    text = gzip.decompress(packed)
    assert text[: 3 * 1024 * 1024].strip() == b""
    assert json.loads(text)["success"] is True


def test_a_large_bomb_is_small_on_the_wire(wire: Wire) -> None:
    wire.with_faults("bomb@jobs")
    with wire.http.stream("GET", wire.url("/bulk")) as answer:
        assert int(answer.headers["content-length"]) < 1_000_000
        unpack, size = zlib.decompressobj(31), 0
        for piece in answer.iter_raw():
            while piece:
                size += len(unpack.decompress(piece, 1024 * 1024))
                piece = unpack.unconsumed_tail
    assert unpack.eof
    assert size > 400 * 1024 * 1024


@pytest.mark.parametrize(
    ("kind", "least"), [("slicer=5", 0), ("drip=1", 0.2), ("bandwidth=1", 0.2), ("latency=80", 0.08), ("none", 0)]
)
def test_what_shapes_an_answer_leaves_it_whole(wire: Wire, kind: str, least: float) -> None:
    wire.with_faults(kind)
    identity = wire.fresh()[0]
    began = time.monotonic()
    with wire.connected() as line:
        line.settimeout(10)
        line.sendall(wire.raw_release(identity).replace(b"host: x", b"host: x\r\nconnection: close"))
        got, ended = read_to_end(line)
    assert time.monotonic() - began >= least
    assert ended == "closed"
    assert json.loads(got.partition(b"\r\n\r\n")[2])["result"][0]["id"] == identity
    assert wire.last()["fault"] is None


class NotedWriter(asyncio.StreamWriter):
    """A real writer that remembers what it was given to write."""

    pieces: tuple[bytes, ...] = ()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces += (bytes(data),)
        super().write(data)


async def test_slices_are_written_one_by_one() -> None:
    near, far = socket.socketpair()
    with far:
        reader, writer = await asyncio.open_connection(sock=near)
        noted = NotedWriter(writer.transport, writer.transport.get_protocol(), reader, asyncio.get_running_loop())
        line = Connection(reader, noted)
        line.pace = FaultPlan.parse("slicer=5", 1).choose("GET", "jobs").pace
        await line.send(b"0123456789ab")
        assert noted.pieces == (b"01234", b"56789", b"ab")
        writer.close()
        await writer.wait_closed()
        assert far.recv(100) == b"0123456789ab"


def test_latency_waits(wire: Wire) -> None:
    wire.with_faults("latency=80,status=503")
    began = time.monotonic()
    assert wire.get().status_code == 503
    assert time.monotonic() - began >= 0.08
