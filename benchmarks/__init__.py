"""Side-by-side measurements; each can be run alone with `python -m benchmarks.NAME`."""
