"""Credentials: tokens, keys, and commands that print tokens."""
