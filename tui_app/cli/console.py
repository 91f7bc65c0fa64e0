"""Opens the console: first checks of the terminal, then the settings, then the screens."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from tui_app.auth.credentials import CommandCredential
from tui_app.config.settings import Settings, load_settings
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.hardening import forbid_memory_dumps
from tui_app.core.paths import find_state_folder
from tui_app.core.terminal_needs import is_too_plain, is_utf8
from tui_app.core.text import sanitize
from tui_app.terminal.watchdog import ShutdownWatchdog, print_line

if TYPE_CHECKING:
    from tui_app.config.schema import Profile
    from tui_app.service import EmailSecurityService
    from tui_app.setup.conversation import Setup
    from tui_app.setup.situation import Situation
    from tui_app.terminal.practice import PractisingApp


def check_terminal(environment: Mapping[str, str]) -> None:
    """Raise UsageError, which names the commands, if this terminal can't show the console."""
    # Before anything secret is read.
    forbid_memory_dumps()
    # A stream that was closed before we began is None.
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr, sys.stdout)):
        raise UsageError(
            "The console needs a terminal. Without one use the commands, for example: mailsluice jobs --json"
        )
    if is_too_plain(kind := environment.get("TERM", "")):
        raise UsageError(
            f"A terminal of kind '{sanitize(kind, 40)}' can't show the console. Use the commands: mailsluice jobs"
        )
    if not is_utf8(sys.stderr.encoding or ""):
        raise UsageError("The console needs UTF-8 (try LC_ALL=C.UTF-8). Or use the commands: mailsluice jobs")


def run_console(
    settings: Settings,
    state: Path | None = None,
    profiles: Mapping[str, Profile] | None = None,
    load: Callable[[str], Settings] | None = None,
    practise: Callable[[PractisingApp], None] | None = None,
) -> int:
    """Run the console until it ends; returns the exit code. `state` is the folder for journals and facts, if any.

    `profiles` = those that can be switched to, `load` = reads the settings of one, `practise` = gives the app its task.
    """
    # Nothing made before the first frame is garbage; the app collects and freezes it afterwards.
    gc.disable()
    # A thread that decodes a page yields to a key at once, not after five milliseconds each time.
    sys.setswitchinterval(0.0002)
    # A shell may export the size of its window; Textual would use it in place of the terminal's size.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    from tui_app.accounts import Accounts
    from tui_app.app import SluiceApp
    from tui_app.core.state_file import StateFile
    from tui_app.core.ui_priority import UiPriority
    from tui_app.service import EmailSecurityService
    from tui_app.terminal.profile_color import check_colors

    check_colors(settings.profiles)
    priority = UiPriority()
    facts = StateFile(state)

    def make(settings: Settings) -> EmailSecurityService:
        return EmailSecurityService(
            settings,
            clock=SystemClock(),
            random=SystemRandom(),
            state_file=facts,
            state=state,
            yield_to_ui=priority.yield_to_ui,
        )

    first = make(settings)
    accounts = Accounts(first, profiles or {}, load or (lambda name: settings), make)
    app = SluiceApp(first, priority, accounts)
    if practise is not None:
        practise(app)
    threading.excepthook = app.failed_in_a_thread

    def unknown() -> str:
        # The watchdog ends the process next; a token command must not outlive it.
        for service in accounts.opened:
            if isinstance(credential := service.settings.credential, CommandCredential):
                credential.give_up()
        return "No answer came to a write: its outcome is unknown. Look before you send it again."

    with ShutdownWatchdog(
        app.end_by_signal,
        awaited=lambda: any(service.awaits_answer for service in accounts.opened),
        unknown=unknown,
        title=lambda: app.window_title.to_restore,
        longest=lambda: max(service.longest_wait for service in accounts.opened),
    ):
        # A terminal that is gone can't be written to; the watchdog sets the exit code for that.
        with contextlib.suppress(BrokenPipeError, OSError):
            app.run(mouse=False)
        app.end_input()
        for service in accounts.opened:
            _tell_what_is_left(service)
    # An outcome that became unknown after the screens were closed must not look like success.
    unknowns = sum(service.unknown_after_leaving for service in accounts.opened)
    return app.return_code or (ExitCode.UNKNOWN_OUTCOME if unknowns else 0)


def _tell_what_is_left(service: EmailSecurityService) -> None:
    """Say on the terminal how the last plan of an account stands, and what came while the console was closing."""
    state = service.plan_state
    if state is not None and state.plan.plan_id not in service.waiting_plans:
        left, plan_id = state.abandoned(), state.plan.plan_id
        resume = f"mailsluice {service.settings.named}ledger resume {plan_id}"
        way_on = f". Unfinished: open the console again, or {resume}" if left.unfinished else ""
        print_line(f"{state.plan.effect.title}, plan {plan_id}: {left.describe()}{way_on}", timeout=2.0)
    for words in service.last_results:
        print_line(words, timeout=2.0)


def open_console(*, profile_name: str | None, read_only: bool) -> int:
    """Open the console on the configured account; where nothing is configured, ask for it first.

    Returns the exit code. Raises UsageError.
    """
    check_terminal(os.environ)
    environment = dict(os.environ)
    try:
        settings = load_settings(environment, profile_name=profile_name, read_only=read_only)
    except UsageError:
        from tui_app.setup.situation import first_start

        situation = first_start(os.environ, profile_name=profile_name)
        if situation is None:
            raise  # something is configured, and wrong
    else:
        return _run_on(settings, environment, read_only=read_only)
    return _begin(situation, read_only=read_only)


def _run_on(settings: Settings, environment: Mapping[str, str], *, read_only: bool) -> int:
    """The console on an account, from which the other profiles can be shown, too."""

    def load(name: str) -> Settings:
        return load_settings(environment, profile_name=name, read_only=read_only, may_ask=False)

    return run_console(settings, find_state_folder(), settings.profiles, load)


def _begin(situation: Situation, *, read_only: bool) -> int:
    """The first start, then the console on what was answered."""
    from tui_app.setup.answers import EXPORT, TokenPlace
    from tui_app.setup.conversation import NOTHING_WRITTEN, Setup

    setup = Setup(situation, SystemClock(), SystemRandom())
    if (code := _run_setup(setup)) or not setup.done:
        print_line(f"mailsluice: not set up. {NOTHING_WRITTEN}")
        return code
    environment = setup.environment_after(os.environ)
    settings = load_settings(environment, profile_name=setup.profile or None, read_only=read_only or setup.read_only)
    code = _run_on(settings, environment, read_only=read_only)
    print_line(setup.summary())
    if setup.place is TokenPlace.ENVIRONMENT and not setup.token_is_given:
        print_line(f"The token is stored nowhere. Before the next start: {EXPORT}")
    return code


def _run_setup(setup: Setup) -> int:
    """The screens of the first start; returns the exit code."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    from tui_app.setup_app import SetupApp

    app = SetupApp(setup)
    threading.excepthook = app.failed_in_a_thread
    with ShutdownWatchdog(app.end_by_signal), contextlib.suppress(BrokenPipeError, OSError):
        app.run(mouse=False)
    app.end_input()
    return app.return_code or 0
