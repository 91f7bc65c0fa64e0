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


def test_with_yes_a_hard_delete_takes_nothing_that_its_preview_did_not_show(run: Run, simulator: Simulator) -> None:
    hard = ("create", "--action", "move", "--destination", "RecoverableItemsPurges", *CAMPAIGN)
    count = counted(run)
    first = next(mail for mail in simulator.account.campaign if mail.is_detection)
    before_the_second_search(simulator, lambda: simulator.account.turn_verdict([first.investigate_id], "SPAM"))
    ended = run(*hard, "--yes", "--expect", str(count))
    assert ended.returncode == 3
    assert "The same messages as in the preview, but their verdicts" in ended.stderr
    assert "The search does not find what its preview found." in ended.stderr
    assert simulator.account.truth.of("create_job") == []
    assert run(*hard, "--yes", "--expect", str(count)).returncode == 0


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
    changes = ("--sender", "x.example", "--start", "2d", "--comment", "b")
    assert run("create", "--like", job, *changes, "--yes", "--expect", "0").returncode == 0
    first, second, third = (entry["body"] for entry in simulator.account.truth.of("create_job"))
    assert {**first, "comment": ""} == {**second, "comment": ""}
    assert second["comment"].startswith("INC-1 #op-")
    assert second["comment"].count("#op-") == 1
    search = third["search_params"]
    assert (search["sender"], search["subject"], search["detections_only"]) == ("x.example", "invoice", False)
    assert search["start"] < first["search_params"]["start"]
    assert third["comment"].startswith("b #op-")


@pytest.mark.parametrize("kind", [("move", "--destination", "JunkEmail"), ("release",)])
def test_with_yes_a_search_that_finds_nothing_starts_a_job_only_with_expect_0(
    run: Run, simulator: Simulator, kind: tuple[str, ...]
) -> None:
    nothing = ("create", "--action", *kind, "--sender", "nobody.example", "--yes")
    refused = run(*nothing)
    assert refused.returncode == 3
    assert "The search finds nothing now" in refused.stderr
    assert "repeat with --expect 0. Nothing was sent." in refused.stderr
    assert simulator.account.truth.entries == []
    assert run(*nothing, "--expect", "0").returncode == 0
    (entry,) = simulator.account.truth.of("create_job")
    assert entry["rows"] == 0


def test_with_yes_a_search_that_finds_nothing_any_more_starts_no_job(run: Run, simulator: Simulator) -> None:
    before_the_second_search(simulator, lambda: only(simulator, 0))
    ended = run(*TRASH, "--yes")
    assert ended.returncode == 3
    assert "The search finds nothing now. To start the job all the same, repeat with --expect 0." in ended.stderr
    assert simulator.account.truth.entries == []


def test_the_window_is_the_last_24_hours(run: Run, simulator: Simulator) -> None:
    assert run(*TRASH, "--yes").returncode == 0
    (entry,) = simulator.account.truth.of("create_job")
    sent = entry["body"]["search_params"]
    assert sent["start"][10:] == sent["end"][10:]
    assert sent["start"][:10] < sent["end"][:10]
