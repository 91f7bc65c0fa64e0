"""The first start: a screen for each step."""
