import itertools
from pathlib import Path

import pytest

from tui_app.config.origins import values_in_effect
from tui_app.config.settings import load_settings
from tui_app.core.errors import UsageError

ACCOUNT, OTHER = "023e105f4ecef8ad9ca31a8372d0c353", "f" * 32


@pytest.mark.parametrize("flagged", [True, False])
def test_the_values_are_those_that_are_used(flagged: bool, tmp_path: Path) -> None:
    """Whatever comes from where: what is shown is what `load_settings` gives."""
    secret, config = tmp_path / "token", tmp_path / "config.toml"
    secret.write_text("in-the-file")
    secret.chmod(0o600)
    profiles = (
        f"account_id = '{ACCOUNT}'",
        f"token_file = '{secret}'",
        "base_url = 'https://api.example/v4'",
        "color = 'red'",
    )
    variables = {
        "CLOUDFLARE_API_TOKEN": "in-the-shell", "CLOUDFLARE_ACCOUNT_ID": OTHER, "CLOUDFLARE_BASE_URL": "https://API.example:443/v4/",
    }  # fmt: skip
    compared = 0
    for in_file, in_shell in itertools.product(_subsets(profiles), _subsets(tuple(variables))):
        config.write_text("default_profile = 'p'\n[profiles.p]\n" + "\n".join(in_file))
        environment = {"MAILSLUICE_CONFIG": str(config)} | {name: variables[name] for name in in_shell}
        name = "p" if flagged else None
        values = {each.key: each.value for each in values_in_effect(environment, profile_name=name, read_only=flagged)}
        origins = {each.key: each.origin for each in values_in_effect(environment, profile_name=name)}
        try:
            settings = load_settings(environment, profile_name=name, read_only=flagged)
        except UsageError:
            continue
        compared += 1
        for key in ("profile", "account_id", "base_url", "read_only", "color", "release_body"):
            assert values[key] == getattr(settings, key), (key, in_file, in_shell)
        used = settings.credential.headers()["Authorization"].removeprefix("Bearer ")
        assert values["token"] == "***"
        assert ("CLOUDFLARE_API_TOKEN" in origins["token"]) is (used == "in-the-shell")
    assert compared > 30


def _subsets(items: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [chosen for size in range(len(items) + 1) for chosen in itertools.combinations(items, size)]
