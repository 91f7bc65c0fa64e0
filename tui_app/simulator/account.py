"""The simulated account: its messages, its jobs, and what each action does to them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from threading import RLock
from typing import Any

from tui_app.simulator.action_log import OPERATIONS_BY_ACTION, ActionRecord
from tui_app.simulator.actions import BY_REQUEST, NOT_HELD_SKIP, Actions
from tui_app.simulator.corpus import corpus_mails
from tui_app.simulator.demo_account import DemoAccount
from tui_app.simulator.demo_data import DEFAULT_MESSAGES, HELD_NEWSLETTERS
from tui_app.simulator.held_sample import held_sample
from tui_app.simulator.jobs import DONE, TERMINAL_JOB_STATES, Ending, JobRow, Pace, SimulatedJob
from tui_app.simulator.mail import Mail, Wire, row_uuid, stable_hash, stamp
from tui_app.simulator.obstacles import Obstacle, by_chance
from tui_app.simulator.row_mail import RowMail
from tui_app.simulator.search import matcher, outside
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
RETENTION = timedelta(days=30)
"""How long the text of a message is kept, unless another time is chosen."""
_BY_ANOTHER = "lena@acme.example"


class Account:
    """One account. `clock` returns the time in UTC; `speed` makes jobs run faster; the seed decides everything else.

    With a `sample` of so many newsletters those are held in place of the demo's; the `corpus` is held besides.
    Without `pii` its callers may not read what is in messages. That is kept for the time of `retention`.
    """

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
        retry_in: timedelta | None = None,
        pii: bool = True,
        retention: timedelta = RETENTION,
        corpus: bool = False,
        sample: int = 0,
    ) -> None:
        self.clock = clock
        self.pii = pii
        self.retention = retention
        self.seed = seed
        self.speed = speed
        self.generation = generation
        self.truth = truth or TruthLog()
        self.account_id = f"{stable_hash(seed, 1):016x}{stable_hash(seed, 2):016x}"
        self.name = "Acme production (simulated)"
        self.start = clock()
        self.actions = Actions(seed, generation, self.truth, self._obstacle)
        self.log = self.actions.log
        self.planted: dict[str, str] = {}
        """The investigate ids of what was planted in a sample, by kind."""
        self._settling = RLock()
        self._new_mails: list[Mail] = []
        demo = DemoAccount(seed, self.start, messages=messages, speed=speed, retry_in=retry_in)
        # Without messages the account is new: nothing is held, and there is no job.
        self.held = demo.held(held) if messages and not sample else []
        if sample:
            self.held, self.planted = held_sample(seed, self.start, sample)
        if corpus:
            self.held += corpus_mails(seed, self.start)
        self.campaign = demo.campaign()
        self.submissions = demo.submissions() if messages else []
        self.jobs: dict[str, SimulatedJob] = {job.job_id: job for job in (demo.jobs(self.campaign) if messages else [])}
        self._created = 1000
        self._sharing: dict[str, list[Mail]] = {}
        self._turns: list[tuple[datetime, tuple[Mail, ...], str]] = []
        self._by_id = {
            key: mail for mail in (*self.held, *self.campaign) for key in (mail.investigate_id, mail.postfix_id)
        }
        self._rows = RowMail(list(self.jobs.values()), self.campaign, self.actions, self._by_id)

    # ---- reading

    def settle(self) -> datetime:
        """Apply what rows of jobs have done to messages by now, and verdicts that have turned; returns the time.

        A row of the demo's jobs whose message nobody has acted on is applied when its message is met.
        """
        # A test may read the account from its own thread while a request is served.
        with self._settling:
            now = self.clock()
            for turn in [turn for turn in self._turns if turn[0] <= now]:
                # Taken out one by one: a test may add one meanwhile.
                self._turns.remove(turn)
                self._turn(*turn)
            due = self._rows.due(now)
            for job in list(self.jobs.values()):
                if job.acts_on_account:
                    due += [(job.end_of(index), job, index) for index in job.newly_finished(now)]
            for _, job, index in sorted(due, key=lambda row: row[0]):
                if job.acts_on_account:
                    self.actions.end_row(job, index, job.target(index))
                else:
                    self._rows.end(job, index)
            return now

    def _obstacle(self, mail: Mail, recipient: str, at: datetime) -> Obstacle | None:
        return (
            self._rows.obstacle(mail, recipient, at) if self._rows.has(mail) else by_chance(self.seed, mail, recipient)
        )

    def done_to(self, mail: Mail) -> list[ActionRecord]:
        """The actions on a message, oldest first: of requests and of jobs."""
        self._rows.now(mail, self.settle())
        return sorted(self.log.of(mail.investigate_id), key=lambda entry: entry.completed_at)

    def folders(self) -> dict[str, dict[str, str | None]]:
        """Where every copy lies now: by investigate id and recipient its folder; None: none that can be reached."""
        now = self.settle()
        mails = chain(self._new_mails, self.held, self._rows.everything(now))
        return {
            mail.investigate_id: {to: self.actions.folder(mail, to, now) for to in mail.recipients} for mail in mails
        }

    def search(self, query: dict[str, Any]) -> list[Mail]:
        """All messages that a search finds, newest first."""
        now = self.settle()
        start = datetime.fromisoformat(query["start"]) if query.get("start") else now - timedelta(days=30)
        end = datetime.fromisoformat(query["end"]) if query.get("end") else now
        fits = matcher(query)
        found = [
            mail
            for mail in (
                self.submissions
                if query.get("submissions")
                else chain(self._new_mails, self.held, self._rows.within(query, start, end, now))
            )
            if start <= mail.scanned_at <= end and fits(mail)
        ]
        found.sort(key=lambda mail: (mail.scanned_at, mail.number), reverse=True)
        return found

    def _regular(self) -> Iterable[Mail]:
        return chain(self._new_mails, self.held, self.campaign)

    def mail(self, identity: str, *, submission: bool = False) -> Mail | None:
        """A message, or a submission, by investigate id (or postfix id, in the oldest generation); None if not found."""
        now = self.settle()
        if submission:
            return next((mail for mail in self.submissions if identity == mail.investigate_id), None)
        known = self._by_id.get(identity) or self._rows.find(identity, now)
        if known is None and self.generation == "seed":
            known = self._rows.of_postfix(identity, now)
        if known is None:
            return None
        return self._rows.now(known, now) if identity == known.investigate_id or self.generation == "seed" else None

    def arrive(self, mail: Mail) -> None:
        """Add a message, for tests."""
        self._new_mails.append(mail)
        self._by_id[mail.investigate_id] = self._by_id[mail.postfix_id] = mail

    def of_postfix(self, postfix_id: str) -> list[Mail]:
        """All messages with that postfix id, as they are now."""
        now = self.settle()
        if postfix_id in self._sharing:
            return list(self._sharing[postfix_id])
        mail = self._by_id.get(postfix_id) or self._rows.of_postfix(postfix_id, now)
        return [self._rows.now(mail, now)] if mail is not None and mail.postfix_id == postfix_id else []

    def known(self, identity: str) -> Mail | None:
        """The message of an investigate id or a postfix id; None if there is none."""
        return self._by_id.get(identity)

    def _named(self, identity: str) -> Mail:
        """The message of an id. Raises KeyError."""
        mail = self._by_id.get(identity) or self._rows.find(identity, self.clock())
        if mail is None:
            raise KeyError(identity)
        return mail

    def other_job(self, job: SimulatedJob) -> SimulatedJob | None:
        """The newest job that is not this one."""
        others = [other for other in self.jobs.values() if other.job_id != job.job_id]
        return max(others, key=lambda other: (other.created_at, other.number), default=None)

    def other_mail(self, *mails: Mail) -> Mail | None:
        """A message that is none of these, held if there is one, with a detection."""
        known = {mail.investigate_id for mail in mails}
        others = [mail for mail in self._regular() if mail.is_detection and mail.investigate_id not in known]
        return next((mail for mail in others if mail.quarantined), next(iter(others), None))

    def mail_besides(self, header_ids: Collection[str]) -> Mail | None:
        """A message with none of these Message-IDs, a delivered one if there is one."""
        return next((mail for mail in chain(self.campaign, self.held) if mail.header_id not in header_ids), None)

    def outside(self, query: Wire, which: int, seed: int) -> list[Mail]:
        """A few messages that a search must not find, by the part of its filter that they do not fit."""
        self.settle()
        return outside(self._regular(), query, which, seed)

    def list_jobs(self, status: str | None, action: str | None, now: datetime | None = None) -> list[Wire]:
        """The job objects with this status and action, newest first, as they are or were at a time."""
        now = min(now or self.clock(), self.settle())
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
        request, now = self.truth.next_request(), self.settle()
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
        found = self.search(params)
        self._attend(found, now)
        targets = [JobRow(mail, to) for mail in found for to in mail.recipients]
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
        request, now = self.truth.next_request(), self.settle()
        status = job.status(now)
        if status in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="refused", status=status)
            raise InvalidRequest(f"Job is already {status}", "/job_id", 10409, 409)
        job.cancelled_at = now
        self.truth.add(request, now, "cancel_job", job_id=job.job_id, outcome="cancelled")
        return job.wire(now, self.generation)

    def delete_job(self, job: SimulatedJob) -> Wire:
        """Delete an ended job from all lists. Raises InvalidRequest (409) while it runs."""
        request, now = self.truth.next_request(), self.settle()
        status = job.status(now)
        if status not in TERMINAL_JOB_STATES:
            self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="refused", status=status)
            raise InvalidRequest(f"Job is {status}; only ended jobs can be deleted", "/job_id", 10409, 409)
        del self.jobs[job.job_id]
        self.truth.add(request, now, "delete_job", job_id=job.job_id, outcome="deleted")
        return {"id": job.job_id}

    def release(self, body: object, *, partial: bool = False) -> list[Wire]:
        """Release held messages; returns the result by recipient. Raises InvalidRequest for the whole request."""
        request, now = self.truth.next_request(), self.settle()
        ids = release_ids(body, self.generation)
        mails: list[Mail] = []
        for index, identity in enumerate(ids):
            found = self.mail(identity)
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
        self._attend(mails, now)
        return [self.actions.release(request, now, mail, index, partial=partial) for index, mail in enumerate(mails)]

    def move(self, body: object, only: Mail | None = None, *, partial: bool = False) -> list[Wire]:
        """Move messages to a folder; returns one result per recipient. Raises InvalidRequest."""
        request, now = self.truth.next_request(), self.settle()
        if not isinstance(body, dict):
            raise InvalidRequest("the body must be an object", "")
        destination = one_of(body.get("destination"), DESTINATIONS, "/destination")
        mails = [only] if only else self._mails_to_move(body, now)
        self._attend(mails, now)
        results: list[Wire] = []
        for index, mail in enumerate(mails):
            results += self.actions.move(request, now, mail, destination, index, partial=partial)
        return results

    def _mails_to_move(self, body: Wire, now: datetime) -> list[Mail]:
        pointer = "/ids" if "ids" in body else "/postfix_ids"
        mails: list[Mail] = []
        for index, identity in enumerate(move_ids(body)):
            if pointer == "/ids":
                mail = self.mail(identity)
            else:
                mail = self._by_id.get(identity) or self._rows.of_postfix(identity, now)
            if mail is None:
                raise InvalidRequest("message not found", f"{pointer}/{index}", 10404)
            mails += self._sharing.get(identity, [mail])
        return mails

    def _attend(self, mails: Iterable[Mail], now: datetime) -> None:
        """Before somebody acts on messages: what the demo's jobs have done to them comes first, and in its time."""
        for mail in mails:
            self._rows.watch(self._rows.now(mail, now))

    def reclassify(self, mail: Mail, body: object) -> None:
        """Accept a request for another verdict. Raises InvalidRequest."""
        request, now = self.truth.next_request(), self.settle()
        disposition = reclassification(body)
        submission = row_uuid(self.seed, 0, request)
        self.actions.record(
            mail, ActionRecord("RECLASSIFY", now, now, BY_REQUEST, True, "OK", None, disposition, submission)
        )
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
        request, now = self.truth.next_request(), self.settle()
        self.actions.record(mail, ActionRecord("PREVIEW", now, now, BY_REQUEST))
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
        mails = tuple(self._named(identity) for identity in ids)
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
        kept, changed = self._named(first), self._named(second)
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

    def share_message_id(self, first: str, second: str) -> str:
        """Give the second message the Message-ID of the first, and a recipient of it if it has none; returns that one.

        A move's answer, which names copies by Message-ID and recipient, then can't tell the two apart.
        """
        kept, changed = self._named(first), self._named(second)
        common = next((to for to in changed.recipients if to in kept.recipients), None)
        if common is None:
            common = kept.recipients[0]
            changed.recipients = (*changed.recipients, common)
        changed.header_id = kept.header_id
        facts = {"message_id": kept.header_id, "ids": [first, second], "recipient": common}
        self.truth.add(self.truth.next_request(), self.clock(), "share_message_id", **facts)
        return common

    def job_by_other(self, job_id: str, *, deleted: bool) -> None:
        """Somebody else cancels a job that runs, or ends and deletes it; a job that is not there stays away."""
        now, job = self.settle(), self.jobs.get(job_id)
        if job is None:
            return
        ended = job.is_over(now)
        if not ended:
            job.cancelled_at = now
        if deleted:
            del self.jobs[job_id]
        if deleted or not ended:
            what = "deleted" if deleted else "cancelled"
            self.truth.add(self.truth.next_request(), now, "job_by_other", job_id=job_id, outcome=what)

    def shares(self, mail: Mail) -> bool:
        """Whether another message has the same postfix id."""
        return mail.postfix_id in self._sharing

    def backdate_release(self, ids: Sequence[str], age: timedelta = timedelta(days=3), *, gone: bool = False) -> None:
        """Let messages tell of a release so long ago, although they are held; with `gone` they are held no more."""
        now = self.settle()
        for identity in ids:
            mail = self._named(identity)
            self._attend([mail], now)
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
