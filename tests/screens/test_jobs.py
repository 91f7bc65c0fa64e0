"""The first screen and a job's screen, driven by keys at 80x24 against the simulator."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.screens.job.screen import JobScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.simulator.mail import stamp
from tui_app.simulator.server import Options, Simulator, running


async def move_to_job(console: Console, comment: str) -> None:
    """Move to the job with that comment."""
    screen = console.app.screen
    assert isinstance(screen, JobsScreen)
    await console.until(lambda: bool(len(screen.table().shown)), "jobs")
    table = screen.table()
    index = next(i for i, job in enumerate(table.shown) if comment in str(job.comment))
    await console.press("g", *["j"] * index)


async def open_job(console: Console, comment: str) -> None:
    """Move to the job with that comment and open it."""
    await move_to_job(console, comment)
    await console.press("enter")
    await console.sees("Jobs ›")


async def test_all_jobs_are_listed_and_everything_fits(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded, 3 running", "! completed", "140", "live")
        assert all(len(line) <= 80 for line in console.text.splitlines())
        assert console.text.splitlines()[-1].endswith("? help")


async def test_status_tabs_and_the_action_filter_ask_the_server(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    account = still_simulator.account
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        table = console.app.screen.table()  # type: ignore[attr-defined]
        digits = {"PENDING": 1, "DISCOVERING": 2, "PROCESSING": 3, "COMPLETED": 4, "FAILED": 5, "CANCELLED": 7}
        for status, digit in digits.items():
            await console.press(str(digit))
            expected = [job["job_id"] for job in account.list_jobs(status, None)]
            await console.until(lambda expected=expected: [job.id for job in table.shown] == expected, status)
        await console.press("0", "m")
        moves = [job["job_id"] for job in account.list_jobs(None, "MOVE")]
        await console.until(lambda: sorted(job.id for job in table.shown) == sorted(moves), "moves")
        await console.sees("moves only")
        await console.press("m")
        await console.until(lambda: {str(job.action_type) for job in table.shown} == {"RELEASE"}, "releases")


async def test_a_change_on_the_server_is_seen_within_one_poll_and_the_cursor_stays_on_its_row(
    fast_simulator: Simulator,
) -> None:
    async with console_on(settings_for(fast_simulator)) as console:
        await console.sees("12 loaded")
        screen = console.app.screen
        assert isinstance(screen, JobsScreen)
        table = screen.table()
        await console.press("j", "j", "j", "j")
        job = table.current
        assert job is not None
        # A job that is newer than all others comes in above the cursor.
        fast_simulator.account.create_job(
            {
                "action": "MOVE",
                "destination": "Inbox",
                "search_params": {"sender": "evil.example"},
                "comment": "newcomer",
            }
        )
        await console.press("r")
        await console.until(lambda: len(table.shown) == 13, "the new job")
        assert table.current is not None
        assert table.current.id == job.id
        assert table.cursor_row == 5
        running_job = next(job for job in fast_simulator.account.jobs.values() if job.comment == "INC-4711 wave 2")
        fast_simulator.account.cancel_job(running_job) if running_job.status(
            fast_simulator.account.clock()
        ) == "PROCESSING" else None
        await console.until(
            lambda: any(job.id == running_job.job_id and job.ended for job in table.shown), "the end of the job"
        )


async def test_rows_of_a_job_by_status_are_exactly_the_server_s(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    account = still_simulator.account
    job = next(job for job in account.jobs.values() if job.comment and "140 to retry" in job.comment)
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.sees("2,400 found", "140 failed", "0 all 2,400", "5 fail 140")
        screen = console.app.screen
        table = screen.table()  # type: ignore[attr-defined]
        await console.press("5")
        await console.until(lambda: len(table.shown) == 140, "failed rows")
        rows = job.rows_in("FAILED", account.clock())
        assert [str(row.recipient) for row in table.shown] == [job.target(index).recipient for index in rows]
        await console.sees("Throttled by the mail")
        for digit, count in (("1", 0), ("3", 0), ("6", 0), ("7", 0)):
            await console.press(digit)
            await console.sees("No row is")
            assert len(table.shown) == count


async def test_more_rows_are_loaded_when_the_end_is_reached(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded, not all: G more, L all")
        await console.press("G", "G")
        await console.sees("2,000 loaded")
        await console.press("G", "G")
        await console.sees("2,400 loaded")
        table = console.app.screen.table()  # type: ignore[attr-defined]
        assert len({row.id for row in table.shown}) == 2400
        assert table.cursor_row == 1999


async def test_marks_and_cursor_survive_tabs_and_refresh(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("space", "space", "j", "v", "r")
        await console.sees("4 marked")
        table = console.app.screen.table()  # type: ignore[attr-defined]
        marked = [row.id for row in table.marked.marked_rows()]
        await console.press("6")
        await console.sees("No row is skipped")
        await console.press("5")
        await console.sees("140 loaded · 4 marked")
        assert [row.id for row in table.marked.marked_rows()] == marked
        await console.press("u")
        await console.sees("140 loaded · The message is no longer")
        await console.press("escape")
        await console.sees("12 loaded")


async def test_a_row_opens_with_its_details_and_the_message(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 loaded")
        await console.press("enter")
        await console.sees("The job's row", "✖ failed", "retry after", "subject        Parcel", "read 12:00:00")


async def test_hostile_comments_and_subjects_are_only_text(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(200, 30)) as console:
        await console.sees("[@click=app.quit]INC-4633[/] ␛[31mred")
        await open_job(console, "INC-4633")
        await console.sees("[/x] Overdue ␛[2J 1")
        await console.press("enter")
        await console.sees("subject        [/x] Overdue ␛[2J 1")
        assert "\x1b" not in console.text


async def test_cancel_asks_and_enter_alone_never_confirms(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_job(console, "INC-4713")
        await console.press("X")
        await console.sees("Cancel this job?", "Type y to do it")
        await console.press("enter")
        await console.sees("Nothing was sent.")
        assert simulator.account.truth.entries == []
        await console.press("X")
        await console.sees("Type y to do it")
        await console.press("y")
        await console.sees("■ cancelled")
        assert [entry["outcome"] for entry in simulator.account.truth.of("cancel_job")] == ["cancelled"]


async def deletes(console: Console) -> None:
    """Type what the question asks for: the beginning of the job's id."""
    await console.sees("Delete this job's record?", "To do it, type ")
    (wanted,) = re.findall(r"To do it, type (\w{4}) and enter", console.text)
    await console.type(wanted)
    await console.press("enter")


async def test_delete_is_for_ended_jobs_and_takes_the_job_off_the_list(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("12 loaded")
        await console.press("D")
        await console.sees("only ended jobs can be deleted")
        await console.press("G", "D")
        await console.sees("Delete this job's record?", "can't be undone")
        (wanted,) = re.findall(r"To do it, type (\w{4}) and enter", console.text)
        # y is also the key that copies; an id is typed from its beginning, and no further.
        for typed in ("y", "", wanted[:3], f"{wanted}0", wanted[::-1] + "0"):
            await console.type(typed)
            await console.press("enter")
            await console.sees(f"Not confirmed: type {wanted}")
            await console.press("ctrl+u")
        assert simulator.account.truth.entries == []
        await deletes(console)
        await console.sees("Delete: deleted.", "11 loaded")
    (deleted,) = simulator.account.truth.of("delete_job")
    assert deleted["job_id"].startswith(wanted)


async def test_read_only_shows_it_and_hides_all_writes(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator, read_only=True), size=(80, 50)) as console:
        await console.sees("READ-ONLY", "12 loaded")
        footer = console.text.splitlines()[-1]
        assert "cancel" not in footer
        assert "new job" not in footer
        await console.press("G", "D", "X", "n", "y")
        await console.sees("12 loaded")
        await console.press("question_mark")
        await console.sees("read-only: writes are hidden")
        assert "cancel job" not in console.text


async def test_the_oldest_wire_shape_is_shown_with_what_it_has(seed_simulator: Simulator) -> None:
    async with console_on(settings_for(seed_simulator)) as console:
        await open_job(console, "140 to retry")
        await console.press("5")
        await console.sees("140 failed", "5 fail 140", "140 loaded")
        tabs = next(line for line in console.text.splitlines() if line.startswith("0 all"))
        assert tabs.rstrip().endswith("6 skip  7 canc"), "no number where the server gives none"
        await console.press("enter")
        await console.sees("The job's row", "subject        Parcel 31", "read ")
        await console.press("escape", "escape")
        await console.sees("12 loaded")
        await open_job(console, "INC-4713")
        await console.press("X")
        await console.sees("Type y to do it")
        await console.press("y")
        await console.sees("the server says: cancelled.")
        await console.press("D")
        await deletes(console)
        await console.sees("11 loaded")


async def test_an_empty_account_offers_what_can_be_done() -> None:
    with running(Options(messages=0)) as empty:
        async with console_on(settings_for(empty)) as console:
            await console.sees("No bulk jobs in this account yet. n starts one, Q shows held mail.")
            await console.press("Q")
            await console.sees("No held mail matches")
            await console.press("R")
            await console.sees("Nothing to release")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "http://127.0.0.1:9/client/v4"}, ["offline, again in", "the connection was refused"]),
        ({"account_id": "0" * 32}, ["access refused", "does not see this account"]),
    ],
)
async def test_trouble_is_said_clearly(simulator: Simulator, changes: dict[str, object], said: list[str]) -> None:
    async with console_on(settings_for(simulator, **changes)) as console:
        await console.sees(*said)
        await console.press("exclamation_mark")
        await console.sees("Activity", "GET investigate/bulk")
        await console.press("escape", "Q")
        await console.sees("Quarantine")


async def test_a_wrong_token_is_said_and_another_try_is_one_key(simulator: Simulator) -> None:
    settings, token = settings_for(simulator), simulator.authenticator.token
    simulator.authenticator.token = "another"
    async with console_on(settings) as console:
        await console.sees("access refused", "The token itself is not", "r tries again")
        simulator.authenticator.token = token
        await console.press("r")
        await console.sees("12 loaded", "live")


async def test_a_429_counts_down_in_the_header() -> None:
    with running(Options(quota=1, messages=20, held=20, speed=NO_JOB_ENDS)) as limited:
        async with console_on(settings_for(limited)) as console:
            await console.sees("rate limit, again in")
            assert console.text.splitlines()[3].strip().startswith("STATUS")


async def test_counters_that_can_t_be_read_are_question_marks_and_never_a_green_tick() -> None:
    with running(Options(quota=0, messages=20, held=1, speed=1000, faults="odd_numbers")) as odd:
        async with console_on(settings_for(odd)) as console:
            await console.sees("12 loaded", "? completed", "found ?")
            assert "✔" not in console.text
            await console.press("4", "enter")
            await console.sees("? found · ? completed · ", "5 fail ?", "20 loaded")
            await console.press("L")
            await console.sees("20 loaded · the job's own count can't be read")
            await console.press("L")
            await console.sees("and no more came, but the job's own count can't be read")
            await console.press("exclamation_mark")
            await console.sees("Job.messages_failed is 'about ")


async def test_the_footer_offers_what_can_be_done_to_the_job_under_the_cursor(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded", "n new job  X cancel  enter open")
        await console.press("G")
        await console.sees("D delete  enter")
        assert "X cancel" not in console.text
        await console.press("g")
        await console.sees("X cancel  enter")
        assert "D delete" not in console.text


async def test_at_the_smallest_size_no_counter_no_tab_and_no_field_is_lost(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(60, 16)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("action        ‹ move ›", "Enter counts the messages")
        await console.press("escape", "j", "enter")
        await console.sees(" found", " pending", " failed", "7 canc")
        await console.press("escape", "Q")
        await console.sees("R release", "? help")


async def test_pause_stops_the_requests(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("live")
        await console.press("p")
        await console.sees("paused, p resumes")
        await console.press("p")
        await console.sees("live")


async def test_wide_terminals_get_more_columns(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(200, 50)) as console:
        await console.sees("COMMENT", "SEARCH", "CREATED", "INC-4705 gift card campaign")


async def test_created_times_are_the_server_s(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(200, 50)) as console:
        job = still_simulator.account.list_jobs("FAILED", None)[0]
        created = str(job["created_at"])
        assert created == stamp(still_simulator.account.jobs[job["job_id"]].created_at)
        await console.sees(created[:10] + " " + created[11:19] + " UTC")
        assert replace(settings_for(still_simulator)).profile is None


async def test_the_screen_stays_until_a_write_is_answered_and_its_outcome_is_told() -> None:
    with running(Options(quota=0, messages=300, held=20, speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator)) as console:
            await open_job(console, "INC-4713")
            simulator.api.latency = 0.6
            await console.press("X")
            await console.sees("Type y to do it")
            await console.press("y")
            await console.sees("sent, waiting for the answer")
            await console.press("q", "G", "G", "j")
            await console.sees("Asked to cancel; the server says: cancelled.")
            simulator.api.latency = 0
            await console.press("exclamation_mark")
            await console.sees("Cancel job", "done.")
            await console.press("escape", "D")
            await deletes(console)
            await console.sees("Delete: deleted.", "11 loaded")


async def test_many_keys_at_the_end_ask_for_one_page_at_a_time(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded")
        still_simulator.api.latency = 0.1
        await console.press(*["G"] * 30)
        await console.sees("2,400 loaded")


async def test_a_job_of_the_oldest_shape_claims_no_number_the_server_did_not_give(seed_simulator: Simulator) -> None:
    async with console_on(settings_for(seed_simulator)) as console:
        await console.sees("12 loaded")
        line = next(line for line in console.text.splitlines() if "2,260" in line)
        assert line.split()[-3:] == ["140", "–", "7h"]


async def test_a_question_fits_the_smallest_window(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(60, 16)) as console:
        await console.sees("12 loaded")
        await console.press("G", "D")
        await console.sees("Delete this job's record?", "can't be undone", "╮")


async def test_what_can_t_be_made_ready_ends_the_console_with_its_sentence(
    simulator: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(simulator, base_url="https://127.0.0.1:1/client/v4", ca_bundle=Path("/nowhere/ca.pem"))
    async with console_on(settings) as console:
        await console.until(lambda: console.app.return_code == 2, "the end")
    assert "The ca_bundle /nowhere/ca.pem" in "".join(capfd.readouterr())


async def test_help_says_why_not_now_and_a_sentence_ends_once(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        await console.press("slash")
        await console.type("nothing-has-this")
        await console.press("enter")
        await console.sees("None of the 12 jobs matches the filter.")
        screen = console.app.screen
        assert isinstance(screen, JobsScreen)
        # A poll says by itself why there is nothing: it may come between the two.
        for _ in range(10):
            screen.table().set_empty_text("Asking the API for bulk jobs…")
            await console.press("question_mark")
            await console.sees("not now: ")
            if "Asking the API for bulk jobs…" in console.text:
                break
            await console.press("q")
            await console.loses("not now: ")
        assert "Asking the API for bulk jobs…" in console.text
        assert "….\n" not in console.text and "…. " not in console.text


async def test_the_reason_of_a_failed_job_has_the_room_that_its_bar_can_spare(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await open_job(console, "INC-4681")
        screen = console.app.screen
        assert isinstance(screen, JobScreen)
        reason = screen._job.status_message
        assert reason and len(str(reason)) > 30
        await console.sees(str(reason))
