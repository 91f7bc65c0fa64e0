"""What carries a state can be told apart by eyes that see fewer colours: measured, not believed."""

from itertools import combinations

import pytest
from textual.theme import Theme

from tests.support.colours import APART, EYES, READABLE, ciede2000, contrast, distance, in_256, rgb, seen
from tui_app.terminal.themes import COLOUR_BLIND, DARK, HIGH_CONTRAST, LIGHT

GROUNDS = ("background", "surface", "panel", "primary-muted")
STATES = ("text-error", "text-warning", "text-success")
TEXTS = (*STATES, "text-accent", "text-secondary", "text-muted", "foreground")
EVERY_EYE = pytest.mark.parametrize("eyes", EYES)
IN_COLOURS = pytest.mark.parametrize("theme", [DARK, LIGHT, HIGH_CONTRAST, COLOUR_BLIND], ids=lambda theme: theme.name)


def meant(theme: Theme, name: str) -> tuple[int, int, int]:
    """What a variable of the style sheets means in a theme."""
    return rgb({**theme.to_color_system().generate(), **theme.variables}[name])


def nearest(theme: Theme, names: tuple[str, ...], eyes: str) -> tuple[float, str, str]:
    """The two that are least apart to these eyes, in a terminal of all colours or of 256."""
    return min(
        (distance(one, other, eyes), first, second)
        for first, second in combinations(names, 2)
        for one, other in (
            (meant(theme, first), meant(theme, second)),
            (in_256(meant(theme, first)), in_256(meant(theme, second))),
        )
    )


# Sharma, Wu and Dalal 2005: pairs for which a wrong formula gives another number.
@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ],
)
def test_the_distance_is_that_of_the_standard(
    one: tuple[float, float, float], other: tuple[float, float, float], apart: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(ciede2000(other, one)) == pytest.approx(apart, abs=0.0001)


def test_the_measures_measure() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21, abs=0.01)
    assert contrast((0x77,) * 3, (255,) * 3) == pytest.approx(4.48, abs=0.01)
    assert distance((0, 0, 0), (255, 255, 255)) == pytest.approx(100, abs=0.1)
    # A brick and an olive: what people with red-green blindness confuse, others don't.
    confused = (208, 64, 0), (128, 112, 0)
    assert distance(*confused, "protanopia") < APART < 3 * APART < distance(*confused)
    confused = (0, 140, 220), (0, 160, 150)
    assert distance(*confused, "tritanopia") < APART < 2 * APART < distance(*confused)
    for eyes in EYES:
        assert seen((255, 255, 255), eyes) == pytest.approx((1, 1, 1), abs=0.001), "white stays white"
        assert seen((0, 0, 0), eyes) == (0, 0, 0)


@EVERY_EYE
def test_in_the_theme_for_them_all_texts_differ_to_all_eyes(eyes: str) -> None:
    apart, *names = nearest(COLOUR_BLIND, TEXTS, eyes)
    assert apart >= APART, f"{names}: {apart:.1f}"


@EVERY_EYE
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", [*TEXTS, "text-disabled"])
def test_in_the_theme_for_them_all_texts_can_be_read_by_all_eyes(text: str, ground: str, eyes: str) -> None:
    letters, behind = meant(COLOUR_BLIND, text), meant(COLOUR_BLIND, ground)
    assert contrast(letters, behind, eyes) >= READABLE
    assert contrast(in_256(letters), in_256(behind), eyes) >= READABLE


@IN_COLOURS
@EVERY_EYE
def test_an_error_a_warning_and_a_success_differ_to_all_eyes_in_all_themes(theme: Theme, eyes: str) -> None:
    apart, *names = nearest(theme, STATES, eyes)
    assert apart >= APART, f"{names}: {apart:.1f}"


@IN_COLOURS
def test_a_sign_is_no_verdict_to_eyes_that_see_all_colours(theme: Theme) -> None:
    for state in (*STATES, "foreground", "text-muted"):
        assert distance(meant(theme, "text-secondary"), meant(theme, state)) >= 2 * APART, state
