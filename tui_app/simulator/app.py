"""The simulated account over HTTP: every operation with the same authentication and the same quota."""

import time
from collections.abc import Awaitable, Callable
from email.utils import format_datetime

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tui_app.simulator.account import Account
from tui_app.simulator.auth import Authenticator, Refusal
from tui_app.simulator.envelopes import refused
from tui_app.simulator.mail import stable_hash
from tui_app.simulator.operations import OPERATIONS, ApiOperation
from tui_app.simulator.quota import Quota
from tui_app.simulator.routes.account import AccountAnswers
from tui_app.simulator.routes.jobs import JobAnswers
from tui_app.simulator.routes.mail import MailAnswers
from tui_app.simulator.routes.submissions import SubmissionAnswers
from tui_app.simulator.validation import InvalidRequest

Endpoint = Callable[[Request], Awaitable[Response]]


class SimulatedApi:
    """All operations of one account; `latency` is seconds before each answer."""

    def __init__(self, account: Account, authenticator: Authenticator, quota: Quota, *, latency: float = 0.0) -> None:
        self.account = account
        self.authenticator = authenticator
        self.quota = quota
        self.latency = latency
        self._ray = 0
        answers: dict[str, Endpoint] = {}
        for noun in (
            AccountAnswers(account),
            JobAnswers(account),
            MailAnswers(account),
            SubmissionAnswers(account),
        ):
            answers |= {op.name: getattr(noun, op.name) for op in OPERATIONS if hasattr(noun, op.name)}
        self.app = Starlette(
            routes=[Route(op.path, self._guarded(op, answers[op.name]), methods=[op.method]) for op in OPERATIONS],
            exception_handlers={HTTPException: self._no_route},
        )

    def _guarded(self, operation: ApiOperation, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            passes, headers = self.quota.take(time.monotonic())
            try:
                if not passes:
                    raise Refusal(429, 971, "Please wait and consider throttling your request speed")
                self.authenticator.check(request.headers, operation)
                self._check_account(request)
                response = await endpoint(request)
            except InvalidRequest as invalid:
                response = refused(Refusal(invalid.status, invalid.code, invalid.message, pointer=invalid.pointer))
            except Refusal as refusal:
                response = refused(refusal)
                if refusal.status in (400, 401, 403):
                    self._note_denied(request, refusal)
            response.headers.update({**headers, "cf-ray": self._next_ray(), "date": self._date()})
            if self.latency:
                await anyio.sleep(self.latency)
            return response

        return answer

    def _note_denied(self, request: Request, refusal: Refusal) -> None:
        """Keep that somebody came with what is not of this account: its credentials, or its id. Never a token."""
        self.account.truth.add(
            None,
            self.account.clock(),
            "denied",
            method=request.method,
            path=request.url.path,
            status=refusal.status,
            code=refusal.error["code"],
        )

    def _next_ray(self) -> str:
        self._ray += 1
        return f"{stable_hash(self.account.seed, self._ray):016x}-SIM"

    def _check_account(self, request: Request) -> None:
        asked = request.path_params.get("account_id")
        if asked is None or asked == self.account.account_id:
            return
        if len(asked) != 32:
            raise Refusal(
                404, 7003, f"Could not route to {request.url.path}, perhaps your object identifier is invalid?"
            )
        raise Refusal(403, 10000, "Authentication error")

    def _date(self) -> str:
        """The time by the account's clock, which need not be this machine's."""
        return format_datetime(self.account.clock(), usegmt=True)

    async def _no_route(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        response = refused(Refusal(status, 7000 if status == 404 else 10405, "No route for that URI"))
        response.headers.update({"cf-ray": self._next_ray(), "date": self._date()})
        return response
