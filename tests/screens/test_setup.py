"""The first start, step by step, against the simulator: what is asked, what is told, what is written, and that only reads are sent."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from textual.events import Paste

from tests.support.accounts import NO_JOB_ENDS
from tests.support.faulty import Received, answer, failure, faulty, success
from tests.support.hostile import hostile_strings, scan
from tests.support.screens import Console
from tui_app.config.settings import load_settings
from tui_app.core.clock import SystemClock
from tui_app.screens.setup.frame import SetupScreen
from tui_app.setup.conversation import Setup
from tui_app.setup.situation import first_start
from tui_app.setup_app import SetupApp
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=60, held=20, faults="none", speed=NO_JOB_ENDS)) as simulator:
        yield simulator


@asynccontextmanager
async def setup_on(
    base_url: str, *, size: tuple[int, int] = (80, 24), **variables: str
) -> AsyncIterator[tuple[Console, Setup]]:
    """The first start of somebody with an empty home."""
    situation = first_start({"CLOUDFLARE_BASE_URL": base_url, **variables})
    assert situation is not None
    setup = Setup(situation, SystemClock(), Random(1))
    app = SetupApp(setup)
    async with app.run_test(size=size) as pilot:
        yield Console(app, pilot), setup  # type: ignore[arg-type]


async def paste(console: Console, text: str) -> None:
    """Paste as a terminal with bracketed paste does."""
    assert console.app.focused is not None
    console.app.focused.post_message(Paste(text))
    await console.pilot.pause()


async def says(console: Console, *sentences: str) -> None:
    """Wait until all these are on the screen, wherever the lines break."""
    wanted = ["".join(sentence.split()) for sentence in sentences]
    await console.until(lambda: all(each in "".join(console.text.split()) for each in wanted), " and ".join(sentences))


def config() -> Path:
    return Path.home() / ".config/mailsluice/config.toml"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 50)], ids=str)
async def test_from_a_pasted_token_to_a_configuration_that_works(account: Simulator, size: tuple[int, int]) -> None:
    token, begun = account.authenticator.token, len(account.wire())
    shown = ""
    async with setup_on(account.base_url, size=size) as (console, setup):
        await says(
            console, "what is missing:", "– configuration", "– API token", "– account id", "✔ records", "✔ address"
        )
        await paste(console, f"\nBearer {token}  \n")
        await says(console, "•••••", f"{len(token) + 7} characters")
        shown += console.text
        await console.press("f1")
        await says(console, "Help › first start: token", "is never shown")
        await console.press("escape", "enter")
        await says(console, "active: a user's token", "1 account", account.account.account_id, "step 2 of 4")
        # An answer that comes twice is not one to the next step.
        console.app.screen.post_message(SetupScreen.Answered(0))
        await console.press("f1")
        await says(console, "Help › first start: account")
        await console.press("q", "1")
        await says(console, "step 3 of 4", "Email Security of this account answers.", "0600")
        await console.press("f1")
        await says(console, "Help › first start: where the token lives")
        await console.press("q")
        await console.press("escape")
        await says(console, "step 2 of 4")
        await console.press("enter")
        await says(console, "step 3 of 4")
        await console.press("enter")
        await says(console, "step 4 of 4", "acme-production", "read-only: look first", "Enter writes")
        shown += console.text
        assert not config().parent.exists()
        await console.press("enter")
        await console.until(lambda: setup.done, "written")
        shown += console.text
    assert token not in shown
    settings = load_settings({})
    assert (settings.account_id, settings.profile, settings.read_only, settings.base_url) == (
        account.account.account_id, "acme-production", True, account.base_url,
    )  # fmt: skip
    assert settings.credential.headers() == {"Authorization": f"Bearer {token}"}
    assert token not in config().read_text()
    requests = account.wire()[begun:]
    assert requests
    assert {request["method"] for request in requests} == {"GET"}


async def test_typed_text_is_hidden_refused_in_a_sentence_and_stays(account: Simulator) -> None:
    async with setup_on(account.base_url) as (console, setup):
        await console.press("enter")
        await says(console, "Paste or type the token first.")
        await console.type("two words")
        await console.press("enter")
        await says(console, "has characters that no token has", "9 characters")
        await console.press("end", "shift+home", "ctrl+x", "ctrl+c")
        await says(console, "9 characters", "ctrl+q quits. Nothing was written.")
        assert console.app.clipboard == ""
        await console.press("ctrl+u")
        await console.loses("characters.")
        await console.type("wrong-token")
        await console.press("enter")
        # It may be one of an account's own: that is asked for, and the way back leads to what was typed.
        await says(console, "step 2 of 4", "Is it a token of an account's own?")
        await console.type("12")
        await console.press("enter")
        await says(console, "The account id must be 32 hex digits")
        await console.press("ctrl+u")
        await paste(console, account.account.account_id)
        await console.press("enter")
        await says(console, "The token is not accepted, neither as a user's")
        await console.press("escape")
        await says(console, "step 1 of 4", "11 characters")
        assert "wrong-token" not in console.text
        await console.press("ctrl+q")
    assert not setup.done
    assert not config().parent.exists()


async def test_an_account_s_own_token_is_verified_with_the_id(account: Simulator) -> None:
    async with setup_on(account.base_url) as (console, setup):
        await paste(console, account.authenticator.owned_token)
        await console.press("enter")
        await says(console, "step 2 of 4", "Account id")
        await paste(console, f" {account.account.account_id.upper()}\n")
        await console.press("enter")
        await says(console, "step 3 of 4", "a token of the account's own", "Email Security of this account answers")
        assert setup.account is not None
        assert setup.account.id == account.account.account_id


async def test_what_the_environment_has_is_used_and_said(account: Simulator) -> None:
    variables = {
        "CLOUDFLARE_API_TOKEN": account.authenticator.token,
        "CLOUDFLARE_ACCOUNT_ID": account.account.account_id,
    }
    async with setup_on(account.base_url, CLOUDFLARE_API_TOKEN=variables["CLOUDFLARE_API_TOKEN"]) as (console, setup):
        await says(console, "from CLOUDFLARE_API_TOKEN", "Enter verifies the token of the environment")
        await console.press("enter")
        await says(console, "step 2 of 4")
        await console.press("enter")
        await says(console, "▸ 1 the environment: stored nowhere", "read -rs CLOUDFLARE_API_TOKEN")
        await console.press("enter")
        await says(console, "step 4 of 4", "stored nowhere")
        await console.press("tab", "space", "enter")
        await console.until(lambda: setup.done, "written")
    assert sorted(path.name for path in config().parent.iterdir()) == ["config.toml"]
    assert load_settings({**variables}).read_only is False
    config().unlink()
    async with setup_on(account.base_url, CLOUDFLARE_ACCOUNT_ID=variables["CLOUDFLARE_ACCOUNT_ID"]) as (console, setup):
        await says(console, "from CLOUDFLARE_ACCOUNT_ID")
        await paste(console, account.authenticator.token)
        await console.press("enter")
        await says(console, "step 3 of 4", "Email Security of this account answers")


async def test_a_command_is_run_once_and_must_print_this_token(account: Simulator, tmp_path: Path) -> None:
    secret, runs = tmp_path / "secret", tmp_path / "runs"
    secret.write_text(account.authenticator.token)
    script = f"open({str(runs)!r}, 'a').write('x'); print(open({str(secret)!r}).read())"
    async with setup_on(account.base_url) as (console, setup):
        await paste(console, account.authenticator.token)
        await console.press("enter")
        await says(console, "step 2 of 4")
        await console.press("enter")
        await says(console, "step 3 of 4")
        await console.press("2")
        await says(console, "Type the command, then enter")
        await paste(console, "'")
        await console.press("enter")
        await says(console, "The command can't be read")
        await console.press("ctrl+u")
        await paste(console, "printf other")
        await console.press("enter")
        await says(console, "prints another token than the one that was verified")
        await console.press("ctrl+u")
        await paste(console, f'{sys.executable} -c "{script}"')
        await console.press("enter")
        await says(console, "step 4 of 4", "The token comes from the command")
        assert runs.read_text() == "x"
        await console.press("enter")
        await console.until(lambda: setup.done, "written")
    assert load_settings({}).credential.headers() == {"Authorization": f"Bearer {account.authenticator.token}"}
    assert not list(config().parent.glob("*.token"))


async def test_what_can_t_be_written_is_told_and_nothing_is_lost(account: Simulator) -> None:
    (Path.home() / ".config").write_text("a file")
    async with setup_on(account.base_url) as (console, setup):
        await paste(console, account.authenticator.token)
        await console.press("enter")
        await says(console, "step 2 of 4")
        await console.press("enter")
        await says(console, "step 3 of 4")
        await console.press("enter")
        await says(console, "step 4 of 4")
        await console.press("x", "enter")
        await says(console, "can't be written: Not a directory. Nothing was kept.")
        await says(console, "acme-productionx")
        assert not setup.done
        (Path.home() / ".config").unlink()
        await console.press("enter")
        await console.until(lambda: setup.done, "written")
    assert load_settings({}).profile == "acme-productionx"


async def test_without_a_home_the_token_lives_in_the_environment_alone(
    account: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_app.core.paths._absolute", lambda _: None)
    async with setup_on(account.base_url) as (console, setup):
        await says(console, "no home folder for it: set HOME", "writes are refused")
        await paste(console, account.authenticator.token)
        await console.press("enter")
        await says(console, "step 2 of 4")
        await console.press("enter")
        await says(console, "▸ 1 the environment", "No configuration can be kept")
        await console.press("enter")
        await says(console, "step 4 of 4", "Nothing is written: the answers last until mailsluice ends.")
        await console.press("enter")
        await console.until(lambda: setup.done, "done")
        settings = load_settings(setup.environment_after({}), read_only=setup.read_only)
        assert settings.account_id == account.account.account_id
        assert settings.read_only
    assert list(Path.home().iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(429, failure(1, "slow"), retry_after="9"), "Too many requests for this token or from here: wait 9 s"),
        (answer(200, success({"id": "1", "status": "expired"})), "The token expired. Roll it in the dashboard"),
        (answer(200, success({"id": "1", "status": "disabled"})), "The token is disabled."),
    ],
    ids=["429", "expired", "disabled"],
)
async def test_a_token_that_is_no_good_stays_in_its_field(reply: bytes, said: str) -> None:
    async with faulty(lambda _: reply) as server, setup_on(server.base_url) as (console, _):
        await paste(console, "some-token-of-somebody")
        await console.press("enter")
        await says(console, "22 characters")
        await says(console, said)
        await says(console, "step 1 of 4")


async def test_hostile_names_of_many_accounts_do_nothing(account: Simulator) -> None:
    names = [each.text for each in hostile_strings(60)]
    accounts = [{"id": f"{number:032x}", "name": name} for number, name in enumerate(names)]

    def reply(request: Received) -> bytes:
        if "verify" in request.target:
            return answer(200, success({"id": "1", "status": "active"}))
        if "/bulk" in request.target:
            return answer(403, failure(10000, "\x1b]0;no\x07 Authentication error"))
        return answer(200, success(accounts, result_info={"count": 60, "total_pages": 1}))

    async with faulty(reply) as server, setup_on(server.base_url) as (console, setup):
        await paste(console, "some-token-of-somebody")
        await console.press("enter")
        await says(console, "It sees 60 accounts", f"{0:032x}")
        for key, number in (("j", 1), ("down", 2), ("k", 1), ("G", 59), ("g", 0), ("G", 59)):
            await console.press(key)
            await console.until(
                lambda number=number: any(
                    "▸" in line and f"{number:032x}" in line for line in console.text.splitlines()
                ),
                key,
            )
            assert scan(console.text.encode()) == []
        await console.press("enter")
        # Told, and gone on from when that is wanted.
        await says(console, "Email Security of this account refuses the token", "Enter again goes on all the same")
        await console.press("enter")
        await says(console, "step 3 of 4", f"{59:032x}", "refuses the token")
        await console.press("enter")
        await says(console, "step 4 of 4")
        assert scan(console.text.encode()) == []
        await console.press("enter")
        await console.until(lambda: setup.done, "written")
        assert {request.method for request in server.received} == {"GET"}
    assert load_settings({}).account_id == f"{59:032x}"


async def test_a_file_with_rules_of_the_team_keeps_them(account: Simulator) -> None:
    config().parent.mkdir(parents=True)
    config().write_text("# ask first\n[guard]\nmax_messages = 7 # seven\n")
    async with setup_on(account.base_url) as (console, setup):
        await says(console, "✔ configuration", "without a profile")
        await paste(console, account.authenticator.token)
        for step in ("step 2 of 4", "step 3 of 4", "step 4 of 4"):
            await console.press("enter")
            await says(console, step)
        # Somebody else was quicker.
        config().write_text("[profiles.acme-production]\n# theirs\ncolor = 'red'\n" + config().read_text())
        await console.press("enter")
        await says(console, "a profile 'acme-production' already")
        assert not setup.done
        await console.press("2", "enter")
        await console.until(lambda: setup.done, "written")
    text = config().read_text()
    assert "# ask first" in text
    assert "max_messages = 7 # seven" in text
    assert "# theirs" in text
    assert "[profiles.acme-production2]" in text


async def test_an_answer_that_does_not_come_is_left_with_esc() -> None:
    with running(Options(quota=0, messages=20, held=20, faults="stall_before@verify", speed=NO_JOB_ENDS)) as simulator:
        async with setup_on(simulator.base_url) as (console, _setup):
            await paste(console, simulator.authenticator.token)
            await console.press("enter")
            await says(console, "Asking the API")
            await console.press("enter", "escape")
            await says(console, "No answer is waited for any longer. Enter asks again.")
            assert len(simulator.wire()) <= 1
            simulator.set_faults("none")
            await console.press("enter")
            await says(console, "step 2 of 4")


async def test_q_quits_where_nothing_is_typed_and_a_small_window_says_so(account: Simulator) -> None:
    async with setup_on(account.base_url) as (console, setup):
        await paste(console, account.authenticator.token)
        await console.press("enter")
        await says(console, "step 2 of 4")
        await console.pilot.resize_terminal(50, 12)
        await says(console, "Too small: 50x12")
        await console.pilot.resize_terminal(60, 16)
        await says(console, "step 2 of 4", account.account.account_id)
        await console.press("q")
        await console.until(lambda: not console.app._running, "ended")
    assert not setup.done
    assert not config().parent.exists()
