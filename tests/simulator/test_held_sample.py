"""The sample: within a sender all mail is alike, but for one planted message of each kind."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest

from tui_app.simulator.account import Account
from tui_app.simulator.held_sample import KINDS, NEWSLETTERS, held_sample
from tui_app.simulator.mail import Mail

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY_ADDRESS = {letter.address: letter for letter in NEWSLETTERS}


@pytest.fixture(scope="module")
def sample() -> tuple[list[Mail], dict[str, Mail]]:
    mails, planted = held_sample(1, START)
    by_id = {mail.investigate_id: mail for mail in mails}
    return mails, {kind: by_id[identity] for kind, identity in planted.items()}


def differences(mail: Mail) -> set[str]:
    """In what a message differs from what is usual for the sender that it has, or imitates."""
    letter = BY_ADDRESS.get(mail.sender) or next(each for each in NEWSLETTERS if each.envelope == mail.envelope_from)
    usual = {
        "lookalike": mail.sender == letter.address,
        "envelope": mail.envelope_from == letter.envelope,
        "spf": mail.validation.spf == letter.validation.spf,
        "dkim": mail.validation.dkim == letter.validation.dkim,
        "dmarc": mail.validation.dmarc == letter.validation.dmarc,
        "reply_to": mail.reply_to in (letter.reply_to or (None,)),
        "network": ip_address(mail.helo_ip) in ip_network(f"{letter.network}.0/24"),
        "verdict": mail.disposition in ("BULK", "SPAM"),
    }
    return {kind for kind, is_usual in usual.items() if not is_usual}


def test_each_kind_is_planted_once_and_nothing_else_is_odd(sample: tuple[list[Mail], dict[str, Mail]]) -> None:
    mails, planted = sample
    assert set(planted) == set(KINDS)
    assert len(KINDS) == 7
    assert {kind: differences(mail) for kind, mail in planted.items()} == {kind: {kind} for kind in KINDS}
    ids = {mail.investigate_id for mail in planted.values()}
    assert len(ids) == 7
    assert all(not differences(mail) for mail in mails if mail.investigate_id not in ids)


def test_ten_thousand_are_held_of_eight_senders_and_verdicts_mix_in_each(
    sample: tuple[list[Mail], dict[str, Mail]],
) -> None:
    mails, _ = sample
    assert len(mails) == len({mail.investigate_id for mail in mails}) == 10_000
    assert all(mail.quarantined for mail in mails)
    assert mails == sorted(mails, key=lambda mail: mail.scanned_at, reverse=True)
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for mail in mails:
        verdicts[mail.sender][mail.disposition] += 1
    usual = [verdicts[letter.address] for letter in NEWSLETTERS]
    assert all(0.85 < each["BULK"] / each.total() < 0.95 and each["SPAM"] for each in usual)


def test_senders_have_habits_that_only_look_odd(sample: tuple[list[Mail], dict[str, Mail]]) -> None:
    mails, _ = sample
    replies: dict[str, set[str | None]] = defaultdict(set)
    hosts: dict[str, set[str]] = defaultdict(set)
    for mail in mails:
        if not differences(mail):
            replies[mail.sender].add(mail.reply_to)
            hosts[mail.sender].add(mail.helo_ip)
    assert sum(len(each) == 2 for each in replies.values()) == 2
    assert all(len({str(to).rpartition("@")[2] for to in each}) == 1 for each in replies.values())
    assert all(len(each) > 100 for each in hosts.values())
    assert sum(letter.validation.dkim == "none" for letter in NEWSLETTERS) == 2


def test_the_lookalike_has_a_subject_of_the_genuine_ones(sample: tuple[list[Mail], dict[str, Mail]]) -> None:
    mails, planted = sample
    odd = planted["lookalike"]
    assert odd.sender.replace("I", "l") == "news@daily-brief.example"
    assert odd.wire("new")["edf_hash"] != ""
    genuine = {"".join(c for c in mail.subject if not c.isdigit()) for mail in mails if mail is not odd}
    assert "".join(c for c in odd.subject if not c.isdigit()) in genuine


@pytest.mark.parametrize("count", [100, 101, 640])
@pytest.mark.parametrize("seed", range(8))
def test_a_small_sample_has_all_kinds_too(count: int, seed: int) -> None:
    mails, planted = held_sample(seed, START, count)
    assert (len(mails), len(set(planted.values()))) == (count, 7)
    assert sum(bool(differences(mail)) for mail in mails) == 7


def test_the_same_seed_gives_the_same_sample_and_too_small_a_one_is_refused() -> None:
    assert held_sample(3, START, 100) == held_sample(3, START, 100) != held_sample(4, START, 100)
    with pytest.raises(ValueError, match="at least 100"):
        held_sample(1, START, 99)


def test_an_account_holds_the_sample_in_place_of_the_usual_mail() -> None:
    account = Account(lambda: START, messages=0, sample=200)
    found = account.search({"delivery_status": "quarantined"})
    assert len(found) == 200
    assert set(account.planted.values()) <= {mail.investigate_id for mail in found}
