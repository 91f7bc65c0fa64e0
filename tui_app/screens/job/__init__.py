"""The screen of one job, and its long tasks."""
