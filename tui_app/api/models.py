"""The objects of the wire, tolerant: unknown fields are kept aside, unknown enum values kept as text, null is missing."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    model_validator,
)

from tui_app.clock import FIRST_YEAR, LAST_YEAR
from tui_app.text import NOTHING, Untrusted

Wire = dict[str, Any]
E = TypeVar("E", bound=StrEnum)


class JobStatus(StrEnum):
    """States of a job; SKIPPED is of the oldest shape only."""

    PENDING = "PENDING"
    DISCOVERING = "DISCOVERING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


class RowStatus(StrEnum):
    """States of a job message; DISCOVERING is of the oldest shape only."""

    PENDING = "PENDING"
    DISCOVERING = "DISCOVERING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class ActionType(StrEnum):
    """What a job does."""

    MOVE = "MOVE"
    RELEASE = "RELEASE"


class Destination(StrEnum):
    """Where MOVE puts mail."""

    INBOX = "Inbox"
    JUNK = "JunkEmail"
    DELETED_ITEMS = "DeletedItems"
    SOFT_DELETE = "RecoverableItemsDeletions"
    HARD_DELETE = "RecoverableItemsPurges"


class Disposition(StrEnum):
    """Verdicts, in the ten values of bodies and answers."""

    MALICIOUS = "MALICIOUS"
    MALICIOUS_BEC = "MALICIOUS-BEC"
    SUSPICIOUS = "SUSPICIOUS"
    SPOOF = "SPOOF"
    SPAM = "SPAM"
    BULK = "BULK"
    ENCRYPTED = "ENCRYPTED"
    EXTERNAL = "EXTERNAL"
    UNKNOWN = "UNKNOWN"
    NONE = "NONE"


class DeliveryStatus(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    MOVED = "moved"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    QUEUED = "queued"
    MOVE_FAILED = "move_failed"


def _open_enum(kind: type[E]) -> PlainValidator:
    members = {member.value: member for member in kind}

    def known_or_text(value: Any) -> E | Untrusted:
        member = members.get(value) if isinstance(value, str) else None
        return member if member is not None else Untrusted.of(value)

    return PlainValidator(known_or_text)


def _texts(value: Any) -> tuple[Untrusted, ...]:
    return (
        tuple(Untrusted.of(item) for item in value if item is not None)
        if isinstance(value, list)
        else (Untrusted.of(value),)
    )


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _flag(value: Any) -> bool:
    return value is True


Texts = Annotated[tuple[Untrusted, ...], PlainValidator(_texts)]
When = Annotated[datetime | None, PlainValidator(_moment)]
Count = Annotated[int, PlainValidator(_count)]
Flag = Annotated[bool, PlainValidator(_flag)]
OpenJobStatus = Annotated[JobStatus | Untrusted, _open_enum(JobStatus)]
OpenRowStatus = Annotated[RowStatus | Untrusted, _open_enum(RowStatus)]
OpenAction = Annotated[ActionType | Untrusted, _open_enum(ActionType)]
OpenDestination = Annotated[Destination | Untrusted, _open_enum(Destination)]
OpenDisposition = Annotated[Disposition | Untrusted, _open_enum(Disposition)]


def _object(value: Any) -> Any:
    return value if isinstance(value, (dict, BaseModel)) else {}


Object = Annotated[Wire, BeforeValidator(_object)]

ENDED_JOB = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED})


class _Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True, populate_by_name=True
    )
    _wire: Wire = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _null_is_missing(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value is not None} if isinstance(data, dict) else data

    @classmethod
    def from_wire(cls, data: Any) -> Self:
        """Read one object. Raises pydantic.ValidationError when what it can't do without is missing."""
        model = cls.model_validate(data)
        model._wire = data
        return model

    def forget_wire(self) -> None:
        """Drop the exact object, for lists that stay in memory and are only shown."""
        self._wire = {}

    @property
    def wire(self) -> Wire:
        """The object exactly as the server sent it; for JSON, never for a screen."""
        return self._wire


class ActionParams(_Model):
    """`action_params` of a job or of a row."""

    destination: OpenDestination | None = None
    client_recipient: Untrusted | None = None


class Job(_Model):
    """A bulk action job; missing counters are None (the oldest shape has three)."""

    job_id: Untrusted
    action_type: OpenAction = NOTHING
    action_params: Annotated[ActionParams, BeforeValidator(_object)] = ActionParams()
    search_params: Object = Field(default_factory=dict)
    status: OpenJobStatus
    total_messages_discovered: Count = 0
    messages_pending: Count | None = None
    messages_successful: Count | None = None
    messages_failed: Count | None = None
    messages_skipped: Count | None = None
    messages_cancelled: Count | None = None
    created_at: When = None
    started_at: When = None
    completed_at: When = None
    comment: Untrusted | None = None
    status_message: Untrusted | None = None

    @property
    def id(self) -> str:
        """The job's id, exact."""
        return self.job_id.exact

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED_JOB

    @property
    def pending(self) -> int:
        """Rows not yet claimed or still in work."""
        return self.messages_pending or 0

    @property
    def successful(self) -> int:
        """Rows done."""
        return self.messages_successful or 0

    @property
    def failed(self) -> int:
        """Rows given up."""
        return self.messages_failed or 0

    @property
    def skipped(self) -> int:
        """Rows that can't be acted on."""
        return self.messages_skipped or 0

    @property
    def cancelled(self) -> int:
        """Rows stopped before they were done."""
        return self.messages_cancelled or 0

    @property
    def _rest(self) -> int:
        counted = self.pending + self.successful + self.failed + self.skipped + self.cancelled
        return self.total_messages_discovered - counted

    @property
    def skipped_or_cancelled(self) -> int:
        """Rows that the oldest shape has no counter for; 0 when there are counters."""
        oldest = self.messages_skipped is None and self.messages_cancelled is None
        return max(0, self._rest) if oldest else 0

    @property
    def unaccounted(self) -> int:
        """Discovered rows that no counter claims; the API promises 0."""
        return self._rest - self.skipped_or_cancelled


class Message(_Model):
    """A mail known to investigate; `id` is its investigate id."""

    id: Untrusted
    postfix_id: Untrusted | None = None
    message_id: Untrusted | None = None
    alert_id: Untrusted | None = None
    subject: Untrusted = NOTHING
    sender: Untrusted = Field(NOTHING, alias="from")
    from_name: Untrusted | None = None
    to: Texts = ()
    client_recipients: Texts = ()
    is_quarantined: Flag = False
    is_phish_submission: Flag = False
    final_disposition: OpenDisposition | None = None
    detection_reasons: Texts = ()
    delivery_status: Texts = ()
    post_delivery_operations: Texts = ()
    scanned_at: When = None
    sent_at: When = None
    ts: When = None

    @property
    def when(self) -> datetime | None:
        """When it was scanned (`ts` in the oldest shape)."""
        return self.scanned_at or self.ts or self.sent_at

    @property
    def recipients(self) -> tuple[Untrusted, ...]:
        """Mailboxes of this customer that the mail went to."""
        return self.client_recipients or self.to


def _usable_message(value: Any) -> Any:
    return value if isinstance(value, dict) and isinstance(value.get("id"), str) else None


class JobMessage(_Model):
    """One row of a job: one action on one message for one recipient; `message_id` is the row's uuid."""

    message_id: Untrusted
    postfix_id: Untrusted | None = None
    action_type: OpenAction = NOTHING
    action_params: Annotated[ActionParams, BeforeValidator(_object)] = ActionParams()
    status: OpenRowStatus
    retry_count: Count = 0
    created_at: When = None
    status_message: Untrusted | None = None
    retry_after: When = None
    processed_at: When = None
    alert_id: Untrusted | None = None
    email_message_id: Untrusted | None = None
    message: Annotated[Message | None, BeforeValidator(_usable_message)] = None

    @property
    def id(self) -> str:
        """The row's id, exact."""
        return self.message_id.exact

    @property
    def recipient(self) -> Untrusted:
        """The mailbox this row is about."""
        return self.action_params.client_recipient or NOTHING

    @property
    def subject(self) -> Untrusted | None:
        """The mail's subject; the oldest shape has none."""
        return self.message.subject if self.message else None


class ReleaseItem(_Model):
    """What a release did to one message, by recipient."""

    id: Untrusted | None = None
    postfix_id: Untrusted | None = None
    delivered: Texts = ()
    undelivered: Texts = ()
    failed: Texts = ()


class DeletedJob(_Model):
    """The answer to a delete."""

    id: Untrusted


class TokenStatus(_Model):
    """The answer to a token check."""

    status: Untrusted


class CloudflareAccount(_Model):
    """An account that the credentials can see."""

    id: Untrusted
    name: Untrusted
