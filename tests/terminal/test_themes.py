"""The colours can be read: by contrast, by eyes that see fewer of them, in sixteen of a terminal's own, and by word and glyph."""

import re
from collections.abc import Mapping
from dataclasses import fields
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from tests.support.environment import ROOT
from tui_app.api.enums import Disposition, JobStatus, RowStatus
from tui_app.core.text import Untrusted
from tui_app.screens import format as fmt
from tui_app.terminal.themes import ANSI, DARK, LIGHT, PLAIN, THEMES, theme_for
from tui_app.widgets.virtual_table import Cell

# Also `text-disabled`: what stands in an empty field is read too.
TEXTS = ("foreground", "text-error", "text-warning", "text-success", "text-accent", "text-muted", "text-disabled")
GROUNDS = ("background", "panel")
TOLD_APART = ("text-error", "text-warning", "text-success")
SIXTEEN = {"ansi_default", "ansi_red", "ansi_magenta"}

Linear = tuple[float, float, float]
Matrix = tuple[Linear, Linear, Linear]
# Machado, Oliveira and Fernandes 2009, severity 1.0.
EYES: Mapping[str, Matrix] = {
    "all colours": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TO_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE: Linear = (0.95047, 1.0, 1.08883)


def colours(theme: Theme) -> dict[str, str]:
    """What the variables of the style sheets mean in a theme."""
    return theme.to_color_system().generate()


def linear(colour: str) -> Linear:
    """Red, green and blue as light, not as numbers on a wire."""
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def times(matrix: Matrix, colour: Linear) -> Linear:
    x, y, z = (sum(factor * part for factor, part in zip(row, colour, strict=True)) for row in matrix)
    return x, y, z


def contrast(one: str, other: str) -> float:
    """By WCAG 2: from 1 to 21."""
    dark, light = sorted(times(TO_XYZ, linear(colour))[1] for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: Linear) -> Linear:
    """CIE L*a*b* of what a screen can show of it."""
    shown = times(TO_XYZ, tuple(min(1.0, max(0.0, part)) for part in colour))  # type: ignore[arg-type]
    x, y, z = (
        part ** (1 / 3) if part > (6 / 29) ** 3 else part / (3 * (6 / 29) ** 2) + 4 / 29
        for part in (seen / white for seen, white in zip(shown, WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, eyes: str) -> float:
    """CIE76: how far apart two colours are to these eyes; 2.3 is the least that anybody notices."""
    pair = [lab(times(EYES[eyes], linear(colour))) for colour in (one, other)]
    return float(sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5)


def test_the_measures_measure() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21, abs=0.01)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert distance("#ffffff", "#000000", "all colours") == pytest.approx(100, abs=0.1)
    assert distance("#ff0000", "#00ff00", "all colours") == pytest.approx(170.6, abs=0.5)
    assert distance("#d04000", "#808000", "protanopia") < 15 < distance("#d04000", "#808000", "all colours")
    for matrix in EYES.values():
        assert [sum(row) for row in matrix] == pytest.approx([1, 1, 1], abs=0.001), "white stays white"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_its_ground(theme: Theme, text: str, ground: str) -> None:
    meant = colours(theme)
    assert contrast(meant[text], meant[ground]) >= 4.5, f"{meant[text]} on {meant[ground]}"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("eyes", EYES)
def test_an_error_a_warning_and_a_success_differ_to_all_eyes(theme: Theme, eyes: str) -> None:
    meant = colours(theme)
    for one, other in combinations(TOLD_APART, 2):
        assert distance(meant[one], meant[other], eyes) >= 15, f"{one} {meant[one]} and {other} {meant[other]}"


def named_variables() -> set[str]:
    """What our style sheets and screens name."""
    files = [*(ROOT / "styles").rglob("*.tcss"), *(ROOT / "tui_app").rglob("*.py")]
    return {name for file in files for name in re.findall(r"\$([a-z][a-z-]*[a-z])(?![a-z{-])", file.read_text())}


def written_in() -> set[str]:
    """The variables that text is written in, by our style sheets and screens."""
    sheets = "".join(sheet.read_text() for sheet in (ROOT / "styles").rglob("*.tcss"))
    code = "".join(module.read_text() for module in (ROOT / "tui_app").rglob("*.py"))
    return {*re.findall(r"\bcolor: \$([a-z-]+)", sheets), *re.findall(r'"(?:bold )?\$([a-z-]+)(?: bold)?"', code)}


def test_text_is_written_in_these_colours_only() -> None:
    assert written_in() <= set(TEXTS)


@pytest.mark.parametrize("theme", [ANSI, PLAIN], ids=lambda theme: theme.name)
def test_the_terminal_s_own_colours_are_few(theme: Theme) -> None:
    allowed = SIXTEEN if theme is ANSI else {"ansi_default"}
    given = [getattr(theme, field.name) for field in fields(theme)]
    assert {value for value in given if isinstance(value, str) and value.startswith("ansi_")} <= allowed
    assert set(theme.variables.values()) <= allowed
    meant = colours(theme)
    known = named_variables() & meant.keys()
    assert {"text-error", "text-warning", "text-accent", "panel", "primary-muted"} <= known
    # Textual lets the ground shine through where both are the terminal's own.
    assert {meant[name] for name in known} <= {*allowed, "transparent"}


@pytest.mark.parametrize(
    ("choice", "system", "environment", "theme"),
    [
        ("auto", ColorSystem.TRUECOLOR, {}, DARK),
        ("auto", ColorSystem.EIGHT_BIT, {}, DARK),
        ("auto", ColorSystem.STANDARD, {}, ANSI),
        ("auto", None, {}, DARK),
        ("auto", ColorSystem.TRUECOLOR, {"NO_COLOR": "1"}, PLAIN),
        ("auto", ColorSystem.STANDARD, {"NO_COLOR": "1"}, PLAIN),
        ("auto", ColorSystem.TRUECOLOR, {"NO_COLOR": ""}, DARK),
        ("auto", ColorSystem.EIGHT_BIT, {"COLORFGBG": "0;15"}, LIGHT),
        ("auto", ColorSystem.EIGHT_BIT, {"COLORFGBG": "0;default;7"}, LIGHT),
        ("auto", ColorSystem.EIGHT_BIT, {"COLORFGBG": "15;0"}, DARK),
        ("auto", ColorSystem.EIGHT_BIT, {"COLORFGBG": "15;default"}, DARK),
        ("auto", ColorSystem.EIGHT_BIT, {"COLORFGBG": ";"}, DARK),
        ("auto", ColorSystem.STANDARD, {"COLORFGBG": "0;15"}, ANSI),
        ("dark", ColorSystem.STANDARD, {"NO_COLOR": "1", "COLORFGBG": "0;15"}, DARK),
        ("light", ColorSystem.TRUECOLOR, {}, LIGHT),
        ("ansi", ColorSystem.TRUECOLOR, {}, ANSI),
        ("plain", ColorSystem.TRUECOLOR, {}, PLAIN),
    ],
)
def test_the_theme_is_the_chosen_one_or_what_the_terminal_can_show(
    choice: Any, system: ColorSystem | None, environment: dict[str, str], theme: Theme
) -> None:
    assert theme_for(choice, system, environment) is theme


def test_no_two_themes_have_one_name() -> None:
    assert len({theme.name for theme in THEMES}) == len(THEMES) == 4


def job(status: object, *, failed: int = 0) -> Any:
    return SimpleNamespace(status=status, failed=failed, unaccounted=0, countable=True)


def test_every_state_is_a_glyph_and_a_word() -> None:
    unknown = Untrusted("NEW_STATE")
    shown: dict[str, Cell] = {}
    for status in (*JobStatus, unknown):
        shown[f"job {status}"] = fmt.job_state(job(status))
    shown["job failures"] = fmt.job_state(job(JobStatus.COMPLETED, failed=1))
    for row_status in (*RowStatus, unknown):
        shown[f"row {row_status}"] = fmt.row_state(row_status)
    for disposition in (*Disposition, None, unknown):
        shown[f"verdict {disposition}"] = fmt.verdict(disposition)
    for what, cell in shown.items():
        assert re.fullmatch(r"\S [A-Za-z][\w-]+", cell.text), what
    words = [cell.text for what, cell in shown.items() if what.startswith("job ")]
    assert len(words) == len(set(words)), "no two states of a job look the same without colours"
    assert shown["job failures"].text[0] != shown["job COMPLETED"].text[0]
    assert {shown[f"job {status}"].text[0] for status in ("COMPLETED", "FAILED", "CANCELLED")} == {"✔", "✖", "■"}
