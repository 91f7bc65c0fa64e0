"""A report as a ticket system reads it: what is text there, and what would be more than text."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from tests.core.test_text import MARKDOWN

OURS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close",
    "list_item_open", "list_item_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
    "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "inline",
    "text", "text_special", "code_inline", "strong_open", "strong_close",
}  # fmt: skip
"""What a report is made of: no links, pictures, tags, or lines that a text of others began."""
LIVE = re.compile(r"@|://|(?<!\w)www\.|mailto:|[#!]\d", re.IGNORECASE)
"""What becomes a link or a mention where it is no code."""


def tokens(markdown: str) -> Iterator[Any]:
    for token in MARKDOWN.parse(markdown):
        yield token
        yield from token.children or ()


def more_than_text(markdown: str) -> list[str]:
    """What of a report would be more than text: for the test to show."""
    told = []
    for token in tokens(markdown):
        if token.type not in OURS:
            told.append(f"{token.type}: {token.content!r}")
        elif token.type == "text" and LIVE.search(token.content):
            told.append(repr(token.content))
    hidden = [letter for letter in markdown if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf", "Cs")]
    return [*told, *map(repr, hidden)]


def tables(markdown: str) -> list[list[list[str]]]:
    """The tables of a report, each with its rows, the headings first."""
    found: list[list[list[str]]] = []
    for token in MARKDOWN.parse(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("td_open", "th_open"):
            found[-1][-1].append("")
        elif token.type == "inline" and found and found[-1] and found[-1][-1] and token.level > 3:
            found[-1][-1][-1] = "".join(child.content for child in token.children or ())
    return found


def rendered(markdown: str, bullet: str = "") -> str:
    """A report as it is copied from a page: without the marks of Markdown, the cells of a row with tabs between them."""
    lines: list[str] = []
    row: list[str] = []
    in_item = False
    for token in MARKDOWN.parse(markdown):
        match token.type:
            case "tr_open":
                row = []
            case "tr_close":
                lines.append("\t".join(row))
            case "list_item_open" | "list_item_close":
                in_item = token.type.endswith("open")
            case "table_close" | "bullet_list_close" | "paragraph_close" | "heading_close" if not in_item:
                lines.append("")
            case "inline" if token.level > 3:
                row.append("".join(child.content for child in token.children or ()))
            case "inline":
                lines.append((bullet if in_item else "") + "".join(child.content for child in token.children or ()))
    return "\n".join(lines)
