"""What a drill is about, as the simulator tells it, and what was done since: lines of its truth log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_app.core.text import sanitize

_LONGEST = 48
"""Cells of a subject or a comment in a sentence."""

Line = Mapping[str, Any]
"""A line of the truth log."""


@dataclass(frozen=True, slots=True)
class DrillMail:
    """A message that the drill is about, or one that looks like it; `wanted`: something is to be done to it."""

    subject: str
    sender: str
    recipient: str
    verdict: str
    wanted: bool
    why: str
    """Why its row failed; empty where no job is about it."""

    @property
    def named(self) -> str:
        """What it is called in a sentence; safe text."""
        named, to = f"“{sanitize(self.subject, _LONGEST)}”", f"to {sanitize(self.recipient, 60)}"
        if self.why:
            return f"{named} {to}: {sanitize(self.why, 80)}"
        return f"{named} of {sanitize(self.sender, 60)} {to}, verdict {sanitize(self.verdict, 20)}"


@dataclass(frozen=True, slots=True)
class DrillJob:
    """A job that the drill is about, or one that looks like it."""

    comment: str
    rows: int
    wanted: bool
    destination: str = ""

    @property
    def named(self) -> str:
        """What it is called in a sentence; safe text."""
        return f"“{sanitize(self.comment, _LONGEST)}”"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is right in a drill, and what reached the account; `row` is the place of its job in the list, from 0."""

    mail: Mapping[str, DrillMail]
    jobs: Mapping[str, DrillJob]
    row: int
    done: Sequence[Line]

    @property
    def wanted(self) -> Sequence[str]:
        """The ids of the messages that something is to be done to."""
        return [name for name, mail in self.mail.items() if mail.wanted]

    @property
    def job(self) -> tuple[str, DrillJob]:
        """The job that the drill is about, with its id."""
        return next((name, job) for name, job in self.jobs.items() if job.wanted)

    def of(self, action: str) -> Sequence[Line]:
        """The lines of one action, in order."""
        return [line for line in self.done if line["action"] == action]


def read_scene(lines: Sequence[Line]) -> Scene:
    """The scene of the newest drill of a truth log: a file may have older ones. Raises ValueError without one."""
    begins = [place for place, line in enumerate(lines) if line["action"] == "drill"]
    if not begins:
        raise ValueError("the truth log tells of no drill")
    facts, done = lines[begins[-1]], lines[begins[-1] + 1 :]
    return Scene(
        {name: DrillMail(**known) for name, known in facts.get("mail", {}).items()},
        {name: DrillJob(**known) for name, known in facts.get("jobs", {}).items()},
        facts.get("row", 0),
        done,
    )


def parse_lines(text: str) -> list[Line]:
    """The lines of a truth log's file; one that is still being written is left out."""
    whole, _, _ = text.rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line]
