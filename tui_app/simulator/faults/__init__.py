"""Ways in which a network or a server can fail, by plan."""
