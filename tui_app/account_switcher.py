"""Which account the console shows: each has its own service and its own stack of screens, and goes on when another is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import sanitize
from tui_app.prompt import Prompt
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen

if TYPE_CHECKING:
    from tui_app.accounts import Accounts
    from tui_app.prompt import Go
    from tui_app.screens.all_jobs import AllJobsScreen
    from tui_app.screens.profiles import ProfilesScreen
    from tui_app.service import EmailSecurityService


class AccountSwitcher(Prompt):
    """The part of the app that shows one account, or another."""

    accounts: Accounts
    shown_in: dict[str, EmailSecurityService]
    """The account of each stack of screens."""

    @property
    def services(self) -> Sequence[EmailSecurityService]:
        """The services of all accounts that were opened."""
        return self.accounts.opened

    def listen_to(self, service: EmailSecurityService) -> None:
        """Hear the news of an account."""

    def show_title(self, service: EmailSecurityService) -> None:
        """How the account stands that is shown, for who looks at another window."""

    @property
    def profile_names(self) -> Sequence[str]:
        """The profiles of the configuration."""
        return tuple(self.accounts.profiles)

    def action_profiles_open(self) -> None:
        """Choose another account."""
        from tui_app.screens.profiles import ProfileRow, ProfilesScreen

        def rows() -> Sequence[ProfileRow]:
            return [
                ProfileRow(name, profile, known := self.accounts.known(name), known is self.service)
                for name, profile in self.accounts.profiles.items()
            ]

        if isinstance(self.screen, ConsoleScreen) and not self.is_at("profiles"):
            if not self.screen.leads_on:
                self.show_notice("Not from here: what is on this screen comes first.")
                return
            self.push_screen(ProfilesScreen(self.service, rows))

    def on_profiles_screen_chosen(self, message: ProfilesScreen.Chosen) -> None:
        """Show the account of a profile."""
        if self.is_at("profiles", message):
            self.switch_account(message.name)

    def _profile(self, name: str) -> Go:
        if name not in self.accounts.profiles:
            names = ", ".join(self.accounts.profiles) or "none: the account comes from the environment"
            raise UsageError(f"There is no profile '{sanitize(name, 40)}'. Profiles: {sanitize(names, 200)}.")

        def go() -> None:
            self.switch_account(name)

        return go

    @work(exclusive=True, group="account")
    async def switch_account(self, name: str, then: Callable[[], None] = lambda: None) -> None:
        """Show the account of a profile; what is under way on this one goes on, with its own token."""
        asked_on = self.screen
        if self.accounts.known(name) is not self.service:
            self.show_notice(f"Opening {sanitize(name, 40)}…")
        try:
            service = await self.accounts.open(name)
        except SluiceError as error:
            self.service.record(str(error))
            self.show_notice(str(error))
            return
        if self.screen is not asked_on:
            return  # somebody went elsewhere meanwhile
        mode = next((mode for mode, known in self.shown_in.items() if known is service), "")
        if self.is_at("profiles"):
            self.pop_screen()
        self.service = service
        if not mode:
            mode = f"account {len(self.shown_in)}"
            self.shown_in[mode] = service
            self.listen_to(service)
            self.add_mode(mode, lambda: JobsScreen(service))
        await self.switch_mode(mode)
        self.show_title(service)
        then()

    def _open_all_jobs(self) -> None:
        self._ask_all_accounts()

    @work(exclusive=True, group="all jobs")
    async def _ask_all_accounts(self) -> None:
        """Open all accounts, and show the jobs of all."""
        from tui_app.screens.all_jobs import AllJobsScreen

        asked_on = self.screen
        services: dict[str, EmailSecurityService] = {}
        failed: dict[str, str] = {}
        if self.service.settings.profile is None:
            services["this one"] = self.service
        for name in self.accounts.profiles:
            self.show_notice(f"Opening {sanitize(name, 40)}…")
            try:
                services[name] = await self.accounts.open(name)
            except SluiceError as error:
                failed[name] = str(error)
                self.service.record(f"{sanitize(name, 40)}: {error}")
        for service in services.values():
            if not service.started:
                self.listen_to(service)
                await asyncio.to_thread(service.get_ready)
                service.start()
        if self.screen is asked_on and not self.is_at("all_jobs"):
            self.show_notice("")
            self.push_screen(AllJobsScreen(self.service, services, failed))

    def on_all_jobs_screen_chosen(self, message: AllJobsScreen.Chosen) -> None:
        """Open a job on its account."""
        if not self.is_at("all_jobs", message):
            return
        job = message.job
        if self.accounts.known(message.profile) in (None, self.service):
            self.open_job(job)
        else:
            self.switch_account(message.profile, lambda: self.open_job(job))

    def screens_of(self, service: EmailSecurityService) -> Sequence[ConsoleScreen]:
        """All screens of an account, whether it is shown or not."""
        return [
            screen
            for stack in self._screen_stacks.values()
            for screen in stack
            if isinstance(screen, ConsoleScreen) and screen.service is service
        ]

    def shown_of(self, service: EmailSecurityService) -> Sequence[ConsoleScreen]:
        """The screen that is shown, if it is of this account."""
        return [screen for screen in self.console_screens()[-1:] if screen.service is service]

    def whose(self, service: EmailSecurityService) -> str:
        """The profile of an account that is not shown, before what is told of it."""
        return "" if service is self.service else f"{sanitize(service.settings.profile or 'the other account', 40)}: "
