"""A move whose answer was lost: what the action log tells of it, by the server's clock, and of no other move."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenes import PATIENT
from tests.plans.test_settle import Case, judged, releases_on
from tests.support.faulty import faulty
from tests.support.one_mail import SENT, Entry, OneMail
from tests.support.services import lonely_service
from tests.support.trials import TO_JUNK, target_of
from tui_app.plans.commands import Send
from tui_app.plans.state import Outcome, Result
from tui_app.simulator.obstacles import ALREADY_THERE, THROTTLED
from tui_app.simulator.server import Options, Simulator, running

JUNK, DELETED, INBOX = "JunkEmail", "DeletedItems", "Inbox"


async def moved_to_junk(server: OneMail) -> Result:
    """What is said of a move to Junk whose answer never came."""
    async with faulty(server.answers) as listening:
        service = lonely_service(listening.base_url)
        plans, request = service.plans, TO_JUNK.request
        targets = await plans.look_up([server.mail.investigate_id], request)
        state = await plans.start(Send(plans.plan(plans.guard(targets, request), "x", request)))
        await service.close()
    assert server.moves == 1, "never sent again by itself"
    (result,) = state.results
    return result


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([], Outcome.NOT_SEEN_MOVED),
        ([Entry(JUNK, SENT)], Outcome.SEEN_MOVED),
        ([Entry(JUNK, SENT, THROTTLED)], Outcome.FAILED),
        ([Entry(JUNK, SENT, ALREADY_THERE)], Outcome.ALREADY_THERE),
        ([Entry(JUNK, SENT), Entry(JUNK, SENT, THROTTLED)], Outcome.UNKNOWN),
        # Moved before, to that folder, and back.
        ([Entry(JUNK, 900), Entry(INBOX, 600)], Outcome.NOT_SEEN_MOVED),
        ([Entry(JUNK, 900), Entry(INBOX, 600), Entry(JUNK, SENT)], Outcome.SEEN_MOVED),
        ([Entry(JUNK, 900), Entry(INBOX, 600), Entry(JUNK, SENT, THROTTLED)], Outcome.FAILED),
        ([Entry(INBOX, 600), Entry(DELETED, SENT)], Outcome.NOT_SEEN_MOVED),
        ([Entry(JUNK, 600, THROTTLED)], Outcome.NOT_SEEN_MOVED),
        ([Entry(JUNK, 40), Entry(INBOX, 20)], Outcome.NOT_SEEN_MOVED),
        ([Entry(JUNK, 40, THROTTLED)], Outcome.NOT_SEEN_MOVED),
        ([Entry(DELETED, SENT)], Outcome.NOT_SEEN_MOVED),
    ],
)  # fmt: skip
async def test_the_log_tells_of_the_move_that_was_sent_and_of_no_other(entries: list[Entry], outcome: Outcome) -> None:
    result = await moved_to_junk(OneMail(entries))
    assert (result.outcome, bool(result.why)) == (outcome, True)


@pytest.mark.parametrize(
    ("entries", "behind", "outcome"),
    [
        ([Entry(INBOX, 600), Entry(JUNK, SENT)], 60, Outcome.SEEN_MOVED),
        ([Entry(INBOX, 600), Entry(JUNK, SENT)], -60, Outcome.SEEN_MOVED),
        ([Entry(INBOX, 600), Entry(JUNK, SENT)], 300, Outcome.SEEN_MOVED),
        ([Entry(JUNK, 600), Entry(INBOX, 500)], -3600, Outcome.NOT_SEEN_MOVED),
    ],
)
async def test_it_is_told_by_the_server_s_clock(entries: list[Entry], behind: float, outcome: Outcome) -> None:
    assert (await moved_to_junk(OneMail(entries, behind))).outcome is outcome


@pytest.mark.parametrize("age", [900, SENT])
@pytest.mark.parametrize("tells_operations", [True, False])
async def test_a_move_without_a_time_is_ours_only_where_there_was_none_before(
    age: float, tells_operations: bool
) -> None:
    result = await moved_to_junk(OneMail([Entry(JUNK, age)], is_dated=False, tells_operations=tells_operations))
    assert result.outcome is (Outcome.SEEN_MOVED if age == SENT and tells_operations else Outcome.UNKNOWN)


async def test_what_the_answer_can_not_tell_apart_is_told_by_the_log(
    account_of_moves: Simulator, tmp_path: Path
) -> None:
    """Two messages with one Message-ID and a mailbox in common."""
    account, case = account_of_moves, Case(1, "none", 6, 3, PATIENT, TO_JUNK)
    TO_JUNK.fresh(account)
    mails = account.account.held[:6]
    account.account.share_message_id(mails[0].investigate_id, mails[1].investigate_id)
    targets = [target_of(mail) for mail in mails]
    async with releases_on(account, tmp_path, case) as plans:
        guarded = plans.guard(targets, TO_JUNK.request)
        state = await plans.start(Send(plans.plan(guarded, "x", TO_JUNK.request)))
    assert judged(account, state, TO_JUNK) == []
    assert [state.outcome_of(target) for target in targets] == [Outcome.SEEN_MOVED] * 2 + [Outcome.MOVED] * 4


@pytest.fixture
def account_of_moves() -> Iterator[Simulator]:
    with running(Options(quota=0, held=40, messages=100, faults="none")) as account:
        yield account
