"""What a release sends, and what it makes of each answer."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.support.clock import HurriedClock
from tests.support.faulty import Received, Script, answer, failure, faulty, found, success
from tests.support.services import SeenJustNow, held_mail, held_targets, lonely_service, service_on
from tui_app.api.errors import ApiError, Forbidden
from tui_app.api.read_back import READ_BACK_AFTER
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.core.state_file import StateFile
from tui_app.plans.actions import Batch, Request, Sending
from tui_app.plans.commands import Resume, Send, Settle
from tui_app.plans.effect import TO_RELEASE
from tui_app.plans.engine import HOPELESS
from tui_app.plans.journal import Record, read
from tui_app.plans.plan import Plan, Target
from tui_app.plans.release import Release
from tui_app.plans.response import BatchResult
from tui_app.plans.state import Outcome, Phase, PlanState
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running


@pytest.mark.parametrize("which", ["simulator", "seed_simulator"])
async def test_a_release_sends_every_id_exactly_once_in_either_generation(
    which: str, request: pytest.FixtureRequest
) -> None:
    simulator: Simulator = request.getfixturevalue(which)
    async with service_on(simulator) as service:
        targets = await held_targets(service, 60)
        plan = service.plans.plan(service.plans.guard(targets), "newsletter")
        state = await service.plans.start(Send(plan))
    truth = simulator.account.truth.of("release")
    assert state.phase is Phase.DONE
    assert sorted(entry["id"] for entry in truth) == sorted(target.id for target in targets)
    assert len({entry["request"] for entry in truth}) == 3
    for result in state.results:
        said = next(entry for entry in truth if entry["id"] == result.target.investigate_id)
        assert [str(name) for name in result.delivered] == said["delivered"]
        assert [str(name) for name in result.undelivered] == said["undelivered"]
    assert sum(state.outcome_counts().values()) == 60


def understanding(shape: str, bodies: list[str]) -> Callable[[Received], bytes]:
    """A server that takes one shape of body only and notes which ones came; it holds thirty messages."""

    def script(request: Received) -> bytes:
        if request.method == "GET":
            return answer(200, found(target.id for target in numbered(30)))
        body = json.loads(request.body)
        came = "ids" if isinstance(body, dict) else "postfix"
        bodies.append(came)
        if came != shape:
            return answer(422, failure(10400, f"expected {'object' if shape == 'ids' else 'array'}", ""))
        names = body["ids"] if isinstance(body, dict) else body
        key = "id" if came == "ids" else "postfix_id"
        return answer(200, success([{key: name, "delivered": ["a@b.example"]} for name in names]))

    return script


async def test_the_body_that_works_is_learnt_once_and_remembered_over_restarts() -> None:
    targets = numbered(30)
    bodies: list[str] = []
    remembered = StateFile()
    port = 0
    for shape, expected in (
        ("postfix", ["ids", "postfix", "postfix"]),  # learnt with the first batch
        ("postfix", ["postfix", "postfix"]),  # known by the next program
        ("ids", ["postfix", "ids", "ids"]),  # the server moved on: learnt anew
        ("ids", ["ids", "ids"]),
    ):
        bodies.clear()
        async with faulty(understanding(shape, bodies), port=port) as server:
            port = server.port  # the same account at the same address
            service = lonely_service(server.base_url, remembered)
            state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
            await service.close()
        assert state.outcome_counts()[Outcome.DELIVERED] == 30
        assert bodies == expected


@pytest.mark.parametrize("status", [408, 500, 503, 200, 404, 401])
async def test_nothing_but_a_refused_shape_makes_us_try_another_body(status: int) -> None:
    reply = answer(status, failure(10400, "expected array, received object", ""))
    async with faulty(lambda _: reply) as server:
        service = lonely_service(server.base_url)
        target = held_mail("4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1", "4NAAAAAAAAAAAA01")
        await service.plans.start(Send(service.plans.plan(service.plans.guard((target,)), "x")))
        await service.close()
        assert server.count("POST") == 1


def only_to_posts(reply: bytes) -> Script:
    """What was sent is answered; whoever reads back learns nothing."""
    return lambda request: reply if request.method == "POST" else None


async def test_a_bad_id_is_found_by_halving_and_all_others_go_out_once(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        service.plans._looks = SeenJustNow(service.clock)
        good = await held_targets(service, 30)
        bad = replace(good[0], investigate_id="4NAAAAAAAAAAAAAA-2026-01-01T00:00:00-1")
        plan = service.plans.plan(service.plans.guard((bad, *good)), "x")
        state = await service.plans.start(Send(plan))
    outcome_counts = state.outcome_counts()
    assert (outcome_counts[Outcome.REFUSED], state.phase) == (1, Phase.DONE)
    assert "message not found at /ids/0" in state.results_by_id[bad.id].why
    assert (
        outcome_counts[Outcome.DELIVERED] + outcome_counts[Outcome.UNDELIVERED] + outcome_counts[Outcome.FAILED] == 30
    )
    done = [entry["id"] for entry in simulator.account.truth.of("release") if entry["outcome"] != "refused"]
    assert sorted(done) == sorted(target.id for target in good)
    # Halving one bad id out of 25 costs as many requests as 25 can be halved, twice.
    assert state.requests <= 12


async def test_a_refusal_that_is_about_no_message_ends_the_plan_soon() -> None:
    async with faulty(lambda _: answer(400, failure(1, "no"))) as server:
        service = lonely_service(server.base_url)
        targets = tuple(held_mail(f"4NAAAAAAAAAAA{n:03d}-2026-01-01T00:00:00-1") for n in range(200))
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
        assert server.count("POST") <= 20
    assert state.phase is Phase.HALTED
    assert state.outcome_counts()[Outcome.REFUSED] == 5


async def test_refusals_that_are_about_messages_do_not_end_a_plan_of_which_others_went_out() -> None:
    names = [f"4NAAAAAAAAAAA{n:03d}-2026-01-01T00:00:00-1" for n in range(25)]
    bad = set(names[12:21])

    def script(request: Received) -> bytes:
        if request.method != "POST":
            return answer(200, success([]))
        ids = json.loads(request.body)["ids"]
        if bad & set(ids):
            return answer(400, failure(1, "no"))
        return answer(200, success([{"id": name, "delivered": ["a@acme.example"]} for name in ids]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        targets = tuple(map(held_mail, names))
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
    assert len(bad) > HOPELESS
    assert {target.id for target in state.with_outcome(Outcome.DELIVERED)} == set(names) - bad
    assert {target.id for target in state.with_outcome(Outcome.REFUSED)} == bad


async def test_a_token_that_may_only_read_stops_at_the_first_batch(simulator: Simulator) -> None:
    reader = TokenCredential(Secret(simulator.authenticator.read_token, "test"))
    async with service_on(simulator, credential=reader) as service:
        plan = service.plans.plan(service.plans.guard(await held_targets(service, 60)), "x")
        state = await service.plans.start(Send(plan))
    assert (state.phase, state.requests) == (Phase.HALTED, 1)
    assert isinstance(state.error, Forbidden)
    assert state.outcome_counts()[Outcome.NOT_SENT] == 60, "it was not about these messages"
    assert simulator.account.truth.of("release") == []


async def test_a_release_without_an_answer_is_unknown_and_halts() -> None:
    async with faulty(lambda _: None) as server:
        service = lonely_service(server.base_url)
        targets = tuple(held_mail(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(60))
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
        assert server.count("POST") == 1
    assert state.phase is Phase.HALTED
    assert (state.outcome_counts()[Outcome.UNKNOWN], state.outcome_counts()[Outcome.NOT_SENT]) == (25, 35)


async def test_an_id_that_the_answer_does_not_name_is_unknown() -> None:
    names = [f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1" for n in range(3)]
    reply = answer(200, success([{"id": names[0], "delivered": ["a@b.example"]}, {"id": names[1]}]))
    async with faulty(only_to_posts(reply)) as server:
        service = lonely_service(server.base_url)
        state = await service.plans.start(
            Send(service.plans.plan(service.plans.guard([held_mail(name) for name in names]), "x"))
        )
        await service.close()
    assert [result.outcome for result in state.results] == [Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert state.results[2].why.startswith("it could not be read back")


async def test_a_stopped_release_sends_no_further_batch(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        plan = service.plans.plan(service.plans.guard(await held_targets(service, 75)), "x")
        simulator.api.latency = 0.3
        service.on_plan = lambda state: service.stop_plan() if state.in_flight else None
        state = await service.plans.start(Send(plan))
    assert (state.phase, state.outcome_counts()[Outcome.NOT_SENT]) == (Phase.STOPPED, 50)
    assert len(simulator.account.truth.of("release")) == 25


async def test_a_refused_shape_is_not_tried_the_other_way_after_it_worked_once() -> None:
    ok = answer(200, success([{"id": "4NAAAAAAAAAAAA00-2026-01-01T00:00:00-1", "delivered": ["a@b.example"]}]))
    replies = iter([ok, answer(400, failure(1, "bad body", ""))])
    async with faulty(lambda _: next(replies)) as server:
        service = lonely_service(server.base_url)
        for expected in (Outcome.DELIVERED, Outcome.REFUSED):
            target = held_mail("4NAAAAAAAAAAAA00-2026-01-01T00:00:00-1", "4NAAAAAAAAAAAA00")
            state = await service.plans.start(Send(service.plans.plan(service.plans.guard([target]), "x")))
            assert state.results[0].outcome is expected
        await service.close()
        assert server.count("POST") == 2


async def test_an_answer_is_credited_only_to_the_message_it_names() -> None:
    names = [f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1" for n in range(3)]
    items = [
        {"id": names[1], "postfix_id": "4NAAAAAAAAAAAA00", "delivered": ["b@b.example"]},
        {"id": names[2], "delivered": ["c@b.example"]},
        {"id": names[2], "failed": ["c@b.example"]},
    ]
    async with faulty(only_to_posts(answer(200, success(items)))) as server:
        service = lonely_service(server.base_url)
        targets = [held_mail(name, name[:16]) for name in names]
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
    assert [result.outcome for result in state.results] == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert state.results[1].why != "", "its postfix id is that of another message"


async def test_a_release_that_is_stopped_while_a_request_is_in_flight_does_not_wait_for_the_quota() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="200")
    services: list[EmailSecurityService] = []

    def script(_: Received) -> bytes:
        services[0].stop_plan()
        return limited

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        services.append(service)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard([held_mail("4NA-1")]), "x")))
        await service.close()
        assert server.count("POST") == 1
    assert state.outcome_counts()[Outcome.NOT_SENT] == 1


@pytest.fixture
def faulted_simulator() -> Iterator[Simulator]:
    """The demo account behind a connection that can be given faults."""
    with running(Options(quota=0, messages=100, held=120, faults="none")) as simulator:
        yield simulator


def numbered(count: int) -> tuple[Target, ...]:
    """Messages that are known by both their ids."""
    names = [f"4NAAAAAAAAAAAA{n:02d}" for n in range(count)]
    return tuple(held_mail(f"{name}-2026-01-01T00:00:00-1", name) for name in names)


async def released(service: EmailSecurityService, targets: tuple[Target, ...]) -> PlanState:
    return await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))


def journal_lines(service: EmailSecurityService, kind: str) -> list[Record]:
    """The journal lines of one kind, in the order in which they were written."""
    files = sorted(service.plans.ledger.folder.glob("*.jsonl"))
    return [record for file in files for record in read(file).records if record["type"] == kind]


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
async def test_an_error_is_in_the_journal_with_its_status_and_ray(status: int) -> None:
    reply = answer(status, failure(1, "no"), cf_ray=f"8f{status}-FRA")
    async with faulty(only_to_posts(reply)) as server:
        service = lonely_service(server.base_url)
        await released(service, numbered(1))
        await service.close()
        assert server.count("POST") == 1
    assert [(line["http"], line["ray"]) for line in journal_lines(service, "result")] == [(status, f"8f{status}-FRA")]


async def test_where_neither_body_is_understood_the_first_refusal_is_the_one_to_show() -> None:
    def script(request: Received) -> bytes:
        if request.method == "GET":
            return answer(200, found([numbered(1)[0].id]))
        word = "object" if isinstance(json.loads(request.body), dict) else "list"
        return answer(422, failure(10400, f"the {word} must be an array"), cf_ray=f"{word}-FRA")

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        state = await released(service, numbered(1))
        await service.close()
        assert server.count("POST") == 2
    assert isinstance(state.error, ApiError)
    assert state.error.ray is not None
    assert state.error.ray.exact == "object-FRA"
    assert "the object must be" in state.results[0].why
    assert state.results[0].outcome is Outcome.REFUSED


async def test_messages_that_are_known_by_one_id_only_say_nothing_of_the_body_for_others() -> None:
    bodies: list[str] = []
    remembered = StateFile()
    async with faulty(
        lambda request: understanding(next(shapes) if request.method == "POST" else "", bodies)(request)
    ) as server:
        service = lonely_service(server.base_url, remembered)
        shapes = iter(["postfix"])
        state = await released(service, tuple(replace(target, investigate_id=None) for target in numbered(2)))
        assert state.outcome_counts()[Outcome.DELIVERED] == 2
        shapes = iter(["postfix", "postfix"])
        state = await released(service, numbered(2))
        assert state.outcome_counts()[Outcome.DELIVERED] == 2, "a body that is refused now may still be changed"
        await service.close()
    assert bodies == ["postfix", "ids", "postfix"]


async def test_once_a_body_was_understood_a_refusal_does_not_send_the_other_one() -> None:
    bodies: list[str] = []
    shapes = iter(["ids", "postfix"])
    async with faulty(lambda request: understanding(next(shapes), bodies)(request)) as server:
        service = lonely_service(server.base_url)
        first = await released(service, numbered(1))
        second = await released(service, numbered(1))
        await service.close()
    assert first.results[0].outcome is Outcome.DELIVERED
    assert second.results[0].outcome is Outcome.REFUSED
    assert bodies == ["ids", "ids"]


async def test_a_batch_that_is_too_large_goes_out_in_halves() -> None:
    sizes: list[int] = []

    def script(request: Received) -> bytes:
        names = json.loads(request.body)["ids"]
        sizes.append(len(names))
        if len(names) > 2:
            return answer(413, failure(1, "too large"))
        return answer(200, success([{"id": name, "delivered": ["a@b.example"]} for name in names]))

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        state = await released(service, numbered(8))
        await service.close()
    assert (state.phase, state.outcome_counts()[Outcome.DELIVERED]) == (Phase.DONE, 8)
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


@pytest.mark.parametrize(("fault", "rounds"), [("close_before", len(READ_BACK_AFTER)), ("close_after", 1)])
async def test_settling_reports_by_rounds_and_not_by_messages(
    faulted_simulator: Simulator, fault: str, rounds: int
) -> None:
    simulator = faulted_simulator
    counted = []
    for many in (3, 25):
        told: list[PlanState] = []
        async with service_on(simulator, clock=HurriedClock()) as service:
            targets = await held_targets(service, many)
            simulator.set_faults(f"{fault}@release#1")
            service.on_plan = told.append
            state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
            simulator.set_faults("none")
            assert state.outcome_counts()[Outcome.RELEASED if fault == "close_after" else Outcome.NOT_SEEN] == many
            if state.unfinished:
                await service.plans.start(Resume(service.plans.ledger.entries()[0], resend_unseen=True))
        settling = [each for each in told if each.phase is Phase.SETTLING and each.plan is state.plan]
        counted.append(len(settling))
    assert counted[0] == counted[1]
    # Two a round, and at the end the last word on each and that nothing is open.
    assert counted[1] <= 2 * rounds + 2


@pytest.mark.parametrize(("which", "several"), [("seed_simulator", False), ("simulator", True)])
async def test_the_first_ones_are_looked_at_only_if_more_follow(
    which: str, several: bool, request: pytest.FixtureRequest
) -> None:
    simulator: Simulator = request.getfixturevalue(which)
    phases: list[Phase] = []
    async with service_on(simulator) as service:
        found = await held_targets(service, 5)
        # Those that are known by one id only are never sent first: here one request takes them all.
        targets = found if several else [replace(target, investigate_id=None) for target in found]
        plan = Plan.make(targets, "x", 10, Random(1), canary=2)

        def told(state: PlanState) -> None:
            phases.append(state.phase)
            if state.phase is Phase.CANARY:
                service.plans.continue_sending()

        service.on_plan = told
        state = await service.plans.start(Send(plan))
    assert (state.phase, state.requests) == (Phase.DONE, 2 if several else 1)
    assert phases.count(Phase.CANARY) == several


async def test_a_wait_for_the_quota_in_a_read_back_is_over_when_it_was_sat_out() -> None:
    searches = 0

    def script(request: Received) -> bytes | None:
        nonlocal searches
        if request.method == "POST":
            return None
        searches += 1
        return answer(429, failure(971, "slow"), retry_after="7") if searches == 1 else answer(200, success([]))

    told: list[PlanState] = []
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        service.on_plan = told.append
        state = await released(service, numbered(1))
        await service.close()
    waited = [at for at, each in enumerate(told) if each.waiting]
    assert [told[at].waiting for at in waited] == [7.0]
    assert (told[waited[0] + 1].phase, told[waited[0] + 1].waiting) == (Phase.SETTLING, None)
    assert (state.phase, state.waiting) == (Phase.HALTED, None)


class BreaksOnce(Release):
    """A release with a fault of its own: it raises while it reads its first answer."""

    broken = False

    async def send(self, batch: Batch, sending: Sending) -> BatchResult:
        def breaking(_: object) -> tuple[Any, ...]:
            self.broken = True
            raise RuntimeError("a fault of the action")

        async def posted(request: Request) -> BatchResult:
            return await sending.post(request if self.broken else replace(request, match=breaking))

        return await super().send(batch, replace(sending, post=posted))


async def test_a_fault_of_the_action_leaves_nothing_in_flight_and_the_next_command_starts(simulator: Simulator) -> None:
    async with service_on(simulator, clock=HurriedClock()) as service:
        plans = service.plans
        plans.actions = {TO_RELEASE: BreaksOnce(plans.settings, StateFile())}
        targets = await held_targets(service, 6)
        with pytest.raises(RuntimeError, match="a fault of the action"):
            await released(service, targets[:3])
        state = plans.state
        assert state is not None
        assert (state.in_flight, state.ended, plans.awaits_answer) == ((), True, False)
        assert state.outcome_counts()[Outcome.UNKNOWN] == 3, "it was sent, and nobody knows more"
        settled = await plans.start(Settle(plans.ledger.entries()[0]))
        assert settled.outcome_counts()[Outcome.RELEASED] == 3
        assert (await released(service, targets[3:])).phase is Phase.DONE
    assert sorted(entry["id"] for entry in simulator.account.truth.of("release")) == sorted(t.id for t in targets)


async def test_how_a_release_can_be_undone_is_on_record(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
        targets = await held_targets(service, 3)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        (undo,) = service.activities[len(service.activities) - 1].details
    delivered = len(state.with_outcome(Outcome.DELIVERED, Outcome.PARTLY))
    assert undo.startswith(f"To undo this, move {delivered} message")
