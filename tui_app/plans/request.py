"""What somebody wants done to chosen messages, before they are looked up and reviewed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tui_app.plans.effect import TO_RELEASE, Effect, Source
from tui_app.plans.submission_names import agrees_with

if TYPE_CHECKING:
    from tui_app.plans.journal_file import JournalSizes
    from tui_app.plans.plan import Target


@dataclass(frozen=True, slots=True)
class RowNames:
    """What a row of a job told of its mail beside the investigate id; empty for what it did not tell.

    `message_id` is without brackets, `recipient` the mailbox that the row is about.
    """

    message_id: str = ""
    postfix_id: str = ""
    alert_id: str = ""
    sender: str = ""
    subject: str = ""
    recipient: str = ""

    def are_of(self, target: Target) -> bool:
        """Whether none of it is another mail's, as far as it can be compared."""
        pairs = (
            (self.message_id, target.message_id),
            (self.postfix_id, target.postfix_id or ""),
            (self.sender, target.sender.exact),
            (self.subject, target.subject.exact),
        )
        if any(told and known and told != known for told, known in pairs):
            return False
        mailboxes = {to.exact.strip().casefold() for to in target.recipients} if target.recipients_known else ()
        if self.recipient and mailboxes and self.recipient.casefold() not in mailboxes:
            return False
        return not any(agrees_with(name, target.names) is False for name in (self.postfix_id, self.alert_id) if name)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """An effect on ids of any kind, and what the plan begins from; by itself a release that somebody will give reasons for."""

    effect: Effect = TO_RELEASE
    ids: tuple[str, ...] = ()
    reason: str = ""
    """What the reason begins as: that of the job or plan that it follows from."""
    source: Source | None = None
    not_before: datetime | None = None
    """When it may be sent at the earliest; None = at once."""
    hopeless: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Ids of which trying again can't help: why, and the word that lets one through all the same."""
    row_names: Mapping[str, Collection[RowNames]] = field(default_factory=dict)
    """Of ids that rows of a job told: what else they told beside it. Another mail is not meant."""
    senders: frozenset[str] = frozenset()
    """Who sent them, where that is known: they are found by fewer requests."""
    search: str = ""
    """What they were found by, in words; empty where they were named by their ids."""
    journals: JournalSizes | None = None
    """The journals as they were when its messages were looked at: what others sent since is left out. None = nobody looked."""
    odd: Mapping[str, str] = field(default_factory=dict)
    """Ids of messages that are not like the others of the list that they were chosen from, and what is different; safe text."""
    by_hand: frozenset[str] = frozenset()
    """Those of them that somebody marked one by one: they are not held back for it."""
    remarks: tuple[str, ...] = ()
    """Sentences to be read before anything is sent, such as how many can't be undone, and why."""
    shown: Mapping[str, Target] = field(default_factory=dict)
    """Messages as they stood on the screen when it was asked for, by id: one that is found differently is not meant."""


A_RELEASE: Final = PlanRequest()
"""What is asked for where nothing else is said."""
