"""The configuration file, and where the settings that are in effect come from. No secret is shown, none is read here."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tui_app.auth.credentials import KeyCredential
from tui_app.config.origins import values_in_effect
from tui_app.config.problems import Problem, find_problems
from tui_app.config.proxy import is_loopback, proxy_for
from tui_app.config.schema import ConfigFile
from tui_app.config.settings import Settings, read_config_file
from tui_app.core.errors import UsageError
from tui_app.core.paths import config_file
from tui_app.core.text import plural, sanitize
from tui_app.doctor.check import CheckResult, look, ok, wrong

_NOT_READ: Final = ("CF_API_TOKEN", "CF_ACCOUNT_ID", "CF_API_KEY", "CF_EMAIL", "CLOUDFLARE_API_BASE_URL")
"""Variables of other programs, which may have been meant for this one."""
_ALL_OF_IT: Final = "mailsluice config check names all of it."
_PROXIES: Final = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for on the command line."""

    profile: str | None = None
    read_only: bool = False


def check_file(
    environment: Mapping[str, str],
    console_problems: Callable[[Path, ConfigFile], Sequence[str]] = lambda _, __: (),
) -> CheckResult:
    """The configuration file: where it is, whether it is obeyed, and what in it means nothing here."""
    try:
        path = config_file(environment)
        if path is None:
            return look(
                "configuration",
                "There is no home folder, so no configuration file.",
                "Set HOME to an absolute path, or MAILSLUICE_CONFIG.",
            )
        named = bool(environment.get("MAILSLUICE_CONFIG"))
        file = read_config_file(path, must_exist=named)
    except UsageError as error:
        return wrong("configuration", str(error))
    name = sanitize(str(path), 200)
    by_kind: dict[str, list[Problem]] = {}
    for problem in find_problems(path):
        by_kind.setdefault(problem.kind, []).append(problem)
    if refused := console_problems(path, file):  # nothing else is wrong with a file that could be read
        return wrong("configuration", _first_of(refused), _ALL_OF_IT)
    try:
        about = path.stat()
    except OSError:
        return ok("configuration", f"There is no file {name}: the environment and the defaults count")
    mode = f"mode {stat.S_IMODE(about.st_mode):04o}" if stat.S_ISREG(about.st_mode) else "not a file, taken for empty"
    default = f", by default {sanitize(file.default_profile, 40)}" if file.default_profile else ""
    found = f"{name}, {mode}, {plural(len(file.profiles), 'profile')}{default}"
    if of_profiles := [problem.sentence for problem in by_kind.get("profile", ())]:
        return look("configuration", f"{found}. {_first_of(of_profiles)}", _ALL_OF_IT)
    if idle := [problem.key for problem in by_kind.get("idle", ())]:
        return look(
            "configuration",
            f"{found}. This version does not obey: {sanitize(', '.join(idle), 200)}",
            "Check the spelling; what is meant for another version may stay.",
        )
    return ok("configuration", found)


def _first_of(sentences: Sequence[str]) -> str:
    return f"{sentences[0]} And {len(sentences) - 1:,} more." if len(sentences) > 1 else sentences[0]


def check_settings(
    settings: Settings | None, problem: str, environment: Mapping[str, str], chosen: Chosen | None
) -> CheckResult:
    """Whether there is all that a command needs, and where it comes from; `chosen` is None where that is not known."""
    if settings is None:
        return wrong("settings", problem or "There are no settings.")
    mode = "read-only" if settings.read_only else "may write"
    profile = f"profile {sanitize(settings.profile, 40)}" if settings.profile else "no profile"
    found = f"{profile}, account {settings.short_account_id}, {settings.base_url}, {mode}"
    if chosen is not None:
        found += f". {_origins(environment, chosen)}"
    hints = [*_settings_hints(settings, environment)]
    return look("settings", found, " ".join(hints)) if hints else ok("settings", found)


def _settings_hints(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    if settings.other_host:
        yield f"The token goes to {sanitize(settings.other_host, 100)}, which is not the API's host: check CLOUDFLARE_BASE_URL."
    if extra := [name for name in ("CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY") if environment.get(name)]:
        is_used = isinstance(settings.credential, KeyCredential)
        if not is_used:
            yield f"{' and '.join(extra)} {'is' if len(extra) == 1 else 'are'} not used: a token comes first."
        else:
            yield "A global API key may do everything: a token with only Cloud Email Security is safer."
    if others := [name for name in _NOT_READ if environment.get(name)]:
        yield f"{', '.join(others)} {'is' if len(others) == 1 else 'are'} not read: names begin with CLOUDFLARE_."


def _origins(environment: Mapping[str, str], chosen: Chosen) -> str:
    """Where account, address, token and mode come from."""
    try:
        values = values_in_effect(environment, profile_name=chosen.profile, read_only=chosen.read_only)
    except UsageError as error:
        return str(error)
    told = {"account_id": "Account", "base_url": "address", "token": "token", "read_only": "mode"}
    return ", ".join(f"{told[value.key]}: {sanitize(value.origin, 120)}" for value in values if value.key in told)


def check_proxy(base_url: str, environment: Mapping[str, str]) -> CheckResult:
    """Whether requests go through a proxy, and why."""
    try:
        proxy = proxy_for(base_url, environment)
    except UsageError as error:
        return wrong("proxy", str(error))
    if proxy is not None:
        return ok("proxy", f"Requests go through {sanitize(proxy.name, 100)} (HTTPS_PROXY)")
    host = urlsplit(base_url).hostname or ""
    if environment.get("HTTPS_PROXY") or environment.get("https_proxy"):
        why = "this machine is asked itself" if is_loopback(host) else f"NO_PROXY names {sanitize(host, 100)}"
        return ok("proxy", f"None: HTTPS_PROXY is set, but {why}")
    if others := [name for name in _PROXIES if environment.get(name)]:
        return ok("proxy", f"None: HTTPS_PROXY is not set ({', '.join(others)} is not used)")
    return ok("proxy", "None: HTTPS_PROXY is not set")
