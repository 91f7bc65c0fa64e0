"""A plan on its screen: what can be left while it is looked at, what is said meanwhile, and what a doubted one asks for."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from tests.screens.test_prompt import command
from tests.screens.test_review import bulk, confirm, released, reviewed
from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on, held_open
from tests.support.services import held_mail, settings_for
from tui_app.api.client import EmailSecurityClient
from tui_app.plans.ids import parse_ids
from tui_app.plans.journal import Journal
from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.plan import Plan
from tui_app.plans.recheck import Look
from tui_app.plans.records import closed_record, intent_record, plan_record, settled_record
from tui_app.plans.replay import entry_of
from tui_app.plans.state import Outcome, Result
from tui_app.screens.plan.question import rest_facts
from tui_app.screens.plan.screen import PlanScreen
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

WIDE = (120, 40)


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@asynccontextmanager
async def stopped(account: Simulator, count: int = 3) -> AsyncIterator[tuple[Console, list[Mail]]]:
    """A plan of so many messages that the server refused, and that is not over."""
    mails = bulk(account, count)
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, mails)
        account.set_faults("status=403@release")
        await confirm(console, count)
        await console.sees("A sends the rest")
        account.set_faults("none")
        yield console, mails


def journal_of(console: Console) -> bytes:
    (path,) = console.app.service.plans.ledger.folder.glob("*.jsonl")
    return path.read_bytes()


async def doubted(console: Console) -> str:
    """Open the plan from the ledger, by somebody on another host; its name."""
    ledger = console.app.service.plans.ledger
    ledger.origin = replace(ledger.origin, host="another")
    (entry,) = ledger.entries()
    await console.press("escape")
    await console.sees("12 loaded")
    await console.press("H")
    await console.sees("Ledger", "1 plan, 1 unfinished")
    await console.press("enter")
    await console.sees("was written on another host", "still to be done")
    return entry.name


async def test_esc_leaves_while_a_only_looks_and_nothing_is_sent(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stopped(account) as (console, _):
        gate = held_open(monkeypatch, console.app.service.plans, "review_rest")
        await console.press("A")
        await console.sees("Looking at what is left…")
        await console.press("escape")
        await console.sees("12 loaded")
        gate.set()
        await console.settles()
        assert "Send the rest" not in console.text
    assert released(account) == []


async def test_esc_while_it_is_settled_says_so_and_not_that_it_is_sent(account: Simulator) -> None:
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, bulk(account, 1))
        account.set_faults("close_after@release")
        await confirm(console, "y")
        await console.sees("settling: asked")
        await console.press("S")
        await console.sees("v asks")
        await console.press("v")
        await console.sees("settling: asked")
        await console.press("escape")
        await console.sees("It is being asked what became of them. S stops asking.")
        assert "being sent" not in console.text
        await console.press("S")
        await console.sees("v asks")


async def test_a_question_about_a_plan_is_asked_over_no_other_screen(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stopped(account) as (console, _):
        plans = console.app.service.plans
        name = plans.state.plan.plan_id
        gate = held_open(monkeypatch, plans, "review_rest")
        await console.press("A")
        await console.sees("Looking at what is left…")
        await console.press("H")
        await console.sees("1 unfinished")
        gate.set()
        assert "Send the rest of this plan?" not in await console.settles()
        await console.press("escape")
        await console.sees("Nothing was sent.")
        for key, title in (("A", "Send the rest of this plan?"), ("C", "Close this plan?")):
            await console.press(key)
            await console.sees(title, f"Release, plan {name}")
            await console.press("escape")
            await console.loses(title)
    assert released(account) == []


async def test_esc_while_it_is_checked_says_so_and_not_that_it_is_sent(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, bulk(account, 1))
        await confirm(console, "y")
        await console.sees("all sent", "1 of 1")
        gate = held_open(monkeypatch, EmailSecurityClient, "search_messages")
        await console.press("c")
        await console.sees("S stop")
        await console.press("escape")
        await console.sees("It is being looked at what was done. S stops looking.")
        assert "being sent" not in console.text
        gate.set()
        await console.sees("checked ", "1 seen delivered")


async def test_what_is_seen_of_a_message_is_not_said_of_the_recipient_who_did_not_get_it(account: Simulator) -> None:
    mails = bulk(account, 4)
    for mail in mails:
        mail.recipients, mail.allowed = ("ana@acme.example", "bo@acme.example"), True
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, mails)
        account.set_faults("partial@release")
        await confirm(console, 4)
        await console.sees("all sent", "partly delivered")
        counts = console.app.service.plans.state.outcome_counts()
        whole, some = counts[Outcome.DELIVERED], counts[Outcome.PARTLY]
        assert some and not counts[Outcome.UNKNOWN]
        account.set_faults("none")
        await console.press("c")
        await console.sees("checked ", f"{some} seen delivered, not to all")
        assert (f"{whole} seen delivered ·" in console.text) is bool(whole)
        await console.pilot.resize_terminal(80, 24)
        sentence = r"^ *\d messages? put (?:a pattern|patterns) on the allow list \(quarantine_release\)\.$"
        await console.until(lambda: re.search(sentence, console.text, re.MULTILINE) is not None)
        await console.sees("may pass the filter.")
        await console.pilot.resize_terminal(60, 24)
        said = " ".join((await console.settles()).split())
        assert re.search(r"\d messages? put (?:a pattern|patterns) on the allow list \(quarantine_release\)\.", said)
        assert "may pass the filter." in said
        rows = [line for line in console.text.splitlines() if "undelivered" in line or "failed" in line][1:]
        assert rows and not any("seen delivered" in row for row in rows)


async def test_after_a_restart_nothing_passes_for_the_subject_of_what_is_found_no_more(account: Simulator) -> None:
    (mail,) = bulk(account, 1)
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, [mail])
        await confirm(console, "y")
        await console.sees("all sent", "1 of 1", "Weekly digest")
        await console.press("Y")
        await console.sees("subject", "Weekly digest")
    mail.investigate_id = "4N" + "F" * 14 + mail.investigate_id[16:]  # it is found no more
    async with console_on(settings_for(account), size=WIDE) as console:
        await console.press("H", "enter")
        await console.sees("all sent", "1 of 1")
        await console.press("Y")
        await console.sees("recipient")
        assert "subject" not in console.text


async def test_that_nothing_is_left_stays_on_the_screen_when_the_plan_has_ended(account: Simulator) -> None:
    async with stopped(account) as (console, mails):
        for mail in mails:
            mail.disposition = "MALICIOUS"
        await console.press("A")
        await console.sees("Nothing is left to send. 3 MALICIOUS.", "over, not all was sent")
        await console.until(lambda: not console.app.screen.awaiting)  # type: ignore[attr-defined]
        assert "Nothing is left to send. 3 MALICIOUS." in await console.settles()
    assert released(account) == []


async def test_in_a_doubted_journal_nothing_is_written_where_nothing_is_left(account: Simulator) -> None:
    async with stopped(account) as (console, mails):
        await doubted(console)
        for mail in mails:
            mail.disposition = "MALICIOUS"
        before = journal_of(console)
        await console.press("A")
        await console.sees("Nothing is left to send. 3 MALICIOUS.")
        await console.until(lambda: not console.app.screen.awaiting)  # type: ignore[attr-defined]
        await console.settles()
        assert journal_of(console) == before
    assert released(account) == []


async def test_a_doubted_plan_is_sent_when_its_name_and_the_number_were_typed(account: Simulator) -> None:
    async with stopped(account) as (console, mails):
        name = await doubted(console)
        await console.press("A")
        await console.sees("Send the rest of this plan?", "was written on another host", f"To do it, type {name} 3")
        for typed in ("3", name):
            await console.type(typed)
            await console.press("enter")
            await console.sees(f"Not confirmed: type {name} 3")
        assert released(account) == []
        await console.type(f"{name} 3")
        await console.press("enter")
        await console.sees("all sent")
    assert released(account) == sorted(mail.investigate_id for mail in mails)


async def test_a_doubted_plan_is_closed_when_its_name_was_typed_below_the_doubts(account: Simulator) -> None:
    async with stopped(account) as (console, _):
        name = await doubted(console)
        await console.press("C")
        await console.sees("Close this plan?", f"To do it, type {name}")
        question = console.text[console.text.index("Close this plan?") :]
        assert "was written on another host" in question
        before = journal_of(console)
        await console.press("y", "enter")
        await console.sees(f"Not confirmed: type {name}")
        assert journal_of(console) == before
        await console.type(name)
        await console.press("enter")
        await console.sees("closed")
        (entry,) = console.app.service.plans.ledger.entries()
        assert entry.state.closed


async def test_first_ones_that_were_refused_are_not_called_sent(account: Simulator) -> None:
    settings = settings_for(account)
    settings = replace(settings, plans=replace(settings.plans, batch_size=3, canary=2))
    mails = bulk(account, 5)
    async with console_on(settings, size=WIDE) as console:
        await reviewed(console, mails)
        account.set_faults("status=400@release")
        await confirm(console, 5)
        await console.sees("None of the first went out: see why.")
        assert "were sent" not in console.text
        await console.press("S")
        account.set_faults("none")
    assert released(account) == []


async def test_what_answers_told_beside_is_said_at_the_canary_and_kept_whole_in_the_activity(
    account: Simulator,
) -> None:
    settings = settings_for(account)
    settings = replace(settings, plans=replace(settings.plans, batch_size=3, canary=2))
    account.set_faults("extra_items=1@release")  # an item that nobody asked for
    async with console_on(settings) as console:
        await reviewed(console, bulk(account, 5))
        await confirm(console, 5)
        await console.sees("Look at ! first. Now check them. A sends the other 3, S stops.")
        line = r"^answers told \d things? beside what was asked$"
        await console.until(lambda: re.search(line, console.text, re.MULTILINE) is not None)
        account.set_faults("none")
        await console.press("exclamation_mark")
        await console.sees("told beside what was asked:", "Look at this: the answer names 4N")
        assert parse_ids(console.text.splitlines()).ids == (), "nobody asked for what it names"
        await console.press("escape", "A")
        await console.sees("Look at this: the answer names 4N", "5 of 5")
        told = [each for each in console.app.service.activities if "beside what was asked" in each.sentence]
        assert len(told) == 1


def another_of(console: Console, folder: Path) -> Ledger:
    """The ledger as another mailsluice has it."""
    ledger = console.app.service.plans.ledger
    return Ledger(folder, replace(ledger.origin, host="jump2"), console.app.service.clock.now)


async def test_who_was_killed_while_it_acted_locks_nobody_out_and_who_acts_does(account: Simulator) -> None:
    async with stopped(account) as (console, _):
        ledger, identity = console.app.service.plans.ledger, console.app.service.settings.identity
        await console.press("escape")
        await console.sees("12 loaded")
        with another_of(console, ledger.folder).account_locked(identity):
            (lock,) = ledger.folder.glob("acting-*.lock")
            text = lock.read_text()
            await console.press("H", "enter")
            await console.sees("worked on elsewhere", "still to be done")
            for key in "AvcWC":
                await console.press(key)
                await console.sees("Nothing can be done here while mailsluice with pid", "on jump2")
                assert "Nothing is unknown" not in console.text
                await console.press("escape", "enter")
                await console.sees("Watching: mailsluice with pid")
        lock.write_text(text)  # as if it had been killed
        await console.sees("unfinished", "A send the rest")
        await console.press("A")
        await console.sees("Send the rest of this plan?")


def closed_elsewhere(console: Console) -> None:
    """Another mailsluice closes the only plan, in less time than the screen takes to look again."""
    (entry,) = console.app.service.plans.ledger.entries()
    journal, _ = Journal.reopen(console.app.service.plans.ledger.folder / entry.file)
    journal.add(closed_record(entry.state, datetime.now(UTC)))
    journal.close()


async def test_a_plan_that_is_closed_elsewhere_is_shown_so_on_its_screen_and_in_the_ledger(account: Simulator) -> None:
    async with stopped(account) as (console, _):
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("H")
        await console.sees("1 plan, 1 unfinished")
        closed_elsewhere(console)
        await console.sees("■ closed", "1 plan  ")


async def test_why_nothing_was_sent_stays_on_the_screen_while_another_mailsluice_writes(account: Simulator) -> None:
    async with stopped(account) as (console, _):
        await console.press("A")
        await console.sees("Send the rest of this plan?")
        wanted = re.search(r"type (\w+) and enter", console.text)
        assert wanted is not None
        closed_elsewhere(console)
        await console.type(wanted[1])
        await console.press("enter")
        said = "The plan is closed: nothing more is sent for it."
        await console.sees(said)
        screen = console.app.screen
        assert isinstance(screen, PlanScreen)
        (entry,) = console.app.service.plans.ledger.entries()
        screen.show_state(replace(entry.state, remarks=("the other one goes on",)))
        await console.settles()
        assert said in console.text
    assert released(account) == []


@pytest.mark.parametrize("key", ["A", "C"])
async def test_what_was_closed_elsewhere_is_not_asked_about_any_more(
    account: Simulator, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with stopped(account) as (console, _):
        with monkeypatch.context() as patches:
            patches.setattr(PlanScreen, "time_passed", lambda _: None)  # the key comes before the next look
            closed_elsewhere(console)
            await console.press(key)
            await console.sees("The plan is closed: nothing more is sent for it.")
            assert "unfinished" not in console.text
            assert "A send the rest" not in console.text
    assert released(account) == []


async def test_the_screen_of_a_plan_that_was_sent_from_it_follows_too(account: Simulator) -> None:
    async with stopped(account) as (console, _):
        closed_elsewhere(console)
        await console.loses("A send the rest")
        assert "closed" in console.text


async def test_a_read_only_profile_says_that_and_not_that_nothing_is_unknown(account: Simulator) -> None:
    async with console_on(settings_for(account), size=WIDE) as console:
        await reviewed(console, bulk(account, 1))
        account.set_faults("close_after@release")
        await confirm(console, "y")
        await console.sees("settling: asked")
        await console.press("S")
        await console.sees("v asks")
    async with console_on(replace(settings_for(account), read_only=True), size=WIDE) as console:
        await console.press("H", "enter")
        await console.sees("still to be done", "1 unknown")
        for key in "vc":
            await console.press(key)
            await console.sees("This profile is read-only: nothing can be done about a plan here.")
            await console.press("escape", "enter")
            await console.sees("This profile is read-only: nothing can be done about it here.")


async def test_what_sends_at_once_is_sent_by_its_key_only(account: Simulator) -> None:
    settings = settings_for(account)
    settings = replace(settings, plans=replace(settings.plans, batch_size=2, canary=2))
    async with console_on(settings, size=WIDE) as console:
        await reviewed(console, bulk(account, 5))
        await confirm(console, 5)
        await console.sees("Now check them.")
        await command(console, "send the rest")
        await console.sees("it has only its key: esc, then A")
        assert len(released(account)) == 2
        await console.press("escape", "A")
        await console.sees("all sent")
    assert len(released(account)) == 5


def test_only_what_is_sent_again_is_counted_as_sent_before() -> None:
    again, held, never = (held_mail(f"4NAAAAAAAAAAAA0{n}-2026-11-20T12:00:00-{n}") for n in range(3))
    plan = Plan.make([again, held, never], "x", 25, Random(1))
    origin, noon = Origin("ana", "jump1"), datetime(2026, 11, 20, 12, tzinfo=UTC)
    entry = entry_of(
        [
            plan_record(plan, number=1, account="acc", origin=origin, at=noon, version="1", previous=""),
            intent_record([again, held], "ids", noon),
            *(settled_record(Result(target, Outcome.NOT_SEEN), noon) for target in (again, held)),
        ]
    )
    assert len(entry.state.with_outcome(Outcome.NOT_SEEN)) == 2
    facts = rest_facts(entry, Look((again, never), {held.id: "MALICIOUS"}), resend_unseen=True)
    told = "".join(piece if isinstance(piece, str) else piece[0] for piece in facts)
    assert "2 messages to send" in told
    assert "To 1 message of them a request was sent before, and no answer came." in told
    assert "request was sent before" not in str(rest_facts(entry, Look((never,), {}), resend_unseen=False))
