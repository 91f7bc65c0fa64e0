"""What stands between Textual and the tty; every private hook of Textual lives here."""
