"""One HTTP request and its answer, with the one fact that decides everything: did it leave this machine?"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tui_app import __version__
from tui_app.credentials import Credential
from tui_app.errors import UsageError

MAX_BODY: Final = 8 * 1024 * 1024
READING_DEADLINE: Final = 20.0
ACTING_DEADLINE: Final = 45.0
_READING_TIMEOUT: Final = httpx.Timeout(connect=5, read=15, write=10, pool=5)
_ACTING_TIMEOUT: Final = httpx.Timeout(connect=5, read=30, write=10, pool=5)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and whole body of an answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class NoAnswer(Exception):
    """No usable answer. `sent` is False only if not a byte of the request left this machine."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent


def tls_context(base_url: str, ca_bundle: Path | None) -> ssl.SSLContext:
    """The one TLS context of the process: the system's certificates, or a bundle. Raises UsageError."""
    if urlsplit(base_url).scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: plain http to this machine needs no TLS
    if ca_bundle is not None:
        try:
            return ssl.create_default_context(cafile=str(ca_bundle.expanduser()))
        except (OSError, ssl.SSLError):
            raise UsageError(f"The ca_bundle {ca_bundle} can't be read as PEM certificates.") from None
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Line:
    """A connection to the API: reading ones keep connections open, acting ones use each once."""

    def __init__(self, base_url: str, credential: Credential, tls: ssl.SSLContext, *, acting: bool) -> None:
        self._base_url = base_url
        self._credential = credential
        self._deadline = ACTING_DEADLINE if acting else READING_DEADLINE
        # A kept-alive connection may be closed by the server just as a write goes out; nobody could say if it arrived.
        limits = httpx.Limits(max_connections=8, max_keepalive_connections=0 if acting else 4)
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False),
            timeout=_ACTING_TIMEOUT if acting else _READING_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": f"mailsluice/{__version__}", "Accept": "application/json"},
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _url(self, path: str) -> httpx.URL:
        url = httpx.URL(self._base_url + path)
        base = httpx.URL(self._base_url)
        inside = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
        if not inside or not url.path.startswith(base.path.rstrip("/") + "/"):
            raise UsageError("That id would leave the API's address. Nothing was sent.")
        return url

    async def send(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """Send one request and read its whole answer. Raises NoAnswer, within the total deadline."""
        sent = False

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal sent
            # Conservative on purpose: once the headers were begun, the server may have all it needs.
            if "send_request_headers.started" in event:
                sent = True

        url = self._url(path)
        content = None if body is None else json.dumps(body).encode()
        headers = self._credential.headers() | ({} if content is None else {"Content-Type": "application/json"})
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._http.stream(
                    method, url, params=query or None, content=content, headers=headers, extensions={"trace": trace}
                ) as response,
            ):
                received = bytearray()
                async for chunk in response.aiter_bytes(65536):
                    received += chunk
                    if len(received) > MAX_BODY:
                        raise NoAnswer(f"the answer is larger than {MAX_BODY // 2**20} MiB", sent=True)
                return Answer(response.status_code, response.headers, bytes(received))
        except TimeoutError:
            raise NoAnswer(f"no answer within {self._deadline:.0f} s", sent=sent) from None
        except httpx.TimeoutException as error:
            phase = type(error).__name__.removesuffix("Timeout").lower()
            raise NoAnswer(f"time-out while {_PHASES.get(phase, 'waiting')}", sent=sent) from None
        except httpx.ConnectError as error:
            raise NoAnswer(_why_not_connected(error), sent=sent) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NoAnswer(f"the connection broke ({type(error).__name__})", sent=sent) from None


_PHASES = {
    "connect": "connecting",
    "read": "waiting for the answer",
    "write": "sending",
    "pool": "waiting for a connection",
}


def _why_not_connected(error: httpx.ConnectError) -> str:
    words = str(error)
    if "CERTIFICATE" in words.upper():
        return "the server's certificate is not trusted (a ca_bundle can be set in the profile)"
    if "Name or service" in words or "resolution" in words or "nodename" in words:
        return "its name can't be resolved"
    if "refused" in words or "All connection attempts failed" in words:
        return "the connection was refused"
    return "no connection"
