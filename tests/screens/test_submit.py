"""`B` on a plan: what it did is reported to the service, after a verdict was chosen and the number typed."""

from collections.abc import Iterator

import pytest

from tests.screens.test_review import bulk, confirm, reviewed
from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.screens.plan.screen import PlanScreen
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

SIZE = (120, 40)


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


async def released(console: Console, mails: list[Mail]) -> None:
    await reviewed(console, mails)
    await confirm(console, len(mails) if len(mails) > 1 else "y")
    await console.sees("Every id is accounted for")
    await at_rest(console)


async def at_rest(console: Console) -> None:
    """Nothing is awaited any more."""
    screen = console.app.screen
    assert isinstance(screen, PlanScreen)
    await console.until(lambda: not screen.awaiting, "the plan is at rest")


def submitted(account: Simulator) -> list[tuple[str, str]]:
    return [(line["id"], line["expected"]) for line in account.account.truth.of("submission") if line["accepted"]]


async def test_what_was_delivered_is_reported_after_a_verdict_and_the_number(account: Simulator) -> None:
    mails = bulk(account, 3)
    async with console_on(settings_for(account), size=SIZE) as console:
        await released(console, mails)
        await console.sees("B tell Cloudflare")
        await console.press("B")
        await console.sees(
            "Which verdict should 3 messages have had?", "1  NONE: wanted mail; the usual one", "3  SPAM"
        )
        assert "MALICIOUS" not in console.text
        await console.press("4")
        await console.press("2")
        await console.sees("Report these to Cloudflare?", "as false positive, expected BULK", "Mail is not touched")
        await console.type("2")
        await console.press("enter")
        await console.sees("Not confirmed: type 3")
        assert submitted(account) == []
        await console.press("ctrl+u")
        await console.type("3")
        await console.press("enter")
        await console.sees("Reported: 3 accepted.", "reported · 3 accepted")
        assert submitted(account) == [(mail.investigate_id, "BULK") for mail in mails]
        assert console.text.count("reported as BULK: accepted") >= 3
        await console.press("B")
        await console.sees("There is nothing to report. Left out: 3 (reported before).")


@pytest.mark.parametrize("keys", [("escape",), ("1", "escape"), ("1", "enter")])
async def test_without_a_verdict_or_an_answer_nothing_is_reported(account: Simulator, keys: tuple[str, ...]) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await released(console, bulk(account, 2))
        await console.press("B")
        await console.sees("Which verdict should 2 messages have had?")
        for key in keys:
            await console.press(key)
            await console.settles()
        if keys[-1] == "enter":
            await console.sees("Not confirmed: type 2")
            await console.press("escape")
        await console.sees("Nothing was reported.")
        assert account.account.truth.of("submission") == []
        assert len(list(console.app.service.plans.ledger.folder.glob("*.jsonl"))) == 1


async def test_what_is_not_accepted_is_told_with_its_reason_and_what_is_unknown_is_settled_in_the_ledger(
    account: Simulator,
) -> None:
    async with console_on(settings_for(account), size=(190, 40)) as console:
        await released(console, bulk(account, 4))
        account.set_faults("partial@submit#1,status_after=504@submit#2")
        for answer in ("Reported: 2 accepted, 2 not accepted.", "Reported: 2 unknown."):
            await console.press("B")
            await console.sees("Which verdict should")
            await console.press("1")
            await console.sees("Report these to Cloudflare?")
            await console.type("4" if "accepted" in answer else "2")
            await console.press("enter")
            await console.sees(answer)
            if "not accepted" in answer:
                await at_rest(console)
                await console.sees("reported · 2 accepted · 2 not accepted", "not accepted (try again later)")
        account.set_faults("none")
        await console.sees("reported · 2 accepted · 2 unknown")
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("H")
        await console.sees("1 plan, 2 reports, 1 unknown", "report mail", "? unknown", "! partly")
        await console.press("i")
        await console.sees("false positive, expected NONE", "2 unknown")
        await console.press("v")
        await console.sees("Settled: 2 accepted.")
        await console.press("enter")
        await console.sees("Release › plan", "reported · 4 accepted")


async def test_where_nothing_can_be_reported_the_key_says_why_and_the_footer_is_silent(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await reviewed(console, bulk(account, 2))
        account.set_faults("status=403@release")
        await confirm(console, 2)
        await console.sees("A sends the rest")
        assert "tell Cloudflare" not in console.text
        await console.press("B")
        await console.sees("The plan is unfinished")


async def test_a_read_only_profile_hides_and_refuses_it(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await released(console, bulk(account, 2))
    async with console_on(settings_for(account, read_only=True), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press("H")
        await console.sees("1 plan")
        await console.press("enter")
        await console.sees("Every id is accounted for")
        assert "tell Cloudflare" not in console.text
        await console.press("B")
        await console.settles()
        assert "Which verdict" not in console.text
        assert account.account.truth.of("submission") == []
