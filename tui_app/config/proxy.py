"""The proxy that the environment names, and the hosts that are asked without it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tui_app.auth.credentials import Secret
from tui_app.core.errors import UsageError

_LARGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. Its URL may hold a password; `name` has none and may be shown."""

    url: Secret
    name: str


def is_loopback(host: str) -> bool:
    """Whether a host name or address is of this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(base_url: str, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy of `HTTPS_PROXY`; None without one, or if `NO_PROXY` names the API's host. Raises UsageError."""
    given = environment.get("HTTPS_PROXY") or environment.get("https_proxy")
    host = (urlsplit(base_url).hostname or "").lower().rstrip(".")
    if not given or is_loopback(host) or _without_proxy(host, environment):
        return None
    if not given.isascii() or not given.isprintable() or re.search("[ \"'`]", given) or len(given) > _LARGEST:
        raise UsageError(
            "HTTPS_PROXY has characters that no address has (blanks, line breaks, quotes or non-ASCII ones), or too many. "
            "In a password they are written as % and two hex digits, a blank as %20. Nothing was sent."
        )
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port, parts = None, None, urlsplit("")
    more = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not name or port == 0 or more:
        # One of these signs in a password ends the host.
        signs = " In a password # is written as %23, / as %2F, ? as %3F, @ as %40." if "@" in given else ""
        raise UsageError(f"HTTPS_PROXY must be http://HOST:PORT (or https://…).{signs} Nothing was sent.")
    shown = f"{parts.scheme}://{f'[{name}]' if ':' in name else name}" + (f":{port}" if port else "")
    return Proxy(Secret(parts.geturl(), "address in HTTPS_PROXY"), shown)


def _without_proxy(host: str, environment: Mapping[str, str]) -> bool:
    """Whether a rule of `NO_PROXY` names the host: `*`, a domain with all below it, an address, a network; a port says nothing."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for rule in _rules(environment.get("NO_PROXY") or environment.get("no_proxy") or ""):
        if rule == "*":
            return True
        if address is None and (host == rule or host.endswith("." + rule)):
            return True
        try:
            if address is not None and address in ipaddress.ip_network(rule, strict=False):
                return True
        except ValueError:
            continue
    return False


def _rules(written: str) -> Iterator[str]:
    """The rules of a list with commas or blanks, each in its one form: without a port, brackets and dots at its ends."""
    for rule in re.split(r"[\s,]+", written.lower()):
        if bracketed := re.fullmatch(r"\[([^\]]*)\](:\d*)?", rule):
            yield bracketed[1]
        elif rule.count(":") > 1:  # an IPv6 address
            yield rule
        elif named := rule.partition(":")[0].removeprefix("*.").strip("."):
            yield named
