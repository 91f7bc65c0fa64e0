"""`init`: the first start on the command line."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import click

from tui_app.auth.credentials import MAX_TOKEN_BYTES, CommandCredential, token_from_file
from tui_app.cli.listing import print_status
from tui_app.cli.runner import run_to_end
from tui_app.config.settings import check_account_id, check_base_url
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode, SluiceError, UsageError
from tui_app.core.hardening import forbid_memory_dumps
from tui_app.core.text import sanitize
from tui_app.setup.answers import EXPORT, TokenPlace, check_profile_name, parsed_command
from tui_app.setup.conversation import NOTHING_WRITTEN, Setup
from tui_app.setup.situation import ACCOUNT, BASE_URL, TOKEN, look_around

if TYPE_CHECKING:
    from tui_app.setup.account_check import AccountList, TokenCheck

_SHOWN_ACCOUNTS: Final = 20
_ONE_OF: Final = "--token-stdin, --token-file FILE, --token-command COMMAND or --token-from-environment"


class NotVerifiedError(SluiceError):
    """The API does not accept the token, or could not be asked."""

    exit_code = ExitCode.API


@click.command()
@click.option("--profile", metavar="NAME", help="Name of the profile; without it one from the account's name.")
@click.option("--account", metavar="ID", help="Account id; without it the accounts of the token are listed.")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@click.option("--token-file", metavar="FILE", help="The file that holds the token, or to which it is written.")
@click.option("--token-command", metavar="COMMAND", help="A command that prints the token; no shell runs it.")
@click.option("--token-from-environment", is_flag=True, help=f"{TOKEN} holds the token; it is stored nowhere.")
@click.option("--read-only/--no-read-only", default=None, help="Look, never write; suggested, and the default.")
@click.option("--base-url", metavar="URL", help=f"Another address of the API; also {BASE_URL}.")
@click.option("--yes", is_flag=True, help="Ask nothing; replace a profile of the same name.")
@click.pass_context
def init(
    ctx: click.Context,
    profile: str | None,
    account: str | None,
    token_stdin: bool,
    token_file: str | None,
    token_command: str | None,
    token_from_environment: bool,
    read_only: bool | None,
    base_url: str | None,
    yes: bool,
) -> None:
    """Verify a token, choose an account, and write both into the configuration, mode 0600.

    On a terminal it asks for what is missing; the token is typed or pasted, and not shown. A token is never an argument.
    """
    forbid_memory_dumps()
    # Whoever pipes a token in can't be asked.
    asks = not yes and not token_stdin and sys.stdin.isatty()
    profile = profile or ctx.obj["profile_name"]
    read_only = True if ctx.obj["read_only"] and read_only is None else read_only
    _check_options(profile, token_stdin, token_file, token_command, token_from_environment)
    changes = {ACCOUNT: check_account_id(account)} if account else {}
    changes |= {BASE_URL: check_base_url(base_url)} if base_url else {}
    situation = look_around({**os.environ, **changes})
    setup = Setup(situation, SystemClock(), SystemRandom())
    if situation.config is None:
        raise UsageError(f"There is nowhere to write the configuration: {situation.why_nowhere}.")
    if asks:
        for finding in situation.findings():
            print_status(f"  {'+' if finding.found else '-'} {finding.what:<14} {finding.words}")
    pasted = _take_source(setup, token_stdin, token_file, token_command, token_from_environment, asks=asks)
    if pasted is None:
        _ask_for_token(setup)
    else:
        _verify(setup, pasted, asks=asks)
    _take_account(setup, situation.account_id, asks=asks, yes=yes)
    if asks and not (token_file or token_command or token_from_environment):
        _ask_for_place(setup)
    name = profile or setup.suggested_profile()
    if asks and profile is None:
        name = click.prompt("Name of the profile", default=name, err=True, value_proc=_asked_name)
    if read_only is None:
        read_only = click.confirm("Read-only: look first, never write?", default=True, err=True) if asks else True
    replaces = setup.has_profile(check_profile_name(name))
    if replaces and not yes:
        question = f"Replace the profile {name}, with all its settings?"
        if not (asks and click.confirm(question, default=False, err=True)):
            raise UsageError(
                f"There is a profile '{name}' already: choose another --profile, or replace it with --yes. {NOTHING_WRITTEN}"
            )
    setup.write(name, read_only=read_only, color=None, replace_profile=replaces)
    print_status(setup.summary())
    if setup.place is TokenPlace.ENVIRONMENT:
        print_status(f"The token is stored nowhere. Before each start, in the shell: {EXPORT}")
    default = look_around({**os.environ, **changes}).file.default_profile
    print_status("Open it with: mailsluice" + ("" if default == name else f" --profile {name}"))


def _check_options(
    profile: str | None, from_stdin: bool, file: str | None, command: str | None, from_environment: bool
) -> None:
    if profile is not None:
        check_profile_name(profile)
    # A file beside standard input is the one to write to.
    if (from_stdin or bool(file)) + bool(command) + from_environment > 1:
        raise UsageError(f"Choose one of {_ONE_OF}.")


def _take_source(
    setup: Setup, from_stdin: bool, file: str | None, command: str | None, from_environment: bool, *, asks: bool
) -> str | None:
    """Where the token comes from and lives; the token, empty for that of the environment, None where it is to be asked for.

    Raises UsageError.
    """
    setup.kept_in = _absolute(file) if file else None
    if from_stdin:
        return sys.stdin.read(MAX_TOKEN_BYTES + 2)
    if setup.kept_in is not None and (not asks or os.path.lexists(setup.kept_in.expanduser())):
        return token_from_file(setup.kept_in).reveal()
    if command:
        setup.place, setup.command = TokenPlace.COMMAND, parsed_command(command)
        return CommandCredential(setup.command).token.reveal()
    if from_environment:
        if setup.situation.token is None:
            raise UsageError(f"{TOKEN} is not set.")
        setup.place = TokenPlace.ENVIRONMENT
        return ""
    if not asks:
        raise UsageError(f"No token: {_ONE_OF}.")
    return None


def _verify(setup: Setup, pasted: str, *, asks: bool) -> None:
    """Verify a token. Raises NotVerifiedError; where somebody can be asked, not for one that may be an account's own."""
    check: TokenCheck = run_to_end(setup.take_token(pasted))
    if not check.good and not (check.unknown_kind and asks):
        raise NotVerifiedError(f"{check.sentence} {NOTHING_WRITTEN}")
    print_status(check.sentence)


def _ask_for_token(setup: Setup) -> None:
    """Ask until there is a token that may be used; ctrl+c leaves."""
    given = f", enter for that of {TOKEN}" if setup.situation.token is not None else ""
    while True:
        pasted = _hidden_line(f"API token (not shown{given}): ")
        try:
            return _verify(setup, pasted, asks=True)
        except (UsageError, NotVerifiedError) as error:
            print_status(f"{error} ctrl+c leaves.")


def _asked_name(name: str) -> str:
    """A name that was typed; click asks again for one that is none."""
    try:
        return check_profile_name(name)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def _absolute(file: str) -> Path:
    path = Path(file)
    return path if file.startswith(("~", "$")) else path.absolute()


def _hidden_line(question: str) -> str:
    """A line of the terminal that is not shown; where it would be, nothing is asked. Raises UsageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(question)
    except (getpass.GetPassWarning, EOFError):
        raise UsageError(f"This terminal would show the token: use {_ONE_OF}.") from None


def _take_account(setup: Setup, known: str | None, *, asks: bool, yes: bool) -> None:
    """Choose the account, and ask whether its Email Security answers. Raises SluiceError."""
    while True:
        account = known or (_chosen(setup.accounts, asks=asks) if setup.accounts is not None else "")
        check: TokenCheck = run_to_end(setup.take_account(account))
        if check.good:
            break
        if known or not asks:
            raise NotVerifiedError(f"{check.sentence} {NOTHING_WRITTEN}")
        print_status(f"{check.sentence} ctrl+c leaves.")
    service = setup.service
    if service is None or service.answers or yes:
        print_status(service.sentence if service is not None else "")
    elif not (asks and click.confirm(f"{service.sentence}\nGo on all the same?", default=False, err=True)):
        raise NotVerifiedError(f"{service.sentence} {NOTHING_WRITTEN} With --yes it is written all the same.")


def _chosen(listed: AccountList, *, asks: bool) -> str:
    """The id of an account: the only one, or one that is chosen, or typed."""
    accounts = listed.accounts
    if listed.sentence:
        print_status(listed.sentence)
    if len(accounts) == 1 and not listed.sentence:
        print_status(f"Account {accounts[0].id} {accounts[0].name}")
        return accounts[0].id
    for number, account in enumerate(accounts[:_SHOWN_ACCOUNTS], 1):
        print_status(f"  {number:>2}  {account.id}  {account.name}")
    if len(accounts) > _SHOWN_ACCOUNTS:
        print_status(f"  and {len(accounts) - _SHOWN_ACCOUNTS:,} more")
    if not asks:
        raise UsageError(f"Which account? Give its id with --account ID. {NOTHING_WRITTEN}")

    def taken(answer: str) -> str:
        """The id; click asks again for what is neither a number nor an id."""
        answer = answer.strip()
        if answer.isascii() and answer.isdecimal() and len(answer) < 9 and 1 <= int(answer) <= len(accounts):
            return accounts[int(answer) - 1].id
        try:
            return check_account_id(answer)
        except UsageError as error:
            raise click.UsageError(str(error)) from None

    question = "Number or id of the account" if accounts else "Account id (what you type is not shown)"
    # Without a list the token may have been refused: what is pasted next may be the token again, and is not shown.
    return str(click.prompt(question, err=True, hide_input=not accounts, value_proc=taken))


def _ask_for_place(setup: Setup) -> None:
    """Ask where the token lives; a command is run once."""
    places = [place.value for place in setup.places()]
    answer = click.prompt(
        "Where does the token live: a file (0600), a command that prints it, or the environment",
        type=click.Choice(places),
        default=places[0],
        err=True,
    )
    setup.place = TokenPlace(answer)
    while setup.place is TokenPlace.COMMAND and not setup.command:
        try:
            setup.check_command(parsed_command(click.prompt("Command", err=True)))
        except UsageError as error:
            print_status(sanitize(str(error), 1000))
