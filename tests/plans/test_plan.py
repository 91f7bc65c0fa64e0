"""A plan: every id once, in batches of one kind, with a digest."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tui_app.plans.plan import Plan, Target


def target(name: str, **changes: object) -> Target:
    return Target(**{"investigate_id": name, **changes})  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=80), st.integers(1, 30))
def test_a_plan_sends_every_id_exactly_once_and_never_mixes_kinds(ids: list[tuple[int, bool]], batch_size: int) -> None:
    targets = tuple(target(f"i{n}") if known else Target(None, f"p{n}", checked=False) for n, known in ids)
    plan = Plan.make(targets, "why", batch_size, Random(1))
    batches = plan.batches()
    sent = [item.id for batch in batches for item in batch]
    assert sorted(sent) == sorted({item.id for item in targets})
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert all(len({bool(item.investigate_id) for item in batch}) == 1 for batch in batches)


def test_the_digest_is_of_ids_and_reason() -> None:
    plans = [Plan.make((target("a"),), reason, 25, Random(seed)) for reason, seed in (("x", 1), ("x", 2), ("y", 1))]
    assert plans[0].digest == plans[1].digest != plans[2].digest
