"""`python -m tui_app` is `mailsluice`."""

from tui_app.cli import main

if __name__ == "__main__":
    main()
