"""Whether anything of a job can be tried again, or taken back, as far as its counters tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.api.enums import Destination
from tui_app.core.errors import GuardError

if TYPE_CHECKING:
    from tui_app.api.models import Job

_NO_WAY_BACK: Final = (Destination.HARD_DELETE, Destination.INBOX)
"""Where mail may have gone that can't be taken back."""


def why_no_follow_up(job: Job, action_id: str) -> str:
    """Why nothing of a job can be tried again, or taken back, as far as its counters tell; empty where something may be."""
    if not job.ended:
        return "It still runs: wait until it has ended."
    if not job.countable:
        return ""
    if action_id == "rows.retry":
        return "" if job.failed else "Nothing of it failed."
    if not job.successful:
        return "It did nothing that could be undone."
    if job.action_params.destination in _NO_WAY_BACK:
        from tui_app.plans.follow_up import way_back

        try:
            way_back(job)
        except GuardError as error:
            return error.cause
    return ""
