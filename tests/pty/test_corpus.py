"""The real program in a real terminal goes through mail that is hostile or odd: all of it is shown, none of it acts."""

import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.accounts import answering
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.hostile import Watched, counted, scan
from tui_app.core.text import sanitize
from tui_app.simulator.corpus import corpus_cases
from tui_app.simulator.corpus_case import Case
from tui_app.simulator.server import Options

SIZE: Final = (80, 24)
PARTS: Final = {"1": "summary", "3": "links", "6": "headers", "7": "raw"}
WORST: Final = (
    "every control character", "writes to the clipboard", "lone surrogates", "many NULs", "no headers at all",
    "one line of a million characters", "links that are code or data", "entities for control characters",
    "file names that turn around", "a sender that turns around", "a word with control characters", "2000 parts",
)  # fmt: skip
LONGEST_STEP: Final = 10.0
"""Seconds within which a part of any mail is there, on a machine that does much else besides."""


class Reader(Watched):
    """A console at the first message of its quarantine."""

    def __init__(self, variables: dict[str, str], cases: Sequence[Case]) -> None:
        super().__init__(Program(), variables, SIZE)
        self.cases = cases
        self.slowest = (0.0, "")

    def opens(self) -> None:
        """From the start to the first message."""
        self.sees("mailsluice", "? help")
        self.press("Q")
        self.sees(f"{len(self.cases)} found, all loaded")
        self.press("\r")
        self.shows_part(0, "1")

    def shows_part(self, number: int, key: str) -> None:
        """Wait until this part of this message was read and is shown."""
        begun = time.monotonic()
        self.until(lambda: self._missing(number))
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, (took, f"{PARTS[key]} of {self.cases[number].name}"))

    def _missing(self, number: int) -> str:
        above = self.line(1)
        place = re.search(r"(\d+)/(\d+)$", above)
        if place is None or (int(place[1]), int(place[2])) != (number + 1, len(self.cases)):
            return f"not at {number + 1}: {above}"
        if not re.search(r"read \d\d:\d\d:\d\d|as in the list", above) or "reading…" in self.text:
            return f"{self.cases[number].name}: not read"
        return ""

    def goes_through(self, key: str, look: Callable[[Case, str], str]) -> None:
        """All messages in one part; `look` says what is wrong with the screen of one."""
        self.press(key)
        for number, case in enumerate(self.cases):
            self.shows_part(number, key)
            self.until(lambda case=case: look(case, self.text))  # type: ignore[misc]
            self.press("G")
            if number + 1 < len(self.cases):
                self.press("]")
        self.press("[" * (len(self.cases) - 1))
        self.shows_part(0, key)

    def leaves(self) -> list[Any]:
        """Ask for help, quit; what was in the output that did not belong there."""
        self.press("?")
        self.sees("Help ›")
        self.press("\x11")
        assert self.ends() == 0
        assert self.given_back
        return scan(bytes(self.raw), SIZE)


PICTURES: Final = {
    "every control character": "<01:␁>",
    "writes to the clipboard": "␛]52;c;cm0gLXJmIH4=␇",
    "many NULs": "before␀after",
    "lone surrogates": "high�low�",
    "entities for control characters": "31m�⟨202E⟩gpj.exe",
    "charset utf-8": "⟨200D⟩",
}
"""What stands at the top of a raw mail in place of what a terminal would obey or hide."""


def letters(text: str) -> str:
    """The text without blanks, and without marks: the emulator keeps few of them."""
    return "".join(
        character for character in text if not character.isspace() and unicodedata.category(character) != "Mn"
    )


def wrong_in(part: str, case: Case, text: str) -> str:
    """What should stand on the first screen of a part, and does not."""
    subject = (case.name if case.subject is None else case.subject)[:20]
    wanted = {
        "summary": [sanitize(subject, 100)],
        "links": ["not to be opened"],
        "headers": ["From:"] if "From:" in case.raw.partition("\r\n\r\n")[0][:300] else [],
        "raw": ["parts", PICTURES.get(case.name, "")],
    }[part]
    missing = [words for words in wanted if letters(words) not in letters(text.split("\n", 3)[3])]
    return f"{case.name}, {part}: {missing} is missing" if missing else ""


@contextmanager
def reading(home: Path, names: Sequence[str] = ()) -> Iterator[Reader]:
    """The console on the corpus, or on some of it."""
    cases = [case for case in corpus_cases() if not names or case.name in names]
    with answering(Options(quota=0, messages=0, held=0, corpus=True)) as account:
        held = account.account.held
        held[:] = [mail for mail in held if mail.header_id in {case.header_id for case in cases}]
        assert len(held) == len(cases)
        reader = Reader(environment(home, account), cases)
        try:
            reader.opens()
            yield reader
        finally:
            reader.kill()


def read_all(reader: Reader) -> None:
    for key, part in PARTS.items():
        reader.goes_through(key, lambda case, text, part=part: wrong_in(part, case, text))  # type: ignore[misc]
        assert reader.slowest[0] < LONGEST_STEP, reader.slowest


def test_the_worst_mail_is_shown_as_text(tmp_path: Path) -> None:
    with reading(tmp_path, WORST) as reader:
        assert len(reader.cases) == len(WORST)
        read_all(reader)
        assert reader.leaves() == []


@pytest.mark.long
def test_all_mail_of_the_corpus_is_shown_as_text(tmp_path: Path, capsys: Any) -> None:
    with reading(tmp_path) as reader:
        assert len(reader.cases) == 60
        begun = time.monotonic()
        read_all(reader)
        took = time.monotonic() - begun
        hits = reader.leaves()
    with capsys.disabled():
        seconds, what = reader.slowest
        print(
            f"\n60 mails x {len(PARTS)} parts in {took:.0f} s, {counted(hits)}, 0 crashes; slowest {seconds:.2f} s: {what}"
        )
    assert hits == []
