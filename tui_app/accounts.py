"""The accounts of one console: the profiles of the configuration, and a service of its own for each that was opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.auth.credentials import TokenCredential
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.config.schema import Profile
    from tui_app.config.settings import Settings
    from tui_app.service import EmailSecurityService


@dataclass
class Accounts:
    """Services by profile. None shares a token, a connection or a budget with another one.

    `load` reads the settings of a profile, with its token; it may wait for a command. `make` makes a service of them.
    """

    first: EmailSecurityService
    profiles: Mapping[str, Profile]
    load: Callable[[str], Settings]
    make: Callable[[Settings], EmailSecurityService]

    def __post_init__(self) -> None:
        self._opened: dict[str, EmailSecurityService] = {}
        self._opening = asyncio.Lock()
        if (name := self.first.settings.profile) is not None:
            self._opened[name] = self.first

    @property
    def opened(self) -> Sequence[EmailSecurityService]:
        """The services that there are, the one that the console began with first."""
        return tuple(dict.fromkeys((self.first, *self._opened.values())))

    def known(self, name: str) -> EmailSecurityService | None:
        """The service of a profile; None while it was not opened."""
        return self._opened.get(name)

    async def open(self, name: str) -> EmailSecurityService:
        """The service of a profile, with its own token. Raises UsageError: there is no such profile, or its token can't be had."""
        async with self._opening:
            if (known := self._opened.get(name)) is not None:
                return known
            if name not in self.profiles:
                names = sanitize(", ".join(self.profiles)) or "none"
                raise UsageError(f"There is no profile '{sanitize(name, 40)}'. Profiles: {names}.")
            settings = await asyncio.to_thread(self.load, name)
            self._check(name, settings)
            service = self.make(settings)
            self._opened[name] = service
            return service

    def _check(self, name: str, settings: Settings) -> None:
        """A profile without a token of its own must not get that of another account."""
        profile, first = self.profiles[name], self.first.settings
        own = profile.token_file is not None or profile.token_command is not None
        shared = isinstance(first.credential, TokenCredential) and not self._has_own(first.profile)
        if settings.profile != name:
            raise UsageError(f"The environment names another account than the profile {sanitize(name, 40)}.")
        if not own and not (shared and settings.base_url == first.base_url):
            raise UsageError(
                f"The profile {sanitize(name, 40)} names no token of its own: set token_file or token_command in it. "
                "The token of another account is not sent for it."
            )

    def _has_own(self, name: str | None) -> bool:
        profile = self.profiles.get(name or "")
        return profile is not None and (profile.token_file is not None or profile.token_command is not None)
