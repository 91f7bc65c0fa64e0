"""A message in a file of its own: the raw mail, the API's object, a part as text, or a picture that the server draws."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_app.api.wire_values import without_our_name
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.files import new_file
from tui_app.core.text import json_text, sanitize
from tui_app.mail.message_parts import Failed, MessageParts, Part
from tui_app.mail.part_text import unlike_message

if TYPE_CHECKING:
    from tui_app.api.rows import Message

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = b"\x00\x00\x00\rIHDR"
_AROUND: Final = 12
"""Bytes of a chunk that are not its content: its size, its kind, its checksum."""


def file_suffix(name: str) -> str:
    """The suffix of a file's name, which says what is saved. Raises UsageError for any other."""
    suffix = Path(name).suffix.lower()
    if suffix not in (".eml", ".json", ".txt", ".png"):
        raise UsageError("The name says what is saved: it must end in .eml, .json, .txt or .png.")
    return suffix


async def save_message(parts: MessageParts, known: Message | None, name: str, lines: Sequence[str]) -> str:
    """Write a new file with mode 0600; the suffix of its name says what. What to tell of it. Raises SluiceError.

    `lines` = the part that is shown, as safe text.
    """
    path = Path(name)
    match file_suffix(name):
        case ".eml":
            data: str | bytes = await _raw(parts, known)
        case ".png":
            data = picture_of((await parts.screenshot(known)).screenshot.exact)
        case ".json":
            answer = await parts.read(Part.SUMMARY, known)
            if isinstance(answer, Failed):
                raise answer.error
            assert parts.message is not None
            data = f"{json_text(without_our_name(parts.message.wire))}\n"
        case _:
            data = "".join(f"{line}\n" for line in lines)
    size = await asyncio.to_thread(_write, path, data)
    other = unlike_message(Part.RAW, parts, known) if file_suffix(name) == ".eml" else ()
    return " ".join([f"Written: {sanitize(str(path))}, {size:,} bytes.", *other])


def _write(path: Path, data: str | bytes) -> int:
    """Write a new file; how many bytes it has."""
    new_file(path, data)
    return path.stat().st_size


async def _raw(parts: MessageParts, known: Message | None) -> str:
    answer = await parts.read(Part.RAW, known)
    if isinstance(answer, Failed):
        raise SluiceError(answer.sentence) from answer.error
    assert parts.raw is not None
    return parts.raw.raw.exact


def picture_of(text: str) -> bytes:
    """The PNG picture that is in a base64 text. Raises SluiceError for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if not _is_whole_png(data):
        raise SluiceError("The server's answer is not a picture, or not a whole one. Nothing was written.")
    return data


def _is_whole_png(data: bytes) -> bool:
    """Whether it is a PNG file from its signature and its header to its end, and nothing else behind that."""
    if not data.startswith(_PNG + _HEADER):
        return False
    at = len(_PNG)
    while at + _AROUND <= len(data):
        kind = data[at + 4 : at + 8]
        at += int.from_bytes(data[at : at + 4], "big") + _AROUND
        if kind == b"IEND":
            return at == len(data)
    return False
