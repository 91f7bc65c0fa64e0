"""What the simulated API answers, one module a noun."""
