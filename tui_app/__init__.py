"""mailsluice: a terminal console for Cloudflare Email Security bulk jobs and quarantine release."""

__version__ = "0.1.0"
