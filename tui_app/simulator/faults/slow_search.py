"""Slow searches: 202 with a URL to poll, until they are ready."""

from collections import OrderedDict
from typing import Final

from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.faults.raw_http import Answer, Asked, envelope
from tui_app.simulator.faults.responses import elsewhere

TICKET: Final = "ticket"
_MOST_TICKETS: Final = 1000
_BODY: Final = (
    b'{"success":true,"errors":[],"messages":[],"result":[],'
    b'"result_info":{"count":0,"per_page":20,"total_count":0,"next":null,"previous":null}}'
)


class SlowSearches:
    """The tickets of searches that are not ready; only the newest are kept."""

    def __init__(self) -> None:
        self._polls_left: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._number = 0

    def begin(self, asked: Asked, fault: Fault) -> Answer:
        """The answer to a search that is slow from now on; its URL is relative or absolute, by the fault's seed."""
        self._number += 1
        ticket = f"{self._number}-{fault.seed & 0xFFFFFFFF:08x}"
        target = f"{asked.target}{'&' if '?' in asked.target else '?'}{TICKET}={ticket}"
        if fault.kind.name == "slow_search_elsewhere":
            place = elsewhere(asked, target)
        else:
            place = target if fault.seed & 1 else f"http://{asked.header('host')}{target}"
        self._polls_left[ticket] = (max(1, fault.value) - 1, place)
        if len(self._polls_left) > _MOST_TICKETS:
            self._polls_left.popitem(last=False)
        return self._not_ready(place)

    def poll(self, asked: Asked) -> Answer | None:
        """The answer to a poll that is too early or for an unknown search; None if the search is ready."""
        ticket = next((value for name, value in asked.query if name == TICKET), "")
        if ticket not in self._polls_left:
            return envelope(404, 10404, "No such search, or it was forgotten")
        left, place = self._polls_left[ticket]
        if not left:
            return None
        self._polls_left[ticket] = (left - 1, place)
        return self._not_ready(place)

    @staticmethod
    def _not_ready(place: str) -> Answer:
        return Answer(202, _BODY).with_headers(("location", place))
