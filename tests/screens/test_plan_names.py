"""Senders and subjects of an earlier plan: asked for when it is opened, by few requests, shown, and kept nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.screens.test_plan import WIDE, journal_of
from tests.screens.test_review import bulk, confirm, reviewed
from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.plans.service import PlanService
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

SUBJECT, SENDER = "Weekly digest", "news@acme-news.example"


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reads of mail, as they are asked for."""
    names: list[str] = []
    for name in ("search_messages", "get_message"):
        real = getattr(EmailSecurityClient, name)

        def counted(self: Any, *arguments: Any, _real: Any = real, _name: str = name, **named: Any) -> Any:
            names.append(_name)
            return _real(self, *arguments, **named)

        monkeypatch.setattr(EmailSecurityClient, name, counted)
    return names


async def sent(account: Simulator, count: int) -> list[Mail]:
    """A plan of another session."""
    mails = bulk(account, count)
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, mails)
        await confirm(console, count if count > 1 else "y")
        await console.sees("all sent", f"{count} of {count}")
    return mails


async def opened(console: Console, asked: list[str]) -> None:
    """The plan out of the ledger."""
    await console.sees("12 loaded")
    await console.press("H")
    await console.sees("Ledger", "1 plan")
    asked.clear()
    await console.press("enter")
    await console.sees("all sent")


async def test_an_earlier_plan_shows_senders_and_subjects_and_keeps_none(account: Simulator, asked: list[str]) -> None:
    await sent(account, 3)
    async with console_on(settings_for(account), size=WIDE) as console:
        await console.sees("12 loaded")
        before = journal_of(console)
        await opened(console, asked)
        await console.until(lambda: console.text.count(SUBJECT) == 3)
        assert console.text.count(SENDER) == 3
        assert asked == ["search_messages"], "one page of what was released"
        assert journal_of(console) == before
        await console.pilot.resize_terminal(80, 24)
        await console.loses(SENDER)
        assert console.text.count(SUBJECT) == 3


async def test_what_was_seen_in_this_session_is_not_asked_for_again(account: Simulator, asked: list[str]) -> None:
    await sent(account, 3)
    async with console_on(settings_for(account), size=WIDE) as console:
        await opened(console, asked)
        await console.sees(SUBJECT)
        await console.press("escape")
        await opened_again(console, asked)
        await console.sees(SUBJECT)
        assert asked == []


async def opened_again(console: Console, asked: list[str]) -> None:
    await console.sees("Ledger", "1 plan")
    asked.clear()
    await console.press("enter")
    await console.sees("all sent")


async def test_while_it_asks_it_says_so_and_esc_leaves(
    account: Simulator, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(account, 2)
    async with console_on(settings_for(account), size=WIDE) as console:
        gate = held_open(monkeypatch, console.app.service.plans, "ask_for_mail")
        await opened(console, asked)
        await console.sees("asking for subjects…")
        worker = console.app.screen._names._asking  # type: ignore[attr-defined]
        await console.press("escape")
        await console.sees("Ledger", "1 plan")
        assert worker.is_cancelled
        gate.set()
        await console.settles()


async def test_an_error_is_one_sentence_and_the_ids_stay(account: Simulator, asked: list[str]) -> None:
    (mail,) = await sent(account, 1)
    async with console_on(settings_for(account), size=WIDE) as console:
        await console.sees("12 loaded")
        await console.press("H")
        await console.sees("Ledger", "1 plan")
        account.set_faults("status=403@reads")
        await console.press("enter")
        await console.sees("all sent", "Senders and subjects are not known:", mail.investigate_id[:12])
        assert "asking for" not in console.text


async def test_what_is_found_no_more_keeps_its_id_and_five_requests_are_the_most(
    account: Simulator, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = await sent(account, 12)
    for mail in mails[1:]:
        mail.investigate_id = mail.investigate_id[:4] + "F" * 12 + mail.investigate_id[16:]
    async with console_on(settings_for(account), size=(120, 40)) as console:
        await opened(console, asked)
        await console.sees("subjects of 1 of 12", SUBJECT)
        assert len(asked) == 5
        assert console.text.count(SUBJECT) == 1
        await console.press("escape")


async def test_nothing_is_asked_while_another_plan_is_sent_or_the_quota_is_waited_for(
    account: Simulator, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(account, 2)
    async with console_on(settings_for(account), size=WIDE) as console:
        await console.sees("12 loaded")
        await console.press("H")
        await console.sees("Ledger", "1 plan")
        (entry,) = console.app.service.plans.ledger.entries()
        from dataclasses import replace

        from tui_app.plans.state import Phase

        busy = replace(entry.state, phase=Phase.RUNNING)
        monkeypatch.setattr(PlanService, "state", property(lambda _: busy))
        asked.clear()
        await console.press("enter")
        await console.sees("all sent")
        await console.settles()
        assert asked == []
        monkeypatch.setattr(PlanService, "state", property(lambda _: None))
        await console.press("escape")
        await opened_again(console, asked)
        await console.sees(SUBJECT)
