"""The simulated account: its messages, its jobs, and what each action does to them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from tui_app.simulator.action_log import OPERATIONS_BY_ACTION, ActionLog, ActionRecord
from tui_app.simulator.demo_account import DemoAccount
from tui_app.simulator.demo_data import DEFAULT_MESSAGES, HELD_NEWSLETTERS
from tui_app.simulator.jobs import DONE, TERMINAL_JOB_STATES, Ending, JobRow, Pace, SimulatedJob
from tui_app.simulator.mail import Mail, Wire, row_uuid, stable_hash, stamp
from tui_app.simulator.search import matches, outside
from tui_app.simulator.truth import TruthLog
from tui_app.simulator.validation import (
    ACTIONS,
    DESTINATIONS,
    InvalidRequest,
    move_ids,
    one_of,
    reclassification,
    release_ids,
    search_body,
)

PHISH_SKIP = Ending("SKIPPED", "Phish submission, not actionable")
NOT_HELD_SKIP = Ending("SKIPPED", "The message is not in quarantine")
_BY_REQUEST = "api-token"
_BY_ANOTHER = "lena@acme.example"


def _by_job(job: SimulatedJob, ending: Ending, at: datetime) -> ActionRecord:
    status = "OK" if ending.state == "COMPLETED" else ending.reason or "FAILED"
    done = ending.state == "COMPLETED"
    return ActionRecord(job.action, job.created_at, at, f"bulk-job:{job.job_id}", done, status, job.destination)


class Account:
    """One account. `clock` returns the time in UTC; `speed` makes jobs run faster; the seed decides everything else."""

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
        self.account_id = f"{stable_hash(seed, 1):016x}{stable_hash(seed, 2):016x}"
        self.name = "Acme production (simulated)"
        self.start = clock()
        self.log = ActionLog()
        self._new_mails: list[Mail] = []
        demo = DemoAccount(seed, self.start, messages=messages, speed=speed)
        # Without messages the account is new: nothing is held, and there is no job.
        self.held = demo.held(held) if messages else []
        self.campaign = demo.campaign()
        self.submissions = demo.submissions() if messages else []
        self.jobs: dict[str, SimulatedJob] = {job.job_id: job for job in (demo.jobs(self.campaign) if messages else [])}
        self._created = 1000
        self._sharing: dict[str, list[Mail]] = {}
        self._turns: list[tuple[datetime, tuple[Mail, ...], str]] = []
        self._by_id = {
            key: mail for mail in (*self.held, *self.campaign) for key in (mail.investigate_id, mail.postfix_id)
        }

    # ---- reading

    def _settle(self, now: datetime) -> None:
        """Apply what jobs that were created here have done to messages by now, and verdicts that have turned."""
        for turn in [turn for turn in self._turns if turn[0] <= now]:
            # Taken out one by one: a test may add one from its own thread meanwhile.
            self._turns.remove(turn)
            self._turn(*turn)
        for job in self.jobs.values():
            if not job.acts_on_account:
                continue
            for target, ending, at in job.newly_finished(now):
                entry = _by_job(job, ending, at)
                if ending.state == "COMPLETED":
                    self._acted(target.mail, entry)
                elif ending.state == "FAILED":
                    self.log.add(target.mail.investigate_id, entry)

    def _acted(self, mail: Mail, entry: ActionRecord) -> None:
        if entry.action == "RELEASE":
            mail.quarantined = False
            mail.delivery_status = ["delivered"]
            # The field is documented, but not what sets it: here one release in forty does.
            mail.allowed = stable_hash(self.seed, mail.number, 5) % 40 == 0
        elif entry.action == "MOVE":
            mail.delivery_status = ["delivered", "moved"]
        mail.operations.append(OPERATIONS_BY_ACTION[entry.action])
        self.log.add(mail.investigate_id, entry)

    def done_to(self, mail: Mail) -> list[ActionRecord]:
        """The actions on a message, oldest first: of requests, of jobs created here, and of the demo's jobs."""
        now = self.clock()
        self._settle(now)
        entries = self.log.of(mail.investigate_id)
        for job, index in self._rows_of(mail.number):
            ended = job.ended(index, now)
            same = job.target(index).mail.investigate_id == mail.investigate_id
            if same and ended is not None and ended[0].state != "SKIPPED":
                entries.append(_by_job(job, *ended))
        return sorted(entries, key=lambda entry: entry.completed_at)

    def search(self, query: dict[str, Any]) -> list[Mail]:
        """All messages that a search finds, newest first."""
        now = self.clock()
        self._settle(now)
        start = datetime.fromisoformat(query["start"]) if query.get("start") else now - timedelta(days=30)
        end = datetime.fromisoformat(query["end"]) if query.get("end") else now
        found = [
            mail
            for mail in (self.submissions if query.get("submissions") else self._regular())
            if start <= mail.scanned_at <= end and matches(mail, query)
        ]
        found.sort(key=lambda mail: (mail.scanned_at, mail.number), reverse=True)
        return found

    def _regular(self) -> Iterable[Mail]:
        return chain(self._new_mails, self.held, self.campaign)

    def mail(self, identity: str, *, submission: bool = False) -> Mail | None:
        """A message, or a submission, by investigate id (or postfix id, in the oldest generation); None if not found."""
        self._settle(self.clock())
        if submission:
            return next((mail for mail in self.submissions if identity == mail.investigate_id), None)
        known = self._by_id.get(identity)
        if known is None:
            return self._mail_of_a_row(identity)
        return known if identity == known.investigate_id or self.generation == "seed" else None

    def _mail_of_a_row(self, identity: str) -> Mail | None:
        tail = identity.rpartition("-")[2]
        if not tail.isdecimal() or len(tail) > 12:
            return None
        mails = (job.target(index).mail for job, index in self._rows_of(int(tail) - 10_000_000))
        return next((mail for mail in mails if mail.investigate_id == identity), None)

    def _rows_of(self, number: int) -> Iterator[tuple[SimulatedJob, int]]:
        """The rows of the demo's jobs about the message of that number."""
        for job in self.jobs.values():
            index = number - (10_000_000 * job.number if job.number > 1 else 1_000_000)
            if 0 <= index < job.size and not job.acts_on_account:
                yield job, index

    def arrive(self, mail: Mail) -> None:
        """Add a message, for tests."""
        self._new_mails.append(mail)
        self._by_id[mail.investigate_id] = self._by_id[mail.postfix_id] = mail

    def known(self, identity: str) -> Mail | None:
        """The message of an investigate id or a postfix id; None if there is none."""
        return self._by_id.get(identity)

    def other_job(self, job: SimulatedJob) -> SimulatedJob | None:
        """The newest job that is not this one."""
        others = [other for other in self.jobs.values() if other.job_id != job.job_id]
        return max(others, key=lambda other: (other.created_at, other.number), default=None)

    def other_mail(self, *mails: Mail) -> Mail | None:
        """A message that is none of these, held if there is one, with a detection."""
        known = {mail.investigate_id for mail in mails}
        others = [mail for mail in self._regular() if mail.is_detection and mail.investigate_id not in known]
        return next((mail for mail in others if mail.quarantined), next(iter(others), None))

    def outside(self, query: Wire, which: int, seed: int) -> list[Mail]:
        """A few messages that a search must not find, by the part of its filter that they do not fit."""
        self._settle(self.clock())
        return outside(self._regular(), query, which, seed)

    def list_jobs(self, status: str | None, action: str | None) -> list[Wire]:
        """The job objects with this status and action, newest first."""
        now = self.clock()
        self._settle(now)
        jobs = sorted(self.jobs.values(), key=lambda job: (job.created_at, job.number), reverse=True)
        return [
            job.wire(now, self.generation)
            for job in jobs
            if (action is None or job.action == action) and (status is None or job.status(now) == status)
        ]

    # ---- acting

    def create_job(self, body: object, *, asked: object = None) -> Wire:
        """Start a job on the messages that its search finds; returns the job object. Raises InvalidRequest.

        `asked` is the body as it was sent, if the account does another thing.
        """
        request, now = self.truth.next_request(), self.clock()
        if not isinstance(body, dict):
            raise InvalidRequest("the body must be an object", "")
        action = one_of(body.get("action"), ACTIONS, "/action")
        params = search_body(body.get("search_params"), self.generation)
        destination = body.get("destination")
        if action == "MOVE":
            destination = one_of(destination, DESTINATIONS, "/destination")
        elif destination is not None:
            raise InvalidRequest("destination is for MOVE only", "/destination")
        comment = body.get("comment")
        if comment is not None and not isinstance(comment, str):
            raise InvalidRequest("must be a string", "/comment")
        self._created += 1
        job = self._job_over(action, destination, params, comment, now)
        self.jobs[job.job_id] = job
        odd = {} if asked is None or asked == body else {"body": asked, "stored": body}
        facts = {"job_id": job.job_id, "kind": action, "rows": job.size, "body": body, "outcome": "created", **odd}
        self.truth.add(request, now, "create_job", **facts)
        return job.wire(now, self.generation)

    def _job_over(
        self, action: str, destination: str | None, params: Wire, comment: str | None, now: datetime
    ) -> SimulatedJob:
        targets = [JobRow(mail, to) for mail in self.search(params) for to in mail.recipients]
        endings = [
            PHISH_SKIP
            if t.mail.phish_submission
            else NOT_HELD_SKIP
            if action == "RELEASE" and not t.mail.quarantined
            else DONE
            for t in targets
        ]
        return SimulatedJob(
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

    def cancel_job(self, job: SimulatedJob) -> Wire:
        """Cancel a running job; returns the job object. Raises InvalidRequest (409) when it has ended."""
        request, now = self.truth.next_request(), self.clock()
        status = job.status(now)
        if status in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="refused", status=status)
            raise InvalidRequest(f"Job is already {status}", "/job_id", 10409, 409)
        self._settle(now)
        job.cancelled_at = now
        self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="cancelled")
        return job.wire(now, self.generation)

    def delete_job(self, job: SimulatedJob) -> Wire:
        """Delete an ended job from all lists. Raises InvalidRequest (409) while it runs."""
        request, now = self.truth.next_request(), self.clock()
        status = job.status(now)
        if status not in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="refused", status=status)
            raise InvalidRequest(f"Job is {status}; only ended jobs can be deleted", "/job_id", 10409, 409)
        self._settle(now)
        del self.jobs[job.job_id]
        self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="deleted")
        return {"id": job.job_id}

    def release(self, body: object, *, partial: bool = False) -> list[Wire]:
        """Release held messages; returns the result by recipient. Raises InvalidRequest for the whole request."""
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
                raise InvalidRequest("message not found", pointer, 10404)
            # The oldest generation knows a message by its postfix id only: all that have it are meant.
            mails += self._sharing.get(identity, [found])
        return [self._release_one(request, now, mail, index, partial) for index, mail in enumerate(mails)]

    def _release_one(self, request: int, now: datetime, mail: Mail, index: int, partial: bool) -> Wire:
        ends: dict[str, list[str]] = {"delivered": [], "undelivered": [], "failed": []}
        for position, recipient in enumerate(mail.recipients):
            drawn = stable_hash(self.seed, mail.number, sum(map(ord, recipient)), 9) % 1000
            by_chance = 2 if drawn < 4 else 1 if drawn < 14 else 0
            which = 2 if not mail.quarantined else (index + position) % 3 if partial else by_chance
            list(ends.values())[which].append(recipient)
        was_held = mail.quarantined
        if ends["delivered"] or ends["undelivered"]:
            self._acted(mail, ActionRecord("RELEASE", now, now, _BY_REQUEST))
        else:
            self.log.add(mail.investigate_id, ActionRecord("RELEASE", now, now, _BY_REQUEST, False, "FAILED"))
        released = was_held and not mail.quarantined
        outcome = "released" if released else "not released"
        facts = {"postfix_id": mail.postfix_id, "verdict": mail.disposition, **ends}
        self.truth.add(request, now, "release", id=mail.investigate_id, outcome=outcome, **facts)
        result: Wire = {
            "id": mail.investigate_id,
            "delivered": ends["delivered"],
            "undelivered": ends["undelivered"] or None,
            "failed": ends["failed"] or None,
        }
        if self.generation == "seed":
            result["postfix_id"] = mail.postfix_id
        return result

    def move(self, body: object, only: Mail | None = None, *, partial: bool = False) -> list[Wire]:
        """Move messages to a folder; returns one result per recipient. Raises InvalidRequest."""
        request, now = self.truth.next_request(), self.clock()
        self._settle(now)
        if not isinstance(body, dict):
            raise InvalidRequest("the body must be an object", "")
        destination = one_of(body.get("destination"), DESTINATIONS, "/destination")
        mails = [only] if only else self._mails_to_move(body)
        results: list[Wire] = []
        for index, mail in enumerate(mails):
            results += self._move_one(request, now, mail, destination, index, partial)
        return results

    def _mails_to_move(self, body: Wire) -> list[Mail]:
        pointer = "/ids" if "ids" in body else "/postfix_ids"
        mails: list[Mail] = []
        for index, identity in enumerate(move_ids(body)):
            mail = self.mail(identity) if pointer == "/ids" else self._by_id.get(identity)
            if mail is None:
                raise InvalidRequest("message not found", f"{pointer}/{index}", 10404)
            mails += self._sharing.get(identity, [mail])
        return mails

    def _move_one(
        self, request: int, now: datetime, mail: Mail, destination: str, index: int, partial: bool
    ) -> list[Wire]:
        moved: list[str] = []
        failed: list[str] = []
        for position, recipient in enumerate(mail.recipients):
            drawn = stable_hash(self.seed, mail.number, sum(map(ord, recipient)), 10) % 1000
            fails = (index + position) % 2 == 1 if partial else drawn < 6
            (failed if mail.quarantined or fails else moved).append(recipient)
        entry = ActionRecord("MOVE", now, now, _BY_REQUEST, bool(moved), "OK" if moved else "FAILED", destination)
        if moved:
            self._acted(mail, entry)
        else:
            self.log.add(mail.investigate_id, entry)
        self.truth.add(
            request,
            now,
            "move",
            id=mail.investigate_id,
            destination=destination,
            outcome="moved" if moved else "not moved",
            moved=moved,
            failed=failed,
        )
        reason = "Message is held in quarantine" if mail.quarantined else "Message is no longer in the mailbox"
        old: Wire = {"completed_timestamp": stamp(now), "item_count": 1} if self.generation == "seed" else {}
        return [
            {
                "success": recipient in moved,
                "status": "OK" if recipient in moved else reason,
                "operation": "MOVE",
                "destination": destination,
                "recipient": recipient,
                "message_id": mail.header_id,
                "completed_at": stamp(now),
                **old,
            }
            for recipient in mail.recipients
        ]

    def reclassify(self, mail: Mail, body: object) -> None:
        """Accept a request for another verdict. Raises InvalidRequest."""
        request, now = self.truth.next_request(), self.clock()
        disposition = reclassification(body)
        submission = row_uuid(self.seed, 0, request)
        self._acted(mail, ActionRecord("RECLASSIFY", now, now, _BY_REQUEST, True, "OK", None, disposition, submission))
        self.truth.add(
            request,
            now,
            "reclassify",
            id=mail.investigate_id,
            expected_disposition=disposition,
            submission=submission,
            outcome="accepted",
        )

    def preview(self, mail: Mail) -> None:
        """Record that a message was previewed."""
        request, now = self.truth.next_request(), self.clock()
        self._acted(mail, ActionRecord("PREVIEW", now, now, _BY_REQUEST))
        self.truth.add(request, now, "preview", id=mail.investigate_id, outcome="shown")

    def preview_clean(self, body: object) -> None:
        """Record that a message without a detection was previewed. Raises InvalidRequest."""
        identity = body.get("id") if isinstance(body, dict) else None
        if not isinstance(identity, str):
            raise InvalidRequest("id is required and must be a string", "/id")
        mail = self.mail(identity)
        if mail is None or mail.is_detection or mail.quarantined:
            raise InvalidRequest("no such message in a mailbox", "/id", 10404, 404)
        self.preview(mail)

    # ---- what others do

    def turn_verdict(self, ids: Sequence[str], verdict: str, *, at: datetime | None = None) -> None:
        """Give messages another verdict, now or once the clock says `at`; searches and single reads tell it."""
        mails = tuple(self._by_id[identity] for identity in ids)
        if at is not None and at > self.clock():
            self._turns.append((at, mails, verdict))
        else:
            self._turn(self.clock(), mails, verdict)

    def _turn(self, at: datetime, mails: tuple[Mail, ...], verdict: str) -> None:
        for mail in mails:
            mail.disposition = verdict
            mail.reasons = (*mail.reasons, f"Found to be {verdict} later")
        if mails:
            ids = [mail.investigate_id for mail in mails]
            self.truth.add(self.truth.next_request(), at, "turn_verdict", ids=ids, verdict=verdict)

    def share_postfix(self, first: str, second: str) -> str:
        """Give the second message the postfix id of the first; returns its investigate id, which changes with it.

        Whoever acts by that postfix id alone acts on both.
        """
        kept, changed = self._by_id[first], self._by_id[second]
        before = changed.investigate_id
        del self._by_id[before], self._by_id[changed.postfix_id]
        changed.share_postfix_id(kept.postfix_id)
        self._by_id[changed.investigate_id] = changed
        self.log.rename(before, changed.investigate_id)
        self._sharing.setdefault(kept.postfix_id, [kept]).append(changed)
        ids = [mail.investigate_id for mail in self._sharing[kept.postfix_id]]
        self.truth.add(
            self.truth.next_request(), self.clock(), "share_postfix", postfix_id=kept.postfix_id, ids=ids, was=before
        )
        return changed.investigate_id

    def shares(self, mail: Mail) -> bool:
        """Whether another message has the same postfix id."""
        return mail.postfix_id in self._sharing

    def backdate_release(self, ids: Sequence[str], age: timedelta = timedelta(days=3), *, gone: bool = False) -> None:
        """Let messages tell of a release so long ago, although they are held; with `gone` they are held no more."""
        now = self.clock()
        for identity in ids:
            mail = self._by_id[identity]
            # A message that came in later can't have been released then. Its ids stay, they are only names.
            if mail.scanned_at >= now - age:
                mail.scanned_at = now - age - timedelta(hours=1)
                mail.scanned = (stamp(mail.scanned_at) or "")[:23] + "Z"
            mail.operations.append(OPERATIONS_BY_ACTION["RELEASE"])
            self.log.add(mail.investigate_id, ActionRecord("RELEASE", now - age, now - age, _BY_ANOTHER))
            if gone:
                mail.quarantined = False
                mail.delivery_status = ["delivered"]
        if ids:
            self.truth.add(self.truth.next_request(), now, "backdate_release", ids=list(ids), gone=gone)
