"""What stands in the way of moving the copy of a message in one mailbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tui_app.simulator.mail import Mail, stable_hash

NO_MAILBOX: Final = "Mailbox not found for recipient"
TAKEN_BY_USER: Final = "The message is no longer in the mailbox: moved or deleted by the user"
THROTTLED: Final = "Throttled by the mail provider (HTTP 429 from Graph)"
HELD: Final = "Message is held in quarantine"
NOT_DELIVERED: Final = "Message was not delivered to this recipient"
OUT_OF_REACH: Final = "Message is no longer in the mailbox"
ALREADY_THERE: Final = "Message is already in the destination folder"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a copy can't be moved, and until when, if that is known."""

    reason: str
    until: datetime | None = None

    @property
    def lasts(self) -> bool:
        """Whether the copy is out of reach for good: there is no mailbox, or its user took the message away."""
        return self.reason in (NO_MAILBOX, TAKEN_BY_USER)


def drawn(seed: int, mail: Mail, recipient: str, purpose: int) -> int:
    """A number below 1,000 for one copy of a message, always the same for the same purpose."""
    return stable_hash(seed, mail.number, sum(map(ord, recipient)), purpose) % 1000


def by_chance(seed: int, mail: Mail, recipient: str) -> Obstacle | None:
    """What stands in the way of moving a copy that no job of the demo is about: few users took the message away."""
    return Obstacle(TAKEN_BY_USER) if drawn(seed, mail, recipient, 10) < 6 else None
