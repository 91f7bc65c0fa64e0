"""Answers to a move that tell another thing than was asked or done."""

from collections.abc import Callable, Sequence
from typing import Final

from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.mail import Mail, Wire

Items = list[Wire]
_STRANGER: Final = "stranger@elsewhere.example"


def _with(items: Items, index: int, **fields: object) -> Items:
    return [*items[:index], {**items[index], **fields}, *items[index + 1 :]]


def _flipped(item: Wire) -> Wire:
    return {**item, "success": not item["success"], "status": "FAILED" if item["success"] else "OK"}


def _elsewhere(item: Wire) -> str:
    return "JunkEmail" if item["destination"] == "Inbox" else "Inbox"


def _case(recipient: str) -> str:
    return recipient.upper() if recipient != recipient.upper() else recipient.lower()


def _of_another(items: Items, index: int, other: Mail) -> Items:
    return [*items, {**items[index], "message_id": other.header_id, "recipient": other.recipients[0]}]


_CHANGES: Final[Sequence[Callable[[Items, int, Mail], Items]]] = (
    lambda items, index, other: [*items, {**items[index], "recipient": _STRANGER}],
    _of_another,
    lambda items, index, other: [*items[:index], *items[index + 1 :]],
    lambda items, index, other: [*items, _flipped(items[index])],
    lambda items, index, other: _with(items, index, destination=_elsewhere(items[index])),
    lambda items, index, other: _with(items, index, message_id=None),
    lambda items, index, other: _with(items, index, recipient=None),
    lambda items, index, other: _with(items, index, recipient=_case(items[index]["recipient"])),
    lambda items, index, other: _with(items, index, success=True, status="FAILED"),
    lambda items, index, other: items[::-1],
    lambda items, index, other: _with(items, index, status=None),
)
"""In the order of the values in the help, from 1."""


def untrue(items: Items, fault: Fault, other: Mail | None) -> Items:
    """The items of an answer with one change, of the item that the seed draws; `other` was not asked for."""
    if not items or other is None:
        return items
    change = _CHANGES[(fault.value or 1 + fault.seed % len(_CHANGES)) - 1]
    return change(items, fault.seed // len(_CHANGES) % len(items), other)
