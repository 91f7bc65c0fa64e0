import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import ManualClock
from tui_app.api.budget import Budget
from tui_app.api.errors import ApiError, RateLimited, ServerFault, Unauthenticated
from tui_app.jobs.poller import ConnectionState, ConnectionStatus, Poller, PollInterval, PollResult


class Scripted:
    """A subject that answers from a function and remembers when it was asked."""

    def __init__(self, clock: ManualClock, answer: Callable[[int], PollResult | ApiError]) -> None:
        self.clock = clock
        self.answer = answer
        self.asked: list[float] = []

    async def poll(self) -> PollResult:
        self.asked.append(self.clock.monotonic())
        answer = self.answer(len(self.asked))
        if isinstance(answer, ApiError):
            raise answer
        return answer


@asynccontextmanager
async def polling(
    clock: ManualClock, budget: Budget | None = None, behind: "Followed | None" = None
) -> AsyncIterator[tuple[Poller, list[ConnectionStatus]]]:
    links: list[ConnectionStatus] = []
    poller = Poller(clock, Random(1), links.append, budget or Budget(clock.monotonic), behind)
    task = asyncio.create_task(poller.run())
    try:
        yield poller, links
    finally:
        task.cancel()


MOVING = PollResult(moved=True)
STILL = PollResult(moved=False)


@given(st.lists(st.sampled_from(["moved", "still", "failed", "slow"]), max_size=60))
def test_the_interval_stays_between_two_seconds_and_a_minute(events: list[str]) -> None:
    pace = PollInterval()
    for event in events:
        if event == "failed":
            interval = pace.after_failure()
        else:
            interval = pace.after(PollResult(event == "moved", 5000.0 if event == "slow" else None))
        assert 2 <= interval <= 60
        if event in ("still", "slow"):
            assert interval <= 30


def test_news_is_polled_for_quickly_and_silence_slowly() -> None:
    pace = PollInterval()
    assert pace.after(PollResult(True, seconds_left=20)) == 2
    assert pace.after(PollResult(True, seconds_left=100)) == 10
    assert pace.after(PollResult(True, seconds_left=9000)) == 15
    assert [round(pace.after(STILL), 2) for _ in range(3)] == [22.5, 30, 30]


async def test_a_subject_is_asked_at_once_and_then_at_its_pace() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda _: MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(10)
        assert 4 <= len(subject.asked) <= 7
        assert links[-1].state is ConnectionState.LIVE


async def test_silence_costs_few_requests() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda _: STILL)
    async with polling(clock) as (poller, _):
        poller.watch(subject)
        await clock.advance(2400)
        assert len(subject.asked) < 110


async def test_what_is_covered_is_not_polled() -> None:
    clock = ManualClock()
    first, second = Scripted(clock, lambda _: MOVING), Scripted(clock, lambda _: MOVING)
    async with polling(clock) as (poller, _):
        poller.watch(first)
        await clock.advance(5)
        poller.watch(second)
        asked = len(first.asked)
        await clock.advance(20)
        assert len(first.asked) == asked
        poller.unwatch(second)
        asked = len(second.asked)
        await clock.advance(60)
        assert len(second.asked) <= asked + 1


async def test_a_job_that_is_over_is_confirmed_once_and_left_alone() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda _: PollResult(False, over=True))
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(600)
        assert len(subject.asked) == 2
        assert links[-1].state is ConnectionState.ENDED
        poller.kick()
        await clock.advance(1)
        assert len(subject.asked) == 3


async def test_failures_double_the_wait_and_success_ends_that_at_once() -> None:
    clock = ManualClock()
    broken = ServerFault("down", request="GET x", status=502)
    subject = Scripted(clock, lambda n: broken if n <= 5 else MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(130)
        waits = [b - a for a, b in zip(subject.asked, subject.asked[1:], strict=False)]
        assert waits[:5] == [4, 8, 16, 32, 60]
        assert max(waits[5:]) <= 2.3
        assert links[-1].state is ConnectionState.LIVE


async def test_a_429_is_waited_out_as_asked() -> None:
    clock = ManualClock()
    limited = RateLimited("slow", request="GET x", status=429)
    limited.retry_after = 120
    subject = Scripted(clock, lambda n: limited if n == 1 else MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(119)
        assert len(subject.asked) == 1
        assert links[-1].state is ConnectionState.LIMITED
        assert links[-1].next_at == 120
        await clock.advance(2)
        assert len(subject.asked) == 2


async def test_refused_access_stops_the_polling_until_somebody_asks_again() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda n: Unauthenticated("no", request="GET x", status=401) if n == 1 else MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(600)
        assert (len(subject.asked), links[-1].state) == (1, ConnectionState.DENIED)
        poller.kick()
        await clock.advance(1)
        assert links[-1].state is ConnectionState.LIVE


async def test_what_somebody_asks_for_is_polled_once_even_when_paused() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda _: MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(1)
        poller.toggle_pause()
        await clock.advance(60)
        asked = len(subject.asked)
        poller.kick()
        await clock.advance(60)
        assert len(subject.asked) == asked + 1
        assert links[-1].state is ConnectionState.PAUSED


async def test_trouble_while_paused_leaves_the_pause_on_the_screen() -> None:
    clock = ManualClock()
    answers = iter([MOVING, ServerFault("down", request="GET x", status=502), MOVING])
    subject = Scripted(clock, lambda _: next(answers))
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(1)
        poller.toggle_pause()
        poller.kick()
        await clock.advance(60)
        assert (links[-1].state, links[-1].next_at, str(links[-1].error)) == (ConnectionState.PAUSED, None, "down")
        poller.kick()
        await clock.advance(60)
        assert (links[-1].state, links[-1].error, len(subject.asked)) == (ConnectionState.PAUSED, None, 3)


async def test_a_fault_of_ours_does_not_end_the_watching() -> None:
    clock = ManualClock()

    def answer(number: int) -> PollResult:
        if number == 1:
            raise KeyError("a bug")
        return MOVING

    subject = Scripted(clock, answer)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(1)
        assert (links[-1].state, str(links[-1].error)) == (
            ConnectionState.OFFLINE,
            "The answer could not be used (KeyError).",
        )
        await clock.advance(10)
        assert links[-1].state is ConnectionState.LIVE


async def test_pause_means_no_requests_at_all() -> None:
    clock = ManualClock()
    subject = Scripted(clock, lambda _: MOVING)
    async with polling(clock) as (poller, links):
        poller.watch(subject)
        await clock.advance(3)
        assert poller.toggle_pause()
        await clock.advance(0)
        asked = len(subject.asked)
        await clock.advance(300)
        assert len(subject.asked) == asked
        assert links[-1].state is ConnectionState.PAUSED
        poller.toggle_pause()
        await clock.advance(1)
        assert len(subject.asked) == asked + 1


async def test_polls_leave_the_last_requests_to_the_operator() -> None:
    clock = ManualClock()
    budget = Budget(clock.monotonic)
    budget.read({"ratelimit": '"default";r=51;t=100', "ratelimit-policy": '"default";q=1200;w=300'}, 0)
    subject = Scripted(clock, lambda _: MOVING)
    subject_polls = subject.asked
    async with polling(clock, budget) as (poller, links):
        poller.watch(subject)
        await clock.advance(1)
        assert len(subject_polls) == 1
        budget.spend()  # what the poll sent
        poller.recheck()
        await clock.advance(1)
        assert links[-1].state is ConnectionState.SAVING
        await clock.advance(90)
        assert len(subject_polls) == 1
        poller.kick()
        await clock.advance(0)
        assert len(subject_polls) == 2, "what somebody asks for is sent"
        await clock.advance(20)
        assert len(subject_polls) > 2, "the quota started anew"


async def test_a_429_of_anybody_stops_the_polls_until_it_is_over() -> None:
    clock = ManualClock()
    budget = Budget(clock.monotonic)
    subject = Scripted(clock, lambda _: MOVING)
    async with polling(clock, budget) as (poller, links):
        budget.on_block = lambda _: poller.recheck()
        poller.watch(subject)
        await clock.advance(1)
        asked = len(subject.asked)
        budget.limited(60)
        await clock.advance(50)
        assert len(subject.asked) == asked
        assert links[-1].state is ConnectionState.LIMITED
        assert links[-1].next_at == 61
        await clock.advance(12)
        assert len(subject.asked) > asked
        assert links[-1].state is ConnectionState.LIVE


async def test_polls_slow_down_when_the_quota_gets_scarce() -> None:
    clock = ManualClock()
    budget = Budget(clock.monotonic)
    budget.read({"ratelimit": '"default";r=100;t=290', "ratelimit-policy": '"default";q=1200;w=300'}, 0)
    subject = Scripted(clock, lambda _: MOVING)
    async with polling(clock, budget) as (poller, _):
        poller.watch(subject)
        await clock.advance(60)
    # 290 s for 100 requests is one in 2.9 s, not one in 2.
    assert 60 / 2.9 * 0.8 <= len(subject.asked) <= 60 / 2.9 * 1.2 + 1


@pytest.mark.parametrize("others", [pytest.param(0.0, marks=pytest.mark.long), 0.25])
async def test_an_hour_of_polls_and_actions_never_goes_over_the_quota(others: float) -> None:
    """Polls, the operator's own requests and, at times, a dashboard share one window; polls leave the operator a reserve."""
    clock, random = ManualClock(), Random(5)
    budget = Budget(clock.monotonic)
    quota, window = 200, 300.0
    state = {"started": -window, "used": 0}
    refused: Counter[str] = Counter()
    passed: Counter[str] = Counter()

    def request(who: str) -> None:
        now = clock.monotonic()
        if now - state["started"] >= window:
            state["started"], state["used"] = now, 0
        if state["used"] >= quota:
            refused[who] += 1
            return
        passed[who] += 1
        state["used"] += 1
        if who != "dashboard":
            left = int(state["started"] + window - now) + 1
            headers = {
                "ratelimit": f'"default";r={quota - state["used"]};t={left}',
                "ratelimit-policy": f'"default";q={quota};w={int(window)}',
            }
            budget.read(headers, budget.spend())

    def answer(_: int) -> PollResult:
        request("poll")
        return MOVING

    async with polling(clock, budget) as (poller, _):
        poller.watch(Scripted(clock, answer))
        for _ in range(3600):
            await clock.advance(1)
            if random.random() < others:
                request("dashboard")
            if random.random() < 0.1:
                if budget.wait() == 0:
                    request("operator")
                else:
                    refused["operator waits"] += 1
    assert refused["poll"] == 0
    assert passed["poll"] > 500
    assert passed["operator"] > 300
    if not others:
        assert not refused
    # What a dashboard takes meanwhile nobody tells us: then an operator may be refused, but that is rare.
    assert refused["operator"] + refused["operator waits"] < 15


class Followed(Scripted):
    """What is behind the screen: wanted until it is over."""

    def __init__(self, clock: ManualClock, answer: Callable[[int], PollResult | ApiError]) -> None:
        super().__init__(clock, answer)
        self.waits = True

    def wanted(self, shown: object) -> bool:
        return self.waits

    def tells_of(self, job_id: str) -> bool:
        return self.waits


async def test_what_is_behind_the_screen_is_asked_every_half_minute_until_nothing_is_wanted() -> None:
    clock = ManualClock()
    behind = Followed(clock, lambda _: MOVING)
    async with polling(clock, behind=behind) as (poller, _):
        await clock.advance(300)
        waits = [b - a for a, b in zip([0.0, *behind.asked], behind.asked, strict=False)]
        assert len(waits) >= 8
        assert all(30 <= wait <= 34.5 for wait in waits)
        behind.waits = False
        await clock.advance(40)
        asked = len(behind.asked)
        await clock.advance(3600)
        assert len(behind.asked) <= asked
        assert clock.next_wake is None, "idle costs nothing"
        poller.toggle_pause()
        behind.waits = True
        await clock.advance(600)
        assert len(behind.asked) == asked


async def test_what_is_on_the_screen_keeps_its_pace_before_what_is_behind_it() -> None:
    clock = ManualClock()
    shown, behind = Scripted(clock, lambda _: MOVING), Followed(clock, lambda _: MOVING)
    async with polling(clock, behind=behind) as (poller, _):
        poller.watch(shown)
        await clock.advance(120)
        waits = [b - a for a, b in zip(shown.asked, shown.asked[1:], strict=False)]
        assert max(waits) <= 2.3
        assert len(behind.asked) == 3
        poller.unwatch(shown)
        asked = len(shown.asked)
        await clock.advance(120)
        assert (len(shown.asked), len(behind.asked)) == (asked, 7)


async def test_a_screen_does_not_wait_for_what_is_behind_it() -> None:
    clock = ManualClock()
    shown, behind = Scripted(clock, lambda _: MOVING), Followed(clock, lambda _: MOVING)
    hanging: list[asyncio.Future[PollResult]] = []

    async def hang() -> PollResult:
        hanging.append(asyncio.get_running_loop().create_future())
        return await hanging[-1]

    behind.poll = hang  # type: ignore[method-assign]
    async with polling(clock, behind=behind) as (poller, _):
        await clock.advance(40)
        assert len(hanging) == 1
        poller.watch(shown)
        await clock.advance(1)
        assert len(shown.asked) == 1
        assert hanging[0].cancelled()


async def test_trouble_behind_the_screen_is_asked_again_later_and_a_refusal_only_when_wished() -> None:
    clock = ManualClock()
    down = ServerFault("down", request="GET x", status=502)
    refused = Unauthenticated("no", request="GET x", status=401)
    behind = Followed(clock, lambda n: down if n < 3 else refused)
    async with polling(clock, behind=behind) as (poller, links):
        await clock.advance(3600)
        assert [round(b - a) >= 60 for a, b in zip(behind.asked, behind.asked[1:], strict=False)] == [True, True]
        assert links == [], "what is on the screen tells how the line stands"
        poller.kick()
        await clock.advance(40)
        assert len(behind.asked) == 4


@pytest.mark.parametrize("turns", range(10))
async def test_it_ends_at_whatever_moment_it_is_told_to(turns: int) -> None:
    """The end of the program waits for it: it must not be missed while it gives up a wait or what is behind."""
    clock = ManualClock()
    shown, behind = Scripted(clock, lambda _: MOVING), Followed(clock, lambda _: MOVING)
    poller = Poller(clock, Random(1), lambda _: None, Budget(clock.monotonic), behind)
    task = asyncio.create_task(poller.run())
    poller.watch(shown)
    await clock.settle()
    poller.kick()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await clock.settle()
    assert task.cancelled()
