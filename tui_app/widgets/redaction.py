"""Redaction for screen sharing: hides addresses and subjects, and leaves everything else to work with."""

from __future__ import annotations

import re
from typing import Final

from textual.app import App
from textual.widget import Widget

from tui_app.core.address import canonical_domain

REDACTED: Final = "▒▒▒▒▒▒"
_LOCAL: Final = "▒▒▒"
_NAMED: Final = re.compile(r"[^\n,;:<>]*<[^<>\n]*@[^<>\n]*>?")
"""Within a sentence: an address in brackets, with the name before it."""
_BEFORE_AT: Final = re.compile(r"(?:\"(?:\\.|[^\"\\\n])*\"|[^\s<>,;:()\[\]@])+(?=@)")
"""Within a sentence: what stands before an @, also in quotes."""
_CUT: Final = re.compile(r"\S*…\(\+\d+\)$")
"""The last word of a text that was cut: it may be the beginning of an address."""
_BETWEEN: Final = re.compile(r"(, |\n\s*)")


class PrivateText(str):
    """Text that is hidden completely while redaction is on: a subject, a name, a comment."""

    __slots__ = ()


class AddressText(str):
    """An address, or several with commas or line ends between them: while redaction is on, only domains are left."""

    __slots__ = ()


def _hidden_address(address: str) -> str:
    """The domain of an address; nothing of it when it can't be told what is its domain."""
    domain = address.rpartition("@")[2].rstrip(" >") if "@" in address else ""
    try:
        canonical_domain(domain)
    except ValueError:
        return REDACTED
    return f"{_LOCAL}@{domain.strip()}"


def _hidden_in(sentence: str) -> str:
    named = _NAMED.sub(lambda found: f" <{_hidden_address(found[0])}>", sentence)
    return _CUT.sub(f"{_LOCAL}…", _BEFORE_AT.sub(_LOCAL, named))


class Redaction:
    """Whether redaction is on, and what is shown for a text."""

    def __init__(self) -> None:
        self.on = False

    def over(self, text: str) -> str:
        """The text to show now; while redaction is on, without private text, names and what is before the @ of addresses."""
        if not self.on or not text:
            return text
        if isinstance(text, PrivateText):
            return REDACTED
        if isinstance(text, AddressText):
            parts = _BETWEEN.split(text)
            return "".join(part if number % 2 else _hidden_address(part) for number, part in enumerate(parts) if part)
        return _hidden_in(text)


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
