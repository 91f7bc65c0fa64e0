"""The review of a release and the list behind it: one bad one among many is seen, and what is not sent has its reason."""

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.config.settings import Settings
from tui_app.plans.guard import Guarded
from tui_app.plans.service import PlanService
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running
from tui_app.widgets.inputs import PasteInput

ALIKE = ("partner.example", "partner.example.evil.test")
MANY = 99


async def reviewed(console: Console, mails: list[Mail]) -> None:
    """Paste these ids, look them up, open the review."""
    await console.sees("12 loaded")
    await console.press("I")
    await console.sees("0 ids, not sent")
    text = "\n".join(mail.investigate_id for mail in mails)
    console.app.screen.query_one("#paper", PasteInput).post_message(PasteInput.Pasted(text))
    await console.sees(f"{len(mails)} id{'s' if len(mails) > 1 else ''}, not sent")
    await console.press("enter")
    await console.sees("not sent yet", "Reason")


def look_alikes(simulator: Simulator) -> list[Mail]:
    """A hundred and twenty held messages: 99 of a partner, one of somebody who looks like it, the others of many domains."""
    mails = [mail for mail in simulator.account.held if mail.disposition == "BULK"][: MANY + 21]
    for number, mail in enumerate(mails):
        domain = ALIKE[0] if number < MANY else ALIKE[1] if number == MANY else f"shop{number % 10}.test"
        mail.sender = f"news@{domain}"
    mails[7].disposition = "SPAM"
    return mails


def telling_only(simulator: Simulator) -> Settings:
    """Settings by which odd mail is told and sent."""
    settings = settings_for(simulator)
    return replace(settings, guard=replace(settings.guard, hold_odd=False))


async def test_the_rarest_verdict_comes_first_and_domains_that_look_alike_stand_whole_beside_each_other() -> None:
    with running(Options(quota=0, messages=20, held=150, speed=NO_JOB_ENDS)) as simulator:
        mails = look_alikes(simulator)
        for size in ((80, 24), (60, 16)):
            async with console_on(telling_only(simulator), size=size) as console:
                await reviewed(console, mails)
                said = " ".join((await console.settles()).split())
                assert f"from {MANY} {ALIKE[0]}, 1 {ALIKE[1]}, 2 shop" in said
                # Neither the beginning nor the end of a domain is cut off, and it is not broken over two lines.
                assert any(re.search(rf"\b1 {re.escape(ALIKE[1])}(,|$)", line) for line in console.text.splitlines())
                if size == (80, 24):
                    assert f"1 SPAM, 119 BULK from {MANY}" in said
                    sample = [line.strip() for line in console.text.splitlines() if "news@" in line]
                    assert re.match(rf"\S+ SPAM +news@{re.escape(ALIKE[0])} ", sample[0])
                    assert any(re.match(rf"goes out +≈ alike news@{re.escape(ALIKE[1])} ", line) for line in sample)
                await console.press("escape")
        assert simulator.account.truth.entries == []


async def test_f2_lists_every_message_with_what_happens_to_it_and_why_and_enter_opens_one() -> None:
    with running(Options(quota=0, messages=20, held=150, speed=NO_JOB_ENDS)) as simulator:
        mails = look_alikes(simulator)
        bad = [mail for mail in simulator.account.held if mail.disposition == "MALICIOUS"][:3]
        gone = mails[10:12]
        simulator.account.release({"ids": [mail.investigate_id for mail in gone]})
        before = list(simulator.account.truth.entries)
        async with console_on(telling_only(simulator), size=(160, 140)) as console:
            await reviewed(console, [*mails, *bad])
            await console.sees("Held back by the guard: 3 MALICIOUS", "Left out: 2 already released", "f2 lists all")
            await console.press("f2")
            await console.sees("Release › messages", "118 messages to send · 1 odd of them · 3 held back · 2 left out")
            rows = [line for line in console.text.splitlines() if re.match(r"[▸ ] (held back|left out|to send) ", line)]
            assert [re.split(r" {2,}", line[2:])[0] for line in rows] == (
                ["to send"] + ["held back"] * 3 + ["left out"] * 2 + ["to send"] * 117
            )
            assert re.search(rf" ≈ alike +{re.escape(ALIKE[1])} .* odd: holds partner", rows[0]), "not like the others"
            assert all(line.rstrip().endswith("MALICIOUS") for line in rows[1:4])
            assert all(line.rstrip().endswith("already released") for line in rows[4:6])
            assert "SPAM" in rows[6], "the rarest verdict"
            assert all("BULK" in line for line in rows[7:])
            await console.sees(f"news@{ALIKE[1]} · odd: holds {ALIKE[0]}, but is of evil.test")
            await console.press("j", "enter")
            await console.sees("Release › message", "▲ MALICIOUS held", bad[0].subject)
            await console.press("escape")
            await console.sees("118 messages to send")
            await console.press("G", "enter")
            await console.sees("Release › message", "▪ BULK")
            await console.press("escape")
            await console.sees("118 messages to send")
            await console.press("escape")
            await console.sees("type 118 to send")
        assert simulator.account.truth.entries == before, "to look at them sends nothing"


async def test_one_message_is_confirmed_by_y_and_several_only_by_their_number(simulator: Simulator) -> None:
    mails = [mail for mail in simulator.account.held if mail.disposition == "BULK"][:3]
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, mails)
        await console.type("x")
        await console.press("enter")
        for typed in ("y", "", "2", "33", "Y3"):
            await console.type(typed)
            await console.press("enter")
            await console.sees("Not sent: type 3 to send")
            await console.press("ctrl+u")
        assert simulator.account.truth.entries == []
        await console.press("escape")
        await console.sees("3 ids, not sent", "enter looks them up")  # what was pasted is still there
        await console.press("escape", "escape")
        await reviewed(console, mails[:1])
        await console.sees("1 message · ", "type y to send")
        await console.type("x")
        await console.press("enter")
        for typed in ("", "yes", "0", "n"):
            await console.type(typed)
            await console.press("enter")
            await console.sees("Not sent: type y to send")
            await console.press("ctrl+u")
        assert simulator.account.truth.entries == []
        await console.press("y", "enter")
        await console.sees("all sent", "1 of 1")
    assert [entry["id"] for entry in simulator.account.truth.of("release")] == [mails[0].investigate_id]


def bulk(simulator: Simulator, count: int) -> list[Mail]:
    """So many that nothing speaks against."""
    held = simulator.account.held
    return [mail for mail in held if mail.disposition == "BULK" and mail.sender != IMPOSTOR][:count]


def malicious(simulator: Simulator) -> Mail:
    return next(mail for mail in simulator.account.held if mail.disposition == "MALICIOUS")


def released(simulator: Simulator) -> list[str]:
    return sorted(entry["id"] for entry in simulator.account.truth.of("release"))


async def confirm(console: Console, count: int | str) -> None:
    """Give a reason and the number."""
    await console.type("x")
    await console.press("enter")
    await console.type(str(count))
    await console.press("enter")


async def test_what_is_typed_while_it_is_checked_takes_back_what_was_confirmed(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, [*bulk(simulator, 3), malicious(simulator)])
        gate = held_open(monkeypatch, console.app.service.plans, "changes_since_review")
        await confirm(console, 3)
        await console.sees("Checking whether anything changed…")
        console.app.screen.query_one("#include").focus()
        await console.type("MALICIOUS,ODD")
        await console.sees("Not sent: it was changed while it was checked.")
        await console.press("enter")
        await console.sees("4 messages", "Included by name, sent last: 1 MALICIOUS")
        gate.set()
        await console.settles()
    assert released(simulator) == []


@pytest.mark.parametrize("way", ("escape", "button"))
async def test_esc_while_it_is_checked_means_no(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, bulk(simulator, 3))
        gate = held_open(monkeypatch, console.app.service.plans, "changes_since_review")
        await confirm(console, 3)
        await console.sees("Checking whether anything changed…", "esc sends nothing")
        if way == "button":
            console.app.screen.query_one("#cancel").focus()
        await console.press("escape" if way == "escape" else "enter")
        await console.loses("not sent yet")
        gate.set()
        await console.settles()
        assert "all sent" not in console.text
    assert released(simulator) == []


async def test_while_it_is_checked_the_list_is_refused_and_what_was_confirmed_is_sent(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = bulk(simulator, 3)
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, mails)
        gate = held_open(monkeypatch, console.app.service.plans, "changes_since_review")
        await confirm(console, 3)
        await console.sees("Checking whether anything changed…")
        await console.press("f2")
        await console.sees("Wait: it is being checked whether anything changed.", "not sent yet")
        assert "Release › messages" not in console.text
        gate.set()
        await console.sees("all sent", "3 of 3")
    assert released(simulator) == sorted(mail.investigate_id for mail in mails)


async def test_what_changed_since_is_named_listed_as_left_out_and_on_record(simulator: Simulator) -> None:
    mails = bulk(simulator, 3)
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, mails)
        mails[0].disposition = "SPAM"
        await confirm(console, 3)
        why = "its verdict is SPAM, it was BULK"
        await console.sees("Not sent: type 2 for the rest.", f"Left the plan: 1 {why}.", f"Left out: 1 {why}")
        assert simulator.account.truth.entries == []
        await console.press("f2")
        await console.sees("2 messages to send · 1 left out")
        (row,) = [line for line in console.text.splitlines() if re.match(r"[▸ ] left out ", line)]
        assert mails[0].subject[:10] in row
        assert "its verdict is" in row
        await console.press("escape")
        await console.sees("type 2 to send")
        await console.type("2")
        await console.press("enter")
        await console.sees("all sent", "2 of 2")
        (entry,) = console.app.service.plans.ledger.entries()
        assert entry.plan.unfit == ((mails[0].investigate_id, why),)
    assert released(simulator) == sorted(mail.investigate_id for mail in mails[1:])


async def test_help_tells_the_keys_and_fields_of_the_form_and_a_question_mark_is_text_only_where_text_goes(
    simulator: Simulator,
) -> None:
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, [*bulk(simulator, 2), malicious(simulator)])
        await console.sees("Held back by the guard: 1 MALICIOUS", "f1 help")
        await console.type("why?")
        await console.sees("Reason         why?")
        await console.press("f1")
        await console.sees(
            "Help › review", "list every message", "Include ", "Reason ", "the number of messages", "ctrl+q"
        )
        assert "mark all" not in console.text
        await console.press("escape", "shift+tab", "question_mark")
        await console.sees("Help › review")
        await console.press("escape", "enter", "enter", "2", "question_mark")
        await console.sees("Help › review")
        await console.press("escape")
        await console.sees("Reason         why?", "Messages       2")


async def test_keys_wait_for_the_guard_and_the_screen_does_not(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand journals take a moment to look through: what is typed at once is for what comes after it."""
    guard, asked = PlanService.guard, list[str]()

    def slow(self: PlanService, *arguments: Any, **named: Any) -> Guarded:
        asked.append(threading.current_thread().name)
        threading.Event().wait(0.3)
        return guard(self, *arguments, **named)

    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("all loaded")
        monkeypatch.setattr(PlanService, "guard", slow)
        for key in ("a", "R", "shift+tab", *"MALICIOUS", "enter", *"INC-9", "enter"):
            console.app.post_message(Key(key, key if len(key) == 1 else None))
        await console.sees("Included by name", "5 MALICIOUS", "Reason         INC-9")
    assert len(asked) == 3 and not any("MainThread" in name for name in asked), "the loop goes on"


async def test_with_nothing_to_send_no_request_and_no_time_is_told(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, [malicious(simulator)])
        await console.sees("Nothing to send", "Held back by the guard: 1 MALICIOUS", "nothing is left to send")
        assert "0 requests" not in console.text


async def test_a_wrong_number_is_overwritten_by_what_is_typed_next(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, bulk(simulator, 3))
        await confirm(console, 2)
        await console.sees("Not sent: type 3 to send")
        await console.type("3")
        assert console.app.screen.query_one("#typed", Input).value == "3"


async def test_a_word_for_include_is_no_reason(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await reviewed(console, [*bulk(simulator, 3), malicious(simulator)])
        await console.type("malicious")
        await console.press("enter")
        await console.sees("malicious is a word for Include, not a reason.", "Held back by the guard: 1 MALICIOUS")
        await console.type("INC-1")
        await console.press("enter")
        await console.loses("is a word for Include")
        assert console.app.screen.query_one("#reason", Input).value == "INC-1"
        assert console.app.focused is console.app.screen.query_one("#typed")
    assert simulator.account.truth.entries == []


async def test_a_reason_that_was_typed_is_there_again_for_the_same_mail_only(simulator: Simulator) -> None:
    mails = bulk(simulator, 3)
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, mails)
        await console.type("INC-77 newsletter")
        await console.press("escape")
        await console.sees("3 ids, not sent")
        await console.press("enter")
        await console.sees("not sent yet", "INC-77 newsletter")
        await console.press("escape", "escape", "escape")
        await console.sees("12 loaded")
        await reviewed(console, mails[:2])
        assert "INC-77" not in await console.settles()


async def test_a_plan_that_can_t_be_begun_leads_back_and_the_reason_is_kept(simulator: Simulator) -> None:
    mails = bulk(simulator, 2)
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, mails)
        plans = console.app.service.plans
        with plans.ledger.account_locked(plans.settings.identity):
            await console.type("INC-78 partner")
            await console.press("enter", "2", "enter")
            await console.sees("Nothing was sent. You can watch", "12 loaded")
        assert not plans.ledger.entries()
        await reviewed(console, mails)
        await console.sees("INC-78 partner")


async def test_the_list_of_a_review_shows_a_domain_before_its_form_on_the_wire_and_holds_back_what_is_none(
    simulator: Simulator,
) -> None:
    mails = bulk(simulator, 3)
    for mail, domain in zip(mails, ("аcmе.example", "acme.example!", "acme.example"), strict=True):
        mail.sender = f"billing@{domain}"
    async with console_on(settings_for(simulator)) as console:
        await reviewed(console, mails)
        await console.press("f2")
        await console.sees("Release › messages", "2 held back")
        rows = [line for line in console.text.splitlines() if re.match(r"[▸ ] (held back|to send) ", line)]
        told = [re.fullmatch(r"[▸ ] (\w+ \w+) +▪ BULK +(.*?) +Weekly .*", line) for line in rows]
        assert [found.groups() for found in told if found] == [
            ("held back", "≈ аcmе.example"),
            ("held back", "≈ no readable domain"),
            ("to send", "acme.example"),
        ]
    assert released(simulator) == []


DECEIVING = "ceo@acme.example  Contract renewal"


@pytest.mark.parametrize("size", [(80, 24), (60, 16)], ids=["80x24", "60x16"])
async def test_no_subject_and_no_blanks_stand_in_the_place_of_a_sender(size: tuple[int, int]) -> None:
    with running(Options(quota=0, messages=20, held=20, speed=NO_JOB_ENDS)) as simulator:
        nobody, long = simulator.account.held[:2]
        nobody.sender, nobody.subject, nobody.disposition = "", DECEIVING, "SPAM"
        long.sender, long.subject, long.disposition = f'"{DECEIVING}{" " * 600}"@evil.test', "Hello", "BULK"
        async with console_on(telling_only(simulator), size=size) as console:
            await console.sees("12 loaded")
            await console.press("Q")
            await console.sees("found, all loaded")
            listed = [line for line in console.text.splitlines() if "ceo@" in line]
            assert any("no sender" in line for line in listed), console.text
            assert "evil.test" in console.text
            await console.press("escape")
            await reviewed(console, [nobody, long])
            text = console.text
        assert size[0] < 80 or re.search(r"SPAM +no sender  ceo@acme\.example", text), text
        assert size[0] < 80 or re.search(r"BULK +\S.*@evil\.test  Hello", text), text


async def test_above_a_message_a_word_stands_for_no_sender() -> None:
    with running(Options(quota=0, messages=20, held=20, speed=NO_JOB_ENDS)) as simulator:
        simulator.account.held[0].sender, simulator.account.held[0].subject = "", DECEIVING
        async with console_on(settings_for(simulator), size=(120, 40)) as console:
            await console.sees("12 loaded")
            await console.press("Q")
            await console.sees("found, all loaded", "no sender")
            await console.press("enter")
            await console.sees("investigate id")
            await console.press("2")
            await console.sees(f"no sender  {DECEIVING}")
