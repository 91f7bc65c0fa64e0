"""The client of the Email Security investigate endpoints: requests, answers, errors, quota."""
