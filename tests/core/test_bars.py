from hypothesis import given
from hypothesis import strategies as st

from tui_app.core.bars import bar, sparkline


def test_a_sparkline_shows_the_newest_readings_against_the_highest_of_them() -> None:
    assert sparkline([9, 0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 10], 8) == "▅█"
    assert sparkline([0, 0], 8) == "▁▁"
    assert sparkline([1], 0) == sparkline([], 8) == ""


@given(st.lists(st.floats(0, 1e12)), st.integers(0, 40))
def test_a_sparkline_is_as_long_as_its_readings_or_its_room(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set("▁▂▃▄▅▆▇█")


@given(st.none() | st.floats(-1, 2), st.integers(0, 40))
def test_a_bar_fills_its_cells(share: float | None, width: int) -> None:
    assert len(bar(share, width)) == width
