"""What the doctor finds of the account, over real HTTP: at most six reads, each once, and nothing that can't be known is ok."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trustme

from tests.support.clock import StillClock
from tests.support.faulty import ACCOUNT, Received, answer, failure, faulty, success
from tests.support.services import settings_for
from tui_app.api.budget import Budget
from tui_app.api.models import CloudflareAccount
from tui_app.api.page import Page
from tui_app.auth.credentials import KeyCredential, Secret, TokenCredential
from tui_app.config.proxy import Proxy
from tui_app.config.settings import Settings
from tui_app.core.clock import SystemClock
from tui_app.core.errors import ExitCode
from tui_app.doctor import examination, machine
from tui_app.doctor.access import check_accounts
from tui_app.doctor.check import CheckResult, State, exit_code_of
from tui_app.doctor.examination import MOST_REQUESTS, Examination, Subject
from tui_app.doctor.terminal import TerminalSnapshot
from tui_app.simulator.server import Options, Simulator, running

TOKEN = "token-token-token-token-token-token-token"
OLD = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(messages=60, held=20)) as simulator:
        yield simulator


def subject_of(settings: Settings | None, tmp_path: Path, **more: Any) -> Subject:
    return Subject(TerminalSnapshot(is_terminal=False), {}, settings, tmp_path, SystemClock(), Random(1), **more)


async def looked_at(subject: Subject) -> tuple[dict[str, CheckResult], Examination]:
    made = Examination(subject)
    results = [result async for result in made.results()]
    assert len({result.check for result in results}) == len(results), "each check speaks once"
    assert not any(TOKEN in str(result) for result in results)
    return {result.check: result for result in results}, made


def with_token(settings: Settings, token: str) -> Settings:
    return replace(settings, credential=TokenCredential(Secret(token, "token")))


async def test_an_account_in_order(account: Simulator, tmp_path: Path) -> None:
    found, made = await looked_at(subject_of(settings_for(account), tmp_path))
    states = {name: result.state.value for name, result in found.items()}
    unknowable = {"terminal", "colours", "clipboard", "writing"}
    assert {name for name, state in states.items() if state != "ok"} == unknowable
    assert {states[name] for name in unknowable} == {"look"}
    assert "user's token: active" in found["token"].found
    assert "of 1,200 requests left" in found["quota"].found
    assert "Newer answers" in found["API generation"].found
    assert made.requests == 5
    assert exit_code_of(list(found.values())) is ExitCode.DONE


async def test_the_account_s_own_token_and_a_read_only_run(account: Simulator, tmp_path: Path) -> None:
    settings = with_token(settings_for(account, read_only=True), account.authenticator.owned_token)
    found, made = await looked_at(subject_of(settings, tmp_path))
    assert "account's own token: active" in found["token"].found
    assert found["accounts"].state is State.OK
    assert found["writing"] == CheckResult("writing", State.OK, "Write: never tried, this run or profile is read-only")
    assert made.requests == MOST_REQUESTS


async def test_a_key(account: Simulator, tmp_path: Path) -> None:
    keys = account.authenticator
    credential = KeyCredential(keys.email, Secret(keys.key, "key"))
    found, made = await looked_at(subject_of(settings_for(account, credential=credential), tmp_path))
    assert (found["token"].state, made.requests) == (State.OK, 4)
    wrong = replace(credential, key=Secret("f" * 36, "key"))
    found, _ = await looked_at(subject_of(settings_for(account, credential=wrong), tmp_path))
    assert found["token"].state is State.WRONG
    assert found["connection"].state is State.OK


async def test_a_token_that_is_not_accepted_and_another_account(account: Simulator, tmp_path: Path) -> None:
    found, _ = await looked_at(subject_of(with_token(settings_for(account), TOKEN), tmp_path))
    assert {found[name].state for name in ("token", "jobs", "mail")} == {State.WRONG}
    assert found["connection"].state is State.OK
    assert exit_code_of(list(found.values())) is ExitCode.API
    found, _ = await looked_at(subject_of(settings_for(account, account_id="f" * 32), tmp_path))
    assert (found["token"].state, found["jobs"].state) == (State.OK, State.WRONG)
    assert account.account.account_id in found["accounts"].found


def test_a_list_of_accounts_that_is_not_whole_does_not_say_that_the_account_is_not_seen(account: Simulator) -> None:
    settings = settings_for(account)
    other = CloudflareAccount.from_wire({"id": "f" * 32, "name": "Other Ltd"})
    whole = Page((other,), count=1)
    assert "They see: Other Ltd" in check_accounts(settings, whole).found
    for page in (replace(whole, partial=True), replace(whole, count=2), replace(whole, pages=2)):
        assert "there may be more" in check_accounts(settings, page).found


async def test_the_oldest_generation(tmp_path: Path) -> None:
    with running(Options(messages=60, held=20, generation="seed")) as simulator:
        found, _ = await looked_at(subject_of(settings_for(simulator), tmp_path))
    assert "The oldest answers" in found["API generation"].found
    assert "ts, action_log, findings" in found["API generation"].found


@pytest.mark.parametrize(
    ("faults", "check", "state", "word"),
    [
        ("rate_limit=20", "quota", "wrong", "another 20 s"),
        ("rate_limit=20@jobs", "jobs", "wrong", "Too many requests"),
        ("html_502", "connection", "wrong", "HTTP 502"),
        ("html_200", "connection", "wrong", "not as the API does"),
        ("redirect", "connection", "wrong", "redirect"),
        ("close_before", "connection", "wrong", "connection broke"),
        ("slow_search=9@search", "mail", "ok", "takes its time"),
        ("status=403@search", "mail", "wrong", "Read: no"),
        ("close_before@search", "mail", "look", "not known"),
        ("extra_fields", "drift", "look", "x_added_later"),
        ("deprecation_headers", "drift", "look", "sunset"),
        ("unreadable_row@jobs", "jobs", "ok", "yes"),
    ],
)
async def test_trouble_is_told_where_it_is(faults: str, check: str, state: str, word: str, tmp_path: Path) -> None:
    with running(Options(messages=60, held=20, quota=0, faults=faults)) as simulator:
        found, made = await looked_at(subject_of(settings_for(simulator), tmp_path))
    assert (found[check].state.value, word in found[check].found) == (state, True), found[check]
    assert made.requests <= MOST_REQUESTS


async def test_only_reads_are_sent_each_once_and_slow_ones_are_not_asked_again(tmp_path: Path) -> None:
    def script(received: Received) -> bytes | None:
        if received.target.endswith("/tokens/verify"):
            return answer(200, success({"id": "a", "status": "active"}))
        return answer(500, failure(1000, "broken"))

    async with faulty(script) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        found, made = await looked_at(subject_of(settings, tmp_path))
    assert {received.method for received in server.received} == {"GET"}
    assert len({received.target for received in server.received}) == len(server.received) == made.requests == 4
    assert found["jobs"].state is State.WRONG


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        ({"status": "active", "expires_on": "2099-01-01T00:00:00Z"}, "ok", "until 2099"),
        ({"status": "active", "expires_on": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "look", "until"),
        ({"status": "expired"}, "wrong", "expired"),
        ({"status": "dis\x1babled"}, "wrong", "dis␛abled"),
        ({"status": "active", "not_before": "2099-01-01T00:00:00Z"}, "look", "only from 2099"),
    ],
)
async def test_what_becomes_of_a_token(status: dict[str, str], state: str, word: str, tmp_path: Path) -> None:
    def script(received: Received) -> bytes | None:
        verify = received.target.endswith("/user/tokens/verify")
        return answer(200, success({"id": "a", **status} if verify else []))

    async with faulty(script) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        found, _ = await looked_at(subject_of(settings, tmp_path))
    assert (found["token"].state.value, word in found["token"].found) == (state, True), found["token"]
    assert found["API generation"].state is State.LOOK, "nothing was there to see it by"


async def test_a_token_that_can_t_be_verified_but_works_is_not_called_wrong(tmp_path: Path) -> None:
    def script(received: Received) -> bytes | None:
        if "verify" in received.target:
            return answer(401, failure(1000, "Invalid API Token"))
        return answer(200, success([]))

    async with faulty(script) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        found, _ = await looked_at(subject_of(settings, tmp_path))
    assert found["token"].state is State.LOOK
    assert "It can be used" in found["token"].found


async def test_the_clock_is_compared_with_the_date_of_the_answer(tmp_path: Path) -> None:
    def script(received: Received) -> bytes | None:
        told = format_datetime(OLD - timedelta(minutes=10), usegmt=True)
        return answer(200, success([]), date=told)

    async with faulty(script) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        subject = replace(subject_of(settings, tmp_path), clock=StillClock(OLD))
        found, _ = await looked_at(subject)
    assert found["clock"].state is State.WRONG
    assert found["clock"].found == "This machine's clock is 10 min ahead of the server's."


async def test_a_used_up_quota_is_obeyed(tmp_path: Path) -> None:
    budget = Budget(SystemClock().monotonic)
    budget.limited(60)
    async with faulty(lambda _: answer(200, success([]))) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        found, made = await looked_at(subject_of(settings, tmp_path, budget=budget))
    assert (server.received, made.requests) == ([], 0)
    assert (found["connection"].state, found["quota"].state) == (State.LOOK, State.WRONG)


async def test_no_connection_and_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings = Settings(
            ACCOUNT, f"http://127.0.0.1:{nobody.getsockname()[1]}/x", TokenCredential(Secret(TOKEN, "token"))
        )
        found, made = await looked_at(subject_of(settings, tmp_path))
    assert "refused" in found["connection"].found
    assert made.requests == 0
    not_seen = {"clock", "token", "accounts", "jobs", "mail", "API generation", "drift", "quota"}
    assert {found[name].state for name in not_seen} == {State.LOOK}

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    proxy = Proxy(Secret("http://ana:pass-word@proxy.example:3128", "proxy"), "http://proxy.example:3128")
    found, made = await looked_at(subject_of(replace(settings, proxy=proxy), tmp_path))
    assert found["connection"].found.startswith("The proxy proxy.example is not known")
    assert "pass-word" not in str(found)


async def test_whose_certificates_are_trusted(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "corp.pem"
    authority.cert_pem.write_to_path(str(bundle))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with faulty(lambda _: answer(200, success([])), tls) as server:
        settings = Settings(ACCOUNT, server.base_url, TokenCredential(Secret(TOKEN, "token")))
        distrusted, made = await looked_at(subject_of(settings, tmp_path, set_aside=["SSL_CERT_FILE"]))
        assert (server.received, made.requests) == ([], 0), "the token was not sent"
        trusted, _ = await looked_at(subject_of(replace(settings, ca_bundle=bundle), tmp_path))
    assert {distrusted[name].state for name in ("connection", "certificates")} == {State.WRONG}
    assert "SSL_CERT_FILE set aside" in distrusted["certificates"].found
    assert trusted["certificates"] == CheckResult(
        "certificates", State.OK, f"The server's is trusted by those of {bundle}."
    )


async def test_a_ca_bundle_that_can_t_be_read(tmp_path: Path) -> None:
    settings = Settings(
        ACCOUNT, "https://127.0.0.1:1/x", TokenCredential(Secret(TOKEN, "token")), ca_bundle=tmp_path / "none.pem"
    )
    found, made = await looked_at(subject_of(settings, tmp_path))
    assert (found["certificates"].state, found["jobs"].state) == (State.WRONG, State.LOOK)
    assert made.requests == 0


async def test_without_settings_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    found, made = await looked_at(subject_of(None, tmp_path, problem="No API token."))
    assert found["settings"].found == "No API token."
    assert found["state folder"].state is State.OK
    assert (found["jobs"].state, made.requests) == (State.LOOK, 0)
    assert exit_code_of(list(found.values())) is ExitCode.USAGE


async def test_a_check_that_fails_hides_no_other(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> CheckResult:
        raise RuntimeError(TOKEN)

    whole, _ = await looked_at(subject_of(settings_for(account), tmp_path))
    monkeypatch.setattr(machine, "check_journals", broken)
    monkeypatch.setattr(examination.access, "check_token", broken)
    monkeypatch.setattr(examination.connection, "check_connection", broken)
    monkeypatch.setattr(examination, "look_around", broken)
    found, _ = await looked_at(subject_of(settings_for(account), tmp_path))
    assert found.keys() == whole.keys()
    for name, result in found.items():
        broke = name in ("journals", "token", "connection")
        assert ("internal error (RuntimeError)" in result.found) == broke
        assert result.state is (State.WRONG if broke else whole[name].state), name


def test_a_name_server_that_never_answers_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the end of the program wait for it."""
    never, late = threading.Event(), 5.0
    timer = threading.Timer(late, never.set)
    timer.start()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    monkeypatch.setattr(examination.connection, "RESOLVING", 0.05)
    settings = Settings(ACCOUNT, "https://api.example/x", TokenCredential(Secret(TOKEN, "token")))
    begun = time.monotonic()
    found, made = asyncio.run(looked_at(subject_of(settings, tmp_path)))
    assert time.monotonic() - begun < late - 1
    timer.cancel()
    never.set()
    assert "could not be looked up" in found["connection"].found
    assert (found["connection"].state, made.requests) == (State.WRONG, 0)


@pytest.mark.long
async def test_an_api_that_never_answers_is_given_up_within_ten_seconds(tmp_path: Path) -> None:
    with running(Options(messages=60, held=20, quota=0, faults="stall_before")) as simulator:
        begun = time.monotonic()
        found, made = await looked_at(subject_of(settings_for(simulator), tmp_path))
    assert time.monotonic() - begun < 10
    assert (found["connection"].state, found["jobs"].state, made.requests) == (State.WRONG, State.LOOK, 1)
