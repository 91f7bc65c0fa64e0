"""Every kind of fault: nothing is sent twice, and what is said of each request is what the server knows of it."""

import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.faults.campaign import REQUESTS, Tally, campaign
from tests.faults.scenes import KINDS

WORKERS = 2


LONG_ONLY = {"drip=50", "stall_before", "body_stall"}
"""Each of their requests takes the whole of its time-out: 3 to 5 s a round. `stall_after`, the worst of them, stays."""
LONG_ONLY |= {"endless_cursor=1@search", "numbers_as_text=2", "poison_row@search", "unreadable_row@job_messages"}
LONG_ONLY |= {f"move_answers={value}" for value in (1, 2, 6, 7, 10, 11)}
"""A brother of each is tried every time."""


@pytest.mark.parametrize(
    "name", [pytest.param(kind.name, marks=[pytest.mark.long] * (kind.name in LONG_ONLY)) for kind in KINDS]
)
def test_one_round(name: str) -> None:
    (tally,) = campaign([name], cycles=1, seed=1)
    assert tally.violations == []
    assert tally.requests == REQUESTS


@pytest.mark.long
def test_ten_thousand_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """`FAULT_REQUESTS` and `FAULT_SEED` change how many, and which."""
    requests, seed = int(os.environ.get("FAULT_REQUESTS", "10000")), int(os.environ.get("FAULT_SEED", "1"))
    cycles = -(-requests // (REQUESTS * len(KINDS)))
    with ProcessPoolExecutor(WORKERS) as pool:
        running = [pool.submit(campaign, [kind.name], cycles, seed) for kind in KINDS]
        tallies = [tally for one in running for tally in one.result()]
    with capsys.disabled():
        print("\n" + table(tallies, seed))
    assert [violation for tally in tallies for violation in tally.violations] == []
    assert sum(tally.requests for tally in tallies) >= requests


def table(tallies: list[Tally], seed: int) -> str:
    """What came of each kind, one a line, and the sums."""
    columns = ("unsent", "refused", "ambiguous", "done", "read", "error")
    head = f"{'fault':<22}{'requests':>9}{'confirmed':>10}{'on wire':>8}" + "".join(f"{name:>10}" for name in columns)
    lines = [f"seed {seed}; classes of writes are counted per message", head + f"{'violations':>11}"]
    whole = Tally("all")
    for tally in tallies:
        whole.requests += tally.requests
        whole.confirmed += tally.confirmed
        whole.writes_on_the_wire += tally.writes_on_the_wire
        whole.classes.update(tally.classes)
        whole.violations += tally.violations
    for tally in (*tallies, whole):
        lines.append(
            f"{tally.kind:<22}{tally.requests:>9,}{tally.confirmed:>10,}{tally.writes_on_the_wire:>8,}"
            + "".join(f"{tally.classes[name]:>10,}" for name in columns)
            + f"{len(tally.violations):>11,}"
        )
    return "\n".join([*lines, f"{len(tallies)} kinds; 'on wire' are writes: a 429 may be sent up to three times"])
