"""A raw mail taken apart: its headers, its parts and what is wrong with it. Nothing in it is run, fetched or trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from tui_app.core.text import NOTHING, Untrusted, sanitize
from tui_app.mail.encoded import (
    decoded_text,
    decoded_words,
    from_base64,
    from_quoted_printable,
    known_charset,
    parameters,
    text_in_charset,
)
from tui_app.mail.text_lines import text_lines

DEPTH_LIMIT: Final = 50
"""How deep parts are looked for."""
PART_LIMIT: Final = 2000
"""How many parts are looked at; all the rest is in the source."""
HEADER_LIMIT: Final = 50_000
"""How many headers of the mail and its parts are looked at together."""
_TYPE: Final = re.compile(r"\s*([\w.+-]{1,80}/[\w.+-]{1,80})\s*(?:;|\Z)", re.ASCII)
_HEADER: Final = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
_MAX_TYPE_VALUE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """One header in one line, decoded."""

    name: Untrusted
    value: Untrusted


@dataclass(frozen=True)
class Part:
    """One part of a mail: a text, an attachment, or parts in turn."""

    kind: str
    """`text/html`: the media type in lower case, safe to show."""
    name: Untrusted
    """The file name; empty where it has none."""
    charset: Untrusted
    encoding: Untrusted
    """The transfer encoding, in lower case."""
    size: int
    """Bytes when decoded; a line's end counts as one."""
    depth: int
    """0 is the mail itself."""
    children: tuple[Part, ...]
    remarks: tuple[str, ...]
    """What is wrong with it, in plain words."""
    body: str = field(repr=False, compare=False)
    """What stands in the source; of a part with parts nothing."""

    @property
    def is_text(self) -> bool:
        """Whether it is to be read as text; so is what should have parts and was not taken apart."""
        return self.kind.startswith(("text/", "multipart/", "message/")) and not self.children

    @cached_property
    def text(self) -> str:
        """The decoded text, hostile as it is; empty for what is no text."""
        if not self.is_text:
            return ""
        data = _decoded(self.body, self.encoding.exact)[0]
        if data is None:
            return text_in_charset(self.body, self.charset.exact)
        return decoded_text(data, self.charset.exact)


@dataclass(frozen=True)
class Eml:
    """A raw mail that was read."""

    headers: tuple[Header, ...]
    root: Part
    defects: tuple[str, ...]
    """What could not be read, in plain words."""
    source: str = field(repr=False, compare=False)
    """The mail as it came, hostile as it is."""

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the source, safe to show."""
        return text_lines(self.source)


def read_eml(raw: str) -> Eml:
    """The mail that a text holds. Never raises: what can't be read is told in `defects` and stays readable in `lines`."""
    source = raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw
    reader = _Reader(source)
    headers, body = reader.headers(0, len(source))
    if not source.isascii() and re.search("[\ud800-\udfff]", source):
        reader.defect("Some characters are halves of a pair and can't be shown.")
    if not headers:
        reader.defect("The mail has no headers.")
    root = reader.part(headers, body, len(source), 0, "text/plain")
    decoded = tuple(Header(Untrusted(name), Untrusted(decoded_words(value))) for name, value in headers)
    return Eml(decoded, root, tuple(reader.defects), raw)


def tree_lines(root: Part) -> list[tuple[int, str]]:
    """Each part in one line that is safe to show, with its depth: `text/plain utf-8 1.2 KB`."""
    lines: list[tuple[int, str]] = []
    left = [root]
    while left:
        part = left.pop()
        left += reversed(part.children)
        words = [part.kind]
        if not part.children:
            words += [sanitize(part.charset.exact, 40)] if part.is_text and part.charset else []
            words += [sanitize(part.name.exact, 200)] if part.name else []
            words.append(size_text(part.size))
        lines.append((part.depth, " ".join(words)))
    return lines


def size_text(size: int) -> str:
    """A size for people: `512 bytes`, `1.2 KB`, `88 KB`, `3.4 MB`."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    amount, unit = (size / 1000, "KB") if size < 999_500 else (size / 1_000_000, "MB")
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def _decoded(body: str, encoding: str) -> tuple[bytes | None, str]:
    """The bytes of an encoded body and a remark; None where it stands as it is."""
    if encoding == "base64":
        data, well = from_base64(body)
        return data, "" if well else "Its base64 has mistakes; what could be decoded is shown."
    if encoding == "quoted-printable":
        return from_quoted_printable(body), ""
    return None, "" if encoding in _IDENTITY else "Its transfer encoding is not known; it is shown as it stands."


@dataclass(slots=True)
class _Reader:
    source: str
    defects: dict[str, None] = field(default_factory=dict)
    """An ordered set."""
    parts: int = 0
    left_headers: int = HEADER_LIMIT

    def defect(self, sentence: str) -> None:
        """Tell once what is wrong."""
        self.defects.setdefault(sentence)

    def headers(self, start: int, end: int) -> tuple[list[tuple[str, str]], int]:
        """The headers that begin at a place, unfolded, and where the body begins."""
        found: list[tuple[str, list[str]]] = []
        at = start
        while at < end:
            stop = self.source.find("\n", at, end)
            stop = end if stop < 0 else stop
            line = self.source[at:stop]
            if not line:
                return _unfolded(found), stop + 1
            named = None if line[0] in " \t" else _HEADER.match(line)
            if named and self.left_headers <= 0:
                self.defect("There are too many headers; the rest is not shown.")
                stop = self.source.find("\n\n", at, end)
                return _unfolded(found), end if stop < 0 else stop + 2
            if named:
                self.left_headers -= 1
                found.append((named[1], [named[2]]))
            elif line[0] in " \t" and found:
                found[-1][1].append(line)
            elif not (at == 0 and line.startswith(("From ", ">From "))):
                self.defect("A line among the headers is no header; the text is taken to begin there.")
                return _unfolded(found), at
            at = stop + 1
        return _unfolded(found), end

    def part(self, headers: list[tuple[str, str]], start: int, end: int, depth: int, usual: str) -> Part:
        """The part with these headers and the body between two places."""
        self.parts += 1
        about = _about(headers)
        if about.pop("again", ""):
            self.defect("A part says twice what it is; the first counts.")
        written = about.get("content-type", "")
        kind = found[1].lower() if (found := _TYPE.match(written)) else ""
        if written and not kind:
            self.defect("A part's type can't be read; it is shown as text.")
        of_type, of_place = parameters(written), parameters(about.get("content-disposition", ""))
        kind = kind or ("text/plain" if written else usual)
        encoding = about.get("content-transfer-encoding", "").partition(";")[0].strip().lower()
        children: tuple[Part, ...] = ()
        remarks: list[str] = []
        if kind.startswith(("multipart/", "message/rfc822")):
            children = self._children(kind, of_type.get("boundary", ""), encoding, start, end, depth)
        body = "" if children else self.source[start:end]
        charset = of_type.get("charset", "")
        if children:
            size = sum(child.size for child in children)
        else:
            data, remark = _decoded(body, encoding)
            size = _utf8_size(body) if data is None else len(data)
            remarks += [remark] if remark else []
        if kind.startswith("text/") and charset and not known_charset(charset):
            remarks.append("Its charset is not known; it is shown as UTF-8 or Latin-1.")
        for remark in remarks:
            self.defect(remark.replace("Its", "A part's", 1))
        name = of_place.get("filename") or of_type.get("name") or ""
        return Part(
            kind, Untrusted(name) if name else NOTHING, Untrusted(charset), Untrusted(encoding), size, depth,
            children, tuple(remarks), body,
        )  # fmt: skip

    def _children(self, kind: str, boundary: str, encoding: str, start: int, end: int, depth: int) -> tuple[Part, ...]:
        if depth >= DEPTH_LIMIT:
            self.defect("More parts inside are not shown.")
            return ()
        if encoding not in _IDENTITY:
            self.defect("A part with parts inside is encoded; it is not taken apart.")
            return ()
        if kind == "message/rfc822":
            headers, body = self.headers(start, end)
            return (self.part(headers, body, end, depth + 1, "text/plain"),)
        if not boundary:
            self.defect("A part with parts inside does not say how they are separated; it is not taken apart.")
            return ()
        usual = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        children: list[Part] = []
        for begin, stop in self._between(boundary, start, end):
            if self.parts >= PART_LIMIT:
                self.defect("There are too many parts; the rest is not shown.")
                break
            headers, body = self.headers(begin, stop)
            children.append(self.part(headers, min(body, stop), stop, depth + 1, usual))
        if not children:
            self.defect("The separator of parts is nowhere; a part is not taken apart.")
        return tuple(children)

    def _between(self, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the parts between separators begin and end."""
        source, mark = self.source, f"--{boundary}"
        begin = -1
        at = start
        while at < end:
            if not source.startswith(mark, at):
                at = source.find(f"\n{mark}", max(at - 1, start), end) + 1
                if not at:
                    break
            stop = source.find("\n", at, end)
            stop = end if stop < 0 else stop
            rest = source[at + len(mark) : min(stop, at + len(mark) + 1000)].rstrip()
            if rest in ("", "--"):
                if begin >= 0:
                    yield begin, max(at - 1, begin)
                begin = -1 if rest else stop + 1
                if rest:
                    return
            at = stop + 1
        if begin >= 0:
            self.defect("The last separator of parts is missing; the mail may be cut off.")
            yield min(begin, end), end


def _unfolded(found: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    return [(name, "".join(lines).strip()) for name, lines in found]


def _about(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers that say what a part is, each the first of its name; `again` where one came twice."""
    about: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key in ("content-type", "content-transfer-encoding", "content-disposition"):
            if key in about:
                about["again"] = key
            about.setdefault(key, value[:_MAX_TYPE_VALUE])
    return about


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
