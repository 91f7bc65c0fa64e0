"""One HTTP request and its answer, with the one fact that decides everything: did it leave this machine?"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from tui_app import __version__
from tui_app.api.body import Body, BodyError, BodyTooLarge
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: per phase of a request, and `total` for all of it, so that a byte now and then does not hold us."""

    connect: float
    read: float
    write: float
    pool: float
    total: float


READING: Final = Timeouts(connect=5, read=15, write=10, pool=5, total=20)
ACTING: Final = Timeouts(connect=5, read=30, write=10, pool=5, total=45)
_CONNECTIONS: Final = 8
_SECRET: Final = 16
"""Characters; what is shorter opens nothing, and stands in any text by chance. Tokens have forty."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers and whole body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """No usable answer. `sent` is False only if not a byte of the request left this machine."""

    def __init__(self, why: str, *, sent: bool, too_large: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.too_large = too_large


def tls_context(base_url: str, ca_bundle: Path | None) -> ssl.SSLContext:
    """The one TLS context of the process, TLS 1.2 or newer: the system's certificates, or a bundle. Raises UsageError."""
    if urlsplit(base_url).scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: plain http to this machine needs no TLS
    if ca_bundle is not None:
        try:
            return ssl.create_default_context(cafile=str(ca_bundle.expanduser()))
        except (OSError, ValueError, RuntimeError):  # ValueError is a NUL in it, RuntimeError the home of nobody
            raise UsageError(f"The ca_bundle {sanitize(str(ca_bundle))} can't be read as PEM certificates.") from None
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class HttpChannel:
    """Connections to the API: reading ones are kept open, acting ones are used once each."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext, patience: Timeouts, *, reused: bool) -> None:
        try:
            self._base = httpx.URL(settings.base_url)
        except (httpx.InvalidURL, ValueError):
            raise UsageError("The base URL is no address. Nothing was sent.") from None
        self._base_url = settings.base_url
        self._credential = settings.credential
        self._patience = patience
        self._reused = reused
        # A kept-alive connection may be closed by the server just as a write goes out; nobody could say if it arrived.
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=4 if reused else 0)
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False, proxy=_proxy(settings, tls)),
            timeout=httpx.Timeout(
                connect=patience.connect, read=patience.read, write=patience.write, pool=patience.pool
            ),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # keeps none: they would only grow
            headers={
                "User-Agent": f"mailsluice/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _url(self, path: str) -> httpx.URL:
        """The address of a path, which must lie under the base. Raises UsageError."""
        try:
            url = httpx.URL(self._base_url + path)
        except httpx.InvalidURL:
            raise UsageError("That id makes no address. Nothing was sent.") from None
        same_origin = (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port)
        # The raw path is what goes out. A server may decode it once before it looks for dots.
        raw = url.raw_path.decode("ascii").partition("?")[0]
        steps = raw.lower().replace("%2e", ".").split("/")
        root = self._base.raw_path.decode("ascii").rstrip("/") + "/"
        if not same_origin or not raw.startswith(root) or "." in steps or ".." in steps:
            raise UsageError("That id would leave the API's address. Nothing was sent.")
        return url

    async def send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> HttpResponse:
        """Send one request and read its whole answer. Raises NoAnswer, within the total deadline, and UsageError."""
        sent = False
        refusal: httpx.Response | None = None

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal sent
            # Conservative on purpose: once the headers were begun, the server may have all it needs. What a proxy is
            # asked first is not the request.
            if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
                sent = True

        url = self._url(path)
        content = None if body is None else json.dumps(body).encode()
        headers = self._credential.headers() | ({} if content is None else {"Content-Type": "application/json"})
        try:
            async with (
                asyncio.timeout(self._patience.total),
                self._http.stream(
                    method, url, params=query or None, content=content, headers=headers, extensions={"trace": trace}
                ) as response,
            ):
                # An error status is an answer, whatever becomes of the body behind it.
                refusal = response if response.status_code >= 400 else None
                received = Body(response.headers)
                async for chunk in response.aiter_raw():
                    received.feed(chunk)
                return self._without_secrets(response.status_code, response.headers, received.whole(), headers)
        except asyncio.CancelledError:
            if sent and not self._reused:
                # The program is ending. What is on the wire can't be taken back: that is an outcome too, and it is unknown.
                raise NoAnswer("the program ended before the answer", sent=True) from None
            raise
        except (BodyError, TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            if refusal is not None:
                return HttpResponse(refusal.status_code, refusal.headers, b"")
            if isinstance(error, UnicodeEncodeError) and not sent:
                raise UsageError("There is something in it that is no valid text. Nothing was sent.") from None
            raise NoAnswer(self._why(error), sent=sent, too_large=isinstance(error, BodyTooLarge)) from None

    @staticmethod
    def _without_secrets(status: int, told: Mapping[str, str], body: bytes, sent: Mapping[str, str]) -> HttpResponse:
        """The answer, with stars where the server repeats what opened the account: its words are shown and kept."""
        secrets = [sent[name].removeprefix("Bearer ") for name in ("Authorization", "X-Auth-Key") if name in sent]
        for secret in secrets:
            if len(secret) < _SECRET:
                continue
            if secret.encode() in body:
                body = body.replace(secret.encode(), b"***")
            if any(secret in value for value in told.values()):
                told = {name.lower(): value.replace(secret, "***") for name, value in told.items()}
        return HttpResponse(status, told, body)

    def _why(self, error: Exception) -> str:
        """What became of a request without an answer, in words for people."""
        match error:
            case BodyError():
                return str(error)
            case TimeoutError():
                return f"no answer within {self._patience.total:.0f} s"
            case httpx.TimeoutException():
                phase = type(error).__name__.removesuffix("Timeout").lower()
                return f"time-out while {_PHASES.get(phase, 'waiting')}"
            case httpx.ProxyError():
                return f"the proxy refused the connection ({_plain(error)})"
            case httpx.ConnectError():
                return _why_not_connected(error)
        return "the connection broke"


def _proxy(settings: Settings, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy of these settings; one that speaks TLS is trusted like the API."""
    if settings.proxy is None:
        return None
    url = settings.proxy.url.reveal()
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


_PHASES = {
    "connect": "connecting",
    "read": "waiting for the answer",
    "write": "sending",
    "pool": "waiting for a connection",
}


def _plain(error: Exception) -> str:
    words = str(error)[:60]
    return words if words.isascii() and words.isprintable() else type(error).__name__


def _why_not_connected(error: httpx.ConnectError) -> str:
    words = str(error)
    if "CERTIFICATE" in words.upper():
        return "the server's certificate is not trusted (a ca_bundle can be set in the profile)"
    if "Name or service" in words or "resolution" in words or "nodename" in words:
        return "its name can't be resolved"
    if "refused" in words or "All connection attempts failed" in words:
        return "the connection was refused"
    return "no connection"
