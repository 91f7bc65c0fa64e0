"""Measures of colours: contrast, how far apart two are to eyes of a kind, and what a terminal makes of one."""

import math
from collections.abc import Mapping
from typing import Final

from rich.color import Color as TerminalColor
from rich.color import ColorSystem
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.color import Color

Rgb = tuple[int, int, int]
Linear = tuple[float, float, float]
Matrix = tuple[Linear, Linear, Linear]
READABLE: Final = 4.5
"""The contrast that WCAG 2 asks of text for everybody (AA)."""
APART: Final = 10.0
"""Twice what somebody sees who compares two patches side by side without knowing that they differ (5 of CIEDE2000); letters
have thin strokes, stand apart from each other, and are looked at by tired eyes."""

# Machado, Oliveira and Fernandes 2009, severity 1.0.
EYES: Final[Mapping[str, Matrix]] = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
_TO_XYZ: Final[Matrix] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Final[Linear] = (0.95047, 1.0, 1.08883)


def rgb(colour: str) -> Rgb:
    """The parts of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _times(matrix: Matrix, colour: Linear) -> Linear:
    x, y, z = (sum(factor * part for factor, part in zip(row, colour, strict=True)) for row in matrix)
    return x, y, z


def seen(colour: Rgb, eyes: str) -> Linear:
    """Red, green and blue as light, as these eyes see it, and within what a screen can show."""
    light = tuple(
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    red, green, blue = (min(1.0, max(0.0, part)) for part in _times(EYES[eyes], light))  # type: ignore[arg-type]
    return red, green, blue


def contrast(one: Rgb, other: Rgb, eyes: str = "all colours") -> float:
    """By WCAG 2, from 1 to 21, to these eyes."""
    dark, light = sorted(_times(_TO_XYZ, seen(colour, eyes))[1] for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: Rgb, eyes: str = "all colours") -> Linear:
    """CIE L*a*b* of what these eyes see."""
    shown = _times(_TO_XYZ, seen(colour, eyes))
    x, y, z = (
        part ** (1 / 3) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29
        for part in (each / white for each, white in zip(shown, _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: Rgb, other: Rgb, eyes: str = "all colours") -> float:
    """CIEDE2000: how far apart two colours are to these eyes. CIE76 makes too much of strong colours, above all of blue."""
    return ciede2000(lab(one, eyes), lab(other, eyes))


def ciede2000(one: Linear, other: Linear) -> float:
    """The formula of CIE 142 for two colours in L*a*b*, with all weights 1."""
    middle_chroma = (math.hypot(*one[1:]) + math.hypot(*other[1:])) / 2
    grey = 1.5 - 0.5 * math.sqrt(middle_chroma**7 / (middle_chroma**7 + 25.0**7))
    (light1, chroma1, hue1), (light2, chroma2, hue2) = (
        (light, math.hypot(grey * a, b), math.degrees(math.atan2(b, grey * a)) % 360) for light, a, b in (one, other)
    )
    light, chroma = (light1 + light2) / 2, (chroma1 + chroma2) / 2
    turn, hue = hue2 - hue1, (hue1 + hue2) / 2
    if not chroma1 * chroma2:
        turn, hue = 0.0, hue1 + hue2
    elif abs(turn) > 180:
        turn -= math.copysign(360, turn)
        hue += 180 if hue < 180 else -180
    by_hue = (
        1
        - 0.17 * math.cos(math.radians(hue - 30))
        + 0.24 * math.cos(math.radians(2 * hue))
        + 0.32 * math.cos(math.radians(3 * hue + 6))
        - 0.20 * math.cos(math.radians(4 * hue - 63))
    )
    of_light = (light2 - light1) / (1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2))
    of_chroma = (chroma2 - chroma1) / (1 + 0.045 * chroma)
    of_hue = 2 * math.sqrt(chroma1 * chroma2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * chroma * by_hue)
    blue = 30 * math.exp(-(((hue - 275) / 25) ** 2))
    rotated = -2 * math.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * math.sin(math.radians(2 * blue))
    return math.sqrt(of_light**2 + of_chroma**2 + of_hue**2 + rotated * of_chroma * of_hue)


def in_256(colour: Rgb) -> Rgb:
    """What becomes of a colour where the terminal has 256."""
    less = TerminalColor.from_rgb(*colour).downgrade(ColorSystem.EIGHT_BIT)
    return tuple(less.get_truecolor())  # type: ignore[return-value]


def in_grey(colour: Rgb) -> Rgb:
    """What Textual draws under NO_COLOR of a theme that names its colours."""
    return Color(*colour).monochrome.rgb


def drawn_pair(style: Style) -> tuple[Rgb, Rgb]:
    """Letters and ground of a piece of a line, where `reverse` has changed them round."""
    letters, ground = (
        tuple((colour or TerminalColor.default()).get_truecolor(DEFAULT_TERMINAL_THEME, foreground=is_text))
        for colour, is_text in ((style.color, True), (style.bgcolor, False))
    )
    return (ground, letters) if style.reverse else (letters, ground)  # type: ignore[return-value]
