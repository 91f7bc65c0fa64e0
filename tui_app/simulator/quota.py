"""The request quota: so many requests in a window, then 429 until the window ends."""

import math
from dataclasses import dataclass


@dataclass
class Quota:
    """A fixed window of `window` seconds with `quota` requests; 0 means no limit."""

    quota: int = 1200
    window: float = 300.0
    _started: float = float("-inf")
    _used: int = 0

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        """Count a request at a monotonic time; returns whether it is allowed, and the headers of the quota."""
        if not self.quota:
            return True, {}
        if now - self._started >= self.window:
            self._started, self._used = now, 0
        left = self.quota - self._used
        passes = left > 0
        if passes:
            self._used += 1
            left -= 1
        rest = max(1, math.ceil(self._started + self.window - now))
        headers = {
            "Ratelimit": f'"default";r={left};t={rest}',
            "Ratelimit-Policy": f'"default";q={self.quota};w={math.ceil(self.window)}',
        }
        if not passes:
            headers["retry-after"] = str(rest)
        return passes, headers
