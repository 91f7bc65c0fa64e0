"""Whether a token is good, which accounts it sees, and whether Email Security answers it: reads only, told in sentences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Final

from tui_app.api.budget import Budget
from tui_app.api.enums import TokenState
from tui_app.api.errors import (
    ApiError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    ServerFault,
    Unauthenticated,
    Unreachable,
    Unreadable,
)
from tui_app.api.pagination import account_pages
from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.config.proxy import Proxy
from tui_app.config.settings import DEFAULT_BASE_URL, Settings
from tui_app.core.errors import UsageError
from tui_app.core.text import plural, sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import TokenStatus
    from tui_app.core.clock import Clock

MOST_ACCOUNTS: Final = 1000
"""Accounts that are offered: whoever sees more knows the id."""
_NAME: Final = 60
_REFUSALS: Final = (Unauthenticated, Forbidden, Invalid, NotFound)
_DASHBOARD: Final = "the dashboard (My Profile, or Manage Account, API Tokens)"


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """What the API says of a token. `good` = it may be used; `unknown_kind` = only with its account can be told more."""

    sentence: str
    good: bool = False
    unknown_kind: bool = False


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account that the token sees; the name is made safe to be shown."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountList:
    """The accounts to choose from; the sentence says why there are none, or what is missing."""

    accounts: tuple[FoundAccount, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """Whether Email Security of the account answered one read."""

    sentence: str
    answers: bool = False


@dataclass
class AccountCheck:
    """Asks the API at one address. Every method sends reads only, and answers with a sentence in place of an error."""

    base_url: str
    clock: Clock
    random: Random
    proxy: Proxy | None = None
    ca_bundle: Path | None = None
    _budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self._budget = Budget(self.clock.monotonic)

    @asynccontextmanager
    async def _client(self, token: Secret, account_id: str = "") -> AsyncIterator[EmailSecurityClient]:
        # Loaded when something is to be sent: it takes longer than drawing a screen.
        from tui_app.api.client import EmailSecurityClient
        from tui_app.api.transport import Transport

        settings = Settings(
            account_id, self.base_url, TokenCredential(token), ca_bundle=self.ca_bundle, proxy=self.proxy
        )
        transport = Transport(settings, self.clock, self.random, shared_budget=self._budget)
        try:
            yield EmailSecurityClient(transport)
        finally:
            await transport.close()

    async def verify(self, token: Secret, account_id: str | None = None) -> TokenCheck:
        """Ask about it as a user's token, then as one of the account's own where the account is known."""
        try:
            async with self._client(token, account_id or "") as client:
                return await self._verified(client, account_id)
        except (ApiError, UsageError) as error:
            return TokenCheck(self._trouble(error))

    async def _verified(self, client: EmailSecurityClient, account_id: str | None) -> TokenCheck:
        try:
            return self._standing(await client.verify_user_token(), "a user's token")
        except _REFUSALS as refused:
            first = refused
        if account_id is None:
            if isinstance(first, Forbidden):
                return TokenCheck(
                    f"The API refuses to verify it as a user's token ({_answer(first)}): it may be used only from other "
                    "addresses, which the dashboard tells, or be an account's own. For that, give the account's id.",
                    unknown_kind=True,
                )
            return TokenCheck(
                f"The API does not know it as a user's token ({_answer(first)}). Is it a token of an account's own? "
                "Then give the account's id. Else go back, and paste the token again, all of it.",
                unknown_kind=True,
            )
        try:
            return self._standing(await client.verify_account_token(), "a token of the account's own")
        except _REFUSALS as refused:
            second = refused
        try:
            # Neither check is the last word on a token: what counts is whether it may do its work.
            await client.list_jobs(per_page=1)
        except _REFUSALS:
            return TokenCheck(
                f"The token is not accepted, neither as a user's ({_answer(first)}) nor as one of account "
                f"{account_id}'s own ({_answer(second)}). {_what_to_do(first, second)}"
            )
        return TokenCheck(
            "The API does not verify this token, but Email Security of the account accepts it.", good=True
        )

    def _standing(self, status: TokenStatus, kind: str) -> TokenCheck:
        now = self.clock.now()
        if status.status is TokenState.ACTIVE and status.not_before is not None and status.not_before > now:
            return TokenCheck(f"The token is {kind}, but valid only from {_day(status.not_before)}: paste another one.")
        if status.status is TokenState.ACTIVE:
            until = f", valid until {_day(status.expires_on)}" if status.expires_on is not None else ""
            return TokenCheck(f"The token is active: {kind}{until}.", good=True)
        if status.status is TokenState.EXPIRED:
            on = f" on {_day(status.expires_on)}" if status.expires_on is not None else ""
            return TokenCheck(f"The token expired{on}. Roll it in {_DASHBOARD}, and paste the new one.")
        if status.status is TokenState.DISABLED:
            return TokenCheck(f"The token is disabled. Enable it in {_DASHBOARD}, or paste another one.")
        return TokenCheck(
            f"The API calls the token '{sanitize(str(status.status), 40)}', a state that this version does not know: "
            "it is not used. Paste another one."
        )

    async def list_accounts(self, token: Secret) -> AccountList:
        """The accounts that the token sees; none where it may not ask."""
        found: dict[str, FoundAccount] = {}
        odd = 0
        try:
            async with self._client(token) as client:
                pages = account_pages(client)
                async for page in pages:
                    for account in page:
                        name = account.id.exact.lower()
                        if len(name) == 32 and not set(name) - set("0123456789abcdef"):
                            found[name] = FoundAccount(name, sanitize(account.name.exact, _NAME) or "(no name)")
                        else:
                            odd += 1
                    if len(found) >= MOST_ACCOUNTS:
                        break
        except _REFUSALS as refused:
            if not found:
                why = (
                    "A token of an account's own can't list accounts"
                    if 1001 in refused.codes
                    else f"The token may not list accounts ({_answer(refused)})"
                )
                return AccountList(sentence=f"{why}: give the account's id.")
        except (ApiError, UsageError) as error:
            return AccountList(tuple(found.values()), f"The accounts can't be listed. {self._trouble(error)}")
        if not found:
            words = "The token lists no account: it may lack the permission to. Give the account's id."
            return AccountList(sentence=words)
        told: list[str] = []
        if odd:
            told.append(f"{plural(odd, 'account')} with an id that is none {'was' if odd == 1 else 'were'} left out.")
        if len(found) >= MOST_ACCOUNTS or pages.may_miss or not pages.complete:
            told.append("There may be more: if yours is missing, give its id.")
        return AccountList(tuple(found.values()), " ".join(told))

    async def ask_service(self, token: Secret, account_id: str) -> ServiceCheck:
        """One read of Email Security in the account: the first job, if there is any."""
        try:
            async with self._client(token, account_id) as client:
                await client.list_jobs(per_page=1)
        except Unauthenticated as refused:
            return ServiceCheck(
                f"Email Security does not accept the token ({_answer(refused)}). Go back, and paste another one."
            )
        except Forbidden as refused:
            return ServiceCheck(
                f"Email Security of this account refuses the token ({_answer(refused)}). It needs the permission "
                "Cloud Email Security: Read, or Write to act, in this account."
            )
        except (NotFound, Invalid) as refused:
            return ServiceCheck(
                f"The API finds no Email Security in this account ({_answer(refused)}): check the account's id."
            )
        except (ApiError, UsageError) as error:
            return ServiceCheck(f"Email Security was not reached. {self._trouble(error)}")
        return ServiceCheck("Email Security of this account answers.", answers=True)

    def _trouble(self, error: ApiError | UsageError) -> str:
        """Why there is no answer about the token, and what to do: nothing is known of the token then."""
        match error:
            case RateLimited():
                return (
                    f"Too many requests for this token or from here: wait {error.retry_after:.0f} s, then try again. "
                    "The token may be good."
                )
            case Unreachable():
                return f"{error.sentence} {self._way} Then try again: the token may be good."
            case ServerFault():
                return f"{error.sentence} Try again in a moment: the token may be good."
            case Unreadable():
                return f"{error.sentence} {self._way}"
        return str(error)

    @property
    def _way(self) -> str:
        through = f", the proxy {sanitize(self.proxy.name, 60)}" if self.proxy is not None else ""
        where = "" if self.base_url == DEFAULT_BASE_URL else f", the address {sanitize(self.base_url, 100)}"
        return f"Check the network{through}{where}."


def _answer(error: ApiError) -> str:
    """What the API answered, in its own words where it has any."""
    said = sanitize(str(error.notices[0].message), 80) if error.notices else ""
    return f"HTTP {error.status}: {said}" if said else f"HTTP {error.status}"


def _what_to_do(*refusals: ApiError) -> str:
    if all(isinstance(refused, Forbidden) for refused in refusals):
        return "Look at its conditions in the dashboard, such as the addresses that may use it, or paste another one."
    return "Paste it again, all of it; or create a new one in the dashboard, and check the account's id."


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def find_account(accounts: Sequence[FoundAccount], account_id: str) -> FoundAccount:
    """The account of this id; without a name where it was not listed."""
    return next((account for account in accounts if account.id == account_id), FoundAccount(account_id, ""))
