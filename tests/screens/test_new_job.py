"""The form of a new job: what it counts, asks, sends, keeps, and runs again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import Input

from tests.screens.test_jobs import open_job
from tests.support.accounts import NO_JOB_ENDS
from tests.support.clock import StillClock
from tests.support.mails import arrives, leaves, only
from tests.support.screens import Console, console_on, held_open
from tests.support.services import settings_for
from tui_app.jobs.service import JobService
from tui_app.simulator.server import Options, Simulator, running
from tui_app.widgets.inputs import CycleSelect

CAMPAIGN = "billing@evil.example"


async def open_form(console: Console) -> None:
    await console.sees("12 loaded")
    await console.press("n")
    await console.sees("Jobs › new job", "more fields")


async def preview(console: Console, sender: str) -> None:
    await open_form(console)
    await console.type(sender)
    await console.press("enter")
    await console.sees("Enter again to")


def asked_number(console: Console) -> str:
    """What the question wants typed."""
    return console.text.split("type ")[1].split(" ")[0]


async def confirm(console: Console) -> str:
    """Answer the question; the number that was typed."""
    await console.press("enter")
    await console.sees("start this job?")
    count = asked_number(console)
    await console.type(count)
    await console.press("enter")
    return count


@pytest.mark.parametrize("generation", ["simulator", pytest.param("seed_simulator", marks=pytest.mark.long)])
async def test_a_new_job_is_previewed_confirmed_by_its_number_and_posted_once(
    generation: str, request: pytest.FixtureRequest
) -> None:
    simulator: Simulator = request.getfixturevalue(generation)
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("Jobs › new job", "sender", "more fields")
        await console.press("enter")
        await console.sees("A job needs at least one of")
        await console.type("billing@evil.example")
        await console.press("enter")
        await console.sees("messages for", "Detections only", "Enter again to confirm")
        await console.press("enter")
        await console.sees("Move to Junk: start this job?", "can be moved back")
        await console.press("enter")
        await console.sees("Not confirmed")
        assert simulator.account.truth.entries == []
        count = console.text.split("type ")[1].split(" ")[0]
        await console.type(count)
        await console.press("enter")
        await console.sees("Jobs › move → Junk", "#op-")
    (entry,) = simulator.account.truth.of("create_job")
    assert str(entry["rows"]) == count
    assert entry["body"]["search_params"]["sender"] == "billing@evil.example"


async def test_a_change_after_the_preview_asks_for_a_new_preview(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("new job")
        await console.type("evil.example")
        await console.press("enter")
        await console.sees("Enter again to confirm")
        await console.type("x")
        await console.press("enter")
        await console.sees("finds nothing now: a job over it would do nothing.")
        assert "start this job?" not in console.text


async def test_a_release_job_has_no_destination_and_takes_held_mail_only(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("new job")
        await console.type("acme-news.example")
        await console.press("shift+tab", "shift+tab", "space")
        await console.sees("release from quarantine")
        await console.press("enter")
        await console.sees("Only held messages are released", "Enter again")
        await console.press("enter")
        await console.sees("Release: start this job?")
        count = console.text.split("type ")[1].split(" ")[0]
        await console.type(count)
        await console.press("enter")
        await console.sees("Jobs › release")
    body = simulator.account.truth.of("create_job")[0]["body"]
    assert body["action"] == "RELEASE"
    assert body["search_params"]["delivery_status"] == "quarantined"
    assert "destination" not in body


async def test_all_fields_of_a_search_are_in_the_folded_part(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 45)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("more fields")
        await console.press(*["tab"] * 8, "enter")
        await console.sees(
            "exact subject",
            "domain",
            "Message-ID",
            "alert id",
            "metric",
            "helo ip",
            "verdict",
            "delivery",
            "done before",
            "search in",
        )


async def test_every_field_of_the_form_reaches_the_wire(simulator: Simulator) -> None:
    texts = {
        "sender": "a.example", "recipient": "b@acme.example", "subject": "two words", "start": "2026-11-01", "end": "2026-11-02T03:04:05Z",
        "query": "anywhere", "exact_subject": "Whole subject", "domain": "c.example", "message_id": "<m@x>", "alert_id": "al-1",
        "metric": "m1", "smtp_helo_ip": "192.0.2.1", "comment": "why not",
    }  # fmt: skip
    choices = {
        "destination": "DeletedItems", "all_mail": True, "final_disposition": "SPAM", "delivery_status": "delivered", "message_action": "MOVED",
        "submissions": True,
    }  # fmt: skip
    async with console_on(settings_for(simulator), size=(80, 50)) as console:
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("new job")
        form = console.app.screen
        for name, text in texts.items():
            form.query_one(f"#{name}", Input).value = text
        for name, value in choices.items():
            form.query_one(f"#{name}", CycleSelect).choose(value)
        form.query_one("#sender", Input).focus()
        await console.press("enter")
        await console.sees("Finds 0 messages", "finds nothing now.", "ignores submissions")
        await console.press("enter")
        await console.sees("To do it, type 0 and enter")
        await console.press("y", "enter")
        await console.sees("Not confirmed: type 0")
        await console.press("backspace", "0", "enter")
        await console.sees("Jobs › move → Trash")
    (entry,) = simulator.account.truth.of("create_job")
    sent = entry["body"]["search_params"]
    assert entry["body"]["destination"] == "DeletedItems"
    assert entry["body"]["comment"].startswith("why not #op-")
    assert sent == {
        **{name: text for name, text in texts.items() if name not in ("comment", "start", "end")},
        "start": "2026-11-01T00:00:00Z", "end": "2026-11-02T03:04:05Z", "detections_only": False, "final_disposition": "SPAM",
        "delivery_status": "delivered", "message_action": "MOVED", "submissions": True,
    }  # fmt: skip


async def test_mail_that_the_search_of_a_new_job_did_not_ask_for_is_told_also_for_a_move_to_junk() -> None:
    with running(Options(quota=0, messages=100, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator), size=(120, 40)) as console:
            await console.sees("12 loaded")
            await console.press("n")
            await console.sees("new job")
            simulator.set_faults("wrong_rows=2@search")
            await console.type("evil.example")
            await console.press("enter")
            await console.sees("The search also shows 3 messages that it did not ask for: the job may take them.")
            await console.sees("Enter again to confirm")
            await console.press("enter")
            await console.sees("Move to Junk: start this job?", "The search also shows 3 messages")
        assert simulator.account.truth.of("create_job") == []


async def test_what_changed_since_the_preview_is_told_and_confirmed_anew(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await preview(console, CAMPAIGN)
        arrives(simulator, 3)
        leaves(simulator, 1)
        count = int(await confirm(console))
        await console.sees("+3 new since the preview, 1 gone. Nothing was sent yet.", f"type {count + 2} and enter")
        assert simulator.account.truth.entries == []
        await console.type(str(count))
        await console.press("enter")
        await console.sees("Not confirmed")
        await console.type(str(count + 2))
        await console.press("enter")
        await console.sees("Jobs › move → Junk")
        await console.press("exclamation_mark")
        await console.sees(f"its preview: {count + 2}", f"preview: {count + 2} messages, sha256")
    (entry,) = simulator.account.truth.of("create_job")
    assert entry["rows"] == count + 2


async def test_esc_while_it_looks_again_sends_nothing(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await preview(console, CAMPAIGN)
        gate = held_open(monkeypatch, JobService, "preview")
        await confirm(console)
        await console.sees("Looking whether the search still finds the same")
        await console.press("enter")  # a second time: it asks nothing anew
        await console.press("escape")
        await console.sees("12 loaded")
        gate.set()
        await console.settles()
        assert "start this job?" not in console.text
    assert simulator.account.truth.entries == []


async def test_exactly_these_is_a_plan_over_what_was_counted(simulator: Simulator) -> None:
    chosen = only(simulator, 2)
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await open_form(console)
        await console.type(CAMPAIGN)
        await console.press(*["tab"] * 6)
        await console.type("INC-9")
        await console.press("tab", "space")
        await console.sees("exactly these: what was counted, by id")
        await console.press("enter")
        await console.sees("Finds 2 messages", "Enter again to review exactly these.")
        arrives(simulator, 1)
        await console.press("enter")
        await console.sees("Move", "not sent yet", "INC-9", "type 2 to send")
        await console.press("escape")
        await console.sees("new job", "Finds 2 messages")
        await console.press("enter")
        await console.sees("type 2 to send")
        await console.type("2")
        await console.press("enter")
        await console.sees("all sent")
        await console.press("escape", "n")
        await console.sees("new job", "Enter counts the messages")
        assert "INC-9" not in console.text
    moved = simulator.account.truth.of("move")
    assert {entry["id"] for entry in moved} == {mail.investigate_id for mail in chosen}
    assert simulator.account.truth.of("create_job") == []


async def test_too_many_for_exactly_these_says_so_and_the_search_is_left(simulator: Simulator) -> None:
    settings = settings_for(simulator)
    few = replace(settings, guard=replace(settings.guard, max_messages=5))
    async with console_on(few, size=(80, 30)) as console:
        await preview(console, CAMPAIGN)
        await console.sees("Only the search can be acted on:", "policy allows 5 at once")
        await console.press(*["tab"] * 7, "space")
        await console.sees("Exactly these can't be reviewed:", "(guard.max_messages)")
        await console.press("enter")
        assert "start this job?" not in await console.settles()
        await console.press("space")
        await console.sees("Enter again to confirm.")
        await console.press("enter")
        await console.sees("start this job?")


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ("stored_changed=2@create_job", "It was cancelled at once."),
        ("stored_changed=2@create_job,status=403@cancel_job", "It was NOT cancelled: refused."),
    ],
)
async def test_a_job_that_differs_is_cancelled_and_told_on_the_form(faults: str, told: str) -> None:
    with running(Options(quota=0, messages=60, held=60, faults="none", speed=NO_JOB_ENDS)) as simulator:
        async with console_on(settings_for(simulator), size=(80, 30)) as console:
            await preview(console, CAMPAIGN)
            simulator.set_faults(faults)
            await confirm(console)
            await console.sees("The new job DIFFERS from what was asked for.", told, "asked for JunkEmail, the job has")
            await console.sees(CAMPAIGN, "new job")
        cancelled = simulator.account.truth.of("cancel_job")
        assert len(cancelled) == ("403" not in faults)


async def test_a_clock_that_is_off_is_said_once_stays_in_the_header_and_is_in_the_preview(simulator: Simulator) -> None:
    clock = StillClock(datetime.now(UTC) + timedelta(hours=5))
    said = "This machine's clock is 5 h ahead of the server's: searches and ages are off."
    async with console_on(settings_for(simulator), clock=clock, size=(80, 30)) as console:
        await console.sees(said)
        assert console.text.splitlines()[0].endswith("clock 5 h ahead  live")
        await preview(console, CAMPAIGN)
        await console.sees("But this machine's clock is 5 h ahead of the server's: that may be another time")
        assert said not in console.text
        await console.press("escape", "exclamation_mark")
        await console.sees("Activity", said[:40], "new jobs are made of this machine")


async def test_n_on_a_job_runs_it_again_with_its_search_and_comment(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await open_form(console)
        form = console.app.screen
        form.query_one("#sender", Input).value, form.query_one("#comment", Input).value = CAMPAIGN, "INC-7"
        form.query_one("#destination", CycleSelect).action_turn(2)
        await console.press("enter")
        await console.sees("Trash", "Enter again")
        await confirm(console)
        await console.sees("Jobs › move → Trash", "INC-7 #op-")
        await console.press("n")
        await console.sees("new job like ", "Trash", CAMPAIGN, "INC-7")
        assert "#op-" not in console.text
        await console.press("enter")
        await console.sees("Enter again")
        await confirm(console)
        await console.until(lambda: len(simulator.account.truth.of("create_job")) == 2, "two jobs")
        await console.sees("Jobs › move → Trash")
    first, second = (entry["body"] for entry in simulator.account.truth.of("create_job"))
    assert first["search_params"] == second["search_params"]
    assert (first["destination"], second["destination"]) == ("DeletedItems", "DeletedItems")
    assert second["comment"].startswith("INC-7 #op-")
    assert second["comment"].count("#op-") == 1


async def test_a_job_with_an_unknown_field_is_not_run_again_without_it(simulator: Simulator) -> None:
    for job in simulator.account.jobs.values():
        job.search_params = {**job.search_params, "colour": "red"}
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await open_job(console, "140 to retry")
        await console.sees("loaded")
        await console.press("n")
        await console.sees("This job can't be run again here: it has colour red")


async def test_the_form_is_found_again_as_it_was_left(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 45)) as console:
        await open_form(console)
        await console.type("a.ex")
        form = console.app.screen
        form.query_one("#destination", CycleSelect).action_turn(1)
        form.query_one("#exact_subject", Input).value = "whole subject"
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("as you left it; f4 empties it", "a.ex", "Inbox: ", "whole subject")
        await console.press("shift+tab", "f4")
        await console.sees("The form is empty", "Junk: ")
        assert console.app.focused is console.app.screen.query_one("#sender"), (
            "what is typed next goes into the first line"
        )
        assert "a.ex" not in console.text
        await console.press("escape")
        await console.sees("12 loaded")
        await console.press("n")
        await console.sees("Enter counts the messages")
        assert "as you left it" not in console.text


async def test_mail_of_the_form_can_be_listed_held_or_not(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(80, 30)) as console:
        await open_form(console)
        await console.type("evil.example")
        console.app.screen.query_one("#start", Input).value = "7d"
        await console.press("f2")
        await console.sees("Mail", "from:evil.example", "537 found, all loaded")
        await console.press("escape")
        await console.press("shift+tab", "shift+tab", "space", *["tab"] * 6, "space")
        await console.sees("release from quarantine", "all mail")
        await console.press("f2")
        await console.sees("Quarantine", "from:evil.example", "23 found, all loaded")
        await console.press("escape")
        await console.sees("new job", "release from quarantine")


async def test_a_campaign_is_stopped_with_25_keys(
    fast_simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Story 1: clean-looking mail of one sender and subject to soft delete; a paste is one key, free text counts apart."""
    monkeypatch.chdir(tmp_path)
    keys = 0

    async def press(*names: str) -> None:
        nonlocal keys
        keys += len(names)
        await console.press(*names)

    async def paste(field: str, text: str) -> None:
        nonlocal keys
        keys += 1
        assert console.app.focused is not None
        assert console.app.focused.id == field
        console.app.focused.post_message(Paste(text))
        await console.sees(text)

    async with console_on(settings_for(fast_simulator), size=(80, 24)) as console:
        await console.sees("12 loaded")
        await press("n")
        await console.sees("new job")
        await press("shift+tab", "left", "left", "tab")
        await paste("sender", CAMPAIGN)
        await press("tab", "tab")
        await paste("subject", "Invoice")
        await press("tab", "tab", "tab", "space", "tab")
        await paste("comment", "INC-4711 invoice campaign")
        keys -= 1
        await press("enter")
        await console.sees("Soft delete", "all mail", "Enter again to confirm")
        await press("enter")
        await console.sees("Move to Soft delete: start this job?")
        count = asked_number(console)
        await press(*count, "enter")
        # One of the campaign's mailboxes is gone.
        await console.sees(
            "Jobs › move → Soft delete", "INC-4711", f"{int(count) - 1} completed · 1 failed · 0 pending"
        )
        await press("E", "enter")
        await console.sees(f"{int(count):,} rows in job-")
        keys += 4 - len(count)
    assert keys <= 25
    (entry,) = fast_simulator.account.truth.of("create_job")
    assert (entry["rows"], entry["body"]["destination"]) == (int(count), "RecoverableItemsDeletions")
    assert entry["body"]["search_params"]["detections_only"] is False
