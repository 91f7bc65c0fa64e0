"""Standard error on a terminal of its own, while standard output goes elsewhere."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
import tty
from collections.abc import Callable


def written_on(columns: int, write: Callable[[], None]) -> str:
    """What is written to standard error, where that is a terminal with so many columns."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0), os.fdopen(theirs, "w", encoding="utf-8") as stream:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        tty.setraw(theirs)
        with contextlib.redirect_stderr(stream):
            write()
        stream.write("\0")
        stream.flush()
        data = b""
        while not data.endswith(b"\0"):
            data += os.read(ours, 65536)
    return data[:-1].decode()
