"""The settings for one account. A flag has priority over the environment, then the file, then the default."""

import ipaddress
import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from tui_app.auth.credentials import (
    CommandCredential,
    Credential,
    KeyCredential,
    Secret,
    TokenCredential,
    token_from_file,
)
from tui_app.config.proxy import Proxy, is_loopback, proxy_for
from tui_app.config.schema import (
    ConfigFile,
    GuardSettings,
    KeyChange,
    PlanSettings,
    Profile,
    ReleaseBody,
    UiSettings,
    View,
)
from tui_app.core.errors import UsageError
from tui_app.core.files import why_not_obeyed
from tui_app.core.paths import config_file
from tui_app.core.text import plural, sanitize

DEFAULT_BASE_URL: Final = "https://api.cloudflare.com/client/v4"


_DEFAULTS: Final = Profile()
_SHOWN: Final = 8
"""Profiles that are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings for one account, checked."""

    account_id: str
    base_url: str
    credential: Credential
    profile: str | None = None
    read_only: bool = False
    color: str | None = None
    production: bool = False
    ca_bundle: Path | None = None
    proxy: Proxy | None = None
    release_body: ReleaseBody = _DEFAULTS.release_body
    guard: GuardSettings = field(default_factory=GuardSettings)
    plans: PlanSettings = field(default_factory=PlanSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    keys: tuple[KeyChange, ...] = ()
    views: Mapping[str, View] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """All profiles of the file, to switch to."""

    @property
    def named(self) -> str:
        """What a command has before its name to act on this account: `--profile NAME` and a blank, or nothing."""
        return f"--profile {shlex.quote(self.profile)} " if self.profile else ""

    @property
    def identity(self) -> str:
        """Account id and base URL: the key for facts in the state file."""
        return f"{self.account_id}@{self.base_url}"

    def whose(self, identity: str) -> str:
        """What another account is called here, by its `identity`: `profile prod`, or its short id; empty for this one."""
        wanted = canonical_account(identity)
        if wanted == self.identity:
            return ""
        for name, profile in self.profiles.items():
            if profile.account_id and wanted == canonical_account(
                f"{profile.account_id}@{profile.base_url or DEFAULT_BASE_URL}"
            ):
                return f"profile {sanitize(name, 40)}"
        return f"account {sanitize(short_account_id(wanted.partition('@')[0]))}"

    @property
    def short_account_id(self) -> str:
        """The account id as a header shows it."""
        return short_account_id(self.account_id)

    @property
    def other_host(self) -> str:
        """The host that requests go to, where it is neither the API's nor this machine; else empty."""
        host = urlsplit(self.base_url).hostname or ""
        return "" if host == urlsplit(DEFAULT_BASE_URL).hostname or is_loopback(host) else host


def check_view_name(name: str) -> None:
    """Raise UsageError for a name by which no view can be called."""
    if not name.strip() or name != sanitize(name, 40) or name.split()[0] in ("save", "forget"):
        raise UsageError("A view needs a name of at most 40 characters, which does not begin with save or forget.")


def short_account_id(account_id: str) -> str:
    """Its beginning and its end."""
    return f"{account_id[:4]}…{account_id[-4:]}"


def check_account_id(account_id: str) -> str:
    """The account id in lower case. Raises UsageError unless it has 32 hex digits."""
    if not re.fullmatch(r"[0-9a-fA-F]{32}", account_id):
        raise UsageError(
            f"The account id must be 32 hex digits; this one has {plural(len(account_id), 'character')}, or others than hex digits. "
            "Copy it from the dashboard (Account home, copy account ID). Nothing was sent."
        )
    return account_id.lower()


def check_job_id(job_id: str) -> str:
    """The job id as a UUID in its canonical form. Raises UsageError for anything else."""
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", job_id):
        return str(UUID(job_id))
    raise UsageError("A job id is a UUID such as 182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e. Nothing was sent.")


_PRODUCTION: Final = re.compile(r"(.*[-_. ])?(prod|production|live)([-_. ].*)?", re.IGNORECASE)


def is_production(name: str, profile: Profile) -> bool:
    """Whether a profile's mail is people's real mail: as it says itself, else by its name."""
    return profile.production if profile.production is not None else _PRODUCTION.fullmatch(name) is not None


_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?|[0-9a-fA-F:.]+")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def canonical_url(url: str) -> str:
    """One spelling of an address: lower case, no dot behind the host, no port that is the usual one, no slash at the end."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{'' if port in (None, usual) else f':{port}'}{parts.path.rstrip('/')}"


def canonical_account(identity: str) -> str:
    """One spelling of `account@URL`, as journals of earlier versions may not have it."""
    account, at, url = identity.partition("@")
    try:
        return f"{account.lower()}{at}{canonical_url(url)}" if at else identity
    except ValueError:
        return identity


def check_base_url(base_url: str) -> str:
    """The base URL without a slash at its end. Raises UsageError unless it is https, or http to this machine."""
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    # Nothing that two parsers of URLs could read as different hosts or paths.
    clear = _HOST.fullmatch(host) is not None and not re.search(r"%|//|\\", parts.path)
    if ":" in host or host.replace(".", "").isdigit():
        clear = clear and _is_address(host)
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    plain = clear and not (parts.username or parts.password or parts.query or parts.fragment) and ".." not in parts.path
    if not (host and allowed and plain and base_url.isascii() and base_url.isprintable() and " " not in base_url):
        raise UsageError(
            "The base URL must be https://HOST/PATH (http only to this machine), without user, query or fragment. "
            "Nothing was sent."
        )
    return canonical_url(base_url)


def _text_of(path: Path) -> str:
    """The text of a regular file; never waits for a pipe or device. Raises OSError, ValueError, UsageError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    # A shell names the null device to say that there is no file.
    if not stat.S_ISREG(about.st_mode) and not os.path.samestat(about, Path(os.devnull).stat()):
        os.close(descriptor)
        raise UsageError(f"{sanitize(str(path))} is not a regular file.")
    if stat.S_ISREG(about.st_mode) and (why := why_not_obeyed(about)):
        os.close(descriptor)
        copy = ", and name it with MAILSLUICE_CONFIG" if about.st_uid not in (0, os.geteuid()) else ""
        raise UsageError(f"{sanitize(str(path))} {why}{copy}. It is not obeyed.")
    with os.fdopen(descriptor, encoding="utf-8-sig", newline="") as file:
        return file.read()


def read_config_text(path: Path, *, must_exist: bool = False) -> str:
    """The text of a configuration file that may be obeyed; a missing file is like an empty one unless it `must_exist`.

    Raises UsageError.
    """
    try:
        return _text_of(path)
    except (FileNotFoundError, NotADirectoryError):
        if must_exist:
            raise UsageError(f"{sanitize(str(path))}, which MAILSLUICE_CONFIG names, does not exist.") from None
        return ""
    except UnicodeDecodeError as error:
        raise UsageError(f"{sanitize(str(path))} is not valid TOML: {sanitize(str(error))}.") from None
    except OSError as error:
        raise UsageError(f"{sanitize(str(path))} can't be read: {error.strerror}.") from None
    except ValueError:
        raise UsageError(f"{sanitize(str(path))} can't be the name of a file.") from None


def read_config_file(path: Path, *, must_exist: bool = False) -> ConfigFile:
    """The checked file; a missing file is like an empty one unless it `must_exist`.

    Raises UsageError that names the file, the key and the problem.
    """
    text = read_config_text(path, must_exist=must_exist)
    if not text.strip():
        return ConfigFile()
    # Importing the checks takes as long as drawing the first screen: skip it when there is nothing to check.
    from tui_app.config.file import checked

    return checked(path, text)


@dataclass(frozen=True, slots=True)
class ChosenProfile:
    """The profile that is used, and the file that it was read from.

    `flagged`: the command line named it, so that what it says beats the environment: an operator who asks for staging
    would else act on whatever account the shell happens to hold.
    """

    path: Path | None
    file: ConfigFile
    name: str | None
    profile: Profile
    flagged: bool

    def pick(self, in_environment: str | None, in_profile: str | None) -> str | None:
        """Which of two values counts."""
        return (in_profile or in_environment) if self.flagged else (in_environment or in_profile)

    def without(self, what: str, has: Callable[[Profile], object]) -> UsageError | None:
        """What to say where `what` is missing because no profile was chosen, and there are profiles that have it."""
        names = [name for name, profile in self.file.profiles.items() if has(profile)]
        if self.name is not None or self.path is None or not names:
            return None
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        known = ", ".join(sanitize(name, 40) for name in names[:_SHOWN]) + more
        return UsageError(
            f"{what}: no profile is chosen. Choose one with --profile NAME, MAILSLUICE_PROFILE or default_profile; "
            f"{sanitize(str(self.path))} has: {known}."
        )


def choose_profile(environment: Mapping[str, str], profile_name: str | None = None) -> ChosenProfile:
    """Read the file and choose the profile. Raises UsageError for a file that can't be used, and for a name that it has not."""
    path = config_file(environment)
    named = bool(environment.get("MAILSLUICE_CONFIG"))
    file = read_config_file(path, must_exist=named) if path is not None else ConfigFile()
    name = profile_name or environment.get("MAILSLUICE_PROFILE") or file.default_profile
    if name is not None and name not in file.profiles:
        import difflib

        near = difflib.get_close_matches(name, file.profiles, n=1)
        names = sanitize(", ".join(file.profiles)) or "none"
        known = f" Did you mean {sanitize(near[0])}?" if near else f" It has: {names}."
        if path is None:
            raise UsageError(
                f"No profile '{sanitize(name, 40)}': there is no home folder, so no configuration file. "
                "Set HOME to an absolute path, or MAILSLUICE_CONFIG."
            )
        raise UsageError(f"{sanitize(str(path))} has no profile '{sanitize(name, 40)}'.{known}")
    profile = file.profiles[name] if name is not None else Profile()
    return ChosenProfile(path, file, name, profile, profile_name is not None)


def _credential(chosen: ChosenProfile, environment: Mapping[str, str], *, may_ask: bool) -> Credential:
    profile = chosen.profile
    token = environment.get("CLOUDFLARE_API_TOKEN")
    if token and not (chosen.flagged and (profile.token_file or profile.token_command)):
        return TokenCredential(Secret(token, "variable CLOUDFLARE_API_TOKEN"))
    if profile.token_file:
        try:
            return TokenCredential(token_from_file(profile.token_file))
        except (ValueError, RuntimeError):  # a NUL, or ~ of an unknown user
            name = sanitize(str(profile.token_file))
            raise UsageError(f"The token_file {name} can't be the name of a file.") from None
    if profile.token_command:
        try:
            return CommandCredential(profile.token_command, may_ask=may_ask)
        except ValueError:
            name = sanitize(profile.token_command[0])
            raise UsageError(f"The token_command {name} has an argument with a NUL character.") from None
    email, key = environment.get("CLOUDFLARE_EMAIL"), environment.get("CLOUDFLARE_API_KEY")
    if email and key:
        if not email.isascii() or not email.isprintable() or " " in email:
            raise UsageError("CLOUDFLARE_EMAIL is not an e-mail address.")
        return KeyCredential(email, Secret(key, "variable CLOUDFLARE_API_KEY"))
    raise chosen.without("No API token", lambda each: each.token_file or each.token_command) or UsageError(
        "No API token: set CLOUDFLARE_API_TOKEN, or token_file or token_command in the profile, or run: mailsluice init. "
        "To look around without an account run: mailsluice demo"
    )


def load_settings(
    environment: Mapping[str, str],
    *,
    profile_name: str | None = None,
    read_only: bool = False,
    may_ask: bool = True,
) -> Settings:
    """The settings for one profile. Raises UsageError when something is missing or malformed; sends nothing.

    `may_ask` = a token command may use the terminal, which a console on it does not share.
    """
    chosen = choose_profile(environment, profile_name)
    file, name, profile, flagged = chosen.file, chosen.name, chosen.profile, chosen.flagged

    def pick(variable: str, in_profile: str | None) -> str | None:
        return chosen.pick(environment.get(variable), in_profile)

    account_id = pick("CLOUDFLARE_ACCOUNT_ID", profile.account_id)
    if not account_id:
        raise chosen.without("No account", lambda each: each.account_id) or UsageError(
            "No account: set CLOUDFLARE_ACCOUNT_ID, or account_id in a profile, or run: mailsluice init. "
            "To look around without an account run: mailsluice demo"
        )
    account_id = check_account_id(account_id)
    if profile.account_id is not None and account_id != check_account_id(profile.account_id):
        # The environment names another account: the header must not show this profile and its colour.
        name, profile = None, replace(profile, color=None)
    base_url = check_base_url(pick("CLOUDFLARE_BASE_URL", profile.base_url) or DEFAULT_BASE_URL)
    credential = _credential(chosen, environment, may_ask=may_ask)
    secret = profile.token_file or profile.token_command
    if (
        secret
        and (flagged or not environment.get("CLOUDFLARE_API_TOKEN"))
        and base_url != check_base_url(profile.base_url or DEFAULT_BASE_URL)
    ):
        raise UsageError(
            "CLOUDFLARE_BASE_URL names another address than the profile: the profile's token is not sent there. "
            "Unset it, or set base_url in the profile."
        )
    return Settings(
        account_id=account_id,
        base_url=base_url,
        credential=credential,
        profile=name,
        read_only=read_only or profile.read_only,
        color=profile.color,
        production=name is not None and is_production(name, profile),
        ca_bundle=profile.ca_bundle,
        proxy=proxy_for(base_url, environment),
        release_body=profile.release_body,
        guard=file.guard,
        plans=file.plans,
        ui=file.ui,
        keys=file.keys,
        views=file.views,
        profiles=file.profiles,
    )
