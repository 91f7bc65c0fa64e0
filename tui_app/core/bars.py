"""Bars and sparklines of block glyphs, for the screens and the command line alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_HEIGHTS: Final = "▁▂▃▄▅▆▇█"


def bar(share: float | None, width: int) -> str:
    """A progress bar of `width` cells; `share` is 0 to 1, None (unknown) gives dots."""
    if share is None:
        return "·" * width
    eighths = int(min(1.0, max(0.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "")).ljust(width, "·")


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as heights against the highest of them, the newest at the right; fewer values are fewer cells."""
    shown = values[-width:] if width > 0 else ()
    highest = max(shown, default=0.0)
    if highest <= 0:
        return _HEIGHTS[0] * len(shown)
    return "".join(_HEIGHTS[round(max(0.0, value) / highest * (len(_HEIGHTS) - 1))] for value in shown)
