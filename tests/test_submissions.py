"""Reporting the mail of a plan: which messages, what is on record before and after, and what is never sent twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.support.faulty import FaultyServer, answer, faulty, success
from tests.support.services import lonely_service, service_on
from tests.support.trials import RELEASE, TO_JUNK
from tui_app.api.client import EmailSecurityClient
from tui_app.api.enums import Destination, Disposition
from tui_app.api.errors import ApiError
from tui_app.api.submission import MOST_SUBMITTED
from tui_app.core.errors import GuardError
from tui_app.core.text import Untrusted
from tui_app.plans.account_lock import Locked
from tui_app.plans.commands import Send
from tui_app.plans.effect import Effect
from tui_app.plans.journal import JournalError, read
from tui_app.plans.ledger_entry import LedgerEntry
from tui_app.plans.plan import Plan, Target
from tui_app.plans.records import intent_record, result_record
from tui_app.plans.request import PlanRequest
from tui_app.plans.state import Outcome, Phase, PlanState, Result
from tui_app.plans.submission import (
    HAS_DETECTION,
    NO_ALERT_ID,
    NO_MAILBOX,
    ToSubmit,
    choose,
    type_for,
)
from tui_app.plans.submission_names import FOREIGN_ALERT_ID
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

NONE, SPAM = Disposition.NONE, Disposition.SPAM


@pytest.fixture
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=150, messages=100, faults="none")) as simulator:
        yield simulator


@asynccontextmanager
async def released(
    account: Simulator, count: int = 4, **changes: Any
) -> AsyncIterator[tuple[EmailSecurityService, LedgerEntry, tuple[Target, ...]]]:
    """A plan that released so many messages, as the ledger tells of it, and what was known of them."""
    targets = RELEASE.fresh(account)
    fit = tuple(target for target in targets if target.disposition == Disposition.BULK)[:count]
    async with service_on(account, **changes) as service:
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(fit), "INC-1")))
        assert len(state.with_outcome(Outcome.DELIVERED)) == count
        yield service, service.plans.ledger.find(state.plan.plan_id), fit


def known(targets: tuple[Target, ...]) -> Mapping[str, Target]:
    return {target.id: target for target in targets}


def accepted(account: Simulator) -> list[str]:
    return [line["id"] for line in account.account.truth.of("submission") if line["accepted"]]


def journals(service: EmailSecurityService) -> list[list[str]]:
    return [
        [record["type"] for record in read(path).records]
        for path in sorted(service.plans.ledger.folder.glob("*.jsonl"))
    ]


async def test_what_was_delivered_is_reported_and_is_on_record(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        assert [mail.alert_id for mail in asked.mails] == [target.alert_id for target in targets]
        assert await service.submissions.send(entry, asked, NONE) == "Reported: 4 accepted."
        assert accepted(account) == [target.id for target in targets]
        (report,) = service.plans.ledger.reports_of(entry.plan_id)
        assert (report.reason, report.as_asked, report.origin) == ("INC-1", True, service.plans.ledger.origin)
        assert journals(service)[-1] == ["job_write", "answer"]
        assert service.plans.ledger.verify().problems == ()
        assert service.activities[-1].sentence.endswith("as false positive, expected NONE: 4 accepted.")
        with pytest.raises(GuardError, match=r"nothing to report. Left out: 4 \(reported before\)"):
            await service.submissions.prepare(entry, known(targets))


async def test_what_the_ledger_does_not_know_is_looked_up(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        assert not any(target.alert_id for target in entry.plan.targets)
        asked = await service.submissions.prepare(entry)
        assert [mail.alert_id for mail in asked.mails] == [target.alert_id for target in targets]
        nameless = replace(targets[0], alert_id="")
        chosen = choose(entry.state, asked.kind, {**known(targets), nameless.id: nameless}, [])
        assert (len(chosen.mails), chosen.left_out) == (3, {nameless.id: NO_ALERT_ID})
        assert chosen.describe_left_out() == f"Left out: 1 ({NO_ALERT_ID})."


async def test_it_is_on_the_disk_before_it_is_sent(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        seen: list[Any] = []
        submit = service.client.submit_messages

        async def spied(*what: Any) -> Any:
            seen.extend(service.plans.ledger.reports_of(entry.plan_id))
            return await submit(*what)

        service.client.submit_messages = spied  # type: ignore[method-assign]
        await service.submissions.send(entry, asked, NONE)
        ((report),) = seen
        assert (report.open, report.answers, report.report.expected) == (True, (), "NONE")
        assert [mail.id for mail in report.report.mails] == [target.id for target in targets]


async def test_without_a_record_nothing_is_sent(account: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tui_app.plans.storage.Storage.sync", full)
        with pytest.raises(JournalError):
            await service.submissions.send(entry, asked, NONE)
        monkeypatch.undo()
        assert accepted(account) == []


async def test_what_was_not_accepted_can_be_reported_again_and_the_rest_can_t(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        account.set_faults("partial@submit#1")
        asked = await service.submissions.prepare(entry, known(targets))
        assert await service.submissions.send(entry, asked, NONE) == "Reported: 2 accepted, 2 not accepted."
        assert "try again later" in service.activities[-1].details[0]
        again = await service.submissions.prepare(entry, known(targets))
        assert ([mail.id for mail in again.mails], again.reported) == ([targets[1].id, targets[3].id], 2)
        assert await service.submissions.send(entry, again, SPAM) == "Reported: 2 accepted."
        assert sorted(accepted(account)) == sorted(target.id for target in targets)


@pytest.mark.parametrize("fault", ["status_after=504@submit", "missing_ids@submit", "close_after@submit"])
async def test_what_is_unknown_is_never_reported_again_and_the_action_log_settles_it(
    account: Simulator, fault: str
) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        account.set_faults(fault)
        assert (await service.submissions.send(entry, asked, NONE)).startswith("Reported: 4 unknown. ")
        account.set_faults("none")
        with pytest.raises(GuardError, match="reported before"):
            await service.submissions.prepare(entry, known(targets))
        (lost,) = await service.writes.find_open()
        settled = await service.writes.settle(lost)
        assert (settled.open, settled.sums()) == (False, "4 accepted")
        assert len(accepted(account)) == 4
        assert service.writes.unsettled.keys() == {lost.plan_id}


async def test_what_never_arrived_stays_unknown_and_an_older_or_another_report_does_not_count(
    account: Simulator,
) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        account.set_faults("close_before@submit")
        await service.submissions.send(entry, asked, NONE)
        account.set_faults("none")
        one = [mail for mail in asked.mails if mail.id == targets[0].id]
        await service.client.submit_messages(asked.kind, SPAM, one)  # somebody else, with another verdict
        (lost,) = service.plans.ledger.open_writes(service.settings.identity)
        still = await service.writes.settle(lost)
        assert (still.open, still.sums(), still.answers) == (True, "4 unknown", lost.answers)
        assert "the action logs show no such report" in service.activities[-1].sentence


async def test_an_action_log_that_is_not_whole_does_not_show_that_there_is_no_report(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EmailSecurityClient.list_action_log

    async def partial(client: EmailSecurityClient, name: str, **where: Any) -> Any:
        return replace(await real(client, name, **where), partial=True)

    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        account.set_faults("close_before@submit")
        await service.submissions.send(entry, asked, NONE)
        account.set_faults("none")
        monkeypatch.setattr(EmailSecurityClient, "list_action_log", partial)
        (lost,) = service.plans.ledger.open_writes(service.settings.identity)
        still = await service.writes.settle(lost)
        assert (still.open, still.sums()) == (True, "4 unknown")
        assert {answer.why for answer in still.acceptances.values()} == {"not all of its action log could be read"}


async def test_some_of_a_report_can_be_settled_while_others_stay_open(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        account.set_faults("close_before@submit")
        await service.submissions.send(entry, asked, NONE)
        account.set_faults("none")
        await service.client.submit_messages(asked.kind, NONE, asked.mails[:2])
        (lost,) = service.plans.ledger.open_writes(service.settings.identity)
        some = await service.writes.settle(lost)
        assert (some.open, some.sums()) == (True, "2 accepted, 2 unknown")
        await service.client.submit_messages(asked.kind, NONE, asked.mails[2:])
        rest = await service.writes.settle(some)
        assert (rest.open, rest.sums()) == (False, "4 accepted")


async def test_a_refusal_is_told_of_each_message_and_sends_no_more(account: Simulator) -> None:
    async with released(account, 2) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        account.set_faults("status=403@submit")
        said = await service.submissions.send(entry, asked, NONE)
        account.set_faults("none")
        assert said.startswith("Reported: 2 not accepted. ")
        (report,) = service.plans.ledger.reports_of(entry.plan_id)
        assert (report.standing, report.answers[0].http) == ("refused", 403)
        assert len((await service.submissions.prepare(entry, known(targets))).mails) == 2


@asynccontextmanager
async def answering(service: EmailSecurityService, answers: Sequence[bytes]) -> AsyncIterator[FaultyServer]:
    """The service's client gets these answers to what it submits, one after the other, and the last one from then on."""
    left = list(answers)
    async with faulty(lambda _: left.pop(0) if left[1:] else left[0]) as server:
        other = lonely_service(server.base_url)
        service.client.submit_messages = other.client.submit_messages  # type: ignore[method-assign]
        yield server
        await other.close()


async def test_success_with_errors_is_unknown_and_its_words_are_told(account: Simulator) -> None:
    items = [{"id": "s0", "accepted": True}, {"id": "s1", "accepted": False, "error": "too old"}]
    both = answer(200, success({"results": items}, errors=[{"code": 7, "message": "quota\u202e is over"}]))
    async with released(account, 2) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        async with answering(service, [both]) as server:
            said = await service.submissions.send(entry, asked, NONE)
            assert server.count("POST") == 1
        words = "The answer says success and also: quota"
        assert said.startswith(f"Reported: 1 not accepted, 1 unknown. {words}")
        assert said.isprintable()
        (report,) = service.plans.ledger.reports_of(entry.plan_id)
        assert (report.standing, "quota" in report.answers[-1].why) == ("unknown", True)
        why = [each.why for each in report.acceptances.values()]
        assert ("success and also: " in why[0], why[1]) == (True, "too old")
        assert words in service.activities[-1].sentence
        again = await service.submissions.prepare(entry, known(targets))
        assert ([mail.id for mail in again.mails], again.reported) == ([targets[1].id], 1)


async def test_after_a_batch_that_contradicts_itself_none_is_sent(account: Simulator) -> None:
    async with released(account, 2) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        more = tuple(replace(asked.mails[0], id=f"{asked.mails[0].id}{number}") for number in range(150))
        refusing = success({"results": [{"accepted": False}] * 100}, errors=[{}])
        async with answering(service, [answer(200, refusing)]) as server:
            said = await service.submissions.send(entry, replace(asked, mails=more), NONE)
            assert server.count("POST") == 1
        assert said.startswith("Reported: 100 not accepted, 50 not sent. The answer says success and also: an error")


async def test_there_are_a_hundred_a_request_and_none_after_one_without_an_answer(account: Simulator) -> None:
    assert MOST_SUBMITTED == 100
    async with released(account, 3) as (service, entry, targets):
        many = tuple(replace(target, alert_id=f"{target.alert_id}") for target in targets)
        mails = (await service.submissions.prepare(entry, known(many))).mails
        more = tuple(replace(mails[0], id=f"{mails[0].id}{number}") for number in range(250))
        asked = ToSubmit(type_for(entry.plan.effect) or pytest.fail(), more, {})
        assert [len(batch) for batch in asked.batches()] == [100, 100, 50]
        account.set_faults("status_after=500@submit#2")
        said = await service.submissions.send(entry, asked, NONE)
        account.set_faults("none")
        assert said.startswith("Reported: 1 accepted, 99 not accepted, 100 unknown, 50 not sent. ")
        sizes = [len(report.acceptances) for report in service.plans.ledger.reports_of(entry.plan_id)]
        assert sizes == [100, 100]


async def test_of_two_consoles_one_reports(account: Simulator) -> None:
    async with released(account) as (service, entry, targets), service_on(account) as other:
        mine = await service.submissions.prepare(entry, known(targets))
        theirs = await other.submissions.prepare(entry, known(targets))
        account.set_faults("latency=300@submit")
        both = await asyncio.gather(
            service.submissions.send(entry, mine, NONE),
            other.submissions.send(entry, theirs, NONE),
            return_exceptions=True,
        )
        account.set_faults("none")
        assert [type(each) for each in both if not isinstance(each, str)] == [Locked]
        with pytest.raises(GuardError, match="Meanwhile 4 messages of these were reported by somebody else"):
            await other.submissions.send(entry, theirs, NONE)
        assert sorted(accepted(account)) == sorted(target.id for target in targets)


async def test_a_read_only_profile_reports_nothing(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        asked = await service.submissions.prepare(entry, known(targets))
        async with service_on(account, read_only=True) as reader:
            for work in (reader.submissions.prepare(entry), reader.submissions.send(entry, asked, NONE)):
                with pytest.raises(GuardError, match="read-only"):
                    await work
        assert accepted(account) == []


async def test_an_account_that_does_not_answer_the_look_up_reports_nothing(account: Simulator) -> None:
    async with released(account) as (service, entry, _):
        account.set_faults("status=403")
        with pytest.raises(ApiError):
            await service.submissions.prepare(entry)
        account.set_faults("none")
    assert accepted(account) == []


# ---- after a move


async def moved(
    service: EmailSecurityService, account: Simulator, verdict: str = "NONE"
) -> tuple[LedgerEntry, tuple[Target, ...]]:
    """Three clean messages and one with a detection, moved to Junk."""
    TO_JUNK.fresh(account)
    mails = account.account.held[:4]
    for mail in mails:
        mail.disposition = verdict
    mails[3].disposition = "SPAM"
    request = PlanRequest(Effect.move(Destination.JUNK), tuple(mail.investigate_id for mail in mails))
    targets = await service.plans.look_up(request.ids, request)
    guarded = service.plans.guard(targets, request)
    state = await service.plans.start(Send(service.plans.plan(guarded, "INC-2", request)))
    assert len(state.with_outcome(Outcome.MOVED)) == 4
    return service.plans.ledger.find(state.plan.plan_id), targets


@pytest.mark.parametrize("fresh", [True, False])
async def test_clean_mail_that_was_moved_is_a_missed_detection_of_its_mailboxes(
    account: Simulator, fresh: bool
) -> None:
    async with service_on(account) as service:
        entry, targets = await moved(service, account)
        asked = await service.submissions.prepare(entry, known(targets) if fresh else None)
        assert asked.left_out == {targets[3].id: HAS_DETECTION}
        wanted = [(mail.postfix_id, mail.header_id, tuple(mail.recipients)) for mail in account.account.held[:3]]
        assert [(mail.postfix_id, mail.message_id, mail.recipients) for mail in asked.mails] == wanted
        assert await service.submissions.send(entry, asked, Disposition.MALICIOUS) == "Reported: 3 accepted."
        assert {line["type"] for line in account.account.truth.of("submission")} == {"missed_detection"}


def test_only_the_mailboxes_that_it_was_moved_in_are_named() -> None:
    one, two = Untrusted("a@x.example"), Untrusted("b@x.example")
    names = [f"4N00000000000{n}01-2026-11-19T00:00:00-1" for n in range(3)]
    targets = [Target(name, "4NPOSTFIX", recipients=(one, two), header_id="<m@x>", disposition=NONE) for name in names]
    plan = Plan.make(targets, "x", 25, Random(1), effect=Effect.move(Destination.JUNK))
    results = {
        names[0]: Result(targets[0], Outcome.PARTLY_MOVED, moved=(two,), failed=(one,)),
        names[1]: Result(targets[1], Outcome.SEEN_MOVED),
        names[2]: Result(targets[2], Outcome.ALREADY_THERE, already_there=(one, two)),
    }
    kind = type_for(plan.effect)
    assert kind is not None
    chosen = choose(PlanState(plan, Phase.DONE, results), kind, {t.id: t for t in targets}, [])
    assert [(mail.id, mail.recipients) for mail in chosen.mails] == [(names[0], ("b@x.example",))]
    assert chosen.left_out == {names[1]: NO_MAILBOX}


async def test_what_two_mails_were_told_with_is_not_sent(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        victim = account.account.held[-1].alert_id
        wrong = {target.id: replace(target, alert_id=victim) for target in targets[:2]}
        asked = await service.submissions.prepare(entry, {**known(targets), **wrong})
        assert [mail.id for mail in asked.mails] == [target.id for target in targets[2:]]
        assert asked.describe_left_out() == f"Left out: 2 ({FOREIGN_ALERT_ID})."
        assert await service.submissions.send(entry, asked, NONE) == "Reported: 2 accepted."
        assert victim not in {line["asked"] for line in account.account.truth.of("submission")}


async def test_an_alert_id_that_was_reported_for_another_mail_is_that_mails(account: Simulator) -> None:
    async with released(account) as (service, entry, targets):
        odd = {target.id: replace(target, investigate_id=None, alert_id="odd") for target in targets[:2]}
        first = await service.submissions.prepare(entry, {**known(targets), targets[0].id: odd[targets[0].id]})
        account.set_faults("close_before@submit")
        await service.submissions.send(entry, replace(first, mails=first.mails[:1]), NONE)
        account.set_faults("none")
        again = await service.submissions.prepare(entry, {**known(targets), **odd})
        assert again.left_out == {targets[1].id: FOREIGN_ALERT_ID}


@pytest.mark.parametrize(
    ("effect", "outcome", "says"),
    [
        (Effect.move(Destination.INBOX), Outcome.MOVED, "A move to the Inbox says nothing about a verdict"),
        (Effect(), Outcome.FAILED, "Nothing was delivered"),
        (Effect(), None, "The plan is unfinished"),
    ],
)
async def test_where_it_can_t_be_done_it_is_said_why(
    account: Simulator, effect: Effect, outcome: Outcome | None, says: str
) -> None:
    async with service_on(account) as service:
        target = RELEASE.fresh(account, 1)[0]
        plan = Plan.make([target], "x", 25, Random(1), effect=effect)
        journal, _ = service.plans.ledger.begin(plan, service.settings.identity)
        if outcome is not None:
            now = service.clock.now()
            journal.add(intent_record([target], "ids", now))
            journal.add(result_record([Result(target, outcome)], http=200, ray=None, ms=1, at=now))
        journal.close()
        with pytest.raises(GuardError, match=says):
            await service.submissions.prepare(service.plans.ledger.find(plan.plan_id))


async def test_mail_that_was_reported_after_another_move_is_not_reported_again(account: Simulator) -> None:
    async with service_on(account) as service:
        first, targets = await moved(service, account)
        asked = await service.submissions.prepare(first, known(targets))
        assert await service.submissions.send(first, asked, Disposition.MALICIOUS) == "Reported: 3 accepted."
        request = PlanRequest(Effect.move(Destination.DELETED_ITEMS), tuple(target.id for target in targets))
        again = await service.plans.look_up(request.ids, request)
        plan = service.plans.plan(service.plans.guard(again, request), "INC-3", request)
        state = await service.plans.start(Send(plan))
        second = service.plans.ledger.find(state.plan.plan_id)
        with pytest.raises(GuardError, match=r"3 \(reported before\)"):
            await service.submissions.prepare(second, known(again))
        with pytest.raises(GuardError, match="were reported by somebody else"):
            await service.submissions.send(second, asked, Disposition.SPAM)
        assert len(account.account.truth.of("submission")) == 3
