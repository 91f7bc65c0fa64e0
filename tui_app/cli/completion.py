"""`completion`: the script by which a shell completes commands, and the answers to it.

The shell runs this program for each TAB: nothing is sent, no token is read, no command is run, and nothing is said but
the words that fit. Names come from the configuration file, if it may be obeyed, and from the names of journals.
"""

from __future__ import annotations

import gc
import os
import re
import shlex
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from tui_app.core.paths import config_file, find_state_folder, is_private

PROGRAM: Final = "mailsluice"
VARIABLE: Final = "_MAILSLUICE_COMPLETE"
"""The variable by which the script asks."""
_PLAIN_NAME: Final = re.compile(r"[\w.@+-]{1,80}")
"""What means nothing else to any shell: other names are not offered."""
_JOURNAL: Final = re.compile(r"(\d{6,18})-([0-9a-f]{8})\.jsonl")
_MOST_PLANS: Final = 50


class _Bash(BashComplete):
    """bash takes `--status=C` for three words."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        joined = [word for before, word in zip(["", *args], args, strict=False) if not _is_equals_sign(before, word)]
        return joined, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        # What is completed goes into the line as it is.
        return f"{item.type},{shlex.quote(str(item.value))}"


class _WholeWords(ShellComplete):
    """Other shells replace all of `--status=C`, so the name of the option must be in what replaces it."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        found = super().get_completions(args, incomplete)
        name, equals, _ = incomplete.partition("=")
        if not equals or not name.startswith("--"):
            return found
        # They can't complete a file behind a name.
        return [CompletionItem(f"{name}={item.value}", help=item.help) for item in found if item.type == "plain"]


class _Zsh(_WholeWords, ZshComplete):
    """zsh."""


class _Fish(_WholeWords, FishComplete):
    """The script of click reads the description up to the first comma."""

    def format_completion(self, item: CompletionItem[str]) -> str:
        item.help = item.help.replace(",", ";") if item.help else item.help
        return super().format_completion(item)


_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def _is_equals_sign(before: str, word: str) -> bool:
    return word == "=" and before.startswith("--")


@click.command()
@click.argument("shell", type=click.Choice(tuple(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and values in bash (4.4 or newer), zsh or fish.

    \b
    bash: mailsluice completion bash > ~/.local/share/bash-completion/completions/mailsluice
    zsh:  mailsluice completion zsh > DIR/_mailsluice, where DIR is in $fpath
    fish: mailsluice completion fish > ~/.config/fish/completions/mailsluice.fish
    """
    root = ctx.find_root().command
    # That of click for bash would run bash to see how old it is.
    print(ShellComplete.source(_SHELLS[shell](root, {}, PROGRAM, VARIABLE)), end="")


def complete(cli: click.Group) -> int:
    """Answer the shell; the exit code. Whatever goes wrong, nothing is said: it would stand in the operator's line."""
    shell, _, instruction = os.environ.get(VARIABLE, "").partition("_")
    kind = _SHELLS.get(shell)
    if kind is None or instruction != "complete":
        return 1
    gc.disable()  # nothing that is made here is garbage before the end
    try:
        answer = kind(cli, {}, PROGRAM, VARIABLE).complete()
        sys.stdout.buffer.write(answer.encode("utf-8", "replace") + b"\n")
        sys.stdout.flush()
    except BaseException:  # click leaves by exceptions, too
        return 1
    return 0


def complete_profile(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Names of profiles, out of a configuration file that may be obeyed."""
    import tomllib

    from tui_app.config.settings import read_config_text

    path = config_file(os.environ)
    # Not checked as a whole: that takes longer, and another setting may be wrong.
    profiles = tomllib.loads(read_config_text(path)).get("profiles") if path is not None else None
    return _fitting(profiles if isinstance(profiles, dict) else (), incomplete)


def complete_plan(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Ids of plans and writes by the names of their journals, the newest first; no journal is read."""
    folder = (find_state_folder() or Path()) / "plans"
    if not folder.is_absolute() or not is_private(folder.parent) or not is_private(folder):
        return []
    with os.scandir(folder) as found:
        named = [(match, each) for each in found if (match := _JOURNAL.fullmatch(each.name))]
    fitting = sorted(
        (int(match[1]), match[2], each) for match, each in named if match[2].startswith(incomplete.lower())
    )
    return [
        CompletionItem(plan_id, help=f"{datetime.fromtimestamp(each.stat().st_mtime):%Y-%m-%d %H:%M}")
        for _, plan_id, each in reversed(fitting[-_MOST_PLANS:])
    ]


def complete_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The shell knows files better."""
    return [CompletionItem(incomplete, type="file")]


def fitting_commands(commands: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem[str]]:
    """Commands that begin so, each with what it does."""
    return [CompletionItem(name, help=about) for name, about in commands if name.startswith(incomplete)]


def _fitting(names: Iterable[object], incomplete: str) -> list[CompletionItem[str]]:
    return [
        CompletionItem(name)
        for name in names
        if isinstance(name, str) and name.startswith(incomplete) and _PLAIN_NAME.fullmatch(name)
    ]


class InputFile(click.File):
    """A file that is read; completing a line does not open it: it may be a pipe that nobody writes to."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The open file."""
        return value if ctx is not None and ctx.resilient_parsing else super().convert(value, param, ctx)
