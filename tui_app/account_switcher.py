"""Which account the console shows: each has its own service and its own stack of screens, and goes on when another is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual import work

from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import sanitize
from tui_app.prompt import Prompt
from tui_app.screen_stack import NOT_FROM_HERE
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.terminal.patches import name_first_stack

if TYPE_CHECKING:
    from textual.screen import Screen

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
    last_key: float
    """When the last key came."""

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

        if isinstance(self.screen, ConsoleScreen) and not self.is_shown_already("profiles"):
            if not self.screen.leads_on:
                self.show_notice(NOT_FROM_HERE)
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
        if why_not := self._why_not_left():
            raise UsageError(why_not)

        def go() -> None:
            self.switch_account(name)

        return go

    def _why_not_left(self) -> str:
        """Why no other account can be shown now: what stands on this screen needs its answer here."""
        below = self.console_screens()[-1]
        if not below.leads_on:
            return NOT_FROM_HERE
        waits = below.awaiting and below.screen_name != "plan"  # a plan goes on whichever account is shown
        return "Waiting for the answer of the server." if waits else ""

    @work(exclusive=True, group="account")
    async def switch_account(self, name: str, then: Callable[[], None] = lambda: None) -> None:
        """Show the account of a profile; what is under way on this one goes on, with its own token."""
        if why_not := self._why_not_left():
            self.show_notice(why_not)
            return
        asked_on, key = self.screen, self.last_key
        if self.accounts.known(name) is None:
            self.show_notice(f"Opening {sanitize(name, 40)}…")
        try:
            service = await self.accounts.open(name)
        except SluiceError as error:
            self.service.record(str(error))
            if self.screen is asked_on:
                self.show_notice(str(error))
            return
        if self.screen is not asked_on or key != self.last_key or self._why_not_left():
            # Somebody went on here meanwhile: the account must not change under their fingers.
            self.show_notice(f"{sanitize(name, 40)} is open now: {self.key('profiles.open')} shows it.")
            return
        self.show_notice("")
        mode = next((mode for mode, known in self.shown_in.items() if known is service), "")
        if self.is_at("profiles"):
            self.pop_screen()
        self.service = service
        if not mode:
            mode = f"account {len(self.shown_in)}"
            self.shown_in[mode] = service
            self.listen_to(service)
            self.add_mode(mode, lambda: JobsScreen(service))
        name_first_stack(self)
        await self.switch_mode(mode)
        self.show_title(service)
        then()

    def _open_all_jobs(self) -> None:
        if below := self._all_jobs_below():
            self.back_to(below[-1])
        else:
            self._ask_all_accounts()

    def _all_jobs_below(self) -> Sequence[ConsoleScreen]:
        return [screen for screen in self.console_screens() if screen.screen_name == "all_jobs"]

    @work(exclusive=True, group="all jobs")
    async def _ask_all_accounts(self) -> None:
        """Open all accounts, and show the jobs of all."""
        from tui_app.screens.all_jobs import AllJobsScreen

        asked_on = self.screen
        services: dict[str, EmailSecurityService] = {}
        failed: dict[str, str] = {}
        for name in self.accounts.profiles or (self.accounts.name_of(self.service),):
            if self.screen is asked_on:
                self.show_notice(f"Opening {sanitize(name, 40)}…")
            try:
                services[name] = await self.accounts.open(name)
            except SluiceError as error:
                failed[name] = str(error)
                self.service.record(f"{sanitize(name, 40)}: {error}")
        if self.screen is not asked_on or self.is_at("all_jobs"):
            return
        self.show_notice("")
        services = self._each_account_once(services)
        for service in services.values():
            if not service.started:
                self.listen_to(service)
                service.start()
        self.push_screen(AllJobsScreen(self.service, services, failed))

    def _each_account_once(self, services: dict[str, EmailSecurityService]) -> dict[str, EmailSecurityService]:
        """One service of each account that several profiles name: the one that is shown, else the first."""
        chosen: dict[str, tuple[str, EmailSecurityService]] = {}
        for name, service in services.items():
            account = service.settings.identity
            if account not in chosen or service is self.service:
                chosen[account] = name, service
        return dict(chosen.values())

    def on_all_jobs_screen_chosen(self, message: AllJobsScreen.Chosen) -> None:
        """Open a job on its account."""
        from tui_app.screens.all_jobs import AllJobsScreen

        if not self.is_at("all_jobs", message):
            return
        job, listed = message.job, self.screen

        def open_below_the_list() -> None:
            # Esc leads back to where the job was opened, also on its account's own stack of screens.
            if isinstance(listed, AllJobsScreen):
                self._leave_older_list()
                self.push_screen(listed.again(self.service))
            self.open_job(job)

        if self.accounts.known(message.profile) is self.service:
            self.open_job(job)
        else:
            self.switch_account(message.profile, open_below_the_list)

    def _pop(self, screen: ConsoleScreen) -> None:
        """A list of all jobs that was brought from another account leads back to what it was opened over there."""
        from tui_app.screens.all_jobs import AllJobsScreen

        super()._pop(screen)
        if isinstance(screen, AllJobsScreen) and screen.brought_from is not None and self.screen is not screen:
            self.switch_account(self.accounts.name_of(screen.brought_from), self._leave_list_there)

    def _leave_list_there(self) -> None:
        if isinstance(top := self.screen, ConsoleScreen) and top.screen_name == "all_jobs":
            self._pop(top)

    def _leave_older_list(self) -> None:
        """Leave the list of all jobs as it was here once, with what lies above it, as far as that may be left."""
        older, left = self._all_jobs_below(), list[ConsoleScreen]()
        while older and older[0] not in left and self._may_be_left(top := self.console_screens()[-1]):
            left.append(top)
            self.pop_screen()
        self._note_all_left(left)

    def _may_be_left(self, top: ConsoleScreen) -> bool:
        return self.screen is top and top.leads_on and not top.awaiting and top.may_leave()

    def all_screens(self) -> Sequence[Screen[Any]]:
        """All screens of all accounts."""
        return [screen for stack in self._screen_stacks.values() for screen in stack]

    def screens_of(self, service: EmailSecurityService) -> Sequence[ConsoleScreen]:
        """All screens of an account, whether it is shown or not."""
        return [each for each in self.all_screens() if isinstance(each, ConsoleScreen) and each.service is service]

    def shown_of(self, service: EmailSecurityService) -> Sequence[ConsoleScreen]:
        """The screen that is shown, if it is of this account."""
        return [screen for screen in self.console_screens()[-1:] if screen.service is service]

    @property
    def at_work_elsewhere(self) -> str:
        """The plans that are not over and not shown, also those of other accounts, and where they stand; empty for none."""
        if all(service.plan_state is None for service in self.services):
            return ""
        from tui_app.screens.plan.sums import at_work_or_waits

        plans = [
            f"{self.whose(service)}plan {at_work_or_waits(state)}"
            for service in self.services
            if (state := service.plan_state) is not None and not state.ended and not self._is_shown(service)
        ]
        return ", ".join(plans)

    def _is_shown(self, service: EmailSecurityService) -> bool:
        """Whether the screen that is shown is that of a plan of this account: one at work is nowhere else."""
        shown = self.console_screens()[-1:]
        return service is self.service and bool(shown) and shown[0].screen_name == "plan"

    def whose(self, service: EmailSecurityService) -> str:
        """The profile of an account that is not shown, before what is told of it."""
        return "" if service is self.service else f"{sanitize(self.accounts.name_of(service), 40)}: "
