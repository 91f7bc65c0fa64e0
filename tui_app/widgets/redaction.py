"""The veil for screen sharing: whose mail it is and what it says is hidden, everything else stays to be worked with."""

from __future__ import annotations

import re
from typing import Final

from textual.app import App
from textual.widget import Widget

VEILED: Final = "▒▒▒▒▒▒"
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"'()\[\]@]+(?=@[^\s@])")


class PrivateText(str):
    """Text that is hidden whole while the veil is on: a subject, a name, what somebody wrote."""

    __slots__ = ()


class Redaction:
    """Whether it is on, and what text looks like behind it."""

    def __init__(self) -> None:
        self.on = False

    def over(self, text: str) -> str:
        """The text as it may be shown now: private text hidden, of addresses the part before the @."""
        if not self.on or not text:
            return text
        return VEILED if isinstance(text, PrivateText) else _ADDRESS.sub("▒▒▒", text)


class RedactingApp(App[None]):
    """An app with a veil."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.redaction = Redaction()


_LIFTED: Final = Redaction()


def redaction_of(widget: Widget) -> Redaction:
    """The veil that a widget is behind; one that is off where the app has none."""
    app = widget.app
    return app.redaction if isinstance(app, RedactingApp) else _LIFTED
