"""`doctor` as scripts see it: data on standard output, exit codes, no secret anywhere."""

import json

from tests.support.commands import Run, run_with
from tests.support.environment import ABSENT
from tui_app.simulator.server import Simulator


def test_it_lists_what_it_looked_at_as_data(run: Run, simulator: Simulator) -> None:
    ended = run("--read-only", "doctor", "--json", CLOUDFLARE_EMAIL="a@b.example", CF_API_KEY="k" * 40)
    listed = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    assert all(each.keys() == {"check", "state", "found", "todo"} for each in listed)
    by_name = {each["check"]: each for each in listed}
    assert by_name["jobs"] == {"check": "jobs", "state": "ok", "found": "Read: yes (one was read)", "todo": ""}
    assert by_name["writing"]["state"] == "ok"
    assert "CF_API_KEY is not read" in by_name["settings"]["todo"]
    assert "5 requests of at most 6." in ended.stderr
    said = ended.stdout + ended.stderr
    assert simulator.authenticator.token not in said
    assert "k" * 40 not in said


def test_it_works_without_any_configuration_and_in_words() -> None:
    ended = run_with({"SSLKEYLOGFILE": "/tmp/keys"}, "doctor")
    assert ended.returncode == 2
    lines = ended.stdout.splitlines()
    assert any(line.startswith("wrong  settings        No account: set CLOUDFLARE_ACCOUNT_ID") for line in lines)
    assert any(line.startswith("ok     state folder") for line in lines)
    assert all(line[:23].strip() == "" or line.split()[0] in ("ok", "look", "wrong") for line in lines)
    assert max(map(len, lines)) <= 110
    assert ended.stderr.endswith("1 wrong; 0 requests of at most 6.\n")


def test_a_refused_token_ends_with_6_and_a_proxy_s_password_is_not_told(run: Run) -> None:
    wrong = "wrong-wrong-wrong-wrong-wrong"
    ended = run(
        "doctor", "--format", "ndjson", CLOUDFLARE_API_TOKEN=wrong, HTTPS_PROXY="http://u:pass-word@127.0.0.1:9"
    )
    assert ended.returncode == 6
    by_name = {each["check"]: each for each in map(json.loads, ended.stdout.splitlines())}
    assert by_name["token"]["state"] == "wrong"
    assert "this machine is asked itself" in by_name["proxy"]["found"]
    assert wrong not in ended.stdout + ended.stderr
    assert "pass-word" not in ended.stdout + ended.stderr


def test_what_a_proxy_is_called_when_it_is_wrong() -> None:
    ended = run_with(
        {
            "CLOUDFLARE_API_TOKEN": "t" * 40,
            "CLOUDFLARE_ACCOUNT_ID": "f" * 32,
            "HTTPS_PROXY": "http://u:pass-word@127.0.0.1:nine",
            "HOME": ABSENT,
        },
        "doctor",
        "--json",
    )
    assert ended.returncode == 2
    assert "HTTPS_PROXY must be" in ended.stdout
    assert "pass-word" not in ended.stdout + ended.stderr
