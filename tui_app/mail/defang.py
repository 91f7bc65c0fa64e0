"""Links that can't be followed by mistake, and the host that they really lead to."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import idna

from tui_app.core.text import sanitize

_DROPPED: Final = str.maketrans("", "", "\t\n\r")
"""Browsers take these out of a URL, wherever they stand."""
_AROUND: Final = "".join(map(chr, range(0x21)))
"""Browsers take these off both ends."""
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)(?::|\[:\])", re.IGNORECASE)
_WEB: Final = frozenset({"http", "https", "hxxp", "hxxps"})
_WITH_HOST: Final = _WEB | {"ftp", "ws", "wss"}
"""Schemes behind which browsers take any slashes and backslashes, also none, for the two before a host."""
_PORT: Final = re.compile(r"\d{1,5}(?![^/\\?#])")
_SLASHES: Final = re.compile(r"[/\\]*")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_WORD: Final = re.compile(r"""[^\s/\\?#<>"'(),]+""")
_HOST_LIKE: Final = re.compile(r"[\w-](?:[.\u3002\uff0e\uff61]|\[[.\u3002\uff0e\uff61]\])[\w-]")
_LIVE: Final = re.compile(r"\[[.@\u3002\uff0e\uff61]\]|[.@\u3002\uff0e\uff61]")
_INNER: Final = re.compile(r"http(?=s?:)", re.IGNORECASE)
_LONGEST_HOST: Final = 255


def defang(url: str) -> str:
    """The URL as nothing makes a link of it: `hxxps://evil[.]example/x`, `mailto[:]a[@]evil[.]example`. Idempotent.

    Of text without a scheme the first part that looks like a host is taken. The result is not safe for a screen by itself.
    """
    text = _cleaned(url)
    scheme, rest = _split_scheme(text)
    if scheme in _WITH_HOST:
        rest = rest[len(_SLASHES.match(rest)[0]) :]  # type: ignore[index]
        begin = f"{scheme.replace('tt', 'xx')}://" if scheme in _WEB else f"{scheme}[:]//"
        return begin + _authority_first(rest)
    if scheme == "mailto":
        address, mark, more = rest.partition("?")
        return f"mailto[:]{_bracketed(address)}{mark}{_inner(more)}"
    if scheme:
        return f"{scheme}[:]{_inner(rest)}"
    if text.startswith(("//", "\\\\", "/\\", "\\/")):
        return text[:2] + _authority_first(text[2:])
    for word in _WORD.finditer(text):
        if _HOST_LIKE.search(word[0]):
            return _inner(text[: word.start()]) + _bracketed(word[0]) + _inner(text[word.end() :])
    return _inner(text)


def link_host(url: str) -> str:
    """The host that a browser would ask, and its other form if it has two: `bücher.example (xn--bcher-kva.example)`.

    Empty where there is no host. Safe to show.
    """
    host = _host(_cleaned(url))
    if not host:
        return ""
    if len(host) > _LONGEST_HOST or host.startswith("["):
        return sanitize(host, _LONGEST_HOST)
    try:
        name = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except (idna.IDNAError, IndexError):
        return sanitize(host)
    if number := _ip_address(name):
        return number
    forms = {convert(name) for convert in (_unicode, _ascii)} - {""} or {name}
    return sanitize(" (".join(sorted(forms, key=str.isascii)) + ")" * (len(forms) - 1))


def url_remarks(url: str) -> tuple[str, ...]:
    """What is odd about a URL, in plain words: signs by which it looks like one that leads elsewhere."""
    text = _cleaned(url)
    scheme, rest = _split_scheme(text)
    found: list[str] = []
    if _cleaned(url) != url.strip(_AROUND):
        found.append("tabs or line breaks are inside")
    if scheme in _WITH_HOST or not scheme:
        if "\\" in rest.partition("?")[0].partition("#")[0]:
            found.append("backslashes are taken for slashes")
        if scheme and _authority(rest).rpartition("@")[1]:
            found.append("what stands before @ is a user name, not the host")
        if scheme and "%" in _authority(rest).rpartition("@")[2]:
            found.append("the host is written with % codes")
    return tuple(found)


def _cleaned(url: str) -> str:
    return url.translate(_DROPPED).strip(_AROUND)


def _split_scheme(text: str) -> tuple[str, str]:
    """The scheme in lower case and what follows; no scheme where a host and its port stand there."""
    found = _SCHEME.match(text)
    if found is None or ("." in found[1] and _PORT.match(text, found.end())):
        return "", text
    return found[1].lower(), text[found.end() :]


def _authority_first(rest: str) -> str:
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]
    return _bracketed(authority) + _inner(rest[len(authority) :])


def _bracketed(text: str) -> str:
    return _LIVE.sub(lambda found: found[0] if len(found[0]) > 1 else f"[{found[0]}]", text)


def _inner(text: str) -> str:
    """URLs in the path or the query of another: terminals find them there too."""
    return _INNER.sub(lambda found: found[0][0] + ("xx" if found[0][1:3].islower() else "XX") + found[0][3], text)


def _authority(rest: str) -> str:
    return _AUTHORITY.match(rest, len(_SLASHES.match(rest)[0]))[0]  # type: ignore[index]


def _host(text: str) -> str:
    scheme, rest = _split_scheme(text)
    if scheme and scheme not in _WITH_HOST:
        return rest.partition("?")[0].rpartition("@")[2] if scheme == "mailto" else ""
    if not scheme and not text.startswith(("//", "\\\\", "/\\", "\\/")):
        return ""
    host = _authority(rest).rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return unquote(host.partition(":")[0]).strip()


def _unicode(name: str) -> str:
    try:
        return ".".join(idna.decode(label) if label.startswith("xn--") else label for label in name.split("."))
    except (UnicodeError, ValueError, IndexError):
        return ""


def _ascii(name: str) -> str:
    """The form that is asked for. Browsers take more characters (_ and pictures) than the standard."""
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in name.split(".")
        )
    except (UnicodeError, ValueError):
        return ""


def _ip_address(name: str) -> str:
    """The dotted form of an address that is written as other numbers: `0x7f.1` and `2130706433` are 127.0.0.1."""
    parts = name.removesuffix(".").split(".")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return ""
    if len(numbers) > 4 or any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return ""
    value = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _number(text: str) -> int:
    if not text.isascii() or not text.isalnum():
        raise ValueError(text)
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text[0] == "0" and len(text) > 1 else int(text)
