"""A server that knows one message, and tells the time by a clock of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from tests.support.faulty import Received, answer, success
from tui_app.simulator.action_log import ActionRecord
from tui_app.simulator.mail import Mail

SENT: Final = 0.0
"""In place of an age: by the request itself."""


@dataclass(frozen=True)
class Entry:
    """One move in the action log: to which folder, how many seconds ago, and how it ended."""

    folder: str
    age: float
    status: str = "OK"

    def at(self, moment: datetime) -> ActionRecord:
        then = moment - timedelta(seconds=self.age)
        return ActionRecord("MOVE", then, then, "api-token", self.status == "OK", self.status, self.folder)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class OneMail:
    """It answers no request to move the message, unless `is_lost` is false."""

    entries: Sequence[Entry] = ()
    behind: float = 0.0
    """Seconds by which its clock is behind `clock`."""
    clock: Callable[[], datetime] = _now
    is_lost: bool = True
    is_dated: bool = True
    """Whether its action log tells times."""
    tells_operations: bool = True
    """Whether it tells what was done to the message."""
    moves: int = 0
    mail: Mail = field(init=False)
    log: list[ActionRecord] = field(init=False)

    def __post_init__(self) -> None:
        scanned = self.clock() - timedelta(hours=3)
        self.mail = Mail(7, "4NAAAAAAAAAAAA07", "x@y.example", "X", ("ana@acme.example",), "Hello", scanned, "BULK")
        self.log = [entry.at(self.now()) for entry in self.entries if entry.age]

    def now(self) -> datetime:
        return self.clock() - timedelta(seconds=self.behind)

    def answers(self, request: Received) -> bytes | None:
        date = format_datetime(self.now(), usegmt=True)
        if request.method == "POST":
            self.moves += 1
            self.log += [entry.at(self.now()) for entry in self.entries if not entry.age]
            copy = {"success": True, "message_id": self.mail.header_id, "recipient": self.mail.recipients[0]}
            return None if self.is_lost else answer(200, success([copy]), date=date)
        self.mail.operations = ["MOVE" for entry in self.log if entry.success]
        wire = self.mail.wire("new")
        if "action_log" in request.target:
            times = () if self.is_dated else ("started_at", "completed_at")
            found: object = [
                {name: value for name, value in entry.wire("new").items() if name not in times} for entry in self.log
            ]
        else:
            one = wire if self.tells_operations else wire | {"post_delivery_operations": None}
            found = one if self.mail.postfix_id in request.target else [one]
        return answer(200, success(found, result_info={"count": len(self.log)}), date=date)
