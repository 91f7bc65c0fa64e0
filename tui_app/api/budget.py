"""How many requests the token has left, as the server last said."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REMAINING = re.compile(r";\s*r=(\d{1,9})")
_RESET = re.compile(r";\s*t=(\d{1,9})")
_QUOTA = re.compile(r";\s*q=(\d{1,9})")


@dataclass
class Budget:
    """The quota shared by everything that uses the token; None until the server told it."""

    remaining: int | None = None
    quota: int | None = None
    resets_in: int | None = None

    def read(self, headers: Mapping[str, str]) -> None:
        """Take the `Ratelimit` and `Ratelimit-Policy` headers of an answer."""
        state, policy = headers.get("ratelimit", ""), headers.get("ratelimit-policy", "")
        if match := _REMAINING.search(state):
            self.remaining = int(match[1])
        if match := _RESET.search(state):
            self.resets_in = int(match[1])
        if match := _QUOTA.search(policy):
            self.quota = int(match[1])

    @property
    def share_left(self) -> float:
        """0 to 1; 1 while nothing is known."""
        if self.remaining is None or not self.quota:
            return 1.0
        return self.remaining / self.quota
