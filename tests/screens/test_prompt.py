"""The prompt behind `:`, words that are found, and keys that do nothing, at 80x24 against the simulator."""

import inspect
from contextlib import chdir
from pathlib import Path
from uuid import UUID

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.screens.test_jobs import open_job
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on, held_open
from tests.support.services import service_on, settings_for
from tui_app.actions import ACTIONS
from tui_app.config.schema import KeyChange, View
from tui_app.console_commands import COMMANDS
from tui_app.prompt import Prompt
from tui_app.screens.job.screen import JobScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.screens.mail.screen import QuarantineScreen
from tui_app.simulator.server import Simulator


async def command(console: Console, line: str) -> None:
    await console.press(":")
    await console.sees("Commands")
    await console.type(line)
    await console.press("enter")


async def test_commands_open_what_they_name(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        screen = console.app.screen
        assert isinstance(screen, JobsScreen)
        job = screen.jobs[5]
        await command(console, f"job {str(job.job_id)[:8]}")
        await console.sees("Jobs ›", str(job.job_id)[:8])
        await command(console, "quarantine from:acme-news.example")
        await console.sees("Quarantine", "from:acme-news.example", "found")
        await command(console, "jobs failed:>0")
        await console.sees("of 12 loaded", "filter failed:>0")
        assert console.app.console_screens() == [screen]
        await console.press("escape")
        await console.sees("12 loaded")
        await command(console, "since 24h")
        await console.sees("Ledger", "match", "since:24h")
        await console.press("escape", "escape")
        await command(console, "help")
        await console.sees("Help › jobs")


async def test_a_command_that_makes_no_sense_stays_and_says_why(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        for line, words in (
            ("jobs faild:>0", "'faild' is not a field"),
            ("mail since:yesterday", "is not a time"),
            ("job ffffff", "No job's id begins with ffffff"),
            ("job 12", "characters or more"),
            ("plan abcdef", "abcdef"),
            ("view nowhere", "There is no view 'nowhere'"),
            ("theme pink", "There is no theme 'pink'"),
            ("set canary many", "canary can't be 'many'"),
            ("set cannary 3", "can't be set here"),
            ("profile test", "There is no profile 'test'"),
            ("message 1", "not the id of a message"),
            ("xyzzy", "There is no such command"),
        ):
            await command(console, line)
            await console.sees(words)
            assert line in console.text, "what was typed stays"
            await console.press("escape")
            await console.sees("12 loaded")


async def test_what_was_typed_is_there_again_and_what_was_done_can_be_done_again(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press(":")
        await console.type("jobs failed:")
        await console.press("escape")
        await console.press("colon")
        await console.sees("jobs failed:")
        await console.press("end")
        await console.type(">0")
        await console.press("enter")
        await console.sees("of 12 loaded")
        await console.press("escape", "colon")
        await console.sees("jobs failed:>0", "again")
        await console.press("enter")
        await console.sees("Nothing was typed")
        await console.press("up", "enter")
        await console.sees("of 12 loaded")


async def test_an_action_runs_from_the_prompt_and_one_that_sends_at_once_does_not(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await command(console, "quarantine")
        await console.sees("Quarantine", "all loaded")
        await command(console, "mark all")
        await console.sees("marked")
        await console.press("escape")
        await command(console, "cancel")
        await console.sees("Cancel", "Type y")
        await console.press("escape")


async def test_read_only_offers_no_write(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator, read_only=True), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press(":")
        await console.type("cancel")
        await console.loses("job.cancel")
        await console.press("escape")
        await console.press("X")
        await console.sees("Read-only: X (cancel) is not offered")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("5", ""),
        ("6", "No job is ever skipped"),
        ("R", "R does nothing here: it is release on"),
        ("A", "A does nothing here: it is send the rest on plan"),
        ("w", "w does nothing here: it is by reason on job; groups on mail, quarantine"),
        ("K", "K does nothing here"),
        ("comma", ", does nothing here. ? shows the keys."),
        ("f9", "f9 does nothing here"),
        ("minus", "There is no view before this one"),
        ("escape", "This is the first screen"),
        ("left", "left does nothing here"),
    ],
)
async def test_a_key_that_does_nothing_says_so(
    still_simulator: Simulator, still_clock: StillClock, key: str, words: str
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press(key)
        if words:
            await console.sees(words)
        else:
            await console.loses("does nothing")


async def test_a_key_that_means_nothing_in_the_prompt_says_so_there(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press("colon")
        await console.type("job")
        await console.press("f5")
        await console.sees("f5 does nothing here: type a command, or esc to leave.", "job")
        await console.press("s")
        await console.loses("does nothing")


async def test_a_number_typed_behind_a_slash_is_a_filter_and_turns_nothing(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press("slash")
        await console.type("4711")
        await console.press("enter")
        await console.sees("of 12 loaded", "filter 4711")
        await console.press("space", "escape")
        await console.sees("1 marked")
        await console.press("slash")
        await console.sees("4711")  # the filter that was ended is there again
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("escape")
        await console.sees("1 job stays marked", "q quits")


async def test_a_job_is_found_again_as_it_was_left(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "INC-4699")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("j", "space", "space")
        await console.press("slash")
        await console.type("throttled")
        await console.press("enter")
        await console.sees("match throttled")
        await console.press("j")
        row = console.app.screen.table().cursor_key  # type: ignore[attr-defined]
        await console.press("slash")
        await console.press("end", "x", "escape", "slash")
        assert "throttledx" in await console.settles()
        await console.press("escape", "q")
        await console.sees("12 loaded")
        await console.press("enter")
        await console.sees("match throttled", "2 marked")
        assert console.app.screen.table().cursor_key == row  # type: ignore[attr-defined]
        await console.press("right_square_bracket")
        await console.loses("match throttled")
        await console.press("left_square_bracket")
        await console.sees("match throttled", "2 marked")
        await console.press("Q")
        await console.sees("Quarantine")
        await console.press("q", "minus")
        await console.sees("Quarantine", "found, all loaded")
        await console.press("R")
        await console.sees("not sent yet")
        await console.press("escape")
        await console.sees("Quarantine", "found, all loaded")
        await console.press("minus")
        await console.sees("Jobs ›")  # a review that was left is no view to come back to
        await console.press("q")
        await console.sees("12 loaded")
        await console.press("question_mark")
        await console.sees("Help ›")
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("minus")
        await console.sees("Jobs ›")  # nor is help


async def test_words_are_found_in_help_and_in_lists_without_a_filter(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "INC-4699")
        await console.press("w")
        await console.sees("by reason", "all loaded")
        await console.press("slash")
        await console.type("not found")
        await console.press("enter")
        await console.sees("not found: 1 of")
        await console.press("n")
        await console.sees("not found: ")
        await console.press("question_mark")
        await console.sees("Help › reasons")
        await console.press("slash")
        await console.type("unmark")
        await console.press("enter")
        await console.sees("unmark: 1 of")
        await console.press("escape", "escape")
        await console.sees("by reason")


async def test_the_same_as_a_command(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(200, 24)) as console:
        await console.sees("12 loaded")
        await console.press("5")
        await console.sees("1 loaded")
        await command(console, "command")
        await console.sees("mailsluice jobs --status FAILED", "curl -sS -H", "$CLOUDFLARE_API_TOKEN", "status=FAILED")
        assert still_simulator.environment()["CLOUDFLARE_API_TOKEN"] not in console.text


async def test_changed_keys_are_in_footer_help_prompt_and_sentences(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    keys = (
        KeyChange("filter.edit", ("ctrl+f",), "config.toml, line 2"),
        KeyChange("filter.action", ("ctrl+t",), "config.toml, line 3"),
        KeyChange("view.copy_page", ("f5",), "config.toml, line 4"),
    )
    async with console_on(settings_for(still_simulator, keys=keys), clock=still_clock) as console:
        await console.sees("12 loaded", "ctrl+f filter")
        await console.press("y")
        await console.sees("if your terminal allows it. f5, t shows it.")
        await console.press("f5", "1")
        await console.sees("if your terminal allows it. t shows it.")
        await console.press("escape")
        await command(console, "doctor")
        await console.sees("lines 1-")
        await console.press("y")
        await console.sees("Copied all of it, if your terminal allows it.")
        await console.loses("shows it")
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("slash")
        await console.sees("/ does nothing here")
        await console.press("ctrl+f")
        await console.sees("words -words")
        await console.type("zzz")
        await console.press("enter")
        await console.sees("ctrl+f changes")
        await console.press("escape", "ctrl+t", "1")
        await console.sees("ctrl+t changes the action")
        await console.press("question_mark")
        await console.sees("ctrl+f")
        await console.press("escape", "colon")
        await console.type("filter")
        await console.sees("ctrl+f")


async def test_rows_of_a_job_at_work_are_read_again_when_it_is_opened_again(still_simulator: Simulator) -> None:
    async with service_on(still_simulator) as service:
        jobs = (await service.client.list_jobs()).items
        for job in (next(job for job in jobs if not job.ended), next(job for job in jobs if job.ended)):
            subject = service.jobs.watch(job.id, lambda _: None)
            await subject.poll()
            assert not subject.rows.due
            assert service.jobs.watch(job.id, lambda _: None) is subject
            assert subject.rows.due is not job.ended


def test_every_command_is_done_by_the_console() -> None:
    done = inspect.getsource(Prompt._checked)
    assert [command.name for command in COMMANDS if f'"{command.name}"' not in done] == []


async def test_the_mistake_is_selected_where_it_stands_behind_another_name_of_the_command(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await command(console, "m  frm:x y")
        await console.sees("'frm' is not a field")
        line = console.app.screen.query_one(Input)
        start, end = sorted(line.selection)
        assert line.value[start:end] == "frm:x"


async def test_what_is_set_for_the_session_is_what_plans_use(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await command(console, "set canary 7")
        await console.sees("canary is 7 until the console ends")
        assert console.app.service.plans.settings.plans.canary == 7


async def test_a_prompt_that_was_left_hears_nothing_of_what_it_looked_for(
    still_simulator: Simulator, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        gate = held_open(monkeypatch, console.app.service.jobs, "read")
        await command(console, f"job {UUID(int=1)}")
        await console.sees("Looking for the job")
        await console.type("x")
        await console.sees("still being looked for")
        await console.press("enter")
        await console.sees("still being looked for")
        await console.press("escape")
        await console.sees("12 loaded")
        gate.set()
        await console.until(lambda: all(worker.is_finished for worker in console.app.workers), "workers")
        assert "12 loaded" in await console.settles()
        await console.press(":")
        await console.sees(f"job {UUID(int=1)}x")


async def test_a_name_means_itself_before_what_it_begins_and_nothing_is_chosen_for_anybody(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    views = {
        "ab2": View("jobs", filter="failed:>0"),
        "ab": View("jobs", filter="failed:>10"),
        "cde": View("jobs", filter="failed:>20"),
    }
    async with console_on(settings_for(still_simulator, views=views), clock=still_clock) as console:
        await console.sees("12 loaded")
        await command(console, "view ab")
        await console.sees("filter failed:>10")
        await command(console, "view c")
        await console.sees("filter failed:>20")
        await command(console, "jobs fail")
        await console.sees("filter fail")
        await command(console, "view")
        await console.press("enter")
        await console.sees("view needs NAME")
        await console.press("escape")
        await console.sees("filter fail")


async def test_keys_behind_a_command_are_for_what_it_opens(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await command(console, "quarantine")
        await console.sees("Quarantine", "all loaded")
        await console.press("escape")
        await console.sees("12 loaded")
        for key in ("colon", *"quarantine", "enter", "w"):
            console.app.post_message(Key(key, key if len(key) == 1 else None))
        await console.sees("› groups")


async def test_export_does_what_its_key_does_on_every_screen_that_has_one(simulator: Simulator, tmp_path: Path) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await command(console, "export")
        await console.sees("There is nothing to export here.")
        await console.press("escape")
        await command(console, "handover")
        await console.sees("# Handover")
        with chdir(tmp_path):
            await command(console, "export")
            await console.sees("handover", ".md")
            await console.until(lambda: bool(list(tmp_path.glob("*.md"))), "a file")


@pytest.mark.parametrize("line", ["jobs all", "jobs failed:>0", "mail", "quarantine", "ledger"])
async def test_no_command_leaves_a_review_or_opens_something_above_it(simulator: Simulator, line: str) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("Q")
        await console.sees("all loaded")
        await console.press("space", "R")
        await console.sees("not sent yet")
        await console.press("f2")
        await console.sees("Release › ")
        shown = console.app.screen
        console.app.action_prompt_open()
        await console.sees("Commands")
        await console.type(line)
        await console.press("enter")
        await console.sees("Not from here")
        await console.press("escape")
        assert console.app.screen is shown


async def test_a_key_on_a_screen_that_is_being_opened_ends_nothing(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        job = console.app.screen.jobs[5]  # type: ignore[attr-defined]
        for screen in (
            JobScreen(console.app.service, job),
            QuarantineScreen(console.app.service),
            JobsScreen(console.app.service),
        ):
            for action in ACTIONS:
                assert screen.why_not_here(action.id) == "the screen is being opened."
                assert screen.check_action(action.method, ()) is False
