"""Whether the API can be reached: its name, TLS, and what answers there; and what time it is by its clock."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tui_app.api.errors import ApiError, RateLimited, ServerFault, Unreachable, Unreadable
from tui_app.core.background import in_background
from tui_app.core.clock import rough_duration
from tui_app.core.errors import ExitCode
from tui_app.core.text import sanitize
from tui_app.doctor.check import CheckResult, look, ok, wrong

if TYPE_CHECKING:
    from tui_app.config.settings import Settings

RESOLVING: Final = 4.0
"""Seconds for the name of the host."""
NEAR: Final = 5.0
"""Seconds by which two clocks may differ: an answer takes its time, and its Date has whole seconds."""
FAR: Final = 300.0
"""Seconds from which on the clock is wrong."""
_CERTIFICATE: Final = "certificate is not trusted"


async def find_host(settings: Settings) -> str:
    """Look the name up of whatever is connected to; why it can't be found, empty when it is.

    Before anything is sent: a request that hangs in the resolver can't be ended, this can.
    """
    url = settings.proxy.name if settings.proxy is not None else settings.base_url
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    what = f"{'The proxy ' if settings.proxy is not None else ''}{sanitize(host, 100)}"
    try:
        async with asyncio.timeout(RESOLVING):
            await in_background(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return f"{what} could not be looked up within {RESOLVING:.0f} s: no answer from the name server."
    except OSError as error:
        return f"{what} is not known to the name server: {error.strerror or type(error).__name__}."
    except UnicodeError:
        return f"{what} can't be the name of a host."
    return ""


def check_connection(settings: Settings, unknown_host: str, answer: object, seconds: float) -> CheckResult:
    """What the first request came to: `answer` is its result or its error."""
    host = sanitize(urlsplit(settings.base_url).hostname or "", 100)
    if unknown_host:
        return wrong("connection", unknown_host, "Check the network, the name server and the proxy.", ExitCode.API)
    if isinstance(answer, RateLimited) and not answer.sent:
        return look("connection", f"Not looked at: {answer}", "Wait, then run it again.")
    if isinstance(answer, Unreachable):
        todo = "Check the network, the proxy and the firewall, then run it again."
        if _CERTIFICATE in str(answer):
            todo = "See the line on certificates."
        return wrong("connection", f"{host}: {answer}", todo, ExitCode.API)
    if isinstance(answer, Unreadable):
        return wrong(
            "connection",
            f"{host} answers, but not as the API does: {answer}",
            "Look whether a proxy, a log-in page or another server answers in its place.",
            ExitCode.API,
        )
    if isinstance(answer, ServerFault):
        return wrong(
            "connection", f"{host}: {answer}", "Run it again in a minute; see cloudflarestatus.com.", ExitCode.API
        )
    if isinstance(answer, ApiError) and not answer.notices:
        return look(
            "connection",
            f"{host} refused in {seconds * 1000:.0f} ms, but not in the API's own words: {answer}",
            "Look whether a proxy answers in its place.",
        )
    return ok("connection", f"{host} answered in {seconds * 1000:.0f} ms")


def is_reached(answer: object) -> bool:
    """Whether whoever answered is the API, so that more can be asked."""
    return not isinstance(answer, (Unreachable, Unreadable, ServerFault, RateLimited))


def check_certificates(settings: Settings, answer: object, set_aside: Sequence[str]) -> CheckResult:
    """Which certificates are trusted, and whether the server's is; `answer` is None when nothing was asked."""
    aside = f" {', '.join(set_aside)} set aside: no variable chooses whom to trust." if set_aside else ""
    if urlsplit(settings.base_url).scheme == "http":
        return ok("certificates", f"Plain http to this machine: no TLS.{aside}")
    bundle = settings.ca_bundle
    store = f"those of {sanitize(str(bundle), 200)}" if bundle is not None else "the system's"
    if isinstance(answer, Unreachable) and _CERTIFICATE in str(answer):
        return wrong(
            "certificates",
            f"The server's certificate is not trusted; trusted are {store}.{aside}",
            "Where a proxy looks into TLS, name its certificate with ca_bundle in the profile; else don't go on.",
            ExitCode.API,
        )
    if answer is None or isinstance(answer, Unreachable):
        return look(
            "certificates", f"Trusted are {store}. Not known whether that fits: there was no connection.{aside}"
        )
    return ok("certificates", f"The server's is trusted by {store}.{aside}")


def check_clock(here: datetime, there: datetime | None) -> CheckResult:
    """How far this machine's clock is from the server's."""
    if there is None:
        return look("clock", "Not looked at: no answer told the server's time.")
    ahead = (here - there).total_seconds()
    apart = abs(ahead)
    if apart < NEAR:
        return ok("clock", f"This machine's clock is the server's, within {NEAR:.0f} s")
    found = f"This machine's clock is {rough_duration(apart)} {'ahead of' if ahead > 0 else 'behind'} the server's."
    todo = "Set the clock (timedatectl set-ntp true)."
    if apart < FAR:
        return look("clock", found, todo)
    return wrong("clock", found, f"{todo} Until then 24h and 7d search another time, and records are dated wrongly.")
