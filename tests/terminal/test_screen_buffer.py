"""The screen buffer alone: what it writes makes a terminal show the frame, and it writes little."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.support.gallery import CONTESTED, STRAY, WIDE, WORDS, random_style
from tests.support.twins import PasteInput, shown
from tui_app.terminal.cells import cells_of, clusters, is_contested
from tui_app.terminal.cursor import Cursor
from tui_app.terminal.screen_buffer import ScreenBuffer, Unpaintable
from tui_app.terminal.sgr import CellStyles, SgrState

SIZE = (24, 9)
RED = Style(color="#ff0000", bgcolor="#000000")


def layout(lines: list[Strip], size: tuple[int, int] = SIZE) -> LayoutUpdate:
    width, height = size
    full = [line.adjust_cell_length(width) for line in lines[:height]]
    full += [Strip.blank(width)] * (height - len(full))
    return LayoutUpdate([[line] for line in full], Region(0, 0, width, height))


def part(x: int, y: int, strip: Strip, size: tuple[int, int] = SIZE) -> ChopsUpdate:
    """One strip at a place of the terminal."""
    width, height = size
    end = x + strip.cell_length
    chops: list[dict[int, Strip | None]] = [{0: None, x: strip, end: None} if x else {0: strip} for _ in range(height)]
    return ChopsUpdate(chops, [(y, x, end)], [[x, end, width] if x else [end, width] for _ in range(height)])


def words(*texts: str, style: Style | None = None) -> Strip:
    return Strip([Segment(text, style) for text in texts])


def new_buffer(**options: bool) -> ScreenBuffer:
    return ScreenBuffer(ColorSystem.TRUECOLOR, **options)


def paper(size: tuple[int, int] = SIZE) -> PasteInput:
    paper = PasteInput(*size)
    paper.feed("\x1b[?7l")
    return paper


@st.composite
def strips(draw: st.DrawFn) -> Strip:
    random = Random(draw(st.integers(0, 10**6)))
    segments = [
        Segment(random.choice(random.choice((WORDS, WORDS, WIDE, CONTESTED, STRAY))), random.choice((None, random_style(random))))
        for _ in range(random.randrange(7))
    ]  # fmt: skip
    return Strip(segments).adjust_cell_length(SIZE[0], random_style(random))


frames = st.lists(st.lists(strips(), min_size=SIZE[1], max_size=SIZE[1]), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(frames=frames, moves=st.lists(st.integers(-4, 4), min_size=4, max_size=4), erases=st.booleans())
def test_a_history_of_frames_shows_what_the_last_frame_alone_shows(
    frames: list[list[Strip]], moves: list[int], erases: bool
) -> None:
    ours, there = new_buffer(erases_in_colour=erases), paper()
    for lines, move in zip(frames, moves, strict=False):
        for picture in (lines, lines[move:] + lines[:move]):
            there.feed(ours.frame(layout(picture), SIZE))
            alone = paper()
            alone.feed(new_buffer(erases_in_colour=erases).frame(layout(picture), SIZE))
            for y in range(SIZE[1]):
                assert shown(there, y) == shown(alone, y)
            assert ours.frame(layout(picture), SIZE) == ""


@settings(max_examples=60, deadline=None)
@given(data=st.data(), lines=st.lists(strips(), min_size=SIZE[1], max_size=SIZE[1]))
def test_parts_painted_over_show_what_the_whole_shows(data: st.DataObject, lines: list[Strip]) -> None:
    ours, there = new_buffer(), paper()
    there.feed(ours.frame(layout(lines), SIZE))
    for _ in range(6):
        x, y = data.draw(st.integers(0, SIZE[0] - 1)), data.draw(st.integers(0, SIZE[1] - 1))
        there.feed(ours.frame(part(x, y, data.draw(strips()).crop(0, SIZE[0] - x)), SIZE))
        for line, row in enumerate(ours.rows):
            if not is_contested(row):
                assert "".join(text for text, _ in row) == "".join(there.buffer[line][x].data for x in range(SIZE[0]))


@given(text=st.text())
def test_no_text_makes_a_control_or_leaves_its_room(text: str) -> None:
    styles = CellStyles(ColorSystem.TRUECOLOR)
    strip = Strip([Segment(text)])
    row = cells_of(strip, styles)
    assert len(row) == strip.cell_length
    assert not re.search(
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", "".join(text for text, _ in row)
    )


@pytest.mark.parametrize(
    "text", ["a\x1b[31mb", "\x07", "x\ty", "a\x9bHb", "a\x00b", "ab\r\n", "\u202eevil", "a\ud800b"]
)
def test_a_raw_control_is_never_written(text: str) -> None:
    written = new_buffer().frame(layout([words(text)]), SIZE)
    assert not set(re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r\n", "", written)) & set(map(chr, (*range(32), *range(127, 160))))
    assert not {"\u202e", "\ud800"} & set(written)


def test_a_control_segment_and_a_link_are_not_written() -> None:
    control = Segment("\x1b[2J", None, [(ControlType.CLEAR,)])
    strip = Strip([control, Segment("here", Style(link="https://example.com/", meta={"a": 1}))])
    written = new_buffer().frame(layout([strip]), SIZE)
    assert "]8;" not in written and "example" not in written and "here" in written
    assert written.count("\x1b[2J") == 1


def test_the_first_frame_clears_in_the_colour_most_of_it_has() -> None:
    blue = Style(bgcolor="#000080")
    picture = layout([Strip.blank(SIZE[0], blue)] * SIZE[1])
    assert new_buffer().frame(picture, SIZE) == "\x1b[r\x1b[0;48;2;0;0;128m\x1b[2J"
    assert "\x1b[r\x1b[m\x1b[2J" in new_buffer(erases_in_colour=False).frame(picture, SIZE)


def test_a_terminal_that_erases_without_colour_is_given_blanks() -> None:
    ours = new_buffer(erases_in_colour=False)
    ours.frame(layout([words("x" * SIZE[0])]), SIZE)
    written = ours.frame(layout([Strip.blank(SIZE[0], Style(bgcolor="red"))]), SIZE)
    assert "\x1b[K" not in written and " " * SIZE[0] in written


def test_a_part_of_the_unknown_and_a_layout_of_another_size_can_t_be_painted() -> None:
    with pytest.raises(Unpaintable):
        new_buffer().frame(part(0, 0, words("a")), SIZE)
    with pytest.raises(Unpaintable):
        new_buffer().frame(layout([], (10, 10)), SIZE)
    ours = new_buffer()
    ours.frame(layout([]), SIZE)
    with pytest.raises(Unpaintable):
        ours.frame(part(0, 0, words("a")), (30, 9))


def test_one_changed_cell_is_a_move_and_a_letter() -> None:
    ours = new_buffer()
    ours.frame(layout([words("count 123", style=RED)]), SIZE)
    ours.frame(layout([words("count 124", style=RED)]), SIZE)
    assert ours.frame(layout([words("count 125", style=RED)]), SIZE) == "\x1b[1;9H5"


def test_a_short_gap_is_written_again_and_a_long_one_jumped_over() -> None:
    ours = new_buffer()
    ours.frame(layout([words("a12b56789012c")]), SIZE)
    assert ours.frame(layout([words("X12X56789012X")]), SIZE) == "\x1b[HX12X\x1b[8CX"


def test_a_blank_end_is_erased_and_a_short_one_written() -> None:
    ours = new_buffer()
    ours.frame(layout([words("something"), words("ab")]), SIZE)
    assert ours.frame(layout([words("so"), words("a ")]), SIZE) == "\x1b[1;3H\x1b[K\x1b[2;2H "


def test_an_underlined_end_is_never_erased() -> None:
    ours = new_buffer()
    ours.frame(layout([words("x" * SIZE[0])]), SIZE)
    written = ours.frame(layout([Strip([Segment(" " * SIZE[0], Style(underline=True))])]), SIZE)
    assert written == "\x1b[H\x1b[4m" + " " * SIZE[0]


def test_the_colour_of_a_blank_s_letter_makes_no_difference() -> None:
    ours = new_buffer()
    ours.frame(layout([words("a b", style=Style(color="red", bold=True))]), SIZE)
    there = Strip(
        [Segment("a", Style(color="red", bold=True)), Segment(" "), Segment("b", Style(color="red", bold=True))]
    )
    assert ours.frame(layout([there]), SIZE) == ""


def test_lines_that_moved_are_moved_by_the_terminal() -> None:
    ours = new_buffer()
    lines = [words(chr(65 + n) * 14) for n in range(40)]
    ours.frame(layout(lines[: SIZE[1]]), SIZE)
    assert ours.frame(layout([lines[0], *lines[2 : SIZE[1] - 1], lines[20], lines[SIZE[1] - 1]]), SIZE) == (
        "\x1b[2;8r\x1b[2H\x1b[M\x1b[r\x1b[8HUUUUUUUUUUUUUU"
    )
    assert "\x1b[2L" in shadow_scrolled(lines, -2) and "\x1b[2M" in shadow_scrolled(lines, 2)


def shadow_scrolled(lines: list[Strip], far: int) -> str:
    ours = new_buffer()
    ours.frame(layout(lines[10 : 10 + SIZE[1]]), SIZE)
    return ours.frame(layout(lines[10 + far : 10 + far + SIZE[1]]), SIZE)


def test_a_line_of_contested_width_is_painted_whole_and_what_follows_is_put_in_its_column() -> None:
    ours = new_buffer()
    ours.frame(layout([words("❤️ left", "1")]), SIZE)
    assert ours.frame(layout([words("❤️ left", "2")]), SIZE) == "\x1b[H\x1b[K❤️\x1b[3G left2\x1b[K"
    # The line it was is not trusted either.
    assert ours.frame(layout([words("__ left", "2")]), SIZE) == "\x1b[H\x1b[K__ left2"


def test_a_mark_with_nothing_to_stand_on_is_left_out() -> None:
    styles = CellStyles(ColorSystem.TRUECOLOR)
    assert cells_of(Strip([Segment("\u0301a")]), styles) == [("a", styles.plain)]
    assert cells_of(Strip([Segment("e"), Segment("\u0301")]), styles) == [("e\u0301", styles.plain)]


def test_half_a_wide_character_is_a_blank() -> None:
    ours = new_buffer()
    ours.frame(layout([words("a字b")]), SIZE)
    ours.frame(part(2, 0, words("x")), SIZE)
    assert [text for text, _ in ours.rows[0][:4]] == ["a", " ", "x", "b"]
    ours.frame(layout([words("a字b")]), SIZE)
    ours.frame(part(1, 0, words("x")), SIZE)
    assert [text for text, _ in ours.rows[0][:4]] == ["a", "x", " ", "b"]


@pytest.mark.parametrize(("text", "pieces"), [
    ("ab", ("a", "b")), ("👩‍💻x", ("👩‍💻", "x")), ("🇩🇪🇫", ("🇩🇪", "🇫")), ("e\u0301", ("e\u0301",)), ("❤️", ("❤️",)), ("👍🏽", ("👍🏽",)),
])  # fmt: skip
def test_what_belongs_together_is_one_piece(text: str, pieces: tuple[str, ...]) -> None:
    assert tuple(piece for piece, _ in clusters(text)) == pieces


def test_the_pen_changes_what_differs_and_no_more() -> None:
    styles = CellStyles(ColorSystem.STANDARD)
    sgr = SgrState(styles)
    steps = [
        (Style(bold=True, color="red"), "\x1b[0;1;31m"),
        (Style(bold=True, color="blue"), "\x1b[34m"),
        (Style(bold=True, color="blue", bgcolor="red", underline=True), "\x1b[4;41m"),
        (Style(dim=True, color="blue", bgcolor="red"), "\x1b[22;24;2m"),
        (Style(color="default", bgcolor="default"), "\x1b[m"),
        (Style(), ""),
        (Style(overline=True, color="red"), "\x1b[53;31m"),
        (Style(color="red"), "\x1b[0;31m"),
    ]
    for style, codes in steps:
        assert sgr.take(styles.of(style)) == codes
    sgr.forget()
    assert sgr.take(styles.plain) == "\x1b[m"
    assert sgr.plain


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_pen_always_gets_there(seed: int) -> None:
    random, styles, there = Random(seed), CellStyles(ColorSystem.TRUECOLOR), paper()
    sgr = SgrState(styles)
    for _ in range(12):
        cell_style = styles.of(random_style(random))
        alone = paper()
        if random.random() < 0.3:
            blank = styles.blank(cell_style)[1]
            alone.feed(SgrState(styles).take(blank) + " ")
            there.feed("\x1b[H" + sgr.take_for_blank(blank) + " ")
        else:
            alone.feed(SgrState(styles).take(cell_style) + "x")
            there.feed("\x1b[H" + sgr.take(cell_style) + "x")
        assert shown(there, 0)[0] == shown(alone, 0)[0]


def test_behind_the_last_column_nothing_is_relative() -> None:
    cursor = Cursor()
    assert cursor.go(3, 5) == "\x1b[4;6H"
    cursor.advance(24, 24)
    assert cursor.go(3, 20) == "\x1b[21G"
    cursor.advance(24, 24)
    assert cursor.go(4, 0) == "\r\n"
    assert cursor.go(4, 3) == "\x1b[4G" and cursor.go(4, 2) == "\b" and cursor.go(4, 2) == ""
    assert cursor.go(6, 2) == "\x1b[2B"
