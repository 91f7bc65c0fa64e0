"""A plan: the exact messages, the action and the reason, fixed before anything is sent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

from tui_app.text import NOTHING, Untrusted

if TYPE_CHECKING:
    from tui_app.api.enums import Disposition
    from tui_app.api.messages import Message


@dataclass(frozen=True, slots=True)
class Target:
    """One message of a plan, as it was known when the plan was made; None = not known."""

    investigate_id: str | None
    postfix_id: str | None = None
    recipients: tuple[Untrusted, ...] = ()
    subject: Untrusted = NOTHING
    sender: Untrusted = NOTHING
    disposition: Disposition | Untrusted | None = None
    held: bool = True
    checked: bool = True

    @classmethod
    def of(cls, message: Message) -> Target:
        """The target for a message that was looked up."""
        return cls(
            investigate_id=message.id.exact,
            postfix_id=message.postfix_id.exact if message.postfix_id else None,
            recipients=message.recipients,
            subject=message.subject,
            sender=message.sender,
            disposition=message.final_disposition,
            held=message.is_quarantined,
        )

    @property
    def id(self) -> str:
        """Its identity: the investigate id, or the postfix id when that is all there is."""
        return self.investigate_id or self.postfix_id or ""


@dataclass(frozen=True)
class Plan:
    """A frozen release: targets in sending order, each once."""

    plan_id: str
    targets: tuple[Target, ...]
    reason: str
    batch_size: int

    @classmethod
    def make(cls, targets: tuple[Target, ...], reason: str, batch_size: int, random: Random) -> Plan:
        """A plan with a new id of six hex digits; a target that comes twice is taken once."""
        unique = {target.id: target for target in targets}
        return cls(f"{random.getrandbits(24):06x}", tuple(unique.values()), reason, batch_size)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the ids and the reason, in order."""
        content = json.dumps([[target.id for target in self.targets], self.reason])
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def recipients(self) -> int:
        """Mailboxes the messages go to, counted per message."""
        return sum(len(target.recipients) for target in self.targets)

    def batches(self) -> tuple[tuple[Target, ...], ...]:
        """One tuple per request; targets known by a postfix id only never share one with the others."""
        cut: list[tuple[Target, ...]] = []
        for alike in (
            [target for target in self.targets if target.investigate_id],
            [target for target in self.targets if not target.investigate_id],
        ):
            cut += [tuple(alike[at : at + self.batch_size]) for at in range(0, len(alike), self.batch_size)]
        return tuple(cut)
