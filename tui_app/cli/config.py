"""`config`: where the configuration is, what is in effect and why, what is wrong with it, and changing a value."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.cells import cell_len, set_cell_size

from tui_app.cli import NEVER_AN_ARGUMENT
from tui_app.cli.listing import print_status
from tui_app.config.file import checked
from tui_app.config.origins import PROFILE_KEYS, Value, values_in_effect
from tui_app.config.problems import find_problems
from tui_app.config.schema import ConfigFile
from tui_app.config.settings import choose_profile, read_config_file, read_config_text
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.hardening import forbid_memory_dumps
from tui_app.core.paths import config_file, find_state_folder
from tui_app.core.text import json_text, sanitize

_SECRET_KEYS: Final = frozenset({"token", "api_token", "api_key", "key", "secret", "cloudflare_api_token"})
_WIDEST: Final = 60


@click.group()
def config() -> None:
    """Show, check and change the configuration. Nothing is sent, and no token is read or shown."""


def _path() -> Path:
    path = config_file(os.environ)
    if path is None:
        raise UsageError(
            "There is no configuration file: there is no home folder. Set HOME to an absolute path, or MAILSLUICE_CONFIG."
        )
    return path


@config.command()
def path() -> None:
    """Print the path of the configuration file, whether or not it exists."""
    print(sanitize(str(_path()), 4096))


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of key, value and origin.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Print every value in effect, and where it comes from: flag, environment, file, default."""
    forbid_memory_dumps()
    chosen: dict[str, Any] = ctx.obj
    values = values_in_effect(os.environ, **chosen)
    if as_json:
        print(json_text([{"key": each.key, "value": each.value, "origin": each.origin} for each in values]))
        return
    keys = max(cell_len(each.key) for each in values)
    widest = min(_WIDEST, max(cell_len(_words(each)) for each in values))
    for each in values:
        words = _words(each)
        # A long value is not cut: its origin stands behind it.
        print(f"{each.key:<{keys}}  {set_cell_size(words, max(widest, cell_len(words)))}  {each.origin}")
    if theme := _chosen_theme():
        print_status(f"The console shows the theme {theme}: it was chosen there. :theme auto forgets that.")


def _chosen_theme() -> str:
    """The theme that the console remembers; it goes before that of the configuration. Empty = none."""
    from tui_app.core.state_file import StateFile
    from tui_app.remembered import Remembered

    return sanitize(Remembered(StateFile(find_state_folder()), "", {}).theme, 40)


def _words(each: Value) -> str:
    """A value as it would be written into the file."""
    match each.value:
        case None:
            return "-"
        case str(text):
            return sanitize(text)
    return sanitize(json_text(each.value))


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Name all that is wrong with the file, with lines; ends with 2 if anything is."""
    forbid_memory_dumps()
    file = _path()
    problems = find_problems(file)
    name = sanitize(str(file))
    for problem in problems:
        said = problem.sentence
        print(said.replace(name, f"{name}:{problem.line}", 1) if problem.line and said.startswith(name) else said)
    problems_of_console = (
        _problems_of_console(file, read_config_file(file)) if not any(problem.refused for problem in problems) else ()
    )
    for wrong in problems_of_console:
        print(wrong)
    if problems_of_console or any(problem.refused for problem in problems):
        ctx.exit(ExitCode.USAGE)  # what is wrong is the output; the rest is said beside it
    if not os.path.lexists(file):
        if os.environ.get("MAILSLUICE_CONFIG"):
            raise UsageError(f"{name}, which MAILSLUICE_CONFIG names, does not exist.")
        print_status(f"{name} does not exist. mailsluice init writes it.")
    elif not problems:
        print_status(f"{name}: nothing is wrong.")


def _problems_of_console(path: Path, file: ConfigFile) -> Sequence[str]:
    """What is wrong with views, colours and keys; each names the file."""
    from tui_app.console_settings import console_problems

    return console_problems(path, file, SystemClock().now())


def _refuse_new_problems(path: Path, before: str, after: str) -> None:
    """Raise UsageError for what would stop the console only when it starts."""
    try:
        known = {_without_lines(problem) for problem in _problems_of_console(path, checked(path, before))}
    except UsageError:
        known = set()  # it was not right before
    for problem in _problems_of_console(path, checked(path, after)):
        if _without_lines(problem) not in known:
            raise UsageError(f"{problem} Nothing was changed.")


def _without_lines(problem: str) -> str:
    return re.sub(r"line \d+", "", problem)


@config.command("set")
@click.argument("key")
@click.argument("value")
@click.pass_context
def set_value(ctx: click.Context, key: str, value: str) -> None:
    """Set a value in the file; comments and all else stay.

    KEY is guard.max_messages, profiles.NAME.color, or a setting of the profile in use, such as read_only. VALUE is TOML,
    such as true, 25 or '["SPAM"]'; what is none is text.
    """
    from tui_app.setup.config_text import with_value
    from tui_app.setup.storage import write_config

    if key.rpartition(".")[2].lower() in _SECRET_KEYS:
        raise UsageError(NEVER_AN_ARGUMENT)
    file, chosen = _path(), ctx.obj
    before = read_config_text(file)
    profile = choose_profile(os.environ, chosen["profile_name"]).name if key in PROFILE_KEYS else None
    after, whole = with_value(file, before, key, value, profile=profile)
    _refuse_new_problems(file, before, after)
    write_config(file, before, after, make_folder=True)
    print_status(f"{sanitize(str(file))}: {sanitize(whole)} is set.")
