"""The enums of the API. The API may add values: readers keep unknown ones as text.

https://developers.cloudflare.com/api/resources/email_security/subresources/investigate/
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """States of a job; SKIPPED is in the oldest answers only."""

    PENDING = "PENDING"
    DISCOVERING = "DISCOVERING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


class RowStatus(StrEnum):
    """States of a job message; DISCOVERING is in the oldest answers only."""

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
    """Folders to which a job moves messages."""

    INBOX = "Inbox"
    JUNK = "JunkEmail"
    DELETED_ITEMS = "DeletedItems"
    SOFT_DELETE = "RecoverableItemsDeletions"
    HARD_DELETE = "RecoverableItemsPurges"

    @property
    def label(self) -> str:
        """What people call it: `Junk`, `Soft delete`."""
        return _LABELS[self]

    @property
    def is_final(self) -> bool:
        """Whether nothing brings mail back from there."""
        return self is Destination.HARD_DELETE


_LABELS: Final = {
    Destination.INBOX: "Inbox",
    Destination.JUNK: "Junk",
    Destination.DELETED_ITEMS: "Trash",
    Destination.SOFT_DELETE: "Soft delete",
    Destination.HARD_DELETE: "Hard delete",
}


class Disposition(StrEnum):
    """The ten verdicts of request bodies and answers."""

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
    """Delivery states of a message."""

    DELIVERED = "delivered"
    MOVED = "moved"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    QUEUED = "queued"
    MOVE_FAILED = "move_failed"


class DeliveryMode(StrEnum):
    """How the API received a message."""

    DIRECT = "DIRECT"
    BCC = "BCC"
    JOURNAL = "JOURNAL"
    REVIEW_SUBMISSION = "REVIEW_SUBMISSION"
    DMARC_UNVERIFIED = "DMARC_UNVERIFIED"
    DMARC_FAILURE_REPORT = "DMARC_FAILURE_REPORT"
    DMARC_AGGREGATE_REPORT = "DMARC_AGGREGATE_REPORT"
    THREAT_INTEL_SUBMISSION = "THREAT_INTEL_SUBMISSION"
    SIMULATION_SUBMISSION = "SIMULATION_SUBMISSION"
    API = "API"
    RETRO_SCAN = "RETRO_SCAN"


class Operation(StrEnum):
    """Actions on a message after its delivery; RELEASE and RECLASSIFY are in the oldest answers only."""

    PREVIEW = "PREVIEW"
    QUARANTINE_RELEASE = "QUARANTINE_RELEASE"
    SUBMISSION = "SUBMISSION"
    MOVE = "MOVE"
    RELEASE = "RELEASE"
    RECLASSIFY = "RECLASSIFY"


class TokenState(StrEnum):
    """States of a token."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"


ENDED_JOB: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED})
"""States in which a job does not change any more."""
