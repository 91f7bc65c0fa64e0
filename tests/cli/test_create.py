"""`create`: what changed since its preview, exactly these, a job like another one, nothing found."""

import json
from collections.abc import Callable

import pytest

from tests.support.commands import Run
from tests.support.mails import arrives, leaves, only
from tui_app.simulator.server import Simulator

CAMPAIGN = ("--sender", "billing@evil.example")
TRASH = ("create", "--action", "move", "--destination", "DeletedItems", *CAMPAIGN)


def before_the_second_search(simulator: Simulator, change: Callable[[], object]) -> None:
    """Let something happen to the account between a preview and the look after its confirmation."""
    search, searches = simulator.account.search, list[object]()

    def counted(query: dict[str, object]) -> object:
        searches.append(query)
        if len(searches) == 2:
            change()
        return search(query)

    simulator.account.search = counted  # type: ignore[method-assign, assignment]


def counted(run: Run) -> int:
    previewed = json.loads(run(*TRASH, "--preview", "--json").stdout)["mailsluice"]
    assert len(previewed["sha256"]) == 64
    return int(previewed["count"])


def test_with_yes_nothing_is_sent_when_the_search_finds_something_else_by_then(run: Run, simulator: Simulator) -> None:
    count = counted(run)
    before_the_second_search(simulator, lambda: arrives(simulator, 2))
    ended = run(*TRASH, "--yes")
    assert ended.returncode == 3
    assert "+2 new since the preview." in ended.stderr
    assert f"Repeat with --expect {count + 2}. Nothing was sent." in ended.stderr
    assert simulator.account.truth.entries == []
    assert run(*TRASH, "--yes", "--expect", str(count + 2)).returncode == 0


def test_with_yes_and_the_same_number_other_messages_are_told_and_taken(run: Run, simulator: Simulator) -> None:
    count = counted(run)
    before_the_second_search(simulator, lambda: (arrives(simulator, 1), leaves(simulator, 1)))
    ended = run(*TRASH, "--yes", "--expect", str(count))
    assert ended.returncode == 0
    assert "+1 new since the preview, 1 gone." in ended.stderr
    assert len(simulator.account.truth.of("create_job")) == 1


def test_exactly_moves_what_the_preview_found_by_id(run: Run, simulator: Simulator) -> None:
    campaign = only(simulator, 3)
    exactly = (*TRASH, "--exactly", "--yes")
    assert run(*exactly, "--expect", "3").returncode == 2, "no reason"
    assert run(*exactly, "--comment", "INC-1").returncode == 3, "three need their number"
    assert simulator.account.truth.entries == []
    ended = run(*exactly, "--comment", "INC-1", "--expect", "3", "--json")
    assert ended.returncode == 0, ended.stderr
    assert {row["id"] for row in json.loads(ended.stdout)} == {mail.investigate_id for mail in campaign}
    assert {entry["action"] for entry in simulator.account.truth.entries} == {"move"}


def test_a_job_like_another_has_its_search_window_folder_and_comment(run: Run, simulator: Simulator) -> None:
    made = run(*TRASH, "--all-mail", "--subject", "invoice", "--comment", "INC-1", "--yes", "--json")
    job = json.loads(made.stdout)["job_id"]
    assert run("create", "--like", job, "--yes").returncode == 0
    assert (
        run("create", "--like", job, "--sender", "x.example", "--start", "2d", "--comment", "b", "--yes").returncode
        == 0
    )
    first, second, third = (entry["body"] for entry in simulator.account.truth.of("create_job"))
    assert {**first, "comment": ""} == {**second, "comment": ""}
    assert second["comment"].startswith("INC-1 #op-")
    assert second["comment"].count("#op-") == 1
    search = third["search_params"]
    assert (search["sender"], search["subject"], search["detections_only"]) == ("x.example", "invoice", False)
    assert search["start"] < first["search_params"]["start"]
    assert third["comment"].startswith("b #op-")


@pytest.mark.parametrize("kind", [("move", "--destination", "JunkEmail"), ("release",)])
def test_a_search_that_finds_nothing_warns_and_with_yes_still_starts_a_job(
    run: Run, simulator: Simulator, kind: tuple[str, ...]
) -> None:
    ended = run("create", "--action", *kind, "--sender", "nobody.example", "--yes")
    assert ended.returncode == 0
    assert "The search finds nothing now" in ended.stderr
    (entry,) = simulator.account.truth.of("create_job")
    assert entry["rows"] == 0


def test_the_window_is_the_last_24_hours(run: Run, simulator: Simulator) -> None:
    assert run(*TRASH, "--yes").returncode == 0
    (entry,) = simulator.account.truth.of("create_job")
    sent = entry["body"]["search_params"]
    assert sent["start"][10:] == sent["end"][10:]
    assert sent["start"][:10] < sent["end"][:10]
