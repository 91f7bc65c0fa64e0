"""The screens of a release at 80x24, in a real terminal: paused, stopped, gone on with, looked up, drifted, tried again."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.accounts import answering
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.simulator.jobs import DONE, Ending
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator

BATCH, CANARY = 10, 5
REASON = "INC-4802"
CLEARED, SHIFT_TAB, ESC, CTRL_Q = "\x15", "\x1b[Z", "\x1b", "\x11"

Account = Callable[..., Simulator]
Console = Callable[[Simulator], Terminal]


@pytest.fixture
def account() -> Iterator[Account]:
    with ExitStack() as stack:

        def account(**changes: object) -> Simulator:
            options = Options(**{"quota": 0, "messages": 60, "held": 60, "latency_ms": 100, **changes})  # type: ignore[arg-type]
            return stack.enter_context(answering(options))

        yield account


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """The console in a folder of its own, on a state that outlives it."""
    opened: list[Terminal] = []
    config = tmp_path / "config.toml"
    config.write_text(f"[plans]\nbatch_size = {BATCH}\ncanary = {CANARY}\n")

    def start(simulator: Simulator) -> Terminal:
        variables = environment(tmp_path, simulator, MAILSLUICE_CONFIG=str(config))
        opened.append(Terminal(Program(), variables, folder=tmp_path))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.kill()


def of_verdict(simulator: Simulator, *verdicts: str) -> list[Mail]:
    return [mail for mail in simulator.account.held if mail.disposition in verdicts]


def sent(simulator: Simulator) -> Counter[str]:
    """How often each message was named in a release that reached the server."""
    return Counter(entry["id"] for entry in simulator.account.truth.of("release"))


def reviewed(terminal: Terminal, line: str) -> int:
    """Search, mark what the guard lets through, open the review; how many messages that are."""
    terminal.sees("12 loaded", "live")
    terminal.press("Q")
    terminal.sees("all loaded")
    terminal.press("/")
    terminal.sees("words from:")
    terminal.press(f"{line}\r")
    terminal.sees(f"held · {line}", "found, all loaded")
    terminal.press("a")
    terminal.sees(" marked", "✓")
    terminal.press("R")
    terminal.sees("not sent yet", "to send")
    return to_type(terminal)


def to_type(terminal: Terminal) -> int:
    """The number that the review asks for."""
    (line,) = (line for line in terminal.text.splitlines() if line.lstrip().startswith("Messages"))
    wanted = line.split("type ")[1].split(" ")[0]
    return 1 if wanted == "y" else int(wanted)


def given(terminal: Terminal, reason: str) -> None:
    """Type the reason, and come to the number."""
    terminal.press(reason)
    terminal.sees(f"Reason         {reason}")
    terminal.press("\r")
    terminal.answers()


def confirmed(terminal: Terminal, number: int) -> None:
    """Give the reason and the number."""
    given(terminal, REASON)
    terminal.press(f"{number}")
    terminal.sees(f"Messages       {number}")
    terminal.submit()


def test_a_pause_holds_after_the_request_in_flight_and_enter_sends_nothing(account: Account, console: Console) -> None:
    simulator = account(held=90)
    terminal = console(simulator)
    number = reviewed(terminal, "from:acme-news.example")
    confirmed(terminal, number)
    terminal.sees("check them", f"{CANARY} of {number}")
    terminal.press("p")
    terminal.sees("The plan already waits")
    terminal.submit("A", "A")
    terminal.sees("running")
    terminal.press("p")
    terminal.sees("paused", "A send the rest")
    reached = sum(sent(simulator).values())
    assert CANARY < reached < number
    terminal.sees(f"{reached} of {number}", "not sent")
    terminal.press("?")
    terminal.sees("Help › plan")
    terminal.press(ESC)
    terminal.sees("paused")
    assert sum(sent(simulator).values()) == reached, "nothing goes out while it is paused"
    terminal.press("\r")
    terminal.sees("Release › message", "read ")
    terminal.press(ESC)
    terminal.sees("paused")
    assert sum(sent(simulator).values()) == reached, "enter opens a message, and sends nothing"
    terminal.submit("A", "A")
    terminal.sees("all sent", f"{number} of {number}")
    assert set(sent(simulator).values()) == {1}
    terminal.press("H")
    terminal.sees("Ledger", "1 plan", "finished")
    terminal.press("\r")
    terminal.sees(f"{number} of {number}")
    terminal.press("H")
    terminal.sees("Ledger", "1 plan", "finished")  # back to the one below
    assert len(sent(simulator)) == number


def test_enter_on_the_first_ones_and_on_a_plan_that_opens_the_console_sends_nothing(
    account: Account, console: Console
) -> None:
    simulator = account(held=90)
    terminal = console(simulator)
    number = reviewed(terminal, "from:acme-news.example")
    confirmed(terminal, number)
    terminal.sees("check them", f"{CANARY} of {number}", "A send the rest")
    first = sent(simulator)
    assert sum(first.values()) == CANARY
    for key in ("g", "G"):
        terminal.press(f"{key}\r\r\ry\r")
        terminal.sees("Release › message", "read ")
        terminal.press(ESC)
        terminal.sees("check them", f"{CANARY} of {number}")
    assert sent(simulator) == first, "enter opens a message"
    terminal.press("S")
    terminal.sees("stopped", f"{number - CANARY} not sent")
    terminal.press(CTRL_Q)
    assert terminal.ends() == 0

    terminal = console(simulator)
    terminal.press("\r\r\ry\r")  # typed behind the command's own enter, before there was anything to see
    terminal.sees("Release › ")
    terminal.press("?")
    terminal.sees("Help › ")
    terminal.press("q")
    terminal.loses("Help › ")
    terminal.sees("Release › ")
    if "Release › message" in terminal.text:
        terminal.press(ESC)
    terminal.sees("unfinished", f"{CANARY} of {number}", "A send the rest")
    terminal.press("\r\r\r")
    terminal.sees("Release › message", "read ")
    terminal.press(ESC)
    terminal.sees("unfinished", f"{CANARY} of {number}")
    assert sent(simulator) == first
    terminal.press("A")
    terminal.sees("Send the rest of this plan?", f"{number - CANARY} messages to send")
    terminal.press("\r")
    terminal.sees(f"Not confirmed: type {number - CANARY}")
    assert sent(simulator) == first, "enter alone confirms nothing"
    terminal.press(ESC)
    terminal.sees("Nothing was sent.", "unfinished")
    assert sent(simulator) == first


def test_what_was_stopped_comes_first_at_the_next_start_and_goes_on_when_its_number_was_typed(
    account: Account, console: Console
) -> None:
    simulator = account(held=90)
    terminal = console(simulator)
    number = reviewed(terminal, "from:acme-news.example")
    confirmed(terminal, number)
    terminal.sees("check them")
    terminal.submit("A", "A")
    terminal.sees("running")
    terminal.press("S")
    terminal.sees("stopped", "A send the rest")
    reached = sum(sent(simulator).values())
    assert 0 < reached < number
    terminal.sees(f"{reached} of {number}", f"{number - reached} not sent")
    terminal.press(CTRL_Q)
    assert terminal.ends() == 0
    terminal.says(f"{number - reached} not sent. Unfinished: open the console again, or mailsluice ledger resume")

    terminal = console(simulator)
    terminal.sees("Release › plan", "unfinished", f"{reached} of {number}", f"{number - reached} not sent", REASON)
    terminal.press("\r")
    terminal.sees("Release › message")
    terminal.press(ESC)
    terminal.sees("unfinished")
    terminal.press(ESC)
    terminal.sees("12 loaded", "live")
    terminal.press("H")
    terminal.sees("Ledger", "1 plan, 1 unfinished", "? unfinished", REASON)
    terminal.press("\r")
    terminal.sees("Release › plan", "unfinished", "A send the rest")
    assert sum(sent(simulator).values()) == reached, "looking sends nothing"
    terminal.press("A")
    terminal.sees("Send the rest of this plan?", f"{number - reached} messages to send")
    terminal.press(f"{number}\r")
    terminal.sees(f"Not confirmed: type {number - reached}")
    assert sum(sent(simulator).values()) == reached, "another number sends nothing"
    terminal.press(f"{CLEARED}{number - reached}")
    terminal.submit()
    terminal.sees("all sent", f"{number} of {number}")
    assert set(sent(simulator).values()) == {1}
    assert len(sent(simulator)) == number
    terminal.press(ESC)
    terminal.sees("Ledger", " finished")
    terminal.press("V")
    terminal.sees("1 journal, whole; head ")
    terminal.press(CTRL_Q)
    assert terminal.ends() == 0

    terminal = console(simulator)
    terminal.sees("Ledger", " finished", "As it was left. esc leads to the jobs.")
    terminal.press(ESC)
    terminal.sees("12 loaded", "live")


def test_an_a_that_was_typed_before_the_first_ones_were_there_sends_nothing(account: Account, console: Console) -> None:
    simulator = account(held=90)
    terminal = console(simulator)
    number = reviewed(terminal, "from:acme-news.example")
    given(terminal, REASON)
    terminal.press(f"{number}")
    terminal.sees(f"Messages       {number}")
    terminal.submit()
    terminal.sees("reason: ")
    terminal.press("A" * 5)
    terminal.sees("first messages sent")
    terminal.press("jA")  # in one go: nobody looked between the two
    terminal.says("look at what was sent, then press A again")
    assert sum(sent(simulator).values()) == CANARY


def test_ids_of_a_ticket_are_understood_looked_up_and_reviewed(
    account: Account, console: Console, tmp_path: Path
) -> None:
    simulator = account(latency_ms=0)
    bulk, (bad, *_) = of_verdict(simulator, "BULK"), of_verdict(simulator, "MALICIOUS")
    simulator.account.release({"ids": [bulk[0].investigate_id]})
    nowhere = f"4NZZZZZZZZZZZZ00-{bulk[0].scanned[:19]}-99"
    ticket = [
        "Hi, please let these go, thanks, Ana",
        json.dumps({"id": bulk[1].investigate_id, "postfix_id": bulk[1].postfix_id}),
        f"Nov 20 12:00:01 mx1 postfix/qmgr[123]: {bulk[2].postfix_id}: removed",
        bulk[1].investigate_id,
        f"and {bad.investigate_id}, {nowhere}?",
        "order 9912345678901",
        "id,subject",
        f'"{bulk[0].investigate_id}","Weekly digest {bulk[6].investigate_id}"',
    ]
    more = tmp_path / "more.txt"
    more.write_text("\n".join(mail.investigate_id for mail in bulk[3:6]))
    terminal = console(simulator)
    terminal.sees("12 loaded", "live")
    terminal.press("I")
    terminal.sees("0 ids, not sent")
    terminal.press(f"\x1b[200~{chr(13).join(ticket)}\x1b[201~")
    terminal.sees("5 ids, not sent", "Repeated: 1 id (line 4)", "Not an id: '9912345678901' (line 6)")
    terminal.press("no-such-file.txt\r")
    terminal.sees("'no-such-file.txt' is neither an id nor a file", "5 ids, not sent")
    terminal.press("more.txt\r")
    terminal.sees("8 ids, not sent")
    terminal.press("\r")
    terminal.sees("not sent yet", "5 messages")
    for words in ("1 already released", "1 MALICIOUS", "1 not found"):
        terminal.says(words)

    terminal.press(SHIFT_TAB + "MALICOUS\r")
    terminal.says("Nothing is held back under MALICOUS")
    assert to_type(terminal) == 5
    terminal.press(CLEARED)
    terminal.answers()
    terminal.press("MALICIOUS ODD\r")
    terminal.sees("6 messages", "Included by name, sent last: 1 MALICIOUS", "1 odd goes out: ODD was given")
    confirmed(terminal, 6)
    terminal.sees("all sent", "6 of 6")
    wanted = [mail.investigate_id for mail in (*bulk[:6], bad)]
    assert sent(simulator) == Counter(wanted), "what was released before once, by whoever did it; the unknown one never"


def test_without_the_word_malicious_mail_stays_held(account: Account, console: Console) -> None:
    simulator = account(latency_ms=0)
    terminal = console(simulator)
    terminal.sees("12 loaded", "live")
    terminal.press("Q")
    terminal.sees("all loaded", "▲ MALICIOUS")
    terminal.press(" " * 6)
    terminal.sees("6 marked")
    terminal.press("R")
    terminal.sees("5 messages", "Held back by the guard: 1 MALICIOUS", "not sent yet")
    confirmed(terminal, 5)
    terminal.sees("all sent", "5 of 5")
    (bad, *_) = of_verdict(simulator, "MALICIOUS")
    assert len(sent(simulator)) == 5
    assert bad.investigate_id not in sent(simulator)


@pytest.mark.long  # every run has its steps in tests/screens/test_review.py
def test_what_was_released_by_somebody_else_meanwhile_is_shown_and_the_number_asked_for_anew(
    account: Account, console: Console
) -> None:
    simulator = account(latency_ms=20)
    terminal = console(simulator)
    number = reviewed(terminal, "from:acme-news.example")
    gone = of_verdict(simulator, "BULK")[2]
    simulator.account.release({"ids": [gone.investigate_id]})
    confirmed(terminal, number)
    terminal.sees(f"Not sent: type {number - 1} for the rest", "Left the plan: 1 ", f"{number - 1} messages")
    assert sum(sent(simulator).values()) == 1, "only what somebody else did"
    terminal.press(f"{number}\r")
    terminal.sees(f"Not sent: type {number - 1}")
    terminal.press(f"{CLEARED}{number - 1}")
    terminal.submit()
    terminal.sees("check them", f"{CANARY} of {number - 1}")
    terminal.submit("A", "A")
    terminal.sees("all sent", f"{number - 1} of {number - 1}")
    assert set(sent(simulator).values()) == {1}
    assert len(sent(simulator)) == number


@pytest.mark.long
def test_failed_rows_of_a_job_are_looked_up_and_released(account: Account, console: Console) -> None:
    simulator = account(speed=1000.0, latency_ms=0)
    params = {"sender": "acme-news.example", "delivery_status": "quarantined", "detections_only": False}
    created = simulator.account.create_job({"action": "RELEASE", "search_params": params, "comment": "by job"})
    gone = Ending("FAILED", "Mailbox not found for recipient", 1)
    job = replace(simulator.account.jobs[created["job_id"]], ending=lambda index: gone if index < 3 else DONE)
    simulator.account.jobs[job.job_id] = job
    failed = {job.target(index).mail.investigate_id for index in range(3)}
    terminal = console(simulator)
    terminal.sees("13 loaded", "live")
    terminal.press("g\r")
    terminal.sees("Jobs › release", "completed", "by job")
    terminal.press("5")
    terminal.sees("3 loaded", "✖ failed")
    terminal.press("a")
    terminal.sees("3 marked")
    terminal.press("R")
    terminal.sees(f"{len(failed)} ids, not sent")
    terminal.press("\r")
    terminal.sees("not sent yet", f"{len(failed)} messages")
    before = sent(simulator)
    confirmed(terminal, len(failed))
    terminal.sees("all sent", f"{len(failed)} of {len(failed)}")
    assert sent(simulator) - before == Counter(failed)


@pytest.mark.long
def test_what_failed_is_tried_again_in_a_plan_of_its_own_and_both_are_reported(
    account: Account, console: Console, tmp_path: Path
) -> None:
    simulator = account(faults="partial@release#1", latency_ms=0)
    chosen = [mail for mail in simulator.account.held if len(mail.recipients) == 1][:3]
    terminal = console(simulator)
    terminal.sees("12 loaded", "live")
    terminal.press("I")
    terminal.sees("0 ids, not sent")
    terminal.press(f"\x1b[200~{' '.join(mail.investigate_id for mail in chosen)}\x1b[201~")
    terminal.sees("3 ids, not sent")
    terminal.press("\r")
    terminal.sees("not sent yet", "3 messages")
    confirmed(terminal, 3)
    terminal.sees("3 of 3", "1 delivered", "1 undelivered", "1 failed", "R retry failed", "E report")
    assert_reported(terminal, tmp_path, {"delivered": 1, "undelivered": 1, "failed": 1})
    terminal.press("R")
    terminal.sees("1 id, not sent")
    terminal.press("\r")
    terminal.sees("not sent yet", "1 message ")
    confirmed(terminal, 1)
    terminal.sees("1 of 1", "1 delivered")
    assert_reported(terminal, tmp_path, {"delivered": 1})
    assert sent(simulator) == Counter([mail.investigate_id for mail in chosen] + [chosen[2].investigate_id])
    assert not any(mail.quarantined for mail in chosen)


def assert_reported(terminal: Terminal, folder: Path, sums: dict[str, int]) -> None:
    """`E` writes three files; each has every id of the plan, and the sums are those of the rows."""
    before = set(folder.glob("plan-*"))
    terminal.press("E")
    terminal.sees("Written here: plan-")
    written = {path.suffix: path for path in set(folder.glob("plan-*")) - before}
    assert set(written) == {".md", ".csv", ".json"}
    report = json.loads(written[".json"].read_text())
    assert report["sums"] == sums
    assert report["sums_add_up"] is True
    ids = sorted(row["id"] for row in report["results"])
    assert len(set(ids)) == len(ids) == sum(sums.values()) == report["messages"]
    with written[".csv"].open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["id"] for row in rows) == ids
    assert Counter(row["outcome"] for row in rows) == sums
    words = written[".md"].read_text()
    assert all(words.count(f"| {name} |") == 1 for name in ids)
    assert f"| **all** | **{len(ids)}** |" in words
