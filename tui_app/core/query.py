"""Splits a search or a filter that is typed on one line into its words."""

from __future__ import annotations

import shlex


def split_words(line: str) -> list[str]:
    """The words of a line; quotation marks keep blanks together, as in a shell. Raises ValueError with a sentence."""
    try:
        return shlex.split(line)
    except ValueError:
        raise ValueError("A quotation mark is not closed, or a backslash has nothing after it.") from None


def without_brackets(address: str) -> str:
    """An address without the `<…>` in which mail programs copy it."""
    inner = address.strip().removeprefix("<").removesuffix(">")
    return inner if address.strip() in (f"<{inner}>", f"<{inner}") else address
