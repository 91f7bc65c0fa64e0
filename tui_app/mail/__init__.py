"""Searching mail and reading one mail in full."""
