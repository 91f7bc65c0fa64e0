import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from tui_app.terminal.input_decoder import LOST, PasteSafeDecoder

BEGIN, END = "\x1b[200~", "\x1b[201~"
PIECES = st.lists(
    st.sampled_from([BEGIN, END, "\x1b", "\x1b[", "\x1b[20", "1~", "0~", "X", "é", "\x1b[A", "\n", "\x9b", "y"]),
    max_size=12,
)


def parts(text: str) -> tuple[str, list[str]]:
    """What is outside of pastes, and the text of each."""
    kept, pastes, rest = "", [], text
    while (begun := rest.find(BEGIN)) >= 0:
        kept, rest = kept + rest[:begun], rest[begun + len(BEGIN) :]
        pasted, _, rest = rest.partition(END)
        pastes.append(pasted)
    return kept + rest, pastes


class TextLine:
    """A terminal's line: reads, and the silence before each."""

    def __init__(self) -> None:
        self._now = 100.0
        self._decoder = PasteSafeDecoder(lambda: self._now)

    def hears(self, text: str | bytes, after: float = 0.0, *, final: bool = False) -> str:
        self._now += after
        return self._decoder.decode(text if isinstance(text, bytes) else text.encode(), final)

    def hears_all(self, data: bytes, sizes: list[int], silence: float) -> str:
        text = ""
        while data:
            size = sizes.pop() if sizes else len(data)
            text, data = text + self.hears(data[:size], silence), data[size:]
        return text + self.hears(b"", final=True)


def without_controls(text: str) -> str:
    return text.replace("\x1b", "").replace("\x9b", "")


@example(["\x1b[200~", "é"], [1, 1, 1, 1, 1, 2], 1.0)
@given(PIECES, st.lists(st.integers(1, 4)), st.sampled_from([0.0, 1.0]))
def test_what_is_pasted_is_a_paste_and_holds_no_escape_however_the_bytes_are_cut(
    pieces: list[str], sizes: list[int], silence: float
) -> None:
    sent = "".join(pieces)
    heard = TextLine().hears_all(sent.encode(), sizes, silence)
    (typed, pastes), (sent_typed, sent_pastes) = parts(heard), parts(sent)
    assert pastes == [without_controls(paste) for paste in sent_pastes]
    assert typed.startswith(sent.partition(BEGIN)[0])
    left = iter(sent_typed)
    assert all(character in left for character in typed), "nothing is pressed that was not typed, in its order"


@given(PIECES, st.lists(st.integers(1, 4)))
def test_without_a_paste_nothing_is_changed(pieces: list[str], sizes: list[int]) -> None:
    typed = "".join(pieces).replace(BEGIN, "")
    if BEGIN not in typed:
        assert TextLine().hears_all(typed.encode(), sizes, 0.0) == typed


def test_bytes_that_are_no_utf8_become_marks() -> None:
    assert PasteSafeDecoder().decode(b"a\xff\xc3") + "" == "a\ufffd"


def test_a_key_is_never_held_back() -> None:
    assert PasteSafeDecoder().decode(b"\x1b") == "\x1b"
    assert PasteSafeDecoder().decode(b"\x1b[20") == "\x1b[20"


# ---- what stands behind a paste


def test_what_comes_in_one_read_behind_a_paste_is_thrown_away_and_the_next_read_is_typed() -> None:
    line = TextLine()
    assert line.hears(f"y{BEGIN}a{END}Q\r") == f"y{BEGIN}a{END}"
    assert line.hears("j") == "j"


@pytest.mark.parametrize("cut", range(1, len(END)))
def test_a_paste_whose_end_comes_in_two_reads_presses_no_key(cut: int) -> None:
    line = TextLine()
    heard = line.hears(f"{BEGIN}a{END[:cut]}") + line.hears(f"{END[cut:]}Q\r", after=1.0)
    assert heard == f"{BEGIN}a{END}"
    assert line.hears("j") == "j"


@pytest.mark.parametrize("cut", range(1, len(END)))
def test_the_true_end_behind_one_in_the_text_presses_no_key_in_two_reads(cut: int) -> None:
    line = TextLine()
    heard = line.hears(f"{BEGIN}a{END}QX{END[:cut]}") + line.hears(END[cut:], after=1.0)
    assert heard == f"{BEGIN}a{END}"
    assert line.hears("j", after=1.0) == "j"


@pytest.mark.parametrize("cut", range(len(BEGIN)))
def test_two_pastes_at_once_are_two_pastes(cut: int) -> None:
    line = TextLine()
    heard = line.hears(f"{BEGIN}a{END}Q{BEGIN[:cut]}" + BEGIN * (not cut) + "bc" * (not cut))
    heard += line.hears(f"{BEGIN[cut:]}bc{END}X" if cut else f"{END}X", after=1.0)
    assert heard == f"{BEGIN}a{END}{BEGIN}bc{END}"


def test_a_long_text_with_an_end_in_it_presses_no_key_in_the_reads_that_follow_at_once() -> None:
    line = TextLine()
    assert line.hears(BEGIN + END + "Q" * 4085) == BEGIN + END
    assert line.hears("Q" * 4096, after=0.01) == ""
    assert line.hears(f"Q{END}", after=0.01) == ""
    assert line.hears("j", after=0.01) == "j"


# ---- a paste whose end never comes


@pytest.mark.parametrize(
    "key", ["q", "é", "\r", "\x03", "\x1b", "\x1b[A", "\x1bOA", "\x1bq", "\x1b[113;;113u", "\x1b[[A"]
)
def test_a_key_after_a_silence_is_heard_though_the_end_of_a_paste_was_lost(key: str) -> None:
    line = TextLine()
    assert line.hears(f"{BEGIN}abc") == f"{BEGIN}abc"
    assert line.hears(key, after=LOST) == END + key
    assert line.hears("j") == "j"


def test_a_character_that_comes_byte_by_byte_is_a_key_too() -> None:
    line = TextLine()
    line.hears(f"{BEGIN}abc")
    assert line.hears(b"\xc3", after=LOST) + line.hears(b"\xa9") == f"{END}é"


@pytest.mark.parametrize(("more", "after"), [("q", LOST - 0.1), ("qq", LOST), ("\x1b[A\x1b[A", LOST), ("[A", LOST)])
def test_what_comes_sooner_or_is_more_than_a_key_is_of_the_paste(more: str, after: float) -> None:
    line = TextLine()
    line.hears(f"{BEGIN}abc")
    assert line.hears(more, after) == without_controls(more)
    assert line.hears(f"{END}Q", after=0.1) == END


@pytest.mark.parametrize("cut", range(len(END)))
def test_an_end_is_no_key_however_late(cut: int) -> None:
    line = TextLine()
    line.hears(f"{BEGIN}abc{END[:cut]}")
    assert line.hears(END[cut:], after=60.0) == END
    assert line.hears("j") == "j"


def test_textual_hears_the_paste_and_the_key() -> None:
    line, parser = TextLine(), XTermParser()
    heard = [*parser.feed(line.hears(f"{BEGIN}abc")), *parser.feed(line.hears("q", after=LOST))]
    assert [event.text for event in heard if isinstance(event, events.Paste)] == ["abc"]
    assert [event.key for event in heard if isinstance(event, events.Key)] == ["q"]
