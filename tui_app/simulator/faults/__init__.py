"""Faults of networks and servers, by a specification."""
