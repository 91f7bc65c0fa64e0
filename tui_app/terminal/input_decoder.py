"""Decodes what is typed: a byte that is not UTF-8 must not end the console, and a paste must not press a key."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

LOST: Final = 2.0
"""Seconds of silence inside of a paste after which a single key means that the end of the paste was lost."""
_PAUSE: Final = 0.05
_LONG: Final = 1024
"""Bytes. A paste comes in reads of up to 4096 bytes: what follows such a long read within `_PAUSE` seconds is part of it."""
_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ONE_KEY: Final = re.compile("[^\x1b]|\x1b{1,2}(?:\\[[0-?]*[ -/]*[@-~]|\\[\\[[A-E]|O[0-9]*.|.)?", re.DOTALL)
"""One character, one control or one sequence, also with alt, also those of the Linux console."""


class _Part(Enum):
    """What the next character belongs to."""

    TYPED = auto()
    PASTED = auto()
    AFTER_PASTE = auto()
    """What came in one read with a paste, after its end: pasted text may hold the end mark, and would go on there."""


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of the text are the beginning of the mark."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


class PasteSafeDecoder:
    """Decodes the terminal's bytes for Textual's parser, which would take controls inside of a paste for keys."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        # Textual's own decoder ends the input thread at the first byte that is not UTF-8.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._monotonic = monotonic
        self._part = _Part.TYPED
        self._before = ""
        """The end of what was returned last: a mark may come in two reads."""
        self._held = ""
        self._heard = monotonic()
        self._waited = 0.0
        self._long = False
        """Whether the last read was so long that it must be part of a paste."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of the next bytes; inside of a paste without controls, except for tabs and line ends."""
        new = self._decoder.decode(data, final)
        now = self._monotonic()
        silence, self._heard = max(self._waited, now - self._heard), now
        # The silence before a character is the one before its first byte, or between its bytes.
        self._waited = 0.0 if new else silence
        if not new and not final:
            return ""
        begun, self._held = self._held, ""
        text = begun + new
        decoded: list[str] = []
        if self._part is _Part.PASTED and silence >= LOST and self._is_a_key(begun, new):
            decoded.append(_CONTROLS.sub("", begun) + _END)
            self._part, text = _Part.TYPED, new
        elif self._part is _Part.AFTER_PASTE and not self._goes_on(begun, text, silence):
            self._part, text = _Part.TYPED, new
        self._long = len(data) >= _LONG
        while text:
            taken, text = self._split(text, final)
            decoded.append(taken)
        return "".join(decoded)

    @staticmethod
    def _is_a_key(begun: str, new: str) -> bool:
        """Whether what came inside of a paste is a single key, and not the rest of the paste's end mark."""
        if new == _END or (begun and _END.startswith(begun + new)):
            return False
        return _ONE_KEY.fullmatch(new) is not None

    def _goes_on(self, begun: str, text: str, silence: float) -> bool:
        """Whether this text, after a paste, still belongs to the paste, or ends a mark that began there."""
        if self._long and silence < _PAUSE:
            return True
        return bool(begun) and any(text.startswith(mark) or mark.startswith(text) for mark in (_BEGIN, _END))

    def _split(self, text: str, final: bool) -> tuple[str, str]:
        """What is returned for the first part of the text, and the rest of the text."""
        if self._part is _Part.TYPED:
            return self._typed(text)
        return self._pasted(text, final) if self._part is _Part.PASTED else self._after_paste(text)

    def _typed(self, text: str) -> tuple[str, str]:
        begun = (self._before + text).find(_BEGIN)
        if begun < 0:
            self._before = (self._before + text)[1 - len(_BEGIN) :]
            return text, ""
        self._part = _Part.PASTED
        end = begun + len(_BEGIN) - len(self._before)
        self._before = ""
        return text[:end], text[end:]

    def _pasted(self, text: str, final: bool) -> tuple[str, str]:
        end = text.find(_END)
        if end >= 0:
            self._part = _Part.AFTER_PASTE
            return _CONTROLS.sub("", text[:end]) + _END, text[end + len(_END) :]
        kept = 0 if final else _begun(text, _END)
        self._held = text[len(text) - kept :]
        return _CONTROLS.sub("", text[: len(text) - kept]), ""

    def _after_paste(self, text: str) -> tuple[str, str]:
        begin = text.find(_BEGIN)
        if begin >= 0:
            self._part = _Part.PASTED
            return _BEGIN, text[begin + len(_BEGIN) :]
        self._held = text[len(text) - max(_begun(text, _BEGIN), _begun(text, _END)) :]
        return "", ""
