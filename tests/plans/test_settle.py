"""Outcomes that no answer told: what is said of them in the end is what the account knows."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import unquote

import pytest

from tests.faults.scenes import PATIENT
from tests.support.clock import HurriedClock
from tests.support.faulty import Received, answer, faulty, success
from tests.support.services import SeenJustNow, held_mail, lonely_service, settings_for
from tests.support.trials import BACK_TO_INBOX, RELEASE, TO_JUNK, TRIALS, Trial
from tui_app.api.client import EmailSecurityClient
from tui_app.api.http import Timeouts
from tui_app.api.read_back import READ_BACK_AFTER
from tui_app.api.rows import Message
from tui_app.api.transport import Transport
from tui_app.api.wire_values import Wire
from tui_app.config.schema import PlanSettings
from tui_app.plans.commands import Resume, Send, Settle
from tui_app.plans.plan import Target
from tui_app.plans.service import PlanService
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.service import EmailSecurityService
from tui_app.simulator.faults.kinds import KINDS
from tui_app.simulator.server import Options, Simulator, running

QUICK, LONG = 30, 500
LONG_MOVES = 250
FAULTS = (
    "close_after", "reset_after", "status_after=502", "status_after=408", "html_200", "wrong_envelope", "bad_gzip",
    "close_before", "reset_before", "missing_ids", "null_result", "close_after_headers", "cut_headers", "short_body",
    "garbage_status", "huge_headers", "bad_utf8", "empty_200", "not_success", "wrong_shape", "null_lists", "big_int",
    "html_502", "status=500", "unavailable", "redirect=307", "partial", "rate_limit=2", "duplicate_keys", "status=422",
    "move_answers=1", "move_answers=2", "move_answers=3", "move_answers=4", "move_answers=5", "move_answers=6", "move_answers=7",
    "move_answers=8", "move_answers=9", "move_answers=10", "move_answers=11",
)  # fmt: skip
SILENT = ("stall_before", "stall_after", "body_stall")
"""Faults that last as long as our patience."""
DEAF = ("", "", "", "close_before@search", "status=500@search%60", "html_200@message%30", "null_result@action_log")
"""What may befall the read-back."""


@dataclass(frozen=True)
class Case:
    """One plan, and what it meets."""

    seed: int
    faults: str
    messages: int
    batch: int
    patience: Timeouts
    trial: Trial = RELEASE

    @classmethod
    def of(cls, seed: int, trial: Trial = RELEASE) -> "Case":
        """Every fault comes up once in so many seeds; where it strikes and what befalls the read-back is drawn."""
        random = Random(seed)
        batch = random.choice((3, 5, 8))
        messages = batch * random.randint(2, 4) - random.randint(0, 2)
        number = random.randint(1, -(-messages // batch))
        every = [fault for fault in (*FAULTS, *SILENT) if _is_for(fault, trial)]
        fault = every[seed % len(every)]
        silent = fault in SILENT
        deaf = random.choice(DEAF)
        faults = ",".join(filter(None, [f"{fault}@{trial.endpoint}#{number}", deaf]))
        patience = Timeouts(connect=5, read=0.3, write=5, pool=5, total=2) if silent else PATIENT
        return cls(seed, faults, messages, batch, patience, trial)


def _is_for(fault: str, trial: Trial) -> bool:
    """Whether it makes sense for the requests of that effect."""
    endpoints = KINDS[fault.partition("=")[0]].endpoints
    return endpoints is None or trial.endpoint in endpoints


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, held=120, messages=100, faults="none")) as simulator:
        yield simulator


def held_again(simulator: Simulator, count: int) -> list[Target]:
    """Nothing has been done to any mail, and nothing is on record; so many messages."""
    return RELEASE.fresh(simulator, count)


@asynccontextmanager
async def releases_on(
    simulator: Simulator, folder: Path, case: Case, *, looks_again: bool = True, **changes: object
) -> AsyncIterator[PlanService]:
    settings, clock = (
        settings_for(simulator, plans=PlanSettings(batch_size=case.batch, move_batch_size=case.batch), **changes),
        HurriedClock(),
    )
    service = EmailSecurityService(settings, clock=clock, random=Random(case.seed), state=folder)
    releases: PlanService = service.plans
    if not looks_again:
        releases._looks = SeenJustNow(clock)
    releases.make_client = lambda waits: EmailSecurityClient(
        Transport(settings, clock, Random(case.seed), acting=case.patience, reading=PATIENT, on_wait=waits)
    )
    try:
        yield releases
    finally:
        await service.close()


def judged(simulator: Simulator, state: PlanState, trial: Trial = RELEASE) -> list[str]:
    """What is said of the messages and is not so."""
    came, done_to = trial.came(simulator), trial.done_to(simulator)
    really = {entry["id"]: entry for entry in trial.truth(simulator)}
    wrong = []
    for target in state.plan.targets:
        outcome, times, done = state.outcome_of(target), came[target.id], done_to[target.id]
        if times > 1:
            wrong.append(f"{target.id} was sent {times} times")
        if (
            (outcome in trial.said_done and done != 1)
            or (outcome is trial.not_seen and done)
            or (outcome in (Outcome.FAILED, Outcome.ALREADY_THERE) and (times != 1 or done))
        ):
            wrong.append(f"{target.id} is called {outcome}, and it was done {done} times")
        result = state.results_by_id.get(target.id)
        told = dict(result.by_recipient()) if result is not None else {}
        if told and times:
            ends = [
                ([name.exact for name in getattr(result, end)], really[target.id][known])
                for end, known in trial.answers
            ]
            if any(ours != theirs for ours, theirs in ends):
                wrong.append(f"{target.id} is called {outcome} for other recipients than the account's")
        if outcome in (Outcome.NOT_SENT, Outcome.REFUSED, Outcome.LEFT_OUT) and times:
            wrong.append(f"{target.id} is called {outcome}, and came to the account")
        if outcome is Outcome.IN_FLIGHT:
            wrong.append(f"{target.id} is in flight for ever")
    if sum(state.outcome_counts().values()) != len(state.plan.targets):
        wrong.append("the sums do not add up")
    return wrong


async def settled(simulator: Simulator, folder: Path, case: Case) -> tuple[list[str], PlanState]:
    """A plan under the faults of the case, then gone on with when they are over; what was said wrongly of it."""
    trial = case.trial
    targets = trial.fresh(simulator, case.messages)
    simulator.set_faults(case.faults)
    async with releases_on(simulator, folder, case) as plans:
        state = await plans.start(Send(plans.plan(plans.guard(targets, trial.request), "x", trial.request)))
        wrong = judged(simulator, state, trial)
        simulator.set_faults("none")
        (entry,) = plans.ledger.entries()
        if {target.id: entry.state.outcome_of(target) for target in targets} != {
            target.id: state.outcome_of(target) for target in targets
        }:
            wrong.append("the journal tells otherwise")
        if entry.state.unfinished:
            after = await plans.start(Resume(entry))
            wrong += judged(simulator, after, trial)
            outcome_counts = after.outcome_counts()
            if outcome_counts[Outcome.UNKNOWN] or outcome_counts[Outcome.NOT_SENT]:
                wrong.append(f"with nothing in the way it was not settled: {after.describe()}")
            if after.unfinished != bool(outcome_counts[trial.not_seen]):
                wrong.append("it is called unfinished, or is not, wrongly")
    return [f"{trial.name}, seed {case.seed}, {case.faults}: {blame}" for blame in wrong], state


async def all_settled(
    simulator: Simulator, folder: Path, trial: Trial, seeds: Iterable[int]
) -> tuple[list[str], Counter[Outcome]]:
    """What was said wrongly in these cases, and what was said."""
    wrong, outcome_counts = [], Counter[Outcome]()
    for seed in seeds:
        blames, state = await settled(simulator, folder / f"{seed}", Case.of(seed, trial))
        wrong += blames
        outcome_counts.update(state.outcome_counts())
    return wrong, outcome_counts


@pytest.mark.parametrize(
    ("trial", "seeds"),
    [
        (RELEASE, range(QUICK + len(SILENT))),
        (TO_JUNK, range(1, 13)),
        (BACK_TO_INBOX, range(26, 40)),  # all that befalls the answer to a move
    ],
    ids=[trial.name for trial in TRIALS],
)
async def test_what_is_said_of_a_lost_answer_is_what_the_account_knows(
    trial: Trial, seeds: range, account: Simulator, tmp_path: Path
) -> None:
    wrong, _ = await all_settled(account, tmp_path, trial, seeds)
    assert wrong == []


@pytest.mark.long
@pytest.mark.parametrize("trial", TRIALS, ids=[trial.name for trial in TRIALS])
async def test_five_hundred_lost_answers(
    trial: Trial, account: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five hundred releases, and as many moves."""
    count = LONG_MOVES if trial.effect.is_move else LONG
    wrong, outcome_counts = await all_settled(account, tmp_path, trial, range(1000, 1000 + count))
    with capsys.disabled():
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcome_counts.items() if count)
        print(f"\n{count} ambiguous plans, {trial.name}: {told}; {len(wrong)} wrong")
    assert wrong == []


async def test_it_is_read_back_five_times_and_what_is_still_held_is_called_so(
    account: Simulator, tmp_path: Path
) -> None:
    case = Case(1, "close_before@release#1", 6, 3, PATIENT)
    seen: list[tuple[int, Phase]] = []
    targets = held_again(account, case.messages)
    account.set_faults(case.faults)
    async with releases_on(account, tmp_path, case, looks_again=False) as releases:
        releases.on_state = lambda state: seen.append((state.asked, state.phase))
        state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
    assert state.phase is Phase.HALTED
    assert {outcome: many for outcome, many in state.outcome_counts().items() if many} == {
        Outcome.NOT_SEEN: 3,
        Outcome.NOT_SENT: 3,
    }
    assert state.unfinished
    searches = [entry for entry in account.wire() if entry["endpoint"] == "search"]
    assert len(searches) == len(READ_BACK_AFTER)
    assert [asked for asked, phase in seen if phase is Phase.SETTLING][-1] == len(READ_BACK_AFTER)


async def test_what_cannot_be_read_back_is_unknown_and_the_plan_is_not_over(account: Simulator, tmp_path: Path) -> None:
    case = Case(1, "close_after@release#1,status=500@reads", 6, 3, PATIENT)
    targets = held_again(account, case.messages)
    account.set_faults(case.faults)
    async with releases_on(account, tmp_path, case, looks_again=False) as releases:
        state = await releases.start(Send(releases.plan(releases.guard(targets), "x")))
        assert (state.phase, state.unfinished) == (Phase.HALTED, True)
        assert {state.outcome_of(target) for target in targets[:3]} == {Outcome.UNKNOWN}
        assert {state.outcome_of(target) for target in targets[3:]} == {Outcome.NOT_SENT}
        assert state.error is not None
        assert [entry.plan.plan_id for entry in releases.unfinished()] == [state.plan.plan_id]
        held_back = releases.guard(targets).held_back
        assert {item.target.id for item in held_back} == {target.id for target in targets[:3]}
        assert all("settle that first" in item.why for item in held_back)
        (entry,) = releases.ledger.entries()
        after = await releases.start(Resume(entry))
        assert after.phase is Phase.HALTED, "nothing is sent before it is settled"
        account.set_faults("none")
        after = await releases.start(Settle(entry))
        assert {after.outcome_of(target) for target in targets[:3]} == {Outcome.RELEASED}
        after = await releases.start(Resume(entry))
    assert (after.phase, after.unfinished) == (Phase.DONE, False)
    assert judged(account, after) == []


async def test_a_message_that_is_neither_held_nor_said_to_be_released_stays_unknown() -> None:
    name = "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1"

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        if "action_log" in request.target:
            return answer(200, success([{"operation": "MOVE", "success": True}], result_info={"count": 1}))
        one = {"id": name, "is_quarantined": False, "post_delivery_operations": ["MOVE"]}
        single = "/investigate/4N" in request.target
        return answer(200, success(one if single else [one], result_info={"count": 1}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard([held_mail(name)]), "x")))
        await service.close()
    assert state.results[0].outcome is Outcome.UNKNOWN
    assert state.results[0].why == "no longer held, but nothing shows that it was released"
    assert state.unfinished


async def test_nothing_more_is_sent_while_something_is_still_unknown() -> None:
    """All reads are answered, and none tells what became of the first request."""
    names = [f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1" for n in range(30)]

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        if "action_log" in request.target:
            return answer(200, success([], result_info={"count": 0}))
        one = {"is_quarantined": None, "final_disposition": "BULK", "client_recipients": ["a@acme.example"]}
        if "/investigate/4N" in request.target:
            asked = unquote(request.target.rpartition("/")[2].partition("?")[0])
            return answer(200, success({**one, "id": asked}))
        held = [{**one, "id": name, "is_quarantined": True} for name in names[25:]]
        return answer(200, success(held, result_info={"count": 5}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        plans = service.plans
        state = await plans.start(Send(plans.plan(plans.guard(list(map(held_mail, names))), "x")))
        assert (len(state.with_outcome(Outcome.UNKNOWN)), len(state.unsent)) == (25, 5)
        again = await plans.start(Resume(plans.ledger.find(state.plan.plan_id)))
        await service.close()
        assert server.count("POST") == 1
    assert (again.phase, len(again.unsent), again.error) == (Phase.HALTED, 5, None)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"success": True, "status": "OK"}, Outcome.RELEASED),
        ({"success": True}, Outcome.RELEASED),
        ({"success": None, "status": "completed"}, Outcome.RELEASED),
        ({}, Outcome.RELEASED),
        ({"success": False, "status": "OK"}, Outcome.UNKNOWN),
        ({"success": "false", "status": "FAILED: policy refused"}, Outcome.UNKNOWN),
        ({"success": "false"}, Outcome.UNKNOWN),
        ({"success": 0}, Outcome.UNKNOWN),
        ({"success": None, "status": "FAILED"}, Outcome.UNKNOWN),
        ({"success": True, "status": "FAILED"}, Outcome.UNKNOWN),
    ],
)
async def test_a_release_counts_only_where_the_log_says_that_it_was_done(said: Wire, outcome: Outcome) -> None:
    state = await settled_release({"operation": "QUARANTINE_RELEASE", "completed_at": "2099-01-01T00:00:00Z", **said})
    assert state.results[0].outcome is outcome
    assert ("the action log does not say that it was released" in state.results[0].why) is (outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("told", [None, "absent", []])
async def test_what_was_done_before_is_not_known_where_nobody_told_it(told: object) -> None:
    """A release of long ago: the message names it when it is asked for by itself, and its list had not told what was done."""
    before = {} if told == "absent" else {"post_delivery_operations": told}
    state = await settled_release(
        {"operation": "QUARANTINE_RELEASE", "success": True, "completed_at": "2026-01-02T00:00:00Z"},
        before=before,
        after={"post_delivery_operations": ["QUARANTINE_RELEASE"]},
    )
    assert state.results[0].outcome is (Outcome.RELEASED if told == [] else Outcome.UNKNOWN)


async def settled_release(entry: Wire, before: Wire | None = None, after: Wire | None = None) -> PlanState:
    """What is said of a release whose answer was lost: the message is held no more, and its action log has this entry."""
    name = "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1"
    one = {"id": name, "final_disposition": "BULK", "client_recipients": ["a@acme.example"]}

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        if "action_log" in request.target:
            return answer(200, success([entry], result_info={"count": 1}))
        single = {**one, "is_quarantined": False, "post_delivery_operations": [], **(after or {})}
        if "/investigate/4N" in request.target:
            return answer(200, success(single))
        return answer(200, success([], result_info={"count": 0}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        target = Target.of(
            Message.from_wire(
                {**one, "is_quarantined": True, **({"post_delivery_operations": []} if before is None else before)}
            )
        )
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard([target]), "x")))
        await service.close()
    return state


@pytest.mark.parametrize("flag", ["true", "false", 1, 0, None, []])
async def test_whether_it_is_held_is_never_guessed(flag: object) -> None:
    name = "4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1"
    one = {"id": name, "is_quarantined": flag, "final_disposition": "BULK", "client_recipients": ["a@acme.example"]}

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        if "action_log" in request.target:
            return answer(200, success([], result_info={"count": 0}))
        single = "/investigate/4N" in request.target
        return answer(200, success(one if single else [one], result_info={"count": 1}))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard([held_mail(name)]), "x")))
        await service.close()
    assert state.results[0].outcome is Outcome.UNKNOWN
    assert state.results[0].why == "the answer does not tell whether it is still held"
    guarded = service.plans.guard([Target.of(Message.from_wire({**one, "id": name[:-1] + "2"}))])
    assert (guarded.allowed, guarded.reasons(), guarded.unfit_reasons()) == (
        (),
        {},
        {"can't tell whether it is held": 1},
    )


@pytest.mark.parametrize("name", ["..", "\ud800-1"], ids=["a path", "no text"])
async def test_an_id_that_cannot_be_asked_for_stays_unknown(name: str) -> None:
    """Ids come from the server too: none of them may end a plan between a request and its account."""
    async with faulty(lambda request: None if request.method == "POST" else answer(200, success([]))) as server:
        service = lonely_service(server.base_url)
        releases = service.plans
        state = await releases.start(Send(releases.plan(releases.guard([held_mail(name, "4NAAAAAAAAAAAA01")]), "x")))
        await service.close()
    assert (state.phase, state.results[0].outcome) == (Phase.HALTED, Outcome.UNKNOWN)


@pytest.mark.parametrize(("fault", "outcome"), [("close_before", Outcome.UNKNOWN), ("close_after", Outcome.RELEASED)])
async def test_an_old_release_is_no_sign_of_the_one_that_was_asked_for(
    tmp_path: Path, fault: str, outcome: Outcome
) -> None:
    case = Case(1, f"{fault}@release#1", 2, 2, PATIENT)
    with running(Options(quota=0, held=40, messages=100, faults="none")) as account:
        targets = held_again(account, 2)
        account.account.backdate_release([target.id for target in targets])
        async with releases_on(account, tmp_path, case) as releases:
            looked_up = await releases.look_up([target.id for target in targets])
            assert [target.released for target in looked_up] == [True, True]
            plan = releases.plan(releases.guard(looked_up), "held again since")
            account.set_faults(case.faults)
            await releases.start(Send(plan))
            account.set_faults("none")
            kept = releases.ledger.find(plan.plan_id)
            assert [target.released for target in kept.plan.targets] == [True, True], "also when it is settled later"
            for mail in account.account.held[:2]:
                mail.quarantined = False  # where it was not released, somebody else has taken it away
            state = await releases.start(Settle(kept)) if kept.state.unfinished else kept.state
            assert {state.outcome_of(target) for target in plan.targets} == {outcome}
            if outcome is Outcome.UNKNOWN:
                assert "was released before it was sent" in state.results[0].why


HELD: Wire = {"is_quarantined": True, "post_delivery_operations": []}
GONE: Wire = {"is_quarantined": False, "post_delivery_operations": ["QUARANTINE_RELEASE"]}
FOREIGN: Wire = {"from": "other@else.example", "subject": "Another mail"}
"""What makes a row one of another mail."""


@pytest.mark.parametrize(
    ("rows", "alone", "outcome"),
    [
        ([GONE], HELD, Outcome.RELEASED),
        ([{**GONE, **FOREIGN}], HELD, Outcome.NOT_SEEN),
        ([GONE, HELD], HELD, Outcome.NOT_SEEN),
        ([HELD, GONE], HELD, Outcome.NOT_SEEN),
        ([GONE, {**GONE, **FOREIGN}], HELD, Outcome.NOT_SEEN),
        ([{**GONE, "from": None, "subject": None}], HELD, Outcome.RELEASED),
        ([], {**HELD, **FOREIGN}, Outcome.UNKNOWN),
        ([], {**GONE, **FOREIGN}, Outcome.UNKNOWN),
    ],
)
async def test_what_a_search_tells_counts_only_of_the_mail_that_was_reviewed(
    rows: list[Wire], alone: Wire, outcome: Outcome
) -> None:
    state = await told_of(1, rows, alone)
    assert [result.outcome for result in state.results] == [outcome]


@pytest.mark.parametrize("change", [GONE, FOREIGN])
async def test_many_are_called_held_only_where_the_search_is_sure_of_it(change: Wire) -> None:
    """What is told so may be sent again; more than can be asked for one by one are told by a search."""
    state = await told_of(101, [HELD], GONE, {**HELD, **change})
    assert [result.outcome for result in state.results] == [Outcome.RELEASED] + 100 * [Outcome.NOT_SEEN]


async def told_of(count: int, rows: list[Wire], alone: Wire, first: Wire | None = None) -> PlanState:
    """What is said of a lost release when every search has these rows of each mail, the first one's more, and it alone is so."""
    scanned = HurriedClock().now()  # searched for is only what can still be there
    names = [f"4NAAAAAAAAAA{n:04d}-{scanned:%Y-%m-%dT%H:%M:%S}-1" for n in range(count)]
    mail = {
        "final_disposition": "BULK", "client_recipients": ["a@acme.example"], "from": "x@ours.example", "subject": "Ours"
    }  # fmt: skip
    released = [row for row in rows if row.get("is_quarantined") is False]

    def script(request: Received) -> bytes | None:
        if request.method == "POST":
            return None
        if "/investigate/4N" in request.target:
            asked = unquote(request.target.rpartition("/")[2].partition("?")[0])
            return answer(200, success({**mail, **alone, "id": asked}))
        if not released and "message_action" in request.target:
            return answer(200, success([], result_info={"count": 0}))
        found = [{**mail, **row, "id": name} for name in names for row in rows]
        found += [{**mail, **first, "id": names[0]}] if first else []
        return answer(200, success(found, result_info={"count": len(found)}))

    targets = [Target.of(Message.from_wire({**mail, **HELD, "id": name})) for name in names]
    async with faulty(script) as server:
        service = lonely_service(server.base_url, plans=PlanSettings(batch_size=count))
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
    return state
