"""What somebody types to confirm a write, on every screen and on the command line."""

from __future__ import annotations

from typing import Final

_FINAL_WORD: Final = "delete"


def to_type(count: int, *, final: bool = False) -> str:
    """`y` for one message, else their number; before it a word where nothing brings them back."""
    if final:
        return f"{_FINAL_WORD} {count}"
    return "y" if count == 1 else str(count)
