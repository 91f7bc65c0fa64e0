"""`job JOB --reasons`: failed and skipped rows by reason, with what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tui_app.api.pagination import job_message_pages
from tui_app.cli.listing import Listing, ListingColumn, print_status
from tui_app.core.clock import local_time, rfc3339
from tui_app.core.errors import ExitCode
from tui_app.jobs.failures import FAILURES
from tui_app.jobs.progress import describe_missing
from tui_app.jobs.reasons import ReasonGroup, ReasonTally

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.service import EmailSecurityService


def _moment(at: datetime | None) -> str:
    return "" if at is None else rfc3339(at)


def _domains(group: ReasonGroup) -> str:
    return ", ".join(f"{name or 'not readable'} {count}" for name, count in group.domains)


_COLUMNS: Final = (
    ListingColumn[ReasonGroup]("rows", 7, lambda group: str(group.count), right=True),
    ListingColumn[ReasonGroup]("reason", 30, lambda group: group.label),
    ListingColumn[ReasonGroup]("tries", 5, lambda group: group.tries),
    ListingColumn[ReasonGroup]("retry_after", 20, lambda group: _moment(group.earliest_retry)),
    ListingColumn[ReasonGroup]("what_to_do", 30, lambda group: group.cause.advice),
    ListingColumn[ReasonGroup]("domains", 60, _domains),
    ListingColumn[ReasonGroup]("status_message", 80, lambda group: group.sample.detail()),
)


def group_json(group: ReasonGroup) -> dict[str, Any]:
    """A group as a JSON object: `status_message` is one row's, exact; times are RFC 3339 or null."""
    return {
        "reason": group.label,
        "cause": group.cause.name,
        "rows": group.count,
        "skipped": group.skipped,
        "tries": {"fewest": group.fewest_tries, "most": group.most_tries},
        "retry_after": {
            "earliest": _moment(group.earliest_retry) or None,
            "latest": _moment(group.latest_retry) or None,
        },
        "domains": [{"domain": name or None, "rows": count} for name, count in group.domains],
        "what_to_do": group.cause.advice,
        "worth_retrying": group.worth_retrying,
        "word": group.cause.word or None,
        "status_message": group.sample.exact or None,
    }


async def write_reasons(service: EmailSecurityService, job_id: str, output_format: str) -> ExitCode:
    """Write why rows of a job failed or were skipped; only those are asked for. Says when some may be missing. Raises ApiError."""
    job = await service.client.get_job(job_id)
    now = service.clock.now()
    tally = ReasonTally(now)
    read: dict[str, int] = {}
    may_miss: list[str] = []
    for status in FAILURES:
        pages = job_message_pages(service.client, job_id, status=status, expected=job.counted(status))
        name = status.value.lower()
        read[status] = 0
        async for page in pages:
            # Others than what was asked for are told by the counts below.
            tally.add(page)
            read[status] += len(page)
        if pages.may_miss:
            may_miss += pages.doubts(f"{name} row")
        elif doubts := pages.doubts(f"{name} row"):
            print_status(f"Left out: {'; '.join(doubts)}.")
    after = await service.client.get_job(job_id) if any(read.values()) or job.failed or job.skipped else job
    if after.counters != job.counters:
        may_miss.append("rows changed meanwhile, run it again")
    for status in FAILURES:
        if missing := describe_missing(after, status, read[status]):
            may_miss.append(f"{read[status]:,} {status.value.lower()} rows came, and {missing}")
    found = tally.result()
    listing = Listing(output_format, _COLUMNS, group_json)
    for group in found.groups:
        listing.write(group)
    listing.close()
    soonest = min([at for group in found.groups if (at := group.earliest_retry) and at > now], default=None)
    if soonest is not None:
        when = f"{local_time(soonest):%Y-%m-%d %H:%M %Z}"
        print_status(f"Not before {when}." if after.ended else f"The job still runs: the server may retry at {when}.")
    if may_miss:
        print_status(f"Perhaps NOT all: {'; '.join(may_miss)}.")
    return ExitCode.PARTLY_FAILED if may_miss else ExitCode.DONE
