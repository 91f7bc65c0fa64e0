"""What reached the account decides, and each mistake is told by its name."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tui_app.drills.drill import DRILLS
from tui_app.drills.scene import Scene, parse_lines, read_scene
from tui_app.drills.verdict import Verdict
from tui_app.simulator.account import Account
from tui_app.simulator.drill_scene import set_scene

BEGAN = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class Practised:
    """A drill's account, and the judge."""

    def __init__(self, name: str, seed: int = 1) -> None:
        self.now = BEGAN
        self.account = Account(lambda: self.now, seed=seed, messages=60, held=DRILLS[name].held(seed))
        set_scene(self.account, name)
        self._judge: Callable[[Scene], Verdict] = DRILLS[name].judge

    @property
    def scene(self) -> Scene:
        return read_scene(self.account.truth.entries)

    def verdict(self) -> Verdict:
        return self._judge(self.scene)

    def release(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), 25):
            self.account.release({"ids": list(ids[start : start + 25])})

    def move(self, ids: Sequence[str], destination: str = "JunkEmail") -> None:
        self.account.move({"ids": list(ids), "destination": destination})

    def cancel(self, job_id: str) -> None:
        self.account.cancel_job(self.account.jobs[job_id])

    def unwanted(self, sender: str) -> list[str]:
        return [name for name, mail in self.scene.mail.items() if not mail.wanted and mail.sender == sender]


LOOK_ALIKE = "news@acme-news.exampIe"


@pytest.mark.parametrize("seed", [1, 2, 3, 11, 49, -4])
@pytest.mark.parametrize("name", ["release", "drop"])
def test_all_that_is_genuine_once_and_nothing_else_is_right_with_every_seed(name: str, seed: int) -> None:
    drill = Practised(name, seed)
    assert len(drill.unwanted(LOOK_ALIKE)) == 5
    assert {drill.scene.mail[mail].verdict for mail in drill.unwanted(LOOK_ALIKE)} == {"MALICIOUS", "BULK"}
    drill.release(drill.scene.wanted)
    verdict = drill.verdict()
    assert verdict.right, verdict
    assert (
        f"of {len(drill.scene.wanted)} genuine messages were released by a plan; 28 others stay held."
        in verdict.done[0]
    )


def test_what_is_still_held_is_counted_and_named() -> None:
    drill = Practised("release")
    drill.release(drill.scene.wanted[:-2])
    (said,) = drill.verdict().wrong
    assert said.startswith("2 messages are still held, and genuine: “Weekly digest 46” of news@acme-news.example to ")


def test_a_look_alike_that_was_released_is_named() -> None:
    drill = Practised("release")
    drill.release(drill.scene.wanted)
    drill.release(drill.unwanted(LOOK_ALIKE)[-1:])
    (said,) = drill.verdict().wrong
    assert said.startswith(f"1 message was released, and not genuine: “Weekly digest 46” of {LOOK_ALIKE} to ")
    assert said.endswith("verdict BULK.")


def test_what_is_sent_twice_is_counted() -> None:
    """As a release that is begun again from the start after the line dropped."""
    drill = Practised("drop")
    drill.release(drill.scene.wanted[:55])
    drill.release(drill.scene.wanted)
    (said,) = drill.verdict().wrong
    assert said.startswith("55 messages were sent again, though released already: “")
    assert said.endswith("; and 53 more.")


def test_what_nobody_asked_for_is_told() -> None:
    drill = Practised("release")
    drill.release(drill.scene.wanted)
    drill.move(drill.scene.wanted[:1])
    assert drill.verdict().wrong == ("Nobody asked for this: a move.",)


def test_a_message_that_the_account_delivers_to_nobody_is_no_mistake() -> None:
    drill = Practised("release")
    failing = drill.scene.wanted[0]
    drill.release(drill.scene.wanted[1:])
    for _ in range(2):
        drill.account.truth.add(99, BEGAN, "release", id=failing, outcome="not released")
    verdict = drill.verdict()
    assert verdict.right
    assert "1 message was released to nobody" in verdict.done[1]


def test_a_request_that_was_refused_whole_did_nothing() -> None:
    drill = Practised("release")
    drill.account.truth.add(99, BEGAN, "release", id=drill.unwanted(LOOK_ALIKE)[0], outcome="refused")
    drill.release(drill.scene.wanted)
    assert drill.verdict().right


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_the_wrong_job_stopped_and_no_other_is_right_with_every_seed(seed: int) -> None:
    drill = Practised("stop", seed)
    job_id, job = drill.scene.job
    assert drill.account.jobs[job_id].search_params["sender"] == "hr@acme.example"
    listed = drill.account.list_jobs(None, None)
    assert listed[drill.scene.row]["job_id"] == job_id
    drill.now += timedelta(seconds=20)
    drill.cancel(job_id)
    moved = drill.account.jobs[job_id].counters(drill.now)["messages_successful"]
    drill.now += timedelta(minutes=30)
    drill.account.settle()
    verdict = drill.verdict()
    assert verdict.right, verdict
    assert f"{job.named} had moved {moved:,} of {job.rows:,} messages" in verdict.done[0]
    assert "were spared" in verdict.done[0]


def test_both_waves_are_wrong_in_some_seed() -> None:
    assert {Practised("stop", seed).scene.job[1].comment for seed in range(12)} == {
        "INC-4820 wave 1",
        "INC-4820 wave 2",
    }


def test_the_other_job_stopped_is_named_and_the_wrong_one_still_runs() -> None:
    drill = Practised("stop")
    other = next(name for name, job in drill.scene.jobs.items() if not job.wanted)
    drill.cancel(other)
    assert drill.verdict().wrong == (
        f"{drill.scene.job[1].named} was not stopped: it still runs.",
        f"{drill.scene.jobs[other].named} was stopped, and was to go on.",
    )


def test_a_job_that_ran_to_its_end_was_not_stopped() -> None:
    drill = Practised("stop")
    drill.now += timedelta(minutes=30)
    drill.account.settle()
    assert drill.verdict().wrong == (f"{drill.scene.job[1].named} was not stopped: it ran to its end.",)


def test_an_undo_that_nobody_asked_for_is_told() -> None:
    drill = Practised("stop")
    job_id, _ = drill.scene.job
    drill.cancel(job_id)
    drill.move([drill.account.jobs[job_id].target(0).mail.investigate_id], "Inbox")
    assert drill.verdict().wrong == ("Nobody asked for this: a move.",)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_that_was_throttled_moved_once_is_right_with_every_seed(seed: int) -> None:
    drill = Practised("retry", seed)
    drill.move(drill.scene.wanted)
    verdict = drill.verdict()
    assert verdict.right, verdict
    assert verdict.done[0] == "94 of 96 throttled messages were moved."
    assert "2 messages were throttled once more" in verdict.done[1]


def test_what_nothing_helps_is_told_by_its_reason() -> None:
    drill = Practised("retry")
    drill.move(list(drill.scene.mail))
    (said,) = drill.verdict().wrong
    assert said.startswith("44 messages were tried again, where nothing helps: “Parcel ")
    assert "Mailbox not found for recipient" in said or "no longer in the mailbox" in said


def test_what_could_be_helped_and_was_left_and_what_was_moved_twice_or_elsewhere_is_told() -> None:
    drill = Practised("retry")
    drill.move(drill.scene.wanted[1:])
    drill.move(drill.scene.wanted[2:3], "DeletedItems")
    left, again, elsewhere = drill.verdict().wrong
    assert left.startswith("1 message was not tried again, and could be helped: “Parcel ")
    assert again.startswith("1 message was sent again, though moved already")
    assert elsewhere.startswith("1 message was moved to another folder than JunkEmail")


def test_the_newest_drill_of_a_file_counts_and_half_a_line_does_not() -> None:
    older, newer = '{"action": "drill", "row": 3}\n{"action": "row"}\n', '{"action": "drill", "row": 5}\n{"action": "r'
    scene = read_scene(parse_lines(older + newer))
    assert (scene.row, scene.done) == (5, [])
    with pytest.raises(ValueError, match="no drill"):
        read_scene([])


def test_what_others_wrote_is_made_safe_in_a_verdict() -> None:
    drill = Practised("release")
    hostile = [name for name, mail in drill.scene.mail.items() if "\x1b" in mail.subject]
    drill.release([*drill.scene.wanted, *hostile])
    (said,) = drill.verdict().wrong
    assert hostile
    assert said.isprintable()
