"""Which theme it is, what the themes are made of, and that every state is told by word and glyph, too.

What can be read is measured in `test_contrast.py`, what can be told apart in `test_color_vision.py`.
"""

import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from rich.color import ColorSystem
from textual.theme import Theme

from tests.support.environment import ROOT
from tui_app.api.enums import Disposition, JobStatus, RowStatus
from tui_app.config.file import checked
from tui_app.config.schema import ThemeChoice
from tui_app.core.text import Untrusted
from tui_app.screens import format as fmt
from tui_app.terminal.themes import (
    ANSI,
    COLOUR_BLIND,
    DARK,
    HIGH_CONTRAST,
    LIGHT,
    PLAIN,
    THEME_CHOICES,
    THEMES,
    named,
    theme_for,
)
from tui_app.widgets.virtual_table import Cell

TEXTS = {
    "foreground",
    "text-error",
    "text-warning",
    "text-success",
    "text-accent",
    "text-secondary",
    "text-muted",
    "text-disabled",
}
SIXTEEN = {"ansi_default", "ansi_red", "ansi_magenta"}


def colours(theme: Theme) -> dict[str, str]:
    """What the variables of the style sheets mean in a theme."""
    return theme.to_color_system().generate()


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
    assert written_in() <= TEXTS


@pytest.mark.parametrize("theme", [ANSI, PLAIN], ids=lambda theme: theme.name)
def test_the_terminal_s_own_colours_are_few(theme: Theme) -> None:
    allowed = SIXTEEN if theme is ANSI else {"ansi_default"}
    given = [getattr(theme, field.name) for field in fields(theme)]
    assert {value for value in given if isinstance(value, str) and value.startswith("ansi_")} <= allowed
    assert set(theme.variables.values()) <= allowed
    meant = colours(theme)
    known = named_variables() & meant.keys()
    assert {"text-error", "text-warning", "text-accent", "text-secondary", "panel", "primary-muted"} <= known
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
        ("high-contrast", ColorSystem.STANDARD, {"NO_COLOR": "1"}, HIGH_CONTRAST),
        ("colour-blind", ColorSystem.EIGHT_BIT, {"COLORFGBG": "0;15"}, COLOUR_BLIND),
        ("ansi-16", ColorSystem.TRUECOLOR, {}, ANSI),
        ("ansi", ColorSystem.TRUECOLOR, {}, ANSI),
        ("plain", ColorSystem.TRUECOLOR, {}, PLAIN),
    ],
)
def test_the_theme_is_the_chosen_one_or_what_the_terminal_can_show(
    choice: Any, system: ColorSystem | None, environment: dict[str, str], theme: Theme
) -> None:
    assert theme_for(choice, system, environment) is theme


def test_no_two_themes_have_one_name() -> None:
    assert len({theme.name for theme in THEMES}) == len(THEMES) == 6


def test_every_theme_has_a_name_that_a_configuration_takes() -> None:
    assert [named(choice) for choice in THEME_CHOICES] == list(THEMES)
    assert {*THEME_CHOICES, "auto", "ansi"} == set(get_args(ThemeChoice))
    assert named("ansi") is named("ansi-16") is ANSI
    assert named("auto") is named("") is named("Dark") is None


@pytest.mark.parametrize("choice", get_args(ThemeChoice))
def test_the_file_takes_every_name(choice: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert checked(file, f'[ui]\ntheme = "{choice}"\n').ui.theme == choice


def test_the_documents_name_every_theme() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert [choice for choice in THEME_CHOICES if f"`{choice}`" not in text] == []


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
