"""The first start: what is missing, whether a token is good for an account, and writing the configuration."""
