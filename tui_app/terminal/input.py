"""Keys as they come from a line: one byte that is no UTF-8 must not end the console, and a paste must press no key."""

from __future__ import annotations

import codecs
import re
from typing import Final

from textual.drivers import linux_driver

_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class CarefulDecoder:
    """Bytes of the terminal to text for Textual's parser, which takes what looks like keys inside of a paste for keys."""

    def __init__(self) -> None:
        # By itself the input thread gives up on the first byte that is no UTF-8.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pasting = False
        self._before = ""
        """The end of what was handed on last: a marker may come in two pieces."""
        self._held = ""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The next piece; inside of a paste there are no controls but tabs and the ends of lines."""
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        handed_on: list[str] = []
        while text:
            taken, text = self._pasted(text, final) if self._pasting else self._typed(text)
            handed_on.append(taken)
        return "".join(handed_on)

    def _typed(self, text: str) -> tuple[str, str]:
        begun = (self._before + text).find(_BEGIN)
        if begun < 0:
            self._before = (self._before + text)[1 - len(_BEGIN) :]
            return text, ""
        self._pasting = True
        end = begun + len(_BEGIN) - len(self._before)
        self._before = ""
        return text[:end], text[end:]

    def _pasted(self, text: str, final: bool) -> tuple[str, str]:
        end = text.find(_END)
        if end >= 0:
            self._pasting = False
            return _CONTROLS.sub("", text[:end]) + _END, text[end + len(_END) :]
        kept = 0 if final else next((size for size in range(len(_END) - 1, 0, -1) if text.endswith(_END[:size])), 0)
        self._held = text[len(text) - kept :]
        return _CONTROLS.sub("", text[: len(text) - kept]), ""


def read_carefully() -> None:
    """Let Textual's input thread decode with a CarefulDecoder."""
    # A private hook: the pty tests that send broken bytes and pastes fail when Textual decodes in another way.
    linux_driver.getincrementaldecoder = lambda _: CarefulDecoder  # type: ignore[assignment, attr-defined]
