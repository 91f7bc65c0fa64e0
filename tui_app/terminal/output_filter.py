"""The filter behind everything that Textual draws: no text leaves with a control that a terminal would obey."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tui_app.core.text import strip_controls

_render = Strip.render


def render_without_controls(strip: Strip, console: Console) -> str:
    """The bytes of a strip as Textual makes them, without controls, directional marks and links in its text.

    Text from the server is sanitized long before; this holds if that was forgotten somewhere. Frames that are written
    as differences pass `cells.cells_of`, which drops the same.
    """
    if strip._render_cache is None:
        strip._segments = [
            Segment(strip_controls(text), style.update_link(None) if style and style.link else style, control)
            for text, style, control in strip._segments
        ]
    return _render(strip, console)
