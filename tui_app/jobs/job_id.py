"""JOB as somebody writes it: a whole id, or the beginning of one that no other job of the account has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tui_app.api.pagination import job_pages
from tui_app.config.settings import check_job_id
from tui_app.core.errors import UsageError
from tui_app.core.text import plural
from tui_app.jobs.progress import describe_action

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.models import Job

SHORTEST: Final = 6
"""Characters of a beginning: fewer may be a slip."""
_LONGEST: Final = 36
_MOST: Final = 5
"""Candidates that are named."""


def check_job(name: str) -> str:
    """A whole id in its one form, or a beginning that may be one's. Raises UsageError for anything else."""
    if SHORTEST <= len(name) < _LONGEST and re.fullmatch(r"[0-9a-fA-F-]+", name):
        return name.lower()
    try:
        return check_job_id(name)
    except UsageError:
        raise UsageError(
            "A job id is a UUID such as 182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e, or its first 6 characters or more. "
            "Nothing was sent."
        ) from None


async def whole_job_ids(client: EmailSecurityClient, names: Iterable[str]) -> list[str]:
    """The ids that these names are or begin, each once; whole ones cost no request, others all of the list of jobs.

    Raises UsageError with the candidates, ApiError.
    """
    names = [*names]
    jobs: list[Job] = []
    if any(len(name) < _LONGEST for name in names):
        pages = job_pages(client)
        async for page in pages:
            jobs += page
        if pages.may_miss:
            # Another one that fits may be among what did not come.
            raise UsageError("The list of jobs may not be whole: write the whole id. Nothing was sent.")
    return [*dict.fromkeys(name if len(name) == _LONGEST else _only(name, jobs) for name in names)]


async def whole_job_id(client: EmailSecurityClient, name: str) -> str:
    """The id that a name is or begins. Raises UsageError with the candidates, ApiError."""
    (job_id,) = await whole_job_ids(client, [name])
    return job_id


def _only(name: str, jobs: Iterable[Job]) -> str:
    found = [job for job in jobs if job.id.lower().startswith(name)]
    if not found:
        raise UsageError(f"No job's id begins with {name}. See: mailsluice jobs. Nothing was sent.")
    if len(found) > 1:
        named = ", ".join(f"{job.job_id} ({describe_action(job)})" for job in found[:_MOST])
        more = f", and {len(found) - _MOST:,} more" if len(found) > _MOST else ""
        raise UsageError(f"{name} begins the ids of {plural(len(found), 'job')}: {named}{more}. Nothing was sent.")
    return check_job_id(found[0].id)
