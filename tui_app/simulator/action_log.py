"""What was done to each mail: the entries of its action log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tui_app.simulator.mail import Wire, stamp

OPERATIONS_BY_ACTION: Final = {
    "RELEASE": "QUARANTINE_RELEASE",
    "MOVE": "MOVE",
    "RECLASSIFY": "SUBMISSION",
    "PREVIEW": "PREVIEW",
}
"""How the log names what a job or a request calls otherwise."""


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action on one mail, with its outcome."""

    action: str
    started_at: datetime
    completed_at: datetime
    requested_by: str
    success: bool = True
    status: str = "OK"
    folder: str | None = None
    disposition: str | None = None
    submission: str | None = None

    def wire(self, generation: str) -> Wire:
        """The entry of the newest or the oldest generation."""
        properties: Wire = {"requested_by": self.requested_by, "service": "API"}
        if self.folder is not None:
            properties["folder"] = self.folder
        if self.submission is not None:
            properties |= {
                "requested_disposition": self.disposition,
                "submission_id": self.submission,
                "submission_type": "reclassification",
            }
        entry: Wire = {
            "operation": OPERATIONS_BY_ACTION[self.action],
            "status": self.status,
            "success": self.success,
            "started_at": stamp(self.started_at),
            "completed_at": stamp(self.completed_at),
            "properties": properties,
        }
        return entry | {"completed_timestamp": stamp(self.completed_at)} if generation == "seed" else entry


class ActionLog:
    """The entries of all mails, each list in the order of what happened."""

    def __init__(self) -> None:
        self._entries: dict[str, list[ActionRecord]] = {}

    def add(self, investigate_id: str, entry: ActionRecord) -> None:
        """Add what was just done to a mail."""
        self._entries.setdefault(investigate_id, []).append(entry)

    def of(self, investigate_id: str) -> list[ActionRecord]:
        """What was done to a mail."""
        return list(self._entries.get(investigate_id, ()))
