"""Answers about bulk action jobs."""

import json

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.auth import Refusal
from tui_app.simulator.envelopes import body_of, cursors, listed, success
from tui_app.simulator.faults.raw_http import plays
from tui_app.simulator.jobs import SimulatedJob
from tui_app.simulator.search import cursor_for
from tui_app.simulator.validation import ACTIONS, JOB_STATES, ROW_STATES, one_of, page_number, page_size


class JobAnswers:
    """The operations on jobs, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def _job_of(self, request: Request) -> SimulatedJob:
        job = self._account.jobs.get(request.path_params["job_id"])
        if job is None:
            raise Refusal(404, 10404, "Bulk action job not found")
        return job

    async def jobs(self, request: Request) -> Response:
        """One page of the jobs, newest first."""
        query, generation = request.query_params, self._account.generation
        states = JOB_STATES if generation == "new" else (*JOB_STATES, "SKIPPED")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        action = one_of(query["action_type"], ACTIONS, "/query/action_type") if "action_type" in query else None
        start, size = _page(request)
        jobs = self._account.list_jobs(status, action)
        following = cursor_for(start + size) if start + size < len(jobs) else None
        return listed(jobs[start : start + size], size, following, generation=generation)

    async def create_job(self, request: Request) -> Response:
        """Create a job."""
        return success(self._account.create_job(await body_of(request)), status=201)

    async def job(self, request: Request) -> Response:
        """One job."""
        return success(self._job_of(request).wire(self._account.clock(), self._account.generation))

    async def delete_job(self, request: Request) -> Response:
        """Delete a job."""
        return success(self._account.delete_job(self._job_of(request)))

    async def cancel_job(self, request: Request) -> Response:
        """Cancel a job."""
        return success(self._account.cancel_job(self._job_of(request)))

    async def job_messages(self, request: Request) -> Response:
        """One page of the messages of a job."""
        query, job, generation = request.query_params, self._job_of(request), self._account.generation
        states = ROW_STATES if generation == "new" else (*ROW_STATES, "DISCOVERING")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        start, size = _page(request)
        now = self._account.clock()
        rows = job.rows_in(status, now)
        page = job.rows_json(rows[start : start + size], now, generation)
        following = cursor_for(start + size) if start + size < len(rows) else None
        info = json.dumps(cursors(len(page), size, following, generation=generation))
        # Rows are JSON already: a page of 1,000 must be fast.
        text = f'{{"success":true,"errors":[],"messages":[],"result":[{",".join(page)}],"result_info":{info}}}'
        return Response(text, media_type="application/json")


def _page(request: Request) -> tuple[int, int]:
    """Where a numbered page starts, and its size; when rows move, a page repeats the last row of the one before."""
    number, size = page_number(request.query_params), page_size(request.query_params)
    start = (number - 1) * size
    return max(0, start - (number - 1)) if plays(request.scope, "page_shift") else start, size
