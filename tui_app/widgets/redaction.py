"""Redaction for screen sharing: hides addresses and subjects, and leaves everything else to work with."""

from __future__ import annotations

import re
from typing import Final

from textual.app import App
from textual.widget import Widget

REDACTED: Final = "▒▒▒▒▒▒"
_ADDRESS: Final = re.compile(r"[^\s<>,;:\"'()\[\]@]+(?=@[^\s@])")


class PrivateText(str):
    """Text that is hidden completely while redaction is on: a subject, a name, a comment."""

    __slots__ = ()


class Redaction:
    """Whether redaction is on, and what is shown for a text."""

    def __init__(self) -> None:
        self.on = False

    def over(self, text: str) -> str:
        """The text to show now; while redaction is on, without private text and the local parts of addresses."""
        if not self.on or not text:
            return text
        return REDACTED if isinstance(text, PrivateText) else _ADDRESS.sub("▒▒▒", text)


class RedactingApp(App[None]):
    """An app with redaction."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.redaction = Redaction()


_OFF: Final = Redaction()


def redaction_of(widget: Widget) -> Redaction:
    """The redaction of the widget's app; one that is off if the app has none."""
    app = widget.app
    return app.redaction if isinstance(app, RedactingApp) else _OFF
