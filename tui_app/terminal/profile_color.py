"""The colour of a profile, worn by the whole header bar: letters in it can be read, whatever colour somebody chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rich.color import ColorSystem
from textual.color import BLACK, WHITE, Color, ColorParseError
from textual.theme import Theme

from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize
from tui_app.terminal.themes import least_contrast

if TYPE_CHECKING:
    from tui_app.config.schema import Profile

BAR: Final = "-profile"
"""The class of a header that wears a profile's colour; the style sheet gives it its weight, and its reverse without colours."""
_STEPS: Final = 100
_PIECE: Final = re.compile(r"\$text-(?:error|warning)\b")


def check_color(text: str) -> None:
    """Raise a ValueError, which says what to write, for what names no colour."""
    _parsed(text)


def check_colors(profiles: Mapping[str, Profile]) -> None:
    """Raise UsageError for the first profile whose colour is none."""
    for name, profile in profiles.items():
        try:
            if profile.color is not None:
                check_color(profile.color)
        except ValueError as error:
            raise UsageError(f"profiles.{sanitize(name, 40)}.color: {error}") from None


def header_style(color: str, theme: Theme) -> tuple[str, str]:
    """Background and foreground of a header bar in a colour, a little darker or lighter where nobody could read on it.

    In a theme of the terminal's own colours both are the terminal's own: there the style sheet reverses the bar. Raises
    ValueError as `check_color`.
    """
    ground, letters = _bar(_parsed(color), least_contrast(theme))
    return ("ansi_default", "ansi_default") if theme.ansi else (ground.hex, letters.hex)


def style_on_bar(style: str) -> str:
    """The style of a piece of text on such a bar: no colour of a theme and nothing dim can be read on every colour.

    Warnings and errors are underlined there.
    """
    return "underline" if _PIECE.search(style) else ""


def on_bar(piece: str | tuple[str, str]) -> str | tuple[str, str]:
    """A piece of text as it is drawn on such a bar."""
    return piece if isinstance(piece, str) else (piece[0], style_on_bar(piece[1]))


def _parsed(text: str) -> Color:
    name = text.strip().lower()
    shown = sanitize(text, 40)
    advice = 'write a name such as "red" or "ansi_red", or six digits such as "#aa0000"'
    near = ""
    # The names of the sixteen colours of a terminal may be written without Textual's prefix.
    for form in (name, f"ansi_{name}"):
        try:
            color = Color.parse(form)
        except ColorParseError as error:
            near = near or (form == name and error.suggested_color) or ""
            continue
        if color.a < 1 or color.ansi == -1:
            raise ValueError(f"'{shown}' is not a colour that a bar can have: {advice}.")
        return Color(*color.rgb)
    hint = f"did you mean {near}?" if near else f"{advice}."
    raise ValueError(f"'{shown}' is not a colour; {hint}")


@lru_cache(maxsize=16)
def _bar(color: Color, least: float) -> tuple[Color, Color]:
    """Ground and letters: black or white, whichever has more contrast on a ground that is as near to the colour as can be."""
    found: list[tuple[int, float, Color, Color]] = []
    for letters, other in ((BLACK, WHITE), (WHITE, BLACK)):
        for step in range(_STEPS + 1):
            ground = color.blend(other, step / _STEPS)
            if _can_be_read(letters, other, ground, least):
                found.append((step, -_contrast(letters, ground), ground, letters))
                break
    # Black letters can be read on white at the latest, and white ones on black: there are always two.
    _, _, ground, letters = min(found, key=lambda each: each[:2])
    return ground, letters


def _can_be_read(letters: Color, other: Color, ground: Color, least: float) -> bool:
    """Whether these letters can be read better than the others: in all colours, in 256, and in greys under NO_COLOR."""
    if _contrast(other, ground) > _contrast(letters, ground):
        return False
    return all(_contrast(letters, each) >= least for each in (ground, _in_256(ground), ground.monochrome))


def _in_256(color: Color) -> Color:
    return Color(*color.rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


def _contrast(one: Color, other: Color) -> float:
    """By WCAG 2: from 1 to 21."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _light(color: Color) -> float:
    """The light that a colour gives, from 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
