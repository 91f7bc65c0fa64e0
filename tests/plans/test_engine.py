"""What a release sends, and what it makes of each answer."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.faulty import Received, Script, answer, failure, faulty, success
from tests.support.services import held_targets, lonely_service, service_on
from tui_app.api.errors import Forbidden
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.core.state_file import StateFile
from tui_app.plans.commands import Send
from tui_app.plans.plan import Target
from tui_app.plans.state import Outcome, Phase
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator


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
    """A server that takes one shape of body only and notes which ones came."""

    def script(request: Received) -> bytes:
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
    targets = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1", f"4NAAAAAAAAAAAA{n:02d}") for n in range(30))
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
        target = Target("4NAAAAAAAAAAAA01-2026-01-01T00:00:00-1", "4NAAAAAAAAAAAA01")
        await service.plans.start(Send(service.plans.plan(service.plans.guard((target,)), "x")))
        await service.close()
        assert server.count("POST") == 1


def only_to_posts(reply: bytes) -> Script:
    """What was sent is answered; whoever reads back learns nothing."""
    return lambda request: reply if request.method == "POST" else None


async def test_a_bad_id_is_found_by_halving_and_all_others_go_out_once(simulator: Simulator) -> None:
    async with service_on(simulator) as service:
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
        targets = tuple(Target(f"4NAAAAAAAAAAA{n:03d}-2026-01-01T00:00:00-1") for n in range(200))
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
        assert server.count("POST") <= 20
    assert state.phase is Phase.HALTED
    assert state.outcome_counts()[Outcome.REFUSED] == 5


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
        targets = tuple(Target(f"4NAAAAAAAAAAAA{n:02d}-2026-01-01T00:00:00-1") for n in range(60))
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
            Send(service.plans.plan(service.plans.guard([Target(name) for name in names]), "x"))
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
            target = Target("4NAAAAAAAAAAAA00-2026-01-01T00:00:00-1", "4NAAAAAAAAAAAA00")
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
        targets = [Target(name, name[:16]) for name in names]
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        await service.close()
    assert [result.outcome for result in state.results] == [Outcome.UNKNOWN, Outcome.DELIVERED, Outcome.UNKNOWN]


async def test_a_release_that_is_stopped_while_a_request_is_in_flight_does_not_wait_for_the_quota() -> None:
    limited = answer(429, failure(971, "slow down"), retry_after="200")
    services: list[EmailSecurityService] = []

    def script(_: Received) -> bytes:
        services[0].stop_plan()
        return limited

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        services.append(service)
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard([Target("4NA-1")]), "x")))
        await service.close()
        assert server.count("POST") == 1
    assert state.outcome_counts()[Outcome.NOT_SENT] == 1
