"""The story of 1,200 held mails: three look like the others, they are found and read, and the rest goes out and is reported."""

from pathlib import Path

from tests.pty.test_story import HELD, RIDING_ALONG, TO_RELEASE, WHOLLY_RELEASED, operator_at, released
from tui_app.simulator.server import Options, Simulator, running

MOST_KEYS = 25
ODD = "news@acme-news.exampIe"


def requests(account: Simulator, endpoint: str) -> int:
    return sum(entry["endpoint"] == endpoint for entry in account.wire())


def test_three_look_alikes_among_1200_are_found_read_and_left_and_the_rest_is_released_and_reported(
    tmp_path: Path,
) -> None:
    with (
        running(Options(seed=WHOLLY_RELEASED, held=HELD, faults="none")) as account,
        operator_at(account, tmp_path) as operator,
    ):
        operator.terminal.sees("12 loaded", "live")
        operator.press("Q", "all loaded")
        operator.press("w", f"{RIDING_ALONG} odd ones", "≠ like acme-news.example: I for l")
        operator.press("\r", f"1/{RIDING_ALONG}", "≈ like acme-news.example: I for l", "SPF fail", "held  read ")
        assert requests(account, "message") == 1
        operator.press("2", "Lookalike of acme-news.example", "0.97", "Link to a credential form")
        operator.press("3", "host           evil.example", "what stands before @ is a user name")
        assert requests(account, "detections") == 1, "why and links are made of one answer"
        operator.press("]", f"2/{RIDING_ALONG}")
        operator.press("]", f"3/{RIDING_ALONG}")
        operator.press("\x1b", "Quarantine › groups")
        operator.press("j")
        operator.press(" ", "marked.")
        operator.press(" ", f"{TO_RELEASE:,} in all")
        operator.press("R", f"{TO_RELEASE:,} messages", f"from {TO_RELEASE:,} acme-news.example", "not sent yet")
        operator.type("INC-4802 newsletter held by mistake")
        operator.press("\r")
        operator.terminal.answers()
        operator.type(f"{TO_RELEASE}", f"Messages       {TO_RELEASE}")
        operator.submit("check them", "A send the rest")
        operator.sends_on("all sent", f"{TO_RELEASE:,} of {TO_RELEASE:,}")
        operator.press("B", "Which verdict should", "1  NONE")
        operator.press("1", "Report these to Cloudflare?")
        count = sum(bool(entry["delivered"]) for entry in account.account.truth.of("release"))
        operator.type(f"{count}", f"and enter: {count}")
        operator.submit("reported", f"{count:,} accepted")
        assert operator.keys <= MOST_KEYS
        print(f"\n{operator.keys} keys, {operator.text} characters of text")
        wanted = {mail.investigate_id for mail in account.account.held[:HELD] if mail.sender != ODD}
        assert sorted(released(account)) == sorted(wanted)
        impostors = [mail for mail in account.account.held if mail.sender == ODD]
        assert len(impostors) == RIDING_ALONG
        assert all(mail.quarantined for mail in impostors)
        submitted = account.account.truth.of("submission")
        assert {entry["type"] for entry in submitted} == {"reclassification"}
        assert {entry["expected"] for entry in submitted} == {"NONE"}
        assert all(entry["accepted"] for entry in submitted)
        assert len(submitted) == len({entry["id"] for entry in submitted}) == count
