"""Lines of text that repaint only when what they say changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.content import Content
from textual.widgets import Static

from tui_app.widgets.redaction import Redaction, redaction_of

Piece = str | tuple[str, str]
"""Text, or text with a style. The text is taken as it is, never as markup."""


def redacted(pieces: Sequence[Piece], redaction: Redaction) -> list[Piece]:
    """The pieces as they may be shown now."""
    if not redaction.on:
        return list(pieces)
    return [
        redaction.over(piece) if isinstance(piece, str) else (redaction.over(piece[0]), piece[1]) for piece in pieces
    ]


class TextLine(Static):
    """One or more lines of fixed height."""

    grows: ClassVar[bool] = False
    """Whether it takes the room that its text needs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._said: tuple[Any, ...] = ()
        self._told: tuple[Sequence[Piece], ...] = ()

    def set_text(self, *pieces: Piece) -> None:
        """Show these pieces; nothing happens if they are what is shown already."""
        self._told = (pieces,)
        shown = redacted(pieces, redaction_of(self))
        if tuple(shown) != self._said:
            self._said = tuple(shown)
            self.update(Content.assemble(*shown), layout=self.grows)

    def refresh_text(self) -> None:
        """The veil was put on or taken off."""
        if self._told:
            self.set_text(*self._told[0])


class TextBlock(TextLine):
    """Text of changing height."""

    grows = True


class StatusLine(TextLine):
    """A line with a left and a right end; the left one gives way."""

    def set_ends(self, left: Sequence[Piece], right: Sequence[Piece]) -> None:
        """Show both ends, filled up with blanks between them."""
        self._told = (left, right)
        redaction = redaction_of(self)
        left, right = redacted(left, redaction), redacted(right, redaction)
        width = (self.content_size.width or self.app.size.width) or 80
        start, end = Content.assemble(*left), Content.assemble(*right)
        room = max(0, width - end.cell_length - 1)
        if start.cell_length > room:
            start = start.truncate(room, ellipsis=True)
        pieces = (str(start), str(end), width, tuple(left), tuple(right))
        if pieces != self._said:
            self._said = pieces
            gap = " " * max(1, width - start.cell_length - end.cell_length)
            self.update(Content.assemble(start, gap, end), layout=False)

    def refresh_text(self) -> None:
        """The veil was put on or taken off."""
        if len(self._told) == 2:
            self.set_ends(*self._told)


class Footer(TextLine):
    """The keys worth knowing here."""

    def show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show keys with their labels; what does not fit is left out before the last two, the ways out and to help."""
        width = (self.content_size.width or self.app.size.width) or 80
        keys = list(keys)
        while len(keys) > 2 and len("  ".join(f"{key} {label}" for key, label in keys)) > width:
            del keys[-3]
        pieces: list[Piece] = []
        used = 0
        for key, label in keys:
            needed = len(key) + 1 + len(label) + (2 if pieces else 0)
            if used + needed > width:
                break
            used += needed
            pieces += ["  "] if pieces else []
            pieces += [(key, "bold $text-accent"), f" {label}"]
        self.set_text(*pieces)


class Tabs(TextLine):
    """Numbered views of which one is shown; a number after a name is the server's count."""

    def show_tabs(self, tabs: Sequence[tuple[str, str, int | None]], active: int) -> None:
        """Show (name, short name, count) tabs; short names when the line is too narrow for the long ones."""
        width = (self.content_size.width or self.app.size.width) or 80
        for use_short, gap in ((False, "  "), (False, " "), (True, "  "), (True, " ")):
            texts = [
                f"{number} {short if use_short else name}" + (f" {count:,}" if count is not None else "")
                for number, (name, short, count) in enumerate(tabs)
            ]
            if sum(map(len, texts)) + len(gap) * (len(texts) - 1) <= width:
                break
        pieces: list[Piece] = []
        for number, text in enumerate(texts):
            pieces += [gap] if pieces else []
            pieces.append((text, "bold reverse" if number == active else "dim"))
        self.set_text(*pieces)


def bar(share: float | None, width: int) -> str:
    """A bar of that many cells in eighths; dots where nothing is known."""
    if share is None:
        return "·" * width
    eighths = int(min(1.0, max(0.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "")).ljust(width, "·")
