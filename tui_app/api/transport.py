"""The rules of the wire: reads that are tried again, writes that are not, and one budget above both."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from tui_app.api.budget import Budget
from tui_app.api.decoding import DecodeError, Envelope, parse_envelope
from tui_app.api.drift import Drift
from tui_app.api.errors import ApiError, Notice, RateLimited, TooLarge, Unreachable, Unreadable, answered
from tui_app.api.http import ACTING, READING, HttpChannel, HttpResponse, NoAnswer, Timeouts, tls_context
from tui_app.api.page import Page
from tui_app.api.retry import (
    MAX_WAIT,
    QUOTA_WAITS,
    REFUSED_STATUS,
    WRITE_RESENDS,
    ReadRetries,
    RetryBucket,
    backoff,
    retry_after,
    was_refused,
)
from tui_app.api.server_clock import ServerClock
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.auth.credentials import CommandCredential
from tui_app.core.clock import no_yield
from tui_app.core.errors import UsageError
from tui_app.core.text import Untrusted

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock

T = TypeVar("T")
Parse = Callable[[bytes], Envelope]
_CRAFTY: Final = re.compile(r"//|\\|%2f|%5c|/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
"""What another reader of an address could take for another path."""
_LARGE: Final = 64 * 1024
_PARTIAL_CONTENT: Final = 206
_IS_PARTIAL: Final = Notice(None, Untrusted.of("a part of the answer is missing (HTTP 206)"))
MAX_POLLS: Final = 30
"""How often a slow search is asked for; with the waits between that is two minutes and a half."""


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


def always() -> bool:
    """Whether a write may be tried again, when nobody says otherwise."""
    return True


@dataclass
class Transport:
    """All requests to one account's API. Reads raise ApiError; a write returns a WriteResult.

    `read_wait` and `write_wait` are the longest waits in seconds for the quota that a call sits out by itself;
    `on_wait` is told each such wait, `on_notices` each envelope's `messages` and `errors` that came with a success, `on_left_behind`
    the outcome of a write whose caller was cancelled while it was on the wire, `on_renewal_failed` why a command gave
    no other token.
    """

    settings: Settings
    clock: Clock
    random: Random
    read_wait: float = 0.0
    write_wait: float = MAX_WAIT
    reading: Timeouts = READING
    acting: Timeouts = ACTING
    on_wait: Callable[[float], None] = _ignore
    on_notices: Callable[[str, tuple[Notice, ...]], None] = _ignore
    on_left_behind: Callable[[str, WriteResult[Any]], None] = _ignore
    on_renewal_failed: Callable[[UsageError], None] = _ignore
    yield_to_ui: Callable[[], None] = no_yield
    """Called now and then by a thread that reads a large answer: somebody may wait for his key to be answered."""
    shared_budget: InitVar[Budget | None] = None
    shared_clock: InitVar[ServerClock | None] = None

    def __post_init__(self, shared_budget: Budget | None, shared_clock: ServerClock | None) -> None:
        tls = tls_context(self.settings.base_url, self.settings.ca_bundle)
        self._reads = HttpChannel(self.settings, tls, self.reading, reused=True)
        self._writes = HttpChannel(self.settings, tls, self.acting, reused=False)
        self._account = f"/accounts/{self.settings.account_id}"
        self._bucket = RetryBucket()
        self._reading_pages = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self.budget = shared_budget or Budget(self.clock.monotonic)
        self.server_clock = shared_clock or ServerClock(self.clock.monotonic)
        self.drift = Drift()
        self.answer_seconds = 0.2
        """How long a write takes to be answered, as seen lately."""
        self._hurry = asyncio.Event()
        self._left = asyncio.Event()
        self.on_the_wire: set[asyncio.Task[Any]] = set()
        """Writes whose answer is waited for."""

    # ---- time

    def server_now(self) -> datetime | None:
        """What time it is by the server's clock; None while no answer told it."""
        return self.server_clock.now()

    # ---- waiting

    async def wait(self, seconds: float) -> bool:
        """Sit a wait for another try out; False when `end_waits` or `leave` cut it short."""
        return await self._sleep(seconds, self._hurry)

    async def wait_to_read_back(self, seconds: float) -> bool:
        """Sit a wait before a read-back out; False when `leave` cut it short."""
        return await self._sleep(seconds, self._left)

    async def _sleep(self, seconds: float, cut: asyncio.Event) -> bool:
        if self._left.is_set():
            return False
        sleeping = asyncio.ensure_future(self.clock.sleep(seconds))
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
        """From now on nothing is waited for: requests in flight end, none is sent again, no command is asked for a token."""
        self._left.set()
        if isinstance(self.settings.credential, CommandCredential):
            self.settings.credential.give_up()
        self.end_waits()

    async def close(self) -> None:
        """Wait for writes that are on the wire, then close all connections."""
        if self.on_the_wire:
            await asyncio.wait(self.on_the_wire)
        await self._reads.close()
        await self._writes.close()

    def named(self, method: str, path: str) -> str:
        """A request as people are told of it: without the account, which is on the screen already."""
        return f"{method} {path.removeprefix(f'{self._account}/email-security/').partition('?')[0]}"

    # ---- reading

    async def get(
        self,
        path: str,
        query: Mapping[str, str] | None,
        read: Callable[[Envelope], T],
        parse: Parse = parse_envelope,
        *,
        slow: bool = False,
    ) -> T:
        """A read, tried again by the rules, paid from the retry bucket; waits for the quota are no tries. Raises ApiError.

        `slow`: the API is known to take long over it.
        """
        return await self._read("GET", path, query, None, read, parse, slow)

    async def ask(self, path: str, body: Any, read: Callable[[Envelope], T]) -> T:
        """A slow question that the API takes as a POST though it changes nothing; not tried again. Raises ApiError."""
        return await self._read("POST", path, None, body, read, parse_envelope, slow=True)

    async def _read(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        read: Callable[[Envelope], T],
        parse: Parse,
        slow: bool,
    ) -> T:
        request, polls, waits, renewed = self.named(method, path), 0, 0, False
        retries, begun = ReadRetries(), self.clock.monotonic()
        while True:
            refused = self.settings.credential.headers()
            try:
                answer = await self._exchange(self._reads, method, path, query, body, slow)
                if answer.status == 202 and method == "GET":
                    polls += 1
                    path, query = self._location(answer, path, request, polls), None
                    if not await self._sleep(min(5.0, 0.25 * 2 ** min(polls, 5)), self._left):
                        raise Unreadable("The search was left before it was ready.", request=request, status=202)
                    continue
                envelope, value = await self._understood(answer, request, read, parse)
                if envelope.partial and not isinstance(value, Page):  # a page says itself that it is not whole
                    why = f"The API's answer is not whole: it says success, and also: {envelope.errors[0].message}"
                    raise Unreadable(
                        why, request=request, status=answer.status, notices=envelope.errors, ray=_ray(answer)
                    )
                self._bucket.success()
                return value
            except RateLimited as limited:
                waits += 1
                if limited.retry_after > self.read_wait or waits > QUOTA_WAITS:
                    raise
                self._notify(self.on_wait, limited.retry_after)
                if not await self.wait(limited.retry_after):
                    raise
            except ApiError as error:
                if error.status == 401 and method == "GET" and not renewed and await self._renewed(refused):
                    renewed = True
                    continue
                # What takes long takes as long again.
                too_long = slow and self.clock.monotonic() - begun >= self.reading.slow > 0
                again = method == "GET" and not too_long and not self._left.is_set() and retries.allows(error)
                if not again or not self._bucket.take():
                    raise
                await self._sleep(backoff(retries.failures - 1, self.random), self._left)

    async def _renewed(self, refused: Mapping[str, str]) -> bool:
        """Whether there is another token now than the one that was refused: a command may give one."""
        credential = self.settings.credential
        if not isinstance(credential, CommandCredential):
            return False
        async with self._renewing:
            if credential.headers() == refused:
                try:
                    await asyncio.to_thread(credential.renew)
                except UsageError as error:
                    # What is given up because we leave has not failed.
                    if not self._left.is_set():
                        self._notify(self.on_renewal_failed, error)
            return credential.headers() != refused

    def _location(self, answer: HttpResponse, path: str, request: str, polls: int) -> str:
        """Where a slow search will be ready: same origin and account only, or the token would travel."""
        base = self.settings.base_url
        told = answer.headers.get("location", "")
        try:
            target, here = urlsplit(urljoin(base + path, told)), urlsplit(base)
        except ValueError:
            target, here = urlsplit(""), urlsplit(base)
        same = (target.scheme, target.netloc) == (here.scheme, here.netloc)
        inside = target.path.startswith(f"{here.path}{self._account}/") and not _CRAFTY.search(target.path)
        path_to = target.path.removeprefix(here.path)
        if not told or not same or not inside or polls > MAX_POLLS:
            raise Unreadable(
                "The search is not ready, and where to ask for it makes no sense; search again."
                if polls <= MAX_POLLS
                else f"The search was not ready after {MAX_POLLS} questions; narrow it, or search again.",
                request=request,
                status=answer.status,
            )
        return path_to + (f"?{target.query}" if target.query else "")

    # ---- acting

    async def act(
        self,
        method: str,
        path: str,
        body: Any,
        read: Callable[[Envelope], T],
        may_wait: Callable[[], bool] = always,
        *,
        slow: bool = False,
        accepts: bool = False,
    ) -> WriteResult[T]:
        """A write: sent once, and again only if it provably never left, or was answered 429 (at most twice each).

        `slow`: the API is known to take long over it; `accepts`: 202 is its success. `may_wait` is asked before it is tried again. Once on the wire it is not cut short by whoever asked for it.
        """
        request = self.named(method, path)
        sending = asyncio.ensure_future(self._act(method, path, body, read, may_wait, slow=slow, accepts=accepts))
        self.on_the_wire.add(sending)
        sending.add_done_callback(self.on_the_wire.discard)
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if not sending.cancelled():
                sending.add_done_callback(lambda task: self._left_behind(request, task))
            raise

    def _left_behind(self, request: str, sending: asyncio.Task[WriteResult[T]]) -> None:
        if not sending.cancelled() and sending.exception() is None:
            self._notify(self.on_left_behind, request, sending.result())

    @staticmethod
    def _notify(listener: Callable[..., None], *news: Any) -> None:
        """Whoever listens can't change what became of a request, not even by failing."""
        with contextlib.suppress(Exception):
            listener(*news)

    async def _act(
        self,
        method: str,
        path: str,
        body: Any,
        read: Callable[[Envelope], T],
        may_wait: Callable[[], bool],
        *,
        slow: bool,
        accepts: bool,
    ) -> WriteResult[T]:
        request = self.named(method, path)
        unsent = limited = waits = 0
        while True:
            started = self.clock.monotonic()
            try:
                answer = await self._exchange(self._writes, method, path, None, body, slow)
            except Unreachable as lost:
                if lost.sent:
                    return Ambiguous(lost)
                unsent += 1
                if unsent > WRITE_RESENDS or not may_wait() or not await self.wait(backoff(unsent - 1, self.random)):
                    return Refused(lost) if limited else Unsent(lost)  # what a 429 answered did leave
                continue
            except RateLimited as error:
                # A quota that is known to be used up costs no try: nothing went out.
                limited += error.sent
                waits += 1
                given_up = limited > WRITE_RESENDS or waits > QUOTA_WAITS or not may_wait()
                if not given_up and error.retry_after <= self.write_wait:
                    self._notify(self.on_wait, error.retry_after)
                    if await self.wait(error.retry_after):
                        continue
                return Refused(error) if limited else Unsent(error)
            except ApiError as error:
                return Refused(error) if was_refused(error) else Ambiguous(_of_somebody(error))
            if answer.status == 202 and not accepts:
                why = "The API only accepted it, and does not say that it was done."
                return Ambiguous(Unreadable(why, request=request, status=answer.status))
            self.answer_seconds += 0.3 * (self.clock.monotonic() - started - self.answer_seconds)
            try:
                # Not in a thread: nothing may come between an answer and its outcome.
                envelope, value = _understand(answer, request, read)
            except Unreadable as error:
                return Ambiguous(error)
            except Exception as fault:
                return Ambiguous(
                    Unreadable(f"The API's answer could not be used ({type(fault).__name__}).", request=request)
                )
            self._notice(request, envelope)
            return Done(value, envelope.messages, envelope.errors)

    # ---- one request

    async def _exchange(
        self, channel: HttpChannel, method: str, path: str, query: Mapping[str, str] | None, body: Any, slow: bool
    ) -> HttpResponse:
        """One request on the wire. Raises Unreachable, Unreadable (redirects) and Answered."""
        request = self.named(method, path)
        wait = self.budget.wait()
        if wait > 0:
            raise RateLimited.before_sending(request, wait)
        number = self.budget.spend()
        try:
            answer = await channel.send(method, path, query=query, body=body, slow=slow)
        except NoAnswer as lost:
            if lost.too_large:
                raise TooLarge(f"The API's answer can't be used: {lost.why}.", request=request) from None
            # Whoever reads that the API can't be reached takes it for not sent.
            opening = "No answer" if lost.sent else "The API can't be reached"
            raise Unreachable(f"{opening}: {lost.why}.", request=request, sent=lost.sent) from None
        finally:
            self.budget.answered(number)
        self.budget.read(answer.headers, number)
        self.server_clock.read(answer.headers)
        self.drift.headers(request, answer.headers)
        if 200 <= answer.status < 300:
            return answer
        raise self._error(answer, request)

    def _error(self, answer: HttpResponse, request: str) -> ApiError:
        ray = _ray(answer)
        if 300 <= answer.status < 400:
            target = Untrusted(_host(answer.headers.get("location", "")))
            return Unreadable(
                f"The API's address answers with a redirect to '{target}', which is never followed.",
                request=request,
                status=answer.status,
                ray=ray,
            )
        try:
            # What an error has to say fits into little; more is not looked at.
            notices = parse_envelope(answer.body).errors if len(answer.body) <= _LARGE else ()
        except DecodeError:
            notices = ()
        error = answered(answer.status, notices, request=request, ray=ray)
        if isinstance(error, RateLimited):
            headers = answer.headers
            error.retry_after = retry_after(headers.get("retry-after"), self.clock.now(), headers.get("retry-after-ms"))
            self._notify(self.budget.limited, error.retry_after)
        return error

    async def _understood(
        self, answer: HttpResponse, request: str, read: Callable[[Envelope], T], parse: Parse
    ) -> tuple[Envelope, T]:
        """What a 2xx says. Raises Unreadable when it is no envelope, no success, or not of the shape that `read` wants."""
        work = partial(_understand, answer, request, read, parse)
        if len(answer.body) > _LARGE:
            # A page of a thousand rows takes longer than a key press may wait; one at a time, or they would wait for three.
            async with self._reading_pages:
                envelope, value = await asyncio.to_thread(work)
        else:
            envelope, value = work()
        self._notice(request, envelope)
        return envelope, value

    def _notice(self, request: str, envelope: Envelope) -> None:
        if told := (*envelope.errors, *envelope.messages):
            self._notify(self.on_notices, request, told)


def _understand(
    answer: HttpResponse, request: str, read: Callable[[Envelope], T], parse: Parse = parse_envelope
) -> tuple[Envelope, T]:
    try:
        envelope = parse(answer.body)
        if envelope.success:
            if answer.status == _PARTIAL_CONTENT:
                envelope = replace(envelope, errors=(*envelope.errors, _IS_PARTIAL))
            return envelope, read(envelope)
    except DecodeError as garbled:
        kind = TooLarge if garbled.too_large else Unreadable
        raise kind(
            f"The API's answer can't be used: {garbled}.", request=request, status=answer.status, ray=_ray(answer)
        ) from None
    raise Unreadable(
        "The API's answer contradicts itself: no success, but no error status.",
        request=request,
        status=answer.status,
        notices=envelope.errors,
        ray=_ray(answer),
    )


def _of_somebody(error: ApiError) -> ApiError:
    """An error that leaves a write open; a refusal that is not in the API's own words is told as that."""
    if error.status not in REFUSED_STATUS:
        return error
    why = f"HTTP {error.status}, but not in the API's own words: whoever answered may have passed the request on."
    return Unreadable(why, request=error.request, status=error.status, ray=error.ray)


def _ray(answer: HttpResponse) -> Untrusted | None:
    return Untrusted(answer.headers["cf-ray"]) if "cf-ray" in answer.headers else None


def _host(location: str) -> str:
    try:
        return urlsplit(location).netloc
    except ValueError:
        return ""
