"""HTML as a stream of tags and texts, cut as browsers cut it, in time that grows with its size only.

Parsers that build a tree take quadratic time for hostile nesting or attributes, and so does the standard library's
`html.parser` before its security fixes of 2025. For a text no tree is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from html.entities import html5
from typing import Final


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag or an end tag; names are in lower case, of equal attributes the first counts."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    closing: bool = False


_BLANK: Final = r"\t\n\f\r "
_MARKUP: Final = re.compile(rf"<(?:(/?)([a-zA-Z][^{_BLANK}/>]*)|!--|[!?]|/(?=[^a-zA-Z]))")
_ATTRIBUTE: Final = re.compile(
    rf"[{_BLANK}/]*(?:(>)|([^{_BLANK}/>][^{_BLANK}/>=]*)"
    rf"(?:[{_BLANK}]*=[{_BLANK}]*(?:\"([^\"]*)(?:\"|\Z)|'([^']*)(?:'|\Z)|([^{_BLANK}>]*)))?)"
)
_COMMENT_END: Final = re.compile(r"--!?>")
_SCRIPT: Final = re.compile(rf"<!--(?!-?>)|-->|</?script(?=[{_BLANK}/>])", re.IGNORECASE)
_RAW: Final = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea", "plaintext"})
"""Elements that hold no tags: they go on to their own end tag."""
_DECODED: Final = frozenset({"title", "textarea"})
_ZEROS: Final = re.compile(r"&#([xX]?)0+(?=[0-9a-fA-F])")
_TOO_LARGE: Final = re.compile(r"&#[0-9]{8,};?")
_REFERENCE: Final = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]{0,31}[;=]?)")


def tokens(html: str) -> Iterator[Tag | str]:
    """The tags and the texts in between, in their order. Comments are left out; never raises.

    Behind the start tag of an element that holds no tags, such as a script, its content is one text. A tag that does not
    end is text, so that nobody can hide something behind it.
    """
    at = 0
    while found := _MARKUP.search(html, at):
        if found.start() > at:
            yield _unescaped(html[at : found.start()])
        if not found[2]:
            at = _after_comment(html, found)
            continue
        attributes, at = _tag_attributes(html, found.end())
        if at < 0:
            yield html[found.start() :]
            return
        name = found[2].lower()
        yield Tag(name, attributes, closing=bool(found[1]))
        if name in _RAW and not found[1]:
            end = _raw_end(html, name, at)
            content = html[at:end]
            yield _unescaped(content) if name in _DECODED else content
            at = end
    if at < len(html):
        yield _unescaped(html[at:])


def _after_comment(html: str, found: re.Match[str]) -> int:
    """Where the text goes on behind a comment, a doctype or what browsers take for a comment."""
    at = found.end()
    if found[0] != "<!--":
        end = html.find(">", at)
        return len(html) if end < 0 else end + 1
    if html.startswith((">", "->"), at):
        return html.index(">", at) + 1
    ended = _COMMENT_END.search(html, at)
    return ended.end() if ended else len(html)


def _tag_attributes(html: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, and the place behind its `>`: -1 where the text ends first."""
    attributes: dict[str, str] = {}
    while found := _ATTRIBUTE.match(html, at):
        if found[1]:
            return attributes, found.end()
        at = found.end()
        value = found[3] or found[4] or found[5] or ""
        attributes.setdefault(found[2].lower(), _unescaped_value(value) if "&" in value else value)
    return attributes, -1


def _raw_end(html: str, name: str, at: int) -> int:
    """Where the end tag of an element without tags begins. A script may hold its own end tag inside a comment."""
    if name == "plaintext":
        return len(html)
    if name != "script":
        ended = _end_tag(name).search(html, at)
        return ended.start() if ended else len(html)
    in_comment = in_script = False
    for found in _SCRIPT.finditer(html, at):
        mark = found[0].lower()
        if mark == "<!--":
            in_comment = True
        elif mark == "-->":
            in_comment = in_script = False
        elif mark == "<script":
            in_script = in_comment
        elif in_script:
            in_script = False
        else:
            return found.start()
    return len(html)


@lru_cache(maxsize=16)
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[{_BLANK}/>])", re.IGNORECASE)


def _unescaped(text: str) -> str:
    """The text with its character references decoded."""
    if "&" not in text:
        return text
    if "&#" in text:
        # `unescape` raises for numbers of thousands of digits.
        text = _TOO_LARGE.sub("\ufffd", _ZEROS.sub(r"&#\1", text))
    return unescape(text)


def _unescaped_value(value: str) -> str:
    """An attribute's value, decoded; `&copy=` in a URL is no sign, unlike `&copy;`."""
    return _REFERENCE.sub(_reference, value)


def _reference(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith("&#") or text.endswith(";"):
        return _unescaped(text)
    return html5.get(text[1:], text)
