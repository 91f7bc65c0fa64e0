import csv
import io
import re
import time
import unicodedata
from importlib.util import find_spec

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tui_app.core.text import (
    CELL_LIMIT,
    Untrusted,
    csv_cell,
    markdown_escape,
    normal,
    one_blank,
    plural,
    sanitize,
    visible,
)
from tui_app.simulator.demo_data import HOSTILE_SUBJECTS

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=600)
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize("blank", "\u2d7f\ufffc\u2800\U00013441\U00016fe4\U0001d159")
def test_what_is_drawn_as_a_blank_is_marked(blank: str) -> None:
    assert sanitize(f"a{blank}b") == f"a⟨{ord(blank):04X}⟩b"
    assert visible(f"a{blank}b") == "ab"


@given(ANY_TEXT)
def test_safe_text_holds_nothing_that_a_terminal_obeys_or_hides(text: str) -> None:
    shown = sanitize(text)
    assert not [character for character in shown if unicodedata.category(character) in FORBIDDEN]
    assert "\u3164" not in shown
    shown.encode("utf-8")


@given(st.text(max_size=60))
def test_safe_text_stays_as_it_is_when_made_safe_again(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)


MARKS = st.text("\u0301\u0316\u0308\u0f71\u0f73\u0344\u05b0\u05bc\u302a\u20dd", max_size=80)


@given(
    st.lists(MARKS | st.sampled_from(["a", "\u1112\u1161", "\u034f", " ", "\ufe0f", "\u0627"]), max_size=8).map("".join)
)
def test_rows_of_marks_are_made_safe_once_and_for_all(text: str) -> None:
    shown = sanitize(text)
    assert sanitize(shown) == shown
    assert unicodedata.is_normalized("NFC", shown)
    # U+0344 is two characters in NFC.
    assert len(visible(text)) <= len(unicodedata.normalize("NFC", text))


@given(MARKS.filter(lambda text: len(text) <= 30))
def test_marks_that_a_language_may_need_are_put_in_order(marks: str) -> None:
    assert normal(f"a{marks}b") == unicodedata.normalize("NFC", f"a{marks}b")


@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS)
def test_hostile_subjects_become_one_printable_line(subject: str) -> None:
    shown = sanitize(subject)
    assert shown.isprintable()
    assert len(shown) < 2000


def test_what_was_invisible_becomes_visible() -> None:
    assert sanitize("a\x1b[31mb\u202ec\x7f\ud800") == "a␛[31mb⟨202E⟩c␡\ufffd"


def test_long_text_says_how_much_is_left_out() -> None:
    assert sanitize("x" * 600) == "x" * 512 + "…(+88)"


def test_marks_stacked_on_a_letter_are_cut() -> None:
    assert sanitize("a" + "\u0338" * 10) == "a\u0338\u0338…"


def test_untrusted_text_is_safe_however_it_is_formatted() -> None:
    text = Untrusted("\x1b]0;x\x07")
    assert "\x1b" not in f"{text}" + str(text) + repr(text) + f"{text:>20}" + text.detail()
    assert text.exact == "\x1b]0;x\x07"


def test_untrusted_text_compares_by_what_was_sent() -> None:
    assert Untrusted("a\x00") != Untrusted("a␀")
    assert {Untrusted("a"): 1}[Untrusted("a")] == 1
    assert Untrusted.of({"a": 1}).exact == '{"a": 1}'


def test_plural() -> None:
    assert [plural(n, "row") for n in (0, 1, 2, 1200)] == ["0 rows", "1 row", "2 rows", "1,200 rows"]


def test_marks_out_of_order_take_linear_time() -> None:
    begin = time.process_time()
    sanitize("\u0301" * 100_000 + "\u0316" * 100_000, 200_000)
    visible("\u0301" * 100_000 + "\u0316" * 100_000)
    assert time.process_time() - begin < 10


def test_markdown_shows_exactly_the_text() -> None:
    assert markdown_escape("[a](b) | *c*") == r"\[a\](b) \| \*c\*"
    assert markdown_escape("plain text 1, 2026-11-28.") == "plain text 1, 2026-11-28."


def test_one_of_a_thing_is_not_several() -> None:
    assert [plural(count, "mailbox", "mailboxes") for count in (0, 1, 2)] == ["0 mailboxes", "1 mailbox", "2 mailboxes"]
    assert [plural(count, "message") for count in (1, 1200)] == ["1 message", "1,200 messages"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://evil.example now", "see `http://evil.example` now"),
        ("[a](HTTPS://b)", "`[a](HTTPS://b)`"),
        ("to ceo@vip.example, @everyone", "to `ceo@vip.example`, `@everyone`"),
        ("settle bdaf3df6; sent", "settle `bdaf3df6`; sent"),
        ("acme.example#x.evil.example,", "`acme.example#x.evil.example`,"),
        ("Is it www.evil.example?! a|@b:", r"Is it `www.evil.example`?! `a\|@b`:"),
        ("a`b@c.", "`` a`b@c ``."),
        ("(a@b),", "`(a@b)`,"),
        ("WWW.evil.example", "`WWW.evil.example`"),
        ("a`b@c", "`` a`b@c ``"),
        ("``@x`", "``` ``@x` ```"),
        ("a|@b", r"`a\|@b`"),
        ("#12 !34 #x", r"`#12` `!34` \#x"),
    ],
)
def test_what_a_ticket_would_make_a_link_or_a_mention_of_is_code(text: str, shown: str) -> None:
    assert markdown_escape(text) == shown


@pytest.mark.parametrize(
    "link",
    [
        "evil.co/x", "paypal1.com/login", "EVIL.COM/x", "\u0430\u0440\u0440l\u0435.com/x", "evil.com:8080/x", "evil.com:8080", "evil.com?x=1",
        "evil.com#x", "evil.com./x", "192.168.1.1/x", "192.168.1.1:80", "xn--80ak6aa92e.com/x", "x.xn--p1ai/x", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/x",
        "\u092d.\u092d\u093e\u0930\u0924/x", "evil\u3002com/x", "data:text/html,x", "javascript:alert(1)", "tel:+4930123", "file:x",
    ],
)  # fmt: skip
def test_a_host_without_a_scheme_and_a_scheme_without_a_host_are_code(link: str) -> None:
    assert markdown_escape(f"see {link} now") == f"see `{link}` now"
    assert markdown_escape(f"({link})") == f"`({link})`"


@pytest.mark.parametrize(
    "text", ["24.11/2026 at 10.30", "1.2.3/4", "e.g./x", "data: none", "b.example", "Really.", "3.11.7"]
)
def test_what_only_has_a_dot_stays_text(text: str) -> None:
    assert markdown_escape(text) == text


def test_no_word_takes_long_to_be_escaped() -> None:
    for piece in ("a.", "1.", "a", "ms-", "a.aa", "\u3002", ":a"):
        assert markdown_escape(piece * 200_000)


MARKDOWN = (
    MarkdownIt("gfm-like", {"html": True})
    if find_spec("linkify_it")
    else MarkdownIt("commonmark").enable(["table", "strikethrough"])
)
"""As ticket systems read it: tags count, and addresses become links wherever that can be tried."""
MEANINGFUL = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                *"\\`*_{}[]<>|#~&!()@:/ ",
                "http://evil.example", "www.evil.example", "mailto:a@b.example", "ceo@vip.example", "[a](b)", "![a](b)",
                "<b>", "<https://x>", "<!--", "&amp;", "&#124;", "**", "__", "~~", "``", "\\|", "#12", "|---|", "- ", "1. ",
            ]
        ),
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(
    word=st.text(st.sampled_from("ab12`|\\*<[.,;:!?"), max_size=12),
    closing=st.text(st.sampled_from(".,;:!?"), max_size=3),
)
def test_what_is_copied_out_of_code_has_no_mark_of_the_sentence_behind_it(word: str, closing: str) -> None:
    live = f"{word}@everyone"
    tokens = MARKDOWN.parse(f"see {markdown_escape(live + closing, in_table=False)} now")
    (code,) = [token.content for token in tokens[1].children or [] if token.type == "code_inline"]
    assert code == live
    assert "".join(token.content for token in tokens[1].children or []).split() == ["see", live + closing, "now"]


@given(text=MEANINGFUL)
@example(text="a@b.")
@example(text="@b|,")
@example(text="a\\")
@example(text="\\|@b")
@example(text="`@|`")
@example(text="*a* **b** _c_ ~~d~~ <b>e</b> [f](g) ![h](i) &amp;")
def test_a_cell_of_a_markdown_table_shows_the_text_and_nothing_but_text(text: str) -> None:
    shown = sanitize(text)
    tokens = MARKDOWN.parse(f"| a | b |\n|---|---|\n| {markdown_escape(shown)} | x |\n")
    cells = [token for token in tokens if token.type == "inline"][2:]
    assert [token.type for token in tokens].count("td_open") == 2
    assert cells[1].content == "x"
    inside = cells[0].children or []
    assert {token.type for token in inside} <= {"text", "text_special", "code_inline"}
    assert "".join("".join(token.content for token in inside).split()) == "".join(shown.split())


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("Angebot; -20%", "Angebot; -20%"),
        ("-20%", "-20%"),
        ("+4711 0815", "'+4711 0815"),
        ("-1.5;+2", "'-1.5;'+2"),
        ("x;+2;", "x;+2;"),
        ("=1+1", "'=1+1"),
        ("x;\"=cmd|' /C calc'!A0;y", "x;'\"=cmd|' /C calc'!A0;y"),
        ("-2+3", "'-2+3"),
        ("-20% off; =x", "'-20% off;' =x"),
        ("@SUM(1)", "'@SUM(1)"),
        ("a -20%", "a -20%"),
    ],
)
def test_a_cell_is_no_formula_and_a_number_stays_one(cell: str, safe: str) -> None:
    assert csv_cell(cell) == safe


FORMULA = re.compile(r"[=+\-@＝＋－＠]")
A_NUMBER = re.compile(r"[+\-]?\s?[\d.,]{1,30}\s?(%[\s\"']*(,|$)|[\s\"']*$)")
"""Alone, or a percentage before the comma of the next cell: what begins so can't be read as a formula."""


def acts(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula: it looks past blanks and quotes, and knows signed numbers."""
    bare = cell.strip(" \t\r\n\"'") if not cell.startswith("'") else ""
    return FORMULA.match(bare) is not None and A_NUMBER.match(bare) is None


CELLS = st.one_of(
    st.text(st.sampled_from("=+-@;,\t\"' |!A0x19.%&＝"), max_size=14), st.text(max_size=20), ANY_TEXT
).map(lambda text: one_blank(sanitize(text)))


def test_a_cell_has_no_run_of_blanks_that_a_terminal_breaks_into_empty_lines() -> None:
    assert csv_cell(f"Invoice{' ' * 200}x") == markdown_escape(f"Invoice{' ' * 200}x") == "Invoice x"


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
@example([["x;\"=cmd|' /C calc'!A0;y", 'foo"', '";=1+1']])
@example([["Angebot; -20%", "-20%", "+49 30 123"]])
@example([["a@evil.example;-1", "5+cmd|' /C calc'!A1;x"]])
def test_no_cell_is_a_formula_in_any_dialect_and_the_text_is_unharmed(rows: list[list[str]]) -> None:
    out = io.StringIO()
    # As in all our files the first column is an id: no sender fills it.
    csv.writer(out, lineterminator="\n").writerows([["4NAA", *map(csv_cell, row)] for row in rows])
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(out.getvalue()), delimiter=delimiter):
            assert not [cell for cell in row if acts(cell)], (delimiter, out.getvalue())
    back = list(csv.reader(io.StringIO(out.getvalue())))
    for row, (_, *kept) in zip(rows, back, strict=True):
        for cell, read in zip(row, kept, strict=True):
            marks = iter(read)
            assert all(any(mark == character for mark in marks) for character in cell), "nothing is lost"
            assert len(read) - len(cell) == read.count("'") - cell.count("'"), "and nothing but quotes came"


def test_a_cell_that_a_spreadsheet_would_cut_says_what_is_left_out() -> None:
    assert csv_cell("x" * CELL_LIMIT) == "x" * CELL_LIMIT
    cut = csv_cell("=" + "y" * 40_000)
    assert len(cut) <= CELL_LIMIT and cut.startswith("'=yyy")
    kept, _, rest = cut.partition("…(+")
    assert len(kept) + int(rest.rstrip(")")) == 40_002
