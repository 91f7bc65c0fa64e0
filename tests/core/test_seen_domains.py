"""Domains of mail that was seen: remembered for the account, by counts, and never more than so many."""

import json
from pathlib import Path

import pytest

from tui_app.core.seen_domains import SeenDomains
from tui_app.core.state_file import StateFile


def test_a_domain_that_was_often_seen_makes_its_imitation_known_the_next_time(tmp_path: Path) -> None:
    seen = SeenDomains(StateFile(tmp_path / "state"), "account")
    seen.add({"acme.example"}, {"acme-news.example": 40, "rare.example": 4})
    again = SeenDomains(StateFile(tmp_path / "state"), "account")
    like = again.known((), {"acme-news.exampIe": 1}).likeness("acme-news.exampIe")
    assert like is not None and like.describe() == "like acme-news.example: I for l"
    own = again.known((), {}).likeness("acrne.example")
    assert own is not None and "acme.example" in own.describe()
    assert dict(again.senders) == {"acme-news.example": 40}


def test_another_account_knows_nothing_of_it(tmp_path: Path) -> None:
    SeenDomains(StateFile(tmp_path / "state"), "account").add({"acme.example"}, {"acme-news.example": 40})
    assert SeenDomains(StateFile(tmp_path / "state"), "other").known((), {}).likeness("acme-news.exampIe") is None


def test_a_list_that_is_read_again_counts_once_and_the_largest_are_kept(tmp_path: Path) -> None:
    seen = SeenDomains(StateFile(tmp_path / "state"), "account")
    for _ in range(3):
        seen.add((), {f"n{number}.example": number for number in range(400)})
    assert len(seen.senders) == 200
    assert (seen.senders["n399.example"], "n40.example" in seen.senders) == (50, False)
    seen.add((), {f"other{number}.example": 900 for number in range(400)})
    assert sum(name.startswith("n") for name in seen.senders) == 200, "who sends much pushes out nothing"


def test_two_consoles_remember_what_either_saw_and_the_file_never_grows_beyond_what_is_read(tmp_path: Path) -> None:
    one, other = (SeenDomains(StateFile(tmp_path / "state"), "account") for _ in range(2))
    one.add({"acme.example"}, {"paypal.example": 500})
    other.add({"labs.example"}, {"other.example": 30, "é" * 200 + ".example": 9, "a" * 100 + ".example": 9})
    last = SeenDomains(StateFile(tmp_path / "state"), "account")
    assert dict(last.senders) == {"paypal.example": 50, "other.example": 30}
    assert last.own == {"acme.example", "labs.example"}


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "[" * 60_000,
        "[]",
        '{"own": 1}',
        '{"senders": [1]}',
        json.dumps({"own": [1], "senders": {"a": True, "b": -1}}),
    ],
)
def test_what_is_kept_may_be_spoilt(tmp_path: Path, kept: str) -> None:
    facts = StateFile(tmp_path / "state")
    facts.put("account", "domains.seen", kept)
    seen = SeenDomains(facts, "account")
    assert (dict(seen.senders), seen.own) == ({}, frozenset())
