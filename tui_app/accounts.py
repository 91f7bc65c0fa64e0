"""The accounts of one console: the profiles of the configuration, and a service of its own for each that was opened."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app.auth.credentials import TokenCredential
from tui_app.auth.token_command import give_up_all
from tui_app.config.schema import Profile
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.config.settings import Settings
    from tui_app.service import EmailSecurityService


UNNAMED: Final = "(environment)"
"""The account that the console began with, where no profile of the file is its."""


@dataclass
class Accounts:
    """Services by profile. None shares a token, a connection or a budget with another one.

    `load` reads the settings of a profile from the file as it is now, with its token; it may wait for a command. `make`
    makes a service of them.
    """

    first: EmailSecurityService
    profiles: Mapping[str, Profile]
    load: Callable[[str], Settings]
    make: Callable[[Settings], EmailSecurityService]

    def __post_init__(self) -> None:
        settings = self.first.settings
        self._first_name = settings.profile or UNNAMED
        if settings.profile is None and self.profiles:
            # It can be come back to as to any other one.
            known = Profile(settings.account_id, base_url=settings.base_url, read_only=settings.read_only)
            self.profiles = {UNNAMED: known, **self.profiles}
        self._opened: dict[str, EmailSecurityService] = {self._first_name: self.first}
        self._opening: dict[str, asyncio.Lock] = {}
        self._opened_no_more = False

    @property
    def opened(self) -> Sequence[EmailSecurityService]:
        """The services that there are, the one that the console began with first."""
        return tuple(self._opened.values())

    def known(self, name: str) -> EmailSecurityService | None:
        """The service of a profile; None while it was not opened."""
        return self._opened.get(name)

    def name_of(self, service: EmailSecurityService) -> str:
        """The profile of a service."""
        return next((name for name, known in self._opened.items() if known is service), UNNAMED)

    def give_up(self) -> None:
        """The console ends: no account is opened any more, and no command for its token runs."""
        self._opened_no_more = True
        for lock in self._opening.values():
            if lock.locked():
                give_up_all()

    async def open(self, name: str) -> EmailSecurityService:
        """The service of a profile, with its own token, ready for its first request.

        Raises UsageError: there is no such profile, its token can't be had, or nothing can be asked with its settings.
        """
        if (known := self._opened.get(name)) is not None:
            return known
        if name not in self.profiles:
            names = sanitize(", ".join(self.profiles)) or "none"
            raise UsageError(f"There is no profile '{sanitize(name, 40)}'. Profiles: {names}.")
        async with self._opening.setdefault(name, asyncio.Lock()):
            if (known := self._opened.get(name)) is not None:
                return known
            settings = await _beside(self.load, name)
            if self._opened_no_more:
                raise UsageError("The console ends.")
            self._check(name, settings)
            service = self.make(settings)
            await asyncio.to_thread(service.get_ready)
            self._opened[name] = service
            return service

    def _check(self, name: str, settings: Settings) -> None:
        """A profile without a token of its own must not get that of another account."""
        # As the file is now: it may have changed since the console began.
        profile, first = settings.profiles.get(name, Profile()), self.first.settings
        if settings.profile != name:
            raise UsageError(f"The environment names another account than the profile {sanitize(name, 40)}.")
        shares = (
            isinstance(first.credential, TokenCredential)
            and not _has_own(first)
            and settings.base_url == first.base_url
        )
        if not (_is_own(profile) or shares):
            raise UsageError(
                f"The profile {sanitize(name, 40)} names no token of its own: set token_file or token_command in it. "
                "The token of another account is not sent for it."
            )
        self.profiles = {**self.profiles, name: profile}


def _is_own(profile: Profile) -> bool:
    return profile.token_file is not None or profile.token_command is not None


def _has_own(settings: Settings) -> bool:
    """Whether the profile of these settings names a token, so that theirs need not be that of the environment."""
    return _is_own(settings.profiles.get(settings.profile or "", Profile()))


async def _beside(load: Callable[[str], Settings], name: str) -> Settings:
    """Load in a thread that nobody waits for at the end of the program: a command may take its time."""
    loop = asyncio.get_running_loop()
    loaded: asyncio.Future[Settings] = loop.create_future()

    def run() -> None:
        try:
            settings = load(name)
        except Exception as error:
            failed = error
            _tell(loop, lambda: None if loaded.done() else loaded.set_exception(failed))
        else:
            _tell(loop, lambda: None if loaded.done() else loaded.set_result(settings))

    threading.Thread(target=run, name="settings", daemon=True).start()
    return await loaded


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended: nobody waits any longer
        loop.call_soon_threadsafe(what)
