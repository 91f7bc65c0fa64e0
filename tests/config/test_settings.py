import grp
import os
import pwd
import stat
import unicodedata
from pathlib import Path

import pytest

from tui_app.auth.credentials import KeyCredential, TokenCredential
from tui_app.config.ca_bundle import trusting
from tui_app.config.settings import (
    Settings,
    canonical_account,
    check_account_id,
    check_base_url,
    check_job_id,
    load_settings,
)
from tui_app.core.errors import UsageError

ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
OTHER = "f" * 32


def environment(tmp_path: Path, toml: str = "", **more: str) -> dict[str, str]:
    file = tmp_path / "config.toml"
    file.write_text(toml)
    return {"MAILSLUICE_CONFIG": str(file), **more}


@pytest.mark.parametrize(("mode", "obeyed"), [(0o600, True), (0o644, True), (0o602, False), (0o666, False)])
def test_a_configuration_that_others_can_write_is_not_obeyed(mode: int, obeyed: bool, tmp_path: Path) -> None:
    variables = environment(tmp_path, f"[profiles.p]\naccount_id = '{ACCOUNT}'", CLOUDFLARE_API_TOKEN="t0ken")
    (tmp_path / "config.toml").chmod(mode)
    if obeyed:
        assert load_settings(variables, profile_name="p").account_id == ACCOUNT
        return
    with pytest.raises(UsageError, match="can be written by others; run chmod go-w"):
        load_settings(variables, profile_name="p")


@pytest.mark.parametrize("alone", [True, False])
def test_a_group_may_write_the_configuration_only_if_nobody_else_is_in_it(
    alone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = environment(tmp_path, f"[profiles.p]\naccount_id = '{ACCOUNT}'", CLOUDFLARE_API_TOKEN="t0ken")
    (tmp_path / "config.toml").chmod(0o664)
    me = pwd.getpwuid(os.geteuid())
    group = grp.struct_group((me.pw_name, "x", me.pw_gid, [] if alone else ["bo"]))
    monkeypatch.setattr(grp, "getgrgid", lambda _: group)
    if alone:
        assert load_settings(variables, profile_name="p").account_id == ACCOUNT
        return
    with pytest.raises(UsageError, match="can be written by others"):
        load_settings(variables, profile_name="p")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_configuration_of_somebody_else_is_not_obeyed(tmp_path: Path) -> None:
    variables = environment(tmp_path, f"[profiles.p]\naccount_id = '{ACCOUNT}'", CLOUDFLARE_API_TOKEN="t0ken")
    os.chown(tmp_path / "config.toml", 12345, -1)
    with pytest.raises(UsageError, match="belongs to another user, uid 12345"):
        load_settings(variables, profile_name="p")


@pytest.mark.parametrize("secret", ["token_command = ['printf', 'abc']", "token_file = '{file}'"])
@pytest.mark.parametrize("flagged", [True, False])
def test_a_profile_s_token_goes_to_the_profile_s_address_only(secret: str, flagged: bool, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "token").chmod(0o600)
    toml = f"[profiles.p]\naccount_id = '{ACCOUNT}'\n{secret.format(file=tmp_path / 'token')}"
    elsewhere = {"CLOUDFLARE_BASE_URL": "https://elsewhere.example/v4"}
    named = {"profile_name": "p"} if flagged else {}
    chosen = {} if flagged else {"MAILSLUICE_PROFILE": "p"}
    with pytest.raises(UsageError, match="the profile's token is not sent there"):
        load_settings(environment(tmp_path, toml, **elsewhere, **chosen), **named)  # type: ignore[arg-type]
    assert load_settings(environment(tmp_path, toml, **chosen), **named).other_host == ""  # type: ignore[arg-type]
    own = environment(tmp_path, toml, **elsewhere, CLOUDFLARE_API_TOKEN="mine", MAILSLUICE_PROFILE="p")
    assert load_settings(own).other_host == "elsewhere.example", "the token is of the same environment"


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    settings = load_settings(environment(tmp_path, CLOUDFLARE_API_TOKEN="t0ken", CLOUDFLARE_ACCOUNT_ID=ACCOUNT.upper()))
    assert settings.account_id == ACCOUNT
    assert settings.base_url == "https://api.cloudflare.com/client/v4"
    assert settings.credential.headers() == {"Authorization": "Bearer t0ken"}
    assert not settings.read_only


def test_a_token_wins_over_email_and_key(tmp_path: Path) -> None:
    both = environment(
        tmp_path, CLOUDFLARE_ACCOUNT_ID=ACCOUNT, CLOUDFLARE_EMAIL="a@b.example", CLOUDFLARE_API_KEY="k3y"
    )
    assert isinstance(load_settings(both).credential, KeyCredential)
    assert load_settings(both).credential.headers() == {"X-Auth-Email": "a@b.example", "X-Auth-Key": "k3y"}
    assert isinstance(load_settings({**both, "CLOUDFLARE_API_TOKEN": "t"}).credential, TokenCredential)


PROFILES = f"""
default_profile = "prod"
[profiles.prod]
account_id = "{ACCOUNT}"
read_only = true
[profiles.lab]
account_id = "{OTHER}"
base_url = "http://127.0.0.1:9/client/v4"
[guard]
max_messages = 10
[ui]
theme = "auto"
"""


def test_a_profile_fills_what_the_environment_leaves_open(tmp_path: Path) -> None:
    settings = load_settings(environment(tmp_path, PROFILES, CLOUDFLARE_API_TOKEN="t"))
    assert (settings.profile, settings.account_id, settings.read_only) == ("prod", ACCOUNT, True)
    assert settings.guard.max_messages == 10


def test_the_environment_beats_the_file_and_a_named_profile_beats_the_environment(tmp_path: Path) -> None:
    shell = environment(
        tmp_path, PROFILES, CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID=ACCOUNT, MAILSLUICE_PROFILE="lab"
    )
    assert load_settings(shell).account_id == ACCOUNT
    assert load_settings(shell, profile_name="lab").account_id == OTHER


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[profiles.prod]\nacount_id = 'x'", "profiles.prod.acount_id is not a setting; did you mean account_id"),
        ("[guard]\nmax_messages = 0", "guard.max_messages"),
        ("default_profil = 'x'", "did you mean default_profile"),
        ("not toml", "is not valid TOML"),
        ("default_profile = 'prd'\n[profiles.prod]", "Did you mean prod"),
    ],
)
def test_errors_name_the_file_the_key_and_the_nearest_one(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(environment(tmp_path, toml, CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID=ACCOUNT))
    assert said in str(caught.value)
    assert "config.toml" in str(caught.value)


def test_missing_account_and_missing_token_point_to_the_demo(tmp_path: Path) -> None:
    for variables in ({"CLOUDFLARE_API_TOKEN": "t"}, {"CLOUDFLARE_ACCOUNT_ID": ACCOUNT}):
        with pytest.raises(UsageError, match="mailsluice demo"):
            load_settings(environment(tmp_path, **variables))


SEVERAL = f"""
[profiles.acme]
account_id = "{ACCOUNT}"
token_command = ["printf", "a"]
[profiles."b\\u001b[2J"]
account_id = "{OTHER}"
token_file = "/nowhere"
[profiles.bare]
read_only = true
"""


def test_with_no_profile_chosen_those_that_can_be_are_named(tmp_path: Path) -> None:
    for what, variables in (
        ("No account", {"CLOUDFLARE_API_TOKEN": "t"}),
        ("No account", {}),
        ("No API token", {"CLOUDFLARE_ACCOUNT_ID": ACCOUNT}),
    ):
        with pytest.raises(UsageError) as caught:
            load_settings(environment(tmp_path, SEVERAL, **variables))
        said = str(caught.value)
        assert said.startswith(f"{what}: no profile is chosen. Choose one with --profile NAME")
        assert said.endswith(f"{tmp_path / 'config.toml'} has: acme, b␛[2J.")
    many = "".join(f"[profiles.p{number}]\naccount_id = '{ACCOUNT}'\n" for number in range(100))
    with pytest.raises(UsageError, match=r"has: p0, .*p7 and 92 more\."):
        load_settings(environment(tmp_path, many))
    with pytest.raises(UsageError, match=r"^No account: set CLOUDFLARE_ACCOUNT_ID"):
        load_settings(environment(tmp_path, SEVERAL), profile_name="bare")
    with pytest.raises(UsageError, match=r"^No account: set CLOUDFLARE_ACCOUNT_ID"):
        load_settings(environment(tmp_path, "[profiles.bare]\nread_only = true\n"))


@pytest.mark.parametrize(
    "account", ["", "123", ACCOUNT + "0", "../" + ACCOUNT[3:], ACCOUNT[:-1] + "g", ACCOUNT[:-1] + "\n"]
)
def test_an_account_id_is_32_hex_digits(account: str) -> None:
    with pytest.raises(UsageError, match="32 hex digits"):
        check_account_id(account)


@pytest.mark.parametrize(
    "job", ["", "1", "../x", "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26", "{182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e}"]
)
def test_a_job_id_is_a_uuid(job: str) -> None:
    with pytest.raises(UsageError, match="UUID"):
        check_job_id(job)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cloudflare.com/client/v4", "ftp://x", "https://", "https://u:p@h/x", "https://h/x?y=1", "https://h/../x", "http://10.0.0.1/",
        "https://h/x#y", "https://h:99999/", "https://[::1", "http://127.0.0.1.evil.example/", "https://h /",
    ],
)  # fmt: skip
def test_base_urls_that_could_leak_a_token_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="base URL"):
        check_base_url(url)


@pytest.mark.parametrize(
    "url", ["https://api.example/client/v4/", "http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/x"]
)
def test_base_urls_that_are_fine(url: str) -> None:
    assert check_base_url(url) == url.rstrip("/")


def test_the_documented_settings_are_known_and_a_second_signer_is_refused_not_ignored(tmp_path: Path) -> None:
    guard = "[guard]\nhold_dispositions = ['MALICIOUS']\nmax_messages = 7\nhold_recipient_domains = ['vip.example']\n"
    guard += "require_reason = true\n"
    plans = "[plans]\nbatch_size = 10\ncanary = 5\n"
    shell = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_ACCOUNT_ID": ACCOUNT}
    settings = load_settings(environment(tmp_path, guard + "require_second_signer = false\n" + plans, **shell))
    assert (settings.guard.hold_recipient_domains, settings.plans.batch_size) == (("vip.example",), 10)
    assert settings.guard.require_reason
    with pytest.raises(UsageError, match="require_second_signer"):
        load_settings(environment(tmp_path, guard + "require_second_signer = true\n", **shell))


def test_a_profile_is_not_named_when_the_environment_points_to_another_account(tmp_path: Path) -> None:
    toml = PROFILES + f"[profiles.red]\naccount_id = '{ACCOUNT}'\ncolor = 'red'\n"
    shell = environment(tmp_path, toml, CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID=OTHER, MAILSLUICE_PROFILE="red")
    settings = load_settings(shell)
    assert (settings.account_id, settings.profile, settings.color) == (OTHER, None, None)


def test_a_named_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load_settings({"MAILSLUICE_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize("named", ["~nosuchuser/x", "a\0b", "/\0b", "/"])
def test_a_named_file_that_can_be_none_is_refused(named: str) -> None:
    with pytest.raises(UsageError):
        load_settings({"MAILSLUICE_CONFIG": named})


def test_a_named_file_is_not_looked_for_where_somebody_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"The file in MAILSLUICE_CONFIG config\.toml is a relative name"):
        load_settings({"MAILSLUICE_CONFIG": "config.toml"})


def test_a_pipe_is_no_configuration_and_is_not_waited_for_but_nothing_is_an_empty_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="not a regular file"):
        load_settings({"MAILSLUICE_CONFIG": str(pipe)})
    with pytest.raises(UsageError, match="not a regular file"):
        load_settings({"MAILSLUICE_CONFIG": "/dev/zero"})
    shell = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_ACCOUNT_ID": ACCOUNT}
    assert load_settings({"MAILSLUICE_CONFIG": os.devnull, **shell}).account_id == ACCOUNT


@pytest.mark.parametrize(
    "setting", ["token_file = '~nosuchuser/x'", 'token_file = "/a\\u0000b"', 'token_command = ["a\\u0000b"]']
)
def test_a_token_that_can_be_nowhere_is_refused(tmp_path: Path, setting: str) -> None:
    toml = f"[profiles.p]\naccount_id = '{ACCOUNT}'\n{setting}\n"
    with pytest.raises(UsageError, match="token_"):
        load_settings(environment(tmp_path, toml), profile_name="p")


@pytest.mark.parametrize("bundle", ["~nosuchuser/x", "/a\0b", "/nowhere\n/x"])
def test_certificates_that_can_be_nowhere_are_refused(bundle: str) -> None:
    with pytest.raises(UsageError, match=r"ca_bundle .* can't be read"):
        trusting(Path(bundle))


FORGED = "x\u200b\x1b[2J\nmailsluice: all is well"
QUOTED = '"' + FORGED.replace("\x1b", "\\u001b").replace("\n", "\\n") + '"'


@pytest.mark.parametrize(
    ("toml", "variables"),
    [
        (f"[profiles]\n{QUOTED} = 1", {}),
        (f"[profiles.{QUOTED}]\nx = 1", {}),
        (f"{QUOTED} = 1", {}),
        (f"[profiles.{QUOTED}]", {"MAILSLUICE_PROFILE": "none"}),
        (f"[profiles.{QUOTED}]", {"MAILSLUICE_PROFILE": FORGED[:-1]}),
        ("", {"MAILSLUICE_PROFILE": FORGED}),
        ("", {"MAILSLUICE_CONFIG": FORGED}),
        (f"[profiles.p]\naccount_id = '{ACCOUNT}'\ntoken_file = {QUOTED[:-1]}\\u0000\"", {"MAILSLUICE_PROFILE": "p"}),
    ],
)
def test_a_sentence_is_one_line_whatever_it_quotes(tmp_path: Path, toml: str, variables: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(environment(tmp_path, toml) | variables)
    said = str(caught.value)
    assert "all is well" in said
    assert {unicodedata.category(character) for character in said}.isdisjoint(("Cc", "Cf", "Zl", "Zp"))


def test_a_token_file_must_be_ours_alone(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    toml = f"[profiles.p]\naccount_id = '{ACCOUNT}'\ntoken_file = '{token}'\n"
    token.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        load_settings(environment(tmp_path, toml), profile_name="p")
    token.chmod(stat.S_IRUSR)
    assert (
        load_settings(environment(tmp_path, toml), profile_name="p").credential.headers()["Authorization"]
        == "Bearer s3cret"
    )
    link = tmp_path / "link"
    link.symlink_to(token)
    with pytest.raises(UsageError, match="can't be read"):
        load_settings(environment(tmp_path, toml.replace(str(token), str(link))), profile_name="p")


def test_a_token_command_gives_its_first_line(tmp_path: Path) -> None:
    toml = f"[profiles.p]\naccount_id = '{ACCOUNT}'\ntoken_command = ['printf', 'abc\\ndef']\n"
    settings = load_settings(environment(tmp_path, toml), profile_name="p")
    assert settings.credential.headers()["Authorization"] == "Bearer abc"
    with pytest.raises(UsageError, match="ended with 1"):
        load_settings(environment(tmp_path, toml.replace("'printf', 'abc\\ndef'", "'false'")), profile_name="p")


@pytest.mark.parametrize("verdict", ["malicious", "Malicious ", "MALICIOUS_BEC", "malicious bec"])
def test_a_verdict_of_the_guard_has_one_form(tmp_path: Path, verdict: str) -> None:
    (held,) = _guarded(tmp_path, f'hold_dispositions = ["{verdict}"]').guard.hold_dispositions
    assert held in ("MALICIOUS", "MALICIOUS-BEC")


def test_a_verdict_that_could_never_match_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'MALICOUS' is not a verdict. Did you mean MALICIOUS\?"):
        _guarded(tmp_path, 'hold_dispositions = ["MALICOUS"]')


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("@acme.example", "acme.example"), ("*.Acme.example", "*.acme.example"), ("acme.example.", "acme.example"),
        (" acme.example", "acme.example"), ("Ana@Acme.example", "ana@acme.example"), ("bücher.example", "xn--bcher-kva.example"),
    ],
)  # fmt: skip
def test_a_recipient_rule_of_the_guard_has_one_form(tmp_path: Path, written: str, rule: str) -> None:
    assert _guarded(tmp_path, f'hold_recipient_domains = ["{written}"]').guard.hold_recipient_domains == (rule,)


@pytest.mark.parametrize("written", ["", "*", "acme example", "a@b@", "http://acme.example"])
def test_a_recipient_rule_that_could_never_match_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(UsageError, match="is not a domain"):
        _guarded(tmp_path, f'hold_recipient_domains = ["{written}"]')


def _guarded(tmp_path: Path, rule: str) -> Settings:
    known = {"CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t"}
    return load_settings(environment(tmp_path, f"[guard]\n{rule}\n", **known))


@pytest.mark.parametrize(
    "url", ["https://API.example/client/v4", "HTTPS://api.example/client/v4/", "https://api.example.:443/client/v4"]
)
def test_an_account_is_one_whatever_the_spelling_of_its_address(url: str) -> None:
    assert check_base_url(url) == "https://api.example/client/v4"
    assert canonical_account(f"{ACCOUNT.upper()}@{url}") == f"{ACCOUNT}@https://api.example/client/v4"
