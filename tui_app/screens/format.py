"""How states and verdicts are shown: a glyph, a word and a tone, so that colour is never the only sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.api.enums import Disposition, JobStatus, RowStatus
from tui_app.api.wire_values import readable
from tui_app.core.bars import sparkline
from tui_app.core.clock import coarse_age, local_time
from tui_app.core.sender_text import NO_SENDER, sender_in_sentence
from tui_app.core.text import LIST_LIMIT
from tui_app.widgets.redaction import AddressText
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui_app.api.models import Job
    from tui_app.core.text import Untrusted
    from tui_app.jobs.progress import Eta
    from tui_app.widgets.text_lines import Piece

_LATEST: Final = datetime.max.replace(tzinfo=UTC)

_JOB = {
    JobStatus.PENDING: ("○", "muted"),
    JobStatus.DISCOVERING: ("◌", ""),
    JobStatus.PROCESSING: ("●", "strong"),
    JobStatus.COMPLETED: ("✔", "success"),
    JobStatus.FAILED: ("✖", "error"),
    JobStatus.CANCELLED: ("■", "muted"),
    JobStatus.SKIPPED: ("–", "muted"),
}
_ROW = {
    RowStatus.PENDING: ("○", "muted"),
    RowStatus.DISCOVERING: ("◌", ""),
    RowStatus.PROCESSING: ("●", "strong"),
    RowStatus.COMPLETED: ("✔", "success"),
    RowStatus.FAILED: ("✖", "error"),
    RowStatus.SKIPPED: ("–", "muted"),
    RowStatus.CANCELLED: ("■", "muted"),
}
_VERDICT = {
    Disposition.MALICIOUS: ("▲", "error"),
    Disposition.MALICIOUS_BEC: ("▲", "error"),
    Disposition.SUSPICIOUS: ("△", "warning"),
    Disposition.SPOOF: ("△", "warning"),
    Disposition.SPAM: ("▪", ""),
    Disposition.BULK: ("▪", ""),
}
_UNITS: Final = ("", "k", "M", "G", "T")
SIGN: Final = "$text-secondary bold"
"""The style of a sign ≈ or ≠ in a line of text; in a cell it is the tone `sign`. No state and no verdict has it."""
_STYLES = {"": "", "strong": "bold", "sign": SIGN, "progress": "", "progress-over": "$text-muted"}


def job_state(job: Job) -> Cell:
    """A job's state; `✔` only if it completed without failures, by counters that can be read."""
    if job.status is JobStatus.COMPLETED and not job.countable:
        return Cell("? completed", "warning")
    if job.status is JobStatus.COMPLETED and (job.failed or job.unaccounted):
        return Cell("! completed", "warning")
    glyph, tone = _JOB.get(job.status, ("?", "warning")) if isinstance(job.status, JobStatus) else ("?", "warning")
    return Cell(f"{glyph} {str(job.status).lower()}", tone)


def row_state(status: RowStatus | Untrusted) -> Cell:
    """The state of a job's row."""
    glyph, tone = _ROW.get(status, ("?", "warning")) if isinstance(status, RowStatus) else ("?", "warning")
    return Cell(f"{glyph} {str(status).lower()}", tone)


def verdict(disposition: Disposition | Untrusted | None) -> Cell:
    """A message's verdict."""
    if disposition is None:
        return Cell("· none")
    glyph, tone = _VERDICT.get(disposition, ("·", "")) if isinstance(disposition, Disposition) else ("?", "warning")
    return Cell(f"{glyph} {disposition}", tone)


def style_of(tone: str) -> str:
    """The style in a line of text that is the tone of a cell."""
    return _STYLES.get(tone, f"$text-{tone}")


def as_piece(cell: Cell) -> Piece:
    """A cell in a line of text."""
    return (cell.text, style_of(cell.tone))


def age(moment: datetime | None, now: datetime) -> str:
    """A coarse age such as `3 h`, or a dash without a time."""
    return "–" if moment is None else coarse_age(max(0.0, (now - moment).total_seconds()))


def by_age(moment: datetime | None) -> timedelta:
    """What sorts the youngest first, as an age of few minutes is less than one of hours; no time comes before all."""
    return _LATEST - (moment or _LATEST)


def local(moment: datetime | None) -> str:
    """A time in the local time zone, with the zone, or a dash without a time."""
    return "–" if moment is None else local_time(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def count(number: int, cells: int) -> str:
    """A number whole; where it has no room, in k, M or G, rounded down: `1,234…` would be read as another one."""
    whole = f"{number:,}"
    if len(whole) <= cells:
        return whole
    group = min((len(str(number)) - 1) // 3, len(_UNITS) - 1)
    for places in (2, 1, 0):
        scaled = str(number // 10 ** (3 * group - places))
        text = f"{scaled[:-places]}.{scaled[-places:]}" if places else scaled
        if len(text) < cells:
            break
    return f"{text}{_UNITS[group]}"


def sender(name: Untrusted, most: int = LIST_LIMIT) -> str:
    """Who sent a mail, in about so many characters, its domain whole; a word that is not hidden where it names nobody."""
    told = sender_in_sentence(name.exact, most)
    return told if told == NO_SENDER else AddressText(told)


def people(recipients: tuple[Untrusted, ...]) -> str:
    """One address, or how many recipients there are, or a dash."""
    if len(recipients) == 1:
        return AddressText(recipients[0])
    return f"{len(recipients):,} recipients" if recipients else "–"


def counter_pieces(job: Job) -> list[Piece]:
    """The counters of a job in words, and how many messages they leave unaccounted."""
    pieces: list[Piece] = [
        f"{job.total_messages_discovered:,} found",
        f"{job.successful:,} completed",
        (f"{job.failed:,} failed", "bold $text-error" if job.failed else ""),
        f"{job.pending:,} pending",
    ]
    rest = ((job.skipped_or_cancelled, "skipped or cancelled"), (job.skipped, "skipped"), (job.cancelled, "cancelled"))
    pieces += [f"{count:,} {word}" for count, word in rest if count or not readable(count)]
    if job.unaccounted:
        pieces.append((f"unaccounted {job.unaccounted:,}", "bold $text-error"))
    return pieces


def pace_pieces(eta: Eta, cells: int) -> list[Piece]:
    """How a job goes: a sparkline of at most so many cells, rate and estimate, or that it stands still."""
    spark = sparkline(eta.rates, cells) if len(eta.rates) > 1 else ""
    words = eta.describe()
    pieces: list[Piece] = [(spark, "$text-accent"), "  "] if spark else []
    if words:
        pieces.append((words, "bold $text-warning") if eta.still_for is not None else words)
    return pieces


STATUSES: Final = (None, "PENDING", "DISCOVERING", "PROCESSING", "COMPLETED", "FAILED", "SKIPPED", "CANCELLED")
"""The status under each digit, on every screen; 0 is all."""
NOT_OF_JOBS: Final = STATUSES.index("SKIPPED")
"""Only rows are skipped, but in the API's oldest answers."""
NOT_OF_ROWS: Final = STATUSES.index("DISCOVERING")
"""Only jobs discover, but in the API's oldest answers."""
_SHORT_TABS: Final = ("all", "pend", "disc", "proc", "comp", "fail", "skip", "canc")


def tabs(counts: Mapping[int, int | None], without: int) -> list[tuple[int, str, str, int | None]]:
    """Digit, name, short name and count of the tabs over a list, but of the one digit that it never has.

    No number where the server gives none.
    """
    return [
        (digit, (status or "all").lower(), _SHORT_TABS[digit], counts.get(digit))
        for digit, status in enumerate(STATUSES)
        if digit != without
    ]


def shown_already(digit: str, named: str | None) -> str:
    """What a digit says whose tab is shown."""
    return f"{digit} {(named or 'all').lower()} is what is shown."


def job_tabs(job: Job) -> list[tuple[int, str, str, int | None]]:
    """The tabs over a job's rows."""
    counts: dict[int, int | None] = {0: job.total_messages_discovered}
    counts |= {digit: job.counter(RowStatus(status)) for digit, status in enumerate(STATUSES) if status}
    return tabs(counts | {STATUSES.index("PROCESSING"): None}, NOT_OF_ROWS)
