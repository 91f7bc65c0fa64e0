"""A screen of the program as SVG: a picture that loads nothing from elsewhere."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

from rich.cells import cell_len
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import MONOKAI
from textual._context import visible_screen_stack
from textual.app import App

FONTS: Final = "ui-monospace,SFMono-Regular,Cascadia Mono,Menlo,Consolas,DejaVu Sans Mono,monospace"
"""Fonts of current terminals; the first one that the reader has is used."""
WIDTH, HEIGHT, MARGIN = 10, 20, 10
"""Of a cell, and around all of them."""


def rows_of(app: App[Any]) -> list[list[Segment]]:
    """What is on the screen, line by line."""
    visible_screen_stack.set(app._background_screens)  # what a question lies upon is shown, too
    return [list(strip) for strip in app.screen._compositor.render_strips()[: app.size.height]]


def _rgb(color: Color | None, *, foreground: bool) -> ColorTriplet:
    if color is None or color.is_default:
        return MONOKAI.foreground_color if foreground else MONOKAI.background_color
    return color.get_truecolor(MONOKAI, foreground)


def _painted(style: Style | None) -> tuple[str, str, str]:
    """The colours of letters and ground, and how the letters are written."""
    style = style or Style()
    letters, ground = _rgb(style.color, foreground=True), _rgb(style.bgcolor, foreground=False)
    if style.reverse:
        letters, ground = ground, letters
    if style.dim:
        letters = blend_rgb(letters, ground, 0.4)
    written = ";".join(
        rule
        for rule, wanted in (
            ("font-weight:bold", style.bold),
            ("font-style:italic", style.italic),
            ("text-decoration:underline", style.underline),
        )
        if wanted
    )
    return letters.hex, ground.hex, written


def as_svg(rows: Sequence[Sequence[Segment]], title: str) -> str:
    """A picture that loads nothing from elsewhere. Each word has its own place and length, whichever font the reader has."""
    classes: dict[str, str] = {}
    grounds: list[str] = []
    words: list[str] = []
    whole = max((_painted(segment.style)[1] for row in rows for segment in row), key=_counted(rows))
    for number, row in enumerate(rows):
        column, begun = 0, (0, whole)
        for segment in (*row, None):
            ground = whole if segment is None else _painted(segment.style)[1]
            if segment is None or ground != begun[1]:
                if begun[1] != whole and column > begun[0]:
                    grounds.append(
                        f'<rect x="{begun[0] * WIDTH}" y="{number * HEIGHT}" width="{(column - begun[0]) * WIDTH}" '
                        f'height="{HEIGHT}" fill="{begun[1]}"/>'
                    )
                begun = column, ground
            if segment is None:
                break
            letters, _, written = _painted(segment.style)
            look = f"fill:{letters}" + f";{written}" * bool(written)
            for word in re.finditer(r"\S+", segment.text.replace("\xa0", " ")):
                name = classes.setdefault(look, f"c{len(classes)}")
                at = column + cell_len(segment.text[: word.start()])
                words.append(_word(word[0], name, at, number))
            column += segment.cell_length
    width, height = max(map(Segment.get_line_length, rows)) * WIDTH, len(rows) * HEIGHT
    looks = "".join(f".{name}{{{look}}}" for look, name in classes.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2 * MARGIN} {height + 2 * MARGIN}">',
            f"<title>{escape(title)}</title>",
            f"<style>text{{font:16.6px {FONTS};white-space:pre}}{looks}</style>",
            f'<rect width="100%" height="100%" rx="8" fill="{whole}"/>',
            f'<g transform="translate({MARGIN},{MARGIN})">',
            *grounds,
            *words,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _counted(rows: Sequence[Sequence[Segment]]) -> Callable[[str], int]:
    counts: dict[str, int] = {}
    for row in rows:
        for segment in row:
            ground = _painted(segment.style)[1]
            counts[ground] = counts.get(ground, 0) + segment.cell_length
    return lambda ground: counts[ground]


def _word(word: str, name: str, column: int, row: int) -> str:
    # Bars and marks are stretched; letters only get the place between them that the cells need.
    stretched = "" if word.isascii() else ' lengthAdjust="spacingAndGlyphs"'
    return (
        f'<text class="{name}" x="{column * WIDTH}" y="{row * HEIGHT + 15}" '
        f'textLength="{cell_len(word) * WIDTH}"{stretched}>{escape(word)}</text>'
    )
