"""The answers of the simulated API: accounts, jobs, mail."""
