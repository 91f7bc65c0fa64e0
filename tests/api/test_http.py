"""The way to the server: certificates, proxies, names, and what is provably unsent."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import trustme

from tests.support.clock import HurriedClock
from tests.support.faulty import ACCOUNT, answer, faulty, success
from tui_app.api.client import EmailSecurityClient
from tui_app.api.errors import Unreachable
from tui_app.api.http import Timeouts
from tui_app.api.search import SearchParams
from tui_app.api.transport import Transport
from tui_app.api.write_result import Ambiguous, Done, Unsent
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.proxy import Proxy
from tui_app.config.settings import Settings
from tui_app.core.errors import UsageError

JOB_ID = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
JOB = {"job_id": JOB_ID, "status": "CANCELLED"}
HASTY = Timeouts(connect=0.3, read=0.3, write=0.3, pool=0.3, total=2)


@asynccontextmanager
async def client_at(
    base_url: str, *, patience: Timeouts = HASTY, ca_bundle: Path | None = None, proxy: str | None = None
) -> AsyncIterator[EmailSecurityClient]:
    settings = Settings(
        ACCOUNT,
        base_url,
        TokenCredential(Secret("s3cret", "test")),
        ca_bundle=ca_bundle,
        proxy=Proxy(Secret(proxy, "test"), "the proxy") if proxy else None,
    )
    transport = Transport(settings, HurriedClock(), Random(1), reading=patience, acting=patience)
    try:
        yield EmailSecurityClient(transport)
    finally:
        await transport.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "corp.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


async def test_a_certificate_of_the_bundle_is_trusted(tls: ssl.SSLContext, bundle: Path) -> None:
    async with (
        faulty(lambda _: answer(200, success(JOB)), tls) as server,
        client_at(server.base_url, ca_bundle=bundle) as client,
    ):
        assert (await client.get_job(JOB_ID)).id == JOB_ID
        assert isinstance(await client.cancel_job(JOB_ID), Done)


async def test_a_certificate_that_nobody_vouches_for_sends_nothing(tls: ssl.SSLContext) -> None:
    async with faulty(lambda _: answer(200, success(JOB)), tls) as server:
        async with client_at(server.base_url) as client:
            with pytest.raises(Unreachable, match="ca_bundle"):
                await client.get_job(JOB_ID)
            assert isinstance(await client.cancel_job(JOB_ID), Unsent)
        assert server.received == []


async def test_tls_older_than_1_2_is_refused(authority: trustme.CA, bundle: Path) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(old)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with faulty(lambda _: answer(200, success(JOB)), old) as server:
        async with client_at(server.base_url, ca_bundle=bundle) as client:
            assert isinstance(await client.cancel_job(JOB_ID), Unsent)
        assert server.received == []


async def test_a_bundle_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("hello")
    for path in (tmp_path / "not.pem", tmp_path / "missing.pem"):
        with pytest.raises(UsageError, match="ca_bundle"):
            async with client_at("https://127.0.0.1:1/client/v4", ca_bundle=path):
                pass


class Tunnel:
    """A proxy that knows CONNECT; `refuse` is the status it answers instead."""

    def __init__(self, refuse: bytes | None = None) -> None:
        self.refuse = refuse
        self.heads: list[bytes] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self.refuse is not None:
                writer.write(b"HTTP/1.1 " + self.refuse + b"\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
                return
            host, _, port = head.split(b" ")[1].decode().rpartition(":")
            up_reader, up_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pour(reader, up_writer), pour(up_reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Tunnel"]:
        listening = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()


async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()


async def test_a_proxy_is_used_and_never_learns_the_token(tls: ssl.SSLContext, bundle: Path) -> None:
    async with Tunnel().running() as tunnel, faulty(lambda _: answer(200, success(JOB)), tls) as server:
        proxy = f"http://who:s3same@127.0.0.1:{tunnel.port}"
        async with client_at(server.base_url, ca_bundle=bundle, proxy=proxy) as client:
            assert (await client.get_job(JOB_ID)).id == JOB_ID
            assert isinstance(await client.cancel_job(JOB_ID), Done)
        assert len(server.received) == 2
        assert all(head.startswith(b"CONNECT 127.0.0.1:") for head in tunnel.heads)
        assert b"s3cret" not in b"".join(tunnel.heads)
        assert b"proxy-authorization: basic" in tunnel.heads[0].lower()


async def test_what_a_proxy_refuses_was_never_sent(tls: ssl.SSLContext, bundle: Path) -> None:
    async with Tunnel(b"403 Forbidden").running() as tunnel, faulty(lambda _: None, tls) as server:
        async with client_at(server.base_url, ca_bundle=bundle, proxy=f"http://127.0.0.1:{tunnel.port}") as client:
            outcome = await client.cancel_job(JOB_ID)
        assert isinstance(outcome, Unsent)
        assert "proxy" in str(outcome.error)
        assert server.received == []


async def test_a_server_that_drips_does_not_hold_us_for_ever() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    patience = Timeouts(connect=1, read=1, write=1, pool=1, total=0.4)
    async with client_at(f"http://127.0.0.1:{port}/client/v4", patience=patience) as client:
        assert isinstance(await client.cancel_job(JOB_ID), Ambiguous)
    listening.close()


async def test_a_request_that_the_api_is_slow_at_has_more_time_and_is_not_tried_again_when_that_is_over() -> None:
    asked: list[str] = []

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().split()[1].partition("?")[0].rpartition("/")[2])
        await asyncio.sleep(0.5 if len(asked) == 1 else 30)
        writer.write(answer(200, success([], count=0)))
        writer.close()

    listening = await asyncio.start_server(late, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    patience = Timeouts(connect=5, read=0.2, write=5, pool=5, total=0.2, slow=1.5)
    async with client_at(f"http://127.0.0.1:{port}/client/v4", patience=patience) as client:
        assert (await client.search_messages(SearchParams())).items == ()
        with pytest.raises(Unreachable, match=r"no answer within 2 s|time-out"):
            await client.search_messages(SearchParams())
        assert asked == ["investigate"] * 2, "not tried a third time"
        with pytest.raises(Unreachable):
            await client.list_jobs()
        assert asked[2:] == ["bulk"] * 3, "elsewhere each try is short, and there are three"
    listening.close()


async def test_a_write_whose_caller_is_cancelled_ends_and_its_outcome_is_told() -> None:
    arrived, told = asyncio.Event(), list[object]()
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await go_on.wait()
        writer.write(answer(200, success(JOB)))
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    patience = Timeouts(connect=5, read=5, write=5, pool=5, total=5)
    async with client_at(f"http://127.0.0.1:{port}/client/v4", patience=patience) as client:
        client.transport.on_left_behind = lambda request, outcome: told.append(outcome)
        asking = asyncio.create_task(client.cancel_job(JOB_ID))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        go_on.set()
    assert [type(outcome) for outcome in told] == [Done]
    listening.close()


def test_a_write_on_the_wire_when_the_loop_ends_is_ambiguous() -> None:
    told: list[object] = []

    async def program() -> None:
        arrived = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.set()

        listening = await asyncio.start_server(silent, "127.0.0.1", 0)
        settings = Settings(
            ACCOUNT,
            f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/client/v4",
            TokenCredential(Secret("t", "test")),
        )
        transport = Transport(settings, HurriedClock(), Random(1))
        transport.on_left_behind = lambda request, outcome: told.append(outcome)
        program.asking = asyncio.create_task(EmailSecurityClient(transport).cancel_job(JOB_ID))  # type: ignore[attr-defined]
        await arrived.wait()

    asyncio.run(program())
    assert [type(outcome) for outcome in told] == [Ambiguous]


async def test_a_port_where_nobody_listens_is_unsent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        async with client_at(f"http://127.0.0.1:{reserved.getsockname()[1]}/client/v4") as client:
            assert isinstance(await client.cancel_job(JOB_ID), Unsent)
