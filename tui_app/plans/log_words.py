"""What an entry of an action log says: that something was done, that it was not, or nothing that can be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.api.details import LogEntry

GOOD: Final = frozenset({"ok", "success", "succeeded", "completed", "done"})
"""What `status` says beside success; seen on real accounts: `OK`."""
_OF_A_RELEASE: Final = GOOD | {"released", "delivered"}


def is_understood(entry: LogEntry) -> bool:
    """Whether `success` is what is documented: true, false, or not told. Another value is neither."""
    told = entry.wire.get("success")
    return told is None or isinstance(told, bool)


def says_done(entry: LogEntry) -> bool:
    """Whether an entry says that a release was done, and nothing in it says otherwise.

    Both words are optional: an entry without any is one of something that was done.
    """
    status = entry.status.exact.strip().casefold() if entry.status is not None else ""
    return is_understood(entry) and entry.success is not False and (not status or status in _OF_A_RELEASE)


def words_of(entry: LogEntry) -> str:
    """Both words of an entry, for people."""
    success = (
        ""
        if entry.success is None and is_understood(entry)
        else f"success {sanitize(str(entry.wire.get('success')), 40)}"
    )
    status = sanitize(entry.status.exact, 200).strip() if entry.status is not None else ""
    return ", ".join(filter(None, (success, status))) or "no word"
