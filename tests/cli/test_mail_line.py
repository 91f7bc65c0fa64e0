"""Lines about mails in the review of a command, on a terminal and in a pipe: nothing stands in the place of a sender but a sender."""

import re
from pathlib import Path

import pytest

from tests.support.commands import Run
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.terminal import Terminal
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Simulator

DECEIVING = "ceo@acme.example  Contract renewal"
BLANKS = " " * 600


def chosen(simulator: Simulator, sender: str, subject: str, disposition: str = "SPAM") -> Mail:
    mail = simulator.account.held[0]
    mail.sender, mail.subject, mail.disposition = sender, subject, disposition
    return mail


def on_terminal(simulator: Simulator, home: Path, columns: int, *arguments: str) -> str:
    terminal = Terminal(Program(arguments), environment(home, simulator), columns=columns, lines=50)
    try:
        terminal.ends()
        return terminal.text
    finally:
        terminal.kill()


def test_where_nobody_sent_it_a_word_stands_before_the_subject(run: Run, simulator: Simulator) -> None:
    mail = chosen(simulator, "", DECEIVING)
    sent = run("release", mail.investigate_id, "--plan-only")
    assert f"▸ SPAM  no sender  {DECEIVING}" in sent.stderr
    mail.disposition = "MALICIOUS"
    assert f"(MALICIOUS) no sender {DECEIVING}" in run("release", mail.investigate_id, "--plan-only").stderr
    preview = ("--action", "release", "--query", DECEIVING, "--preview")
    assert f"\n  no sender  {DECEIVING}" in run("create", *preview).stderr
    named = run("release", "--from", "-", "--plan-only", stdin=f"Message-ID: {mail.header_id}\n")
    assert f", from no sender {DECEIVING}" in named.stderr


def test_a_sender_that_can_t_be_read_is_told_to_be_one(run: Run, simulator: Simulator) -> None:
    mail = chosen(simulator, DECEIVING, "Hello")
    sent = run("release", mail.investigate_id, "--plan-only", "--include-odd")
    assert "▸ SPAM  (no readable domain) ceo@acme.example Contract renewal  Hello" in sent.stderr


@pytest.mark.parametrize("columns", [80, 60, 200])
@pytest.mark.parametrize("disposition", ["SPAM", "MALICIOUS"])
def test_on_a_terminal_no_domain_of_a_sender_is_cut(
    simulator: Simulator, tmp_path: Path, columns: int, disposition: str
) -> None:
    mail = chosen(simulator, f'"{DECEIVING}{BLANKS}"@login.evil.test', "Hello " * 50, disposition)
    text = on_terminal(simulator, tmp_path, columns, "release", mail.investigate_id, "--plan-only")
    (row,) = [line for line in text.splitlines() if "Hello" in line]
    assert re.search(r"@login\.evil\.test +Hello .*…$", row), text
    assert len(row) == columns
    assert row.startswith("  ▸ SPAM  " if disposition == "SPAM" else ("    ▸ ", "Held back: ")), text


def test_in_a_pipe_blanks_push_no_domain_away(run: Run, simulator: Simulator) -> None:
    mail = chosen(simulator, f'"{DECEIVING}{BLANKS}"@evil.test', "Hello")
    assert re.search(r"▸ SPAM  \S.*@evil\.test  Hello\n", run("release", mail.investigate_id, "--plan-only").stderr)


@pytest.mark.parametrize("columns", [90, 160])
def test_a_list_of_mail_cuts_a_sender_before_its_domain(simulator: Simulator, tmp_path: Path, columns: int) -> None:
    chosen(simulator, f'"{DECEIVING}{BLANKS}"@evil.test', "Hello")
    text = on_terminal(simulator, tmp_path, columns, "quarantine", "--limit", "1")
    assert re.search(r"…@evil\.test(  Hello|…$)", text.splitlines()[1]), text
