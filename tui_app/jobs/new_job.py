"""A new bulk job before it is sent: what is asked for, and what a search says it would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import ActionType, DeliveryStatus, Destination
from tui_app.api.pagination import search_pages
from tui_app.core.address import RecipientRule, canonical_address
from tui_app.core.errors import GuardError, UsageError
from tui_app.core.text import NOTHING, Untrusted, plural, sanitize
from tui_app.core.verdict import NO_VERDICT, UNKNOWN_VERDICT, VERDICTS, canonical_verdict

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job
    from tui_app.api.rows import Message
    from tui_app.api.search import SearchParams

PREVIEW_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What to start. A RELEASE is always over held mail only."""

    action: ActionType
    params: SearchParams
    destination: Destination | None = None
    comment: str = ""

    @property
    def into_mailbox(self) -> bool:
        """Whether it brings mail into mailboxes: then it is held to the rules of a release."""
        return self.action is ActionType.RELEASE or self.destination is Destination.INBOX

    def checked(self, now: datetime) -> NewJob:
        """The job as it will be sent: both times set, a release over held mail. Raises GuardError for what we never send."""
        params = self.params
        if not params.narrows():
            raise GuardError(
                "A job needs at least one of sender, recipient, subject, domain or another search field; else it takes all mail."
            )
        if self.action is ActionType.MOVE and self.destination is None:
            raise GuardError("A move needs a destination.")
        if self.action is ActionType.RELEASE:
            if params.delivery_status not in (None, DeliveryStatus.QUARANTINED):
                raise GuardError("A release is over held mail only: delivery_status is always quarantined.")
            params = replace(params, delivery_status=DeliveryStatus.QUARANTINED)
        params = replace(params, start=params.start or now - timedelta(days=7), end=params.end or now)
        if params.start and params.end and params.start >= params.end:
            raise UsageError("The start must be before the end. Nothing was sent.")
        return replace(self, params=params, destination=self.destination if self.action is ActionType.MOVE else None)

    def differences(self, job: Job) -> tuple[str, ...]:
        """What a job that was created does differently from this one, by its own words, in sentences; empty when nothing.

        The API repeats the request in its answer: https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/bulk/methods/create/
        """
        told: dict[str, Any] = {"action": str(job.action_type).upper()}
        asked: dict[str, Any] = {"action": self.action.value}
        if self.destination is not None or job.action_params.destination is not None:
            told["destination"] = job.action_params.destination
            asked["destination"] = self.destination
        for name, value in self.params.as_body().items():
            asked[name], told[name] = value, job.search_params.get(name)
        for name, value in job.search_params.items():
            if name not in asked and value not in (None, "", False):
                asked[name], told[name] = None, value
        return tuple(
            f"{sanitize(name, 40)}: asked for {_shown(value)}, the job has {_shown(told[name])}"
            for name, value in asked.items()
            if _comparable(value) != _comparable(told[name])
        )


def _shown(value: object) -> str:
    return sanitize(str(value), 60) if value is not None else "nothing"


def _comparable(value: object) -> object:
    """A value so that two ways to write the same are the same: a time, a word of a closed list."""
    if isinstance(value, Untrusted):
        value = value.exact
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.timestamp() if moment.tzinfo is not None else value
    return value


@dataclass(frozen=True, slots=True)
class CreatedJob:
    """A job that was created, and what it does differently from what was asked for."""

    job: Job
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobPreview:
    """What a search finds now: how many, of which verdicts, for how many mailboxes, and the first few."""

    count: int
    complete: bool
    dispositions: tuple[tuple[str, int], ...]
    recipients: int
    sample: tuple[Message, ...]
    not_searchable: tuple[str, ...]
    addresses: frozenset[str | None] = frozenset()
    """All recipients in one form; None stands for those that can't be read or that the API did not name."""
    unasked: int = 0
    """Mail in the answers that the search did not ask for: the job may take it."""


async def preview(client: EmailSecurityClient, params: SearchParams, on_progress: Callable[[int], None]) -> JobPreview:
    """What a job over this search would take, as far as a search can tell; counts at most 10,000. Raises ApiError."""
    found: list[Message] = []
    complete = True
    pages = search_pages(client, params)
    async for page in pages:
        if params.exact_subject is not None:
            page = tuple(message for message in page if message.subject.exact == params.exact_subject)
        found += page
        on_progress(len(found))
        if len(found) >= PREVIEW_LIMIT:
            complete = False
            break
    verdicts = Counter(str(message.final_disposition or NO_VERDICT) for message in found)
    mailboxes = {recipient.exact.casefold() for message in found for recipient in message.recipients}
    addresses = frozenset(
        canonical_address(recipient.exact) if message.names_mailboxes else None
        for message in found
        for recipient in message.recipients or (NOTHING,)
    )
    return JobPreview(
        len(found),
        complete and not pages.may_miss,
        tuple(verdicts.most_common()),
        len(mailboxes),
        tuple(found[:5]),
        params.not_searchable(),
        addresses,
        pages.unasked,
    )


def guard_job(
    new: NewJob,
    preview: JobPreview,
    *,
    hold_dispositions: Collection[str],
    max_messages: int,
    hold_recipients: Collection[str] = (),
    include: Collection[str] = (),
) -> None:
    """Refuse a job that would do what the policy holds back, or of which nobody can tell. Raises GuardError.

    Whatever brings mail into a mailbox is held to the rules of a release: a release, and a move to the inbox. No held,
    unknown or missing verdict and no held recipient that is not in `include`, no more messages than the policy allows,
    and a preview that shows all of it. Of a move that can't be undone the preview must show all of it, too.
    """
    into_mailbox = new.into_mailbox
    if not into_mailbox and new.destination is not Destination.HARD_DELETE:
        return
    included = {canonical_verdict(word) for word in include}
    wanted = new.params.final_disposition
    named = {canonical_verdict(wanted)} if wanted is not None else set()
    if into_mailbox:
        held = set(map(canonical_verdict, hold_dispositions))
        caught = [
            f"{count:,} {name}"
            for name, count in preview.dispositions
            if _verdict_word(name, held) not in (included | {""})
        ]
        if caught or (named & held) - included:
            raise GuardError(
                f"This search would bring {' and '.join(caught) or wanted} mail into mailboxes. Narrow it, for example by "
                "verdict, or act on chosen messages. Nothing was sent."
            )
        _check_recipients(preview, hold_recipients, included)
    unseen = [
        name
        for name in preview.not_searchable
        if not (name == "final_disposition" and named <= included and into_mailbox)
    ]
    if unseen or preview.unasked or not preview.complete:
        why = (
            f"a search can't show {' and '.join(unseen)}"
            if unseen
            else f"its search shows {plural(preview.unasked, 'message')} that it did not ask for"
            if preview.unasked
            else f"it finds more than {PREVIEW_LIMIT:,} messages"
        )
        raise GuardError(f"It is unknown what this job would take: {why}. Narrow it. Nothing was sent.")
    if into_mailbox and preview.count > max_messages:
        raise GuardError(
            f"{plural(preview.count, 'message')}: the policy allows {max_messages:,} at once (guard.max_messages). "
            "Nothing was sent."
        )


def _verdict_word(name: str, held: Collection[str]) -> str:
    """The word that lets a verdict through; empty when nothing holds it."""
    verdict = canonical_verdict(name)
    if verdict == NO_VERDICT:
        return NO_VERDICT
    if verdict not in VERDICTS:
        return UNKNOWN_VERDICT
    return verdict if verdict in held else ""


def _check_recipients(preview: JobPreview, hold_recipients: Collection[str], included: Collection[str]) -> None:
    for rule in map(RecipientRule.parse, hold_recipients):
        hit = next((name for name in preview.addresses if name is not None and rule.matches(name)), None)
        if hit is not None and rule.text.upper() not in included:
            raise GuardError(
                f"This search would bring mail to {rule.text}, which the policy leaves alone. Narrow it. Nothing was sent."
            )
    if hold_recipients and None in preview.addresses:
        raise GuardError(
            "Some recipients can't be read, and the policy leaves some alone. Act on chosen messages. Nothing was sent."
        )
