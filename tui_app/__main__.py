"""The command `mailsluice`, also as `python -m tui_app`; from its start ctrl+c ends it without a traceback."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path


def _leave_current_folder() -> None:
    """Load no module from where somebody stands: `python -m` looks there first, and the folder may be anybody's."""
    with contextlib.suppress(OSError):
        standing = Path.cwd()
        if sys.path and sys.path[0] in ("", str(standing)) and standing != Path(__file__).resolve().parents[1]:
            del sys.path[0]


def start() -> None:
    """Run the command line and exit with its code."""
    _leave_current_folder()
    # Loading takes a moment, in which Python would answer ctrl+c with a traceback; main() handles the signal itself.
    # A signal that was ignored at our start stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui_app.cli import main

    main()


if __name__ == "__main__":
    start()
