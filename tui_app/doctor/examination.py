"""All checks, one after the other as they come. At most six reads are sent, each once, on the budget of the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tui_app.api.decoding import read_one
from tui_app.api.errors import ApiError, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated, Unreachable
from tui_app.api.http import Timeouts
from tui_app.api.models import TokenStatus
from tui_app.api.page import Page
from tui_app.api.search import SearchParams
from tui_app.api.transport import Transport
from tui_app.auth.credentials import CommandCredential, KeyCredential, TokenCredential
from tui_app.config.settings import check_job_id
from tui_app.core.background import in_background
from tui_app.core.errors import ExitCode, UsageError
from tui_app.doctor import access, configuration, connection, interface, machine
from tui_app.doctor.check import CheckResult, look, wrong
from tui_app.doctor.terminal import (
    Surroundings,
    TerminalSnapshot,
    check_clipboard,
    check_colours,
    check_terminal,
    look_around,
)

if TYPE_CHECKING:
    from tui_app.api.budget import Budget
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.drift import Drift
    from tui_app.api.server_clock import ServerClock
    from tui_app.config.schema import ConfigFile
    from tui_app.config.settings import Settings
    from tui_app.core.clock import Clock

T = TypeVar("T")
MOST_REQUESTS: Final = 6
"""Verify the token (as a user's, as the account's), accounts, jobs, mail, and the rows of one job."""
_TIMEOUTS: Final = Timeouts(connect=3, read=5, write=5, pool=5, total=6)
"""Seconds. With no network the whole takes less than ten."""
_LOOK_BACK: Final = timedelta(days=1)
"""What is searched for mail: a longer time takes the server longer."""
_API_CHECKS: Final = (
    "connection",
    "certificates",
    "clock",
    "token",
    "accounts",
    "jobs",
    "mail",
    "writing",
    "quota",
    "API generation",
    "drift",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at. Without `settings` the API is not asked, and `problem` says why there are none."""

    terminal: TerminalSnapshot
    environment: Mapping[str, str]
    settings: Settings | None
    state: Path | None
    clock: Clock
    random: Random
    problem: str = ""
    chosen: configuration.Chosen | None = None
    set_aside: Sequence[str] = ()
    """Variables on certificates that are not obeyed."""
    budget: Budget | None = None
    server_clock: ServerClock | None = None
    drift: Drift | None = None
    """What a session has seen before."""
    console_problems: Callable[[Path, ConfigFile], Sequence[str]] = lambda _, __: ()
    """What the console finds wrong with the configuration."""


class Examination:
    """The checks of one subject. `requests` counts what was sent."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._answers: list[object] = []
        self.requests = 0

    async def results(self) -> AsyncIterator[CheckResult]:
        """Each result as it comes. A check that fails is told as that, and hides no other."""
        subject = self._subject
        environment, settings = subject.environment, subject.settings
        surroundings = await _safely("terminal", lambda: in_background(look_around, environment))
        if isinstance(surroundings, CheckResult):
            surroundings = Surroundings((), {}, "", no_color=False, emulator="")
        local: tuple[tuple[str, Callable[[], CheckResult]], ...] = (
            ("terminal", lambda: check_terminal(subject.terminal, surroundings)),
            ("colours", lambda: check_colours(subject.terminal, surroundings)),
            ("clipboard", lambda: check_clipboard(subject.terminal, surroundings)),
            ("time zone", lambda: machine.check_time_zone(environment, subject.clock.now())),
            ("configuration", lambda: configuration.check_file(environment, subject.console_problems)),
            (
                "settings",
                lambda: configuration.check_settings(settings, subject.problem, environment, subject.chosen),
            ),
            ("state folder", lambda: machine.check_state_folder(subject.state)),
            ("journals", lambda: machine.check_journals(subject.state)),
            ("lock", lambda: machine.check_lock(subject.state, settings.identity if settings else None, environment)),
        )
        for name, check in local:
            yield await _safely(name, lambda check=check: in_background(check))  # type: ignore[misc]
        if settings is None:
            for name in ("proxy", *_API_CHECKS):
                yield look(name, "Not looked at: there are no settings to ask with.")
            return
        base_url = settings.base_url
        yield await _safely("proxy", lambda: in_background(configuration.check_proxy, base_url, environment))
        seen: set[str] = set()
        try:
            async for result in self._ask_the_api(settings):
                seen.add(result.check)
                yield result
        except Exception as fault:
            for name in _API_CHECKS:
                if name not in seen:
                    yield _failed(name, fault)

    async def _ask_the_api(self, settings: Settings) -> AsyncIterator[CheckResult]:
        subject = self._subject
        try:
            transport = Transport(
                _with_one_token(settings),
                subject.clock,
                subject.random,
                reading=_TIMEOUTS,
                shared_budget=subject.budget,
                shared_clock=subject.server_clock,
            )
        except UsageError as error:  # what ca_bundle names
            yield wrong("certificates", str(error), "Name a file of PEM certificates with ca_bundle in the profile.")
            for name in _API_CHECKS:
                if name != "certificates":
                    yield look(name, "Not looked at: no connection can be made without certificates.")
            return
        # From now on each request is sent once, and no wait for the quota or a slow search is sat out.
        transport.leave()
        try:
            async for result in self._ask(settings, transport):
                yield result
        finally:
            await transport.close()

    async def _ask(self, settings: Settings, transport: Transport) -> AsyncIterator[CheckResult]:
        from tui_app.api.client import EmailSecurityClient

        subject, client = self._subject, EmailSecurityClient(transport)
        is_key = isinstance(settings.credential, KeyCredential)
        unknown_host = await connection.find_host(settings)
        begun = subject.clock.monotonic()
        first: object = None
        if not unknown_host:
            first = await self._answer(client.list_accounts() if is_key else self._verify(transport, "/user"))
        taken = subject.clock.monotonic() - begun
        yield _checked("connection", lambda: connection.check_connection(settings, unknown_host, first, taken))
        yield _checked("certificates", lambda: connection.check_certificates(settings, first, subject.set_aside))
        there = None if first is None else transport.server_now()
        yield _checked("clock", lambda: connection.check_clock(subject.clock.now(), there))
        reached = first is not None and connection.is_reached(first)
        users: Any = first
        owned: Any = None
        accounts: Any = first if is_key else None
        jobs: Any = None
        mail: Any = None
        rows: Any = None
        if reached:
            refused = not is_key and isinstance(first, (Unauthenticated, Forbidden, Invalid, NotFound))
            account = f"/accounts/{settings.account_id}"
            owned, accounts, jobs, mail = await asyncio.gather(
                self._answer(self._verify(transport, account)) if refused else _nothing(),
                _nothing(first) if is_key else self._answer(client.list_accounts()),
                self._answer(client.list_jobs(per_page=1)),
                self._answer(self._search(client)),
            )
            if isinstance(jobs, Page) and jobs.items:
                with suppress(UsageError):  # a job whose id is none can't be asked for
                    rows = await self._answer(
                        client.list_job_messages(check_job_id(jobs.items[0].id), per_page=1, exact=True)
                    )
        may_read = isinstance(jobs, Page) or isinstance(mail, Page)
        answers = access.TokenAnswers(None if is_key else users, owned)
        drifts = [transport.drift, *([subject.drift] if subject.drift is not None else [])]
        checks: tuple[tuple[str, Callable[[], CheckResult]], ...] = (
            (
                "token",
                lambda: access.check_token(settings, answers, accounts, may_read=may_read, now=subject.clock.now()),
            ),
            ("accounts", lambda: access.check_accounts(settings, accounts)),
            ("jobs", lambda: access.check_reading("jobs", "job", jobs)),
            ("mail", lambda: access.check_reading("mail", "mail of the last day", mail)),
            ("writing", lambda: access.check_writing(settings)),
            ("quota", lambda: interface.check_quota(transport.budget.state, self._answers)),
            ("API generation", lambda: interface.check_generation(jobs, mail, rows, settings.release_body)),
            ("drift", lambda: interface.check_drift(drifts, has_answers=may_read)),
        )
        for name, check in checks:
            yield _checked(name, check)

    async def _answer(self, request: Awaitable[T]) -> T | ApiError:
        """What a request gave, or why it failed."""
        answer: T | ApiError
        try:
            answer = await request
        except ApiError as error:
            answer = error
        self.requests += not (isinstance(answer, RateLimited) and not answer.sent) and not _never_left(answer)
        self._answers.append(answer)
        return answer

    @staticmethod
    def _verify(transport: Transport, owner: str) -> Awaitable[TokenStatus]:
        """GET /user/tokens/verify or /accounts/{account_id}/tokens/verify."""
        return transport.get(
            f"{owner}/tokens/verify",
            None,
            lambda envelope: read_one(lambda data: TokenStatus.from_wire(data, transport.drift), envelope.result),
        )

    def _search(self, client: EmailSecurityClient) -> Awaitable[Any]:
        params = SearchParams(start=self._subject.clock.now() - _LOOK_BACK, detections_only=False)
        return client.search_messages(params, per_page=1, exact=True)


def _never_left(answer: object) -> bool:
    return isinstance(answer, Unreachable) and not answer.sent


async def _nothing(instead: Any = None) -> Any:
    return instead


def _with_one_token(settings: Settings) -> Settings:
    """The same with the token that its command gave last: a check runs no command."""
    if not isinstance(settings.credential, CommandCredential):
        return settings
    return replace(settings, credential=TokenCredential(settings.credential.token))


async def _safely(name: str, check: Callable[[], Awaitable[T]]) -> T | CheckResult:
    try:
        return await check()
    except Exception as fault:
        return _failed(name, fault)


def _checked(name: str, check: Callable[[], CheckResult]) -> CheckResult:
    try:
        return check()
    except Exception as fault:
        return _failed(name, fault)


def _failed(name: str, fault: Exception) -> CheckResult:
    """A check that failed itself: nothing is known then, and the text of the exception may hold data."""
    found = f"Could not be looked at: an internal error ({type(fault).__name__})."
    return wrong(name, found, "Please report it.", ExitCode.UNEXPECTED)
