"""Screens of mail: the quarantine and one message."""
