"""What mail writes in ASCII and means otherwise: encoded words, parameters, charsets, transfer encodings."""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

_WORD: Final = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^;]*))', re.DOTALL)
_QUOTED: Final = re.compile(r"\\(.)", re.DOTALL)
_NOT_BASE64: Final = bytes(
    sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
)
_NO_CHARSETS: Final = frozenset(
    {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
)
"""Codecs of Python that are not charsets of mail; some take quadratic time."""
_ALIASES: Final = {"x-sjis": "cp932", "x-gbk": "gbk", "ks_c_5601-1987": "cp949", "unicode-1-1-utf-7": "utf-7"}
_SEVEN_BITS: Final = ("iso2022", "hz", "utf-7")
"""Charsets that write other characters in ASCII."""


@lru_cache(maxsize=256)
def known_charset(name: str) -> str:
    """The codec of a charset; empty where there is none."""
    written = name.strip().strip("'\"").lower()
    if not re.fullmatch(r"[a-z0-9_.:-]{1,40}", written):
        return ""
    try:
        found = codecs.lookup(_ALIASES.get(written, written))
        b"a".decode(found.name, "replace")  # raises for codecs that are not about text
    except (LookupError, ValueError):
        return ""
    return "" if found.name.replace("_", "-") in _NO_CHARSETS else found.name


def decoded_text(data: bytes, charset: str) -> str:
    """The bytes as text. ASCII that is not, and charsets that nobody knows, are read as UTF-8 or else as Latin-1."""
    codec = known_charset(charset) if charset else "ascii"
    if codec not in ("", "ascii"):
        return data.decode(codec, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def text_in_charset(text: str, charset: str) -> str:
    """Text that came without a transfer encoding; only charsets that write in ASCII are still to be decoded."""
    codec = known_charset(charset)
    return text.encode("ascii").decode(codec, "replace") if codec.startswith(_SEVEN_BITS) and text.isascii() else text


def from_base64(text: str) -> tuple[bytes, bool]:
    """The bytes, and whether all was well: wrong padding and other characters are passed over."""
    data = text.encode("utf-8", "replace")
    clean = data.translate(None, _NOT_BASE64)
    well = len(clean) + sum(map(data.count, (b"\n", b"\r", b" ", b"\t"))) == len(data)
    try:
        return binascii.a2b_base64(clean), well
    except binascii.Error:
        joined = clean.replace(b"=", b"")
        joined = joined[:-1] if len(joined) % 4 == 1 else joined
        return binascii.a2b_base64(joined + b"=" * (-len(joined) % 4)), False


def from_quoted_printable(text: str, *, header: bool = False) -> bytes:
    """The bytes; what is not an escape stays as it is."""
    return binascii.a2b_qp(text.encode("utf-8", "replace"), header=header)


def decoded_words(text: str) -> str:
    """A header's value with its encoded words decoded; characters that were split between two words are put together."""
    if "=?" not in text:
        return text
    shown: list[str] = []
    held = bytearray()
    charset = ""
    at = 0
    for found in _WORD.finditer(text):
        between = text[at : found.start()]
        name = found[1].partition("*")[0].lower()
        beside = at > 0 and not between.strip()
        if not beside or name != charset:
            shown.append(decoded_text(bytes(held), charset))
            held.clear()
        if not beside:
            shown.append(between)
        charset = name
        held += from_base64(found[3])[0] if found[2] in "bB" else from_quoted_printable(found[3], header=True)
        at = found.end()
    return "".join([*shown, decoded_text(bytes(held), charset), text[at:]])


def parameters(value: str) -> dict[str, str]:
    """The parameters of a header such as Content-Type, names in lower case; pieces are joined and decoded (RFC 2231)."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(value):
        written = _QUOTED.sub(r"\1", found[2]) if found[2] is not None else (found[3] or "").strip()
        name, star, rest = found[1].lower().partition("*")
        if not star:
            plain.setdefault(name, decoded_words(written))
            continue
        number = rest.removesuffix("*")
        if (number or "0").isdecimal() and len(number) < 6:
            encoded = not rest or rest.endswith("*")
            pieces.setdefault(name, {}).setdefault(int(number or "0"), (written, encoded))
    for name, numbered in pieces.items():
        plain[name] = _joined([numbered[number] for number in sorted(numbered)])
    return plain


def _joined(pieces: list[tuple[str, bool]]) -> str:
    charset = ""
    if pieces[0][1] and pieces[0][0].count("'") >= 2:
        charset, _, first = pieces[0][0].split("'", 2)
        pieces = [(first, True), *pieces[1:]]
    return decoded_text(
        b"".join(
            unquote_to_bytes(text.encode("utf-8", "replace")) if encoded else text.encode("utf-8", "replace")
            for text, encoded in pieces
        ),
        charset,
    )
