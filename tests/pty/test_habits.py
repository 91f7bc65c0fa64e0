"""What hands are used to that come from k9s, lazygit, less and vim, in a real terminal; several in one console, for a start is dear."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.accounts import NO_JOB_ENDS, answering
from tests.support.consoles import Start, ends
from tests.support.terminal import Terminal
from tui_app.simulator.server import Options, Simulator

ESC, CTRL_P, F1, DOWN = "\x1b[27u", "\x10", "\x1bOP", "\x1b[B"
UNANSWERED: Final = "cdeshxtCEJKNSW~"
"""Fifteen keys that do nothing on the list of jobs, where hands press them all the same."""
DIGITS: Final = {
    1: "pending", 2: "discovering", 3: "processing", 4: "completed", 5: "failed", 6: "skipped", 7: "cancelled",
}  # fmt: skip


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    """Jobs that end while nobody looks would change what is listed: hardly anything goes on here."""
    with answering(Options(quota=0, messages=300, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def opened(terminal: Terminal) -> Terminal:
    terminal.sees("12 loaded", "live")
    return terminal


def pressed(terminal: Terminal, keys: str, *words: str) -> None:
    """Press, and see what comes."""
    terminal.press(keys)
    terminal.sees(*words)


def rows(terminal: Terminal, *, under: int) -> list[str]:
    """The first word of each line of a table, without its glyph."""
    words = [re.sub(r"^[▸✓ ]*\S ", "", line).split(" ")[0] for line in terminal.text.splitlines()[under:-2]]
    return [word for word in words if word.isalpha()]


def tabs(terminal: Terminal, line: int) -> dict[int, str]:
    """What the digits are called on a screen."""
    return {int(digit): name for digit, name in re.findall(r"(\d) ([a-z]+)", terminal.text.splitlines()[line])}


def about(terminal: Terminal) -> str:
    """The line above the footer."""
    return terminal.text.splitlines()[-2]


def test_a_colon_ctrl_p_and_q_do_what_they_do_elsewhere(start: Start) -> None:
    terminal = opened(start())
    pressed(terminal, ":", "Commands")
    pressed(terminal, ESC, "? help")
    pressed(terminal, CTRL_P, "Commands")
    pressed(terminal, "quar", "quarantine [SEARCH]")
    pressed(terminal, ESC, "? help")
    pressed(terminal, ":", "quar")
    pressed(terminal, "\x05antine\r", "Quarantine", "all loaded")
    pressed(terminal, ":jobs failed:>0\r", "of 12 loaded", "filter failed:>0")
    pressed(terminal, ":q\r")
    assert terminal.ends() == 0
    assert terminal.given_back


def test_a_search_on_jobs_is_a_filter_and_no_key_turns_tabs_or_moves_the_cursor_beside_x(start: Start) -> None:
    """What it once did: `/140` turned to a tab and moved the cursor, and the next key was X."""
    terminal = opened(start())
    pressed(terminal, "/140", "140", "words -words")
    assert "12 loaded" in terminal.text
    pressed(terminal, "\r", "1 of 12 loaded", "INC-4699", "filter 140")
    assert rows(terminal, under=4) == ["completed"]
    pressed(terminal, "X", "it can't be cancelled any more")
    pressed(terminal, ESC, "12 loaded, ")
    pressed(terminal, "/", "140")  # what was typed is there again, selected
    pressed(terminal, "INC-4711\r", "1 of 12 loaded", "filter INC-4711")
    pressed(terminal, f"{ESC}G", "▸ ■ cancelled   release")
    terminal.press("g")
    terminal.reads(5.0, until=lambda: terminal.text.splitlines()[4].startswith("▸"))
    assert terminal.text.splitlines()[4].startswith("▸")
    ends(terminal)


def test_digits_mean_the_same_state_on_jobs_and_on_a_job_brackets_go_on_and_minus_goes_back(start: Start) -> None:
    terminal = opened(start())
    on_jobs = tabs(terminal, 2)
    for digit, state in DIGITS.items():
        terminal.press(str(digit))
        if state == "skipped":
            terminal.sees("No job is ever skipped")
            continue
        terminal.answers()
        assert set(rows(terminal, under=4)) - {"job"} <= {state}, f"{digit}\n{terminal.text}"
    pressed(terminal, "0", "12 loaded")
    pressed(terminal, "/140\r", "1 of 12")
    pressed(terminal, "\r", "Jobs › move → Junk", "140 failed")
    on_job = tabs(terminal, 5)
    assert set(on_jobs) == {0, 1, 2, 3, 4, 5, 7} and set(on_job) == {0, 1, 3, 4, 5, 6, 7}
    for digit, name in (*on_jobs.items(), *on_job.items()):
        assert DIGITS.get(digit, "all").startswith(name)
    pressed(terminal, "5", "140 loaded")
    assert set(rows(terminal, under=7)) == {"failed"}
    pressed(terminal, "2", "No row is ever discovering")
    pressed(terminal, "4", "1,000 loaded")
    assert set(rows(terminal, under=7)) == {"completed"}
    terminal.press("q")
    terminal.sees("1 of 12 loaded")
    pressed(terminal, ESC, "12 loaded, ")
    terminal.press("g")
    pressed(terminal, "\r", "Jobs › ")
    first = terminal.text.splitlines()[1]
    terminal.press("]")
    terminal.reads(5.0, until=lambda: terminal.text.splitlines()[1] != first)
    second = terminal.text.splitlines()[1]
    assert second.startswith("Jobs › ") and second != first
    terminal.press("[")
    terminal.reads(5.0, until=lambda: terminal.text.splitlines()[1] == first)
    assert terminal.text.splitlines()[1] == first
    pressed(terminal, "[", "That is the first one.")
    pressed(terminal, "q", "12 loaded")
    pressed(terminal, "-", first.rstrip().split("  ")[0])
    ends(terminal, "\x11")


def test_words_are_found_with_slash_n_and_capital_n_in_help_and_in_lists(start: Start) -> None:
    terminal = opened(start())
    pressed(terminal, "?", "Help › jobs")
    pressed(terminal, "n", "Nothing was looked for yet")
    pressed(terminal, "/the\r", "the: 1 of ")
    found = re.search(r"the: 1 of (\d+)", about(terminal))
    assert found, about(terminal)
    pressed(terminal, "n", f"the: 2 of {found[1]}")
    pressed(terminal, "N", f"the: 1 of {found[1]}")
    pressed(terminal, "N", f"the: {found[1]} of {found[1]}")  # before the first comes the last
    pressed(terminal, f"{ESC}", "Help › jobs")
    pressed(terminal, "q", "12 loaded")
    pressed(terminal, "Q", "all loaded")
    pressed(terminal, "w", "› groups")
    pressed(terminal, "/acme\r", "acme: 1 of ")
    pressed(terminal, "n", "acme: 2 of ")
    ends(terminal, "\x11")


def test_help_opens_in_a_line_with_f1_and_esc_leads_back_to_what_was_typed(start: Start) -> None:
    terminal = opened(start())
    pressed(terminal, "/what?", "what?")
    assert "Help" not in terminal.text, "a question mark is text there"
    pressed(terminal, F1, "Help › jobs", "In the filter", "failed:>0")
    pressed(terminal, ESC, "what?")
    pressed(terminal, " no", "what? no")
    pressed(terminal, ESC, "? help")
    pressed(terminal, "/", "what? no")
    pressed(terminal, ESC, "? help")
    pressed(terminal, ":", "Commands")
    pressed(terminal, F1, "tab completes", "opens its review first")
    pressed(terminal, ESC, "? help")
    ends(terminal, "\x11")


def test_esc_loses_no_mark_and_no_text_and_u_unmarks(start: Start) -> None:
    terminal = opened(start())
    terminal.press("  ")
    terminal.sees("2 marked")
    pressed(terminal, ESC, "2 jobs stay marked", "u unmarks")
    pressed(terminal, "j", "2 marked")
    pressed(terminal, "/inc-47", "inc-47")
    pressed(terminal, ESC, "2 marked")
    pressed(terminal, "/", "inc-47")
    pressed(terminal, "\r", "of 12 loaded", "filter inc-47")
    pressed(terminal, ESC, "12 loaded, ", "2 marked")
    pressed(terminal, "Q", "all loaded")
    pressed(terminal, "   ", "3 marked")
    pressed(terminal, ESC, "12 loaded", "2 marked")
    pressed(terminal, "Q", "3 marked")
    terminal.press("u")
    terminal.loses("3 marked")
    pressed(terminal, "u", "Nothing is marked")
    ends(terminal, "\x11")


def test_fifteen_keys_that_do_nothing_say_so(start: Start) -> None:
    terminal = opened(start())
    listed = terminal.text.splitlines()[4:-2]
    for key in UNANSWERED:
        terminal.press(key)
        terminal.sees(f"{key} does nothing here")
    assert [line[:30] for line in terminal.text.splitlines()[4:-2]] == [line[:30] for line in listed]
    ends(terminal, "\x11")


def test_enter_on_a_canary_sends_nothing_and_a_sends_the_rest(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[plans]\nbatch_size = 10\ncanary = 3\n")
    with answering(Options(quota=0, messages=60, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        terminal = opened(start(on=simulator, MAILSLUICE_CONFIG=str(config)))
        pressed(terminal, "Q", "all loaded")
        pressed(terminal, "/from:acme-news.example\r", "held · from:acme-news.example", "found, all loaded")
        pressed(terminal, "a", " marked", "✓")
        pressed(terminal, "R", "not sent yet", "Reason")
        count = re.search(r"type (\d+) to send", terminal.text)
        assert count is not None
        pressed(terminal, "INC-1\r", "INC-1")
        pressed(terminal, count[1], f"Messages       {count[1]}")
        terminal.submit()
        terminal.sees("A sends the other", "A send the rest")
        for key in ("\r", "y", " ", "l", "\r\r", "yyy"):
            terminal.press(key)
            terminal.answers()
            terminal.press(ESC if "Release › message" in terminal.text else "j")
            terminal.answers()
        assert len(simulator.account.truth.of("release")) == 3, "nothing but A sends the rest"
        if "Release › message" in terminal.text:
            pressed(terminal, ESC, "› plan")
        terminal.submit("A", "A")
        terminal.sees("all sent")
        assert len(simulator.account.truth.of("release")) == int(count[1])


def test_d_asks_for_the_id_and_no_other_answer_deletes(start: Start) -> None:
    with answering(Options(quota=0, messages=60, held=10, faults="none", speed=NO_JOB_ENDS)) as simulator:
        terminal = opened(start(on=simulator))
        pressed(terminal, "/140\r", "1 of 12")
        pressed(terminal, "D", "Delete this job's record?", "To do it, type ")
        asked = re.search(r"To do it, type (\w+) and enter", terminal.text)
        assert asked is not None
        (job,) = [each for each in simulator.account.list_jobs(None, None) if "140 to retry" in str(each["comment"])]
        assert job["job_id"].startswith(asked[1]) and len(asked[1]) == 4
        for answer in ("y", "yes", "1", "D", asked[1][:3], ""):
            terminal.press(f"{answer}\r")
            terminal.sees("Not confirmed: type")
            terminal.press("\x15")
        assert not simulator.account.truth.of("delete_job")
        pressed(terminal, ESC, "Nothing was sent")
        pressed(terminal, "D", "Delete this job's record?")
        pressed(terminal, asked[1], f"and enter: {asked[1]}")
        terminal.submit()
        terminal.sees("deleted")
        assert len(simulator.account.truth.of("delete_job")) == 1


CHANGED = """
[keys]
"job.cancel" = ["f8"]
"prompt.open" = [";"]
"help.open" = ["f1"]
"""


def test_changed_keys_work_everywhere_and_the_old_ones_say_so(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CHANGED)
    terminal = start(MAILSLUICE_CONFIG=str(config))
    terminal.sees("12 loaded", "live", "; commands", "f1 help")
    terminal.press("j")
    terminal.sees("f8 cancel")
    pressed(terminal, "X", "X does nothing here", "f1 shows the keys")
    pressed(terminal, "?", "? does nothing here")
    pressed(terminal, ":", ": does nothing here")
    pressed(terminal, "\x1b[19~", "Cancel this job?")
    pressed(terminal, ESC, "Nothing was sent")
    pressed(terminal, F1, "Help › jobs", "f8")
    pressed(terminal, ESC, "f8 cancel")
    pressed(terminal, ";canc", "f8", "job.cancel")
    pressed(terminal, ESC, "f8 cancel")
    ends(terminal)


def test_view_order_columns_and_theme_come_back_and_marks_do_not(start: Start) -> None:
    terminal = opened(start())
    pressed(terminal, ":theme light\r", "Theme light")
    pressed(terminal, "oo", "ACTION▲")
    pressed(terminal, ":columns\r", "› columns")
    pressed(terminal, "jjj ", "columns · remembered")  # COMP is left out
    pressed(terminal, ESC, "STATUS")
    assert "COMP" not in terminal.text.splitlines()[3]
    pressed(terminal, "5", " 1 loaded")
    pressed(terminal, " ", "1 marked")
    colours = re.findall(rb"48;2;\d+;\d+;\d+", bytes(terminal.raw))[-1]
    pressed(terminal, "q")
    assert terminal.ends() == 0
    again = start()
    again.sees("by action ↑", "ACTION▲")
    assert set(rows(again, under=4)) == {"failed"}
    heading = again.text.splitlines()[3]
    assert "COMP" not in heading and "STATUS" in heading
    assert "marked" not in again.text
    assert colours in bytes(again.raw), "the colours of the theme"
    ends(again)
