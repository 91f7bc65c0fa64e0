"""EmailSecurityClient: one async method per endpoint, reads that retry and writes that don't.

Endpoints and shapes: Cloudflare API reference, Email Security › Investigate, bulk, release; User and Account › Tokens.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote, urlsplit

from tui_app.api.budget import Budget
from tui_app.api.decode import Envelope, Garbled, parse_envelope, read_many, read_one
from tui_app.api.errors import ApiError, Notice, RateLimited, ServerFault, Unreachable, Unreadable, answered
from tui_app.api.exchange import Answer, Line, NoAnswer, tls_context
from tui_app.api.models import (
    ActionType,
    CloudflareAccount,
    DeletedJob,
    Destination,
    Job,
    JobMessage,
    JobStatus,
    Message,
    ReleaseItem,
    RowStatus,
    TokenStatus,
)
from tui_app.api.outcome import Ambiguous, Done, Outcome, Refused, Unsent
from tui_app.api.retry import (
    GET_ATTEMPTS,
    MAX_WAIT,
    REFUSED_STATUS,
    WRITE_RESENDS,
    RetryBucket,
    backoff,
    retry_after,
)
from tui_app.api.search import SearchParams
from tui_app.clock import Clock
from tui_app.config import Settings
from tui_app.errors import UsageError
from tui_app.text import Untrusted

T = TypeVar("T")
MAX_PER_PAGE: Final = 1000
_POLLS_OF_A_SLOW_SEARCH: Final = 30
ReleaseShape = Literal["ids", "array", "postfix"]


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. `next` is the cursor of the next page (searches only)."""

    items: tuple[T, ...]
    next: str | None = None
    notices: tuple[Notice, ...] = ()


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


def _always() -> bool:
    return True


class EmailSecurityClient:
    """The API of one account. Reads raise ApiError; writes return an Outcome.

    `read_wait` and `write_wait` are the longest waits in seconds after a 429 that a call sits out by itself;
    `on_wait` is told each such wait, `on_notices` each envelope's `messages` that came with a success.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        read_wait: float = 0.0,
        write_wait: float = MAX_WAIT,
        on_wait: Callable[[float], None] = _ignore,
        on_notices: Callable[[str, tuple[Notice, ...]], None] = _ignore,
    ) -> None:
        tls = tls_context(settings.base_url, settings.ca_bundle)
        self._reading = Line(settings.base_url, settings.credential, tls, acting=False)
        self._acting = Line(settings.base_url, settings.credential, tls, acting=True)
        self._base_url = settings.base_url
        self._account = f"/accounts/{settings.account_id}"
        self._clock = clock
        self._random = random
        self._bucket = RetryBucket()
        self.read_wait = read_wait
        self.write_wait = write_wait
        self.on_wait = on_wait
        self.on_notices = on_notices
        self.budget = Budget()
        self._hurry = asyncio.Event()
        self._left = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Sit a wait for another try out; False when `end_waits` or `leave` cut it short."""
        return await self._sleep(seconds, self._hurry)

    async def wait_to_read_back(self, seconds: float) -> bool:
        """Sit a wait before a read-back out; False when `leave` cut it short."""
        return await self._sleep(seconds, self._left)

    async def _sleep(self, seconds: float, cut: asyncio.Event) -> bool:
        if self._left.is_set():
            return False
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        cutting = asyncio.ensure_future(cut.wait())
        try:
            await asyncio.wait((sleeping, cutting), return_when=asyncio.FIRST_COMPLETED)
            return sleeping.done()
        finally:
            sleeping.cancel()
            cutting.cancel()

    def end_waits(self) -> None:
        """Cut all waits short: what waits to be sent again is given up instead."""
        self._hurry.set()
        self._hurry = asyncio.Event()

    def leave(self) -> None:
        """From now on nothing is waited for: requests in flight end, none is sent again."""
        self._left.set()
        self.end_waits()

    async def close(self) -> None:
        """Close all connections."""
        await self._reading.close()
        await self._acting.close()

    # ---- tokens and accounts

    async def verify_token(self) -> TokenStatus:
        """Whether the token is active: asked as a user's token, then as the account's own. GET …/tokens/verify."""
        try:
            envelope = await self._get("/user/tokens/verify")
        except ApiError:
            envelope = await self._get(f"{self._account}/tokens/verify")
        return self._one(TokenStatus.from_wire, envelope, "GET token verify")

    async def list_accounts(self) -> tuple[CloudflareAccount, ...]:
        """The first 50 accounts that the credentials can see; account-owned tokens may not ask. GET /accounts."""
        envelope = await self._get("/accounts", {"per_page": "50"})
        return self._many(CloudflareAccount.from_wire, envelope, "GET /accounts")

    # ---- messages

    async def search_messages(
        self, params: SearchParams, *, cursor: str | None = None, per_page: int = MAX_PER_PAGE
    ) -> Page[Message]:
        """One page of a search. A slow search (202) is followed on the same origin until it is ready. GET investigate."""
        query = params.as_query() | {"per_page": str(per_page)} | ({"cursor": cursor} if cursor else {})
        path = self._path()
        envelope = await self._get(path, query)
        items = await asyncio.to_thread(self._many, Message.from_wire, envelope, self._named("GET", path))
        following = envelope.result_info.get("next")
        return Page(items, following if isinstance(following, str) and following else None, envelope.messages)

    async def get_message(self, investigate_id: str) -> Message:
        """One message with all its fields. GET investigate/{id}."""
        path = self._path(investigate_id)
        return self._one(Message.from_wire, await self._get(path), self._named("GET", path))

    async def release_messages(
        self, ids: Sequence[str], shape: ReleaseShape = "ids", *, may_wait: Callable[[], bool] = _always
    ) -> Outcome[tuple[ReleaseItem, ...]]:
        """Release messages from quarantine; the result is per recipient. POST investigate/release.

        `shape` is the body's generation: an object with investigate ids, a bare array of them, a bare array of postfix ids.
        `may_wait` is asked before it is tried again.
        """
        body: Any = {"ids": list(ids)} if shape == "ids" else list(ids)

        def read(result: Any) -> tuple[ReleaseItem, ...]:
            return read_many(ReleaseItem.from_wire, result)

        return await self._write("POST", self._path("release"), body, read, may_wait)

    # ---- jobs

    async def list_jobs(
        self,
        *,
        page: int = 1,
        per_page: int = MAX_PER_PAGE,
        status: JobStatus | None = None,
        action: ActionType | None = None,
    ) -> Page[Job]:
        """One page of jobs, filtered by the server, in no promised order. GET investigate/bulk."""
        query = {"page": str(page), "per_page": str(per_page)}
        query |= ({"status": status.value} if status else {}) | ({"action_type": action.value} if action else {})
        path = self._path("bulk")
        envelope = await self._get(path, query)
        return Page(self._many(Job.from_wire, envelope, self._named("GET", path)), notices=envelope.messages)

    async def get_job(self, job_id: str) -> Job:
        """One job. GET investigate/bulk/{job_id}."""
        path = self._path("bulk", job_id)
        return self._one(Job.from_wire, await self._get(path), self._named("GET", path))

    async def list_job_messages(
        self, job_id: str, *, page: int = 1, per_page: int = MAX_PER_PAGE, status: RowStatus | None = None
    ) -> Page[JobMessage]:
        """One page of a job's messages, filtered by the server. GET investigate/bulk/{job_id}/messages."""
        query = {"page": str(page), "per_page": str(per_page)} | ({"status": status.value} if status else {})
        path = self._path("bulk", job_id, "messages")
        envelope = await self._get(path, query)
        items = await asyncio.to_thread(self._many, JobMessage.from_wire, envelope, self._named("GET", path))
        return Page(items, notices=envelope.messages)

    async def create_job(
        self,
        action: ActionType,
        params: SearchParams,
        *,
        destination: Destination | None = None,
        comment: str | None = None,
    ) -> Outcome[Job]:
        """Start a job over all that a search finds. POST investigate/bulk."""
        body: dict[str, Any] = {"action": action.value, "search_params": params.as_body()}
        if destination is not None:
            body["destination"] = destination.value
        if comment:
            body["comment"] = comment
        return await self._write("POST", self._path("bulk"), body, Job.from_wire)

    async def cancel_job(self, job_id: str) -> Outcome[Job]:
        """Stop a job's pending work. POST investigate/bulk/{job_id}/cancel."""
        return await self._write("POST", self._path("bulk", job_id, "cancel"), None, Job.from_wire)

    async def delete_job(self, job_id: str) -> Outcome[DeletedJob]:
        """Remove an ended job from lists; mail is not touched. DELETE investigate/bulk/{job_id}."""
        return await self._write("DELETE", self._path("bulk", job_id), None, DeletedJob.from_wire)

    # ---- how

    def _path(self, *parts: str) -> str:
        for part in parts:
            if part in ("", ".", ".."):
                raise UsageError("That is no id. Nothing was sent.")
        try:
            quoted = [quote(part, safe="") for part in parts]
        except UnicodeEncodeError:
            raise UsageError("That id is no valid text. Nothing was sent.") from None
        return "/".join([f"{self._account}/email-security/investigate", *quoted])

    def _named(self, method: str, path: str) -> str:
        """A request as people are told of it: without the account, which is on the screen already."""
        return f"{method} {path.removeprefix(f'{self._account}/email-security/').partition('?')[0]}"

    def _one(self, read: Callable[[Any], T], envelope: Envelope, request: str) -> T:
        try:
            return read_one(read, envelope.result)
        except Garbled as garbled:
            raise Unreadable(f"The API's answer can't be used: {garbled}.", request=request) from None

    def _many(self, read: Callable[[Any], T], envelope: Envelope, request: str) -> tuple[T, ...]:
        try:
            return read_many(read, envelope.result)
        except Garbled as garbled:
            raise Unreadable(f"The API's answer can't be used: {garbled}.", request=request) from None

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Envelope:
        """A read: three attempts, waits of at most `read_wait` for 429 besides. Raises ApiError."""
        attempt, polls = 0, 0
        while True:
            try:
                answer = await self._exchange(self._reading, "GET", path, query)
                if answer.status != 202:
                    self._bucket.success()
                    return self._envelope(answer, self._named("GET", path))
                polls += 1
                path, query = self._location(answer, self._named("GET", path), polls), None
                await self._clock.sleep(min(5.0, 0.25 * 2 ** min(polls, 5)))
            except RateLimited as limited:
                if limited.retry_after > self.read_wait:
                    raise
                self.on_wait(limited.retry_after)
                if not await self.wait(limited.retry_after):
                    raise
            except (Unreachable, Unreadable, ServerFault):
                attempt += 1
                if attempt >= GET_ATTEMPTS or not self._bucket.take():
                    raise
                await self._clock.sleep(backoff(attempt - 1, self._random))

    def _location(self, answer: Answer, request: str, polls: int) -> str:
        """Where a slow search will be ready: same origin and prefix only, or the token would travel."""
        place: str = answer.headers.get("location", "")
        base, target = urlsplit(self._base_url), urlsplit(place)
        same = not target.netloc or (target.scheme, target.netloc) == (base.scheme, base.netloc)
        path: str = target.path.removeprefix(base.path)
        if not same or not path.startswith(f"{self._account}/") or polls > _POLLS_OF_A_SLOW_SEARCH:
            raise Unreadable(
                "The search is not ready, and where to ask for it makes no sense; search again.", request=request
            )
        return path + (f"?{target.query}" if target.query else "")

    async def _write(
        self, method: str, path: str, body: Any, read: Callable[[Any], T], may_wait: Callable[[], bool] = _always
    ) -> Outcome[T]:
        """A write: sent once, and again only if it provably never left, or was answered 429 (at most twice each)."""
        request = self._named(method, path)
        unsent = limited = 0
        while True:
            try:
                answer = await self._exchange(self._acting, method, path, None, body)
            except Unreachable as lost:
                if lost.sent:
                    return Ambiguous(lost)
                unsent += 1
                if unsent > WRITE_RESENDS or not may_wait() or not await self.wait(backoff(unsent - 1, self._random)):
                    return Unsent(lost)
                continue
            except RateLimited as error:
                limited += 1
                if limited > WRITE_RESENDS or error.retry_after > self.write_wait or not may_wait():
                    return Refused(error)
                self.on_wait(error.retry_after)
                if not await self.wait(error.retry_after):
                    return Refused(error)
                continue
            except ApiError as error:
                return Refused(error) if error.status in REFUSED_STATUS else Ambiguous(error)
            try:
                envelope = self._envelope(answer, request)
                return Done(self._one(read, envelope, request), envelope.messages)
            except Unreadable as error:
                return Ambiguous(error)

    async def _exchange(
        self, line: Line, method: str, path: str, query: Mapping[str, str] | None, body: Any = None
    ) -> Answer:
        """One request on the wire. Raises Unreachable, Unreadable (redirects) and Answered."""
        request = self._named(method, path)
        try:
            answer = await line.send(method, path, query=query, body=body)
        except NoAnswer as lost:
            raise Unreachable(f"The API can't be reached: {lost.why}.", request=request, sent=lost.sent) from None
        self.budget.read(answer.headers)
        if 200 <= answer.status < 300:
            return answer
        ray = Untrusted(answer.headers["cf-ray"]) if "cf-ray" in answer.headers else None
        if 300 <= answer.status < 400:
            target = Untrusted(urlsplit(answer.headers.get("location", "")).netloc)
            raise Unreadable(
                f"The API's address answers with a redirect to '{target}', which is never followed.",
                request=request,
                status=answer.status,
                ray=ray,
            )
        try:
            notices = parse_envelope(answer.body).errors
        except Garbled:
            notices = ()
        error = answered(answer.status, notices, request=request, ray=ray)
        if isinstance(error, RateLimited):
            error.retry_after = retry_after(answer.headers.get("retry-after"), self._clock.now())
        raise error

    def _envelope(self, answer: Answer, request: str) -> Envelope:
        ray = Untrusted(answer.headers["cf-ray"]) if "cf-ray" in answer.headers else None
        try:
            envelope = parse_envelope(answer.body)
        except Garbled as garbled:
            raise Unreadable(
                f"The API's answer can't be used: {garbled}.", request=request, status=answer.status, ray=ray
            ) from None
        if not envelope.success:
            raise Unreadable(
                "The API's answer contradicts itself: no success, but no error status.",
                request=request,
                status=answer.status,
                notices=envelope.errors,
                ray=ray,
            )
        if envelope.messages:
            self.on_notices(request, envelope.messages)
        return envelope
