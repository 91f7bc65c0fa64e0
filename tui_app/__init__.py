"""mailsluice: a terminal console for Cloudflare Email Security bulk jobs and quarantine release."""

from __future__ import annotations

__version__ = "0.1.0"
