"""New files: a name that is free, and a file that only its owner can read."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from itertools import count
from pathlib import Path
from typing import Final

from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import sanitize

UNFINISHED: Final = ".partial"
"""Ending of the name of a file that is still being written."""


def free_path(stem: str, suffix: str) -> Path:
    """The first free name in the current folder: `stem.csv`, `stem-2.csv`, ...; `suffix` has the dot.

    A name is not free either while a file of that name is still being written.
    """
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{suffix}" for number in count(1))
    return next(Path(name) for name in names if not any(map(os.path.lexists, (name, name + UNFINISHED))))


def read_own(path: Path, largest: int) -> bytes:
    """The first `largest` bytes of a file that only its owner can read.

    Raises OSError, also for a link, for what is no file, and for a file that is another's or open to others.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise PermissionError(errno.EPERM, "it is not a file of ours alone", str(path))
        return file.read(largest)


def why_not_obeyed(about: os.stat_result) -> str:
    """Why a file may be somebody else's, in words that follow its name; empty for one that only we or root can write.

    Such files say which commands are run, which addresses get the token, and whose certificates are believed.
    """
    if about.st_uid not in (0, os.geteuid()):
        return f"belongs to another user, uid {about.st_uid}: make a copy of your own"
    by_group = about.st_mode & 0o020 and not _is_private_group(about.st_gid)
    return "can be written by others; run chmod go-w on it" if by_group or about.st_mode & 0o002 else ""


def _is_private_group(gid: int) -> bool:
    """Whether nobody but us is in a group: many systems give each user one, and a umask that lets it write."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def replace_file(path: Path, data: bytes) -> None:
    """Write a file with mode 0600 in place of what is there, as a whole or not at all. Raises OSError."""
    descriptor, part = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(part).replace(path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def expanded(path: Path) -> Path:
    """A name with the home folder that `~` stands for. Raises UsageError where that is nobody's."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(f"{sanitize(str(path), 200)}: nobody knows that home folder. Nothing was written.") from None


def new_file(path: Path, content: str | bytes) -> None:
    """Write a text, or bytes, to a new file with mode 0600, never over a file or through a link: the whole of it or no file.

    Raises SluiceError.
    """
    name = sanitize(str(path), 200)
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    path = expanded(path)
    part = path.with_name(path.name + UNFINISHED)
    if os.path.lexists(path):
        raise SluiceError(f"{name} exists already; it was not overwritten.")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(part, flags, 0o600)
    except FileExistsError:
        raise SluiceError(f"{name}{UNFINISHED} is there, not finished: another name, or move it.") from None
    except OSError as error:
        raise SluiceError(f"{name} can't be written: {error.strerror}.") from None
    try:
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fdatasync(file.fileno())
            give_name(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise SluiceError(f"{name} exists already; it was not overwritten.") from None
    except OSError as error:
        raise SluiceError(f"{name} can't be written: {error.strerror}. Nothing of it was kept.") from None


def give_name(part: Path, path: Path) -> None:
    """Give a finished file its name, and never take another's. Raises OSError, FileExistsError where that is taken."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if os.path.lexists(path):
            raise FileExistsError(17, "File exists") from None
        part.rename(path)
        return
    with contextlib.suppress(OSError):
        part.unlink()
