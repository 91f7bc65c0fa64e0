"""How much of what a search finds is here, in words: loaded, filtered, and what may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.core.clock import describe_window

if TYPE_CHECKING:
    from tui_app.mail.search import MailSnapshot


def what_is_here(search: MailSnapshot, *, answered: bool, listed: int) -> str:
    """How much was found, and whether that is all; `answered` = the last question was, `listed` = rows on the screen."""
    found = len(search.found)
    if not answered and not found:
        told = "no answer; what is listed is older" if listed else "no answer"
    else:
        told = f"{found:,} found{_how_far(search)}"
    if search.incomplete:
        told += ", may be incomplete"
    if search.arranged.filter is not None:
        told = f"{len(search.rows):,} of {told}"
    if search.lack.unreadable:
        told += f", {search.lack.unreadable:,} can't be read"
    if search.lack.unasked:
        told += f", {search.lack.unasked:,} not asked for left out"
    return told


def _how_far(search: MailSnapshot) -> str:
    if search.complete:
        return "" if search.may_miss else ", all loaded"
    return ", loading…" if search.loading else " so far, ‹row.last› loads more"


def what_empty_means(search: MailSnapshot, *, held: bool) -> str:
    """Why no mail is listed, and what changes that."""
    mail = "held mail" if held else "mail"
    if search.loading:
        return f"Searching {mail}…"
    if search.arranged.filter is not None and len(search.found):
        found = f"None of the {len(search.found):,} found matches the filter."
        return f"{found} ‹screen.back› ends it, ‹filter.listed› changes it."
    if not search.complete:
        return "Not read to its end: ‹row.last› loads more."
    if search.may_miss:
        return f"No {mail} came, and the answer may be incomplete: ‹view.refresh› searches again."
    if search.lack.unasked:
        return f"No {mail} that was asked for came, but other mail did: ‹view.refresh› searches again."
    window = describe_window(search.params.start, search.params.end)
    return f"No {mail} matches {window}. ‹search.edit› changes the search: / 30d"
