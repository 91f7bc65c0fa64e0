"""The truth log: every action that reached the simulator, per message, with its real outcome.

Where every copy of a message lies follows from the log, line by line:

- `release`: the copies of `delivered` are in Inbox; those of `undelivered` and `failed` did not arrive.
- `move`: the copies of `moved` are in `destination`; those of `already` and `failed` stay where they were, which is
  `was[recipient]` (null: no folder that can be reached).
- `row`: a row of a job has ended, at `time`: afterwards the copy of `recipient` is in `folder`; before it was in `was`.
  It is written with the next request at the latest, before any other line about its message. Rows of the demo's own jobs have lines only for messages that
  somebody else has acted on before; what they did until then is in the `was` of that action.
- `submission`: a request for another verdict on a message, and whether it was `accepted`; the copies stay.
- `drill`: the first line of a drill: what is right there (`drill_scene.py`).

`row`, `wire` and `drill` lines have no request number.
"""

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from tui_app.simulator.mail import stamp


class TruthLog:
    """JSON lines in memory and, if named, in a file; each is written before the answer is sent."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = path.open("a", encoding="ascii") if path else None
        self._lock = threading.Lock()
        self._number = 0
        self._seen = 0
        self.entries: list[dict[str, Any]] = []

    def next_request(self) -> int:
        """The number of the next action; its lines share it."""
        with self._lock:
            self._number += 1
            return self._number

    def add(self, request: int | None, now: datetime, action: str, **facts: object) -> None:
        """Add a line: an action on a message or job, and its outcome."""
        with self._lock:
            self._write({"request": request, "time": stamp(now), "action": action, **facts})

    def add_wire(
        self,
        now: datetime,
        *,
        method: str | None,
        endpoint: str | None,
        path: str | None,
        fault: str | None,
        processed: bool,
    ) -> None:
        """Add a line for a request; for a connection that was closed before any request all but the fault is None."""
        with self._lock:
            self._seen += 1
            self._write(
                {
                    "number": self._seen,
                    "time": stamp(now),
                    "action": "wire",
                    "method": method,
                    "endpoint": endpoint,
                    "path": path,
                    "fault": fault,
                    "processed": processed,
                }
            )

    def _write(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def of(self, action: str) -> list[dict[str, Any]]:
        """The lines of one kind of action, in order."""
        with self._lock:
            return [entry for entry in self.entries if entry["action"] == action]
