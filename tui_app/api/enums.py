"""The closed lists of the API, which are never closed: readers keep values that are not here as text."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


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


class DeliveryMode(StrEnum):
    """How a mail came here."""

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
    """What was done to a mail after its delivery; RELEASE and RECLASSIFY are of the oldest shape only."""

    PREVIEW = "PREVIEW"
    QUARANTINE_RELEASE = "QUARANTINE_RELEASE"
    SUBMISSION = "SUBMISSION"
    MOVE = "MOVE"
    RELEASE = "RELEASE"
    RECLASSIFY = "RECLASSIFY"


class TokenState(StrEnum):
    """What a token check says."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"


ENDED_JOB: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED})
