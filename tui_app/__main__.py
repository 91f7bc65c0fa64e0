"""The command `mailsluice`, also as `python -m tui_app`; from its start ctrl+c ends it without a traceback."""

from __future__ import annotations

import signal


def start() -> None:
    """Run the command line and exit with its code."""
    # Loading takes a moment, in which Python would answer ctrl+c with a traceback; main() handles the signal itself.
    # A signal that was ignored at our start stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui_app.cli import main

    main()


if __name__ == "__main__":
    start()
