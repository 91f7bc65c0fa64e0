"""What a drill adds to the demo account, and the line of the truth log that says what is right there.

That line is the first one: `{"action": "drill", "name": …, "mail": {…}, "jobs": {…}, "row": …}`. `mail` has what is to be done
(`wanted`) and what looks like it, by investigate id; `jobs` has the running moves, by job id, and which of them is to be
stopped; `row` is the place of the job that the drill is about in the list of jobs, from 0.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tui_app.simulator.demo_data import person
from tui_app.simulator.impostor import impostor
from tui_app.simulator.jobs import DONE, JobRow, Pace, SimulatedJob
from tui_app.simulator.mail import Mail, queue_id, stable_hash, stamp
from tui_app.simulator.obstacles import THROTTLED

if TYPE_CHECKING:
    from tui_app.simulator.account import Account

NAMES: Final = ("release", "stop", "retry", "drop")
GENUINE: Final = "news@acme-news.example"
RIGHT_SENDER: Final = "hr@acme-hr.example"
WRONG_SENDER: Final = "hr@acme.example"
"""Not the phish: the account's own people."""
_TO_RETRY: Final = "INC-4699"
"""How the comment of the job begins that left rows to try again."""
_FIRST_LIKE: Final = 800_001
_FIRST_MOVED: Final = 810_001
_BETWEEN: Final = 20_000
_PATIENT: Final = Pace(2.0, 3.0, 3.0)
"""Slow enough to read the task and to look around: the jobs run for more than ten minutes."""


def set_scene(account: "Account", name: str) -> None:
    """Add to a new account what a drill needs, and say in its truth log what is right."""
    facts = {"release": _held, "drop": _held, "stop": _two_jobs, "retry": _failed_rows}[name](account)
    account.truth.add(None, account.start, "drill", name=name, **facts)


def _about(mail: Mail, recipient: str, *, wanted: bool, why: str = "") -> dict[str, Any]:
    return {
        "subject": mail.subject, "sender": mail.sender, "recipient": recipient, "verdict": mail.disposition,
        "wanted": wanted, "why": why,
    }  # fmt: skip


def _held(account: "Account") -> dict[str, Any]:
    """Two look-alikes without a bad verdict among the newsletters, beside the demo's malicious ones."""
    seed, newsletters = account.seed, [mail for mail in account.held if mail.sender == GENUINE]
    alike = []
    for turn in range(2):
        number = _FIRST_LIKE + turn
        beside = newsletters[stable_hash(seed, turn, 51) % len(newsletters)]
        to, scanned_at = person(stable_hash(seed, turn, 53) % 2600), beside.scanned_at - timedelta(seconds=30)
        mail = impostor(queue_id(seed, number), number, to, scanned_at)
        mail.subject, mail.disposition, mail.reasons = beside.subject, "BULK", ("Bulk sender",)
        account.arrive(mail)
        alike.append(mail)
    return {
        "mail": {
            mail.investigate_id: _about(mail, mail.recipients[0], wanted=mail.sender == GENUINE)
            for mail in (*account.held, *alike)
        }
    }


def _two_jobs(account: "Account") -> dict[str, Any]:
    """Two moves of one incident that run: one of phish, and one that takes the mail of the account's own people."""
    wrong = stable_hash(account.seed, 57) % 2
    jobs: dict[str, Any] = {}
    for wave in range(2):
        stopped = wave == wrong
        job = _move(account, wave, WRONG_SENDER if stopped else RIGHT_SENDER)
        jobs[job.job_id] = {"comment": job.comment, "rows": job.size, "wanted": stopped}
        account.jobs[job.job_id] = job
    for job_id, known in account.jobs.items():
        if not known.is_over(account.start) and job_id not in jobs:
            jobs[job_id] = {"comment": known.comment, "rows": known.size, "wanted": False}
    stop = next(job_id for job_id, facts in jobs.items() if facts["wanted"])
    return {"mail": {}, "jobs": jobs, "row": [job.job_id for job in _listed(account)].index(stop)}


def _listed(account: "Account") -> list[SimulatedJob]:
    """The jobs as lists have them; nothing is settled by it, so that no line comes before that of the drill."""
    return sorted(account.jobs.values(), key=lambda job: (job.created_at, job.number), reverse=True)


def _move(account: "Account", wave: int, sender: str) -> SimulatedJob:
    seed, size = account.seed, 2400 - 200 * wave + stable_hash(account.seed, wave, 59) % 100
    created = account.start - timedelta(seconds=95 - 30 * wave)
    targets = [_moved(account, wave, index, sender, created) for index in range(size)]
    for target in targets:
        account.arrive(target.mail)
    return SimulatedJob(
        number=501 + wave,
        seed=seed,
        action="MOVE",
        destination="JunkEmail",
        search_params={
            "start": stamp(created - timedelta(hours=6)),
            "end": stamp(created),
            "sender": sender,
            "detections_only": False,
        },
        created_at=created,
        pace=_PATIENT,
        size=size,
        target=targets.__getitem__,
        ending=lambda index: DONE,
        comment=f"INC-4820 wave {wave + 1}",
        acts_on_account=True,
    )


def _moved(account: "Account", wave: int, index: int, sender: str, created: datetime) -> JobRow:
    number, to = _FIRST_MOVED + wave * _BETWEEN + index, person(index)
    mail = Mail(
        number,
        queue_id(account.seed, number),
        sender,
        "Human resources",
        (to,),
        f"Your benefits form {index % 40 + 1}",
        created - timedelta(minutes=20) - index * timedelta(seconds=1),
        "MALICIOUS" if sender == RIGHT_SENDER else "NONE",
    )
    return JobRow(mail, to)


def _failed_rows(account: "Account") -> dict[str, Any]:
    """The rows of the demo's job with 140 failures: those that were throttled may be tried again."""
    row, job = next(
        (place, job) for place, job in enumerate(_listed(account)) if (job.comment or "").startswith(_TO_RETRY)
    )
    mail: dict[str, Any] = {}
    for index in range(job.size):
        ending = job.ending_of(index)
        if ending.state == "FAILED":
            target = job.target(index)
            mail[target.mail.investigate_id] = _about(
                target.mail, target.recipient, wanted=ending.reason == THROTTLED, why=ending.reason or ""
            )
    jobs = {job.job_id: {"comment": job.comment, "rows": job.size, "destination": job.destination, "wanted": True}}
    return {"mail": mail, "jobs": jobs, "row": row}
