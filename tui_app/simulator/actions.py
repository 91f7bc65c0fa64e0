"""What is done to mail, by requests and by rows of jobs: to each copy, to the action log, to the truth log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from tui_app.simulator.action_log import OPERATIONS_BY_ACTION, ActionLog, ActionRecord
from tui_app.simulator.jobs import DONE, Ending, JobRow, SimulatedJob
from tui_app.simulator.mail import Mail, Wire, stable_hash, stamp
from tui_app.simulator.obstacles import (
    ALREADY_THERE,
    HELD,
    NOT_DELIVERED,
    OUT_OF_REACH,
    THROTTLED,
    Obstacle,
    drawn,
)
from tui_app.simulator.truth import TruthLog

BY_REQUEST: Final = "api-token"
NOT_HELD_SKIP: Final = Ending("SKIPPED", "The message is not in quarantine")
_HARD_DELETED: Final = "RecoverableItemsPurges"


@dataclass(frozen=True, slots=True)
class Step:
    """What a move did to the copy of one recipient."""

    recipient: str
    outcome: Literal["moved", "already", "failed"]
    status: str
    was: str | None
    """The folder before; None: no folder that can be reached."""
    retry_at: datetime | None = None
    """When it may be tried again, if that is known."""


class Actions:
    """Acts on mail and records it; `obstacle` tells what stands in the way of moving a recipient's copy at a time."""

    def __init__(
        self,
        seed: int,
        generation: str,
        truth: TruthLog,
        obstacle: Callable[[Mail, str, datetime], Obstacle | None],
    ) -> None:
        self.log = ActionLog()
        self._seed = seed
        self._generation = generation
        self._truth = truth
        self._obstacle = obstacle

    def record(self, mail: Mail, entry: ActionRecord) -> None:
        """Note an action that was done in the mail and in its action log."""
        mail.operations.append(OPERATIONS_BY_ACTION[entry.action])
        self.log.add(mail.investigate_id, entry)

    def folder(self, mail: Mail, recipient: str, now: datetime) -> str | None:
        """The folder where a copy lies; None: it is held, did not arrive, or is out of reach for good."""
        obstacle = self._obstacle(mail, recipient, now)
        return None if obstacle is not None and obstacle.lasts else mail.folder(recipient)

    # ---- requests

    def release(self, request: int, now: datetime, mail: Mail, index: int, *, partial: bool) -> Wire:
        """Release a message; returns the item of the answer. With `partial` recipients have different outcomes."""
        ends: dict[str, list[str]] = {"delivered": [], "undelivered": [], "failed": []}
        for position, recipient in enumerate(mail.recipients):
            chance = drawn(self._seed, mail, recipient, 9)
            by_chance = 2 if chance < 4 else 1 if chance < 14 else 0
            which = 2 if not mail.quarantined else (index + position) % 3 if partial else by_chance
            list(ends.values())[which].append(recipient)
        was_held = mail.quarantined
        if ends["delivered"] or ends["undelivered"]:
            self._let_go(mail, ends["delivered"])
            self.record(mail, ActionRecord("RELEASE", now, now, BY_REQUEST))
        else:
            self.log.add(mail.investigate_id, ActionRecord("RELEASE", now, now, BY_REQUEST, False, "FAILED"))
        released = was_held and not mail.quarantined
        outcome = "released" if released else "not released"
        facts = {"postfix_id": mail.postfix_id, "verdict": mail.disposition, **ends}
        self._truth.add(request, now, "release", id=mail.investigate_id, outcome=outcome, **facts)
        result: Wire = {
            "id": mail.investigate_id,
            "delivered": ends["delivered"],
            "undelivered": ends["undelivered"] or None,
            "failed": ends["failed"] or None,
        }
        if self._generation == "seed":
            result["postfix_id"] = mail.postfix_id
        return result

    def move(
        self, request: int, now: datetime, mail: Mail, destination: str, index: int, *, partial: bool
    ) -> list[Wire]:
        """Move all copies of a message; returns an item for each. With `partial` every other one is throttled."""
        steps = [
            self._step(mail, recipient, destination, now, throttled=partial and (index + position) % 2 == 1)
            for position, recipient in enumerate(mail.recipients)
        ]
        by_outcome = {
            outcome: [step.recipient for step in steps if step.outcome == outcome]
            for outcome in ("moved", "already", "failed")
        }
        # An entry for each way in which it ended: an entry can't name recipients.
        for status in dict.fromkeys(step.status for step in steps):
            entry = ActionRecord("MOVE", now, now, BY_REQUEST, status == "OK", status, destination)
            if entry.success:
                self.record(mail, entry)
            else:
                self.log.add(mail.investigate_id, entry)
        self._truth.add(
            request,
            now,
            "move",
            id=mail.investigate_id,
            destination=destination,
            outcome="moved" if by_outcome["moved"] else "not moved",
            **by_outcome,
            was={step.recipient: step.was for step in steps},
        )
        old: Wire = {"completed_timestamp": stamp(now), "item_count": 1} if self._generation == "seed" else {}
        return [
            {
                "success": step.outcome == "moved",
                "status": step.status,
                "operation": "MOVE",
                "destination": destination,
                "recipient": step.recipient,
                "message_id": mail.header_id,
                "completed_at": stamp(now),
                **old,
            }
            for step in steps
        ]

    # ---- rows of jobs

    def end_row(self, job: SimulatedJob, index: int, row: JobRow) -> None:
        """Do what a row does when it ends; what stands in its way by then changes how it ends."""
        mail, recipient, at = row.mail, row.recipient, job.end_of(index)
        was, ending = self.folder(mail, recipient, at), job.ending_of(index)
        if ending.state == "COMPLETED":
            act = self._release_copy if job.action == "RELEASE" else self._move_copy
            ending = act(job, mail, recipient, at)
            if ending.state != "COMPLETED":
                job.end_otherwise(index, ending)
        if ending.state == "FAILED":
            self.log.add(mail.investigate_id, _of_row(job, at, ending))
        self._truth.add(
            None,
            at,
            "row",
            job_id=job.job_id,
            kind=job.action,
            id=mail.investigate_id,
            recipient=recipient,
            destination=job.destination,
            outcome=ending.state,
            reason=ending.reason,
            was=was,
            folder=self.folder(mail, recipient, at),
        )

    def catch_up(self, job: SimulatedJob, index: int, row: JobRow) -> None:
        """Do what a row did that ended before anybody else acted on its message: what was foreseen."""
        ending = job.ending_of(index)
        if ending.state == "COMPLETED":
            self.show_done(job, row)
        if ending.state != "SKIPPED":
            self.log.add(row.mail.investigate_id, _of_row(job, job.end_of(index), ending))

    def show_done(self, job: SimulatedJob, row: JobRow) -> None:
        """Let a message look as its row left it."""
        if job.action == "RELEASE":
            self._let_go(row.mail, [row.recipient])
        elif job.destination is not None:
            row.mail.move(row.recipient, job.destination)
        row.mail.operations.append(OPERATIONS_BY_ACTION[job.action])

    def _release_copy(self, job: SimulatedJob, mail: Mail, recipient: str, at: datetime) -> Ending:
        if not mail.quarantined and mail.folder(recipient) is not None:
            return NOT_HELD_SKIP
        self._let_go(mail, [recipient])
        self.record(mail, _of_row(job, at, DONE))
        return DONE

    def _move_copy(self, job: SimulatedJob, mail: Mail, recipient: str, at: datetime) -> Ending:
        assert job.destination is not None
        step = self._step(mail, recipient, job.destination, at)
        if step.outcome == "moved":
            self.record(mail, _of_row(job, at, DONE))
            return DONE
        wait = None if step.retry_at is None else (step.retry_at - at).total_seconds()
        return Ending("FAILED", step.status, retry_in=wait)

    # ---- one copy

    def _let_go(self, mail: Mail, delivered: Sequence[str]) -> None:
        mail.release(delivered)
        # The field is documented, but not what sets it: here one release in forty does.
        mail.allowed = stable_hash(self._seed, mail.number, 5) % 40 == 0

    def _step(self, mail: Mail, recipient: str, destination: str, now: datetime, *, throttled: bool = False) -> Step:
        was, obstacle = self.folder(mail, recipient, now), self._obstacle(mail, recipient, now)
        reason = None
        if mail.quarantined:
            reason = HELD
        elif obstacle is not None and obstacle.lasts:
            reason = obstacle.reason
        elif was is None:
            reason = NOT_DELIVERED
        elif was == _HARD_DELETED:
            reason = OUT_OF_REACH
        if reason is not None:
            return Step(recipient, "failed", reason, was)
        if was == destination:
            return Step(recipient, "already", ALREADY_THERE, was)
        if obstacle is not None:
            return Step(recipient, "failed", obstacle.reason, was, obstacle.until)
        if throttled:
            return Step(recipient, "failed", THROTTLED, was)
        mail.move(recipient, destination)
        return Step(recipient, "moved", "OK", was)


def _of_row(job: SimulatedJob, at: datetime, ending: Ending) -> ActionRecord:
    done = ending.state == "COMPLETED"
    status = "OK" if done else ending.reason or "FAILED"
    return ActionRecord(job.action, job.created_at, at, f"bulk-job:{job.job_id}", done, status, job.destination)
