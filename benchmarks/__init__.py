"""Side-by-side measurements of the real program: `python -m benchmarks ROW` runs one of them alone."""
