"""`python -m tui_app` is `mailsluice`, and so is the command. It loads nothing before ctrl+c can end it in silence."""

from __future__ import annotations

import signal


def start() -> None:
    """Run the command line and exit with its code."""
    # Loading takes a moment, and Python would answer ctrl+c with a traceback; main() listens by itself. Who started us
    # with the signal ignored wants it so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui_app.cli import main

    main()


if __name__ == "__main__":
    start()
