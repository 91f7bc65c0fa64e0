"""What a job or a plan left behind, acted on from screens: moved, tried again, taken back, at its time."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.core.clock import SystemClock
from tui_app.plans.commands import Send
from tui_app.plans.request import PlanRequest
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

SIZE = (120, 40)


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=30, messages=100, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


def moves(account: Simulator) -> list[tuple[str, str]]:
    return [(entry["id"], entry["destination"]) for entry in account.account.truth.of("move")]


async def at_the_job(console: Console) -> None:
    """Open the job of which 140 rows failed."""
    await console.sees("12 loaded")
    await console.press(*"jjjjj", "enter")
    await console.sees("140 failed", "1,000 loaded")


async def retry_waits(console: Console) -> None:
    """A retry that may not be sent yet, confirmed."""
    await at_the_job(console)
    await console.press("T")
    await console.sees("Not before")
    await console.type("96")
    await console.press("enter")
    await console.sees("waits until")


async def sent(console: Console, number: str) -> None:
    """Confirm a review, and see its plan end."""
    await console.sees(f"type {number} to send")
    await console.type(number)
    await console.press("enter")
    await console.sees("all sent")


async def test_a_retry_takes_what_may_be_helped_of_a_job_and_is_told_there(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await at_the_job(console)
        await console.press("T")
        await console.sees("Move → Junk › plan", "retry of job ff6c73b8", "96 messages")
        await console.sees("Held back by the guard: 31 mailbox not found for recipient, 13 the message is")
        await sent(console, "96")
        await console.sees("94 moved", "2 failed")
        await console.press("escape")
        await console.sees("then retry", "94 moved, 2 failed")
        await console.press("T")
        await console.sees("2 messages", "Left out: 94 in plan")
    assert len(moves(account)) == 96
    assert {folder for _, folder in moves(account)} == {"JunkEmail"}


async def test_what_trying_again_cannot_help_is_sent_only_by_its_name(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await at_the_job(console)
        await console.press("w")
        await console.sees("140 failed rows, 3 reasons")
        await console.press("j", "T")
        await console.sees("Nothing to send", "31 mailbox not found", "type NO-MAILBOX")
        await console.type("NO-MAILBOX")
        await console.press("enter")
        await console.sees("31 messages", "Included by name, sent last: 31 NO-MAILBOX")
        await console.press("escape")
    assert moves(account) == []


async def test_an_undo_goes_back_and_its_undo_ends_where_it_began(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press(*"jjjjjjjj", "U")  # 17 moved to Junk
        await console.sees("Move → Inbox › plan", "undo of job", "17 messages", "the user sees it as usual")
        await sent(console, "17")
        await console.press("U")
        await console.sees("Move → Junk › plan", "undo of plan")
        await sent(console, "17")
        await console.press("escape")
        await console.sees("then undo")
    by_folder = [folder for _, folder in moves(account)]
    assert by_folder == ["Inbox"] * 17 + ["JunkEmail"] * 17
    assert len({name for name, _ in moves(account)}) == 17


async def test_nothing_is_offered_while_the_job_runs(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press("j", "j", "U")  # still discovering
        await console.sees("The job runs: X cancels it")
        await console.press("T")
        await console.sees("The job runs: retry when it has ended, or cancel it.")
    assert moves(account) == []


async def test_a_hard_delete_wants_its_word_and_the_number(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await at_the_job(console)
        await console.press("V")
        await console.sees("Hard delete: the user can NOT recover it", "Press its number")
        await console.press("5")
        await console.sees("Move → Hard delete › plan", "type delete 1 to send")
        await console.type("wrong list")
        await console.press("enter")
        for answer in ("y", "1", "delete"):
            await console.type(answer)
            await console.press("enter")
            await console.sees("Not sent: type delete 1 to send")
        assert moves(account) == []
        await console.type("delete 1")
        await console.press("enter")
        await console.sees("all sent")
    assert [folder for _, folder in moves(account)] == ["RecoverableItemsPurges"]


async def test_what_was_released_can_be_moved_out_of_the_inbox(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("found, all loaded")
        await console.press("R")
        await console.sees("type y to send")
        await console.type("wrong one")
        await console.press("enter")
        await console.type("y")
        await console.press("enter")
        await console.sees("all sent", "1 delivered")
        await console.press("U")
        await console.sees("Move what was released to", "1  Junk", "2  Soft delete")
        await console.press("2")
        await console.sees("Move → Soft delete › plan", "undo of plan")
        await sent(console, "y")
    ((name, folder),) = moves(account)
    assert folder == "RecoverableItemsDeletions"
    assert name in {entry["id"] for entry in account.account.truth.of("release")}


async def test_held_mail_that_another_console_released_since_it_was_listed_is_not_sent_again(
    account: Simulator,
) -> None:
    """The look right before it is sent finds it held: a search may be behind."""
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("found, all loaded")
        name = console.app.screen.copy_id()  # type: ignore[attr-defined]
        other = EmailSecurityService(
            settings_for(account), clock=SystemClock(), random=Random(7), state=console.app.service.plans.folder.parent
        )
        request = await other.plans.dated(PlanRequest(ids=(name,)))
        guarded = other.plans.guard(await other.plans.look_up(request.ids, request), request)
        await other.plans.start(Send(other.plans.plan(guarded, "x", request), request.journals))
        await other.close()
        mail = account.account.mail(name)
        assert mail is not None
        mail.quarantined, mail.delivery_status = True, ["quarantined"]
        await console.press("R")
        await console.sees("type y to send")
        await console.type("wrong one")
        await console.press("enter")
        await console.type("y")
        await console.press("enter")
        await console.sees("1 left out", "has sent it since")
    assert len(account.account.truth.of("release")) == 1


async def test_a_retry_waits_for_its_time_and_can_be_left_and_stopped_and_closed() -> None:
    options = Options(quota=0, held=30, messages=100, faults="none", retry_in=1200, speed=NO_JOB_ENDS)
    with running(options) as account:
        async with console_on(settings_for(account), size=SIZE) as console:
            await retry_waits(console)
            await console.sees("It is sent at its time while this console runs")
            await console.press("escape")
            await console.sees("Jobs › move → Junk")
            assert len(console.app.service.waiting_plans) == 1
            await console.press("H")
            await console.sees("unfinished", "not before")
            await console.press("enter")
            await console.sees("96 not sent", "waits until", "It is sent at its time")
            await console.press("S")
            await console.sees("unfinished", "not before", "It waits no more. A goes on with it")
            assert "S stop" not in console.text
            await console.press("C")
            await console.sees("Close this plan?")
            await console.press("y")
            await console.sees("closed")
            await console.until(lambda: not console.app.service.waiting_plans)
        assert moves(account) == []


async def test_the_counts_of_a_retry_are_seen_on_the_smallest_screen(account: Simulator) -> None:
    """What is held back needs room, too: its words go first."""
    async with console_on(settings_for(account), size=(60, 16)) as console:
        await console.sees("12 loaded")
        await console.press(*"jjjjj", "enter")
        await console.sees("140 failed")
        await console.press("T")
        await console.sees("96 messages · 96 recipients", "Held back by the guard: 44, f2 tells why", "type 96 to send")


async def test_marks_count_while_the_rows_of_another_tab_are_on_their_way(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await at_the_job(console)
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("space", "space")
        await console.sees("2 marked")
        gate = held_open(monkeypatch, console.app.service.client, "list_job_messages")
        await console.press("6")
        await console.loses("140 loaded")
        await console.press("T")
        gate.set()
        await console.sees("2 messages", "not sent yet")


async def test_an_undo_of_marked_rows_takes_back_no_others(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press(*"jjjjjjjj", "enter")
        await console.sees("17 loaded")
        await console.press("space", "space", "space", "U")
        await console.sees("3 messages", "undo of job")
        await sent(console, "3")
    assert [folder for _, folder in moves(account)] == ["Inbox"] * 3


async def test_an_undo_of_rows_that_were_moved_on_leads_to_where_the_job_had_moved_them(account: Simulator) -> None:
    async with console_on(settings_for(account), size=SIZE) as console:
        await console.sees("12 loaded")
        await console.press(*"jjjjjjjj", "enter")
        await console.sees("17 loaded")
        await console.press("V")
        await console.sees("Press its number")
        await console.press("4")
        await console.sees("Move → Soft delete › plan", "move of job")
        await console.type("INC-1")
        await console.press("enter")
        await sent(console, "y")
        await console.press("U")
        await console.sees("Move → Junk › plan", "undo of plan")
        await sent(console, "y")
    assert [folder for _, folder in moves(account)] == ["RecoverableItemsDeletions", "JunkEmail"]


async def test_a_plan_that_waits_here_is_shown_so_wherever_it_is_opened_and_stops() -> None:
    options = Options(quota=0, held=30, messages=100, faults="none", retry_in=1200, speed=NO_JOB_ENDS)
    with running(options) as account:
        async with console_on(settings_for(account), size=SIZE) as console:
            await retry_waits(console)
            await console.press("escape", "H")
            await console.sees("unfinished")
            await console.press("enter")
            await console.sees("waits until", "S stop")
            await console.press("S")
            await console.sees("It waits no more")
            await console.until(lambda: not console.app.service.waiting_plans)
        assert moves(account) == []
