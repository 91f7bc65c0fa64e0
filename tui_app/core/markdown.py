"""Markdown for a ticket: facts and tables in which the words of others mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui_app.core.text import markdown_escape


def heading(text: str, level: int = 1) -> str:
    """A heading; `text` is one line of safe text."""
    return f"{'#' * level} {markdown_escape(text, in_table=False)}"


def fact(name: str, text: str) -> str:
    """A line of a list: `- who: ana`."""
    return f"- {name}: {markdown_escape(text, in_table=False)}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> list[str]:
    """The lines of a table; the cells are lines of safe text, and the first `numbers` columns are numbers."""
    rule = ["---:"] * numbers + ["---"] * (len(columns) - numbers)
    return [
        f"| {' | '.join(columns)} |",
        f"|{'|'.join(rule)}|",
        *(f"| {' | '.join(map(markdown_escape, cells))} |" for cells in rows),
    ]
