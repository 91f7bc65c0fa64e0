"""The command `mailsluice`, also as `python -m tui_app`; from its start ctrl+c ends it without a traceback."""

import sys

# Nothing else may be loaded here, not even __future__: a module of that name in the current folder would be taken. `os`
# is loaded, or frozen, since Python began.


def _leave_current_folder() -> None:
    """Load no module from where somebody stands: `python -m` looks there first, and the folder may be anybody's."""
    import os

    try:
        standing = os.getcwd()  # noqa: PTH109
    except OSError:
        return
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    if sys.path and sys.path[0] in ("", standing) and standing != ours:
        del sys.path[0]


def start() -> None:
    """Run the command line and exit with its code."""
    _leave_current_folder()
    import signal

    # Loading takes a moment, in which Python would answer ctrl+c with a traceback; main() handles the signal itself.
    # A signal that was ignored at our start stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui_app.cli import main

    main()


if __name__ == "__main__":
    start()
