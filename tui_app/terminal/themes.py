"""The themes: dark, light, high contrast, for colour-blind eyes, the terminal's own sixteen colours, and no colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.color import ColorSystem
from textual.theme import Theme

from tui_app.terminal.patches import draw_no_greys

if TYPE_CHECKING:
    from textual.app import App

    from tui_app.config.schema import ThemeChoice


def _in_colours(
    name: str,
    *,
    dark: bool,
    background: str,
    surface: str,
    panel: str,
    cursor: str,
    selection: str,
    foreground: str,
    muted: str,
    disabled: str,
    error: str,
    warning: str,
    success: str,
    accent: str,
    sign: str,
) -> Theme:
    """A theme with colours of its own: a text is drawn in the colour that is written here, not in one made of it."""
    return Theme(
        f"mailsluice-{name}",
        dark=dark,
        primary=accent,
        secondary=sign,
        accent=accent,
        error=error,
        warning=warning,
        success=success,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        variables={
            "text-error": error,
            "text-warning": warning,
            "text-success": success,
            "text-accent": accent,
            # Textual has no name for what is no state: our second colour is that of the signs ≈ and ≠.
            "text-secondary": sign,
            "text-muted": muted,
            "text-disabled": disabled,
            "primary-muted": cursor,
            "input-selection-background": selection,
        },
    )


# Each text on each ground has a contrast of 4.5 or more, also in 256 colours, and in the greys that Textual makes of a theme
# that is chosen under NO_COLOR. Of a ground that is nearly grey 256 colours make a grey; of a bluish one a blue that is
# twice as light. Error, warning and success differ to all eyes. Tests measure this and all that follows.
DARK: Final = _in_colours(
    "dark",
    dark=True,
    background="#11161b",
    surface="#171d23",
    panel="#1f2830",
    cursor="#323943",
    selection="#005f87",
    foreground="#e1e7ee",
    muted="#aeb8c2",
    disabled="#98a2ad",
    error="#ff8e65",
    warning="#f2dc65",
    success="#56cead",
    accent="#7bbbff",
    sign="#ff87d7",
)
LIGHT: Final = _in_colours(
    "light",
    dark=False,
    background="#fbfbf9",
    surface="#f1f3f4",
    panel="#e8e8e8",
    cursor="#d8dde2",
    selection="#9eb4dc",
    foreground="#12171c",
    muted="#4a535c",
    disabled="#5a636d",
    error="#6e1200",
    warning="#726000",
    success="#006a58",
    accent="#0b4fa0",
    sign="#8a1a7a",
)
# A contrast of `least_contrast`; the cursor is the reverse of its row.
HIGH_CONTRAST: Final = _in_colours(
    "high-contrast",
    dark=True,
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    cursor="#000000",
    selection="#005f87",
    foreground="#ffffff",
    muted="#c6c6c6",
    disabled="#bcbcbc",
    error="#ff875f",
    warning="#ffff00",
    success="#00ffaf",
    accent="#afd7ff",
    sign="#ff87ff",
)
# All texts differ from each other to all eyes, not only in hue but also in lightness; of 256 colours, too.
COLOUR_BLIND: Final = _in_colours(
    "colour-blind",
    dark=True,
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    cursor="#303030",
    selection="#005f87",
    foreground="#ffffff",
    muted="#afafaf",
    disabled="#a8a8a8",
    error="#ff875f",
    warning="#ffd700",
    success="#00ffaf",
    accent="#afd7ff",
    sign="#b48ada",
)
# Of the sixteen only red and magenta can be read on black and on white, in every common palette.
_OWN: Final = dict.fromkeys(
    (
        "text-success",
        "text-accent",
        "text-secondary",
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
_NAMED: Final[Mapping[str, Theme]] = {
    "dark": DARK,
    "light": LIGHT,
    "high-contrast": HIGH_CONTRAST,
    "colour-blind": COLOUR_BLIND,
    "ansi-16": ANSI,
    "plain": PLAIN,
}
_OLDER: Final[Mapping[str, str]] = {"ansi": "ansi-16"}
"""Names of earlier versions, which a configuration may still have."""
THEMES: Final = tuple(_NAMED.values())
THEME_CHOICES: Final = tuple(_NAMED)
"""The names of all themes. `auto` is none of them: what it is depends on the terminal."""
_LIGHT_BACKGROUNDS: Final = frozenset({"7", "15"})


def named(choice: str) -> Theme | None:
    """The theme of a name; None for what names none."""
    return _NAMED.get(_OLDER.get(choice, choice))


def least_contrast(theme: Theme) -> float:
    """The contrast that every text of a theme has at least, by WCAG 2; of the terminal's own colours nobody knows."""
    return 7.0 if theme is HIGH_CONTRAST else 4.5


def put_on(app: App[Any], theme: Theme) -> None:
    """Let a running app wear another theme, on all its screens."""
    app.theme = theme.name
    draw_no_greys(app)
    # Textual repaints what has another ground or colour of its own: not a word in the middle of a line that has.
    app.call_next(_repaint, app)


def _repaint(app: App[Any]) -> None:
    for screen in app.screen_stack:
        for widget in screen.walk_children(with_self=True):
            widget.refresh()


def theme_for(choice: ThemeChoice, colours: ColorSystem | None, environment: Mapping[str, str]) -> Theme:
    """The chosen theme; `auto` is the best that the terminal can show.

    For `auto`: no colours under NO_COLOR, the terminal's own where it has sixteen, light where COLORFGBG tells of a
    light background, else dark.
    """
    if (chosen := named(choice)) is not None:
        return chosen
    if environment.get("NO_COLOR"):
        return PLAIN
    if colours is ColorSystem.STANDARD:
        return ANSI
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in _LIGHT_BACKGROUNDS else DARK
