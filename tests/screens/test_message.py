"""A message in parts: what each shows, what it costs, and what can be done from there."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.clock import ManualClock, StillClock
from tests.support.message_screen import MOMENT, asked, case, files_in, listed, odd_account, opened, sentence, turn
from tests.support.screens import console_on, held_open
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.api.rows import Message
from tui_app.core.text import Untrusted
from tui_app.mail.part_text import PartLine
from tui_app.screens.mail import part_view
from tui_app.screens.mail.message import MessageScreen
from tui_app.screens.mail.part_view import RowLines, with_row
from tui_app.screens.mail.siblings import MessageRef
from tui_app.simulator.mail import Mail, stable_hash
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with odd_account() as simulator:
        yield simulator


# ---- requests


async def test_opening_costs_one_request_and_each_part_one_and_none_is_asked_for_twice(account: Simulator) -> None:
    async with listed(account, "charset", "utf-8") as console:
        before = asked(account)
        await console.press("enter")
        await console.sees("read 12:00:00", "Grüße", "1/1")
        assert asked(account) - before == {"message": 1}
        for key in "1234567":
            await turn(console, key)
        once = {"message": 1, "detections": 1, "trace": 1, "action_log": 1, "raw": 1}
        assert asked(account) - before == once
        for key in "7654321724":
            await turn(console, key)
        assert asked(account) - before == once, "turning back and forth asks nothing"
        await turn(console, "r")
        assert asked(account) - before == {**once, "trace": 2}, "r asks for this part again"


@pytest.mark.parametrize(
    ("key", "method", "endpoint"), [("2", "get_detections", "detections"), ("7", "get_raw", "raw")]
)
async def test_a_part_that_is_left_before_its_answer_is_asked_for_again_when_somebody_comes_back(
    account: Simulator, monkeypatch: pytest.MonkeyPatch, key: str, method: str, endpoint: str
) -> None:
    async with opened(account, case(account, "adjacent-words")) as console:
        before = asked(account)
        gate = held_open(monkeypatch, EmailSecurityClient, method)
        await console.press(key)
        await console.until(lambda: asked(account) - before == {endpoint: 1}, "asked")
        await console.sees("reading…")
        await turn(console, "1")
        gate.set()
        await console.sees("odd@corpus.example")
        assert "reading" not in await console.settles()
        await turn(console, key)
        assert asked(account) - before == {endpoint: 2}, "the first answer was thrown away"


async def test_a_trace_that_is_not_whole_is_asked_for_again_until_it_is(account: Simulator) -> None:
    clock = ManualClock()
    slow = [mail for mail in account.account.held if stable_hash(mail.number, 21) % 4 == 0]
    async with opened(account, slow[0], clock=clock) as console:
        before = asked(account)
        await console.press("4")
        await console.sees("more lines are on their way", "scanned, disposition")
        await clock.advance(1.9)
        assert asked(account) - before == {"trace": 1}
        await clock.advance(0.2)
        await console.loses("more lines are on their way")
        await console.sees("no lines")
        await clock.advance(100)
        assert asked(account) - before == {"trace": 2}, "it is whole"


async def test_a_trace_that_nobody_looks_at_is_not_asked_for(account: Simulator) -> None:
    clock = ManualClock()
    slow = [mail for mail in account.account.held if stable_hash(mail.number, 21) % 4 == 0]
    async with opened(account, slow[1], clock=clock) as console:
        await console.press("4")
        await console.sees("more lines are on their way")
        await turn(console, "1")
        before = asked(account)
        await clock.advance(100)
        assert asked(account) == before


# ---- a list


async def test_brackets_go_along_the_list_in_the_part_that_is_shown_and_the_cursor_goes_along(
    account: Simulator,
) -> None:
    async with listed(account, "charset") as console:
        await console.press("enter")
        await console.sees("1/21", "read 12:00:00")
        before = asked(account)
        await turn(console, "6")
        for place in (2, 3):
            await console.press("right_square_bracket")
            await console.sees(f"{place}/21", "read 12:00:00", "Subject:")
        await console.press("left_square_bracket", "left_square_bracket")
        await console.sees("1/21", "read 12:00:00")
        await console.press("left_square_bracket")
        await console.sees("That is the first one.", "1/21")
        assert (asked(account) - before).keys() == {"detections"}, "the list knows the rest"
        await console.press("right_square_bracket", "escape")
        await console.sees("21 found")
        assert console.app.screen.query_one("#table").cursor_row == 1  # type: ignore[attr-defined]


async def test_a_message_without_a_list_says_so(account: Simulator) -> None:
    async with opened(account, case(account, "no-closing")) as console:
        await console.press("right_square_bracket")
        await console.sees("was not opened from a list")


# ---- saving


async def test_each_part_is_saved_as_a_new_file_that_tab_gives_a_kind(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mail = case(account, "adjacent-words")
    async with opened(account, mail) as console:
        for _ in range(2):
            await turn(console, "7")
            for tabs in range(4):
                await console.press("E")
                await console.sees("enter writes")
                await console.press(*["tab"] * tabs)
                await console.sees("enter writes")
                await console.press("enter")
                await console.sees("Written: message-")
                await console.press("1")
                await console.loses("Written")
                await turn(console, "7")
    begin = f"message-{mail.investigate_id[:16]}"
    kinds = (".eml", ".json", ".txt", ".png")
    files = {name: data for name, data, _ in files_in(tmp_path)}
    assert files.keys() == {f"{begin}{more}{kind}" for kind in kinds for more in ("", "-2")}
    assert {mode for _, _, mode in files_in(tmp_path)} == {0o600}
    assert mail.evidence is not None
    assert files[f"{begin}.eml"].decode() == mail.evidence.raw
    assert files[f"{begin}.png"].startswith(b"\x89PNG")
    assert b"onetwo three four" in files[f"{begin}.txt"]


async def test_a_file_that_is_there_is_not_written_over_and_a_name_must_say_its_kind(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept.json").write_text("kept")
    async with opened(account, case(account, "adjacent-words")) as console:
        await console.press("E", "ctrl+u")
        await console.type("message.exe")
        await console.press("enter")
        await console.sees("it must end in .eml, .json, .txt or .png.")
        await console.press("ctrl+u")
        await console.type("kept.json")
        await console.press("enter")
        await console.sees("kept.json")
        await console.loses("Saving")
        assert (tmp_path / "kept.json").read_text() == "kept"


async def test_what_could_not_be_read_is_not_saved(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(account, case(account, "adjacent-words")) as console:
        gate = held_open(monkeypatch, EmailSecurityClient, "get_detections")
        await console.press("2")
        await console.sees("reading…")
        await console.press("E", "enter")
        await console.sees("Saving message-")
        gate.set()
        await console.sees("Written: message-")
    ((_, data, _),) = files_in(tmp_path)
    assert b"Odd form" in data
    assert b"reading" not in data


# ---- what can't be had


@pytest.mark.parametrize("key", ["2", "7"])
async def test_without_the_role_for_personal_data_a_part_says_so(key: str) -> None:
    with running(Options(quota=0, messages=20, held=10, pii=False), clock=lambda: MOMENT) as simulator:
        async with opened(simulator, simulator.account.held[0]) as console:
            await console.press(key)
            await console.sees("not to be had", "! tells more")
            await console.until(lambda: "Cloudflare Zero Trust PII" in sentence(console))
            await turn(console, "4")
            await console.sees("inbound")


async def test_a_message_that_is_not_there_and_one_whose_contents_are_gone() -> None:
    with running(Options(quota=0, messages=20, held=2200, retention=1), clock=lambda: MOMENT) as simulator:
        old = simulator.account.held[2199]
        async with opened(simulator, old) as console:
            for key in "367":
                await console.press(key)
                await console.sees("not to be had")
                await console.until(lambda: "contents are kept for a limited time" in sentence(console))
        async with console_on(settings_for(simulator), clock=StillClock(MOMENT)) as console:
            reference = MessageRef(id=Untrusted(old.investigate_id[:-3] + "999"))
            console.app.push_screen(MessageScreen(console.app.service, reference))
            await console.until(lambda: "does not have this message" in sentence(console))


async def test_clean_mail_has_no_detection_and_says_so(account: Simulator) -> None:
    clean = next(mail for mail in account.account.campaign if not mail.is_detection)
    async with opened(account, clean) as console:
        for key in "27":
            await console.press(key)
            await console.until(lambda: "Only mail with a detection has this" in sentence(console))


# ---- copying, acting


async def test_links_are_copied_so_that_nothing_opens_them_and_in_full(account: Simulator) -> None:
    async with opened(account, case(account, "code-or-data")) as console:
        await turn(console, "3")
        await console.press("Y")
        await console.sees("link 1", "1 in full", "javascript[:]alert(1)", "javascript:alert(1)", "3 in full")
        await console.sees("hxxps://acme[.]example[@]evil[.]example/", "https://acme.example@evil.example/")


async def test_the_links_that_are_shown_are_those_to_copy(account: Simulator) -> None:
    from tui_app.api.details import Detections
    from tui_app.mail.part_text import links_lines
    from tui_app.screens.mail.part_view import link_values

    wire = {"links": [{"href": f"https://192.0.2.{n}/{n}", "text": None} for n in range(20)]}
    found = Detections.from_wire(wire)
    lines = links_lines(found)
    for number in range(1, 17):
        first = next(at for at, line in enumerate(lines, 1) if line.label == str(number))
        assert link_values(found, lines, first)[1] == (
            f"{number} in full",
            f"https://192.0.2.{number - 1}/{number - 1}",
        )
    assert link_values(found, lines, len(lines))[-1][1] == "https://192.0.2.19/19"
    assert link_values(found, lines, 1)[0][0] == "link 1"


@pytest.mark.parametrize("key", ["R", "V"])
async def test_a_message_goes_to_the_review_of_a_release_or_a_move(account: Simulator, key: str) -> None:
    before = len(account.account.truth.entries) - len(account.wire())
    async with opened(account, case(account, "adjacent-words")) as console:
        await console.press(key)
        if key == "V":
            await console.sees("Move this message to")
            await console.press("1")
        await console.sees("1 message" if key == "R" else "1 held: a move acts on delivered mail")
        await console.until(lambda: type(console.app.screen).__name__ == "ReviewScreen", "the review")
    assert len(account.account.truth.entries) - len(account.wire()) == before, "nothing was sent"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"sender": "attacker@evil.example"}, "its sender, subject or recipients are"),
        ({"client_recipients": ["ceo@acme.example"]}, "its sender, subject or recipients are"),
        ({"final_disposition": "MALICIOUS"}, "MALICIOUS"),
    ],
)
async def test_a_message_that_a_search_tells_otherwise_than_its_screen_is_not_released(
    account: Simulator, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], why: str
) -> None:
    real = EmailSecurityClient.get_message

    async def otherwise(client: EmailSecurityClient, name: str, **how: bool) -> Message:
        message = await real(client, name, **how)
        return msgspec.structs.replace(message, raw=msgspec.structs.replace(message.raw, **told))

    monkeypatch.setattr(EmailSecurityClient, "get_message", otherwise)
    async with opened(account, case(account, "adjacent-words")) as console:
        await console.press("R")
        await console.sees("Nothing to send", "not what its screen showed", why)


async def test_read_only_there_is_no_release_and_no_move(account: Simulator) -> None:
    async with opened(account, case(account, "adjacent-words"), read_only=True) as console:
        assert "release" not in console.text.splitlines()[-1]
        await console.press("R", "V")
        await console.settles()
        assert isinstance(console.app.screen, MessageScreen)
        assert "1 message" not in console.text


# ---- long work


class Held:
    """A stand-in for making the lines of a part that goes on until it is let go."""

    def __init__(self, patches: pytest.MonkeyPatch) -> None:
        self.times = 0
        self.begun, self.gate = threading.Event(), threading.Event()
        patches.setattr(part_view, "lines_of", self)

    def __call__(self, *arguments: Any) -> list[PartLine]:
        self.times += 1
        self.begun.set()
        self.gate.wait(60)
        return [PartLine("made at last")]


async def test_while_lines_are_made_the_screen_says_so_and_keys_answer(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(account, case(account, "adjacent-words")) as console:
        held = Held(monkeypatch)
        try:
            await console.press("7")
            await console.sees("making its lines…")
            await console.until(held.begun.is_set, "begun")
            await turn(console, "1")
            await console.sees("odd@corpus.example")
            await console.press("7")
            await console.sees("making its lines…")
        finally:
            held.gate.set()
        await console.sees("made at last", "read 12:00:00")
        assert held.times == 1, "who comes back waits for what was begun"


async def test_the_program_ends_at_once_while_lines_are_made(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)

    def looks() -> None:
        async def look() -> None:
            async with opened(account, case(account, "adjacent-words")) as console:
                await console.press("7")
                await console.until(held.begun.is_set, "begun")

        asyncio.run(look())

    program = threading.Thread(target=looks)
    try:
        await asyncio.get_running_loop().run_in_executor(None, lambda: (program.start(), program.join(30)))
        assert held.begun.is_set()
        assert not program.is_alive(), "it waits for the lines"
    finally:
        held.gate.set()


def test_of_a_job_s_row_first_comes_what_became_of_it_and_which_message_it_is() -> None:
    from tui_app.api.rows import Message
    from tui_app.mail.part_text import summary_lines

    row = RowLines([PartLine("The job's row"), PartLine("failed", "status")], [PartLine("Inbox", "action")], [PartLine("i", "row id")], [])  # fmt: skip
    wire = Mail(7, "4NAAAAAAAAAAAA07", "a@x.example", "A", ("b@acme.example",), "Hello", MOMENT, "BULK").wire("new")
    lines = with_row(row, summary_lines(Message.from_wire(wire), [], ["another network"]))
    labels = [line.label or line.text for line in lines]
    assert labels[:6] == ["The job's row", "status", "subject", "from", "≠ another network", "verdict"]
    assert labels.index("action") < labels.index("name") < labels.index("Message-ID") < labels.index("The row's ids")
    assert labels[-1] == "row id"
