"""Sends one HTTP request and reads its answer; says whether a request without an answer may have been sent."""

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
    """Seconds: for each phase of a request, and `total` for all of it, also if single bytes keep coming.

    `slow` is the total where the API is known to be slow, and the time until its answer begins there; 0 is as elsewhere.
    """

    connect: float
    read: float
    write: float
    pool: float
    total: float
    slow: float = 0.0

    def total_for(self, slow: bool) -> float:
        """Seconds for all of a request."""
        return max(self.total, self.slow) if slow else self.total

    def phases(self, slow: bool) -> httpx.Timeout:
        """Seconds for each phase of it."""
        read = max(self.read, self.slow) if slow else self.read
        return httpx.Timeout(connect=self.connect, read=read, write=self.write, pool=self.pool)


READING: Final = Timeouts(connect=5, read=15, write=10, pool=5, total=20, slow=90)
ACTING: Final = Timeouts(connect=5, read=30, write=10, pool=5, total=45, slow=180)
_CONNECTIONS: Final = 8
_SECRET: Final = 16
"""Characters; shorter strings are not secrets, and may be in any text by chance. Tokens have 40."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers and complete, decompressed body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """No usable answer. `sent` is False only if it is certain that no byte of the request was sent."""

    def __init__(self, why: str, *, sent: bool, too_large: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent
        self.too_large = too_large


def tls_context(base_url: str, ca_bundle: Path | None) -> ssl.SSLContext:
    """A TLS context (1.2 or newer) with the system's certificates, or with those of `ca_bundle`. Raises UsageError."""
    if urlsplit(base_url).scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts no certificate: plain http to this machine needs no TLS
    if ca_bundle is not None:
        from tui_app.config.ca_bundle import trusting

        return trusting(ca_bundle)
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class HttpChannel:
    """Connections to the API: `reused` ones are kept open (for reads), others carry one request each (for writes)."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext, timeouts: Timeouts, *, reused: bool) -> None:
        try:
            self._base = httpx.URL(settings.base_url)
        except (httpx.InvalidURL, ValueError):
            raise UsageError("The base URL is not a valid URL. Nothing was sent.") from None
        self._base_url = settings.base_url
        self._credential = settings.credential
        self._timeouts = timeouts
        self._through = f" (the proxy {sanitize(settings.proxy.name, 100)})" if settings.proxy is not None else ""
        self._reused = reused
        # The server may close a kept-alive connection while a write is sent: then it is not known if it arrived.
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=4 if reused else 0)
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False, proxy=_proxy(settings, tls)),
            timeout=timeouts.phases(slow=False),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no cookies are kept
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
        """The URL of a path, which must be below the base URL. Raises UsageError."""
        try:
            url = httpx.URL(self._base_url + path)
        except httpx.InvalidURL:
            raise UsageError("That id can't be part of a URL. Nothing was sent.") from None
        same_origin = (url.scheme, url.host, url.port) == (self._base.scheme, self._base.host, self._base.port)
        # The raw path is sent. A server may decode it once before it looks for dots.
        raw = url.raw_path.decode("ascii").partition("?")[0]
        steps = raw.lower().replace("%2e", ".").split("/")
        root = self._base.raw_path.decode("ascii").rstrip("/") + "/"
        if not same_origin or not raw.startswith(root) or "." in steps or ".." in steps:
            raise UsageError("That id would lead to another address than the API's. Nothing was sent.")
        return url

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        slow: bool = False,
    ) -> HttpResponse:
        """Send one request and return its complete answer, whatever its status. Raises NoAnswer and UsageError.

        `slow`: the API is known to take long over it.
        """
        sent = False
        refusal: httpx.Response | None = None

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal sent
            # Once the headers are begun, the server may have all it needs. CONNECT to a proxy is not the request.
            if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
                sent = True

        url = self._url(path)
        content = None if body is None else json.dumps(body).encode()
        headers = self._credential.headers() | ({} if content is None else {"Content-Type": "application/json"})
        try:
            async with (
                asyncio.timeout(self._timeouts.total_for(slow)),
                self._http.stream(
                    method,
                    url,
                    params=query or None,
                    content=content,
                    headers=headers,
                    extensions={"trace": trace},
                    timeout=self._timeouts.phases(slow),
                ) as response,
            ):
                # An error status is an answer, also if its body is lost.
                refusal = response if response.status_code >= 400 else None
                received = Body(response.headers)
                async for chunk in response.aiter_raw():
                    received.feed(chunk)
                return self._without_secrets(response.status_code, response.headers, received.whole(), headers)
        except asyncio.CancelledError:
            if sent and not self._reused:
                # The program ends. A request that was sent can't be taken back: its outcome is unknown.
                raise NoAnswer("the program ended before the answer", sent=True) from None
            raise
        except (BodyError, TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            if refusal is not None:
                return HttpResponse(refusal.status_code, refusal.headers, b"")
            if isinstance(error, UnicodeEncodeError) and not sent:
                raise UsageError("The request holds characters that are not valid text. Nothing was sent.") from None
            raise NoAnswer(self._why(error, slow), sent=sent, too_large=isinstance(error, BodyTooLarge)) from None

    @staticmethod
    def _without_secrets(
        status: int, received: Mapping[str, str], body: bytes, sent: Mapping[str, str]
    ) -> HttpResponse:
        """The answer with `***` where the server repeats our credentials: its text is shown and stored."""
        secrets = [sent[name].removeprefix("Bearer ") for name in ("Authorization", "X-Auth-Key") if name in sent]
        for secret in secrets:
            if len(secret) < _SECRET:
                continue
            if secret.encode() in body:
                body = body.replace(secret.encode(), b"***")
            if any(secret in value for value in received.values()):
                received = {name.lower(): value.replace(secret, "***") for name, value in received.items()}
        return HttpResponse(status, received, body)

    def _why(self, error: Exception, slow: bool) -> str:
        """Why there was no answer, as part of a sentence."""
        match error:
            case BodyError():
                return str(error)
            case TimeoutError():
                return f"no answer within {self._timeouts.total_for(slow):.0f} s"
            case httpx.TimeoutException():
                phase = type(error).__name__.removesuffix("Timeout").lower()
                through = self._through if phase == "connect" else ""
                return f"time-out while {_PHASES.get(phase, 'waiting')}{through}"
            case httpx.ProxyError():
                return f"the proxy refused the connection ({_raw(error)})"
            case httpx.ConnectError():
                whose = "the proxy's" if self._through else "its"
                return f"{_why_not_connected(error, whose)}{self._through}"
        return "the connection broke"


def _proxy(settings: Settings, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy of these settings; its TLS certificates are checked as the API's."""
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


def _raw(error: Exception) -> str:
    words = str(error)[:60]
    return words if words.isascii() and words.isprintable() else type(error).__name__


def _why_not_connected(error: httpx.ConnectError, whose: str) -> str:
    words = str(error)
    if "CERTIFICATE" in words.upper():
        return "the server's certificate is not trusted (a ca_bundle can be set in the profile)"
    if "Name or service" in words or "resolution" in words or "nodename" in words:
        return f"{whose} name can't be resolved"
    if "refused" in words or "All connection attempts failed" in words:
        return "the connection was refused"
    return "no connection"
