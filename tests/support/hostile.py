"""Strings that want to be more than text, a terminal to see them in, and a reader that finds what of them got through."""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

import pyte

from tests.support.forker import Program
from tests.support.terminal import PATIENCE, Terminal

MARKER: Final = re.compile(r"h\d{4}")
_LONG: Final = "\x1b[5;41mlong " * 900
GIANT: Final = 1_000_000
"""Characters of the longest string; an answer has room for one of it."""

# What stands before the marker, and what after it; what stands before takes at most four cells to show.
_BY_HAND: Final[tuple[tuple[str, str], ...]] = (
    ("\x1b]0;", "title\x07 after"),
    ("\x1b]2;", "title\x1b\\ after"),
    ("", "\x9d2;title of eight bits\x9c after"),
    ("", "\x1b]52;c;cm0gLXJmIH4=\x07 clipboard"),
    ("", "\x1b]52;p;?\x1b\\ asks for the clipboard"),
    ("", "\x1b]8;;https://evil.example/\x1b\\link\x1b]8;;\x1b\\"),
    ("", "\x1b]8;id=1;file:///etc/passwd\x07link\x1b]8;;\x07"),
    ("", "\x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[=c answers back"),
    ("", "\x1b[21t\x1b[20t\x1b[18t reports its title"),
    ("", "\x1b[?1000h\x1b[?1003h\x1b[?1006h mouse on"),
    ("", "\x1b[?2026h\x1b[?5h\x1b[?47h modes"),
    ("", "\x1bPqdecsixel\x1b\\\x1bP$qm\x1b\\ DCS and DECRQSS"),
    ("", "\x1b_app\x1b\\\x1b^private\x1b\\\x1bXstart of string\x1b\\"),
    ("\x1bc", "\x1b[!p reset"),
    ("", "\x1b#8\x1b(0\x1b)0\x1b%G charsets"),
    ("", "\x1b[999;999H\x1b[900Aelsewhere\x1b[1K"),
    ("", "\x1b[31;41;5;8mred on red, blinking, hidden\x1b[0m"),
    ("", "\x1b[900;901r\x1b[777M\x1b[3J region"),
    ("", "\x9b31m\x9b6n\x90q\x9c\x9ePM\x9c\x9fAPC\x9c eight bits"),
    ("", "\x80\x81\x84\x85\x88\x8d\x8e\x8f\x96\x97\x98\x9a C1"),
    ("", "NUL\x00SO\x0eSI\x0fDEL\x7fENQ\x05XOFF\x13"),
    ("", "BEL\x07BS\x08\x08\x08CR\rVT\x0bFF\x0cTAB\tLF\n."),
    ("", "two\r\nlines\n\nmore\x85again"),
    ("", "\rover the start\rh0000"),
    ("", "\u202egpj.eciovni\u202c\u202a\u202b\u202d bidi"),
    ("", "\u2066\u2067\u2068isolates\u2069\u200e\u200f\u061c"),
    ("", "zero\u200bwidth\u200c\u200d\u2060\ufeff\u00ad\u180e"),
    ("", "a\ufe0eb\ufe0fc\U000e0100d\u180b variations"),
    ("", "tags\U000e0001\U000e0041\U000e0042\U000e007f end"),
    ("", "fill\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4 end"),
    ("", "Z" + "\u0338\u0325\u0489\u20dd" * 40 + "algo"),
    ("", "\u0301\u0338\u20e3 marks on nothing"),
    ("", "👩\u200d👩\u200d👧\u200d👦 🇩🇪🇫 👍🏽 ❤\ufe0f 1\ufe0f\u20e3"),
    ("", "請求書のご確認 결제 확인 ｗｉｄｅ　字"),
    ("", "private\ue000\uf8ff\U000f0000\U0010fffd unassigned\u0378\u0380\U0003fffe"),
    ("", "surrogates \ud800 \udfff \udc80 end"),
    ("", "line\u2028separators\u2029end"),
    ("", "\ufff9annotated\ufffatext\ufffb\U0001d173"),
    ("", "[@click=app.quit]x[/] [@click=app.bell]"),
    ("", "[link=https://evil.example/]x[/link] [link='x']"),
    ("", "[/x] [/] [/bold] [bold"),
    ("", "[red on red]hidden[/] [black on black]"),
    ("", "[b]unbalanced [[ ]] \\[x] [$primary]$x[/"),
    ("=", "cmd|' /C calc'!A1"),
    ("+", "cmd|' /C calc'!A1"),
    ("-", "2+3+cmd|' /C calc'!A1"),
    ("@", "SUM(1+1)*cmd|' /C calc'!A1"),
    ("＝", "cmd|' /C calc'!A1"),
    ("＋", "1"),
    ("－", "1"),
    ("＠", "SUM(1)"),
    ("\t=", "behind a tab"),
    ("", "$(reboot) `reboot` ; reboot && reboot | sh"),
    ("", "\"'><script>alert(1)</script> &lt;![CDATA[ ]]>"),
    ("", "%s %n %x %d {0.__class__} {} ${jndi:ldap://x}"),
    ("", "| a | `b` | ![x](https://evil.example/) **c**"),
    ("", "comma, \"quote\" and\nline, '=1"),
    ("", "\\x1b[31m \\u001b[31m \\033c as words"),
    ("", "../../etc/passwd \\\\host\\share C:\\con"),
    ("", "ا" * 40 + " שלום"),
    ("", "ㅤ\u2003\u00a0\u1680\u202f\u205f\u3000blanks"),
    ("", _LONG),
    ("", "字" * 5_000),
    ("", "\x1b]0;" + "[@click=app.quit]x" * (GIANT // 18)),
)  # fmt: skip
_LEADS: Final = ("", "", "", "", "", "\x1b]0;", "\x1bP", "\x1bc", "=", "+", "-", "@", "＝", "[", "\x07", "\t")
_PIECES: Final = (
    "\x1b]0;t\x07", "\x1b]52;c;eA==\x07", "\x1b]8;;http://e.example\x07", "\x1b]8;;\x07", "\x1b[6n", "\x1b[21t", "\x1b[c",
    "\x1b[41m", "\x1b[999;1H", "\x1b[3J", "\x1b[?1003h", "\x1bPq\x1b\\", "\x1b\\", "\x1b", "\x9b", "\x9d", "\x9c", "\x07",
    "\x08", "\r", "\n", "\t", "\x0b", "\x00", "\x0e", "\x0f", "\x7f", "\u202e", "\u202c", "\u2066", "\u2069", "\u200e",
    "\u061c", "\u200b", "\u200d", "\ufeff", "\u00ad", "\ufe0f", "\U000e0041", "\u3164", "\u2800", "\U0001d159", "\u034f", "\u2028", "\u2029",
    "\ue000", "\u0378", "\ud800", "\udfff", "\u0338", "\u0338\u0338\u0338", "e\u0301", "字", "👩", "🇩🇪", "한", "ا",
    "[@click=app.quit]", "[/]", "[/x]", "[link=https://e.example]", "[red on red]", "[bold", "[", "]", "\\[", "$(reboot)",
    "`x`", "%s", "{0}", "=1+1", "\"", "'", ",", ";", "|", "word", "Invoice 4711", " ", " ", "a@b.example",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hostile:
    """A string with a marker that is seen if the string is; `lead` stands before it."""

    number: int
    lead: str
    rest: str

    @property
    def marker(self) -> str:
        return f"h{self.number:04}"

    @property
    def text(self) -> str:
        return f"{self.lead}{self.marker} {self.rest}"

    @property
    def shown(self) -> str:
        """How it must begin on a screen: its lead with a picture for each control, then its marker."""
        return "".join(map(_picture, self.lead)) + self.marker


def _picture(character: str) -> str:
    point = ord(character)
    return chr(0x2400 + point) if point < 0x20 else character


BY_HAND: Final = len(_BY_HAND)


def hostile_strings(count: int, seed: int = 1) -> tuple[Hostile, ...]:
    """So many strings: those written by hand first, then as many as it takes out of their pieces."""
    random = Random(seed)
    made = [Hostile(number, *parts) for number, parts in enumerate(_BY_HAND[:count], start=1)]
    for number in range(len(made) + 1, count + 1):
        rest = "".join(random.choice(_PIECES) for _ in range(random.randint(1, 9)))
        made.append(Hostile(number, random.choice(_LEADS), rest))
    return tuple(made)


def markers(text: str) -> set[str]:
    """The markers in a text."""
    return set(MARKER.findall(text))


# ---- what must not be in the output


class Hit(NamedTuple):
    """Something in an output that does not belong there: what, where, and the bytes from there on."""

    kind: str
    at: int
    near: bytes


_SGR_CODE: Final = r"(?:[0-79]|2[1-9]|39|49|[34]8;2;\d{1,3};\d{1,3};\d{1,3})"
_SGR: Final = rf"\x1b\[(?:{_SGR_CODE}(?:;{_SGR_CODE})*)?m"
# What the console writes beside text, and nothing else. Erasing all happens where a frame begins, never elsewhere.
_TITLE: Final = r"mailsluice(?: \w+)?(?: · (?:\d+ %|\d+ running|[0-9a-f]{8} \w+|plan \w+ \w+))*"
"""A title of the window: figures of ours, ids that are ids, and words of closed lists."""
_OURS: Final = re.compile(
    rf"{_SGR}|\x1b\[r(?:{_SGR})?\x1b\[2J|\x1b\[(?P<place>\d*(?:;\d+)?)(?P<move>[HABCDGLMr])|\x1b\[K"
    r"|\x1b\[\?(?:7|25|1004|1049|2004|2026|2048)[hl]|\x1b\[\?20(?:26|48)\$p|\x1b\[>\d+u|\x1b\[<u"
    r"|\x1b\]22;(?:default|pointer|text)\x07"
    rf"|\x1b\[2[23];2t|\x1b\]2;(?:{_TITLE})?\x1b\\"
)
_SEEN: Final = (
    ("clipboard or title", re.compile(r"(?:\x1b\]|\x9d)(?:52|[012]);")),
    ("link", re.compile(r"(?:\x1b\]|\x9d)8;")),
)
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800\u17b4\u17b5\u2d7f\ufffc\U00016fe4\U0001d159")
_STACK: Final = 3


def _kind(character: str) -> str | None:
    """What is wrong with a character that stands in the text of an output."""
    category = unicodedata.category(character)
    if category == "Cc":
        return "control"
    if character in _BIDI:
        return "bidi"
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    if category in ("Cf", "Cs", "Co", "Cn", "Zl", "Zp") or character in _BLANK or selector:
        return "invisible"
    return None


def _fits(sequence: re.Match[str], screen: tuple[int, int]) -> bool:
    """Whether a move stays on the screen: nobody who knows its size writes another."""
    if not sequence["move"]:
        return True
    columns, lines = screen
    places = [int(number) for number in sequence["place"].split(";") if number]
    most = (lines, columns) if sequence["move"] == "H" else (max(screen),) * 2
    return all(0 < place <= bound for place, bound in zip(places, most, strict=False))


def scan(raw: bytes, screen: tuple[int, int] | None = None) -> list[Hit]:
    """All that is neither plain text nor what the console itself writes.

    `screen` is columns and lines of the terminal that a full-screen program wrote to; without it no sequence and no control
    but the end of a line is fine.
    """
    text = raw.decode("utf-8", "surrogateescape")
    hits: list[Hit] = []
    at = marks = 0

    def hit(kind: str) -> None:
        hits.append(Hit(kind, at, text[at : at + 40].encode("utf-8", "surrogateescape")))

    while at < len(text):
        character = text[at]
        if character == "\x1b" and screen is not None and (ours := _OURS.match(text, at)) and _fits(ours, screen):
            at = ours.end()
            continue
        seen = next((kind for kind, pattern in _SEEN if pattern.match(text, at)), None)
        if seen is not None:
            hit(seen)
        elif character == "\x1b":
            hit("sequence")
        elif character == "\n" or (screen is not None and character in "\r\b"):
            pass
        elif kind := None if " " <= character <= "~" else _kind(character):
            hit(kind)
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks == _STACK:
            hit("stack")
        at += 1
    return hits


def counted(hits: Iterable[Hit]) -> str:
    """How many of each kind, as a sentence ends."""
    kinds = Counter(hit.kind for hit in hits)
    raw = sum(kinds[kind] for kind in ("control", "sequence", "clipboard or title"))
    return f"{raw} raw bytes, {kinds['bidi']} bidi, {kinds['invisible'] + kinds['stack']} invisible, {kinds['connection']} links"


# ---- a terminal to see them in


class _Paper(pyte.Screen):
    """pyte gives up a text at the first character that has no width."""

    def draw(self, data: str) -> None:
        for part in [data] if data.isascii() else data:
            super().draw(part)


class Watched(Terminal):
    """A terminal whose cells can be looked at one by one, whatever is in them."""

    def __init__(self, command: Sequence[str] | Program, environment: dict[str, str], size: tuple[int, int]) -> None:
        columns, lines = self.size = size
        super().__init__(command, environment, columns=columns, lines=lines)
        self._screen = _Paper(columns, lines)
        self._stream = pyte.ByteStream(self._screen)

    def line(self, y: int) -> str:
        return self.text.split("\n")[y]

    @property
    def dialog(self) -> str:
        """What stands in the box on the screen; nothing without one."""
        lines = [self.cells(y) for y in range(self.size[1])]
        tops = [(y, cells.index("╭")) for y, cells in enumerate(lines) if "╭" in cells]
        return "\n".join("".join(cells[tops[0][1] :]) for cells in lines[tops[0][0] :]) if tops else ""

    def until(self, wrong: Callable[[], str]) -> None:
        """Read until nothing is wrong any more, with an upper bound."""
        end = time.monotonic() + PATIENCE
        while said := wrong():
            self.read(0.2)
            while self.read(0):
                pass
            if time.monotonic() > end:
                raise AssertionError(f"{said}\n{self.text}")

    def shows(self, *strings: Hostile, where: Callable[[], str] | None = None, words: str = "") -> None:
        """Wait until these are on the screen, or in a part of it."""

        def missing() -> str:
            text = (where() if where else self.text).lower()
            wanted = [words.lower(), *(string.shown.lower() for string in strings)]
            return "".join(f"{word!r} is missing\n" for word in wanted if word not in text)

        self.until(missing)

    def finds(self, sent: bytes, begun: int) -> None:
        """Wait until the program has sent this, behind so many bytes."""
        self.until(lambda: "" if sent in self.raw[begun:] else f"{sent!r} was not sent")
