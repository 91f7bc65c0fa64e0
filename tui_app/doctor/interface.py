"""The API as it answered just now: what is left of the quota, which generation its shapes are of, what is not documented."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui_app.api.drift import describe
from tui_app.api.errors import RateLimited
from tui_app.api.models import Job
from tui_app.api.page import Page
from tui_app.api.rows import JobMessage, Message
from tui_app.core.errors import ExitCode
from tui_app.doctor.access import Answer
from tui_app.doctor.check import CheckResult, look, ok, wrong

if TYPE_CHECKING:
    from tui_app.api.budget import BudgetState
    from tui_app.api.drift import Drift

_ENDED: Final = ("ts", "action_log", "findings")
"""Fields of a message whose life ended on 2026-11-01."""
_NEW_COUNTERS: Final = ("messages_skipped", "messages_cancelled")
_SHOWN: Final = 5


def check_quota(state: BudgetState, answers: Sequence[object]) -> CheckResult:
    """What the server told of the quota in this run."""
    refused = next((answer for answer in answers if isinstance(answer, RateLimited)), None)
    if state.blocked > 0 or refused is not None:
        wait = max(state.blocked, refused.retry_after if refused is not None else 0.0)
        return wrong(
            "quota",
            f"Used up: nothing is accepted for another {math.ceil(wait)} s.",
            "Wait. All programs with this token share it, and so does the dashboard.",
            ExitCode.API,
        )
    if state.remaining is None:
        return look("quota", "Not known: no answer told it.")
    of = f" of {state.quota:,}" if state.quota else ""
    again = f", full again in {math.ceil(state.resets_in)} s" if state.resets_in is not None else ""
    found = f"{state.remaining:,}{of} requests left{again}"
    if state.low:
        return look("quota", found, "Less than half is left: polls slow down first.")
    return ok("quota", found)


def check_generation(
    jobs: Answer[Page[Job]], mail: Answer[Page[Message]], rows: Answer[Page[JobMessage]], release_body: str
) -> CheckResult:
    """Of which generation the shapes are, by one job, one row of it and one message."""
    signs: dict[str, str] = {}
    job = jobs.items[0] if isinstance(jobs, Page) and jobs.items else None
    message = mail.items[0] if isinstance(mail, Page) and mail.items else None
    row = rows.items[0] if isinstance(rows, Page) and rows.items else None
    if job is not None:
        has_all = all(name in job.wire for name in _NEW_COUNTERS)
        signs["jobs count skipped and cancelled rows" if has_all else "jobs count no skipped rows"] = (
            "newer" if has_all else "oldest"
        )
    if row is not None:
        has_mail = "message" in row.wire
        signs["rows bring their message" if has_mail else "rows bring no message"] = "newer" if has_mail else "oldest"
    ended = [name for name in _ENDED if message is not None and name in message.wire]
    body = f" Which body a release takes, only a release can tell (release_body = {release_body})."
    past = f" Still sent after the end of their life: {', '.join(ended)}." if ended else ""
    if not signs:
        seen = "no job was there to see it by" if isinstance(jobs, Page) else "jobs were not read"
        return look("API generation", f"Not known: {seen}.{past}{body}")
    told = ", ".join(signs)
    if set(signs.values()) == {"newer"}:
        return ok("API generation", f"Newer answers: {told}.{past}{body}")
    if set(signs.values()) == {"oldest"}:
        return ok("API generation", f"The oldest answers: {told}.{past}{body}")
    return look("API generation", f"Answers of different generations: {told}.{past}{body}", "Report it, with --json.")


def check_drift(drifts: Sequence[Drift], *, has_answers: bool) -> CheckResult:
    """What came that is not documented."""
    lines = [line for drift in drifts for line in describe(drift)[1:]]
    unique = list(dict.fromkeys(lines))
    if unique:
        more = f"; and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
        return look(
            "drift",
            f"Not documented: {'; '.join(unique[:_SHOWN])}{more}",
            "It is kept and shown as it is. See whether a newer mailsluice knows it.",
        )
    if not has_answers:
        return look("drift", "Not looked at: nothing was read.")
    return ok("drift", "All that was read in this run is documented")
