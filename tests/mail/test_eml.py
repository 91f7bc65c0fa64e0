import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.hostile import ANY_TEXT, MEGABYTE, assert_safe, bounded
from tui_app.mail.eml import DEPTH_LIMIT, Eml, read_eml, size_text, tree_lines

MIXED = """\
From: =?utf-8?q?J=C3=BCrgen?= <j@a.example>\r
Subject: a\r
 folded line\r
Content-Type: multipart/mixed; boundary="b 1"\r
\r
preamble\r
--b 1\r
Content-Type: multipart/alternative; boundary=c\r
\r
--c\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
gr=FC=DFe\r
--c\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PGI+w7w8L2I+\r
--c--\r
--b 1\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf\r
Content-Transfer-Encoding: base64\r
\r
AAAA\r
--b 1--\r
epilogue\r
"""


def of(headers: str, body: str = "") -> Eml:
    return read_eml(f"{headers}\n\n{body}")


def subject(value: str) -> str:
    return of(f"Subject: {value}").headers[0].value.exact


def test_a_mail_with_parts_is_a_tree() -> None:
    eml = read_eml(MIXED)
    assert tree_lines(eml.root) == [
        (0, "multipart/mixed"),
        (1, "multipart/alternative"),
        (2, "text/plain iso-8859-1 5 bytes"),
        (2, "text/html utf-8 9 bytes"),
        (1, "application/pdf €.pdf 3 bytes"),
    ]
    plain, html = eml.root.children[0].children
    assert (plain.text, html.text) == ("grüße", "<b>ü</b>")
    assert eml.root.children[1].text == ""
    assert eml.defects == ()
    assert eml.lines[0] == "From: =?utf-8?q?J=C3=BCrgen?= <j@a.example>"


def test_a_folded_header_is_one_line() -> None:
    assert [(str(header.name), str(header.value)) for header in read_eml(MIXED).headers[:2]] == [
        ("From", "Jürgen <j@a.example>"),
        ("Subject", "a folded line"),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?B?w7w=?= x", "ü x"),
        ("=?UTF-8?b?w7w?=", "ü"),
        ("=?utf-8?B?ww==?= =?utf-8?B?vA==?=", "ü"),
        ("=?utf-8?Q?=C3?=\n =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?q?a?= =?utf-8?q?b?= c =?utf-8?q?d_e?=", "ab c d e"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?nowhere?q?=FC?=", "ü"),
        ("=?punycode?q?abc?=", "abc"),
        ("=?zip?b?AAAA?=", "\0\0\0"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("=?iso-2022-jp?b?GyRCJCIbKEI=?=", "あ"),
    ],
)
def test_encoded_words(written: str, read: str) -> None:
    assert subject(written) == read


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ('attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        ("attachment; filename=a.pdf; filename=b.pdf", "a.pdf"),
        ("attachment; filename*0*=utf-8''a%C3; filename*1*=%BC; filename*2=.pdf", "aü.pdf"),
        ("attachment; filename*1=b; filename*0=a", "ab"),
        ("attachment; filename==?utf-8?q?=C3=BC?=.exe", "ü.exe"),
        ("attachment; filename*=nowhere''%FC", "ü"),
        ('attachment; filename="a', "a"),
        ("attachment; filename*99999999999999=a", ""),
        ("attachment", ""),
    ],
)
def test_file_names(disposition: str, name: str) -> None:
    assert of(f"Content-Disposition: {disposition}").root.name.exact == name


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ("Content-Type: text/plain; charset=utf-8", "ü", "ü"),
        ("Content-Type: text/plain; charset=iso-2022-jp", "\x1b$B$\"\x1b(B", "あ"),
        ("Content-Transfer-Encoding: base64", "aGFsbG8", "hallo"),
        ("Content-Transfer-Encoding: base64", "aGF*sbG8=", "hallo"),
        ("Content-Transfer-Encoding: x-uuencode", "abc", "abc"),
        ("Content-Type: text/plain; charset=nowhere\nContent-Transfer-Encoding: quoted-printable", "=FC", "ü"),
        ("Content-Type: nonsense", "abc", "abc"),
        ("Content-Type: multipart/mixed", "abc", "abc"),
        ("Content-Type: multipart/mixed; boundary=x", "abc", "abc"),
        ("A: b", "x\ny", "x\ny"),
    ],
)  # fmt: skip
def test_the_text_of_a_part(headers: str, body: str, text: str) -> None:
    assert of(headers, body).root.text == text


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        ("", "no headers"),
        ("just text\nhere", "is no header"),
        ("A: b\n\n\ud800", "halves of a pair"),
        ("Content-Type: multipart/mixed\n\na", "how they are separated"),
        ("Content-Type: multipart/mixed; boundary=x\n\na", "separator of parts is nowhere"),
        ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na", "may be cut off"),
        ("Content-Type: text/plain; charset=nowhere\n\na", "charset is not known"),
        ("Content-Transfer-Encoding: base64\n\na*b", "base64 has mistakes"),
        ("Content-Transfer-Encoding: odd\n\na", "transfer encoding is not known"),
        ("Content-Type: text/plain\nContent-Type: text/html\n\na", "says twice"),
        ("Content-Type: ;\n\na", "type can't be read"),
        ("A:\n" * 60_000, "too many headers"),
        ("Content-Type: multipart/mixed; boundary=x\n" + "\n--x\n" * 5000, "too many parts"),
    ],
)
def test_what_is_wrong_is_told(raw: str, defect: str) -> None:
    assert [sentence for sentence in read_eml(raw).defects if defect in sentence]


def test_a_mail_in_a_mail_is_a_part() -> None:
    eml = of("Content-Type: message/rfc822", "Subject: x\nContent-Type: text/html\n\n<b>")
    assert tree_lines(eml.root) == [(0, "message/rfc822"), (1, "text/html 3 bytes")]


def test_a_separator_that_begins_like_another_is_none() -> None:
    eml = of("Content-Type: multipart/mixed; boundary=x", "--x\n\none\n--xy\ntwo\n--x--\n")
    assert [part.text for part in eml.root.children] == ["one\n--xy\ntwo"]


@pytest.mark.parametrize(
    "piece", ["Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n", "Content-Type: message/rfc822\n\n"]
)
def test_parts_inside_each_other_are_bounded(piece: str) -> None:
    eml = read_eml("".join(piece.format(number) for number in range(1000)))
    assert max(depth for depth, _ in tree_lines(eml.root)) == DEPTH_LIMIT
    assert "More parts inside are not shown." in eml.defects


def test_names_in_the_tree_are_safe() -> None:
    eml = of("Content-Type: text/plain; charset=\x1b[1m; name=\"a\u202efdp.exe\"")  # fmt: skip
    assert tree_lines(eml.root) == [(0, "text/plain ␛[1m a⟨202E⟩fdp.exe 0 bytes")]


def test_sizes_for_people() -> None:
    sizes = [1, 999, 1234, 87_900, 999_600, 3_400_000]
    assert [size_text(size) for size in sizes] == ["1 byte", "999 bytes", "1.2 KB", "88 KB", "1.0 MB", "3.4 MB"]


def assert_readable(raw: str) -> None:
    eml = read_eml(raw)
    left = [eml.root]
    while left:
        part = left.pop()
        left += part.children
        assert_safe(part.text)
    for header in eml.headers:
        assert_safe(header.value.exact)
    assert all(line.isprintable() for _, line in tree_lines(eml.root))
    assert_safe(eml.source)


PIECES = st.sampled_from(
    [
        "\n", "\r\n", "--b", "--b--", "Content-Type: ", "multipart/mixed; boundary=b", "text/plain; charset=", "message/rfc822", "utf-7", "hz",
        "Content-Transfer-Encoding: ", "base64", "quoted-printable", "Subject: ", "=?utf-8?b?", "?=", "=", "name*0*=", "''", '"', ";", "%", "utf-16",
    ]
)  # fmt: skip


@given(ANY_TEXT | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_mail(raw: str) -> None:
    assert_readable(raw)


@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join))
def test_pieces_of_mail_in_any_order_are_read(raw: str) -> None:
    assert_readable(raw)


@given(st.sampled_from(["Subject", "Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]), ANY_TEXT)
def test_any_value_of_a_header_is_read(name: str, value: str) -> None:
    assert_readable(f"{name}: {value}\n\nbody")
    assert_readable(f"Content-Type: text/plain; charset={value}\nContent-Transfer-Encoding: base64\n\nYWJj")


LARGE = {
    "plain": "A: b\r\n\r\n" + "some words of a mail\r\n" * (8 * MEGABYTE // 22),
    "short lines": "A: b\n\n" + "a\n" * (4 * MEGABYTE),
    "attachment": "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(bytes(6 * MEGABYTE)).decode(),
    "a long header": f"X: {'y' * 300_000}\n\nhi",
    "half a megabyte of headers": "X-A: value of a header\n" * 22_000,
    "20,000 headers": "".join(f"X-{number}: v\r\n" for number in range(20_000)) + "\r\nhi",
    "10,000 recipients": "To: " + ",\r\n ".join(f"a{number}@b.example" for number in range(10_000)),
    "folds": "A: b\n" + " c\n" * (MEGABYTE // 3),
    "headers": "A:\n" * MEGABYTE,
    "encoded words": "Subject: " + "=?utf-8?q?a?= " * (MEGABYTE // 14),
    "open encoded words": "Subject: " + "=?a?q?" * (MEGABYTE // 6),
    "parameters": "Content-Type: text/plain" + ';a="' * (MEGABYTE // 4),
    "name pieces": "Content-Disposition: x" + "".join(f";filename*{number}*=%41" for number in range(60_000)),
    "separators": "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n" * (MEGABYTE // 4),
    "like separators": "Content-Type: multipart/mixed; boundary=b\n\n" + "--bx\n" * (MEGABYTE // 5),
    "nested": "".join(f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n" for number in range(60)) + "\n--" * MEGABYTE,
    "punycode": "Content-Type: text/plain; charset=punycode\nContent-Transfer-Encoding: base64\n\n" + "QUFB" * (MEGABYTE // 4),
    "utf-7": "Content-Type: text/plain; charset=utf-7\n\n" + "+" * MEGABYTE,
}  # fmt: skip


@pytest.mark.parametrize("raw", LARGE.values(), ids=LARGE)
def test_large_and_hostile_mail_takes_linear_time(raw: str) -> None:
    with bounded(5):
        eml = read_eml(raw)
        assert len(eml.root.text) <= len(raw)
        tree_lines(eml.root)
