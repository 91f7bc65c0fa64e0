"""Answers about bulk action jobs."""

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.auth import Refusal
from tui_app.simulator.envelopes import body_of, listed, listed_json, success
from tui_app.simulator.faults.job_changes import another
from tui_app.simulator.faults.raw_http import plays, struck
from tui_app.simulator.jobs import SimulatedJob
from tui_app.simulator.mail import row_uuid
from tui_app.simulator.search import cursor_for
from tui_app.simulator.validation import ACTIONS, JOB_STATES, ROW_STATES, one_of, page_number, page_size


class JobAnswers:
    """The operations on jobs, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def _job_of(self, request: Request) -> SimulatedJob:
        # Only now is it certain how its rows have ended.
        self._account.settle()
        job = self._account.jobs.get(request.path_params["job_id"])
        if job is None:
            raise Refusal(404, 10404, "Bulk action job not found")
        return job

    def _told(self, request: Request, job: SimulatedJob, right: dict[str, Any]) -> dict[str, Any]:
        """The right answer, or one about another job; with no other one, about one that does not exist."""
        if not plays(request.scope, "wrong_id"):
            return right
        other = self._account.other_job(job)
        if other is None or "id" in right:
            named = other.job_id if other else row_uuid(self._account.seed, 0, 1)
            return {**right, "id" if "id" in right else "job_id": named}
        return other.wire(self._account.clock(), self._account.generation)

    def _moment(self, request: Request) -> datetime:
        """The time as of which jobs are told."""
        now, fault = self._account.clock(), struck(request.scope, "stale_jobs")
        return now - timedelta(seconds=fault.value) if fault else now

    async def jobs(self, request: Request) -> Response:
        """One page of the jobs, newest first."""
        query, generation = request.query_params, self._account.generation
        states = JOB_STATES if generation == "new" else (*JOB_STATES, "SKIPPED")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        action = one_of(query["action_type"], ACTIONS, "/query/action_type") if "action_type" in query else None
        start, size = _page(request)
        jobs = self._account.list_jobs(status, action, self._moment(request))
        if plays(request.scope, "wrong_rows"):
            jobs = [*[job for job in self._account.list_jobs(None, None) if job not in jobs][:3], *jobs]
        following = cursor_for(start + size) if start + size < len(jobs) else None
        return listed(jobs[start : start + size], size, following, generation=generation)

    async def create_job(self, request: Request) -> Response:
        """Create a job."""
        body = await body_of(request)
        fault = struck(request.scope, "stored_changed")
        stored = another(body, fault) if fault else body
        return success(self._account.create_job(stored, asked=body), status=201)

    async def job(self, request: Request) -> Response:
        """One job."""
        job = self._job_of(request)
        return success(self._told(request, job, job.wire(self._moment(request), self._account.generation)))

    async def delete_job(self, request: Request) -> Response:
        """Delete a job."""
        job = self._job_of(request)
        return success(self._told(request, job, self._account.delete_job(job)))

    async def cancel_job(self, request: Request) -> Response:
        """Cancel a job."""
        job = self._job_of(request)
        return success(self._told(request, job, self._account.cancel_job(job)))

    async def job_messages(self, request: Request) -> Response:
        """One page of the messages of a job."""
        query, job, generation = request.query_params, self._job_of(request), self._account.generation
        states = ROW_STATES if generation == "new" else (*ROW_STATES, "DISCOVERING")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        start, size = _page(request)
        now = self._moment(request)
        rows = job.rows_in(status, now)
        wrong = self._wrong_rows(request, job, status)
        first, last = max(0, start - len(wrong)), max(0, start + size - len(wrong))
        page = [*wrong[start : start + size], *job.rows_json(rows[first:last], now, generation)]
        following = cursor_for(start + size) if start + size < len(wrong) + len(rows) else None
        return listed_json(page, size, following, generation=generation)

    def _wrong_rows(self, request: Request, job: SimulatedJob, status: str | None) -> list[str]:
        """Rows that come before the right ones: of another status than was asked for, or of another job."""
        fault = struck(request.scope, "wrong_rows")
        if fault is None:
            return []
        now, generation = self._account.clock(), self._account.generation
        if fault.value == 2 or (not fault.value and fault.seed % 2):
            # The messages of another job have another sender.
            others = (other for other in self._account.jobs.values() if other is not job and other.discovered(now))
            return next((other.rows_json(other.rows_in(None, now)[:3], now, generation) for other in others), [])
        wrong = [index for index in job.rows_in(None, now) if status and job.row_state(index, now) != status][:3]
        return job.rows_json(wrong, now, generation)


def _page(request: Request) -> tuple[int, int]:
    """Where a numbered page starts, and its size; when rows move, a page repeats the last row of the one before."""
    number, size = page_number(request.query_params), page_size(request.query_params)
    start = (number - 1) * size
    return max(0, start - (number - 1)) if plays(request.scope, "page_shift") else start, size
