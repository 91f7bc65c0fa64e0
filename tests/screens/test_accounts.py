"""Two accounts in one console: no request of one ever has the token or the account of the other."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from tests.screens.test_jobs import open_job
from tests.screens.test_prompt import command
from tests.support.accounts import NO_JOB_ENDS
from tests.support.screens import Console, held_open
from tui_app.accounts import Accounts
from tui_app.api.errors import ApiError
from tui_app.app import SluiceApp
from tui_app.config.settings import Settings, load_settings
from tui_app.core.clock import SystemClock
from tui_app.core.errors import UsageError
from tui_app.plans.commands import CheckArrival, Close, Resume, Settle
from tui_app.plans.request import PlanRequest
from tui_app.screens.all_jobs import AllJobsScreen
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.confirm import Confirm
from tui_app.screens.jobs import JobsScreen
from tui_app.screens.mail.siblings import Siblings
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

NAMES = ("acme-prod", "acme-test")


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Simulator]]:
    with (
        running(
            Options(seed=1, messages=300, held=60, quota=0, faults="none", latency_ms=40, speed=NO_JOB_ENDS)
        ) as prod,
        running(Options(seed=2, messages=300, held=60, quota=0, faults="none", speed=NO_JOB_ENDS)) as test,
    ):
        yield dict(zip(NAMES, (prod, test), strict=True))


@pytest.fixture
def untouched() -> Iterator[dict[str, Simulator]]:
    """Two accounts of which no other test has released anything."""
    with (
        running(Options(seed=1, messages=300, held=60, quota=0, faults="none", speed=NO_JOB_ENDS)) as prod,
        running(Options(seed=2, messages=300, held=60, quota=0, faults="none", speed=NO_JOB_ENDS)) as test,
    ):
        yield dict(zip(NAMES, (prod, test), strict=True))


def config(simulators: dict[str, Simulator], folder: Path) -> Path:
    lines = ['default_profile = "acme-prod"', "[plans]", "batch_size = 2"]
    for name, simulator in simulators.items():
        environment = simulator.environment()
        token = folder / f"{name}.token"
        token.write_text(environment["CLOUDFLARE_API_TOKEN"])
        token.chmod(0o600)
        lines += [
            f"[profiles.{name}]",
            f'account_id = "{environment["CLOUDFLARE_ACCOUNT_ID"]}"',
            f'token_file = "{token}"',
            f'base_url = "{environment["CLOUDFLARE_BASE_URL"]}"',
            'color = "red"' if name == "acme-prod" else 'color = "blue"',
        ]
    path = folder / "config.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return path


@asynccontextmanager
async def console_over(path: Path, **environment: str) -> AsyncIterator[Console]:
    variables = {"MAILSLUICE_CONFIG": str(path), **environment}
    settings = load_settings(variables)

    def make(settings: Settings) -> EmailSecurityService:
        return EmailSecurityService(settings, clock=SystemClock(), random=Random(1))

    service = make(settings)
    accounts = Accounts(service, settings.profiles, lambda name: load_settings(variables, profile_name=name), make)
    app = SluiceApp(service, accounts=accounts)
    with patch.object(Confirm, "READ_FIRST", 0.0):
        async with app.run_test(size=(80, 24)) as pilot:
            yield Console(app, pilot)


def mixed_up(simulator: Simulator) -> list[str]:
    """Requests that came with the token or the account of somebody else, as the server has them on record."""
    truth = simulator.account.truth
    denied = [f"{each['method']} {each['path']} {each['status']}" for each in truth.of("denied")]
    own = f"/accounts/{simulator.account.account_id}/"
    strange = [each["path"] for each in truth.of("wire") if "/accounts/" in each["path"] and own not in each["path"]]
    return denied + strange


async def test_an_account_is_switched_and_nothing_of_the_other_is_mixed_in(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "PRODUCTION", "12 loaded")
        await console.press("space", "P")
        await console.sees("Profiles", "acme-test", "not opened")
        await console.press("j", "enter")
        await console.sees("acme-test", "12 loaded")
        await console.loses("acme-prod")
        assert "marked" not in console.text
        await console.press("Q")
        await console.sees("Quarantine", "found")
        await console.press("space", "R")
        await console.sees("Release")
        await console.press("escape", "P")
        await console.sees("acme-prod", "open")
        await console.press("g", "enter")
        await console.sees("acme-prod", "1 marked")
        await command(console, "profile acme-test")
        await console.sees("acme-test", "Quarantine")
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles", "24 loaded", "acme-prod live", "acme-test live")
        list_of_all = console.app.screen.table()  # type: ignore[attr-defined]
        await console.until(lambda: list_of_all.cursor_row == 0, "the newest job")
        await console.press("slash")
        await console.type("failed:>0")
        await console.press("enter")
        await console.sees("of 24 loaded", "filter failed:>0")
        await console.press("escape")
        await console.sees("  24 loaded")
        await console.press("slash")
        await console.sees("profile:")
        await console.type("profile:acme-test")
        await console.press("enter")
        await console.sees("12 of 24 loaded")
        await console.press("slash")
        await console.type("profile:acme-prod")
        await console.press("enter")
        await console.sees("12 of 24 loaded")
        await console.press("o")
        await console.sees("PROFILE▲")
        await console.press("g", "enter")
        await console.sees("acme-prod", "Jobs ›")
        opened = console.app.screen
        await console.press("escape")
        await console.sees("Jobs of all profiles", "12 of 24 loaded", "PROFILE▲", "acme-prod")
        assert console.app.screen is not opened
        assert console.app.screen.table().cursor_row == 0  # type: ignore[attr-defined]
        await console.press("escape", "escape")
        await console.sees("1 marked")
        await console.loses("Jobs of all profiles")
    first, second = simulators.values()
    assert first.account.account_id != second.account.account_id
    assert first.authenticator.token != second.authenticator.token
    assert first.wire() and second.wire(), "both were asked"
    assert not mixed_up(first) and not mixed_up(second)


async def test_esc_from_a_job_of_all_accounts_leads_to_the_list_as_it_was_left(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    def stack() -> list[str]:
        return [screen.screen_name for screen in console.app.console_screens()]

    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles", "24 loaded")

        async def of_the_other(line: str) -> None:
            await console.press("slash", "ctrl+u")
            await console.type(f"profile:acme-test {line}".strip())
            await console.press("enter")
            await console.sees("of 24 loaded")

        async def shows_the_list() -> None:
            await console.sees("Jobs of all profiles")
            screen = console.app.screen
            assert isinstance(screen, AllJobsScreen)
            assert screen.filter_line == "profile:acme-test age:>1d"

        await of_the_other("")
        await console.press("o")
        await console.sees("PROFILE▲")
        await console.press("enter")
        await console.sees("acme-test", "Jobs ›")
        assert stack() == ["jobs", "all_jobs", "job"]
        await command(console, "profile acme-prod")
        await console.sees("Jobs of all profiles", "12 of 24 loaded")
        await of_the_other("age:>1d")  # those that change no more
        await console.press("o", "o", "j")
        title = console.text.splitlines()[2].split()
        table = console.app.screen.table()  # type: ignore[attr-defined]
        chosen, listed = table.current.key, [row.key for row in table.shown]
        assert len(listed) > 1 and "PROFILE▲" not in title
        await console.press("enter")
        await console.sees("acme-test", "Jobs ›")
        assert stack() == ["jobs", "all_jobs", "job"], "the older list and its job were left"
        await console.press("escape")
        await shows_the_list()
        table = console.app.screen.table()  # type: ignore[attr-defined]
        assert table.current.key == chosen
        assert [row.key for row in table.shown] == listed
        assert console.text.splitlines()[2].split() == title, "under the same arrow"
        # What can't be left stays where it is, and the list comes above it.
        await console.press("enter")
        await console.sees("acme-test", "Jobs ›")
        busy = console.app.screen
        assert isinstance(busy, ConsoleScreen)
        await command(console, "profile acme-prod")
        await shows_the_list()
        busy.awaiting = True
        await console.press("enter")
        await console.sees("acme-test", "Jobs ›")
        assert stack() == ["jobs", "all_jobs", "job", "all_jobs", "job"]
        await console.press("escape")
        await shows_the_list()
        busy.awaiting = False
        await console.press("escape", "escape")  # the filter, the list
        await console.sees("acme-prod", "12 loaded")
        assert stack() == ["jobs"], "where the list was opened"


async def test_the_log_would_tell_of_a_request_with_the_wrong_token(simulators: dict[str, Simulator]) -> None:
    first, second = simulators.values()
    wrong = {
        **first.environment(),
        "CLOUDFLARE_API_TOKEN": second.authenticator.token,
        "MAILSLUICE_CONFIG": "/dev/null",
    }
    with running(Options(seed=1, messages=3, held=3, faults="none", speed=NO_JOB_ENDS)) as third:
        wrong |= {"CLOUDFLARE_BASE_URL": third.base_url}
        service = EmailSecurityService(load_settings(wrong), clock=SystemClock(), random=Random(1))
        with pytest.raises(ApiError):
            await service.client.list_jobs()
        await service.close()
        assert mixed_up(third)


async def test_a_plan_goes_on_with_its_own_token_while_another_account_is_shown(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    first, second = simulators.values()
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await console.press("Q")
        await console.sees("Quarantine", "all loaded")
        await console.press("j", "j", "j", "j", "a", "R")
        await console.sees("not sent yet")
        number = re.search(r"([\d,]+) messages · ", console.text)
        assert number
        await console.type("INC-4802")
        await console.press("enter")
        await console.type(number[1].replace(",", ""))
        await console.press("enter")
        await console.sees("Now check them.")
        await console.press("enter")
        await console.sees("Release › message", "plan waits")  # also over the plan's own screen
        await console.press("escape")
        await console.sees("Now check them.")
        await console.press("P")
        await console.sees("Profiles")
        state = console.app.service.plan_state
        assert state is not None and f"plan {state.plan.plan_id} waits" in console.text
        await console.press("j", "enter")
        await console.sees("acme-test", "12 loaded", "acme-prod: plan waits")
        await console.pilot.resize_terminal(60, 16)
        await console.sees("acme-test WRITE  acme-prod: plan waits")
        await command(console, "profile acme-prod")
        await console.sees("Now check them.")
        assert "plan waits" not in console.text.splitlines()[0]
        await console.press("A", "P")
        await console.sees("Profiles")
        await console.press("j", "enter")
        await console.sees("acme-test", "12 loaded")
        await console.sees("acme-prod: Release, plan")
    released = [entry["action"] for entry in first.account.truth.entries if entry["action"] == "release"]
    assert len(released) > 5
    assert not [entry for entry in second.account.truth.entries if entry["action"] == "release"]
    assert not mixed_up(first) and not mixed_up(second)


async def test_a_plan_of_another_account_is_read_and_nothing_is_done_with_it(
    untouched: dict[str, Simulator], tmp_path: Path
) -> None:
    """One key had ended it: the other account knew none of its messages."""
    second = untouched["acme-test"]
    async with console_over(config(untouched, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await command(console, "set canary 1")
        await command(console, "quarantine verdict:bulk from:acme-news.example")
        await console.sees("Quarantine", "all loaded")
        await console.press("a", "R")
        await console.sees("not sent yet")
        number = re.search(r"([\d,]+) messages · ", console.text)
        assert number
        await console.type("INC-4803")
        await console.press("enter")
        await console.type(number[1])
        await console.press("enter")
        await console.sees("Now check them.")
        await console.press("S")
        await console.sees("stopped")
        entry = console.app.service.plans.unfinished()[0]
        before = (console.app.service.plans.ledger.folder / entry.file).read_bytes()
        await command(console, "profile acme-test")
        await console.sees("acme-test", "12 loaded")
        asked = len(second.account.truth.of("wire"))
        await console.press("H")
        await console.sees("Ledger", "of profile acme-prod")
        await command(console, f"plan {entry.plan_id}")
        await console.sees("This plan is of profile acme-prod: only to read here; P switches.", "E report")
        for key, label in (("A", "send the rest"), ("C", "close"), ("c", "check"), ("W", "send again"), ("U", "undo")):
            assert f"{key} {label}" not in console.text
            await console.press(key)
            await console.sees(f"{key} (", "is of profile acme-prod")
        await console.press("enter")
        await console.sees("enter (open): This plan is of profile acme-prod")
        other = console.app.service
        for made in (Resume, Settle, CheckArrival, Close):
            with pytest.raises(UsageError, match="belongs to another account"):
                await other.plans.start(made(entry))
        for asking in (
            other.plans.review_rest(entry),
            other.follow_ups.retry_plan(entry),
            other.follow_ups.undo_plan(entry),
            other.submissions.prepare(entry),
        ):
            with pytest.raises(UsageError, match="belongs to another account"):
                await asking
        later = second.account.truth.of("wire")[asked:]
        assert not [each for each in later if "/bulk" not in each["path"]], later
        assert (other.plans.ledger.folder / entry.file).read_bytes() == before


async def test_a_profile_without_a_token_of_its_own_gets_no_other(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    path = config(simulators, tmp_path)
    path.write_text(path.read_text().replace(f'token_file = "{tmp_path / "acme-test.token"}"', ""))
    environment = {"CLOUDFLARE_API_TOKEN": next(iter(simulators.values())).authenticator.token}
    async with console_over(path, **environment) as console:
        await console.sees("acme-prod", "12 loaded")
        await command(console, "profile acme-test")
        await console.sees("names no token of its own")
        await console.press("P", "j", "enter")
        await console.sees("names no token of its own")
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles", "12 loaded", "acme-test not opened")
    assert not [mixed_up(simulator) for simulator in simulators.values() if mixed_up(simulator)]


async def test_what_is_asked_for_one_account_is_never_done_on_another(
    simulators: dict[str, Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retry on prod, switch while its rows are still being read: no id of prod is looked up on test."""
    async with console_over(config(simulators, tmp_path)) as console:
        await open_job(console, "140 to retry")
        prod = console.app.service
        gate = held_open(monkeypatch, prod.follow_ups, "retry_job")
        await console.press("T")
        await console.sees("Reading what failed")
        await command(console, "profile acme-test")
        await console.sees("acme-test", "12 loaded")
        asked = len(simulators["acme-test"].account.truth.of("wire"))
        gate.set()
        await console.until(
            lambda: not console.app.workers or all(w.is_finished for w in console.app.workers), "workers"
        )
        await console.settles()
        assert "acme-test" in console.text and "plan" not in console.text.splitlines()[1]
        later = simulators["acme-test"].account.truth.of("wire")[asked:]
        assert not [each for each in later if "/bulk" not in each["path"]], later
    assert not [mixed_up(simulator) for simulator in simulators.values() if mixed_up(simulator)]


async def test_the_same_account_may_have_a_profile_to_look_and_one_to_act(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    path = config(simulators, tmp_path)
    prod = path.read_text().partition("[profiles.acme-prod]")[2].partition("[profiles.")[0]
    path.write_text(f"{path.read_text()}\n[profiles.look]\n{prod}\nread_only = true\n")
    async with console_over(path) as console:
        await console.sees("acme-prod", "WRITE", "12 loaded")
        await command(console, "profile look")
        await console.sees("look", "READ-ONLY", "12 loaded")
        await console.press("X")
        await console.sees("Read-only: X (cancel) is not offered")
        await command(console, "profile acme-prod")
        await console.sees("acme-prod", "WRITE", "n new job")


async def test_the_token_of_the_environment_goes_to_no_other_address(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    """The console began with the environment alone: its token may serve a profile, but at the same address only."""
    path = config(simulators, tmp_path)
    text = path.read_text().replace('default_profile = "acme-prod"\n', "")
    path.write_text("".join(f"{line}\n" for line in text.splitlines() if "token_file" not in line))
    asked = len(simulators["acme-test"].account.truth.of("wire"))
    async with console_over(path, **simulators["acme-prod"].environment()) as console:
        await console.sees("12 loaded")
        await command(console, "profile acme-test")
        await console.sees("names no token of its own")
    assert len(simulators["acme-test"].account.truth.of("wire")) == asked
    assert not mixed_up(simulators["acme-test"])


async def test_a_screen_of_another_account_opens_nothing_on_the_one_that_is_shown(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        prod = console.app.screen
        assert isinstance(prod, JobsScreen)
        job = prod.jobs[0]
        await command(console, "profile acme-test")
        await console.sees("acme-test", "12 loaded")
        shown = console.app.screen
        prod.post_message(JobsScreen.Chosen(job, Siblings(prod.table(), lambda row: row)))
        prod.post_message(JobsScreen.NewWanted())
        prod.post_message(ConsoleScreen.IdsWanted(to_move=False))
        made: list[bool] = []

        async def make() -> PlanRequest:
            made.append(True)
            return PlanRequest(ids=("4N031C70747BAF07-2026-11-29T20:07:30-10000007",))

        prod.post_message(ConsoleScreen.PlanWanted("Reading what failed…", make))
        await console.settles()
        assert console.app.screen is shown
        assert not made, "what is wanted of one account is not asked with the service of another"


@pytest.mark.parametrize("goes_on", [True, False])
async def test_the_account_does_not_change_under_the_fingers_of_who_went_on(
    simulators: dict[str, Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        gate = held_open(monkeypatch, console.app.accounts, "open")
        await command(console, "profile acme-test")
        await console.sees("Opening acme-test")
        if goes_on:
            await console.press("j")
            await console.loses("Opening acme-test")
            gate.set()
            await console.sees("acme-test is open now: P shows it.", "12 loaded")
            assert "acme-prod" in console.text.splitlines()[0]
        else:
            gate.set()
            await console.loses("acme-prod")
            await console.sees("acme-test", "12 loaded")


async def test_the_view_before_is_that_of_the_account_that_is_shown(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await console.press("Q")
        await console.sees("Quarantine", "found")
        await command(console, "profile acme-test")
        await console.sees("acme-test", "12 loaded")
        await console.press("minus")
        await console.sees("There is no view before this one.")
        await command(console, "profile acme-prod")
        await console.sees("acme-prod", "Quarantine")
        await console.press("minus")
        await console.sees("acme-prod", "12 loaded")


async def test_a_screen_that_was_left_by_a_choice_is_left_as_by_esc(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await open_job(console, "140 to retry")
        await console.press("w")
        await console.sees("by reason", "all loaded")
        await console.press("enter")
        await console.sees(" match reason:")
        await console.press("minus")
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("Quarantine", "found")
        await console.press("P")
        await console.sees("Profiles")
        await console.press("j", "enter")
        await console.sees("acme-test", "12 loaded")
        await console.press("P")
        await console.sees("Profiles")
        await console.press("g", "enter")
        await console.sees("acme-prod", "Quarantine")
        await console.press("minus")
        await console.sees("acme-prod", "12 loaded")


class LateClock(SystemClock):
    """A minute later."""

    def monotonic(self) -> float:
        return super().monotonic() + 60


async def test_jobs_of_all_profiles_are_polled_while_they_are_shown(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    async with console_over(config(simulators, tmp_path)) as console:
        await console.sees("acme-prod", "12 loaded")
        await command(console, "jobs all")
        await console.sees("24 loaded", "acme-prod live", "acme-test live")
        other = console.app.accounts.known("acme-test")
        assert other is not None and (poller := other._poller) is not None
        assert poller._subject is not None
        with patch.object(other, "clock", LateClock()):
            await console.sees("acme-prod live", "acme-test stale")  # nothing comes from it, and that is seen
        await console.press("escape")
        await console.sees("Jobs", "12 loaded")
        assert poller._subject is None


async def test_an_account_that_two_profiles_name_is_counted_and_asked_once(
    simulators: dict[str, Simulator], tmp_path: Path
) -> None:
    path = config(simulators, tmp_path)
    text = path.read_text()
    *_, test = text.split("[profiles.acme-test]")
    path.write_text(
        text + "".join(f"\n[profiles.acme-{name}]{test}" for name in ("test-of-the-second-shift", "test-three"))
    )
    async with console_over(path) as console:
        await console.sees("acme-prod", "12 loaded")
        await console.press("P")
        await console.sees("Profiles", "acme-test-of-the-second", "4, of 2 accounts")
        await console.press("escape")
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles", "24 loaded", "acme-prod live", "acme-test live")
        assert "second-shift" not in console.text
        await console.pilot.resize_terminal(60, 24)
        await console.sees("Jobs of all profiles  24 loaded", "2 live")
        await command(console, "profile acme-test-three")
        await console.sees("acme-test-three", "12 loaded")
        await console.pilot.resize_terminal(80, 24)
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles  24 loaded", "live")
        rows = console.app.screen.table().shown  # type: ignore[attr-defined]
        assert {rows[index].profile for index in range(len(rows))} == {"acme-prod", "acme-test-three"}
