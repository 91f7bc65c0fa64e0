"""`mail` and `quarantine`: a search line as it is typed on the screen, in place of options."""

import json
from collections.abc import Iterator

import pytest

from tests.support.commands_here import run_here
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=60, held=120, faults="none")) as simulator:
        yield simulator


def ids(simulator: Simulator, *arguments: str) -> list[str]:
    code, printed, said = run_here(simulator, *arguments, "--format", "ndjson")
    assert code == 0, said
    return sorted(json.loads(line)["id"] for line in printed.splitlines())


@pytest.mark.parametrize(
    ("line", "options"),
    [
        (("from:acme-news.example", "verdict:bulk"), ("--sender", "acme-news.example", "--final-disposition", "BULK")),
        (("from:acme-news.example verdict:bulk",), ("--sender", "acme-news.example", "--final-disposition", "BULK")),
        (("subject:Weekly digest", "7d"), ("--subject", "Weekly digest")),
        (("detections",), ("--detections-only",)),
    ],
)
def test_a_line_finds_what_the_options_find(
    account: Simulator, line: tuple[str, ...], options: tuple[str, ...]
) -> None:
    found = ids(account, "quarantine", *line)
    assert found == ids(account, "quarantine", *options)
    assert found


def test_a_line_of_all_mail_may_ask_for_held_mail_alone(account: Simulator) -> None:
    assert ids(account, "mail", "delivery:held", "7d") == ids(account, "quarantine")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mail", "verdict:NICE", "from:a.example"), "It is about: verdict:NICE. Nothing was sent."),
        (("quarantine", 'subject:"two'), "A quotation mark is not closed."),
        (("mail", "from:a.example", "--sender", "b.example"), "a search line, or options, not both"),
        (("quarantine", "from:a.example", "--detections-only"), "a search line, or options, not both"),
        (("mail", "from:a.example", "--delivery", "DELIVERED"), "a search line, or options, not both"),
    ],
)
def test_a_line_that_makes_no_sense_sends_nothing(account: Simulator, arguments: tuple[str, ...], said: str) -> None:
    before = len(account.wire())
    code, _, told = run_here(account, *arguments)
    assert (code, said in told) == (2, True), told
    assert len(account.wire()) == before
