"""Keys from the terminal's input, also when a slow line delivers several in one read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from tui_app.terminal.key_parser import KeyParser

KEYS = {"\x1b": "escape", "\x1b[A": "up", "\x1bOA": "up", "\x1b[1;5C": "ctrl+right", "\x1b[3~": "delete", "\r": "enter"}
KEYS |= {
    "\x7f": "backspace",
    "\t": "tab",
    "\x04": "ctrl+d",
    "R": "R",
    "7": "7",
    "j": "j",
    " ": "space",
    "?": "question_mark",
}


def pressed(text: str) -> list[str]:
    """The keys of this input, when nothing follows."""
    parser = KeyParser()
    messages: list[Message] = [*parser.feed(text), *parser.feed("")]
    assert all(isinstance(message, events.Key) for message in messages)
    return [message.key for message in messages if isinstance(message, events.Key)]


@pytest.mark.parametrize("key", [key for key in KEYS if key != "\x1b"])
def test_esc_and_a_key_in_one_read_are_two_keys(key: str) -> None:
    assert pressed(f"\x1b{key}") == ["escape", KEYS[key]]
    assert pressed(f"j\x1b{key}j") == ["j", "escape", KEYS[key], "j"]


def test_enter_is_enter_also_before_the_terminal_is_raw() -> None:
    """A terminal that still makes lines sends a line feed for it."""
    assert pressed("\n") == pressed("\r") == ["enter"]


@pytest.mark.parametrize("letter", "bfOdPNS[]")
def test_a_letter_after_esc_is_that_letter_also_where_terminals_send_it_for_alt_and_an_arrow(letter: str) -> None:
    parser = KeyParser()
    messages = [*parser.feed("\x1b"), *parser.feed(letter), *parser.feed("")]
    keys = [message for message in messages if isinstance(message, events.Key)]
    assert [(key.key, key.character) for key in keys][:1] == [("escape", "\x1b")]
    assert [key.character for key in keys][1:] == [letter]


@pytest.mark.parametrize("sequence", ("\x1b[25;3~", "\x1b[27;5;88~", "\x1b[?62;4c", "\x1b[>41;366;0c", "\x1b[99;99X"))
def test_an_unknown_sequence_presses_no_key(sequence: str) -> None:
    keys = pressed(f"{sequence}j")
    assert keys[-1] == "j"
    assert all("+" in key for key in keys[:-1]), "at most a key that is bound to nothing"


def test_the_mouse_and_the_answers_of_terminals_are_still_read() -> None:
    (click,) = KeyParser().feed("\x1b[<0;5;7M")
    assert isinstance(click, events.MouseDown)
    (sync,) = KeyParser().feed("\x1b[?2026;2$y")
    assert type(sync).__name__ == "TerminalSupportsSynchronizedOutput"
    paste, key = KeyParser().feed("\x1b[200~Rq\x1b[201~j")
    assert isinstance(paste, events.Paste) and paste.text == "Rq"
    assert isinstance(key, events.Key) and key.key == "j"


@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=12), st.lists(st.integers(1, 5), min_size=72, max_size=72))
def test_keys_are_the_same_however_they_are_read(keys: list[str], sizes: list[int]) -> None:
    text, parser, read = "".join(keys), KeyParser(), list[str]()
    for size in sizes:
        if not text:
            break
        read += [message.key for message in parser.feed(text[:size]) if isinstance(message, events.Key)]
        text = text[size:]
    read += [message.key for message in parser.feed("") if isinstance(message, events.Key)]
    assert read == [KEYS[key] for key in keys]
