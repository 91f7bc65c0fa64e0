"""The simulated account: its mails, its jobs, and what each action does to them."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from tui_app.simulator.jobs import DONE, TERMINAL_JOB_STATES, Ending, Job, Pace, Target
from tui_app.simulator.mail import Mail, Wire, scatter
from tui_app.simulator.story import DEFAULT_MESSAGES, HELD_NEWSLETTERS, Story
from tui_app.simulator.truth import TruthLog
from tui_app.simulator.validation import ACTIONS, DESTINATIONS, Invalid, one_of, release_ids, search_body

PHISH_SKIP = Ending("SKIPPED", "Phish submission, not actionable")
NOT_HELD_SKIP = Ending("SKIPPED", "The message is not in quarantine")


class Account:
    """One account. `clock` gives the time in UTC; `speed` makes jobs live faster; all else follows from the seed."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        seed: int = 1,
        messages: int = DEFAULT_MESSAGES,
        held: int = HELD_NEWSLETTERS,
        speed: float = 1.0,
        generation: str = "new",
        truth: TruthLog | None = None,
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.speed = speed
        self.generation = generation
        self.truth = truth or TruthLog()
        self.account_id = f"{scatter(seed, 1):016x}{scatter(seed, 2):016x}"
        self.name = "Acme production (simulated)"
        self.start = clock()
        self._new_mails: list[Mail] = []
        story = Story(seed, self.start, messages=messages, speed=speed)
        # No messages at all is the account of somebody who starts today: nothing held, no job yet.
        self.held = story.held(held) if messages else []
        self.campaign = story.campaign()
        self.jobs: dict[str, Job] = {job.job_id: job for job in (story.jobs(self.campaign) if messages else [])}
        self._created = 1000
        self._by_id = {
            key: mail for mail in (*self.held, *self.campaign) for key in (mail.investigate_id, mail.postfix_id)
        }

    # ---- reading

    def _settle(self, now: datetime) -> None:
        """Let jobs that were created here act on the mails whose rows have ended by now."""
        for job in self.jobs.values():
            if not job.acts_on_account:
                continue
            for target, ending in job.newly_finished(now):
                if ending.state == "COMPLETED":
                    self._acted(target.mail, job.action)

    @staticmethod
    def _acted(mail: Mail, action: str) -> None:
        if action == "RELEASE":
            mail.quarantined = False
            mail.delivery_status = ["delivered"]
            mail.operations.append("QUARANTINE_RELEASE")
        else:
            mail.delivery_status = ["delivered", "moved"]
            mail.operations.append("MOVE")

    def search(self, query: dict[str, Any]) -> list[Mail]:
        """All mails that a search finds, newest first."""
        now = self.clock()
        self._settle(now)
        start = datetime.fromisoformat(query["start"]) if query.get("start") else now - timedelta(days=30)
        end = datetime.fromisoformat(query["end"]) if query.get("end") else now
        found = [
            mail
            for mail in chain(self._new_mails, self.held, self.campaign)
            if start <= mail.scanned_at <= end and _matches(mail, query)
        ]
        found.sort(key=lambda mail: (mail.scanned_at, mail.number), reverse=True)
        return found

    def mail(self, identity: str) -> Mail | None:
        """A mail by investigate id (or postfix id, in the oldest generation)."""
        self._settle(self.clock())
        known = self._by_id.get(identity)
        if known is None:
            return self._mail_of_a_row(identity)
        return known if identity == known.investigate_id or self.generation == "seed" else None

    def _mail_of_a_row(self, identity: str) -> Mail | None:
        tail = identity.rpartition("-")[2]
        if not tail.isdecimal() or len(tail) > 12:
            return None
        number = int(tail) - 10_000_000
        for job in self.jobs.values():
            index = number - (10_000_000 * job.number if job.number > 1 else 1_000_000)
            if 0 <= index < job.size and not job.acts_on_account:
                mail = job.target(index).mail
                if mail.investigate_id == identity:
                    return mail
        return None

    def arrive(self, mail: Mail) -> None:
        """Let one more mail arrive, for tests."""
        self._new_mails.append(mail)
        self._by_id[mail.investigate_id] = self._by_id[mail.postfix_id] = mail

    def list_jobs(self, status: str | None, action: str | None) -> list[Wire]:
        """Job objects, newest first, filtered."""
        now = self.clock()
        self._settle(now)
        jobs = sorted(self.jobs.values(), key=lambda job: (job.created_at, job.number), reverse=True)
        return [
            job.wire(now, self.generation)
            for job in jobs
            if (action is None or job.action == action) and (status is None or job.status(now) == status)
        ]

    # ---- acting

    def create_job(self, body: object) -> Wire:
        """Start a job over what its search finds. Raises Invalid."""
        request, now = self.truth.next_request(), self.clock()
        if not isinstance(body, dict):
            raise Invalid("the body must be an object", "")
        action = one_of(body.get("action"), ACTIONS, "/action")
        params = search_body(body.get("search_params"), self.generation)
        destination = body.get("destination")
        if action == "MOVE":
            destination = one_of(destination, DESTINATIONS, "/destination")
        elif destination is not None:
            raise Invalid("destination is for MOVE only", "/destination")
        comment = body.get("comment")
        if comment is not None and not isinstance(comment, str):
            raise Invalid("must be a string", "/comment")
        self._created += 1
        job = self._job_over(action, destination, params, comment, now)
        self.jobs[job.job_id] = job
        self.truth.add(
            request, now, "create_job", job_id=job.job_id, kind=action, rows=job.size, body=body, outcome="created"
        )
        return job.wire(now, self.generation)

    def _job_over(self, action: str, destination: str | None, params: Wire, comment: str | None, now: datetime) -> Job:
        targets = [Target(mail, to) for mail in self.search(params) for to in mail.recipients]
        endings = [
            PHISH_SKIP
            if t.mail.phish_submission
            else NOT_HELD_SKIP
            if action == "RELEASE" and not t.mail.quarantined
            else DONE
            for t in targets
        ]
        return Job(
            number=self._created,
            seed=self.seed,
            action=action,
            destination=destination,
            search_params=params,
            created_at=now,
            pace=Pace(2.0 / self.speed, 3.0 / self.speed, 40.0 * self.speed),
            size=len(targets),
            target=targets.__getitem__,
            ending=endings.__getitem__,
            comment=comment,
            acts_on_account=True,
        )

    def cancel_job(self, job: Job) -> Wire:
        """Stop a running job. Raises Invalid (409) when it has ended."""
        request, now = self.truth.next_request(), self.clock()
        status = job.status(now)
        if status in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="refused", status=status)
            raise Invalid(f"Job is already {status}", "/job_id", 10409, 409)
        self._settle(now)
        job.cancelled_at = now
        self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="cancelled")
        return job.wire(now, self.generation)

    def delete_job(self, job: Job) -> Wire:
        """Remove an ended job from all lists. Raises Invalid (409) while it runs."""
        request, now = self.truth.next_request(), self.clock()
        status = job.status(now)
        if status not in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="refused", status=status)
            raise Invalid(f"Job is {status}; only ended jobs can be deleted", "/job_id", 10409, 409)
        self._settle(now)
        del self.jobs[job.job_id]
        self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="deleted")
        return {"id": job.job_id}

    def release(self, body: object) -> list[Wire]:
        """Release held mails; the result per recipient. Raises Invalid for the whole request."""
        request, now = self.truth.next_request(), self.clock()
        self._settle(now)
        ids = release_ids(body, self.generation)
        mails: list[Mail] = []
        for index, identity in enumerate(ids):
            found = self._by_id.get(identity)
            fits = found is not None and identity == (
                found.postfix_id if self.generation == "seed" else found.investigate_id
            )
            if found is None or not fits:
                pointer = f"/{index}" if self.generation == "seed" else f"/ids/{index}"
                for other in ids:
                    self.truth.add(request, now, "release", id=other, outcome="refused")
                raise Invalid("message not found", pointer, 10404)
            mails.append(found)
        return [self._release_one(request, now, mail) for mail in mails]

    def _release_one(self, request: int, now: datetime, mail: Mail) -> Wire:
        delivered: list[str] = []
        undelivered: list[str] = []
        failed: list[str] = []
        for recipient in mail.recipients:
            lot = scatter(self.seed, mail.number, sum(map(ord, recipient)), 9) % 1000
            (failed if not mail.quarantined or lot < 4 else undelivered if lot < 14 else delivered).append(recipient)
        was_held = mail.quarantined
        if delivered or undelivered:
            self._acted(mail, "RELEASE")
        self.truth.add(
            request,
            now,
            "release",
            id=mail.investigate_id,
            outcome="released" if was_held and not mail.quarantined else "not released",
            delivered=delivered,
            undelivered=undelivered,
            failed=failed,
        )
        result: Wire = {
            "id": mail.investigate_id,
            "delivered": delivered,
            "undelivered": undelivered or None,
            "failed": failed or None,
        }
        if self.generation == "seed":
            result["postfix_id"] = mail.postfix_id
        return result

    def move(self, body: object, only: str | None = None) -> list[Wire]:
        """Move mails between folders; one result per recipient. Raises Invalid."""
        request, now = self.truth.next_request(), self.clock()
        if not isinstance(body, dict):
            raise Invalid("the body must be an object", "")
        destination = one_of(body.get("destination"), DESTINATIONS, "/destination")
        ids = [only] if only else body.get("ids") or body.get("postfix_ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= 1000 or not all(isinstance(i, str) for i in ids):
            raise Invalid("must be an array of 1 to 1000 strings", "/ids")
        results: list[Wire] = []
        for index, identity in enumerate(ids):
            mail = self._by_id.get(identity) or self._mail_of_a_row(identity)
            if mail is None:
                raise Invalid("message not found", f"/ids/{index}", 10404)
            self._acted(mail, "MOVE")
            self.truth.add(request, now, "move", id=mail.investigate_id, destination=destination, outcome="moved")
            results += [
                {
                    "success": True,
                    "status": "OK",
                    "operation": "MOVE",
                    "destination": destination,
                    "recipient": to,
                    "message_id": mail.header_id,
                }
                for to in mail.recipients
            ]
        return results


def _matches(mail: Mail, query: dict[str, Any]) -> bool:
    if query.get("detections_only", True) and not mail.is_detection:
        return False
    if query.get("submissions"):
        return False
    delivery, disposition = query.get("delivery_status"), query.get("final_disposition")
    if delivery and delivery not in mail.delivery_status:
        return False
    if disposition and disposition != mail.disposition:
        return False
    acted = {"QUARANTINE_RELEASED": "QUARANTINE_RELEASE", "MOVED": "MOVE", "PREVIEW": "PREVIEW"}
    if query.get("message_action") and acted[query["message_action"]] not in mail.operations:
        return False
    if query.get("exact_subject") is not None and query["exact_subject"] != mail.subject:
        return False
    addresses = {"sender": (mail.sender,), "recipient": mail.recipients, "domain": (mail.sender, *mail.recipients)}
    for name, held in addresses.items():
        wanted = (query.get(name) or "").casefold()
        if wanted and not any(
            wanted == a.casefold() or a.casefold().endswith("@" + wanted.removeprefix("@")) for a in held
        ):
            return False
    for name, value in (("message_id", mail.header_id), ("alert_id", mail.alert_id)):
        if query.get(name) and query[name] != value:
            return False
    subject = mail.subject.casefold()
    if not all(word in subject for word in (query.get("subject") or "").casefold().split()):
        return False
    words = (query.get("query") or "").casefold().split()
    haystack = " ".join((mail.sender, *mail.recipients, mail.subject, mail.header_id)).casefold() if words else ""
    return all(word in haystack for word in words)


def cursor_for(offset: int) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def cursor_offset(cursor: str) -> int:
    """Where a cursor points. Raises Invalid."""
    try:
        word, _, offset = base64.urlsafe_b64decode(cursor.encode("ascii", "replace")).decode().partition(":")
        if word == "after":
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise Invalid("invalid cursor", "/query/cursor")
