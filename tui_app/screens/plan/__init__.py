"""Screens of a plan: ids, review, and what became of every message."""
