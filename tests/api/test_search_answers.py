"""What a search answers is compared with what was asked: what says that it is another is not asked for."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.rows import Message
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.simulator.account import Account
from tui_app.simulator.mail import Mail
from tui_app.simulator.search import matcher

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALERT = "4Njp3P0STMz2c02Q-2026-11-20T10:00:00"


def told(**fields: Any) -> Message:
    return Message.from_wire({"id": f"{ALERT}-12345678", **fields})


@pytest.mark.parametrize(
    ("asked", "fitting", "other"),
    [
        ({"subject": "invoice OVERDUE"}, {"subject": "Overdue: your Invoice"}, {"subject": "Overdue: your bill"}),
        ({"subject": "café"}, {"subject": "CAFE\u0301 menu"}, {"subject": "coffee menu"}),
        ({"subject": '"two-part"'}, {"subject": "Two part tariff"}, {"subject": "One part tariff"}),
        ({"exact_subject": "Your bill"}, {"subject": "your  bill"}, {"subject": "your order"}),
        ({"message_id": "<A1@x.example>"}, {"message_id": "a1@X.example"}, {"message_id": "<a2@x.example>"}),
        ({"alert_id": ALERT}, {"alert_id": f" {ALERT}"}, {"alert_id": ALERT.replace("Njp", "Njq")}),
        (
            {"delivery_status": DeliveryStatus.DELIVERED},
            {"delivery_status": ["moved", "Delivered"]},
            {"delivery_status": ["rejected"]},
        ),
        (
            {"delivery_status": DeliveryStatus.QUARANTINED},
            {"delivery_status": ["delivered"], "is_quarantined": True},
            {"delivery_status": ["delivered"]},
        ),
        (
            {"delivery_status": DeliveryStatus.QUARANTINED},
            {"delivery_status": ["quarantined"]},
            {"delivery_status": ["quarantined"], "is_quarantined": False},
        ),
        (
            {"message_action": "QUARANTINE_RELEASED"},
            {"post_delivery_operations": ["PREVIEW", "QUARANTINE_RELEASE"]},
            {"post_delivery_operations": ["PREVIEW"]},
        ),
        (
            {"message_action": "QUARANTINE_RELEASED"},
            {"post_delivery_operations": ["RELEASE"]},
            {"post_delivery_operations": ["MOVE"]},
        ),
        (
            {"message_action": "MOVED"},
            {"post_delivery_operations": ["PREVIEW"], "delivery_status": ["moved"]},
            {"post_delivery_operations": ["PREVIEW"], "delivery_status": ["delivered"]},
        ),
        ({"smtp_helo_ip": "2001:DB8::1"}, {"smtp_helo_server_ip": "2001:db8:0::1"}, {"smtp_helo_server_ip": "::2"}),
        ({"detections_only": True}, {"final_disposition": "BULK"}, {"final_disposition": "NONE"}),
        ({"detections_only": True}, {"final_disposition": "malicious_bec"}, {"final_disposition": "external"}),
        (
            {"final_disposition": Disposition.NONE, "detections_only": True},
            {"final_disposition": "NONE"},
            {"final_disposition": "SPAM"},
        ),
    ],
    ids=str,
)
def test_what_says_that_it_is_another_was_not_asked_for(
    asked: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    params = SearchParams(**{"detections_only": False, **asked})
    assert params.allows(told(**fitting))
    assert not params.allows(told(**other))
    assert params.allows(told()), "what it does not say is no reason"
    assert params.allows(told(**dict.fromkeys(other))), "nor is null"


@pytest.mark.parametrize(
    ("asked", "mail"),
    [
        ({"subject": "invoice"}, {"subject": ""}),
        ({"subject": "!"}, {"subject": "x"}),
        ({"subject": "invoice"}, {"subject": 7}),
        ({"domain": "a.example"}, {"from": "x@b.example", "client_recipients": ["y@c.example"]}),
        ({"query": "0123abcd"}, {"subject": "x", "from": "x@b.example"}),
        ({"metric": "x"}, {"subject": "x"}),
        ({"delivery_status": DeliveryStatus.DELIVERED}, {"delivery_status": ["rejected", "a new word"]}),
        ({"delivery_status": DeliveryStatus.DELIVERED}, {"delivery_status": []}),
        ({"message_action": "MOVED"}, {"post_delivery_operations": ["A_NEW_WORD"]}),
        ({"message_action": "A_NEW_WORD"}, {"post_delivery_operations": ["MOVE"]}),
        ({"smtp_helo_ip": "192.0.2.0/24"}, {"smtp_helo_server_ip": "192.0.2.1"}),
        ({"smtp_helo_ip": "192.0.2.1"}, {"smtp_helo_server_ip": "mail.example"}),
        ({"detections_only": True}, {"final_disposition": "A-NEW-WORD"}),
        ({"message_id": "<a@x>"}, {"message_id": 7}),
    ],
    ids=str,
)
def test_what_can_t_be_compared_is_kept(asked: dict[str, Any], mail: dict[str, Any]) -> None:
    assert SearchParams(**{"detections_only": False, **asked}).allows(told(**mail))


@cache
def mails() -> tuple[Mail, ...]:
    account = Account(lambda: NOON, held=60, messages=150)
    found = list(account.held)
    for number, mail in enumerate(found[:20]):
        mail.release(mail.recipients)
        mail.operations.append("QUARANTINE_RELEASE")
        if number % 2:
            mail.move(mail.recipients[0], "JunkEmail")
            mail.operations.append("MOVE")
    return tuple(found)


def _part(draw: st.DrawFn, text: str) -> str:
    start = draw(st.integers(0, max(0, len(text) - 1)))
    return draw(st.sampled_from([str.upper, str.lower, str]))(text[start : start + draw(st.integers(1, 12))])


@st.composite
def searches(draw: st.DrawFn) -> SearchParams:
    """A search for one of the account's messages, by some of what it says of itself."""
    mail = draw(st.sampled_from(mails()))
    params = SearchParams(detections_only=draw(st.booleans()))
    values: dict[str, Any] = {
        "sender": mail.sender.upper(),
        "recipient": mail.recipients[0],
        "domain": mail.sender.rpartition("@")[2],
        "subject": _part(draw, mail.subject),
        "query": _part(draw, mail.subject),
        "message_id": mail.header_id,
        "alert_id": mail.alert_id,
        "smtp_helo_ip": mail.helo_ip,
        "delivery_status": draw(st.sampled_from(DeliveryStatus)),
        "message_action": draw(st.sampled_from(["PREVIEW", "QUARANTINE_RELEASED", "MOVED"])),
        "final_disposition": draw(st.sampled_from(sorted(QUERY_DISPOSITIONS))),
    }
    for name in draw(st.sets(st.sampled_from(sorted(values)), max_size=3)):
        params = replace(params, **{name: values[name]})
    return params


@given(searches(), st.sampled_from(["new", "seed"]))
def test_whatever_an_honest_account_finds_was_asked_for(params: SearchParams, generation: str) -> None:
    query: dict[str, Any] = {**params.as_query(), "detections_only": params.detections_only}
    finds = matcher(query)
    for mail in mails():
        if finds(mail):
            assert params.allows(Message.from_wire(mail.wire(generation))), mail.wire(generation)
