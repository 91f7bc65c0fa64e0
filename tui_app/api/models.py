"""Models of jobs and of the answers to writes. Unknown fields are ignored, unknown enum values kept, null is missing.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/bulk/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/release/
https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/subresources/move/
https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/
https://developers.cloudflare.com/api/resources/accounts/methods/list/
"""

from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field, PlainValidator

from tui_app.api.drift import Drift
from tui_app.api.enums import ENDED_JOB, RowStatus, TokenState
from tui_app.api.wire_model import (
    Count,
    Identity,
    Names,
    Object,
    OpenAction,
    OpenDestination,
    OpenJobStatus,
    Truth,
    When,
    WireModel,
    an_object,
)
from tui_app.api.wire_values import UNREADABLE, Wire, count, open_enum, readable
from tui_app.core.text import NOTHING, Untrusted


class ActionParams(WireModel):
    """`action_params` of a job."""

    OPEN: ClassVar[tuple[str, ...]] = ("destination",)
    UNREAD: ClassVar[frozenset[str]] = frozenset({"type", "expected_disposition"})
    destination: OpenDestination | None = None


def _or_none_given(counter: int | None) -> int:
    return 0 if counter is None else counter


AlwaysThere = Annotated[int, PlainValidator(count)]
"""A counter that every generation of the API tells: without it nothing is known, least of all that it is 0."""
_COUNTERS: Final = (
    "total_messages_discovered",
    "messages_pending",
    "messages_successful",
    "messages_failed",
    "messages_skipped",
    "messages_cancelled",
)


class Job(WireModel):
    """A bulk action job; counters that the answer does not have are None (the oldest answers have three).

    Those that can't be read are `wire_values.UNREADABLE`, and so are the two that every answer has where this one has not.
    """

    OPEN: ClassVar[tuple[str, ...]] = ("status", "action_type")
    job_id: Identity
    action_type: OpenAction = NOTHING
    action_params: Annotated[ActionParams, BeforeValidator(an_object)] = ActionParams()
    search_params: Object = Field(default_factory=dict)
    status: OpenJobStatus
    total_messages_discovered: Count = 0
    messages_pending: Count | None = None
    messages_successful: AlwaysThere = UNREADABLE
    messages_failed: AlwaysThere = UNREADABLE
    messages_skipped: Count | None = None
    messages_cancelled: Count | None = None
    created_at: When = None
    started_at: When = None
    completed_at: When = None
    comment: Untrusted | None = None
    status_message: Untrusted | None = None

    @property
    def id(self) -> str:
        """The job's id as the server sent it."""
        return self.job_id.exact

    @property
    def ended(self) -> bool:
        """Whether its state does not change any more."""
        return self.status in ENDED_JOB

    @property
    def pending(self) -> int:
        """Rows that wait or are being processed; 0 without a counter."""
        return _or_none_given(self.messages_pending)

    @property
    def successful(self) -> int:
        """Completed rows; 0 without a counter."""
        return _or_none_given(self.messages_successful)

    @property
    def failed(self) -> int:
        """Failed rows; 0 without a counter."""
        return _or_none_given(self.messages_failed)

    @property
    def skipped(self) -> int:
        """Rows that the job can't act on; 0 without a counter."""
        return _or_none_given(self.messages_skipped)

    @property
    def cancelled(self) -> int:
        """Rows that were stopped by a cancel; 0 without a counter."""
        return _or_none_given(self.messages_cancelled)

    def counter(self, status: RowStatus | None) -> int | None:
        """The counter of rows in a state, with None of all rows; None where the answer has none."""
        total = self.total_messages_discovered if "total_messages_discovered" in self.model_fields_set else None
        counters = {
            None: total,
            RowStatus.PENDING: self.messages_pending,
            RowStatus.COMPLETED: self.messages_successful,
            RowStatus.FAILED: self.messages_failed,
            RowStatus.SKIPPED: self.messages_skipped,
            RowStatus.CANCELLED: self.messages_cancelled,
        }
        return counters.get(status)

    def counted(self, status: RowStatus | None) -> int:
        """The number of rows in a state, with None of all rows; 0 without a counter."""
        return _or_none_given(self.counter(status))

    @property
    def counters(self) -> tuple[int | None, ...]:
        """All counters, to compare with those of an earlier answer."""
        return tuple(getattr(self, name) for name in _COUNTERS)

    @property
    def countable(self) -> bool:
        """Whether all counters that the answer has could be read."""
        return all(map(readable, self.counters))

    def notice(self, data: Wire, drift: Drift) -> None:
        """Report also counters that could not be read."""
        super().notice(data, drift)
        for name, counter in zip(_COUNTERS, self.counters, strict=True):
            if not readable(counter):
                drift.value(f"Job.{name}", Untrusted.of(data.get(name)))

    @property
    def _rest(self) -> int:
        counted = self.pending + self.successful + self.failed + self.skipped + self.cancelled
        return self.total_messages_discovered - counted

    @property
    def skipped_or_cancelled(self) -> int:
        """Rows that are skipped or cancelled in the oldest answers, which do not count them; else 0."""
        oldest = self.messages_skipped is None and self.messages_cancelled is None
        return max(0, self._rest) if oldest and self.countable else 0

    @property
    def unaccounted(self) -> int | None:
        """Discovered rows that are in no counter; the API documents that it is 0. None if a counter can't be read."""
        return self._rest - self.skipped_or_cancelled if self.countable else None


class ReleaseItem(WireModel):
    """What a release did to one message, by recipient. `postfix_id` ended on 2026-11-01; the oldest answers need it.

    Strict, because it tells the outcome of a write: a value that is not a list of names is an error.
    """

    id: Identity | None = None
    postfix_id: Identity | None = None
    delivered: Names = ()
    undelivered: Names = ()
    failed: Names = ()


class MoveItem(WireModel):
    """What a move did for one recipient; only `message_id` and `recipient` say which message it was."""

    UNREAD: ClassVar[frozenset[str]] = frozenset({"completed_timestamp", "item_count"})
    success: Truth
    status: Untrusted | None = None
    operation: Untrusted | None = None
    destination: OpenDestination | None = None
    recipient: Untrusted | None = None
    message_id: Untrusted | None = None
    completed_at: When = None


class DeletedJob(WireModel):
    """The answer to a delete."""

    id: Identity


class Reclassified(WireModel):
    """The answer to a reclassification: an empty object."""


class TokenStatus(WireModel):
    """The answer to a token check."""

    OPEN: ClassVar[tuple[str, ...]] = ("status",)
    id: Untrusted | None = None
    status: Annotated[TokenState | Untrusted, PlainValidator(open_enum(TokenState))]
    expires_on: When = None
    not_before: When = None


class CloudflareAccount(WireModel):
    """An account that the credentials can see."""

    UNREAD: ClassVar[frozenset[str]] = frozenset({"type", "created_on", "managed_by", "settings"})
    id: Identity
    name: Untrusted = NOTHING
