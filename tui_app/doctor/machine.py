"""This machine: its time zone, and the folder in which journals and facts are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tui_app.core.clock import SystemClock, local_time
from tui_app.core.paths import why_not_private
from tui_app.core.text import plural, sanitize
from tui_app.doctor.check import CheckResult, look, ok, wrong
from tui_app.plans.account_lock import LockFiles
from tui_app.plans.journal import JournalError
from tui_app.plans.journal_file import JournalFiles
from tui_app.plans.origin import origin_of
from tui_app.plans.storage import Storage

LITTLE_SPACE: Final = 50 * 1024 * 1024
"""Bytes below which the disk is soon full."""
NO_SPACE: Final = 1024 * 1024
"""Bytes below which the record of a write may not fit."""
_PLANS: Final = "plans"
_SHOWN: Final = 3


_POSIX_NAME: Final = r"(?:<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})"
_POSIX_OFFSET: Final = r"[+-]?\d{1,3}(?::\d{1,2}){0,2}"
_POSIX_ZONE: Final = re.compile(
    rf"{_POSIX_NAME}{_POSIX_OFFSET}(?:{_POSIX_NAME}(?:{_POSIX_OFFSET})?(?:,\S+)?)?", re.ASCII
)
"""`CET-1CEST,M3.5.0,M10.5.0/3`: a zone that needs no file."""
_OF_UTC: Final = frozenset({"UTC", "GMT", "Z", "UCT", "Universal", "Zulu", "Greenwich"})
"""Last parts of the names of zones that are UTC."""


def _is_obeyed(name: str, year: int) -> bool:
    """Whether times are shown in the zone of TZ: that is asked of the C library, which shows them.

    Of what it does not know it makes UTC, under the letters that the name begins with.
    """
    try:
        seasons = [datetime(year, month, 1, tzinfo=UTC).astimezone() for month in (1, 7)]
    except (ValueError, OverflowError):
        return False
    if name.rpartition("/")[2] in _OF_UTC or _POSIX_ZONE.fullmatch(name) or any(map(datetime.utcoffset, seasons)):
        return True
    return not any(word == "UTC" or name.startswith(word) for word in {each.tzname() or "" for each in seasons})


def check_time_zone(environment: Mapping[str, str], now: datetime) -> CheckResult:
    """In which zone times are shown."""
    here = local_time(now)
    found = f"Times are shown as {here:%Y-%m-%d %H:%M} {here.isoformat()[-6:]} ({sanitize(here.tzname() or '', 30)})"
    name = environment.get("TZ", "").removeprefix(":")
    if name and not _is_obeyed(name, now.year):
        return look(
            "time zone",
            f"TZ is '{sanitize(name, 40)}', which this machine does not know, or can't show. {found}.",
            "Set TZ to a zone such as Europe/Vienna, or unset it.",
        )
    return ok("time zone", f"{found}; reports and JSON are in UTC")


def check_state_folder(folder: Path | None) -> CheckResult:
    """Whether there is a folder of ours alone, or can be, with room in it."""
    if folder is None:
        return wrong(
            "state folder",
            "There is no home folder for the records of writes: nothing can be sent.",
            "Set HOME or XDG_STATE_HOME to an absolute path.",
        )
    name = sanitize(str(folder), 200)
    try:
        for kept in (folder, folder / _PLANS):
            if os.path.lexists(kept) and (why := why_not_private(kept)):
                return wrong("state folder", f"The folder {why}", "Until then nothing is sent.")
        there = next(above for above in (folder, *folder.parents) if above.exists())
        can_write = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
        if not can_write:
            return wrong(
                "state folder",
                f"{name} can't be written: {sanitize(str(there), 200)} is not ours to write.",
                "Make it writable, or name another folder with XDG_STATE_HOME.",
            )
        disk = os.statvfs(there)
    except OSError as error:
        return wrong("state folder", f"{name} can't be read: {error.strerror}", "XDG_STATE_HOME names another.")
    free = disk.f_bavail * disk.f_frsize
    about = f"{name}, {'0700, ours' if there == folder else 'made when it is needed'}, {_size(free)} free"
    if free < NO_SPACE or (disk.f_files and not disk.f_favail):
        return wrong("state folder", about, "Free some space: what can't be recorded is not sent.")
    if free < LITTLE_SPACE:
        return look("state folder", about, "Free some space: what can't be recorded is not sent.")
    return ok("state folder", about)


def _size(free: int) -> str:
    return f"{free / 1e9:,.1f} GB" if free >= 1e9 else f"{free // 1_000_000:,} MB"


def check_journals(folder: Path | None) -> CheckResult:
    """Whether the journals of what was written can be read; the chain is for `ledger verify`."""
    if folder is None:
        return look("journals", "There is no folder for them.")
    files = JournalFiles(folder / _PLANS)
    try:
        journals, strange = files.read(), files.unexpected()
    except JournalError as error:
        return wrong("journals", str(error), "Until then nothing is sent.")
    problems = [said for journal in journals if (said := journal.problem or journal.not_understood)]
    problems += [f"{name} is not a file." for name in strange]
    if problems:
        more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        return wrong(
            "journals",
            f"{len(problems)} of {plural(len(journals), 'journal')}: {' '.join(problems[:_SHOWN])}{more}",
            "See: mailsluice ledger verify",
        )
    return ok("journals", f"{plural(len(journals), 'journal')}, all can be read" if journals else "None so far")


def check_lock(folder: Path | None, account: str | None, environment: Mapping[str, str]) -> CheckResult:
    """Whether another mailsluice acts on the account now."""
    if folder is None or account is None:
        return look("lock", "Not looked at: there is no account, or no folder.")
    locks = LockFiles(folder / _PLANS, origin_of(environment), SystemClock().now, Storage())
    try:
        holder = locks.holder(account)
    except JournalError as error:
        return look("lock", f"Not looked at: {sanitize(str(error), 300)}", "Until it can be seen nothing is sent.")
    if holder:
        return look("lock", f"{holder} is acting on this account.", "Until it ends you can watch, and not send.")
    return ok("lock", "No other mailsluice of yours acts on this account, by the locks of this state folder")
