"""Small peers that are measured beside us in the same run: what Textual does by itself, without any of our care."""
