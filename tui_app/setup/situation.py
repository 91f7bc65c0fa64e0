"""What a first start finds in the environment and on the disk, and what is missing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_app.auth.credentials import Secret
from tui_app.config.proxy import Proxy, proxy_for
from tui_app.config.schema import ConfigFile
from tui_app.config.settings import (
    DEFAULT_BASE_URL,
    check_account_id,
    check_base_url,
    read_config_file,
)
from tui_app.core.paths import config_file, find_state_folder
from tui_app.core.text import sanitize

TOKEN: Final = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable
ACCOUNT: Final = "CLOUDFLARE_ACCOUNT_ID"
BASE_URL: Final = "CLOUDFLARE_BASE_URL"
_LONGEST_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list: what it is about, whether it is there, and the words."""

    what: str
    found: bool
    words: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What is there. `config` is where a configuration can be kept, None for nowhere, and `why_nowhere` says why."""

    config: Path | None
    why_nowhere: str
    file: ConfigFile
    exists: bool
    token: Secret | None
    account_id: str | None
    base_url: str
    base_url_given: bool
    proxy: Proxy | None
    state: Path | None

    @property
    def is_elsewhere(self) -> bool:
        """Whether requests go to another address than the API's own."""
        return self.base_url != DEFAULT_BASE_URL

    def findings(self) -> tuple[Finding, ...]:
        """All that is there, and all that is missing, in one list."""
        path = sanitize(str(self.config), _LONGEST_PATH)
        if self.config is None:
            config = Finding("configuration", False, self.why_nowhere)
        elif self.exists:
            config = Finding("configuration", True, f"{path}, without a profile")
        else:
            config = Finding("configuration", False, f"none yet, {path}")
        found = [
            config,
            Finding("API token", True, f"from {TOKEN}")
            if self.token is not None
            else Finding("API token", False, "not in the environment, no file, no command"),
            Finding("account id", True, f"{self.account_id}, from {ACCOUNT}")
            if self.account_id is not None
            else Finding("account id", False, "not in the environment, no profile"),
            Finding("records", True, f"{sanitize(str(self.state), _LONGEST_PATH)}")
            if self.state is not None
            else Finding("records", False, "nowhere: set HOME or XDG_STATE_HOME; until then writes are refused"),
        ]
        if self.base_url_given:
            found.append(Finding("address", True, f"{sanitize(self.base_url, 100)}, from {BASE_URL}"))
        if self.proxy is not None:
            found.append(Finding("proxy", True, f"{sanitize(self.proxy.name, 100)}, from HTTPS_PROXY"))
        return tuple(found)


def look_around(environment: Mapping[str, str]) -> Situation:
    """What is there; what is malformed, or a file that is not to be obeyed, raises UsageError."""
    path, why_nowhere = config_file(environment), ""
    if path is None:
        why_nowhere = "no home folder for it: set HOME to an absolute path"
    elif str(path) == os.devnull:
        path, why_nowhere = None, f"none wanted (MAILSLUICE_CONFIG={os.devnull})"
    token = environment.get(TOKEN)
    account_id = environment.get(ACCOUNT)
    base_url = check_base_url(environment.get(BASE_URL) or DEFAULT_BASE_URL)
    return Situation(
        config=path,
        why_nowhere=why_nowhere,
        file=read_config_file(path) if path is not None else ConfigFile(),
        exists=path is not None and path.exists(),
        token=Secret(token, f"variable {TOKEN}") if token else None,
        account_id=check_account_id(account_id) if account_id else None,
        base_url=base_url,
        base_url_given=bool(environment.get(BASE_URL)),
        proxy=proxy_for(base_url, environment),
        state=find_state_folder(),
    )


def first_start(environment: Mapping[str, str], *, profile_name: str | None = None) -> Situation | None:
    """What is there, if something is missing that a setup can ask for; None where a profile or a key was configured.

    Then what is wrong with that is to be told. Raises UsageError as `look_around`.
    """
    key = environment.get("CLOUDFLARE_EMAIL") and environment.get("CLOUDFLARE_API_KEY")
    named = environment.get("MAILSLUICE_CONFIG")
    if profile_name or environment.get("MAILSLUICE_PROFILE") or (key and not environment.get(TOKEN)):
        return None
    situation = look_around(environment)
    if (
        situation.file.profiles
        or situation.file.default_profile
        or (named and situation.config and not situation.exists)
    ):
        return None
    return situation if situation.token is None or situation.account_id is None else None
