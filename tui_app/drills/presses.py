"""Key presses: those of an operator, counted, and those of the best known way, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Press = Literal["key", "letter", "paste"]
"""What reached the console: a key, a character that was typed into a field, or a paste."""


@dataclass(slots=True)
class PressCount:
    """How much was pressed."""

    keys: int = 0
    letters: int = 0
    pastes: int = 0

    def add(self, press: Press) -> None:
        """Count one."""
        match press:
            case "key":
                self.keys += 1
            case "letter":
                self.letters += 1
            case "paste":
                self.pastes += 1


@dataclass(frozen=True, slots=True)
class Typed:
    """Text that is typed into a field; `named` says what it is, where another text is as good."""

    text: str
    named: str = ""


Step = str | Typed
"""A key by its name, or text."""


def count_of(way: Sequence[Step]) -> PressCount:
    """How much a way takes."""
    typed = [step for step in way if isinstance(step, Typed)]
    return PressCount(len(way) - len(typed), sum(len(step.text) for step in typed))
