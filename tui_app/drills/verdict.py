"""Judges a drill: by what reached the simulated account, never by what the console believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_app.core.text import plural, sanitize
from tui_app.drills.scene import DrillMail, Scene

_NAMED: Final = 2
"""Messages or jobs that a sentence names; the others are counted."""
_WRITES: Final = {
    "release": "a release",
    "move": "a move",
    "create_job": "a new job",
    "cancel_job": "a cancelled job",
    "delete_job": "a deleted job",
    "reclassify": "a report to Cloudflare",
    "submission": "a report to Cloudflare",
}
"""What somebody can do to the account, and what it is called."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a drill went: what was done, and what is wrong with it, in sentences. Safe text."""

    done: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def judge_release(scene: Scene) -> Verdict:
    """Every genuine message was released once, and nothing else was touched."""
    outcomes = _outcomes(scene, "release", refused=("refused",))
    wanted = scene.wanted
    released = [name for name in wanted if "released" in outcomes.get(name, ())]
    # The simulator lets a few fail for every recipient, however often somebody tries: that is nobody's mistake.
    failed = [name for name in wanted if name in outcomes and name not in released]
    missing = [name for name in wanted if name not in outcomes]
    others = [name for name in outcomes if name not in wanted]
    again = [name for name in released if len(outcomes[name]) > outcomes[name].index("released") + 1]
    held = sum(not mail.wanted for mail in scene.mail.values()) - len(others)
    stay = "" if _by_job(scene) else f"; {held:,} others stay held"
    done = [f"{len(released):,} of {len(wanted):,} genuine messages were released by a plan{stay}."]
    if failed:
        done.append(f"{_were(failed)} released to nobody: the account could not deliver, which is not your mistake.")
    wrong = [
        *_by_job(scene),
        *([] if _by_job(scene) else _told(f"{_are(missing)} still held, and genuine", missing, scene.mail)),
        *_told(f"{_were(others)} released, and not genuine", others, scene.mail),
        *_told(f"{_were(again)} sent again, though released already", again, scene.mail),
        *_touched(scene, "release"),
    ]
    return Verdict(tuple(done), tuple(wrong))


def judge_stop(scene: Scene) -> Verdict:
    """The wrong job was cancelled while it ran, and no other."""
    job_id, job = scene.job
    cancelled = [line["job_id"] for line in scene.of("cancel_job") if line["outcome"] == "cancelled"]
    rows = Counter(line["outcome"] for line in scene.of("row") if line["job_id"] == job_id)
    moved, ended = rows["COMPLETED"], sum(rows.values())
    failed = f", {ended - moved:,} could not be moved" if ended > moved else ""
    done = [f"{job.named} had moved {moved:,} of {job.rows:,} messages{failed}."]
    wrong = []
    if job_id in cancelled:
        done[0] += f" {job.rows - ended:,} were spared."
    elif ended == job.rows:
        wrong.append(f"{job.named} was not stopped: it ran to its end.")
    else:
        wrong.append(f"{job.named} was not stopped: it still runs.")
    for other in dict.fromkeys(name for name in cancelled if name != job_id):
        known = scene.jobs.get(other)
        wrong.append(f"{known.named if known else 'Another job'} was stopped, and was to go on.")
    wrong += _touched(scene, "cancel_job")
    return Verdict(tuple(done), tuple(wrong))


def judge_retry(scene: Scene) -> Verdict:
    """Every throttled message was moved again once, and none where that can't help."""
    _, job = scene.job
    outcomes = _outcomes(scene, "move", refused=())
    wanted = scene.wanted
    moved = [name for name in wanted if "moved" in outcomes.get(name, ())]
    throttled = [name for name in wanted if name in outcomes and name not in moved]
    missing = [name for name in wanted if name not in outcomes]
    others = [name for name in outcomes if name not in wanted]
    again = [name for name in moved if len(outcomes[name]) > outcomes[name].index("moved") + 1]
    elsewhere = [line["id"] for line in scene.of("move") if line["destination"] != job.destination]
    done = [f"{len(moved):,} of {len(wanted):,} throttled messages were moved."]
    if throttled:
        done.append(f"{_were(throttled)} throttled once more: that is the provider's doing.")
    wrong = [
        *_by_job(scene),
        *(
            []
            if _by_job(scene)
            else _told(f"{_were(missing)} not tried again, and could be helped", missing, scene.mail)
        ),
        *_told(f"{_were(others)} tried again, where nothing helps", others, scene.mail),
        *_told(f"{_were(again)} sent again, though moved already", again, scene.mail),
        *_told(f"{_were(elsewhere)} moved to another folder than {job.destination}", elsewhere, scene.mail),
        *_touched(scene, "move"),
    ]
    return Verdict(tuple(done), tuple(wrong))


def _by_job(scene: Scene) -> list[str]:
    """That a job was made, whose rows are not looked at here: what it did, nobody can say then."""
    made = any(line["outcome"] == "created" for line in scene.of("create_job"))
    return ["A job was made: this drill is about chosen messages, and what the job did is not judged."] if made else []


def _outcomes(scene: Scene, action: str, *, refused: Collection[str]) -> dict[str, list[str]]:
    """What came of each message that an action was asked for, in order; requests that were refused whole left it alone."""
    outcomes: dict[str, list[str]] = {}
    for line in scene.of(action):
        if line["outcome"] not in refused:
            outcomes.setdefault(line["id"], []).append(line["outcome"])
    return outcomes


def _are(names: Sequence[str]) -> str:
    return f"{plural(len(names), 'message')} {'is' if len(names) == 1 else 'are'}"


def _were(names: Sequence[str]) -> str:
    return f"{plural(len(names), 'message')} {'was' if len(names) == 1 else 'were'}"


def _told(sentence: str, names: Iterable[str], mail: Mapping[str, DrillMail]) -> list[str]:
    """A sentence about messages, and the first of them by name; nothing without any."""
    listed = list(dict.fromkeys(names))
    if not listed:
        return []
    known = [mail[name].named if name in mail else sanitize(name, 60) for name in listed[:_NAMED]]
    more = [f"and {len(listed) - _NAMED:,} more"] if len(listed) > _NAMED else []
    return [f"{sentence}: {'; '.join([*known, *more])}."]


def _touched(scene: Scene, allowed: str) -> list[str]:
    """What else was done to the account."""
    counts = Counter(
        _WRITES[line["action"]]
        for line in scene.done
        if line["action"] in _WRITES and line["action"] != allowed and line.get("outcome") != "refused"
    )
    return [
        f"Nobody asked for this: {what}{f', {count:,} times' if count > 1 else ''}." for what, count in counts.items()
    ]
