"""The configuration, checked: from flags, environment and file."""
