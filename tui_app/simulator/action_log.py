"""The action log: the actions on each message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tui_app.simulator.mail import Wire, stamp

OPERATIONS_BY_ACTION: Final = {
    "RELEASE": "QUARANTINE_RELEASE",
    "MOVE": "MOVE",
    "RECLASSIFY": "SUBMISSION",
    "SUBMISSION": "SUBMISSION",
    "PREVIEW": "PREVIEW",
}
"""Names of actions in the log, where jobs and requests use others."""


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action on a message, with its outcome."""

    action: str
    started_at: datetime
    completed_at: datetime
    requested_by: str
    success: bool = True
    status: str = "OK"
    folder: str | None = None
    disposition: str | None = None
    submission: str | None = None
    submission_type: str = "reclassification"

    def wire(self, generation: str) -> Wire:
        """The entry of the newest or the oldest generation."""
        properties: Wire = {"requested_by": self.requested_by, "service": "API"}
        if self.folder is not None:
            properties["folder"] = self.folder
        if self.submission is not None:
            properties |= {
                "requested_disposition": self.disposition,
                "submission_id": self.submission,
                "submission_type": self.submission_type,
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
    """The entries of all messages, in the order of the actions."""

    def __init__(self) -> None:
        self._entries: dict[str, list[ActionRecord]] = {}

    def add(self, investigate_id: str, entry: ActionRecord) -> None:
        """Add an action on a message."""
        self._entries.setdefault(investigate_id, []).append(entry)

    def rename(self, investigate_id: str, now: str) -> None:
        """Keep the actions on a message whose id has changed."""
        if investigate_id in self._entries:
            self._entries[now] = self._entries.pop(investigate_id)

    def of(self, investigate_id: str) -> list[ActionRecord]:
        """The actions on a message."""
        return list(self._entries.get(investigate_id, ()))
