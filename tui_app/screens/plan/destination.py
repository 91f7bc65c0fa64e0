"""To which folder: asked before a move is reviewed. Nothing is sent by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui_app.api.enums import Destination
from tui_app.plans.effect import CONSEQUENCES
from tui_app.screens.choice import Choice

ALL: Final = tuple(Destination)


class ChooseDestination(Choice[Destination]):
    """Offers folders, with what users still see."""

    def __init__(self, title: str, offered: Sequence[Destination] = ALL) -> None:
        super().__init__(title, "It is reviewed before anything is sent.", offered)

    def describe(self, value: Destination) -> tuple[str, str, str]:
        """The folder, and what it means for users."""
        return value.label, CONSEQUENCES[value], "$text-error" if value.is_final else "dim"
