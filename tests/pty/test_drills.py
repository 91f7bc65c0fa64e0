"""Drills as an operator takes them: the task, the console, the verdict; and the line that drops."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.environment import PROGRAM, environment
from tests.support.terminal import Terminal
from tui_app.drills.drill import DRILLS
from tui_app.drills.presses import Typed, count_of
from tui_app.drills.scene import Scene, parse_lines, read_scene

pytestmark = pytest.mark.long  # drills/test_drill.py walks the same ways without a terminal

CTRL_Q, CTRL_C, CTRL_D = "\x11", "\x03", "\x04"


class Drilling:
    """A drill in a terminal, with its truth log."""

    def __init__(self, home: Path, name: str, *arguments: str) -> None:
        self.truth = home / "truth.jsonl"
        self.temporary = home / "temporary"
        self.temporary.mkdir()
        self.name = name
        self.terminal = Terminal(
            [*PROGRAM, "demo", "--drill", name, "--truth", str(self.truth), *arguments],
            environment(home, TMPDIR=str(self.temporary)),
        )
        self.terminal.says("Press enter to begin:")
        self.sent = 0
        """Keys that went to the console. One that came before its question was read has to be pressed again."""

    @property
    def scene(self) -> Scene:
        return read_scene(parse_lines(self.truth.read_text()))

    def released(self) -> Counter[str]:
        lines = map(json.loads, self.truth.read_text().splitlines())
        return Counter(line["id"] for line in lines if line["action"] == "release")

    def begins(self) -> None:
        self.terminal.press("\r")
        self.terminal.sees(DRILLS[self.name].title, "12 loaded", "live")
        press = self.terminal.press

        def counted(keys: str) -> None:
            self.sent += len(keys)
            press(keys)

        self.terminal.press = counted  # type: ignore[method-assign]

    def press(self, key: str, *words: str) -> None:
        self.terminal.press(key)
        self.terminal.sees(*words)

    def releases_the_first(self) -> None:
        """The best known way until the first five are sent."""
        texts = [step.text for step in DRILLS[self.name].best_way(self.scene) if isinstance(step, Typed)]
        search, reason, count = texts[:3]
        self.press("Q", "found, all loaded")
        self.press("/", "words from:")
        self.press(search, search)
        self.press("\r", "149 found")
        self.press("a", f"{count} of 149 marked")
        self.press("R", "not sent yet", f"type {count}")
        self.press(reason, reason)
        self.terminal.press("\r")
        self.terminal.answers()
        self.press(count, f"Messages       {count}")
        self.terminal.submit()
        self.terminal.sees("check them", "A send the rest")

    def leaves(self) -> int:
        self.terminal.press(CTRL_Q)
        code = self.terminal.ends()
        assert list(self.temporary.iterdir()) == [], "nothing of it stays"
        return code


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def test_a_line_that_drops_is_survived_by_the_best_known_way(home: Path) -> None:
    drilling = Drilling(home, "drop")
    try:
        drilling.begins()
        drilling.releases_the_first()
        drilling.terminal.submit("A", "A")
        drilling.terminal.says("The line dropped in the middle of the release.")
        drilling.terminal.says("Press enter to log in again:")
        assert drilling.terminal.cooked
        assert sum(drilling.released().values()) == 55, "the request whose answer is lost was done"
        drilling.sent -= 1  # the next one is not for the console
        drilling.press("\r", "unfinished", "25 unknown", "89 not sent")
        drilling.press("A", "Send the rest of this plan?", "type 89 and enter")
        assert sum(drilling.released().values()) == 55, "asking sends nothing"
        drilling.press("89", "and enter: 89")
        drilling.terminal.submit()
        drilling.terminal.sees("all sent", "Every id is accounted for")
        assert drilling.leaves() == 0
        drilling.terminal.says("RIGHT   Drill: release, and the line drops, seed 1")
        drilling.terminal.says("144 of 144 genuine messages were released; 28 others stay held. The line dropped once.")
        best = count_of(DRILLS["drop"].best_way(drilling.scene))
        assert best.keys == 11
        again = drilling.sent - best.keys - best.letters
        told = f"{11 + again}; the best known way takes 11" if again else "11, as many as the best known way"
        drilling.terminal.says(f"Keys {told}. {best.letters} characters typed into fields; {best.letters} there.")
        assert drilling.released() == Counter(drilling.scene.wanted)
        assert drilling.terminal.given_back
    finally:
        drilling.terminal.kill()


def test_a_release_that_is_left_where_the_line_dropped_is_not_right(home: Path) -> None:
    drilling = Drilling(home, "drop")
    try:
        drilling.begins()
        drilling.releases_the_first()
        drilling.terminal.submit("A", "A")
        drilling.terminal.says("Press enter to log in again:")
        drilling.press("\r", "25 unknown")
        assert drilling.leaves() == 4
        drilling.terminal.says("NOT RIGHT")
        drilling.terminal.says("89 messages are still held, and genuine")
    finally:
        drilling.terminal.kill()


def test_another_seed_is_another_account_and_a_paste_is_counted_apart(home: Path) -> None:
    drilling = Drilling(home, "stop", "--seed", "5")
    try:
        drilling.terminal.press("\r")
        drilling.terminal.sees("14 loaded", "live")
        drilling.terminal.press("j" * drilling.scene.row)
        drilling.terminal.sees(drilling.scene.job[1].comment, "hr@acme.example")
        drilling.press("X", "Cancel this job?")
        drilling.press("\x1b[200~wrong sender\x1b[201~", "wrong sender")
        drilling.terminal.press("\r")
        drilling.terminal.answers()
        drilling.terminal.confirm("Cancel this job?")
        drilling.terminal.sees("Asked to cancel")
        assert drilling.leaves() == 0
        drilling.terminal.says("RIGHT   Drill: stop the wrong job, seed 5")
        drilling.terminal.says("0 characters typed into fields, and 1 paste")
    finally:
        drilling.terminal.kill()


@pytest.mark.parametrize(("key", "number", "code"), [(CTRL_C, 0, 130), (CTRL_D, 0, 130), ("", 15, 143), ("", 1, 129)])
def test_a_drill_that_is_not_begun_ends_as_signals_end_it(home: Path, key: str, number: int, code: int) -> None:
    drilling = Drilling(home, "retry")
    try:
        if key:
            drilling.terminal.press(key)
        else:
            drilling.terminal.signal(number)
        assert drilling.terminal.ends() == code
        assert list(drilling.temporary.iterdir()) == []
        assert "RIGHT" not in drilling.terminal.text
    finally:
        drilling.terminal.kill()


def test_a_signal_in_the_console_is_no_verdict(home: Path) -> None:
    drilling = Drilling(home, "retry")
    try:
        drilling.begins()
        drilling.terminal.signal(15)
        assert drilling.terminal.ends() == 143
        drilling.terminal.says("not brought to its end: nothing is judged")
        assert list(drilling.temporary.iterdir()) == []
    finally:
        drilling.terminal.kill()


def test_quitting_at_once_is_not_right(home: Path) -> None:
    drilling = Drilling(home, "stop")
    try:
        drilling.terminal.press("\r")
        drilling.terminal.sees("14 loaded", "live")
        assert drilling.leaves() == 4
        drilling.terminal.says("was not stopped: it still runs.")
    finally:
        drilling.terminal.kill()
