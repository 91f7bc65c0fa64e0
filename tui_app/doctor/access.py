"""The credentials and what they may: which kind they are, and what they can read. Only reads are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from tui_app.api.enums import TokenState
from tui_app.api.errors import ApiError, Forbidden, Unauthenticated, Unreachable, Unreadable
from tui_app.api.models import CloudflareAccount, TokenStatus
from tui_app.api.page import Page
from tui_app.auth.credentials import KeyCredential
from tui_app.core.errors import ExitCode
from tui_app.doctor.check import CheckResult, look, ok, wrong
from tui_app.doctor.connection import is_reached

if TYPE_CHECKING:
    from tui_app.config.settings import Settings

T = TypeVar("T")
Answer: TypeAlias = T | ApiError | None
"""What a request gave, or its error; None when it was not sent."""
_SOON: Final = timedelta(days=14)
_NOT_ASKED: Final = "Not looked at: see the line on the connection."
_PERMISSION: Final = "Give the token Account > Cloud Email Security: Read (or Write) for this account."


@dataclass(frozen=True, slots=True)
class TokenAnswers:
    """What both ways to verify a token said; each refuses the other's kind."""

    as_users: Answer[TokenStatus]
    as_accounts: Answer[TokenStatus]


def check_token(
    settings: Settings,
    answers: TokenAnswers,
    accounts: Answer[Page[CloudflareAccount]],
    *,
    may_read: bool,
    now: datetime,
) -> CheckResult:
    """The kind of the credentials, whether they are accepted, and until when."""
    if isinstance(settings.credential, KeyCredential):
        return _check_key(accounts, may_read=may_read)
    for kind, answer in (("A user's token", answers.as_users), ("The account's own token", answers.as_accounts)):
        if isinstance(answer, TokenStatus):
            return _check_status(kind, answer, now)
    errors = [answer for answer in (answers.as_users, answers.as_accounts) if isinstance(answer, ApiError)]
    if not errors:
        return look("token", _NOT_ASKED)
    if may_read:
        return look(
            "token",
            "It can be used, but neither way to verify a token accepts it: its kind and its end are not known.",
            "See the token's page in the dashboard.",
        )
    if not is_reached(errors[0]):
        return look("token", _NOT_ASKED)
    if all(isinstance(error, Unauthenticated) for error in errors):
        return wrong(
            "token",
            f"The API does not accept it: {errors[0]}",
            "Check that it is whole and not revoked; create a new one in the dashboard.",
            ExitCode.API,
        )
    return look("token", f"It could not be verified: {errors[-1]}", "Run it again.")


def _check_key(accounts: Answer[Page[CloudflareAccount]], *, may_read: bool) -> CheckResult:
    kind = "An e-mail address with its global API key"
    if isinstance(accounts, Page) or may_read:
        return ok("token", f"{kind}: accepted", "A token with only Cloud Email Security is safer.")
    if isinstance(accounts, Unauthenticated):
        return wrong(
            "token",
            f"{kind}: not accepted. {accounts}",
            "Check CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY, or use a token.",
            ExitCode.API,
        )
    is_known = accounts is not None and is_reached(accounts)
    return look("token", f"{kind}: not known whether it is accepted." if is_known else _NOT_ASKED)


def _check_status(kind: str, status: TokenStatus, now: datetime) -> CheckResult:
    if status.status is not TokenState.ACTIVE:
        return wrong("token", f"{kind}: {status.status}", "Create a new one in the dashboard.", ExitCode.API)
    if status.not_before is not None and status.not_before > now:
        return look("token", f"{kind}: active, but only from {status.not_before:%Y-%m-%d %H:%M} UTC on")
    if status.expires_on is None:
        return ok("token", f"{kind}: active, with no end told")
    found = f"{kind}: active until {status.expires_on:%Y-%m-%d %H:%M} UTC"
    if status.expires_on - now < _SOON:
        return look("token", found, "Create a new one in time, and put it where this one comes from.")
    return ok("token", found)


def check_accounts(settings: Settings, accounts: Answer[Page[CloudflareAccount]]) -> CheckResult:
    """Whether the account is among those that the credentials can see. Nobody needs that: the account is configured."""
    if accounts is None or not is_reached(accounts):
        return look("accounts", _NOT_ASKED if accounts is None else f"They were not read: {accounts}")
    if isinstance(accounts, ApiError):
        if 1001 in accounts.codes:
            return ok("accounts", "The account's own token may not list accounts: it is for one only")
        return look("accounts", f"They can't be listed: {accounts}", "That is not needed where the next lines are ok.")
    if settings.account_id in {account.id.exact.lower() for account in accounts.items}:
        return ok("accounts", "The account is one that the credentials see")
    if not accounts.items:
        return look(
            "accounts", "None is listed: the token may lack the permission to list them.", "That is not needed."
        )
    if (accounts.pages or 1) > 1 or accounts.unreadable or accounts.partial or accounts.count > accounts.size:
        return look("accounts", f"The account is not among the first {len(accounts.items)}: there may be more.")
    seen = ", ".join(f"{account.name} ({account.id})" for account in accounts.items[:3])
    return look("accounts", f"The credentials don't list this account. They see: {seen}", "Check the account id.")


def check_reading(check: str, what: str, answer: Answer[Page[T]]) -> CheckResult:
    """Whether something can be read, by having read one of it."""
    if answer is None:
        return look(check, _NOT_ASKED)
    if isinstance(answer, Page):
        return ok(check, f"Read: yes ({'one was read' if answer.items else f'there is no {what} to read now'})")
    if answer.status == 202:
        return ok(check, "Read: yes (the API takes its time over the answer, which was not waited for)")
    if isinstance(answer, Unauthenticated):
        return wrong(check, f"Read: no. {answer}", "See the line on the token.", ExitCode.API)
    if isinstance(answer, Forbidden):
        return wrong(check, f"Read: no. {answer}", _PERMISSION, ExitCode.API)
    if isinstance(answer, (Unreachable, Unreadable)):
        return look(check, f"Read: not known. {answer}", "Run it again; a search may take long.")
    return wrong(check, f"Read: no. {answer}", "Check the account id and the token.", ExitCode.API)


def check_writing(settings: Settings) -> CheckResult:
    """Nobody can know without writing whether that is permitted; nothing is written to find out."""
    if settings.read_only:
        return ok("writing", "Write: never tried, this run or profile is read-only")
    return look(
        "writing",
        "Write: not known. Only a write could tell, and none is sent to find out.",
        "See in the dashboard whether the token has Cloud Email Security: Write. With --read-only no write is ever tried.",
    )
