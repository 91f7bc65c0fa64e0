"""Watching jobs: when to ask, how far they are, which rows are loaded."""
