"""Cancelling and deleting a job from a screen: the review, the write, what to say afterwards."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar, assert_never

from tui_app.api.models import DeletedJob, Job
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.core.errors import GuardError
from tui_app.jobs.progress import describe_action
from tui_app.screens.confirm import Confirm
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from tui_app.screens.base import ConsoleScreen
    from tui_app.widgets.text_lines import Piece

T = TypeVar("T")


def _rest(job: Job) -> str:
    """Skipped and cancelled rows; the oldest shape does not tell one from the other."""
    if job.messages_skipped is None and job.messages_cancelled is None:
        return f"{job.skipped_or_cancelled:,} skipped or cancelled"
    return f"{job.skipped:,} skipped, {job.cancelled:,} cancelled"


def _review(job: Job, *, wants_ended: bool) -> Confirm:
    facts: list[Piece] = [
        f"{describe_action(job)}  {job.job_id}\n",
        PrivateText(job.comment) if job.comment else "no comment",
        "\n",
    ]
    if wants_ended:
        facts.append(
            f"{str(job.status).lower()}: {job.successful:,} ok, {job.failed:,} failed, {_rest(job)}.\n"
            "The record leaves all lists, for everybody. Mail is not touched. There is no undelete.\n"
        )
        return Confirm("Delete this job's record?", facts)
    facts.append(
        f"{job.pending:,} of {job.total_messages_discovered:,} rows are still pending and will not be acted on.\n"
        f"{job.successful:,} are done and stay done; rows in flight may still finish.\n"
    )
    return Confirm("Cancel this job?", facts)


def sentence(result: WriteResult[T], what: str) -> str:
    """What became of it, for the line above the footer."""
    match result:
        case Done(Job() as job, _):
            return f"{what}: the job is {str(job.status).lower()} now."
        case Done(_, _):
            return f"{what}: deleted."
        case Refused(error):
            return f"{what}: refused. {error} ! tells more."
        case Unsent(error):
            return f"{what}: not sent. {error}"
        case Ambiguous(error):
            return f"{what}: outcome unknown, look at the job again. {error}"
    assert_never(result)


async def _asked(screen: ConsoleScreen, job: Job, *, wants_ended: bool) -> bool:
    """Whether the job's state allows it and the operator typed the confirmation; else says why not."""
    if screen.app.screen is not screen:
        return False  # a second key that came too soon: the question is on the screen already
    if job.ended is not wants_ended:
        state = str(job.status).lower()
        screen.notice(
            f"The job is {state}: "
            + ("only ended jobs can be deleted; X cancels it first." if wants_ended else "there is nothing to cancel.")
        )
        return False
    if not await screen.app.push_screen_wait(_review(job, wants_ended=wants_ended)):
        screen.notice("Nothing was sent.")
        return False
    screen.notice(f"{'Delete' if wants_ended else 'Cancel'}: sent, waiting for the answer…")
    return True


def _told(screen: ConsoleScreen, result: WriteResult[T], what: str) -> T | None:
    if screen.ready:
        screen.notice(sentence(result, what))
    return result.value if isinstance(result, Done) else None


async def _answer(screen: ConsoleScreen, work: Awaitable[WriteResult[T]], what: str) -> T | None:
    """Wait for the answer to a write; meanwhile the screen stays."""
    screen.awaiting = True
    try:
        return _told(screen, await work, what)
    except GuardError as error:
        screen.notice(str(error))
        return None
    finally:
        screen.awaiting = False


async def cancel(screen: ConsoleScreen, job: Job) -> Job | None:
    """Ask, then cancel; the job as the server has it now, or None when it was not done."""
    if not await _asked(screen, job, wants_ended=False):
        return None
    return await _answer(screen, screen.service.jobs.cancel(job.id), "Cancel")


async def delete(screen: ConsoleScreen, job: Job) -> DeletedJob | None:
    """Ask, then delete; None when it was not done."""
    if not await _asked(screen, job, wants_ended=True):
        return None
    return await _answer(screen, screen.service.jobs.delete(job.id), "Delete")
