"""The drills: what is told before, how the account is made, the best known way, and who judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_app.drills.presses import Step, Typed
from tui_app.drills.scene import Scene
from tui_app.drills.verdict import Verdict, judge_release, judge_retry, judge_stop

DROPS_AT: Final = 3
"""The request for a release whose answer never comes: the first two are the first five messages, and a batch."""
POLICY: Final = "[guard]\nrequire_reason = true\n"
"""The configuration: a job is not cancelled without a reason, which is part of a task."""
_REASON: Final = Typed("INC-4802 held by mistake", "a reason")
_SENDER: Final = Typed("acme-news")


@dataclass(frozen=True, slots=True)
class Drill:
    """A task on the simulated account."""

    name: str
    title: str
    """The task in a line, which stays on the screen."""
    happened: Callable[[Scene], str]
    wanted: Callable[[Scene], str]
    forbidden: str
    where: str
    judge: Callable[[Scene], Verdict]
    best_way: Callable[[Scene], Sequence[Step]]
    held: Callable[[int], int] = lambda seed: 150
    """How many newsletters are held, by the seed."""
    faults: str = ""
    drops: bool = False
    """Whether the console is cut off once the release that never gets its answer is on its way."""

    def simulator(self, seed: int) -> list[str]:
        """The options that the simulator is started with."""
        faults = ["--faults", self.faults] if self.faults else []
        return ["--seed", str(seed), "--drill", self.name, "--held", str(self.held(seed)), *faults]


def _held(seed: int) -> int:
    return 140 + seed * 7 % 40


def _to_the_first_five(scene: Scene) -> list[Step]:
    count = Typed(f"{len(scene.wanted)}")
    return ["Q", "slash", _SENDER, "enter", "a", "R", _REASON, "enter", count, "enter"]


def _release(scene: Scene) -> Sequence[Step]:
    return [*_to_the_first_five(scene), "A", "ctrl+q"]


def _stop(scene: Scene) -> Sequence[Step]:
    return [*"j" * scene.row, "X", Typed("INC-4820 wrong sender", "a reason"), "enter", "y", "ctrl+q"]


def _retry(scene: Scene) -> Sequence[Step]:
    return [*"j" * scene.row, "T", Typed(f"{len(scene.wanted)}"), "enter", "ctrl+q"]


FIRST, BATCH = 5, 25
"""Messages of the first request of a plan, and of the next ones, unless the configuration says something else."""


def _drop(scene: Scene) -> Sequence[Step]:
    # Nothing is asked for first: `A` settles what is unknown before it sends what never was.
    rest = Typed(f"{len(scene.wanted) - FIRST - (DROPS_AT - 1) * BATCH}")
    return [*_to_the_first_five(scene), "A", "A", rest, "enter", "ctrl+q"]


_HELD_BY_MISTAKE: Final = (
    "The newsletter of Acme News (news@acme-news.example) is held by mistake. Mail that only looks like it is "
    "held, too; not all of that has a bad verdict."
)
_ALL_GENUINE: Final = "Release every genuine one, and read the review before you send."
_NOTHING_ELSE: Final = "Release no look-alike and no other mail; move and report nothing."
_IN_QUARANTINE: Final = "Q opens the quarantine, / searches it, w shows what is not like the others."

DRILLS: Final[Mapping[str, Drill]] = {
    drill.name: drill
    for drill in (
        Drill(
            "release",
            "Drill: release what is genuine",
            lambda scene: _HELD_BY_MISTAKE,
            lambda scene: _ALL_GENUINE,
            _NOTHING_ELSE,
            _IN_QUARANTINE,
            judge_release,
            _release,
            _held,
        ),
        Drill(
            "stop",
            "Drill: stop the wrong job",
            lambda scene: (
                "Two jobs of incident INC-4820 run. One moves phish to Junk. The other was started with the wrong "
                "sender, hr@acme.example: it takes the mail of our own people out of their inboxes."
            ),
            lambda scene: "Cancel exactly that job, with a reason, while it runs. See how many it has moved.",
            "Leave all other jobs running. Move nothing back yet: somebody else decides that.",
            "The line above the footer tells comment and search of the job under the cursor.",
            judge_stop,
            _stop,
        ),
        Drill(
            "retry",
            "Drill: retry what can be helped",
            lambda scene: f"The job {scene.job[1].named} failed for {len(scene.mail):,} messages, for three reasons.",
            lambda scene: "Try again exactly those that the mail provider had throttled, and wait for the outcome.",
            "Do not try again where nothing helps (no mailbox, message gone). Start no new job.",
            "enter opens a job, w shows its failures by reason.",
            judge_retry,
            _retry,
        ),
        Drill(
            "drop",
            "Drill: release, and the line drops",
            lambda scene: f"{_HELD_BY_MISTAKE} Your line is bad: it drops in the middle of the release.",
            lambda scene: f"{_ALL_GENUINE} When the line drops, you log in again and bring it to its end.",
            f"Send nothing twice. {_NOTHING_ELSE}",
            f"{_IN_QUARANTINE} After the drop, the unfinished plan is shown first.",
            judge_release,
            _drop,
            _held,
            f"stall_after@release#{DROPS_AT}",
            drops=True,
        ),
    )
}
"""By name."""
