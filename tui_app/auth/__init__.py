"""How a request proves who sends it: tokens, keys, and commands that print tokens."""
