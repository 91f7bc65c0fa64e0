"""The second look at what was released: what is said of it is what the account knows, and it is on record."""

import json
from pathlib import Path

import pytest

from tests.plans.test_settle import FOREIGN
from tests.support.clock import HurriedClock
from tests.support.faulty import Received, answer, faulty, success
from tests.support.services import held_targets, lonely_service, service_on
from tui_app.api.rows import Message
from tui_app.api.wire_values import Wire
from tui_app.plans.arrival import check_arrival
from tui_app.plans.commands import CheckArrival, Send
from tui_app.plans.plan import Target
from tui_app.plans.report import as_json, as_markdown
from tui_app.plans.state import Outcome, PlanState, Sighting
from tui_app.service import EmailSecurityService
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


async def released(service: EmailSecurityService, count: int) -> PlanState:
    targets = await held_targets(service, count)
    plan = service.plans.plan(service.plans.guard(targets), "newsletter")
    return await service.plans.start(Send(plan))


def mail_of(simulator: Simulator, identity: str) -> Mail:
    return next(mail for mail in simulator.account.held if mail.investigate_id == identity)


async def test_what_was_released_is_seen_as_it_is_now(simulator: Simulator, state_folder: Path) -> None:
    async with service_on(simulator) as service:
        state = await released(service, 60)
        said = [target.id for target in state.with_outcome(Outcome.DELIVERED)]
        held, queued, vanished, allowed = (mail_of(simulator, identity) for identity in said[:4])
        held.quarantined = True
        queued.delivery_status = ["queued"]
        vanished.operations.clear()
        for mail in simulator.account.held:
            mail.allowed = mail is allowed
        sent = len(simulator.account.truth.of("release"))
        entry = service.plans.ledger.find(state.plan.plan_id)
        checked = await service.plans.start(CheckArrival(entry))
        assert len(simulator.account.truth.of("release")) == sent, "nothing is sent by looking"
    check = checked.arrival
    assert check is not None
    odd = {held.investigate_id: Sighting.HELD, queued.investigate_id: Sighting.RELEASED}
    odd[vanished.investigate_id] = Sighting.NOT_SEEN
    assert check.sightings == {identity: odd.get(identity, Sighting.DELIVERED) for identity in said}
    assert check.allowed == {allowed.investigate_id}
    assert checked.outcome_counts() == state.outcome_counts(), "what the answer said stays as it was"
    assert held.investigate_id in {target.id for target in checked.retryable}
    assert vanished.investigate_id not in {target.id for target in checked.retryable}

    kept = service.plans.ledger.find(state.plan.plan_id)
    assert kept.state.arrival is not None
    assert (kept.state.arrival.sightings, kept.state.arrival.allowed) == (check.sightings, check.allowed)
    report = as_markdown(kept)
    assert "1 held again" in report
    assert (
        "1 message put a pattern on the allow list (quarantine\\_release). Future mail of this sender may pass"
        in report
    )
    rows = {row["id"]: row["mailsluice"]["checked"] for row in json.loads(as_json(kept))["results"]}
    assert rows[held.investigate_id] == "held again"


async def test_a_look_that_fails_says_nothing_of_any_message(state_folder: Path) -> None:
    options = Options(quota=0, messages=30, held=20, faults="none")
    with running(options) as simulator:
        await failing_look(simulator)


async def failing_look(simulator: Simulator) -> None:
    async with service_on(simulator, clock=HurriedClock()) as service:
        state = await released(service, 3)
        simulator.set_faults("status=403@search")
        checked = await service.plans.start(CheckArrival(service.plans.ledger.find(state.plan.plan_id)))
        assert checked.error is not None
        assert checked.arrival is None
        assert service.plans.ledger.find(state.plan.plan_id).state.arrival is None


async def test_an_unfinished_plan_stays_as_it_is(simulator: Simulator, state_folder: Path) -> None:
    async with service_on(simulator) as service:
        targets = await held_targets(service, 60)
        service.on_plan = lambda state: service.stop_plan() if state.requests == 1 else None
        state = await service.plans.start(Send(service.plans.plan(service.plans.guard(targets), "x")))
        entry = service.plans.ledger.find(state.plan.plan_id)
        assert entry.state.unfinished
        checked = await service.plans.start(CheckArrival(entry))
        assert checked.unfinished
        assert checked.arrival is not None
        assert checked.arrival.wanted == len(state.with_outcome(Outcome.DELIVERED)) < 60
        assert service.plans.ledger.find(state.plan.plan_id).state.unfinished


THERE: Wire = {
    "is_quarantined": False, "post_delivery_operations": ["QUARANTINE_RELEASE"], "delivery_status": ["delivered"]
}  # fmt: skip
HELD: Wire = {"is_quarantined": True, "delivery_status": ["quarantined"]}


@pytest.mark.parametrize(
    ("rows", "alone", "sighting"),
    [
        ([THERE], HELD, Sighting.DELIVERED),
        ([{**THERE, **FOREIGN}], HELD, Sighting.HELD),
        ([THERE, HELD], HELD, Sighting.HELD),
        ([THERE, {**THERE, **FOREIGN}], HELD, Sighting.HELD),
        ([], {**THERE, **FOREIGN}, None),
    ],
)
async def test_only_the_mail_itself_is_seen_delivered(rows: list[Wire], alone: Wire, sighting: Sighting | None) -> None:
    now = HurriedClock().now()
    mail = {"id": f"4NAAAAAAAAAA0001-{now:%Y-%m-%dT%H:%M:%S}-1", "from": "x@ours.example", "subject": "Ours"}

    def script(request: Received) -> bytes | None:
        if "/investigate/4N" in request.target:
            return answer(200, success({**mail, **alone}))
        return answer(200, success([{**mail, **row} for row in rows], result_info={"count": len(rows)}))

    target = Target.of(Message.from_wire({**mail, **HELD}))
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        check = await check_arrival(service.client, [target], now, lambda: True)
        await service.close()
    assert check.sightings.get(target.id) is sighting
