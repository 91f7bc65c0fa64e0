"""The themes: dark, light, the terminal's own sixteen colours, and no colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.color import ColorSystem
from textual.theme import Theme

if TYPE_CHECKING:
    from tui_app.config.schema import ThemeChoice

# Orange, yellow and a bluish green are different also to people with red-green blindness, and on a bad projector.
# Textual draws text in two thirds of these colours and one third of black or white.
DARK: Final = Theme(
    "mailsluice-dark",
    primary="#5aa9f5",
    secondary="#5aa9f5",
    accent="#3899ff",
    error="#ff5517",
    warning="#ecca17",
    success="#00b684",
    foreground="#dbe1e8",
    background="#11161b",
    surface="#171d23",
    panel="#1f2830",
    dark=True,
    variables={
        "text-muted": "#a3afbb",
        "text-disabled": "#8995a1",
        "primary-muted": "#27425e",
    },
)
LIGHT: Final = Theme(
    "mailsluice-light",
    primary="#0b57b5",
    secondary="#0b57b5",
    accent="#1184ff",
    error="#bd1e00",
    warning="#bf9100",
    success="#009b78",
    foreground="#1b2026",
    background="#fbfbf9",
    surface="#f1f3f4",
    panel="#e4e8ec",
    dark=False,
    variables={
        "text-muted": "#505a64",
        "text-disabled": "#5f6974",
        "primary-muted": "#cfe2f8",
    },
)
# Of the sixteen only red and magenta can be read on black and on white, in every common palette.
_OWN: Final = dict.fromkeys(
    (
        "text-success",
        "text-accent",
        "text-muted",
        "text-disabled",
        "primary-muted",
        "ansi-background",
        "ansi-foreground",
        "border",
        "border-blurred",
        "block-cursor-background",
        "input-selection-background",
    ),
    "ansi_default",
)
ANSI: Final = Theme(
    "mailsluice-ansi",
    ansi=True,
    primary="ansi_default",
    accent="ansi_default",
    error="ansi_red",
    warning="ansi_magenta",
    success="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    variables={"text-error": "ansi_red", "text-warning": "ansi_magenta", **_OWN},
)
PLAIN: Final = Theme(
    "mailsluice-plain",
    ansi=True,
    primary="ansi_default",
    accent="ansi_default",
    error="ansi_default",
    warning="ansi_default",
    success="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    variables={"text-error": "ansi_default", "text-warning": "ansi_default", **_OWN},
)
THEMES: Final = (DARK, LIGHT, ANSI, PLAIN)
_NAMED: Final[Mapping[str, Theme]] = {"dark": DARK, "light": LIGHT, "ansi": ANSI, "plain": PLAIN}
THEME_CHOICES: Final = ("auto", *_NAMED)
_LIGHT_BACKGROUNDS: Final = frozenset({"7", "15"})


def theme_for(choice: ThemeChoice, colours: ColorSystem | None, environment: Mapping[str, str]) -> Theme:
    """The chosen theme; `auto` is the best that the terminal can show.

    For `auto`: no colours under NO_COLOR, the terminal's own where it has sixteen, light where COLORFGBG tells of a
    light background, else dark.
    """
    if choice != "auto":
        return _NAMED[choice]
    if environment.get("NO_COLOR"):
        return PLAIN
    if colours is ColorSystem.STANDARD:
        return ANSI
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in _LIGHT_BACKGROUNDS else DARK
