"""The secret that opens the account: where it may come from, and that it is never shown."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, final

from tui_app.errors import UsageError
from tui_app.text import safe

MAX_TOKEN_BYTES: Final = 4096
TOKEN_COMMAND_TIMEOUT: Final = 30.0
_LONG_WORD: Final = re.compile(r"[^\s'\"=:/]{20,}")


@final
class Secret:
    """A string that no print, log, format, traceback or pickle can show; `reveal()` is the only way out."""

    __slots__ = ("_value",)

    def __init__(self, value: str, origin: str) -> None:
        """Check the characters; `origin` names the source in the error. Raises UsageError."""
        if not value:
            raise UsageError(f"The {origin} is empty; put the API token there.")
        if len(value) > MAX_TOKEN_BYTES or not value.isascii() or not value.isprintable() or " " in value:
            raise UsageError(
                f"The {origin} has characters that no token has (blanks, line breaks or non-ASCII ones); "
                "paste the token alone, without 'Bearer' and without quotes."
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
    """An API token that a command gives, and gives anew when the API no longer takes the last one."""

    def __init__(self, command: tuple[str, ...]) -> None:
        """Run the command. Raises UsageError."""
        self._command = command
        self._token = token_from_command(command)

    def headers(self) -> dict[str, str]:
        """The request headers that carry it."""
        return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> None:
        """Run the command again. Waits at most 30 s. Raises UsageError."""
        self._token = token_from_command(self._command, may_ask=False)


Credential = TokenCredential | CommandCredential | KeyCredential


def token_from_file(path: Path) -> Secret:
    """Read a token file: ours alone (mode 0600 or less), regular, no link, at most 4 KiB. Raises UsageError."""
    path = Path(os.path.expandvars(path)).expanduser()  # $CREDENTIALS_DIRECTORY is where systemd puts them
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(f"The token file {path} can't be read: {error.strerror}.") from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UsageError(f"The token file {path} is no regular file.")
    with os.fdopen(descriptor, "rb") as file:
        if about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise UsageError(f"The token file {path} can be read by others; run: chmod 600 {path}")
        content = file.read(MAX_TOKEN_BYTES + 2)
    return Secret(content.decode("latin-1").removesuffix("\n").removesuffix("\r"), f"token file {path}")


@contextmanager
def _question_line(may_ask: bool) -> Iterator[int]:
    try:
        descriptor = os.open("/dev/tty" if may_ask else os.devnull, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:  # no terminal
        descriptor = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _last_line(stderr: bytes) -> str:
    """The last thing a command said, without anything that is long enough to be a secret."""
    lines = stderr[-4096:].decode("utf-8", "replace").strip().splitlines()
    return safe(_LONG_WORD.sub("***", lines[-1]), 200) if lines else ""


def token_from_command(command: tuple[str, ...], *, may_ask: bool = True) -> Secret:
    """Run a command (no shell) and take its first line as the token. Raises UsageError; waits at most 30 s.

    It may ask on the terminal unless a screen is drawn there; what is piped to us is never its to read.
    """
    name = f"token command '{safe(command[0], 60)}'"
    try:
        with _question_line(may_ask) as asked:
            ended = subprocess.run(  # noqa: S603 - the operator's own configuration names it, no shell is involved
                command, stdin=asked, capture_output=True, timeout=TOKEN_COMMAND_TIMEOUT, check=False
            )
    except FileNotFoundError:
        raise UsageError(f"The {name} was not found.") from None
    except (OSError, subprocess.TimeoutExpired):
        raise UsageError(f"The {name} did not answer within {TOKEN_COMMAND_TIMEOUT:.0f} s.") from None
    if ended.returncode != 0:
        said = _last_line(ended.stderr)
        why = f" It said: {said}" if said else ""
        raise UsageError(f"The {name} ended with {ended.returncode}; run it by hand to see why.{why}")
    first_line = ended.stdout[: MAX_TOKEN_BYTES + 2].decode("latin-1").split("\n", 1)[0].removesuffix("\r")
    return Secret(first_line, f"answer of the {name}")
