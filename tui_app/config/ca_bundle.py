"""The certificates of a `ca_bundle`: they decide who gets the token."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from typing import Final

from tui_app.core.errors import UsageError
from tui_app.core.files import why_not_obeyed
from tui_app.core.paths import whole_path
from tui_app.core.text import sanitize

_LARGEST: Final = 16 * 1024 * 1024


def trusting(ca_bundle: Path) -> ssl.SSLContext:
    """A TLS context that trusts the certificates of this file and no others.

    A link is followed: systems keep their bundles behind links. What counts is who can write the file that is read.
    Raises UsageError.
    """
    name = sanitize(str(ca_bundle))
    try:
        content = _content(whole_path(ca_bundle, "ca_bundle"), name)
        # Comments may be in any script. An empty text would mean the system's certificates.
        text = content.decode("ascii", "ignore")
        if "-----BEGIN" not in text:
            raise ValueError
        return ssl.create_default_context(cadata=text)
    except (OSError, ValueError, RuntimeError):  # ValueError: also a NUL; RuntimeError: ~ of an unknown user
        raise UsageError(f"The ca_bundle {name} can't be read as PEM certificates.") from None


def _content(path: Path, name: str) -> bytes:
    """The file as it is when it was looked at. Raises OSError, ValueError, UsageError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UsageError(f"The ca_bundle {name} is not a regular file.")
    with os.fdopen(descriptor, "rb") as file:
        if why := why_not_obeyed(about):
            raise UsageError(f"The ca_bundle {name} {why}. It is not obeyed: it decides who gets the token.")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError
    return content
