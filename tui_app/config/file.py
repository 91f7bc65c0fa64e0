"""Reads and checks the text of the configuration file."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from tui_app.config.schema import ConfigFile, GuardSettings, KeyChange, PlanSettings, Profile, UiSettings, View
from tui_app.core.address import RecipientRule
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize
from tui_app.core.verdict import VERDICTS, canonical_verdict


def _model(settings: type[Any], *, extra: Literal["forbid", "ignore"] = "forbid") -> type[BaseModel]:
    """A model that checks one table: the fields, types, defaults and bounds are those of the settings class."""
    hints = get_type_hints(settings)
    config = ConfigDict(extra=extra, frozen=True, hide_input_in_errors=True)
    checks: dict[str, Any] = {
        each.name: (
            hints[each.name],
            Field(**({} if each.default is MISSING else {"default": each.default}), **each.metadata),
        )
        for each in fields(settings)
    }
    return create_model(settings.__name__, __config__=config, **checks)


_PROFILE: Final = _model(Profile)
_VIEW: Final = _model(View)
_NAMED: Final = {"profiles": _PROFILE, "views": _VIEW}
"""Tables of tables, each of which has a name of the operator's."""
_TABLES: Final = {
    "guard": _model(GuardSettings),
    "plans": _model(PlanSettings),
    # Settings of later versions are ignored: the file may be shared between machines.
    "ui": _model(UiSettings, extra="ignore"),
}
_FILE: Final = create_model(
    "File",
    __config__=ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True),
    default_profile=(str | None, None),
    profiles=(dict[str, _PROFILE], Field(default_factory=dict)),  # type: ignore[valid-type]
    views=(dict[str, _VIEW], Field(default_factory=dict)),  # type: ignore[valid-type]
    keys=(dict[str, tuple[str, ...] | str], Field(default_factory=dict)),
    **{name: (table, Field(default_factory=table)) for name, table in _TABLES.items()},  # type: ignore[call-overload]
)


def checked(path: Path, text: str) -> ConfigFile:
    """The checked content. Raises UsageError that names the file, the key, the problem and the nearest known key."""
    content = _content(path, text)
    try:
        file: Any = _FILE.model_validate(content)
    except ValidationError as error:
        raise UsageError(_explain(path, error)) from None
    return ConfigFile(
        default_profile=file.default_profile,
        profiles={name: Profile(**dict(table)) for name, table in file.profiles.items()},
        guard=_canonical(path, GuardSettings(**dict(file.guard))),
        plans=PlanSettings(**dict(file.plans)),
        ui=UiSettings(**dict(file.ui)),
        keys=tuple(_key_changes(path, text, file.keys)),
        views={name: View(**dict(table)) for name, table in file.views.items()},
    )


T = TypeVar("T", PlanSettings, UiSettings)


_KINDS: Final = {int: "a whole number", bool: "true or false"}


def changed_setting(settings: T, name: str, written: str) -> T:
    """The same table with one setting as somebody typed it. Raises UsageError."""
    try:
        value: Any = tomllib.loads(f"v = {written}")["v"]
    except tomllib.TOMLDecodeError:
        value = written
    try:
        checked_table = _model(type(settings)).model_validate({**asdict(settings), name: value}, strict=True)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False, include_context=False)[0]["msg"]
        kind = _KINDS.get(type(getattr(settings, name)))
        if kind is not None and type(value) is not type(getattr(settings, name)):
            problem = f"it is {kind}"
        raise UsageError(f"{name} can't be '{sanitize(written, 40)}': {sanitize(problem)}.") from None
    return replace(settings, **{name: getattr(checked_table, name)})


def _key_changes(path: Path, text: str, keys: Mapping[str, tuple[str, ...] | str]) -> Iterator[KeyChange]:
    for action, written in keys.items():
        yield KeyChange(action, (written,) if isinstance(written, str) else written, sanitize(str(path)), text)


def _content(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{sanitize(str(path))} is not valid TOML: {sanitize(str(error))}.") from None
    except RecursionError:
        raise UsageError(f"{sanitize(str(path))} has too many brackets within each other.") from None


def every_problem(path: Path, text: str) -> list[tuple[tuple[str, ...], str]]:
    """All that `checked` would refuse: the key, and the sentence. Raises UsageError for what is not TOML."""
    content = _content(path, text)
    found: list[tuple[tuple[str, ...], str]] = []
    try:
        _FILE.model_validate(content)
    except ValidationError as error:
        each = error.errors(include_input=False, include_url=False, include_context=False)
        found = [(tuple(map(str, one["loc"])), _explain_one(path, one)) for one in each]
    guard = content.get("guard")
    for rules in ("hold_dispositions", "hold_recipient_domains"):
        written = guard.get(rules) if isinstance(guard, dict) else None
        for rule in [rule for rule in written if isinstance(rule, str)] if isinstance(written, list) else ():
            try:
                _canonical(path, replace(GuardSettings(), **{rules: (rule,)}))  # type: ignore[arg-type]
            except UsageError as error:
                found.append((("guard", rules), str(error)))
    try:
        checked(path, text)
    except UsageError as error:
        # Whatever else it checks: what is refused is never called right.
        found = found or [((), str(error))]
    return found


def _canonical(path: Path, guard: GuardSettings) -> GuardSettings:
    """The guard's rules in their one form. Raises UsageError for a rule that could never hold anything."""
    verdicts = tuple(map(canonical_verdict, guard.hold_dispositions))
    for verdict, written in zip(verdicts, guard.hold_dispositions, strict=True):
        if verdict not in VERDICTS:
            near = difflib.get_close_matches(verdict, VERDICTS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Verdicts are {', '.join(VERDICTS)}."
            raise UsageError(
                f"{sanitize(str(path))}: guard.hold_dispositions: '{sanitize(written, 40)}' is not a verdict. {hint}"
            )
    rules: list[str] = []
    for written in guard.hold_recipient_domains:
        try:
            rules.append(RecipientRule.parse(written).text)
        except ValueError:
            raise UsageError(
                f"{sanitize(str(path))}: guard.hold_recipient_domains: '{sanitize(written, 60)}' is not a domain, "
                "*.DOMAIN or an address."
            ) from None
    return replace(guard, hold_dispositions=verdicts, hold_recipient_domains=tuple(rules))


def _explain(path: Path, error: ValidationError) -> str:
    return _explain_one(path, error.errors(include_input=False, include_url=False, include_context=False)[0])


def _explain_one(path: Path, first: Mapping[str, Any]) -> str:
    file, key = sanitize(str(path)), sanitize(".".join(str(part) for part in first["loc"]))
    if first["loc"][:1] == ("keys",):
        return f'{file}: keys."{sanitize(str(first["loc"][1]), 40)}": a key is a text, or a list of texts, as ["R"].'
    if first["type"] != "extra_forbidden":
        return f"{file}: {key}: {sanitize(first['msg'])}."
    names = _known_keys(first["loc"])
    near = difflib.get_close_matches(str(first["loc"][-1]), names, n=1)
    return f"{file}: {key} is not a setting" + (
        f"; did you mean {near[0]}?" if near else f"; known: {', '.join(names)}."
    )


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    table = (_NAMED | _TABLES).get(str(location[0]), _FILE) if len(location) > 1 else _FILE
    return list(table.model_fields)
