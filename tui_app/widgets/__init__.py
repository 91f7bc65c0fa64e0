"""Widgets that know rows, lines and keys, but no endpoint."""
