"""The kinds of faults of the matrix: those of the simulator's fault proxy, and those on this side of the wire."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from tui_app.api.http import Timeouts
from tui_app.auth.credentials import Secret
from tui_app.config.proxy import Proxy
from tui_app.config.settings import Settings

HASTY = Timeouts(connect=0.15, read=0.12, write=0.5, pool=0.15, total=0.6)
PATIENT = Timeouts(connect=5, read=5, write=5, pool=5, total=20)
UNSENT, REFUSED, AMBIGUOUS, DONE = "unsent", "refused", "ambiguous", "done"


@dataclass(frozen=True)
class Kind:
    """One kind of fault: how to bring it about, and what may be said of a write that meets it."""

    name: str
    classes: frozenset[str]
    spec: str = "none"
    """For the simulator's fault proxy."""
    patience: Timeouts = HASTY
    tries: int = 1
    """How often a write may be on the wire."""
    at: frozenset[str] = frozenset()
    """The requests of the campaign that it meets, if not all; the others must be done, and read, as without it."""
    scene: "Callable[[Settings], Any] | None" = None
    """For faults on this side of the wire: a context that gives the settings to use."""


def _gate(classes: str, *specs: str, tries: int = 1, patience: Timeouts = HASTY) -> list[Kind]:
    return [Kind(spec, frozenset(classes.split()), spec, patience, tries) for spec in specs]


def _untrue(classes: str, at: str, *specs: str) -> list[Kind]:
    """Answers that are good in form and say another thing than was asked or done."""
    return [Kind(spec, frozenset(classes.split()), spec, PATIENT, at=frozenset(at.split())) for spec in specs]


# ---- faults on this side


@contextmanager
def _listening(backlog: int = 16) -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(backlog)
        yield server


def _at(settings: Settings, server: socket.socket, scheme: str = "http") -> Settings:
    return replace(settings, base_url=f"{scheme}://127.0.0.1:{server.getsockname()[1]}/client/v4")


@asynccontextmanager
async def _nobody_listens(settings: Settings) -> AsyncIterator[Settings]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield _at(settings, reserved)


@asynccontextmanager
async def _no_such_name(settings: Settings) -> AsyncIterator[Settings]:
    # No question leaves this machine: the resolver's answer is the one thing that is made up here.
    with mock.patch("socket.getaddrinfo", side_effect=socket.gaierror(socket.EAI_NONAME, "Name or service not known")):
        yield replace(settings, base_url="https://nowhere.invalid/client/v4")


@asynccontextmanager
async def _black_hole(settings: Settings) -> AsyncIterator[Settings]:
    """A port whose queue of connections is full: the kernel drops what comes, as a firewall does."""
    with _listening(0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        try:
            yield _at(settings, server)
        finally:
            for one in waiting:
                one.close()


@asynccontextmanager
async def _silent_tls(settings: Settings) -> AsyncIterator[Settings]:
    with _listening() as server:
        yield _at(settings, server, "https")


@asynccontextmanager
async def _tls_to_plain(settings: Settings) -> AsyncIterator[Settings]:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        yield _at(settings, server.sockets[0], "https")


@asynccontextmanager
async def _unwilling_proxy(settings: Settings) -> AsyncIterator[Settings]:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        proxy = Proxy(Secret(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "test"), "proxy")
        yield replace(settings, base_url="https://127.0.0.1:9/client/v4", proxy=proxy)


def _here(name: str, scene: Callable[[Settings], Any]) -> Kind:
    return Kind(name, frozenset({UNSENT}), scene=scene, tries=0, patience=replace(HASTY, connect=0.05))


KINDS: tuple[Kind, ...] = (
    *_gate(DONE, "none"),
    _here("nobody listens", _nobody_listens),
    _here("no such name", _no_such_name),
    _here("black hole", _black_hole),
    _here("silent tls", _silent_tls),
    _here("tls to a plain port", _tls_to_plain),
    _here("proxy refuses", _unwilling_proxy),
    Kind("no free connection", frozenset({UNSENT}), "stall_before", replace(PATIENT, pool=0.05), tries=0),
    Kind("caller cancelled", frozenset({AMBIGUOUS, DONE}), "latency=60"),
    *_gate(AMBIGUOUS, "close_on_accept", "close_after_headers", "close_before", "close_after"),
    *_gate(AMBIGUOUS, "reset_before", "reset_after", "stall_before", "stall_after", "body_stall", "garbage_status"),
    *_gate(AMBIGUOUS, "cut_headers", "short_body", "huge_headers", "bad_gzip", "bomb=24"),
    *_gate(AMBIGUOUS, "endless", patience=replace(HASTY, total=5)),
    *_gate(AMBIGUOUS, "drip=50", patience=replace(HASTY, total=0.25)),
    *_gate(AMBIGUOUS, "html_502", "html_200", "bad_utf8", "empty_200", "wrong_envelope", "not_success"),
    *_gate(AMBIGUOUS, "wrong_shape", "deep_json", "redirect=303", "redirect=307", "unavailable"),
    *_gate(AMBIGUOUS, "status=302", "status=408", "status=409", "status=418", "status=500", "status=502", "status=504"),
    *_gate(AMBIGUOUS, "status=521", "status_after=500", "status_after=502", "status_after=504", "status_after=408"),
    # Not the API's own words: who says so may have passed it on.
    *_gate(AMBIGUOUS, *(f"html_after={status}" for status in (400, 404, 413, 422))),
    *_gate(REFUSED, "status=400", "status=401", "status=403", "status=404", "status=405", "status=413", "status=414"),
    *_gate(REFUSED, "status=415", "status=422"),
    *_gate(REFUSED, "rate_limit=2", "rate_limit_bare", "rate_limit_odd", tries=3),
    *_gate(
        DONE, "latency=20", "bandwidth=1000", "slicer=50", "wrong_type", "surrogate", "duplicate_keys", "quota_gone"
    ),
    *_gate(DONE, "extra_fields", "missing_deprecated", "deprecation_headers", "partial"),
    # The connection may be reset before we know that there is one.
    *_gate(f"{UNSENT} {AMBIGUOUS}", "reset_on_accept"),
    *_gate(f"{DONE} {AMBIGUOUS}", "null_result", "nan_json", "big_int", "many_headers", "missing_ids", "null_lists"),
    *_untrue(AMBIGUOUS, "cancel delete job message", "wrong_id"),
    # The job is as it was asked for: whoever is told of another one may say so, or look.
    *_untrue(f"{DONE} {AMBIGUOUS}", "create", *(f"echo_changed={value}" for value in range(1, 7))),
    *_untrue(f"{DONE} {AMBIGUOUS}", "release", "extra_items=1", "extra_items=3", "extra_items=4"),
    # A folder, or a word for the outcome, that nobody knows says nothing of the one that was asked for.
    *_untrue(f"{DONE} {AMBIGUOUS}", "move", "unknown_enum", *(f"move_answers={value}" for value in (3, 4, 5, 6, 7, 9))),
    # One more item, other letters, another order, and no status take nothing from what is said of a copy.
    *_untrue(DONE, "move", *(f"move_answers={value}" for value in (1, 2, 8, 10, 11))),
    # What was not asked for is left out.
    *_untrue(DONE, "job_messages", "wrong_rows=1@job_messages", "wrong_rows=3@job_messages"),
    *_untrue(DONE, "search", "wrong_rows=1@search", "wrong_rows=2@search", "wrong_rows=3@search"),
    # What is capped is read on.
    *_untrue(DONE, "job_messages", "capped_pages=20@job_messages"),
    *_untrue(DONE, "search", "capped_pages=20@search"),
    # A list without an end has one all the same.
    *_untrue(DONE, "search", "endless_cursor=1@search", "endless_cursor=2@search"),
    # One row that can't be read, or that would break what reads it, hides no other.
    *_untrue(DONE, "job_messages", "poison_row@job_messages", "unreadable_row@job_messages"),
    *_untrue(DONE, "search", "poison_row@search", "unreadable_row@search"),
    # Numbers that are written in another way are the same numbers; without any, all is read all the same.
    *_gate(DONE, "numbers_as_text=1", "numbers_as_text=2", "odd_numbers", patience=PATIENT),
)
BY_NAME = {kind.name: kind for kind in KINDS}
