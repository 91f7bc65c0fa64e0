"""All that is wrong with a configuration file, each with the line where it stands."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal

from tui_app.auth.credentials import token_from_file
from tui_app.config.lines import line_of
from tui_app.config.schema import UiSettings
from tui_app.config.settings import check_account_id, check_base_url, read_config_text
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

Kind = Literal["file", "profile", "idle"]
_LINE_OF_SYNTAX: Final = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, as a sentence that names file and key; `line` counts from 1, None where it can't be found.

    For what is wrong with the `file` nothing begins, for what is wrong with a `profile` that profile is not used; what is
    `idle` does nothing.
    """

    key: str
    sentence: str
    line: int | None = None
    kind: Kind = "file"

    @property
    def refused(self) -> bool:
        """Whether something is refused for it."""
        return self.kind != "idle"


def find_problems(path: Path) -> tuple[Problem, ...]:
    """All problems of a file, in its order; none for a missing one. A token file is looked at, a command is not run."""
    try:
        text = read_config_text(path)
    except UsageError as error:
        return (Problem("", str(error)),)
    return problems_of(path, text)


def problems_of(path: Path, text: str) -> tuple[Problem, ...]:
    """The same of the text of a file."""
    # Loaded only here: with nothing to check it takes longer than all the rest.
    from tui_app.config.file import every_problem

    try:
        found = every_problem(path, text)
    except UsageError as error:
        at = _LINE_OF_SYNTAX.search(str(error))
        return (Problem("", str(error), int(at[1]) if at else text.count("\n") + 1),)
    kinds: Sequence[tuple[Kind, Iterable[tuple[tuple[str, ...], str]]]] = (
        ("file", found),
        ("profile", _of_profiles(path, text)),
        ("idle", _without_effect(path, text)),
    )
    problems = [
        Problem(sanitize(".".join(key)), sentence, line_of(text, key), kind)
        for kind, those in kinds
        for key, sentence in those
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _of_profiles(path: Path, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is refused when a profile is used; also of a file that has other problems."""
    content, name = tomllib.loads(text), sanitize(str(path))
    profiles = content.get("profiles")
    profiles = profiles if isinstance(profiles, dict) else {}
    default = content.get("default_profile")
    if isinstance(default, str) and default not in profiles:
        known = sanitize(", ".join(profiles)) or "none"
        sentence = f"{name}: default_profile: there is no profile '{sanitize(default, 40)}'. It has: {known}."
        yield ("default_profile",), sentence
    for profile_name, profile in profiles.items():
        for key, sentence in _of_profile(profile) if isinstance(profile, dict) else ():
            where = ("profiles", profile_name, key)
            yield where, f"{name}: {sanitize('.'.join(where))}: {sentence}"


def _of_profile(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, check in _CHECKS.items():
        if isinstance(value := profile.get(key), str) and (why := _refused(check, value)):
            yield key, why


def _check_token_file(name: str) -> None:
    token_from_file(Path(name))


def _check_ca_bundle(name: str) -> None:
    from tui_app.config.ca_bundle import trusting

    trusting(Path(name))


_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "account_id": check_account_id,
    "base_url": check_base_url,
    "token_file": _check_token_file,
    "ca_bundle": _check_ca_bundle,
}
"""Nothing is sent by any of them."""


def _without_effect(path: Path, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Token commands beside a token file; names under `[ui]` that this version does not know: of a later one, or misspelt."""
    content, name = tomllib.loads(text), sanitize(str(path))
    profiles, interface = content.get("profiles"), content.get("ui")
    for profile_name, profile in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(profile, dict) and "token_file" in profile and "token_command" in profile:
            where = ("profiles", profile_name, "token_command")
            said = "is never run: token_file comes first. Remove one of them."
            yield where, f"{name}: {sanitize('.'.join(where))}: {said}"
    known = [each.name for each in fields(UiSettings)]
    for key in interface if isinstance(interface, dict) else ():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            yield ("ui", key), f"{name}: ui.{sanitize(key, 60)} does nothing in this version{hint}"


def _refused(check: Callable[[str], object], value: str) -> str:
    try:
        check(value)
    except UsageError as error:
        return error.cause
    except (OSError, ValueError, RuntimeError):  # a NUL, or ~ of an unknown user
        return f"{sanitize(value)} can't be the name of a file."
    return ""
