"""Lines of text that are painted again only when their text changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from tui_app.key_map import KeyMap, key_map_of
from tui_app.widgets.redaction import Redaction, redaction_of

Piece = str | tuple[str, str]
"""Text, or (text, style). The text is never read as markup."""
_DOT: Final = " · "
_TAB_FORMS: Final = (
    (False, True, "  "), (True, True, "  "), (False, False, "  "), (False, False, " "), (True, False, "  "),
    (True, False, " "),
)  # fmt: skip
"""Short names, counts, the gap: the first form that fits is shown. Beside a count a digit needs more than a blank."""


def keyed(pieces: Sequence[Piece], keys: KeyMap) -> list[Piece]:
    """The pieces with the keys as they are in this console, in what we say ourselves."""
    told: list[Piece] = []
    for piece in pieces:
        text, style = (piece, "") if isinstance(piece, str) else piece
        told.append((keys.told(text), style) if type(text) is str and "‹" in text else piece)
    return told


def redacted(pieces: Sequence[Piece], redaction: Redaction) -> list[Piece]:
    """The pieces to show now."""
    if not redaction.on:
        return list(pieces)
    return [
        redaction.over(piece) if isinstance(piece, str) else (redaction.over(piece[0]), piece[1]) for piece in pieces
    ]


class TextLine(Static):
    """One or more lines of fixed height."""

    grows: ClassVar[bool] = False
    """Whether its height follows its text."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._shown: tuple[Any, ...] = ()
        self._pieces: tuple[Sequence[Piece], ...] = ()

    def set_text(self, *pieces: Piece) -> None:
        """Show these pieces; does nothing if they are shown already."""
        self._pieces = (pieces,)
        shown = redacted(keyed(pieces, key_map_of(self)), redaction_of(self))
        if tuple(shown) != self._shown:
            self._shown = tuple(shown)
            self.update(Content.assemble(*shown), layout=self.grows)

    def refresh_text(self) -> None:
        """Show the same pieces after redaction was switched."""
        if self._pieces:
            self.set_text(*self._pieces[0])

    def on_resize(self) -> None:
        """Call the hook: Textual calls the handlers of all classes of a widget, each by itself."""
        self.resized()

    def resized(self) -> None:
        """Fit the new width."""
        self.fit()

    def fit(self) -> None:
        """Lay out what is shown for the width there is."""

    @property
    def _width(self) -> int:
        return (self.content_size.width or self.app.size.width) or 80


class TextBlock(TextLine):
    """Text whose height changes. Where a line goes on in the next one, that begins with `hang` blanks.

    Who writes a mail chooses where its subject is broken: what comes then must not look like a line of ours.
    """

    grows = True

    def __init__(self, *, id: str | None = None, classes: str | None = None, hang: int = 4) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Sequence[Piece]] = ()
        self._hang = hang

    def resized(self) -> None:
        """Fit the new width, then the height to that: what is laid out anew while all is laid out keeps the height it had."""
        super().resized()
        self.call_after_refresh(self._fit_height)

    def _fit_height(self) -> None:
        if isinstance(self.content, Content) and self.size.height != self.content.plain.count("\n") + 1:
            self.refresh(layout=True)

    def set_text(self, *pieces: Piece) -> None:
        """Show these pieces; does nothing if they are shown already."""
        self._pieces = (pieces,)
        shown, width = redacted(keyed(pieces, key_map_of(self)), redaction_of(self)), self._width
        if (width, *shown) != self._shown:
            self._shown = (width, *shown)
            content = Content.assemble(*shown)
            fits = "\u00a0" not in content.plain and all(cell_len(line) <= width for line in content.plain.split("\n"))
            self.update(content if fits else self._broken(content, width), layout=True)

    def _broken(self, content: Content, width: int) -> Content:
        """The same with what is too long for a line in the next ones."""
        lines: list[Content] = []
        for line in content.split("\n", allow_blank=True):
            cuts = breaks(line.plain, width, width - self._hang)
            # A blank that is not to be broken at is still drawn as one.
            first, *others = Content(line.plain.replace("\u00a0", " "), spans=list(line.spans)).divide(cuts)
            lines += [first.rstrip(), *(Content(" " * self._hang) + other.rstrip() for other in others)]
        return Content("\n").join(lines)

    def set_items(self, *lines: Sequence[Piece]) -> None:
        """Show lines of items with dots between them; where a line is too long, an item goes to the next one whole."""
        self._lines = lines
        self.fit()

    def fit(self) -> None:
        """Break the lines anew."""
        if not self._lines:
            self.refresh_text()
            return
        width = self._width
        pieces: list[Piece] = []
        for line in self._lines:
            used = 0
            pieces += ["\n"] if pieces else []
            for number, item in enumerate(line):
                size = cell_len(item if isinstance(item, str) else item[0])
                if number and used + len(_DOT) + size > width:
                    pieces.append("\n  ")
                    used = 2
                elif number:
                    pieces.append(_DOT)
                    used += len(_DOT)
                pieces.append(item)
                used += size
        self.set_text(*pieces)


class StatusLine(TextLine):
    """A line with a left and a right end; the left end is cut if both do not fit."""

    def set_ends(self, left: Sequence[Piece], right: Sequence[Piece]) -> None:
        """Show both ends with blanks between them."""
        self._pieces = (left, right)
        redaction = redaction_of(self)
        keys = key_map_of(self)
        left, right = redacted(keyed(left, keys), redaction), redacted(keyed(right, keys), redaction)
        width = self._width
        start, end = Content.assemble(*left), Content.assemble(*right)
        left_width = max(0, width - end.cell_length - 1)
        if start.cell_length > left_width:
            start = start.truncate(left_width, ellipsis=True)
        pieces = (str(start), str(end), width, tuple(left), tuple(right))
        if pieces != self._shown:
            self._shown = pieces
            gap = " " * max(1, width - start.cell_length - end.cell_length)
            self.update(Content.assemble(start, gap, end), layout=False)

    def refresh_text(self) -> None:
        """Show the same pieces after redaction was switched."""
        self.fit()

    def fit(self) -> None:
        """Cut the left end where the width asks for it."""
        if len(self._pieces) == 2:
            self.set_ends(*self._pieces)


FooterKeys = tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]
"""(key, label) pairs, the most important first, and those that are always shown."""


class Footer(TextLine):
    """The keys of the screen, as many as there is room for; each with its label."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._keys: FooterKeys = ((), ())

    def fit(self) -> None:
        """Leave out what has no room."""
        self.show_keys(*self._keys)

    def show_keys(self, keys: Sequence[tuple[str, str]], ways_out: Sequence[tuple[str, str]] = ()) -> None:
        """Show keys until one has no room: what comes after it is less important. The ways out are always there."""
        self._keys = (keys, ways_out)
        pieces: list[Piece] = []
        for key, label in (*shown_keys(keys, ways_out, self._width), *ways_out):
            pieces += ["  "] if pieces else []
            pieces += [(key, "bold $text-accent"), f" {label}"]
        self.set_text(*pieces)


def shown_keys(
    keys: Sequence[tuple[str, str]], ways_out: Sequence[tuple[str, str]], width: int
) -> Sequence[tuple[str, str]]:
    """As many of the (key, label) pairs as there is room for beside the ways out."""
    left = width - sum(len(f"{key} {label}") + 2 for key, label in ways_out)
    for number, (key, label) in enumerate(keys):
        left -= len(f"{key} {label}") + 2 * bool(number)
        if left < 0:
            return keys[:number]
    return keys


class Tabs(TextLine):
    """Numbered views, one of them shown; the number after a name is the server's count."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._tabs: Sequence[tuple[int, str, str, int | None]] = ()
        self._active = 0
        self._bad = ""

    def fit(self) -> None:
        """Choose long or short names."""
        self.show_tabs(self._tabs, self._active, bad=self._bad)

    def show_tabs(self, tabs: Sequence[tuple[int, str, str, int | None]], active: int, *, bad: str = "") -> None:
        """Show (digit, name, short name, count) tabs; short names, then no counts, when the line is too narrow: none is lost.

        `active` = the digit of the one that is shown; `bad` = the name of the one that should count none.
        """
        self._tabs, self._active, self._bad, width = tabs, active, bad, self._width
        for use_short, counts, gap in _TAB_FORMS:
            texts = [
                f"{digit} {short if use_short else name}" + (f" {count:,}" if counts and count is not None else "")
                for digit, name, short, count in tabs
            ]
            if sum(map(len, texts)) + len(gap) * (len(texts) - 1) <= width:
                break
        pieces: list[Piece] = []
        for (digit, name, _, count), text in zip(tabs, texts, strict=True):
            pieces += [gap] if pieces else []
            shown, other = (
                ("bold reverse $text-error", "$text-error") if name == bad and count else ("bold reverse", "dim")
            )
            pieces.append((text, shown if digit == active else other))
        self.set_text(*pieces)


def breaks(text: str, width: int, rest: int) -> list[int]:
    """Where a line is broken so that its first part fits `width` cells and each other `rest`: behind blanks, else anywhere."""
    if cell_len(text) <= width:
        return []
    found: list[int] = []
    at = start = used = behind_blank = 0
    while at < len(text):
        character = text[at]
        size = 1 if character.isascii() else cell_len(character)
        if used + size > width and at > start and not character.isspace():
            # What is too long for the rest of this line, behind a blank no wider than the indent, is so for the next, too.
            helps = behind_blank > width - rest and text[start:behind_blank].strip()
            # What stands behind the blank is looked at again: there may be less room for it than there was here.
            at = start = behind_blank if helps else at
            found.append(start)
            width, used = max(1, rest), 0
            continue
        used += size
        at += 1
        if character == " ":
            behind_blank = at
    return found
