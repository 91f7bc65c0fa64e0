"""The review tells of messages that are not like the others, whatever happens to them, in every size of window."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.screens.test_review import bulk, confirm, malicious, released, reviewed
from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

SIZES = pytest.mark.parametrize("size", [(80, 24), (60, 16)], ids=["80x24", "60x16"])
WAY_OUT = "Back, nothing is sent (esc)"


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def with_impostors(account: Simulator, count: int = 2) -> list[Mail]:
    """Twelve newsletters, and so many that imitate their sender."""
    impostors = [mail for mail in account.account.held if mail.sender == IMPOSTOR][:count]
    for mail in impostors:
        mail.disposition = "BULK"
    return [*bulk(account, 12), *impostors]


async def include(console: Console, words: str) -> None:
    await console.press("shift+tab")
    await console.type(words)
    await console.press("enter")


@SIZES
async def test_odd_messages_are_held_back_and_told_beside_the_way_out(
    account: Simulator, size: tuple[int, int]
) -> None:
    mails = with_impostors(account)
    async with console_on(settings_for(account), size=size) as console:
        await reviewed(console, mails)
        await console.sees("2 odd held back, ODD lets them through", WAY_OUT, "type 12 to send")
        if size == (80, 24):
            await console.sees("held back  ≈ alike news@acme-news.exampIe", "like acme-news.example: I for l")
        await confirm(console, 12)
        await console.sees("all sent")
    assert released(account) == sorted(mail.investigate_id for mail in mails[:12])


@SIZES
async def test_odd_messages_that_go_out_by_their_word_are_told_too(account: Simulator, size: tuple[int, int]) -> None:
    mails = with_impostors(account)
    async with console_on(settings_for(account), size=size) as console:
        await reviewed(console, mails)
        await include(console, "odd")
        await console.sees("2 odd go out: ODD was given", WAY_OUT, "type 14 to send")
        if size == (80, 24):
            await console.sees("goes out   ≈ alike news@acme-news.exampIe", "like acme-news.example: I for l")
        await confirm(console, 14)
        await console.sees("all sent")
    assert released(account) == sorted(mail.investigate_id for mail in mails)


@SIZES
async def test_odd_messages_are_told_where_the_rule_is_off(account: Simulator, size: tuple[int, int]) -> None:
    settings = settings_for(account)
    settings = replace(settings, guard=replace(settings.guard, hold_odd=False))
    async with console_on(settings, size=size) as console:
        await reviewed(console, with_impostors(account))
        await console.sees("2 odd go out: guard.hold_odd is off", WAY_OUT, "type 14 to send")


async def test_as_many_are_told_as_there_is_room_for_and_f2_lists_all_of_them_first(account: Simulator) -> None:
    mails = [mail for mail in account.account.held if mail.sender != IMPOSTOR][:40]
    for number, mail in enumerate(mails):
        mail.disposition = "BULK"
        mail.sender = "news@acme-news.exampie" if number < 5 else "news@acme-news.example"
    async with console_on(settings_for(account)) as console:
        await reviewed(console, mails)
        await console.sees("5 odd held back", "more odd: f2 lists all", WAY_OUT)
        shown = console.text.count("held back  ≈")
        assert 1 <= shown < 5
        assert f"… and {5 - shown} more odd" in console.text
        await console.press("f2")
        await console.sees("35 messages to send · 5 held back")
        rows = [line for line in console.text.splitlines() if line[2:].startswith(("held back", "to send"))]
        assert all("≈" in line and "odd: like" in line for line in rows[:5])
        assert all(line[2:].startswith("to send") for line in rows[5:])


async def test_a_word_that_brings_up_another_reason_names_that_one_s_word(account: Simulator) -> None:
    mails = with_impostors(account, 1)
    mails[-1].disposition = "MALICIOUS"
    async with console_on(settings_for(account)) as console:
        await reviewed(console, mails)
        await console.sees("1 odd held back, ODD alone is not enough", "1 MALICIOUS")
        await include(console, "malicious")
        await console.sees("Also type ODD", "1 odd held back, ODD lets it through", "type 12 to send")
        await include(console, "malicious odd")
        await console.sees("1 odd goes out: ODD was given", "type 13 to send")
    assert released(account) == []


async def test_of_a_long_sender_the_domain_is_whole(account: Simulator) -> None:
    mails = with_impostors(account, 1)
    mails[-1].sender = f"{'a' * 64}@acme-news.example.billing.evil.test"
    async with console_on(settings_for(account)) as console:
        await reviewed(console, mails)
        await console.sees("…@acme-news.example.billing.evil.test", "holds acme-news.example, but is of evil.test")


async def test_the_way_out_stays_in_sight_beside_all_that_is_not_sent(account: Simulator) -> None:
    mails = with_impostors(account)
    for mail in mails[1:3]:
        mail.disposition = "MALICIOUS"
    account.account.release({"ids": [mails[0].investigate_id]})
    async with console_on(settings_for(account), size=(60, 16)) as console:
        await reviewed(console, mails)
        await console.sees("2 odd held back, ODD", "Held back by the guard: 2", "Left out: 1 already released", WAY_OUT)


@asynccontextmanager
async def at_planted(kind: str) -> AsyncIterator[tuple[Console, Simulator]]:
    """The cursor is on the message that was planted with this difference."""
    with running(Options(quota=0, messages=0, sample=400)) as simulator:
        async with console_on(settings_for(simulator), size=(120, 40)) as console:
            await console.press("Q")
            await console.sees("400 found, all loaded")
            table = console.app.screen.table()  # type: ignore[attr-defined]
            table.move_to(table.shown.index_of(simulator.account.planted[kind]))
            await console.settles()
            yield console, simulator


@pytest.mark.parametrize("how", ["marked before it was odd", "range", "cursor"])
async def test_while_the_list_is_read_again_what_was_odd_is_odd(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_planted("spf") as (console, _):
        screen = console.app.screen
        if how == "marked before it was odd":
            screen.table().toggle_mark()  # type: ignore[attr-defined]
        if how == "range":
            await console.press("k", "space")
        gate = held_open(monkeypatch, EmailSecurityClient, "search_messages")
        await console.press("r")
        await console.sees("loading…")
        if how == "range":
            await console.press("j", "v")
            await console.sees("1 odd one in between not marked")
        else:
            await console.press("R")
            await console.sees("not sent yet", "SPF fail")
            await console.sees("1 odd goes out: chosen by hand" if how == "cursor" else "1 odd held back")
        gate.set()
        await console.settles()


async def test_what_was_chosen_by_hand_is_held_back_where_more_is_different_by_now() -> None:
    async with at_planted("spf") as (console, simulator):
        await console.press("space")
        mail = next(mail for mail in simulator.account.held if mail.investigate_id == simulator.account.planted["spf"])
        mail.validation = mail.validation._replace(dkim="fail")
        await console.press("r")
        await console.settles()
        await console.sees("400 found, all loaded", "1 marked")
        await console.press("R")
        await console.sees("not sent yet", "DKIM fail", "1 odd held back")


async def test_a_field_that_says_something_else_than_the_plan_sends_nothing(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, [*bulk(simulator, 3), malicious(simulator)])
        console.app.screen.query_one("#include").focus()
        await console.type("malicious odd")
        await console.press("enter")
        await console.sees("4 messages")
        console.app.screen.query_one("#include").focus()
        await console.press("ctrl+u")
        await console.type("mal")
        console.app.screen.query_one("#reason").focus()
        await console.type("x")
        await console.press("enter")
        await console.type("4")
        await console.press("enter")
        await console.sees("Nothing is held back under mal", "3 messages")
        assert simulator.account.truth.of("release") == []
