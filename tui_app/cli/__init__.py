"""The command line. A command is imported when it is run, so that `--help` is fast."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from tui_app import __version__
from tui_app.cli.streams import OutputGone, fill_closed_streams, install_plain_output, why_lost
from tui_app.core.errors import ExitCode, SluiceError, UsageError
from tui_app.core.hardening import set_certificate_variables_aside, silence_libraries
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "jobs": ("tui_app.cli.jobs", "jobs", "List bulk jobs."),
    "job": ("tui_app.cli.jobs", "job", "Show one bulk job."),
    "watch": ("tui_app.cli.watch", "watch", "Watch jobs until they end; the exit code says how."),
    "messages": ("tui_app.cli.messages", "messages", "List the messages of a job."),
    "create": ("tui_app.cli.create", "create", "Start a bulk job on the messages that a search finds."),
    "cancel": ("tui_app.cli.jobs", "cancel", "Cancel running jobs."),
    "delete": ("tui_app.cli.jobs", "delete", "Delete ended jobs from the lists."),
    "mail": ("tui_app.cli.mail", "mail", "Search all mail."),
    "quarantine": ("tui_app.cli.mail", "quarantine", "Search held messages."),
    "message": ("tui_app.cli.message", "message", "Show one message, and why it was detected."),
    "release": ("tui_app.cli.release", "release", "Release held messages by id."),
    "move": ("tui_app.cli.release", "move", "Move delivered messages to a folder, by id."),
    "retry": ("tui_app.cli.follow_up", "retry", "Try again what failed of a job or a plan."),
    "undo": ("tui_app.cli.follow_up", "undo", "Take back what a job or a plan did."),
    "ledger": ("tui_app.cli.ledger", "ledger", "Show what was written, by whom and why; resume unfinished plans."),
    "report": ("tui_app.cli.report", "report", "Write the report of a job or a plan."),
    "handover": ("tui_app.cli.handover", "handover", "Write what the next shift has to know."),
    "doctor": ("tui_app.cli.doctor", "doctor", "Check terminal, configuration, connection and account."),
    "completion": ("tui_app.cli.completion", "completion", "Print the script that completes commands in a shell."),
    "init": ("tui_app.cli.init", "init", "Set up: verify a token, choose an account, write the configuration."),
    "config": ("tui_app.cli.config", "config", "Show, check and change the configuration."),
    "demo": ("tui_app.cli.demo", "demo", "The console on a simulated account; no token needed."),
    "simulate": ("tui_app.cli.simulate", "simulate", "Serve a simulated account on loopback."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Its commands by their names alone: to import them all takes longer than a key may."""
        from tui_app.cli.completion import fitting_commands

        commands = fitting_commands(((name, about) for name, (_, _, about) in _COMMANDS.items()), incomplete)
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, _, help_text) in _COMMANDS.items()])


_COMPLETING: Final = "_MAILSLUICE_COMPLETE"
"""The variable by which a shell asks what fits."""
_LONGEST: Final = 4096
"""Characters of an error's sentence that are printed at most."""
SECRETS = ("--token", "--api-token", "--api-key")
NEVER_AN_ARGUMENT = (
    "A token must not be an argument: every user of this machine can read it there. "
    "Revoke this token, create a new one, and set CLOUDFLARE_API_TOKEN or token_file. Nothing was sent."
)


def _never_in_arguments(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise UsageError(NEVER_AN_ARGUMENT)


def _complete_profile(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    from tui_app.cli.completion import complete_profile

    return complete_profile(ctx, param, incomplete)


@click.group(cls=_LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--profile", metavar="NAME", shell_complete=_complete_profile, help="A profile of the configuration file."
)
@click.option("--read-only", is_flag=True, help="Hide and refuse all writes.")
@click.option(*SECRETS, hidden=True, expose_value=False, callback=_never_in_arguments)
@click.version_option(__version__, prog_name="mailsluice")
@click.pass_context
def cli(ctx: click.Context, profile: str | None, read_only: bool) -> None:
    """A terminal console for Cloudflare Email Security bulk jobs and quarantine release.

    Without a command it opens the console. The account comes from CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID,
    or from a profile. Exit codes: 0 done, 2 usage, 3 refused by the guard, 4 partly failed, 5 outcome unknown, 6 API.
    """
    ctx.obj = {"profile_name": profile, "read_only": read_only}
    if ctx.invoked_subcommand is None:
        from tui_app.cli.console import open_console

        ctx.exit(open_console(profile_name=profile, read_only=read_only))


def _print_error(sentence: object) -> None:
    """Print an error as one line on standard error."""
    print(f"mailsluice: {sanitize(str(sentence), _LONGEST)}", file=sys.stderr)


def _describe_os_error(error: OSError) -> str:
    """The text of an unexpected error of the system, with the file if there is one."""
    what = error.strerror or "a file or the output failed"
    return f"{what}." if error.filename is None else f"{error.filename}: {what}."


def _crashed(error: Exception) -> ExitCode:
    """Report an internal error without any data; returns the exit code."""
    from datetime import UTC, datetime

    from tui_app.core.crash_report import write_crash_report
    from tui_app.core.paths import find_state_folder

    report = write_crash_report(error, find_state_folder(), datetime.now(UTC))
    more = f" Details without any data: {report}" if report else ""
    _print_error(f"stopped by an internal error ({type(error).__name__}). Please report it.{more}")
    return ExitCode.UNEXPECTED


def main() -> None:
    """Run the command line and exit with its code."""
    if _COMPLETING in os.environ:
        from tui_app.cli.completion import complete

        fill_closed_streams()
        _leave(complete(cli))
    # Textual reads TEXTUAL_* from the environment; some of them press keys. A shell must not do that.
    for name in [name for name in os.environ if name.startswith("TEXTUAL")]:
        del os.environ[name]
    # Rich takes the widths of characters from the Unicode version that it names: the terminal has the newest.
    os.environ.pop("UNICODE_VERSION", None)
    code: Any
    # Milliseconds after a lone esc in which the rest of a sequence may come; the operator may set another value.
    waits = os.environ.get("ESCDELAY", "")
    os.environ["ESCDELAY"] = waits if waits.isascii() and waits.isdecimal() and 10 <= int(waits[:9]) <= 500 else "50"
    set_certificate_variables_aside()
    # GNU screen hands on what the terminal around it can, and turns true colours into something else.
    if (os.environ.get("STY") or os.environ.get("TERM", "").startswith("screen")) and "TMUX" not in os.environ:
        os.environ.pop("COLORTERM", None)
    fill_closed_streams()
    install_plain_output()
    silence_libraries()
    try:
        # `start` gave SIGINT its default; from here on it is handled.
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.NoSuchOption as error:
        if error.option_name in SECRETS:
            _print_error(NEVER_AN_ARGUMENT)
        else:
            error.show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except OutputGone:
        code = ExitCode.DONE
    except OSError as error:
        _print_error(_describe_os_error(error))
        code = ExitCode.UNEXPECTED
    except SluiceError as error:
        _print_error(error)
        code = error.exit_code
    except Exception as error:
        code = _crashed(error)
    _leave(_after_output(code if isinstance(code, int) else ExitCode.DONE))


def _after_output(code: int) -> int:
    """The exit code, once all output is written: a lost one is told, and never all right."""
    sys.stdout.flush()
    lost = why_lost()
    if lost:
        _print_error(f"the output can't be written: {lost}.")
    return code or (ExitCode.UNEXPECTED if lost else ExitCode.DONE)


def _leave(code: int) -> NoReturn:
    """End with this code."""
    if sys.flags.inspect:
        # PYTHONINSPECT: Python would print a traceback, and open a prompt in a process that has the token.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
