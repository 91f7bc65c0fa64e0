"""Whatever a report of mail is answered: what is told of each message, and nothing is sent twice."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.support.services import service_on
from tests.test_submissions import known, moved, released
from tui_app.api.enums import Disposition
from tui_app.core.errors import GuardError
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.mail_report import Acceptance
from tui_app.plans.plan import Target
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

pytestmark = pytest.mark.slow


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=60, messages=100, faults="none")) as simulator:
        yield simulator


@asynccontextmanager
async def prepared(
    account: Simulator, after: str
) -> AsyncIterator[tuple[EmailSecurityService, LedgerEntry, Mapping[str, Target], Disposition]]:
    """Three messages that can be reported, after a release or a move."""
    if after == "release":
        async with released(account, 3) as (service, entry, targets):
            yield service, entry, known(targets), Disposition.NONE
        return
    async with service_on(account) as service:
        entry, targets = await moved(service, account)
        yield service, entry, known(targets), Disposition.SPOOF


def requests(account: Simulator) -> int:
    """How many requests there were that submit something."""
    return sum(each["endpoint"] == "submit" for each in account.wire())


@pytest.mark.parametrize("after", ["release", "move"])
@pytest.mark.parametrize(
    ("fault", "says", "sent", "taken"),
    [
        ("none", "Reported: 3 accepted.", 1, 3),
        ("rate_limit=0@submit#1", "Reported: 3 accepted.", 2, 3),
        ("rate_limit=0@submit", "Reported: 3 not accepted. ", 3, 0),
        ("null_result@submit", "Reported: 3 unknown. ", 1, 3),
        ("wrong_shape@submit", "Reported: 3 unknown. ", 1, 3),
        ("missing_ids@submit", "Reported: 3 unknown. ", 1, 3),
        ("not_success@submit", "Reported: 3 unknown. ", 1, 3),
        ("status=500@submit", "Reported: 3 unknown. ", 1, 0),
        ("status_after=504@submit", "Reported: 3 unknown. ", 1, 3),
        ("status=422@submit", "Reported: 3 not accepted. ", 1, 0),
        ("partial@submit", "Reported: 2 accepted, 1 not accepted.", 1, 2),
    ],
)
async def test_what_is_told_and_that_it_is_sent_once(
    account: Simulator, after: str, fault: str, says: str, sent: int, taken: int
) -> None:
    async with prepared(account, after) as (service, entry, mail, expected):
        asked = await service.submissions.prepare(entry, mail)
        account.set_faults(fault)
        said = await service.submissions.send(entry, asked, expected)
        account.set_faults("none")
        assert said.startswith(says)
        assert requests(account) == sent
        lines = account.account.truth.of("submission")
        assert len([line for line in lines if line["accepted"]]) == taken
        (report,) = service.plans.ledger.reports_of(entry.plan_id)
        assert says.removeprefix("Reported: ").strip(". ") == report.sums()
        assert any(report.sums() in each.sentence for each in service.activities)
        # What can be reported again is what was not accepted, and that alone.
        refused = [name for name, each in report.acceptances.items() if each.acceptance is Acceptance.NOT_ACCEPTED]
        try:
            again = [each.id for each in (await service.submissions.prepare(entry, mail)).mails]
        except GuardError:
            again = []
        assert again == refused


@pytest.mark.parametrize("after", ["release", "move"])
async def test_what_is_unknown_is_settled_by_the_action_log_whatever_it_was_reported_as(
    account: Simulator, after: str
) -> None:
    async with prepared(account, after) as (service, entry, mail, expected):
        asked = await service.submissions.prepare(entry, mail)
        account.set_faults("null_result@submit")
        await service.submissions.send(entry, asked, expected)
        account.set_faults("none")
        (lost,) = await service.writes.find_open()
        settled = await service.writes.settle(lost)
        assert (settled.open, settled.sums(), requests(account)) == (False, "3 accepted", 1)
        assert all("requested by" in each.why for each in settled.acceptances.values())
