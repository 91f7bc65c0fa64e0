"""Redaction for screen sharing: hides addresses and subjects, and leaves everything else to work with."""

from __future__ import annotations

import re
from typing import Final

from textual.app import App
from textual.widget import Widget

from tui_app.core.address import canonical_domain

REDACTED: Final = "▒▒▒▒▒▒"
_LOCAL: Final = "▒▒▒"
_AT: Final = re.compile("[@\uff20\ufe6b]|%40")
_ENDS_ADDRESS: Final = frozenset("<>,;:()[]@\uff20\ufe6b")
_ENDS_NAME: Final = frozenset("\n,;:<>@")
_CUT: Final = re.compile(r"…\(\+\d+\)\Z")
_BETWEEN: Final = re.compile(r"(, |\n\s*)")


class PrivateText(str):
    """Text that is hidden completely while redaction is on: a subject, a name, a comment."""

    __slots__ = ()


class QuotingText(str):
    """A sentence of ours that quotes somebody: while redaction is on, what stands in its quotation marks is hidden."""

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
    """The sentence without what stands before each @, and without the name before an address in brackets.

    In one pass: whoever writes a mail must not choose how long this takes.
    """
    kept: list[str] = []
    done = 0
    for found in _AT.finditer(sentence):
        begin = _begin_of_local(sentence, done, found.start())
        if begin > done and sentence[begin - 1] == "<":
            begin -= 1
            while begin > done and sentence[begin - 1] not in _ENDS_NAME:
                begin -= 1
            blank = " " if begin > done and sentence[begin : begin + 1] == " " else ""
            kept += [sentence[done:begin], blank, "<", _LOCAL]
        else:
            kept += [sentence[done:begin], _LOCAL if begin < found.start() else ""]
        done = found.start()
    rest = sentence[done:]
    if cut := _CUT.search(rest):
        # The last word was cut: it may be the beginning of an address.
        begin = cut.start()
        while begin > 0 and not rest[begin - 1].isspace():
            begin -= 1
        rest = f"{rest[:begin]}{_LOCAL}…" if "@" not in rest[begin:] else rest
    return "".join([*kept, rest])


def _begin_of_local(text: str, first: int, at: int) -> int:
    """Where the part of an address before its @ begins, at `first` at the earliest: it may be in quotes, or blanks follow it."""
    begin = at
    while begin > first and text[begin - 1] == " ":
        begin -= 1
    behind = begin
    while begin > first:
        before = text[begin - 1]
        if before == '"':
            opening = text.rfind('"', first, begin - 1)
            begin = opening if opening >= 0 and "\n" not in text[opening:begin] else begin - 1
        elif before.isspace() or before in _ENDS_ADDRESS:
            break
        else:
            begin -= 1
    return begin if begin < behind else at


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
        if isinstance(text, QuotingText) and (first := text.find("'")) >= 0:
            last = text.rfind("'")
            return f"{text[:first]}{REDACTED}{text[last + 1 :]}"
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
