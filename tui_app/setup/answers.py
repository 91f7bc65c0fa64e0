"""What somebody answered: the token, the account, where the token lives, the profile."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Final

from tui_app.auth.credentials import CommandCredential, Secret
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

_PROFILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LONGEST_NAME: Final = 20
EXPORT: Final = "read -rs CLOUDFLARE_API_TOKEN && export CLOUDFLARE_API_TOKEN"
"""Puts a token into the environment of a shell without showing it, and without leaving it in the history."""
COLORS: Final = ("", "red", "yellow", "green", "blue", "magenta", "cyan")
"""Colours of a profile's name that are offered; any other can be written into the file."""


class TokenPlace(Enum):
    """Where the token lives from now on."""

    FILE = "file"
    COMMAND = "command"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Answers:
    """All that is needed. `token_file`: one that is there already; None for a new one beside the configuration."""

    profile: str
    account_id: str
    base_url: str
    token: Secret = field(repr=False)
    place: TokenPlace = TokenPlace.FILE
    token_file: Path | None = None
    command: tuple[str, ...] = ()
    read_only: bool = True
    color: str | None = None


def pasted_token(text: str) -> Secret:
    """The token of a paste: blanks and line ends around it, and a leading `Bearer`, are left out. Raises UsageError."""
    word, _, rest = text.strip().partition(" ")
    return Secret(rest.strip() if word.lower() == "bearer" else text.strip(), "pasted token")


def check_profile_name(name: str) -> str:
    """The name of a profile. Raises UsageError for one that would have to be quoted in the file."""
    if not _PROFILE.fullmatch(name):
        raise UsageError("A profile's name has letters a-z, digits, - and _, 40 at most, and begins with no sign.")
    return name


def suggested_name(account_name: str, taken: Collection[str]) -> str:
    """A name for the profile, from the account's if that has letters; one that is free."""
    words = re.findall(r"[a-z0-9]+", account_name.lower()) if account_name.isascii() else []
    name = ""
    for word in words:
        if len(longer := f"{name}-{word}".strip("-")) > _LONGEST_NAME:
            break
        name = longer
    name = name or "default"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(free for free in names if free not in taken)


def parsed_command(line: str) -> tuple[str, ...]:
    """A command and its arguments out of one line, with quotes as in a shell; no shell runs it. Raises UsageError."""
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"The command can't be read: {sanitize(str(error))}. Close the quotes.") from None
    if not words:
        raise UsageError("Give the command that prints the token, such as: pass show cloudflare/mail")
    if "\0" in line:
        raise UsageError("The command has a NUL character.")
    return words


def check_command(command: tuple[str, ...], token: Secret, *, credential: CommandCredential | None = None) -> None:
    """Run the command once: it must print this token. It may ask on the terminal; raises UsageError."""
    given = (credential or CommandCredential(command)).token
    if given.reveal() != token.reveal():
        raise UsageError(
            f"The command '{sanitize(command[0], 60)}' ran, but it prints another token than the one that was verified. "
            "Its first line must be the token, and nothing else."
        )
