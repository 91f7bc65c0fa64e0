"""The lines of an HTML mail as they are written one after the other, and the marks that only our notes in them have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

URL_LIMIT: Final = 2000
"""Characters of an address that are shown."""
OPENS: Final = "⟦"
CLOSES: Final = "⟧"
"""What is told about a mail stands between these: `without_our_marks` takes them out of its own text."""
_OURS: Final = str.maketrans({OPENS: "[", CLOSES: "]", "〚": "[", "〛": "]"})


def without_our_marks(text: str) -> str:
    """Text of a mail that can't be taken for a note of ours; nor with brackets that look like ours."""
    return text if text.isascii() else text.translate(_OURS)


@dataclass(slots=True)
class Page:
    """Lines that are being written; blanks are one, and empty lines come singly."""

    lines: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    prefix: str = ""
    """What the next line with text begins with: the mark of a list item."""
    blank: bool = False
    """Whether a blank comes before the next word."""

    def put(self, text: str) -> None:
        """Words, behind a blank if one is due."""
        if not self.current:
            self.current.append(self.prefix)
            self.prefix = ""
        elif self.blank:
            self.current.append(" ")
        self.blank = False
        self.current.append(text)

    def end_line(self) -> None:
        """Go on in a new line, if something stands in this one."""
        if self.current:
            self.lines.append("".join(self.current).rstrip(" "))
            self.current.clear()
        self.blank = False

    def end_paragraph(self) -> None:
        """Go on behind an empty line."""
        self.end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def break_line(self) -> None:
        """Go on in a new line, also if that leaves this one empty."""
        if self.current:
            self.end_line()
        elif self.lines and self.lines[-1]:
            self.lines.append("")

    def put_behind(self, text: str) -> None:
        """What belongs to the words before, also where their line has ended."""
        empty = bool(self.lines) and not self.lines[-1]
        while not self.current and self.lines and not self.lines[-1]:
            self.lines.pop()
        # A line to which much is added again and again would take quadratic time.
        if self.current or not self.lines or len(self.lines[-1]) > URL_LIMIT:
            self.put(text)
            return
        self.lines[-1] += text
        if empty:
            self.lines.append("")

    def whole(self) -> str:
        """All lines as one text."""
        self.end_line()
        return "\n".join(self.lines).strip("\n")
