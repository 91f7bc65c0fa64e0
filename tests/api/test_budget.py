"""The token's quota: what is read of it, who waits, and what things will cost."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.budget import RESERVE, Budget, BudgetState


class Seconds:
    """A clock hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def headers(left: int, reset: int, quota: int = 1200, window: int = 300) -> dict[str, str]:
    return {"ratelimit": f'"default";r={left};t={reset}', "ratelimit-policy": f'"default";q={quota};w={window}'}


def test_nothing_is_assumed_before_the_server_told() -> None:
    budget = Budget(Seconds())
    assert budget.state == BudgetState()
    assert (budget.wait(), budget.wait_to_poll(), budget.pace(5)) == (0, 0, 0)
    forecast = budget.forecast(40, 0.5)
    assert (forecast.left, forecast.waits, forecast.seconds, forecast.describe()) == (None, 0, 20, "40 requests")


def test_what_is_left_is_what_the_server_said_less_what_went_out_since() -> None:
    seconds = Seconds()
    budget = Budget(seconds)
    first = budget.spend()
    budget.spend()
    budget.read(headers(700, 200), first)
    assert budget.state == BudgetState(699, 1200, 200, 0)
    assert not budget.state.low
    budget.spend()
    assert budget.state.remaining == 698
    seconds.now += 200
    assert budget.state.remaining == 1200


def test_the_example_of_the_documentation_has_two_names_for_one_limit() -> None:
    budget = Budget(Seconds())
    budget.read({"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"burst";q=100;w=60'}, 0)
    assert budget.state == BudgetState(50, 100, 30, 0)


def test_the_older_form_of_the_header_is_read_too() -> None:
    budget = Budget(Seconds())
    budget.read({"ratelimit": "limit=100, remaining=0, reset=30"}, 0)
    assert (budget.state.remaining, budget.state.quota, budget.wait()) == (0, 100, 30)
    budget.read({"ratelimit": "limit=100, remaining=50, reset=30", "ratelimit-policy": "100;w=60"}, 0)
    assert budget.state == BudgetState(50, 100, 30, 0)
    for nonsense in ("remaining", "remaining=soon", "limit=9, remaining=-1", "remaining=" + "9" * 40):
        Budget(Seconds()).read({"ratelimit": nonsense}, 0)


def test_of_several_limits_the_tightest_counts() -> None:
    budget = Budget(Seconds())
    budget.read(
        {
            "ratelimit": '"default";r=900;t=200, "burst";r=0;t=3',
            "ratelimit-policy": '"default";q=1200;w=300, "burst";q=20;w=5',
        },
        0,
    )
    assert budget.wait() == 3
    assert budget.state.quota == 20


def test_a_used_up_quota_is_waited_for_and_polls_stop_earlier() -> None:
    seconds = Seconds()
    budget = Budget(seconds)
    budget.read(headers(RESERVE + 2, 100), 0)
    assert (budget.wait(), budget.wait_to_poll(2), budget.wait_to_poll(3)) == (0, 0, 100)
    for _ in range(RESERVE + 2):
        assert budget.wait() == 0
        budget.spend()
    assert budget.wait() == 100
    seconds.now += 100
    assert (budget.wait(), budget.wait_to_poll()) == (0, 0)


def test_a_429_holds_everybody_back_and_is_told() -> None:
    seconds, told = Seconds(), list[float]()
    budget = Budget(seconds, told.append)
    budget.limited(60)
    budget.limited(20)
    assert (budget.wait(), budget.wait_to_poll(), budget.state.blocked, told) == (60, 60, 60, [60, 20])
    seconds.now += 60
    assert budget.wait() == 0


def test_a_quota_that_is_small_as_a_whole_has_a_small_reserve() -> None:
    budget = Budget(Seconds())
    budget.read(headers(20, 100, quota=40), 0)
    assert budget.wait_to_poll() == 0
    budget.read(headers(10, 100, quota=40), 0)
    assert budget.wait_to_poll() == 100


def test_a_scarce_quota_is_spread_over_what_is_left_of_its_window() -> None:
    budget = Budget(Seconds())
    budget.read(headers(240, 200), 0)
    assert budget.pace() == 0
    budget.read(headers(200, 100), 0)
    assert (budget.pace(), budget.pace(4)) == (0.5, 2)


def test_a_plan_s_cost_in_requests_time_and_waits() -> None:
    budget = Budget(Seconds())
    budget.read(headers(100, 50), 0)
    fits, over, far = budget.forecast(40, 0.5), budget.forecast(120, 0.5), budget.forecast(1400, 0)
    assert (fits.left, fits.waits, fits.seconds, fits.describe()) == (60, 0, 20, "40 requests of 100 left")
    assert (over.left, over.waits, over.seconds) == (-20, 50, 110)
    assert over.describe() == "120 requests, only 100 left: waits 50 s for the quota"
    assert far.waits == 50 + 300


PARTS = st.lists(
    st.sampled_from([";", ",", "=", " ", '"', "r", "t", "q", "w", "default", "0", "9" * 12, "-1", "x", "\t"]),
    max_size=40,
)


@given(st.text(max_size=80) | PARTS.map("".join), st.text(max_size=80) | PARTS.map("".join))
def test_no_header_can_break_it_or_hold_it_longer_than_a_window(state: str, policy: str) -> None:
    budget = Budget(Seconds())
    budget.read({"ratelimit": state, "ratelimit-policy": policy}, 0)
    assert 0 <= budget.wait() <= 300
    assert budget.pace() >= 0


@given(
    st.lists(st.tuples(st.sampled_from(["poll", "act"]), st.floats(0, 20)), max_size=400),
    st.integers(10, 200),
)
def test_who_obeys_it_never_goes_over_the_quota(events: list[tuple[str, float]], quota: int) -> None:
    """Against a server with a fixed window that tells its state with each answer, as the real one does."""
    seconds = Seconds()
    budget = Budget(seconds)
    started, used = -1e9, 0
    for kind, pause in events:
        seconds.now += pause
        if (budget.wait_to_poll() if kind == "poll" else budget.wait()) > 0:
            continue
        if seconds.now - started >= 300:
            started, used = seconds.now, 0
        used += 1
        assert used <= quota
        number = budget.spend()
        left = int(started + 300 - seconds.now) + 1
        budget.read(headers(quota - used, left, quota), number)


def test_a_header_made_to_be_slow_is_not() -> None:
    """Each of these took a regular expression longer than anybody waits."""
    budget = Budget(Seconds())
    started = time.process_time()
    for state in ("a" + (";x=" + " " * 200) * 200 + ";!", "a;" * 20_000, ";" * 60_000, "a;r=" + "1" * 60_000):
        budget.read({"ratelimit": state}, 0)
    assert time.process_time() - started < 5


def test_names_that_change_all_the_time_are_not_kept() -> None:
    budget = Budget(Seconds())
    for number in range(1000):
        budget.read(headers(number, 100) | {"ratelimit": f'"n{number}";r=5;t=100'}, 0)
    assert len(budget._windows) <= 16
