"""Reads and checks the text of the configuration file."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tui_app.config.schema import ConfigFile, GuardSettings, PlanSettings, Profile, ReleaseBody, ThemeChoice, UiSettings
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _ProfileTable(_Table):
    account_id: str | None = None
    token_file: Path | None = None
    token_command: tuple[str, ...] | None = Field(None, min_length=1)
    base_url: str | None = None
    ca_bundle: Path | None = None
    read_only: bool = False
    color: str | None = None
    release_body: ReleaseBody = "auto"


class _GuardTable(_Table):
    hold_dispositions: tuple[str, ...] = ("MALICIOUS", "MALICIOUS-BEC")
    max_messages: int = Field(5000, ge=1)
    hold_recipient_domains: tuple[str, ...] = ()
    # A second signer is not supported by this version: asking for one is refused, not ignored.
    require_second_signer: Literal[False] = False


class _PlansTable(_Table):
    batch_size: int = Field(25, ge=1, le=1000)
    canary: int = Field(5, ge=0)


class _UiTable(_Table):
    # Settings of later versions are ignored: the file may be shared between machines.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    theme: ThemeChoice = "auto"
    bell: bool = True
    paint_changes_only: bool = True


class _File(_Table):
    default_profile: str | None = None
    profiles: dict[str, _ProfileTable] = Field(default_factory=dict)
    guard: _GuardTable = Field(default_factory=_GuardTable)
    plans: _PlansTable = Field(default_factory=_PlansTable)
    ui: _UiTable = Field(default_factory=_UiTable)


def checked(path: Path, text: str) -> ConfigFile:
    """The checked content. Raises UsageError that names the file, the key, the problem and the nearest known key."""
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{sanitize(str(path))} is not valid TOML: {sanitize(str(error))}.") from None
    # Tables of later versions are ignored: the file may be shared between machines.
    for later in ("keys", "views"):
        content.pop(later, None)
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise UsageError(_explain(path, error)) from None
    return ConfigFile(
        default_profile=file.default_profile,
        profiles={name: Profile(**dict(table)) for name, table in file.profiles.items()},
        guard=GuardSettings(**file.guard.model_dump(exclude={"require_second_signer"})),
        plans=PlanSettings(**dict(file.plans)),
        ui=UiSettings(**dict(file.ui)),
    )


def _explain(path: Path, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    file, key = sanitize(str(path)), sanitize(".".join(str(part) for part in first["loc"]))
    if first["type"] != "extra_forbidden":
        return f"{file}: {key}: {sanitize(first['msg'])}."
    names = _known_keys(first["loc"])
    near = difflib.get_close_matches(str(first["loc"][-1]), names, n=1)
    return f"{file}: {key} is not a setting" + (
        f"; did you mean {near[0]}?" if near else f"; known: {', '.join(names)}."
    )


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {"profiles": _ProfileTable, "guard": _GuardTable, "plans": _PlansTable}
    table = tables.get(str(location[0]), _File) if len(location) > 1 else _File
    return list(table.model_fields)
