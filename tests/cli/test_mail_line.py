"""Lines about mails in the review of a command, on a terminal and in a pipe: nothing stands in the place of a sender but a sender."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.commands import Run
from tests.support.environment import environment
from tests.support.forker import Program
from tests.support.pasted import ONE, VICTIM
from tests.support.standard_error import written_on
from tests.support.terminal import Terminal
from tui_app.cli.mail_line import print_mail
from tui_app.core.text import Untrusted
from tui_app.plans.ids import parse_ids
from tui_app.plans.plan import Target
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
    one_blank = " ".join(DECEIVING.split())
    assert f"▸ SPAM  no sender  {one_blank}" in sent.stderr, "two blanks stand where we put them"
    mail.disposition = "MALICIOUS"
    assert f"(MALICIOUS) no sender {one_blank}" in run("release", mail.investigate_id, "--plan-only").stderr
    preview = ("--action", "release", "--query", DECEIVING, "--preview")
    assert f"\n    ▸  no sender  {one_blank}" in run("create", *preview).stderr
    named = run("release", "--from", "-", "--plan-only", stdin=f"Message-ID: {mail.header_id}\n")
    assert f", from no sender {one_blank}" in named.stderr


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


LONG_NAME = f"<{'a' * 300}@evil.test>"
SAID = [
    "  ▸ SPAM",
    f"Left out: {ONE} (not held)",
    f"Held back, odd: {ONE} (like acme.example: one letter more; no mail of this domain was seen before, MALICIOUS)",
    f"▸ <short@evil.test> is {ONE}  MALICIOUS, from",
    f"▸ {LONG_NAME} is {ONE}  MALICIOUS, from",
]


def rows_on(columns: int, said: str, target: Target, between: str = " ") -> list[str]:
    return written_on(columns, lambda: print_mail(said, target, between)).splitlines()


@given(
    st.sampled_from(SAID),
    st.integers(60, 130),
    st.integers(1, 140),
    st.sampled_from(["x@{}", "{}", "Ana <ana@{}>", '"ceo@acme.example  Hi" <x@{}>']),
    st.sampled_from(["", "?", f"see {VICTIM} " * 9]),
    st.sampled_from([" ", "  "]),
)
def test_on_a_terminal_what_we_say_and_the_domain_are_whole(
    said: str, columns: int, letters: int, form: str, subject: str, between: str
) -> None:
    domain = ".".join(["a" * 50] * (letters // 50) + ["a" * (letters % 50 + 1), "test"])
    sender = Untrusted(form.format(domain))
    rows = rows_on(columns, said, Target("4N", sender=sender, subject=Untrusted(subject)), between)
    assert all(cell_len(row) <= columns for row in rows)
    assert all(re.match(r"    ▸ \S", row) for row in rows[1:])
    words = [word for row in rows for word in row.split() if word != "▸"]
    ours = [word for word in said.split() if word != "▸"]
    assert [word for word in words if "aaaa" not in word][: len(ours) - (LONG_NAME in said)] == [
        word for word in ours if word != LONG_NAME
    ]
    if LONG_NAME in said:
        assert re.fullmatch(r"<a+…a+@evil\.test>", words[0])
    if form != "{}":
        kept = f"@{domain}" if len(f"    ▸ …@{domain}>") <= columns else domain[-columns // 2 :]
        assert any(re.search(rf"{kept}>?( |$)", row) for row in rows), rows
    assert set(parse_ids(["please", "", *rows]).ids) <= {ONE}


@pytest.mark.parametrize("said", SAID[:2])
def test_a_subject_takes_no_letter_of_a_domain_of_any_length(said: str) -> None:
    for letters in range(1, 69):
        domain = f"{'a' * letters}.test"
        target = Target("4N", sender=Untrusted(f"x@{domain}"), subject=Untrusted("Hello"))
        assert re.search(rf"[@…]{domain}( |$)", rows_on(80, said, target)[-1]), letters


def test_of_a_mail_of_which_nothing_is_known_no_empty_row_is_told() -> None:
    said = f"Held back: {ONE} (not found (unchecked))"
    target = Target(ONE, checked=False)
    for columns in range(20, 100):
        rows = rows_on(columns, said, target)
        assert all(re.search(r"[\w(]", row) for row in rows), rows
        if columns >= len(said):
            assert rows == [said]


def test_out_of_a_pasted_line_no_mail_of_its_subject_is_taken(run: Run, simulator: Simulator) -> None:
    mail = chosen(simulator, DECEIVING, f"see {VICTIM}")
    told = run("release", "--from", "-", "--plan-only", "--include-odd", stdin=f"Message-ID: {mail.header_id}\n").stderr
    told += run("create", "--action", "release", "--query", VICTIM, "--preview").stderr
    lines = [line for line in told.splitlines() if VICTIM in line]
    assert {line.split()[1] for line in lines} >= {"To", "SPAM", mail.header_id, "(no"}, told
    for line in lines:
        assert VICTIM not in parse_ids(["please", "", line]).ids, line
