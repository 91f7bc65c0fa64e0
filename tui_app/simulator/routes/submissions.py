"""Answers about submissions: requests for another verdict."""

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.envelopes import body_of, counted, success
from tui_app.simulator.faults.raw_http import plays
from tui_app.simulator.submission_log import SubmissionLog
from tui_app.simulator.validation import page_number, page_size


class SubmissionAnswers:
    """The operations on submissions, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._log = SubmissionLog(account)

    async def submit(self, request: Request) -> Response:
        """Take a submission; one result per message."""
        results = self._log.submit(await body_of(request), partial=plays(request.scope, "partial"))
        return success({"results": results}, status=202)

    async def submissions(self, request: Request) -> Response:
        """One page of the submissions, newest first."""
        page, size = page_number(request.query_params), page_size(request.query_params)
        return counted(self._log.listed(), page, size)
