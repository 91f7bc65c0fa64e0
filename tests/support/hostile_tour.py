"""A walk through the whole console on a hostile account: what was seen of every string, place by place."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support import hostile_account as served
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.hostile import BY_HAND, Hit, Hostile, Watched, markers, scan
from tests.support.hostile_account import Columns, HostileAccount, hostile_account

NARROW: Final = (80, 24)
WIDE: Final = (200, 50)
LOW: Final = (200, 24)
FEW, MANY = BY_HAND - 1, 560
"""Strings of the quick suite, without the giant, and of the long one: 20 to 50 and 500 must be seen at every place."""
HASTY: Final = """
from tui_app.screens.confirm import Confirm
from tui_app.__main__ import start
Confirm.READ_FIRST = 0  # nobody reads what is asked here, hundreds of times
start()
"""
ESCAPE: Final = "\x1b[27u"
"""The key as a terminal sends it that leaves no doubt."""


class Tour(Watched):
    """The console on a hostile account, and what was seen of it, place by place."""

    def __init__(self, account: HostileAccount, home: Path, size: tuple[int, int], wanted: int, config: str) -> None:
        (home / "config.toml").write_text(config)
        variables = environment(home, account, MAILSLUICE_CONFIG=str(home / "config.toml"))
        super().__init__(Program(script=HASTY), variables, size)
        self.account = account
        self.wanted, self.bells = wanted, 0
        self.page = ""
        """The first line of a long text that was seen last."""
        self.seen: dict[str, set[str]] = defaultdict(set)

    def note(self, place: str, text: str) -> None:
        self.seen[place] |= markers(text)

    def unseen(self, *places: str) -> Iterator[Hostile]:
        """A string that was not seen at one of these places yet, until enough were seen at all of them."""
        for _ in self.account.strings:
            short = [place for place in places if len(self.seen[place]) < self.wanted]
            if not short:
                return
            yield next(string for string in self.account.strings if string.marker not in self.seen[short[0]])

    def wrong_in_table(self, columns: Columns, row: int, noted: dict[str, set[str]] | None = None) -> str:
        y = self._header(columns)
        if y < 0:
            return "no header"
        lines = [self.cells(y) for y in range(y, self.size[1] - 2)]
        return self.account.wrong_in_table(lines, columns, row, {} if noted is None else noted)

    def _header(self, columns: Columns) -> int:
        return next((y for y in range(8) if all(title in self.line(y) for title in columns)), -1)

    def reads_again(self, columns: Columns) -> None:
        """Read the list again, until it is what is served now; the cursor stays on the first row."""
        self.press("r")
        self.until(lambda: self.wrong_in_table(columns, 0))

    def go_down(self, place: str, columns: Columns, key: str, about: str = "", order: Sequence[int] = ()) -> None:
        """From the first row to the last; every line of every screen is in order. `about` is told of the cursor's row."""
        rows = order or range(self.account.rows or len(self.account.strings))
        at, step = 0, 1
        while True:
            noted: dict[str, set[str]] = defaultdict(set)

            def wrong(row: int = rows[at], noted: dict[str, set[str]] = noted) -> str:
                noted.clear()
                told = self.account.string(about, row).shown if about else ""
                if told not in self.line(-2):
                    return f"not told of row {row}"
                return self.wrong_in_table(columns, row, noted)

            self.until(wrong)
            for title, found in noted.items():
                self.seen[f"{place} {title}"] |= found
            if about:
                self.note(f"{place}, about", self.line(-2))
            if at == len(rows) - 1:
                return
            if key != "j":
                step = self.size[1] - 2 - self._header(columns) - 1
            at = min(at + step, len(rows) - 1)
            self.press(key)

    def still(self) -> str:
        """The middle of the screen without what the time changes: ages, and how long nothing has moved."""
        return re.sub(r" *(<1|\b\d+)m\b|no progress for [^·]*·", "", "\n".join(self.text.splitlines()[3:-1]))

    def click(self) -> None:
        """Click all over the screen's middle: it stays as it is, and still answers keys."""
        self.until(lambda: "still painting" if self.read(0.1) else "")
        before = self.still()
        for y in range(4, self.size[1]):
            for x in range(5, self.size[0], self.size[0] // 4):
                self.press(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
        self.press("?")
        self.sees("Help ›")
        self.press("q")
        self.until(lambda: "" if self.still() == before else "a click did something")
        assert not [asked for asked in self.account.requests if not asked.startswith("GET ")]

    def leave(self) -> list[Hit]:
        """Ask for help, quit; what was in the output that did not belong there."""
        self.press("?")
        self.sees("Help ›")
        self.press("\x11")
        assert self.ends() == 0
        hits = scan(bytes(self.raw), self.size)
        others = [hit for hit in hits if not hit.near.startswith(b"\x07")]
        # The console rings at the end of a release, and never else.
        return others if len(hits) - len(others) == self.bells else hits


def lists(tour: Tour) -> None:
    """The jobs, the rows of one, and held mail, with what is told of each row."""
    wide = tour.size == WIDE
    key = "\x04" if wide else "j"
    # Narrow columns have nothing but values of closed lists.
    tour.account.every_enum = 3 if wide else 1
    tour.account.rows = tour.wanted if tour.wanted < BY_HAND else None
    tour.press("r")
    tour.go_down("jobs", served.JOBS_WIDE if wide else served.JOBS, key, "comment")
    tour.click()
    tour.press("g\r")
    tour.go_down("job", served.ROWS, key, "status_message")
    tour.click()
    tour.press("qQ")
    tour.go_down("held mail", served.HELD_WIDE if wide else served.HELD, key, "detection_reasons")
    tour.click()


def pages(tour: Tour) -> None:
    """A job above its rows, a row in full, a message in full."""
    account = tour.account
    account.every_enum, account.items, account.rows = 1, 6, 3
    tour.sees("3 loaded")
    tour.press("\r")
    for string in tour.unseen("job, above"):
        account.turn("comment", 0, string)
        tour.press("r")
        tour.shows(string, account.string("status", 0), where=lambda: tour.text.partition("0 all")[0])
        tour.note("job, above", tour.text.partition("0 all")[0])
    _pages(tour, "row page", "status_message", served.ROWS)
    tour.press("qQ")
    _pages(tour, "message page", "subject", {title: served.HELD[title] for title in ("VERDICT", "FROM", "SUBJECT")})
    tour.click()


def _pages(tour: Tour, place: str, field: str, columns: Columns) -> None:
    account = tour.account
    for string in tour.unseen(place):
        account.turn(field, 0, string)
        tour.reads_again(columns)
        tour.press("\r")
        tour.until(lambda: "" if re.search(r"read \d\d:\d\d:\d\d", tour.line(1)) else "not read")
        tour.shows(string)
        tour.note(place, tour.text)
        tour.press("G")
        tour.shows(account.string("message_id", 0))
        tour.note(place, tour.text)
        tour.press("q")
        tour.sees("SUBJECT")


def review_all(tour: Tour, count: int) -> None:
    """Mark every message, also what the guard holds back: each has a verdict that nobody knows, and is included by name."""
    tour.press("g Gv")
    tour.sees(f"{count} marked")
    tour.press("R")
    tour.sees("type UNKNOWN-VERDICT")
    tour.press("\x1b[ZUNKNOWN-VERDICT\r")
    tour.sees(f"type {count} to send")


def plans(tour: Tour) -> None:
    """The review of a release, what became of one, and one that is refused."""
    account, count = tour.account, len(tour.account.strings)
    account.every_enum, account.rows = 1, 5
    tour.press("Q")
    for string in tour.unseen("review"):
        account.turn("subject", 0, string)
        tour.reads_again(served.HELD_WIDE)
        review_all(tour, 5)
        tour.shows(string, words="not sent yet")
        tour.note("review", tour.text)
        tour.press(ESCAPE)
        tour.sees("5 found, all loaded")
        tour.press("gu")
    account.rows = None
    for place, columns, refuses in (("released", served.OUTCOMES, ""), ("refused", served.REFUSED, "/release$")):
        account.first += 7
        # A run of which nothing at all is accepted gives up: the first message is released.
        account.refuses, account.each_refusal_differs, account.spared = refuses, True, 1
        account.told = account.string("error", 1).number - 1
        tour.press("g")
        tour.reads_again(served.HELD_WIDE)
        review_all(tour, count)
        tour.press(f"x\t{count}\r")
        tour.sees("over, not all was sent" if refuses else "all sent")
        tour.bells += 1
        tour.press("g")
        worst_first = [row for outcome in (2, 1, 0) for row in range(outcome, count, 3)]
        tour.go_down(place, columns, "j" if refuses else "\x04", order=range(1, count) if refuses else worst_first)
        tour.press("q")
        tour.sees("Quarantine")


def endings(tour: Tour) -> None:
    """The questions before a cancel and a delete, and the notices of their refusal."""
    account = tour.account
    account.every_enum, account.rows, account.refuses = 1, 3, "^(DELETE|POST)"
    for key, place, status, yes in (
        ("X", "cancel", "PROCESSING", "y"),
        ("D", "delete", "COMPLETED", f"{account.jobs[0].job_id[:4]}\r"),
    ):
        account.job_status = status
        for string in tour.unseen(place, "notices"):
            account.turn("comment", 0, string)
            account.told = next(iter(tour.unseen("notices")), string).number - 1
            tour.reads_again(served.ENDING)
            tour.press(key)
            tour.shows(string, where=lambda: tour.dialog)
            tour.note(place, tour.dialog)
            tour.press(yes)
            tour.shows(account.in_error(0), words="refused.", where=lambda: tour.line(-2))
            tour.note("notices", tour.line(-2))


def new_job(tour: Tour) -> None:
    """What a new job would take, the question before it, and its refusal."""
    account = tour.account
    account.every_enum, account.rows, account.refuses = 1, 3, "^POST"
    tour.press("n")
    tour.sees("new job")
    # Whether a message has these words is not looked at again; of a sender, a recipient or a subject it would be.
    tour.press("\t" * 8 + "\r")
    tour.sees("exact subject")
    tour.press("\tinvoice" + "\x1b[Z" + "\r")
    tour.shows(where=lambda: tour.text, words="▶ more fields")
    tour.press("\x1b[Z" * 2)
    for string in tour.unseen("preview", "new job, question", "new job, refusal"):
        account.turn("subject", 0, string)
        account.told = string.number - 1
        tour.press("x\r")
        tour.shows(string, account.string("subject", 2), words="Enter again to confirm")
        tour.note("preview", tour.text)
        tour.press("\r")
        tour.shows(string, where=lambda: tour.dialog)
        tour.note("new job, question", tour.dialog)
        tour.press("3\r")
        tour.shows(string, words="New job: refused")
        tour.note("new job, refusal", tour.text)
    tour.press(ESCAPE)
    tour.sees("loaded")


def activity(tour: Tour) -> None:
    """Errors on the list, and everything that was told, in full."""
    account = tour.account
    account.refuses = "/bulk$"
    count = -(-len(account.strings) // served.STRINGS_OF_AN_ERROR)
    for number in range(count):
        account.told = number * served.STRINGS_OF_AN_ERROR
        tour.press("r")
        tour.shows(words=f"request: {account.in_error(0).shown}")
    account.refuses, account.talks = "", True
    oldest = account.strings[0]
    tour.press("r!")
    tour.shows(words=f"cf-ray {oldest.shown}", where=lambda: _paged(tour, "activity"))


def _paged(tour: Tour, place: str) -> str:
    """The screen, after it was noted; the next page is asked for once this one is there."""
    tour.note(place, tour.text)
    position = re.search(r"lines (\d+)-", tour.text)
    if position and position[1] != tour.page:
        tour.page = position[1]
        tour.press("\x04")
    return tour.text


def copies(tour: Tour) -> None:
    """The page of what can be copied of a held message, and the same on the terminal's own screen."""
    account = tour.account
    account.every_enum, account.rows, account.hostile_ids = 1, 3, True
    tour.press("Q")
    for string in tour.unseen("copy page", "plain text"):
        account.turn("id", 0, string)
        tour.reads_again(served.HELD_WIDE)
        tour.press("Y")
        tour.shows(string, words="t plain text")
        tour.note("copy page", tour.text)
        begun = len(tour.raw)
        tour.press("t")
        tour.finds(b"any key goes back", begun)
        tour.note("plain text", tour.raw[begun:].decode("utf-8", "replace"))
        begun = len(tour.raw)
        tour.until(lambda begun=begun: _back(tour, begun))  # type: ignore[misc]
        tour.press("q")
        tour.sees("found, all loaded")


def _back(tour: Tour, begun: int) -> str:
    """Press a key once more: what came with the prompt is not taken for one, and may be echoed."""
    tour.press(" ")
    tour.read(0.05)
    return "" if b"plain text" in tour.raw[begun:] else "not back"


WALKS: Final[tuple[tuple[Callable[[Tour], None], tuple[int, int]], ...]] = (
    (lists, NARROW), (lists, WIDE), (pages, LOW), (plans, LOW), (endings, LOW), (new_job, WIDE), (activity, NARROW),
    (copies, LOW),
)  # fmt: skip


@contextmanager
def touring(
    strings: tuple[Hostile, ...], home: Path, size: tuple[int, int], wanted: int, config: str = ""
) -> Iterator[Tour]:
    home.mkdir(exist_ok=True)
    with hostile_account(strings) as account:
        tour = Tour(account, home, size, wanted, "[plans]\nbatch_size = 1\ncanary = 0\n" + config)
        try:
            tour.sees("loaded")
            yield tour
        finally:
            tour.kill()
