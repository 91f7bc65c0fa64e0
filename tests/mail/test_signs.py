"""The signs of a message: names are read as they are meant."""

import pytest

from tui_app.api.rows import Message, WireMail
from tui_app.core.look_alike import KnownDomains
from tui_app.mail.signs import message_signs

KNOWN = KnownDomains.of(["corp.example"], {})


def told(name: str | None) -> list[str]:
    """What is told of a message by its sender's name."""
    raw = WireMail(id="1", sender="x@evil.test", from_name=name)
    return [sign.detail for sign in message_signs(Message(raw), KNOWN)]


@pytest.mark.parametrize(
    "name",
    [
        "ceo@corp.example",
        "ceo @ corp.example",
        "=?utf-8?q?ceo=40corp.example?=",
        "=?utf-8?b?Y2VvQGNvcnAuZXhhbXBsZQ==?=",
    ],
)
def test_an_address_in_a_name_is_told_however_it_is_written(name: str) -> None:
    assert told(name) == ["the name says ceo@corp.example, the sender is of evil.test"]


@pytest.mark.parametrize("name", [None, "", "=?utf-8?q?Anna?=", "=?" * 100_000, "=?utf-8?q?=20?=" * 100_000])
def test_a_name_without_an_address_is_no_sign(name: str | None) -> None:
    assert told(name) == []
