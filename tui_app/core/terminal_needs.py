"""What the console needs of a terminal: a size, a kind, an encoding."""

from __future__ import annotations

import re
from typing import Final

COLUMNS: Final = 60
LINES: Final = 16
_TOO_PLAIN: Final = re.compile(r"(dumb(-.*)?|unknown|network|dialup|emacs|adm3a.*|ansi.*|vt[0-9].*)?", re.IGNORECASE)
"""Values of TERM without colours, without an alternate screen or without cursor movement."""


def is_too_plain(kind: str) -> bool:
    """Whether a terminal of this kind (TERM) can't show the console."""
    return _TOO_PLAIN.fullmatch(kind) is not None


def is_utf8(encoding: str) -> bool:
    """Whether it is UTF-8, as Python names it."""
    return encoding.lower().replace("-", "") == "utf8"
