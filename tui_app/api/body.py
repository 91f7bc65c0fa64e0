"""An answer's body, taken in piece by piece: decompressed with a cap, so that no bomb costs more than the cap."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of one answer, decompressed. A page of 1,000 job messages is about 1.2 MB."""
MAX_HEADERS: Final = 64 * 1024
"""Bytes of all names and values of an answer's headers."""
_LARGE: Final = 4096
_AUTO_GZIP: Final = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body can't be taken in; the text says why."""


class BodyTooLarge(BodyError):
    """It is larger than the cap."""


class Body:
    """Bytes fed as they come; `whole` once the last one is there. Every method raises BodyError."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        size = sum(len(name) + len(value) for name, value in headers.items())
        if size > MAX_HEADERS:
            raise BodyTooLarge(f"the answer's headers are larger than {MAX_HEADERS // 1024} KiB")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise BodyError("the answer is compressed in a way that was not asked for")
        self._inflating = zlib.decompressobj(_AUTO_GZIP) if encoding.endswith("gzip") else None
        self._pieces: list[bytes | bytearray] = []
        self._size = 0
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the wire."""
        self._begun = True
        if self._inflating is None:
            self._take(chunk)
            return
        try:
            while chunk:
                # At most one byte over the cap is ever decompressed.
                self._take(self._inflating.decompress(chunk, MAX_BODY - self._size + 1))
                chunk = self._inflating.unconsumed_tail
                if self._inflating.eof and self._inflating.unused_data:
                    raise BodyError("there is more after the end of the answer")
        except zlib.error:
            raise BodyError("the answer's compression is broken") from None

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if len(piece) >= _LARGE:
            self._pieces.append(piece)
        else:
            # Eight million pieces of one byte must not be eight million objects.
            if not self._pieces or not isinstance(self._pieces[-1], bytearray):
                self._pieces.append(bytearray())
            self._pieces[-1] += piece
        if self._size > MAX_BODY:
            raise BodyTooLarge(f"the answer is larger than {MAX_BODY // 2**20} MiB")

    def whole(self) -> bytes:
        """All of it, once the connection says that this was all."""
        if self._inflating is not None and self._begun and not self._inflating.eof:
            raise BodyError("the answer's compression ends too early")
        return b"".join(self._pieces)
