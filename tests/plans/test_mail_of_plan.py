"""What is remembered of mail for the screens: bounded, by id."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.services import held_mail
from tui_app.core.text import Untrusted
from tui_app.plans import mail_of_plan
from tui_app.plans.mail_of_plan import KnownMail, SenderSubject

FOUND = SenderSubject(Untrusted("a@b.example"), Untrusted("x"))


@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_more_than_the_most_are_known_and_the_newest_stay(numbers: list[int]) -> None:
    known, most = KnownMail(), mail_of_plan.MOST_KNOWN
    try:
        mail_of_plan.MOST_KNOWN = 10  # type: ignore[misc]
        for number in numbers:
            known.add(str(number), FOUND)
    finally:
        mail_of_plan.MOST_KNOWN = most  # type: ignore[misc]
    here = known.of([held_mail(str(number)) for number in range(31)])
    assert len(here) <= 10
    assert set(map(str, numbers[-1:])) <= here.keys()
    assert len(here) == min(10, len(set(numbers))) or len(here) == 10


def test_a_target_gets_both_names() -> None:
    target = FOUND.of(held_mail("a"))
    assert (target.sender, target.subject) == (FOUND.sender, FOUND.subject)
