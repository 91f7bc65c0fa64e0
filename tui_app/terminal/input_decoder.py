"""Keys as they come from a line: one byte that is no UTF-8 must not end the console, and a paste must press no key."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from textual.drivers import linux_driver

LOST: Final = 2.0
"""Seconds without anything after which one key says that the end of a paste was lost."""
_BREATH: Final = 0.05
_LONG: Final = 1024
"""A paste comes in reads of 4096 bytes at most: what follows one this long (bytes) within a breath (seconds) is of it."""
_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ONE_KEY: Final = re.compile("[^\x1b]|\x1b{1,2}(?:\\[[0-?]*[ -/]*[@-~]|\\[\\[[A-E]|O[0-9]*.|.)?", re.DOTALL)
"""A character, a control, or one sequence: also with alt, and of the Linux console."""


class _Part(Enum):
    """What the next character belongs to."""

    TYPED = auto()
    PASTED = auto()
    BEHIND = auto()
    """What came in one piece with a paste, behind its end: a text that holds the mark of an end would go on there."""


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of the text are the beginning of a mark."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


class PasteSafeDecoder:
    """Bytes of the terminal to text for Textual's parser, which takes what looks like keys inside of a paste for keys."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        # By itself the input thread gives up on the first byte that is no UTF-8.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._monotonic = monotonic
        self._part = _Part.TYPED
        self._before = ""
        """The end of what was handed on last: a marker may come in two pieces."""
        self._held = ""
        self._heard = monotonic()
        self._waited = 0.0
        self._long = False
        """Whether the last read was as long as only a paste's are."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The next piece; inside of a paste there are no controls but tabs and the ends of lines."""
        new = self._decoder.decode(data, final)
        now = self._monotonic()
        silence, self._heard = max(self._waited, now - self._heard), now
        # The silence before a character is the one before its first byte, or between its bytes.
        self._waited = 0.0 if new else silence
        if not new and not final:
            return ""
        begun, self._held = self._held, ""
        text = begun + new
        handed_on: list[str] = []
        if self._part is _Part.PASTED and silence >= LOST and self._is_a_key(begun, new):
            handed_on.append(_CONTROLS.sub("", begun) + _END)
            self._part, text = _Part.TYPED, new
        elif self._part is _Part.BEHIND and not self._goes_on(begun, text, silence):
            self._part, text = _Part.TYPED, new
        self._long = len(data) >= _LONG
        while text:
            taken, text = self._split(text, final)
            handed_on.append(taken)
        return "".join(handed_on)

    @staticmethod
    def _is_a_key(begun: str, new: str) -> bool:
        """Whether what came inside of a paste is a key of somebody who waits, and not the rest of the paste's end."""
        if new == _END or (begun and _END.startswith(begun + new)):
            return False
        return _ONE_KEY.fullmatch(new) is not None

    def _goes_on(self, begun: str, text: str, silence: float) -> bool:
        """Whether what comes behind a paste belongs to what was thrown away there, or ends a mark that began there."""
        if self._long and silence < _BREATH:
            return True
        return bool(begun) and any(text.startswith(mark) or mark.startswith(text) for mark in (_BEGIN, _END))

    def _split(self, text: str, final: bool) -> tuple[str, str]:
        """What is handed on of the text's first part, and the rest."""
        if self._part is _Part.TYPED:
            return self._typed(text)
        return self._pasted(text, final) if self._part is _Part.PASTED else self._behind(text)

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
            self._part = _Part.BEHIND
            return _CONTROLS.sub("", text[:end]) + _END, text[end + len(_END) :]
        kept = 0 if final else _begun(text, _END)
        self._held = text[len(text) - kept :]
        return _CONTROLS.sub("", text[: len(text) - kept]), ""

    def _behind(self, text: str) -> tuple[str, str]:
        begin = text.find(_BEGIN)
        if begin >= 0:
            self._part = _Part.PASTED
            return _BEGIN, text[begin + len(_BEGIN) :]
        self._held = text[len(text) - max(_begun(text, _BEGIN), _begun(text, _END)) :]
        return "", ""


def install_paste_safe_decoder() -> None:
    """Let Textual's input thread decode with a PasteSafeDecoder."""
    # A private hook: the pty tests that send broken bytes and pastes fail when Textual decodes in another way.
    linux_driver.getincrementaldecoder = lambda _: PasteSafeDecoder  # type: ignore[assignment, attr-defined]
