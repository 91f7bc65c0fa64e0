import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.hostile import ANY_TEXT, MEGABYTE, assert_safe, bounded
from tui_app.mail.html_text import html_to_text

pytestmark = pytest.mark.slow

TAGS = st.sampled_from(
    ["<p>", "</p>", "<div hidden>", "</div>", "<a href=x>", "</a>", "<b>", "</b>", "<table>", "<td>", "<tr>", "</table>", "<ul>", "<li>", "</ul>", "<script>", "</script>", "<!--", "-->", "<img alt='a'>", "<form action=y>", "<input>", "<pre>", "</pre>", "<textarea>", "</textarea>", "<br>", "&amp;", "&#x1b;", "&#0;", "&#99999999999;", "<", ">", "\"", "'", "=", "/", "text", " ", "\n"]
)  # fmt: skip
ANY_HTML = ANY_TEXT | st.lists(TAGS | st.text(max_size=5), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<head><title>t</title><style>p{}</style></head>a<script>if(a<b)</script><!-- c -->b", "ab"),
        ("<p>one<p>two<div>three</div>four<br>five", "one\n\ntwo\n\nthree\nfour\nfive"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>d", "- a\n- b\n  - c\n\nd"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a  b\nc"),
        ("a  \n b<b> c</b>d", "a b cd"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("x &lt;b&gt; &amp; &eacute; &#233;", "x <b> & é é"),
        ("<a href='https://evil.example/'>https://bank.example</a>", "https://bank.example ⟦https://evil.example/⟧"),
        ("<a href='https://a.example'>https://a.example</a>.", "https://a.example."),
        ("<a href='https://a.example'><img src=x alt='Pay now'></a>", "⟦image: Pay now⟧ ⟦https://a.example⟧"),
        ("<a href='https://a.example'></a>", "⟦https://a.example⟧"),
        ("<a href=' https://a\n.example '>x</a>", "x ⟦https://a.example⟧"),
        ("<a href='?a=1&copy=2&amp;b'>x</a>", "x ⟦?a=1&copy=2&b⟧"),
        ("<a href=https://a.b/?q=1>x</a>", "x ⟦https://a.b/?q=1⟧"),
        ("<form action=https://f.example><input name=user><input type=password name=pw></form>", "⟦form to https://f.example⟧\n⟦field: user⟧ ⟦password field: pw⟧"),
        ("<base href=https://b.example/>a", "⟦base https://b.example/⟧\na"),
        ("<meta http-equiv=Refresh content='0; URL=https://r.example/'>a", "⟦refresh to https://r.example/⟧\na"),
        ("<div style='display : none !important'>x</div>y", "⟦hidden: x⟧\ny"),
        ("<span style=FONT-SIZE:0px>x</span>y", "⟦hidden: x⟧ y"),
        ("<span style=font-size:10px;opacity:0.5>x</span>", "x"),
        ("<p hidden>x<p>y", "⟦hidden: x⟧\n\ny"),
        ("<div style=visibility:hidden>a<div>b</div></div>c", "⟦hidden: a\nb⟧\nc"),
        ("<div hidden><table><td></div>x</table></div>y", "⟦hidden: x⟧\n\ny"),
        ("<span hidden><div></span>x</div></span>y", "⟦hidden: x⟧\ny"),
        ("<div style='display:/**/none'>x</div>", "⟦hidden: x⟧"),
        ("<span hidden></span>y", "y"),
        ("<a href=https://a.b><div>Pay</div></a>x", "Pay ⟦https://a.b⟧\nx"),
        ("<a href=https://a.b><p>Pay</p></a>x", "Pay ⟦https://a.b⟧\n\nx"),
        ("<script><!--<script></script>x</script>y", "y"),
        ("<!-->a--><!-- --!>b", "a-->b"),
        ("a<a title='", "a<a title='"),
        ("<iframe src=https://i.example>x</iframe>", "⟦frame: https://i.example⟧"),
        ("a < b </> <3", "a < b <3"),
        (f"&#{'9' * 5000};&#{'0' * 5000}65;", "\ufffdA"),
        ("<svg><a xlink:href='https://x.example'>y</a><use a:href='#b'/></svg>", "y ⟦https://x.example⟧ ⟦link: #b⟧"),
        ("<input name=a formaction=https://f.example><div action=/x></div>", "⟦field: a⟧\n⟦form to https://f.example⟧\n⟦form to /x⟧"),
        ("<a href=''  xlink:href=' https://x.example '>y</a>", "y ⟦https://x.example⟧"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_html_says_as_text(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p hidden>a⟧ you see this ⟦hidden: b", "⟦hidden: a] you see this [hidden: b⟧"),
        ("a &#x27E6;hidden: b&#x27e7; 〚c〛", "a [hidden: b] [c]"),
        ("<a href='x⟧ ⟦y'>z</a>", "z ⟦x] [y⟧"),
        ("<img alt='a⟧ b ⟦'><form action='⟧x'>", "⟦image: a] b [⟧\n\n⟦form to ]x⟧"),
        ("<pre>⟦hidden: a⟧</pre><textarea>⟦b⟧", "[hidden: a]\n\n⟦field: without a name⟧ [b]"),
    ],
)
def test_a_mail_can_neither_close_nor_imitate_our_notes(html: str, text: str) -> None:
    assert html_to_text(html) == text


@given(ANY_HTML | st.lists(TAGS | st.sampled_from(["⟦", "⟧", "&#x27e6;"]), max_size=30).map("".join))
def test_our_brackets_always_come_in_pairs(html: str) -> None:
    depth = 0
    for character in html_to_text(html):
        depth += (character == "⟦") - (character == "⟧")
        assert 0 <= depth <= 2
    assert depth == 0


def test_a_long_address_is_cut_and_says_so() -> None:
    assert html_to_text(f"<a href='{'x' * 2005}'>y</a>") == f"y ⟦{'x' * 2000}…(+5)⟧"


@given(ANY_HTML)
def test_any_html_is_read_and_is_safe_in_lines(html: str) -> None:
    assert_safe(html_to_text(html))


@given(st.lists(st.text("abc", min_size=1), max_size=5))
def test_words_outside_tags_are_kept(words: list[str]) -> None:
    assert re.findall(r"\w+", html_to_text("</b><i>".join(words))) == re.findall(r"\w+", "".join(words))


PIECES = [
    "<div>", "<b>", "</i>", "<a ", "<a b='", "<!--", "<![CDATA[", "&", "&#", "&abcdefghij", "<", "</", "<script>", "<script><!--",
    "<table>", "<td>", "<li>", "<ul>", "<p hidden>", "<font color=1>", "<br>", "<img>", "<a href=x>", "<title>", "<p style='", " a=1",
    "<a href=x>t<table><td>", "<div hidden>t</div>", "<a href=x>t<p>u</p></a>",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_html_takes_linear_time(piece: str) -> None:
    with bounded(5):
        html_to_text(piece * (MEGABYTE // len(piece)))


@pytest.mark.parametrize(
    ("begin", "middle", "end"),
    [
        ("<b>", "x", "</i>"), ("<b>", "x", "</title>"), ("<div>", "<td>", "</div>"), ("<font color=1>", "x", "<p>a"), ("<a ", "", "a='1' "),
    ],
)  # fmt: skip
def test_hostile_nesting_takes_linear_time(begin: str, middle: str, end: str) -> None:
    with bounded(5):
        html_to_text(begin * 100_000 + middle + end * 100_000)


@pytest.mark.parametrize("style", ["/*", "font-size:", ";opacity:00", "0"])
def test_a_hostile_style_takes_linear_time(style: str) -> None:
    with bounded(3):
        html_to_text(f"<p style='font-size:{style * (MEGABYTE // len(style))}x'>a")
