"""Drills: tasks on the simulated account, judged by its truth log."""
