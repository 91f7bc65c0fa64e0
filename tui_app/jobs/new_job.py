"""A new bulk job before it is sent: what is asked for, and what a search says it would take."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition, JobStatus
from tui_app.api.pagination import search_pages
from tui_app.api.search import SearchParams
from tui_app.api.wire_values import moment
from tui_app.api.write_result import Ambiguous, Done, describe
from tui_app.core.address import RecipientRule, canonical_address
from tui_app.core.clock import parse_moment
from tui_app.core.errors import GuardError, UsageError
from tui_app.core.mark import without_marks
from tui_app.core.text import NOTHING, Untrusted, plural, sanitize
from tui_app.core.verdict import NO_VERDICT, UNKNOWN_VERDICT, VERDICTS, canonical_verdict

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job
    from tui_app.api.rows import Message
    from tui_app.api.write_result import WriteResult

PREVIEW_LIMIT: Final = 10_000
DEFAULT_AGE: Final = "24h"
"""How long before its end the window of a new job begins where nobody said when."""


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

    @property
    def is_final(self) -> bool:
        """Whether nothing brings the mail back."""
        return self.destination is not None and self.destination.is_final

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
        end = params.end or now
        params = replace(params, start=params.start or parse_moment(DEFAULT_AGE, end), end=end)
        if params.start and params.end and params.start >= params.end:
            raise UsageError("The start must be before the end. Nothing was sent.")
        return replace(self, params=params, destination=self.destination if self.action is ActionType.MOVE else None)

    @classmethod
    def like(cls, job: Job) -> NewJob:
        """The same again: action, folder, search with its window, and the comment without our mark.

        Raises GuardError where the job has something that can't be asked for here: without it other mail would be taken.
        """
        action, destination = job.action_type, job.action_params.destination
        if not isinstance(action, ActionType):
            raise _not_again("action", action)
        if destination is not None and not isinstance(destination, Destination):
            raise _not_again("destination", destination)
        read: dict[str, Any] = {}
        for name, value in job.search_params.items():
            if value in (None, "") or (value is False and name not in _READERS):
                continue
            try:
                read[name] = _READERS[name](value)
            except (KeyError, ValueError, TypeError):
                raise _not_again(name, value) from None
        comment = without_marks(job.comment.exact) if job.comment is not None else ""
        return cls(action=action, params=SearchParams(**read), destination=destination, comment=comment)

    def differences(self, job: Job) -> tuple[str, ...]:
        """What a job that was created does differently from this one, by its own words, in sentences; empty when nothing.

        The API repeats the request in its answer: https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/bulk/methods/create/
        """
        destination = self.destination.value if self.destination is not None else ""
        return differences(self.action.value, destination, self.params.as_body(), job)


def differences(action: str, destination: str, search: Mapping[str, Any], job: Job) -> tuple[str, ...]:
    """What a job does differently from what was asked for, by its own words, in sentences; all in the API's words."""
    told: dict[str, Any] = {"action": str(job.action_type).upper()}
    asked: dict[str, Any] = {"action": action}
    if destination or job.action_params.destination is not None:
        told["destination"] = job.action_params.destination
        asked["destination"] = destination or None
    for name, value in search.items():
        asked[name], told[name] = value, job.search_params.get(name)
    for name, value in job.search_params.items():
        if name not in asked and value not in (None, "", False):
            asked[name], told[name] = None, value
    return tuple(
        f"{sanitize(name, 40)}: asked for {_shown(value)}, the job has {_shown(told[name])}"
        for name, value in asked.items()
        if _comparable(value) != _comparable(told[name])
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _time(value: object) -> datetime:
    if (found := moment(value)) is None:
        raise ValueError(value)
    return found


TEXT_FIELDS: Final = (
    "sender",
    "recipient",
    "subject",
    "query",
    "exact_subject",
    "domain",
    "message_id",
    "alert_id",
    "metric",
    "smtp_helo_ip",
)
"""Fields of a search that take any text."""
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys((*TEXT_FIELDS, "message_action"), _text),
    **dict.fromkeys(("start", "end"), _time),
    **dict.fromkeys(("detections_only", "submissions"), _truth),
    "final_disposition": Disposition,
    "delivery_status": DeliveryStatus,
}
"""How each field of a job's search is read, to ask for the same again."""


def _not_again(name: str, value: object) -> GuardError:
    return GuardError(
        f"This job can't be run again here: it has {sanitize(name, 40)} {_shown(value)}, which is not known here, and without "
        "it other mail would be taken. Nothing was sent."
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
    cancelled: WriteResult[Job] | None = None
    """What came of cancelling it at once; None for a job that does what was asked for, or can't be told from others."""
    seen: bool = True
    """Whether it was read after it was made; else only the answer says that it is ours."""

    @property
    def stopped(self) -> bool:
        """Whether a job that differs was cancelled before its end."""
        return isinstance(self.cancelled, Done) and self.cancelled.value.status is JobStatus.CANCELLED

    def what_became_of_it(self) -> str:
        """Of a job that differs: whether it was stopped, in sentences."""
        if self.stopped:
            return "It was cancelled at once. Rows that it had completed by then stay so."
        if isinstance(self.cancelled, Done):
            return f"It could NOT be cancelled: it is {str(self.cancelled.value.status).lower()} already."
        if self.cancelled is None:
            return "It was NOT cancelled: it can't be read, so that the id may be another job's."
        known = "It is NOT known to be cancelled" if isinstance(self.cancelled, Ambiguous) else "It was NOT cancelled"
        return f"{known}: {describe(self.cancelled)[0]}"


@dataclass(frozen=True, slots=True)
class Drift:
    """How what a search finds now differs from its preview; false when it does not."""

    new: int = 0
    gone: int = 0
    otherwise: bool = False
    """Whether the same messages are found, but of other verdicts or recipients, or no longer all of them."""
    whole: bool = True
    """Whether both counts are of all messages."""

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.otherwise)

    def describe(self) -> str:
        """`+14 new since the preview, 3 gone`: a sentence without its full stop."""
        if not (self.new or self.gone):
            return "The same messages as in the preview, but their verdicts, their recipients or the rest of the answer changed"
        counts = [f"+{self.new:,} new"] if self.new else []
        counts += [f"{self.gone:,} gone"] if self.gone else []
        counts[0] += " since the preview"
        return ", ".join(counts) + ("" if self.whole else " (of those that are counted)")


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
    ids: tuple[str, ...] = ()
    """The investigate ids, as they were found."""
    senders: frozenset[str] = frozenset()
    """Of whom they are found again by few searches: whom the search names, else all that sent them."""

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted investigate ids, in hex: the same for the same messages, however they were found."""
        return hashlib.sha256(json.dumps(sorted(self.ids)).encode()).hexdigest()

    @property
    def nothing(self) -> str:
        """That nothing was found, and what it means for a job over the search; empty where anything was."""
        if self.count or self.unasked:
            return ""
        if not self.complete:
            return "Nothing was found, and the answer may not be whole: a job over the search may still take mail."
        return f"The search finds nothing now{'' if self.not_searchable else ': a job over it would do nothing'}."

    def drift(self, now: JobPreview) -> Drift:
        """What changed between this preview and a later one of the same search."""
        before, after = set(self.ids), set(now.ids)
        same = (self.complete, self.unasked, self.recipients, dict(self.dispositions)) == (
            now.complete,
            now.unasked,
            now.recipients,
            dict(now.dispositions),
        )
        return Drift(
            len(after - before), len(before - after), before == after and not same, self.complete and now.complete
        )

    def only_the_search(self, max_messages: int) -> str:
        """Why a job over the search can be started but these messages can't be acted on by their ids; empty if they can."""
        if self.not_searchable:
            return f"the preview ignores {', '.join(self.not_searchable)}"
        if not self.complete:
            return f"the preview may not be whole: it counts at least {self.count:,}"
        if self.count > max_messages:
            return f"{plural(self.count, 'message')}, the policy allows {max_messages:,} at once (guard.max_messages)"
        return "" if self.count else "nothing is found"


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
        tuple(message.id.exact for message in found),
        frozenset([params.sender] if params.sender else (message.sender.exact for message in found)),
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
    if not into_mailbox and not new.is_final:
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
            if preview.count >= PREVIEW_LIMIT
            else "the answer to its search may not be whole"
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
