"""What a screen shows as a command line of this program, and as a request with curl. The token is in neither."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tui_app.auth.credentials import KeyCredential
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.config.settings import Settings
    from tui_app.screens.copy import Value


@dataclass(frozen=True, slots=True)
class AsCommand:
    """`arguments` behind `mailsluice`, and the request: parts of a path below `investigate`, and its query.

    Without `parts` there is no request: what is shown is on this machine.
    """

    arguments: Sequence[str]
    parts: Sequence[str] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    """What the command leaves out of what is shown."""


def command_values(shown: AsCommand, settings: Settings) -> list[Value]:
    """The lines to copy, with their names."""
    profile = ["--profile", settings.profile] if settings.profile else []
    values = [("command", shlex.join(["mailsluice", *profile, *shown.arguments]))]
    if shown.parts is not None:
        values.append(("curl", curl(shown.parts, shown.query, settings)))
        if of_profile := _token_of_profile(settings):
            values.append(("TOKEN", of_profile))
    if shown.note:
        values.append(("left out", shown.note))
    return values


def curl(parts: Sequence[str], query: Mapping[str, str], settings: Settings) -> str:
    """The request as a line for a shell that has the token in its environment."""
    path = "/".join(
        [f"/accounts/{settings.account_id}/email-security/investigate", *(quote(part, safe="") for part in parts)]
    )
    url = f"{settings.base_url}{path}{f'?{urlencode(query)}' if query else ''}"
    if isinstance(settings.credential, KeyCredential):
        access = '-H "X-Auth-Email: $CLOUDFLARE_EMAIL" -H "X-Auth-Key: $CLOUDFLARE_API_KEY"'
    else:
        # The shell's own variable may hold the token of another account.
        name = "TOKEN" if _token_of_profile(settings) else "CLOUDFLARE_API_TOKEN"
        access = f'-H "Authorization: Bearer ${name}"'
    # Double quotes: the shell puts the token in, which is never written here.
    return f"curl -sS {access} {shlex.quote(url)}"


def _token_of_profile(settings: Settings) -> str:
    """Where the token of the profile lives, that $TOKEN has to be read from; empty where it is the environment's."""
    profile = settings.profiles.get(settings.profile or "")
    if profile is None or not (profile.token_file or profile.token_command):
        return ""
    where = profile.token_file or f"the command {profile.token_command[0] if profile.token_command else ''}"
    return f"of the profile {sanitize(settings.profile or '', 40)}: from {sanitize(str(where), 200)}"
