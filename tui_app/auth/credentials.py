"""The credentials of the account: where they come from, and a type that never shows them."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, final

from tui_app.auth.token_command import TokenCommand
from tui_app.core.errors import UsageError
from tui_app.core.paths import whole_path
from tui_app.core.text import sanitize

MAX_TOKEN_BYTES: Final = 4096


@final
class Secret:
    """A string that print, log, format, traceback and pickle do not show; only `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str, origin: str) -> None:
        """Check the characters; `origin` names the source in the error. Raises UsageError."""
        if not value:
            raise UsageError(f"The {origin} is empty; put the API token there.")
        odd = not value.isascii() or not value.isprintable() or any(mark in value for mark in " \"'`")
        if len(value) > MAX_TOKEN_BYTES or odd:
            raise UsageError(
                f"The {origin} has characters that no token has (blanks, line breaks, quotes or non-ASCII ones). "
                "Paste only the token, without 'Bearer' and without quotes."
            )
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for one request header."""
        return self._value

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class TokenCredential:
    """An API token; the preferred way."""

    token: Secret

    def headers(self) -> dict[str, str]:
        """The request headers that carry it."""
        return {"Authorization": f"Bearer {self.token.reveal()}"}


@dataclass(frozen=True, slots=True)
class KeyCredential:
    """An e-mail address with the account's global API key; the older way."""

    email: str
    key: Secret

    def headers(self) -> dict[str, str]:
        """The request headers that carry it."""
        return {"X-Auth-Email": self.email, "X-Auth-Key": self.key.reveal()}


class CommandCredential:
    """An API token from a command, which is run again when the API no longer accepts the token."""

    def __init__(self, command: tuple[str, ...], *, may_ask: bool = True) -> None:
        """Run the command; it `may_ask` on the terminal where no screen is drawn yet. Raises UsageError."""
        self._command = TokenCommand(command)
        self._token = _answer_of(self._command, may_ask=may_ask)

    @property
    def token(self) -> Secret:
        """What the command answered last."""
        return self._token

    def headers(self) -> dict[str, str]:
        """The request headers that carry it."""
        return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> None:
        """Run the command again. Waits at most 30 s. Raises UsageError."""
        self._token = _answer_of(self._command, may_ask=False)

    def give_up(self) -> None:
        """End the command if it runs, and never run it again. May be called from any thread; does not wait."""
        self._command.give_up()


Credential = TokenCredential | CommandCredential | KeyCredential


def token_from_file(path: Path) -> Secret:
    """Read a token file: a regular file (not a link) of ours, mode 0600 or less, at most 4 KiB, by its whole path.

    Raises UsageError."""
    # systemd puts credentials into $CREDENTIALS_DIRECTORY
    path = whole_path(Path(os.path.expandvars(path)), "token file")
    name = sanitize(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"The token file {name} can't be read: {error.strerror}.") from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UsageError(f"The token file {name} is not a regular file.")
    with os.fdopen(descriptor, "rb") as file:
        if about.st_uid != os.geteuid():
            raise UsageError(
                f"The token file {name} belongs to another user, uid {about.st_uid}: "
                "make a copy of your own, mode 0600, and name that with token_file."
            )
        if about.st_mode & 0o077:
            raise UsageError(
                f"The token file {name} can be read by others. Run: chmod 600 {sanitize(shlex.quote(str(path)))}"
            )
        content = file.read(MAX_TOKEN_BYTES + 2)
    return Secret(content.decode("latin-1").removesuffix("\n").removesuffix("\r"), f"token file {name}")


def _answer_of(command: TokenCommand, *, may_ask: bool) -> Secret:
    return Secret(command.first_line(may_ask=may_ask), f"answer of the {command.name}")
