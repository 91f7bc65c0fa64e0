"""A first start, step by step: what was answered, what the API says to it, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_app.config.settings import check_account_id
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize
from tui_app.setup.answers import Answers, TokenPlace, check_command, pasted_token, suggested_name
from tui_app.setup.situation import ACCOUNT, BASE_URL, TOKEN

if TYPE_CHECKING:
    from random import Random

    from tui_app.auth.credentials import Secret
    from tui_app.core.clock import Clock
    from tui_app.setup.account_check import AccountCheck, AccountList, FoundAccount, ServiceCheck, TokenCheck
    from tui_app.setup.situation import Situation
    from tui_app.setup.storage import Written

NOTHING_WRITTEN: Final = "Nothing was written."


class Setup:
    """What is known by now. Everything that was answered stays until it is answered anew."""

    def __init__(self, situation: Situation, clock: Clock, random: Random) -> None:
        self.situation = situation
        self._clock = clock
        self._random = random
        self._check: AccountCheck | None = None
        self.token: Secret | None = None
        self.token_check: TokenCheck | None = None
        self.accounts: AccountList | None = None
        self.account: FoundAccount | None = None
        self.service: ServiceCheck | None = None
        self.place = TokenPlace.FILE
        self.command: tuple[str, ...] = ()
        self.kept_in: Path | None = None
        """The file that the token is in, or is to be written to; None for one beside the configuration."""
        self.profile = ""
        self.written: Written | None = None
        self.done = False
        """Whether all was answered, and written where there is a place for it."""
        self._read_only = True

    @property
    def _api(self) -> AccountCheck:
        # Loaded when something is to be sent: it takes longer than the first screen.
        if self._check is None:
            from tui_app.setup.account_check import AccountCheck

            self._check = AccountCheck(self.situation.base_url, self._clock, self._random, proxy=self.situation.proxy)
        return self._check

    def get_ready(self) -> None:
        """Load what the first request needs; for a thread."""
        import anyio._backends._asyncio  # noqa: F401 - httpx loads it with the first request, on the loop

        import tui_app.api.client
        import tui_app.api.transport  # noqa: F401

        _ = self._api

    # ---- the token

    async def take_token(self, pasted: str) -> TokenCheck:
        """Verify a pasted token, or that of the environment where nothing was pasted. Raises UsageError for what is none."""
        token = self.situation.token if not pasted.strip() and self.situation.token else pasted_token(pasted)
        check = await self._api.verify(token, self.situation.account_id)
        if check.good and self.situation.account_id is None:
            accounts = await self._api.list_accounts(token)
        else:
            from tui_app.setup.account_check import AccountList

            accounts = AccountList()
        self.token, self.token_check, self.accounts, self.account = token, check, accounts, None
        return check

    @property
    def token_is_given(self) -> bool:
        """Whether the token is the one of the environment."""
        return self.token is not None and self.token is self.situation.token

    # ---- the account

    async def take_account(self, account_id: str) -> TokenCheck:
        """Choose an account: a token of its own is verified, and Email Security is asked. Raises UsageError for no id."""
        from tui_app.setup.account_check import find_account

        if self.token is None or self.token_check is None or self.accounts is None:
            raise UsageError("First the token is verified.")
        try:
            name = check_account_id(account_id.strip())
        except UsageError as error:
            raise UsageError(error.cause) from None
        check = self.token_check
        if not check.good or check.unknown_kind:
            check = await self._api.verify(self.token, name)
            if not check.good:
                return check
            self.token_check = check
        self.service = await self._api.ask_service(self.token, name)
        self.account = find_account(self.accounts.accounts, name)
        return check

    # ---- where the token lives

    def places(self) -> tuple[TokenPlace, ...]:
        """Where it can live: without a place for a configuration only in the environment."""
        if self.situation.config is None:
            return (TokenPlace.ENVIRONMENT,)
        return (
            (TokenPlace.ENVIRONMENT, TokenPlace.FILE, TokenPlace.COMMAND)
            if self.token_is_given
            else (TokenPlace.FILE, TokenPlace.COMMAND, TokenPlace.ENVIRONMENT)
        )

    def check_command(self, command: tuple[str, ...]) -> None:
        """Run the command, which must print the token; it is kept then. Blocks; raises UsageError."""
        if self.token is not None:
            check_command(command, self.token)
            self.command = command

    # ---- the profile

    def suggested_profile(self) -> str:
        """A name for the profile that is free."""
        return suggested_name(self.account.name if self.account is not None else "", self.situation.file.profiles)

    def has_profile(self, name: str) -> bool:
        """Whether the file has a profile of this name."""
        return name in self.situation.file.profiles

    def token_file(self, profile: str) -> Path | None:
        """Where the token would be written, if no other file is in the way."""
        config = self.situation.config
        return config.with_name(f"{profile}.token") if config is not None else None

    def write(self, profile: str, *, read_only: bool, color: str | None, replace_profile: bool = False) -> None:
        """Write all of it. Raises SluiceError in a sentence; then nothing was kept, and all answers stay."""
        if self.token is None or self.account is None:
            raise UsageError("First the token and the account are chosen.")
        self._read_only = read_only
        if self.situation.config is not None:
            from tui_app.setup.storage import write_setup

            answers = Answers(
                profile=profile,
                account_id=self.account.id,
                base_url=self.situation.base_url,
                token=self.token,
                place=self.place,
                token_file=self.kept_in,
                command=self.command,
                read_only=read_only,
                color=color,
            )
            self.written = write_setup(self.situation.config, answers, replace_profile=replace_profile)
            self.profile = profile
        self.done = True

    def environment_after(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables with which the console opens: what was answered, and is stored nowhere, is in them."""
        if self.token is None or self.account is None:
            return dict(environment)
        changes = {ACCOUNT: self.account.id}
        if self.situation.is_elsewhere:
            changes[BASE_URL] = self.situation.base_url
        if self.place is TokenPlace.ENVIRONMENT:
            changes[TOKEN] = self.token.reveal()
        return {**environment, **changes}

    @property
    def read_only(self) -> bool:
        """What was answered."""
        return self._read_only

    def summary(self) -> str:
        """What was written where."""
        if self.written is None:
            return NOTHING_WRITTEN
        token = self.written.token_file
        words = f"Written: {sanitize(str(self.written.config), 200)}, profile {self.profile}"
        return f"{words}; the token: {sanitize(str(token), 200)}." if token is not None else f"{words}."
