"""The header bar in a profile's colour can be read in every colour, and without any."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.color import Color

from tests.support.colours import READABLE, contrast, distance, in_256, in_grey, rgb
from tui_app.terminal.profile_color import check_color, header_style, style_on_bar
from tui_app.terminal.themes import ANSI, DARK, LIGHT, PLAIN, THEMES

BLACK, WHITE = "#000000", "#FFFFFF"
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def written(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


@given(COLOURS)
@example((255, 0, 0))
@example((255, 7, 92))  # black and white letters can be read alike on it
def test_the_bar_can_be_read_in_every_colour(colour: tuple[int, int, int]) -> None:
    ground, letters = header_style(written(colour), DARK)
    other = WHITE if letters == BLACK else BLACK
    assert {letters, other} == {BLACK, WHITE}
    # WCAG's weights are rounded, those here are not.
    assert contrast(rgb(letters), rgb(ground)) >= contrast(rgb(other), rgb(ground)) - 0.01
    for ink, bar in (
        (rgb(letters), rgb(ground)),
        (in_256(rgb(letters)), in_256(rgb(ground))),
        (in_grey(rgb(letters)), in_grey(rgb(ground))),
    ):
        assert contrast(ink, bar) >= READABLE, f"{written(colour)}: {ink} on {bar}"


@given(COLOURS)
def test_a_bar_that_can_be_read_is_of_the_colour_itself(colour: tuple[int, int, int]) -> None:
    ground, letters = header_style(written(colour), LIGHT)
    if rgb(ground) != colour:
        for ink in (BLACK, WHITE):
            bars = (colour, in_256(colour), in_grey(colour))
            other = WHITE if ink == BLACK else BLACK
            readable = all(contrast(rgb(ink), bar) >= READABLE for bar in bars)
            assert not readable or contrast(rgb(other), colour) > contrast(rgb(ink), colour)
    assert header_style(ground, LIGHT) == (ground, letters), "what it became stays as it is"


@pytest.mark.parametrize(
    ("color", "letters", "most"),
    [("red", WHITE, 5), ("#aa0000", WHITE, 0), ("green", WHITE, 0), ("yellow", BLACK, 0), ("orange", BLACK, 5)],
)
def test_well_known_colours_stay_what_they_are(color: str, letters: str, most: float) -> None:
    ground, ink = header_style(color, DARK)
    assert ink == letters
    assert distance(rgb(ground), Color.parse(color).rgb) <= most


@pytest.mark.parametrize("theme", [ANSI, PLAIN], ids=lambda theme: theme.name)
def test_without_colours_the_bar_needs_none(theme: object) -> None:
    assert header_style("red", theme) == ("ansi_default", "ansi_default")  # type: ignore[arg-type]


@pytest.mark.parametrize("color", ["red", "Red ", "#a00", "#AA0000", "ansi_red", "bright_red", "rebeccapurple"])
def test_a_colour_may_be_a_name_or_digits(color: str) -> None:
    check_color(color)
    for theme in THEMES:
        header_style(color, theme)


@pytest.mark.parametrize(
    ("color", "words"),
    [
        ("reddish", "'reddish' is not a colour; did you mean red?"),
        ("", "'' is not a colour; write a name such as"),
        ("bold red", "is not a colour; write a name such as"),
        ("#12345", "is not a colour"),
        ("transparent", "is not a colour that a bar can have"),
        ("#aa000080", "is not a colour that a bar can have"),
        ("ansi_default", "is not a colour that a bar can have"),
        ("default", "is not a colour that a bar can have"),
        ("auto", "is not a colour"),
        ("\x1b[31mred", "is not a colour"),
        ("x" * 5000, "is not a colour"),
    ],
)
def test_what_is_no_colour_is_refused_in_a_sentence(color: str, words: str) -> None:
    for refused in (lambda: check_color(color), lambda: header_style(color, DARK), lambda: header_style(color, PLAIN)):
        with pytest.raises(ValueError, match=r"\A[^\x00-\x1f]{,200}[.?]\Z") as caught:
            refused()
        assert words in str(caught.value)


@given(st.text())
def test_any_text_is_a_colour_or_is_refused(text: str) -> None:
    try:
        check_color(text)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        header_style(text, DARK)


def test_a_piece_of_the_bar_has_no_colour_of_its_own() -> None:
    assert style_on_bar("$text-warning bold") == style_on_bar("bold $text-error") == "underline"
    assert {style_on_bar(style) for style in ("", "bold", "dim", "$text-success", "$text-accent bold")} == {""}
