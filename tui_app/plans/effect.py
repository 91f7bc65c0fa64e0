"""What a plan does to each of its messages: a release from quarantine, or a move to a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from tui_app.api.enums import Destination

RELEASE: Final = "release"
"""The name of the action that releases from quarantine."""
MOVE: Final = "move"
"""The name of the action that moves delivered mail to a folder."""

CONSEQUENCES: Final = {
    Destination.INBOX: "the user sees it as usual",
    Destination.JUNK: "the user still sees it; can be moved back",
    Destination.DELETED_ITEMS: "still seen till emptied; can be moved back",
    Destination.SOFT_DELETE: "the user can recover it for a while (Microsoft 365 only); can be moved back",
    Destination.HARD_DELETE: "the user can NOT recover it; it can NOT be moved back",
}
"""What a user still sees of a mail in a folder, and whether it can come back.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/move/
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """An action, and for a move the folder to which it leads."""

    action: str = RELEASE
    destination: Destination | None = None

    @classmethod
    def move(cls, destination: Destination) -> Effect:
        """A move to a folder."""
        return cls(MOVE, destination)

    @property
    def is_move(self) -> bool:
        """Whether it acts on delivered mail; a release acts on held mail."""
        return self.action == MOVE

    @property
    def into_mailbox(self) -> bool:
        """Whether it brings mail before the eyes of users: then what the policy holds back is held back."""
        return not self.is_move or self.destination is Destination.INBOX

    @property
    def is_final(self) -> bool:
        """Whether nothing brings the mail back."""
        return self.destination is not None and self.destination.is_final

    def describe(self) -> str:
        """`release` or `move → Junk`."""
        return f"{self.action} → {self.destination.label}" if self.destination is not None else self.action

    @property
    def title(self) -> str:
        """`Release` or `Move → Junk`, to begin a line with."""
        text = self.describe()
        return text[:1].upper() + text[1:]

    @property
    def consequence(self) -> str:
        """What users still see, and whether it can come back; empty for a release."""
        return CONSEQUENCES[self.destination] if self.destination is not None else ""


TO_RELEASE: Final = Effect()
"""A release from quarantine."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a plan follows from: a retry or an undo of a job or of another plan."""

    relation: str
    """`retry`, `undo`, or `move` of the mail of a job's rows."""
    kind: str
    """`job` or `plan`."""
    name: str
    """The id of the job or the plan."""
    before: Destination | None = None
    """The folder in which the mail lay before, to which an undo leads; None where that is the Inbox or not known."""

    RETRY: ClassVar[str] = "retry"
    UNDO: ClassVar[str] = "undo"
    MOVE: ClassVar[str] = "move"
    JOB: ClassVar[str] = "job"
    PLAN: ClassVar[str] = "plan"

    @property
    def is_retry(self) -> bool:
        """Whether it tries again what failed."""
        return self.relation == self.RETRY

    def describe(self) -> str:
        """`retry of job ff6c73b8`."""
        return f"{self.relation} of {self.kind} {self.name[:8]}"
