"""The prompt of the console: what is typed behind `:` is checked here, and done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from textual import work

from tui_app.core.clock import parse_moment
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.id_form import is_investigate_id
from tui_app.core.query import QueryError
from tui_app.core.text import Untrusted, sanitize
from tui_app.key_map import first_key
from tui_app.navigation import Navigation
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.terminal.themes import THEME_CHOICES
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from tui_app.actions import Action
    from tui_app.config.schema import View
    from tui_app.console_commands import Offer
    from tui_app.screens.prompt import PromptScreen
    from tui_app.service import EmailSecurityService

Go = Callable[[], Awaitable[None] | None]
_KEPT: Final = 50
"""Lines that can be done again."""
_PLACES: Final = {"mailsluice jobs": "the list of jobs", "mailsluice ledger list": "the ledger"}
"""Where the console has what a sentence names a command for."""
_THEMES: Final = ("auto", *THEME_CHOICES)
_EXPORTS: Final = ("rows.export", "job.export", "plan.report", "part.save", "handover.save")
_SETTINGS: Final = ("canary", "batch_size", "move_batch_size", "bell")


class Prompt(Navigation):
    """The part of the app that does what is typed. Each command is checked first: until then the prompt stays open."""

    keys_count_from: float
    """When what is shown now was there."""

    @cached_property
    def _histories(self) -> dict[str, list[str]]:
        return {}

    @property
    def _history(self) -> list[str]:
        """What was done on the account that is shown."""
        return self._histories.setdefault(self.current_mode, [])

    @cached_property
    def _left_lines(self) -> dict[str, str]:
        """What was typed when the prompt was left without doing it, by account."""
        return {}

    def action_prompt_open(self) -> None:
        """Ask for a command."""
        from tui_app.console_commands import offers
        from tui_app.screens.prompt import PromptScreen

        screen = self.screen
        if not isinstance(screen, ConsoleScreen):
            return
        known = screen.key_map.at(screen.screen_name, read_only=self.service.settings.read_only)
        why_not = {action.id: screen.why_not_here(action.id) for action in known}

        def found(line: str) -> list[Offer]:
            return offers(line, known, self._arguments, self._history, why_not)

        about = screen.screen_name.replace("_", " ")
        self.push_screen(PromptScreen(found, self._left_lines.pop(self.current_mode, ""), about))

    def on_prompt_screen_left(self, message: PromptScreen.Left) -> None:
        """Back; what was typed is there the next time."""
        self._left_lines[self.current_mode] = message.line
        self._close_prompt()

    def _close_prompt(self) -> None:
        from tui_app.screens.prompt import PromptScreen

        if isinstance(self.screen, PromptScreen):
            self.pop_screen()

    async def on_prompt_screen_entered(self, message: PromptScreen.Entered) -> None:
        """Check what was entered, then close the prompt and do it: before the next key, unless it waits for an answer."""
        from tui_app.console_commands import parse
        from tui_app.screens.prompt import PromptScreen

        prompt, offer = self.screen, message.offer
        if not isinstance(prompt, PromptScreen):
            return
        command = None if offer.action is not None else parse(offer.line)[0]
        if command is not None and command.waits:
            self._do_later(offer, prompt)
        else:
            await self._do(offer, prompt)

    @work(exclusive=True, group="prompt")
    async def _do_later(self, offer: Offer, prompt: PromptScreen) -> None:
        await self._do(offer, prompt, waits=True)

    async def _do(self, offer: Offer, prompt: PromptScreen, *, waits: bool = False) -> None:
        prompt.busy = waits
        try:
            go = self._of_action(offer.action) if offer.action is not None else await self._of_line(offer.line, prompt)
        except (SluiceError, QueryError) as error:
            if self.screen is prompt:
                self._tell_prompt(prompt, offer, error)
            return  # else it was left meanwhile: nobody waits for it
        if self.screen is not prompt:
            return
        if offer.action is None:
            self._history[:] = [*(line for line in self._history if line != offer.line), offer.line][-_KEPT:]
        if waits and prompt.line != prompt.entered:
            self._left_lines[self.current_mode] = prompt.line  # what was typed meanwhile is there the next time
        self._close_prompt()
        if waits:
            # What was typed while it was being looked for was for the prompt.
            self.keys_count_from = monotonic()
        try:
            if (going := go()) is not None:
                await going
        except (SluiceError, QueryError) as error:
            self.show_notice(str(error))

    @staticmethod
    def _tell_prompt(prompt: PromptScreen, offer: Offer, error: SluiceError | QueryError) -> None:
        prompt.busy = False
        if isinstance(error, QueryError):
            prompt.show_mistake(str(error), offer.line, error.start, error.end)
            return
        said = error.cause
        for command, place in _PLACES.items():
            said = said.replace(command, place)
        prompt.say(said)

    def _of_action(self, action: Action) -> Go:
        """An action of the screen below. Raises UsageError where it can't be done from here."""
        below = self.console_screens()[-1]
        if why_not := below.why_not_here(action.id):
            raise UsageError(f"Not now: {why_not}")
        if action.acts_at_once:
            raise UsageError(f"This sends at once, so it has only its key: esc, then {first_key(action)}.")

        async def go() -> None:
            namespace = below if hasattr(below, f"action_{action.method}") else self
            await self.run_action(action.method, namespace)

        return go

    async def _of_line(self, line: str, prompt: PromptScreen) -> Go:
        """What a command does. Raises UsageError, QueryError, ApiError: it can't be done, and why."""
        from tui_app.console_commands import parse

        command, rest = parse(line)
        if command is None:
            raise UsageError(f"'{sanitize(line, 40)}' is no command. tab completes, esc leaves.")
        if command.needs_more and not rest:
            raise UsageError(f"{command.name} needs {command.takes}.")
        if rest and not command.takes:
            raise UsageError(f"{command.name} takes nothing behind it.")
        begin = len(line) - len(rest)
        try:
            return await self._checked(command.name, rest, prompt)
        except QueryError as error:
            raise QueryError(str(error), begin + error.start, begin + error.end) from None
        except ValueError as error:
            raise UsageError(str(error)) from None

    async def _checked(self, name: str, rest: str, prompt: PromptScreen) -> Go:
        match name:
            case "job":
                return await self._job(rest, prompt)
            case "plan":
                return await self._plan(rest, prompt)
            case "message":
                if not is_investigate_id(rest):
                    raise UsageError("That is not the id of a message: ‹view.copy› on a message copies it.")
                return lambda: self.open_message_of(Untrusted(rest))
            case "jobs":
                return self._jobs(rest)
            case "mail" | "quarantine":
                return self._mail(rest, held=name == "quarantine")
            case "ledger":
                return self._ledger(rest)
            case "since":
                parse_moment(rest, self.service.clock.now())
                return self._ledger(f"since:{rest}")
            case "view":
                return self._view(rest)
            case "profile":
                return self._profile(rest)
            case "theme":
                return self._theme(rest)
            case "set":
                return self._set(rest)
            case "handover":
                from tui_app.reports.handover import parse_since

                since = rest.removeprefix("since").strip()
                moment = parse_since(since, self.service.clock.now()) if since else None
                return lambda: self._open_handover(moment)
            case "export":
                return self._export()
            case "columns":
                return self.action_columns_open
            case "doctor":
                return self.action_doctor_open
            case "command":
                return self.action_command_show
            case "activity":
                return self.action_activity_open
            case "help":
                return self.action_help_open
            case "quit":
                return self.action_app_quit
            case _:
                raise UsageError(f"{name} can't be done by this version.")

    # ---- commands

    async def _job(self, name: str, prompt: PromptScreen) -> Go:
        from tui_app.jobs.job_id import check_job, whole_job_id

        checked = check_job(name)
        prompt.say("Looking for the job…")
        job = await self.service.jobs.read(await whole_job_id(self.service.client, checked))
        return lambda: self.open_job(job)

    async def _plan(self, name: str, prompt: PromptScreen) -> Go:
        prompt.say("Reading the ledger…")
        entry = await asyncio.to_thread(self.service.plans.ledger.find, name)
        return lambda: self.open_plan(entry)

    def _jobs(self, line: str) -> Go:
        from tui_app.jobs.job_filter import parse_job_filter

        if line == "all":
            self.check_way_to("all_jobs")
            return self._open_all_jobs
        parse_job_filter(line, self.service.clock.now())
        self.check_way_to("jobs")

        def go() -> None:
            if isinstance(root := self.back_to_first(), JobsScreen):
                root.show_all_by(line)

        return go

    def _mail(self, line: str, *, held: bool) -> Go:
        from tui_app.mail.query import ALL_MAIL, HELD_MAIL, parse_query

        parse_query(line, self.service.clock.now(), HELD_MAIL if held else ALL_MAIL)
        self.check_way_to("quarantine" if held else "mail")
        return lambda: self.show_mail(held=held, line=line or None)

    def _ledger(self, line: str) -> Go:
        from tui_app.plans.ledger_filter import parse_ledger_filter

        parse_ledger_filter(line, self.service.clock.now())
        self.check_way_to("ledger")
        return lambda: self.show_ledger(line)

    def _view(self, rest: str) -> Go:
        verb, _, name = rest.partition(" ")
        remembered, name = self.service.remembered, name.strip()
        if verb == "save":
            view = self._view_now()
            if view is None:
                raise UsageError("A view is kept of Jobs, Quarantine, Mail and the ledger; this is another screen.")
            kept = remembered.save_view(name, view)
            until = "" if kept else " Until the console ends: the state file can't be written, or is full."
            return lambda: self.show_notice(f"Saved: :view {name} shows this again.{until}")
        if verb == "forget":
            remembered.forget_view(name)
            return lambda: self.show_notice(f"The view {name} is forgotten.")
        view = remembered.views.get(rest)
        if view is None:
            known = ", ".join(remembered.views) or "none yet; :view save NAME keeps what is shown"
            raise UsageError(f"There is no view '{sanitize(rest, 40)}'. Views: {sanitize(known, 200)}.")
        self._check_view(view)
        self.check_way_to(view.screen)
        return lambda: self.show_view(view)

    def _view_now(self) -> View | None:
        return next((view for screen in reversed(self.console_screens()) if (view := screen.view()) is not None), None)

    def _theme(self, name: str) -> Go:
        if name not in _THEMES:
            raise UsageError(f"There is no theme '{sanitize(name, 40)}'. Themes: {', '.join(_THEMES)}.")

        def go() -> None:
            chosen = "" if name == "auto" else name
            self.service.remembered.theme = chosen
            self.use_theme(chosen or self.service.settings.ui.theme)
            self.show_notice(
                f"Theme {name}, also the next time. :theme auto forgets it."
                if chosen
                else "The theme of the configuration."
            )

        return go

    @property
    def profile_names(self) -> Sequence[str]:
        """The profiles of the configuration."""
        return ()

    @property
    def services(self) -> Sequence[EmailSecurityService]:
        """The services of all accounts that were opened."""
        return (self.service,)

    def _profile(self, name: str) -> Go:
        raise NotImplementedError

    def _open_all_jobs(self) -> None:
        raise NotImplementedError

    def use_theme(self, name: str) -> None:
        """Show other colours."""

    def _set(self, rest: str) -> Go:
        name, _, value = rest.partition(" ")
        if name not in _SETTINGS:
            raise UsageError(f"'{sanitize(name, 40)}' can't be set here. Settings: {', '.join(_SETTINGS)}.")
        value = {"on": "true", "yes": "true", "off": "false", "no": "false"}.get(value.strip().lower(), value.strip())
        # Ringing is the console's, which asks the first account; how plans run is that of the account that is shown.
        changed = (self.services[0] if name == "bell" else self.service).set_for_session(name, value)
        return lambda: self.show_notice(f"{name} is {changed} until the console ends.")

    def _export(self) -> Go:
        here = {
            action.id: action
            for action in self.key_map.actions
            if self.console_screens()[-1].screen_name in action.where
        }
        found = next((here[name] for name in _EXPORTS if name in here), None)
        if found is None:
            raise UsageError("There is nothing to export here.")
        return self._of_action(found)

    # ---- what may come behind a command

    def _arguments(self, command: str) -> Iterable[tuple[str, str]]:
        match command:
            case "job":
                return self._known_jobs()
            case "jobs":
                return [("all", "of all profiles"), ("failed:>0 ", "with failures"), ("age:<1d ", "of the last day")]
            case "view":
                known = [(name, view.screen) for name, view in self.service.remembered.views.items()]
                return [*known, ("save ", "keeps what is shown"), ("forget ", "drops one")]
            case "profile":
                return [(name, "") for name in self.profile_names]
            case "theme":
                return [(name, "") for name in _THEMES]
            case "set":
                plans, ui = self.service.settings.plans, self.services[0].settings.ui
                now = {name: getattr(plans, name, None) for name in _SETTINGS} | {"bell": str(ui.bell).lower()}
                return [(f"{name} ", f"now {value}") for name, value in now.items()]
            case "handover":
                return [("since 06:00", ""), ("since 12h", ""), ("since 24h", "")]
            case "since":
                return [("06:00", ""), ("24h", ""), ("7d", "")]
            case _:
                return ()

    def _known_jobs(self) -> Sequence[tuple[str, str]]:
        """Those of the list, as it is loaded."""
        from tui_app.jobs.progress import describe_action

        root = self.console_screens()[0]
        jobs: Iterable[Any] = root.jobs if isinstance(root, JobsScreen) else ()
        return [(str(job.job_id)[:8], PrivateText(f"{describe_action(job)} · {job.comment or ''}")) for job in jobs][
            :200
        ]
