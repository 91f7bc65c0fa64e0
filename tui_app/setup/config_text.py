"""The text of the configuration file with a profile or a value added; comments and all other tables stay."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tui_app.config.origins import PROFILE_KEYS
from tui_app.config.problems import problems_of
from tui_app.config.schema import ConfigFile, Profile
from tui_app.config.settings import DEFAULT_BASE_URL
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.text import sanitize
from tui_app.setup.answers import Answers, TokenPlace

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_HEADING: Final = "Written by mailsluice. All settings: docs/configuration.md, or mailsluice config show"


def profile_of(answers: Answers, token_file: Path | None) -> Profile:
    """The profile as the file is to say it."""
    return Profile(
        account_id=answers.account_id,
        token_file=token_file if answers.place is TokenPlace.FILE else None,
        token_command=answers.command if answers.place is TokenPlace.COMMAND else None,
        base_url=answers.base_url if answers.base_url != DEFAULT_BASE_URL else None,
        read_only=answers.read_only,
        color=answers.color,
    )


def with_profile(path: Path, text: str, name: str, profile: Profile) -> str:
    """The text with this profile, in place of one of the same name; it becomes the default where there is no other.

    Raises UsageError for a text that is not right, SluiceError where it can't be put into it.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    before, document = _read(path, text)
    if not text.strip():
        document.add(tomlkit.comment(_HEADING))
    is_default = before.default_profile is None and not set(before.profiles) - {name}
    if is_default:
        document["default_profile"] = name
    if "profiles" not in document:
        document["profiles"] = tomlkit.table(is_super_table=True)
    try:
        _put_profile(document, name, _written(profile))
    except (TOMLKitError, ValueError, TypeError):  # such as tables that are written in one line
        raise SluiceError(_NOT_SURE.format(sanitize(str(path)))) from None
    expected = replace(
        before,
        default_profile=name if is_default else before.default_profile,
        profiles={**before.profiles, name: profile},
    )
    return _checked(path, _ended(tomlkit.dumps(document)), expected)


def _put_profile(document: TOMLDocument, name: str, values: Mapping[str, object]) -> None:
    """Write a profile. One that is there keeps its place and its comments, and those behind it."""
    import tomlkit

    profiles = document["profiles"]
    table = profiles.get(name)
    if table is None:
        table = tomlkit.table()
        profiles[name] = table
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        table[key] = value


def _written(profile: Profile) -> Mapping[str, object]:
    """What the file says of a profile: what differs from the defaults, and `read_only` in any case, to be seen and changed."""
    defaults = Profile()
    found: dict[str, object] = {}
    for each in fields(Profile):
        value = getattr(profile, each.name)
        if value != getattr(defaults, each.name) or each.name == "read_only":
            found[each.name] = (
                str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
            )
    return found


def with_value(path: Path, text: str, key: str, written: str, *, profile: str | None) -> tuple[str, str]:
    """The text with one value set, and the whole key. A key of a profile without a dot is that of `profile`.

    `written` is TOML where that fits, else text. Raises UsageError for a key that does not exist, or a value that is
    refused: the file stays as it is then.
    """
    import tomlkit

    _document(path, text)
    parts = _parts_of(path, key, profile)
    # Not what is in effect: a value that is wrong can be set right.
    known = tomllib.loads(text).get("profiles")
    known = known if isinstance(known, dict) else {}
    if parts[0] == "profiles" and parts[1] not in known:
        near = difflib.get_close_matches(parts[1], known, n=1)
        hint = f"did you mean {sanitize(near[0], 40)}?" if near else "mailsluice init makes one."
        raise UsageError(f"There is no profile '{sanitize(parts[1], 40)}'; {hint} Nothing was changed.")
    why: UsageError | None = None
    for value in _readings(written):
        document = tomlkit.parse(text)
        at: Any = document
        for part in parts[:-1]:
            if part not in at:
                at[part] = tomlkit.table(is_super_table=part == "profiles")
            at = at[part]
            if not isinstance(at, Mapping):
                raise UsageError(f"{sanitize(str(path))}: {sanitize(part)} is not a table. Nothing was changed.")
        at[parts[-1]] = value
        new = _ended(tomlkit.dumps(document))
        try:
            _check_type(parts, value)
            _content(path, new)
            if found := [
                problem for problem in problems_of(path, new) if problem.refused and problem.key == ".".join(parts)
            ]:
                raise UsageError(found[0].sentence)
        except UsageError as error:
            why = why or error
            continue
        wanted = tomllib.loads(text)
        inner = wanted
        for part in parts[:-1]:
            inner = inner.setdefault(part, {})
        inner[parts[-1]] = value
        if tomllib.loads(new) != wanted:
            raise SluiceError(_NOT_SURE.format(sanitize(str(path))))
        return new, ".".join(parts)
    raise UsageError(f"{why} Nothing was changed.") from None


_NOT_SURE: Final = "{} can't be changed without changing more of it: edit it by hand. Nothing was changed."


def _parts_of(path: Path, key: str, profile: str | None) -> list[str]:
    parts = key.split(".")
    if parts[0] in ("keys", "views") and len(parts) > 1:
        # The id of an action has dots, and so may the name of a view.
        name = ".".join(parts[1:] if parts[0] == "keys" else parts[1:-1]).strip("\"'")
        return [parts[0], name] if parts[0] == "keys" else [parts[0], name, parts[-1]]
    if parts[0] == "profiles" and len(parts) > 3:
        # A profile's name may have dots.
        parts = ["profiles", ".".join(parts[1:-1]), parts[-1]]
    if len(parts) == 1 and key in PROFILE_KEYS:
        if profile is None:
            raise UsageError(
                f"{sanitize(key)} belongs to a profile, and {sanitize(str(path))} has no default_profile: name it, as in "
                f"mailsluice --profile NAME config set {sanitize(key)} VALUE"
            )
        return ["profiles", profile, key]
    if parts[0] == "profiles" and len(parts) < 3:
        raise UsageError(f"{sanitize(key)} is a table: a key is profiles.NAME.SETTING. Nothing was changed.")
    table = getattr(ConfigFile(), parts[0], None)
    if len(parts) == 2 and is_dataclass(table) and parts[1] not in (known := [each.name for each in fields(table)]):
        # What a later version may know is let pass in a file; nobody means to set it now.
        near = difflib.get_close_matches(parts[1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}."
        raise UsageError(f"{sanitize(key)} is not a setting; {hint} Nothing was changed.")
    if not all(parts):
        raise UsageError("A key is a name such as guard.max_messages, or that of a setting of the profile.")
    return parts


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _readings(written: str) -> list[Any]:
    """What a word of the command line may mean: TOML, such as true, 25 or ["a"]; else text."""
    try:
        content = tomllib.loads(f"value = {written}")
    except tomllib.TOMLDecodeError:
        return [written]
    # More than one key, or a table behind it, was no value.
    return [content["value"], written] if list(content) == ["value"] and "\n" not in written else [written]


def _check_type(parts: list[str], value: object) -> None:
    """Raise UsageError for a word that is no number, or a number that is none of these, where one is wanted."""
    table = getattr(ConfigFile(), parts[0], None)
    before = getattr(table, parts[1], None) if len(parts) == 2 else None
    if type(before) is int and type(value) is not int:
        raise UsageError(f"{sanitize('.'.join(parts))} is a whole number.")


def _read(path: Path, text: str) -> tuple[ConfigFile, TOMLDocument]:
    return _content(path, text), _document(path, text)


def _document(path: Path, text: str) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{sanitize(str(path))} is not valid TOML: {sanitize(str(error))}.") from None
    try:
        return tomlkit.parse(text)
    except TOMLKitError:
        raise SluiceError(_NOT_SURE.format(sanitize(str(path)))) from None


def _content(path: Path, text: str) -> ConfigFile:
    from tui_app.config.file import checked

    return checked(path, text)


def _checked(path: Path, text: str, expected: ConfigFile) -> str:
    """The text, if it says just what is expected. Raises SluiceError, UsageError."""
    if _content(path, text) != expected:
        raise SluiceError(_NOT_SURE.format(sanitize(str(path))))
    return text
