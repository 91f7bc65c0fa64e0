import pytest

from tui_app.terminal.window_title import LONGEST, WindowTitle


def title(*, wanted: bool = True, terminal: str = "xterm-256color") -> tuple[WindowTitle, list[str]]:
    written: list[str] = []
    return WindowTitle(written.append, wanted=wanted, terminal=terminal), written


def test_it_is_written_when_it_changes_and_given_back_at_the_end() -> None:
    shown, written = title()
    shown.show("before")
    assert written == [], "the console has no terminal yet"
    assert shown.begin() == "\x1b[22;2t\x1b]2;before\x1b\\"
    for text in ("one", "one", "two"):
        shown.show(text)
    assert written == ["\x1b]2;one\x1b\\", "\x1b]2;two\x1b\\"]
    assert shown.to_restore == shown.end() == "\x1b]2;\x1b\\\x1b[23;2t"
    assert shown.to_restore == shown.end() == ""
    shown.show("while another program has the terminal")
    assert len(written) == 2
    assert shown.begin() == "\x1b[22;2t\x1b]2;while another program has the terminal\x1b\\"


@pytest.mark.parametrize("about", [{"wanted": False}, {"terminal": "linux"}, {"terminal": "linux-16color"}])
def test_where_there_is_none_or_nobody_wants_one_nothing_is_written(about: dict[str, object]) -> None:
    shown, written = title(**about)  # type: ignore[arg-type]
    assert shown.begin() == ""
    shown.show("x")
    assert shown.to_restore == shown.end() == ""
    assert written == []


def test_nothing_in_it_is_obeyed_by_the_terminal() -> None:
    shown, written = title()
    shown.begin()
    shown.show("a\x1b\\\x1b]52;c;eA==\x07b\x9c\u202ec" + "x" * 200)
    (sequence,) = written
    text = sequence.removeprefix("\x1b]2;").removesuffix("\x1b\\")
    assert text.isprintable()
    assert len(text) < LONGEST + 20
