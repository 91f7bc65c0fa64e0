"""Named views: whether one can be shown as it is meant. A view narrows what is looked at, so that nothing of it is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.api.enums import JobStatus
from tui_app.core.errors import UsageError
from tui_app.core.query import QueryError
from tui_app.core.text import sanitize
from tui_app.jobs.job_filter import parse_job_filter
from tui_app.mail.groups import parse_filter
from tui_app.mail.query import ALL_MAIL, HELD_MAIL, parse_query
from tui_app.plans.ledger_filter import parse_ledger_filter

if TYPE_CHECKING:
    from datetime import datetime

    from tui_app.config.schema import View

_OF_JOBS: Final = ("status", "action")
_OF_MAIL: Final = ("search",)


def check_view(view: View, now: datetime) -> None:
    """Raise UsageError, which names the setting, for a view that would show something else than it says."""
    at_mail = view.screen in ("mail", "quarantine")
    known = _OF_MAIL if at_mail else _OF_JOBS if view.screen == "jobs" else ()
    for name in (*_OF_JOBS, *_OF_MAIL):
        if getattr(view, name) and name not in known:
            raise UsageError(f"{name} is not for {view.screen}.")
    if view.status and view.status.upper() not in set(JobStatus) - {JobStatus.SKIPPED}:
        words = ", ".join(status.lower() for status in JobStatus if status is not JobStatus.SKIPPED)
        raise UsageError(f"status can't be '{sanitize(view.status, 40)}': {words}.")
    try:
        if at_mail:
            parse_query(view.search, now, HELD_MAIL if view.screen == "quarantine" else ALL_MAIL)
            parse_filter(view.filter)
        elif view.screen == "jobs":
            parse_job_filter(view.filter, now)
        else:
            parse_ledger_filter(view.filter, now)
    except QueryError as error:
        raise UsageError(f"its line can't be used: {error}") from None
