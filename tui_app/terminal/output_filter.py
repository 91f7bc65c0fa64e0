"""The last line: where Textual turns text into bytes, nothing passes that a terminal would obey."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tui_app.core.text import strip_controls

_as_textual_renders = Strip.render


def _render(strip: Strip, console: Console) -> str:
    if strip._render_cache is None:
        strip._segments = [
            Segment(strip_controls(text), style.update_link(None) if style and style.link else style, control)
            for text, style, control in strip._segments
        ]
    return _as_textual_renders(strip, console)


def install_output_filter() -> None:
    """Let Textual leave controls, directional marks and links out of all that it draws.

    What comes from the server is safe long before; this holds if somebody forgets that. Frames that are written as
    differences pass `cells.cells_of`, which drops the same.
    """
    # A private hook; a contract test fails when Textual turns text into bytes elsewhere.
    Strip.render = _render  # type: ignore[method-assign, assignment]
