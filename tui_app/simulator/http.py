"""The simulated account over HTTP: routes, authentication, envelopes, quota."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tui_app.simulator.account import Account, cursor_for, cursor_offset
from tui_app.simulator.jobs import Job
from tui_app.simulator.limits import Quota
from tui_app.simulator.mail import Mail, scatter
from tui_app.simulator.validation import (
    ACTIONS,
    JOB_STATES,
    ROW_STATES,
    Invalid,
    one_of,
    page_number,
    page_size,
    search_query,
)

BASE_PATH = "/client/v4"
_MAX_BODY = 4 * 1024 * 1024


class Refusal(Exception):
    """A request that is answered with an error envelope."""

    def __init__(
        self, status: int, code: int, message: str, *, pointer: str | None = None, chain: list[Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"code": code, "message": message}
        if pointer is not None:
            self.error["source"] = {"pointer": pointer}
        if chain:
            self.error["error_chain"] = chain


class Door:
    """The credentials that open the account: a token, a read-only token, an e-mail with a key."""

    def __init__(
        self, token: str, *, read_token: str = "", email: str = "operator@acme.example", key: str = ""
    ) -> None:
        self.token = token
        self.read_token = read_token
        self.email = email
        self.key = key

    def check(self, request: Request, *, writing: bool) -> None:
        """Raise Refusal unless the request may pass."""
        authorization = request.headers.get("authorization")
        email, key = request.headers.get("x-auth-email"), request.headers.get("x-auth-key")
        if authorization is not None:
            word, _, token = authorization.partition(" ")
            if word != "Bearer" or not token or " " in token:
                chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
                raise Refusal(400, 6003, "Invalid request headers", chain=chain)
            if self.read_token and secrets.compare_digest(token, self.read_token):
                if writing:
                    raise Refusal(403, 10000, "Authentication error")
                return
            if not secrets.compare_digest(token, self.token):
                raise Refusal(401, 1000, "Invalid API Token")
        elif email is not None and key is not None:
            if not self.key or email != self.email or not secrets.compare_digest(key, self.key):
                chain = [{"code": 6103, "message": "Invalid format for X-Auth-Key header"}]
                raise Refusal(400, 6003, "Invalid request headers", chain=chain)
        else:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")


class SimulatedApi:
    """All endpoints of one account."""

    def __init__(self, account: Account, door: Door, quota: Quota, *, latency: float = 0.0) -> None:
        self.account = account
        self.door = door
        self.quota = quota
        self.latency = latency
        self._ray = 0
        es = f"{BASE_PATH}/accounts/{{account_id}}/email-security/investigate"
        self.app = Starlette(
            routes=[
                Route(f"{BASE_PATH}/user/tokens/verify", self._guarded(self._verify), methods=["GET"]),
                Route(f"{BASE_PATH}/accounts", self._guarded(self._accounts), methods=["GET"]),
                Route(
                    f"{BASE_PATH}/accounts/{{account_id}}/tokens/verify",
                    self._guarded(self._verify_owned),
                    methods=["GET"],
                ),
                Route(es, self._guarded(self._search), methods=["GET"]),
                Route(f"{es}/bulk", self._guarded(self._jobs), methods=["GET"]),
                Route(f"{es}/bulk", self._guarded(self._create, writing=True), methods=["POST"]),
                Route(f"{es}/bulk/{{job_id}}", self._guarded(self._job), methods=["GET"]),
                Route(f"{es}/bulk/{{job_id}}", self._guarded(self._delete, writing=True), methods=["DELETE"]),
                Route(f"{es}/bulk/{{job_id}}/cancel", self._guarded(self._cancel, writing=True), methods=["POST"]),
                Route(f"{es}/bulk/{{job_id}}/messages", self._guarded(self._rows), methods=["GET"]),
                Route(f"{es}/release", self._guarded(self._release, writing=True), methods=["POST"]),
                Route(f"{es}/move", self._guarded(self._move, writing=True), methods=["POST"]),
                Route(f"{es}/{{investigate_id}}", self._guarded(self._message), methods=["GET"]),
                Route(f"{es}/{{investigate_id}}/move", self._guarded(self._move, writing=True), methods=["POST"]),
            ],
            exception_handlers={HTTPException: self._no_route},
        )

    # ---- around every request

    def _guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]], *, writing: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            passes, headers = self.quota.take(time.monotonic())
            try:
                if not passes:
                    raise Refusal(429, 971, "Please wait and consider throttling your request speed")
                self.door.check(request, writing=writing)
                self._check_account(request)
                response = await endpoint(request)
            except Invalid as invalid:
                response = self._refusal(
                    Refusal(invalid.status, invalid.code, invalid.message, pointer=invalid.pointer)
                )
            except Refusal as refusal:
                response = self._refusal(refusal)
            response.headers.update({**headers, "cf-ray": self._next_ray()})
            if self.latency:
                import anyio

                await anyio.sleep(self.latency)
            return response

        return answer

    def _next_ray(self) -> str:
        self._ray += 1
        return f"{scatter(self.account.seed, self._ray):016x}-SIM"

    def _check_account(self, request: Request) -> None:
        asked = request.path_params.get("account_id")
        if asked is None or asked == self.account.account_id:
            return
        if len(asked) != 32:
            raise Refusal(
                404, 7003, f"Could not route to {request.url.path}, perhaps your object identifier is invalid?"
            )
        raise Refusal(403, 10000, "Authentication error")

    async def _no_route(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        response = self._refusal(Refusal(status, 7000 if status == 404 else 10405, "No route for that URI"))
        response.headers["cf-ray"] = self._next_ray()
        return response

    @staticmethod
    def _refusal(refusal: Refusal) -> Response:
        body = {"success": False, "errors": [refusal.error], "messages": [], "result": None}
        return Response(json.dumps(body), refusal.status, media_type="application/json")

    def _list_info(
        self, count: int, per_page: int, following: str | None, previous: str | None = None
    ) -> dict[str, Any]:
        info: dict[str, Any] = {
            "count": count,
            "per_page": per_page,
            "total_count": 0,
            "next": following,
            "previous": previous,
        }
        if self.account.generation == "seed":
            info["page"] = 0
        return info

    @staticmethod
    def _success(result: Any, *, status: int = 200, notices: list[Any] | None = None, **more: Any) -> Response:
        body = {"success": True, "errors": [], "messages": notices or [], "result": result, **more}
        return Response(json.dumps(body, separators=(",", ":")), status, media_type="application/json")

    def _list(self, result: list[Any], per_page: int, following: str | None, previous: str | None = None) -> Response:
        return self._success(result, result_info=self._list_info(len(result), per_page, following, previous))

    @staticmethod
    async def _body(request: Request) -> Any:
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > _MAX_BODY:
                raise Refusal(413, 10413, "Request body too large")
        try:
            return json.loads(raw)
        except ValueError:
            raise Refusal(400, 9207, "Request body is invalid: not JSON") from None

    # ---- tokens and accounts

    async def _verify(self, request: Request) -> Response:
        if "authorization" not in request.headers:
            raise Refusal(401, 1000, "Invalid API Token")
        notice = {"code": 10000, "message": "This API Token is valid and active"}
        return self._success({"id": f"{scatter(self.account.seed, 3):032x}", "status": "active"}, notices=[notice])

    async def _verify_owned(self, request: Request) -> Response:
        raise Refusal(401, 1000, "Invalid API Token")

    async def _accounts(self, request: Request) -> Response:
        item: dict[str, Any] = {
            "id": self.account.account_id,
            "name": self.account.name,
            "type": "enterprise",
            "created_on": None,
            "settings": {},
        }
        info = {"page": 1, "per_page": 20, "total_pages": 1, "count": 1, "total_count": 1}
        return self._success([item], result_info=info)

    # ---- mails

    async def _search(self, request: Request) -> Response:
        query, size = dict(request.query_params), page_size(request.query_params)
        found = self.account.search(search_query(query, self.account.clock()))
        offset = cursor_offset(query["cursor"]) if query.get("cursor") else (page_number(query) - 1) * size
        page = [mail.wire(self.account.generation) for mail in found[offset : offset + size]]
        following = cursor_for(offset + size) if offset + size < len(found) else None
        return self._list(page, size, following, cursor_for(offset - size) if offset >= size else None)

    def _mail_of(self, request: Request) -> Mail:
        mail = self.account.mail(request.path_params["investigate_id"])
        if mail is None:
            raise Refusal(404, 10404, "Message not found")
        return mail

    async def _message(self, request: Request) -> Response:
        return self._success(self._mail_of(request).wire(self.account.generation))

    async def _release(self, request: Request) -> Response:
        return self._success(self.account.release(await self._body(request)))

    async def _move(self, request: Request) -> Response:
        return self._success(self.account.move(await self._body(request), request.path_params.get("investigate_id")))

    # ---- jobs

    def _job_of(self, request: Request) -> Job:
        job = self.account.jobs.get(request.path_params["job_id"])
        if job is None:
            raise Refusal(404, 10404, "Bulk action job not found")
        return job

    async def _jobs(self, request: Request) -> Response:
        query = request.query_params
        states = JOB_STATES if self.account.generation == "new" else (*JOB_STATES, "SKIPPED")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        action = one_of(query["action_type"], ACTIONS, "/query/action_type") if "action_type" in query else None
        number, size = page_number(query), page_size(query)
        jobs = self.account.list_jobs(status, action)
        page = jobs[(number - 1) * size : number * size]
        return self._list(page, size, cursor_for(number * size) if number * size < len(jobs) else None)

    async def _create(self, request: Request) -> Response:
        return self._success(self.account.create_job(await self._body(request)), status=201)

    async def _job(self, request: Request) -> Response:
        return self._success(self._job_of(request).wire(self.account.clock(), self.account.generation))

    async def _delete(self, request: Request) -> Response:
        return self._success(self.account.delete_job(self._job_of(request)))

    async def _cancel(self, request: Request) -> Response:
        return self._success(self.account.cancel_job(self._job_of(request)))

    async def _rows(self, request: Request) -> Response:
        query, job = request.query_params, self._job_of(request)
        states = ROW_STATES if self.account.generation == "new" else (*ROW_STATES, "DISCOVERING")
        status = one_of(query["status"], states, "/query/status") if "status" in query else None
        number, size = page_number(query), page_size(query)
        now = self.account.clock()
        rows = job.rows_in(status, now)
        generation = self.account.generation
        page = job.rows_json(rows[(number - 1) * size : number * size], now, generation)
        info = self._list_info(len(page), size, cursor_for(number * size) if number * size < len(rows) else None)
        text = (
            f'{{"success":true,"errors":[],"messages":[],"result":[{",".join(page)}],"result_info":{json.dumps(info)}}}'
        )
        return Response(text, media_type="application/json")
