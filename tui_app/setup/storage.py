"""Writes the configuration and the file of a token: each as a whole or not at all, and for nobody else to read."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from tui_app.auth.credentials import MAX_TOKEN_BYTES, Secret, token_from_file
from tui_app.config.settings import read_config_text
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.files import new_file, read_own, replace_file
from tui_app.core.paths import make_private
from tui_app.core.text import sanitize
from tui_app.setup.answers import Answers, TokenPlace
from tui_app.setup.config_text import profile_of, with_profile

_SUFFIX: Final = ".token"


class ProfileExistsError(UsageError):
    """There is a profile of this name, and nobody said that it may be replaced."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is there now; `token_file` None where no file holds the token."""

    config: Path
    token_file: Path | None = None


def write_setup(config: Path, answers: Answers, *, replace_profile: bool = False) -> Written:
    """Write the token where it is to live, then the profile. Raises SluiceError in a sentence; then nothing was kept."""
    text = read_config_text(config)
    _check_free(config, text, answers.profile, replace_profile)
    made: Path | None = None
    token_file: Path | None = None
    # Whether it can be written at all is found out before a token lies on the disk.
    with_profile(config, text, answers.profile, profile_of(answers, Path("token")))
    _make_folder(config.parent)
    try:
        if answers.place is TokenPlace.FILE:
            token_file, is_new = _put_token(config, answers)
            made = token_file if is_new else None
        write_config(config, text, with_profile(config, text, answers.profile, profile_of(answers, token_file)))
    except BaseException:
        if made is not None:
            with contextlib.suppress(OSError):
                made.unlink()
        raise
    return Written(config, token_file)


def _check_free(config: Path, text: str, name: str, replace_profile: bool) -> None:
    if not text.strip() or replace_profile:
        return
    from tui_app.config.file import checked

    if name in checked(config, text).profiles:
        raise ProfileExistsError(
            f"{sanitize(str(config))} has a profile '{sanitize(name, 40)}' already: choose another name. "
            f"(mailsluice init --profile {sanitize(name, 40)} --yes replaces it.)"
        )


def write_config(path: Path, before: str, after: str, *, make_folder: bool = False) -> None:
    """Put a new text in place of the one that was read. Raises SluiceError, also when it changed meanwhile.

    A new file has mode 0600; one that was there keeps its mode and its owner: others may have to read it.
    """
    if make_folder:
        _make_folder(path.parent)
    if read_config_text(path) != before:
        raise SluiceError(f"{sanitize(str(path))} was changed meanwhile. Nothing was written; try again.")
    try:
        # A link leads to a file that is kept elsewhere, as many keep all their settings: it stays one.
        target = path.resolve()
        there = target.lstat() if os.path.lexists(target) else None
        if there is not None and not stat.S_ISREG(there.st_mode):
            # The null device stands for no file: it must not become one.
            raise SluiceError(f"{sanitize(str(path), 200)} is not a regular file. Nothing was written.")
        replace_file(target, after.encode())
        if there is not None:
            _give_back(target, there)
    except (OSError, RuntimeError) as error:
        raise SluiceError(_cannot(path, error)) from None


def _give_back(target: Path, before: os.stat_result) -> None:
    """Let the new file be whose the old one was, and readable for the same people."""
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(target, before.st_uid, before.st_gid)
    target.chmod(stat.S_IMODE(before.st_mode))


def _make_folder(folder: Path) -> None:
    try:
        make_private(folder)
    except OSError as error:
        raise SluiceError(_cannot(folder, error)) from None


def _cannot(path: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it leads nowhere"
    return (
        f"{sanitize(str(path), 200)} can't be written: {why}. Nothing was kept. Make room or give yourself the right to "
        "write there, name another file with MAILSLUICE_CONFIG, or keep the token in the environment."
    )


def _put_token(config: Path, answers: Answers) -> tuple[Path, bool]:
    """The file that holds the token, and whether it was made just now: none is overwritten. Raises SluiceError."""
    if answers.token_file is not None and os.path.lexists(answers.token_file.expanduser()):
        if token_from_file(answers.token_file).reveal() != answers.token.reveal():
            raise UsageError(f"{sanitize(str(answers.token_file), 200)} holds another token. It was not overwritten.")
        return answers.token_file, False
    path = answers.token_file or _free_name(config, answers)
    if not _holds(path, answers.token):
        new_file(path, answers.token.reveal() + "\n")
        made = True
    else:
        made = False
    # As the console will read it: a name with a $ would be another one then.
    try:
        same = token_from_file(path).reveal() == answers.token.reveal()
    except SluiceError:
        same = False
    if not same:
        if made:
            with contextlib.suppress(OSError):
                path.unlink()
        raise SluiceError(
            f"{sanitize(str(path), 200)} can't be read back as a token file. Nothing was kept; use another folder."
        )
    return path, made


def _free_name(config: Path, answers: Answers) -> Path:
    """`NAME.token` beside the configuration; another number where that holds something else."""
    names = (f"{answers.profile}{'' if number == 1 else f'-{number}'}{_SUFFIX}" for number in count(1))
    paths = (config.absolute().with_name(name) for name in names)
    return next(path for path in paths if not os.path.lexists(path) or _holds(path, answers.token))


def _holds(path: Path, token: Secret) -> bool:
    """Whether a file of our own, closed to others, holds just this token."""
    with contextlib.suppress(OSError):
        return read_own(path, MAX_TOKEN_BYTES + 2) == f"{token.reveal()}\n".encode()
    return False
