from hypothesis import given
from hypothesis import strategies as st

from tui_app.terminal.input import CarefulDecoder

BEGIN, END = "\x1b[200~", "\x1b[201~"
PIECES = st.lists(
    st.sampled_from([BEGIN, END, "\x1b", "\x1b[", "\x1b[20", "1~", "0~", "X", "é", "\x1b[A", "\n", "\x9b", "y"]),
    max_size=12,
)


def outside_of_pastes(text: str) -> str:
    kept, rest = "", text
    while (begun := rest.find(BEGIN)) >= 0:
        kept, rest = kept + rest[:begun], rest[begun + len(BEGIN) :]
        end = rest.find(END)
        rest = rest[end + len(END) :] if end >= 0 else ""
    return kept + rest


def decoded(data: bytes, sizes: list[int]) -> str:
    decoder, text = CarefulDecoder(), ""
    while data:
        size = sizes.pop() if sizes else len(data)
        text, data = text + decoder.decode(data[:size]), data[size:]
    return text + decoder.decode(b"", final=True)


@given(PIECES, st.lists(st.integers(1, 4)))
def test_what_is_typed_stays_and_a_paste_holds_no_escape_however_the_bytes_are_cut(
    pieces: list[str], sizes: list[int]
) -> None:
    typed = "".join(pieces)
    heard = decoded(typed.encode(), sizes)
    assert outside_of_pastes(heard) == outside_of_pastes(typed)
    pasted = [part.partition(END)[0] for part in heard.split(BEGIN)[1:]]
    assert not [part for part in pasted if "\x1b" in part or "\x9b" in part]


def test_bytes_that_are_no_utf8_become_marks() -> None:
    assert CarefulDecoder().decode(b"a\xff\xc3") + "" == "a\ufffd"


def test_a_key_is_never_held_back() -> None:
    assert CarefulDecoder().decode(b"\x1b") == "\x1b"
    assert CarefulDecoder().decode(b"\x1b[20") == "\x1b[20"
