"""`python -m tui_app` is `mailsluice`."""

from __future__ import annotations

from tui_app.cli import main

if __name__ == "__main__":
    main()
