"""The wire: one client for the Email Security investigate endpoints."""
