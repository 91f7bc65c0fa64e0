"""Every setting that is in effect, and where it comes from: a flag, a variable, the file, or the default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from tui_app.config.proxy import proxy_for
from tui_app.config.schema import Profile
from tui_app.config.settings import (
    DEFAULT_BASE_URL,
    ChosenProfile,
    check_account_id,
    check_base_url,
    choose_profile,
    read_config_text,
)
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

HIDDEN: Final = "***"
"""In place of a secret."""
_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Value:
    """A setting: what JSON can hold, or None where it is not set; a secret is `***`."""

    key: str
    value: object
    origin: str


def values_in_effect(
    environment: Mapping[str, str], *, profile_name: str | None = None, read_only: bool = False
) -> tuple[Value, ...]:
    """All settings as `load_settings` would find them. No token is read, no command is run; raises UsageError."""
    chosen = choose_profile(environment, profile_name)
    return (*_of_account(environment, chosen, read_only), *_of_file(chosen))


def _of_account(environment: Mapping[str, str], chosen: ChosenProfile, read_only: bool) -> Iterator[Value]:
    profile = chosen.profile
    in_profile = f"{_name_of(chosen.path)}, profile {sanitize(chosen.name or '', 40)}"
    name_from = (
        "flag --profile"
        if chosen.flagged
        else "environment MAILSLUICE_PROFILE"
        if environment.get("MAILSLUICE_PROFILE")
        else f"{_name_of(chosen.path)}, default_profile"
    )

    def picked(variable: str, given: str | None) -> tuple[str | None, str]:
        from_outside = environment.get(variable) or None
        value = chosen.pick(from_outside, given)
        if not value:
            return None, "not set"
        from_profile = bool(given) and (chosen.flagged or not from_outside)
        return value, in_profile if from_profile else f"environment {variable}"

    account, account_from = picked("CLOUDFLARE_ACCOUNT_ID", profile.account_id)
    account = check_account_id(account) if account else None
    # Another account's header shows neither the profile's name nor its colour.
    other = account is not None and profile.account_id is not None and account != check_account_id(profile.account_id)
    if chosen.name is None:
        yield Value("profile", None, "not set")
    elif other:
        yield Value("profile", None, f"not shown: {account_from} names another account than {in_profile}")
    else:
        yield Value("profile", chosen.name, name_from)
    yield Value("account_id", account, account_from)
    base_url, base_url_from = picked("CLOUDFLARE_BASE_URL", profile.base_url)
    base_url = check_base_url(base_url or DEFAULT_BASE_URL)
    yield Value("base_url", base_url, _DEFAULT if base_url_from == "not set" else base_url_from)
    yield from _of_token(environment, chosen, in_profile)
    given = _raw(chosen).get("profiles", {}).get(chosen.name or "", {})
    for key in ("read_only", "color", "production", "ca_bundle", "release_body"):
        value = getattr(profile, key)
        if key == "color" and other:
            value = None
        if key == "read_only" and read_only:
            yield Value(key, True, "flag --read-only")
        else:
            yield Value(key, _plain(value), in_profile if key in given else _DEFAULT)
    proxy = proxy_for(base_url, environment)
    yield Value("proxy", proxy.name if proxy else None, "environment HTTPS_PROXY" if proxy else "none for this address")


def _of_token(environment: Mapping[str, str], chosen: ChosenProfile, in_profile: str) -> Iterator[Value]:
    """Where the token comes from, by the order of `load_settings`."""
    profile = chosen.profile
    in_file = profile.token_file or profile.token_command
    if environment.get("CLOUDFLARE_API_TOKEN") and not (chosen.flagged and in_file):
        yield Value("token", HIDDEN, "environment CLOUDFLARE_API_TOKEN")
    elif profile.token_file:
        yield Value("token", HIDDEN, f"file {sanitize(str(profile.token_file))} ({in_profile})")
    elif profile.token_command:
        # An argument may be a secret by mistake, or name one: the program is enough to find it.
        yield Value("token", HIDDEN, f"command {sanitize(profile.token_command[0])} ({in_profile})")
    elif environment.get("CLOUDFLARE_EMAIL") and environment.get("CLOUDFLARE_API_KEY"):
        yield Value("token", HIDDEN, "environment CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY (a key)")
    else:
        yield Value("token", None, "not set")


def _of_file(chosen: ChosenProfile) -> Iterator[Value]:
    """The tables that are not about one profile."""
    raw = _raw(chosen)
    for table in fields(chosen.file):
        settings, given = getattr(chosen.file, table.name), raw.get(table.name, {})
        if table.name in ("default_profile", "profiles"):
            continue
        if table.name == "keys":
            for change in chosen.file.keys:
                yield Value(f'keys."{change.action}"', list(change.keys), change.file)
        elif isinstance(settings, Mapping):
            for key, value in settings.items():
                yield Value(f"{table.name}.{key}", _plain(value), _name_of(chosen.path))
        elif is_dataclass(settings):
            for each in fields(settings):
                origin = _name_of(chosen.path) if each.name in given else _DEFAULT
                yield Value(f"{table.name}.{each.name}", _plain(getattr(settings, each.name)), origin)


def _raw(chosen: ChosenProfile) -> dict[str, Any]:
    """The file as it is written: what stands there is no default, also where it says the same."""
    if chosen.path is None:
        return {}
    try:
        return tomllib.loads(read_config_text(chosen.path))
    except tomllib.TOMLDecodeError:  # it was changed just now
        raise UsageError(f"{sanitize(str(chosen.path))} changed while it was read. Try again.") from None


def _name_of(path: Path | None) -> str:
    return f"file {sanitize(str(path))}" if path is not None else "file"


def _plain(value: Any) -> object:
    """What JSON can hold of a value."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


PROFILE_KEYS: Final = tuple(each.name for each in fields(Profile))
"""The settings of a profile."""
