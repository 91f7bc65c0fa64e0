"""Cancels, deletes and undoes a job from a screen: the question, the write, the sentence about its result."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from tui_app.api.enums import ActionType
from tui_app.api.models import DeletedJob, Job
from tui_app.api.write_result import Ambiguous, Done, WriteResult, describe
from tui_app.core.errors import GuardError
from tui_app.jobs.progress import describe_action
from tui_app.plans.follow_up import UNDO_OF_RELEASE
from tui_app.screens.confirm import Confirm
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from tui_app.screens.base import ConsoleScreen
    from tui_app.widgets.text_lines import Piece

T = TypeVar("T")


def _rest(job: Job) -> str:
    """Skipped and cancelled rows; the API's oldest answers give only their sum."""
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
            f"The job is {str(job.status).lower()}. Rows: {job.successful:,} completed, {job.failed:,} failed, {_rest(job)}.\n"
            "The record is removed from all lists, for everybody. Messages are not touched. This can't be undone.\n"
        )
        return Confirm("Delete this job's record?", facts, typed=job.id[:4], way_out="Keep the record")
    if not job.total_messages_discovered:
        facts.append("Nothing is counted yet. What was not done by then will not be acted on.\n")
        return Confirm("Cancel this job?", facts, way_out="Keep it running")
    facts.append(
        f"Pending: {job.pending:,} of {job.total_messages_discovered:,} rows. They will not be acted on.\n"
        f"{job.successful:,} are completed and stay so; rows being processed may still finish.\n"
    )
    return Confirm("Cancel this job?", facts, way_out="Keep it running")


def sentence(result: WriteResult[T], what: str) -> str:
    """The result of a write, for the line above the footer."""
    if isinstance(result, Done):
        job = result.value
        return f"{what}: the job is {str(job.status).lower()} now." if isinstance(job, Job) else f"{what}: deleted."
    words, _ = describe(result)
    if isinstance(result, Ambiguous):
        words += " Look at the job again."
    return f"{what}: {words} ! tells more."


async def _asked(screen: ConsoleScreen, job: Job, *, wants_ended: bool) -> bool:
    """Whether the job's state allows it and the operator confirmed; else a notice says why not."""
    if screen.app.screen is not screen:
        return False  # a second key press: the question is shown already
    if job.ended is not wants_ended:
        state = str(job.status).lower()
        screen.notice(
            f"The job is {state}: "
            + (
                "only ended jobs can be deleted. X cancels it first."
                if wants_ended
                else "it can't be cancelled any more."
            )
        )
        return False
    if not await screen.app.push_screen_wait(_review(job, wants_ended=wants_ended)):
        screen.notice("Nothing was sent.")
        return False
    screen.notice(f"{'Delete' if wants_ended else 'Cancel'}: sent, waiting for the answer…")
    return True


def _show(screen: ConsoleScreen, result: WriteResult[T], what: str) -> T | None:
    if screen.ready:
        screen.notice(sentence(result, what))
    return result.value if isinstance(result, Done) else None


async def _answer(screen: ConsoleScreen, work: Awaitable[WriteResult[T]], what: str) -> T | None:
    """Wait for the answer to a write and show it; the screen can't be left meanwhile. None when it was not done."""
    screen.awaiting = True
    try:
        return _show(screen, await work, what)
    except GuardError as error:
        screen.notice(str(error))
        return None
    finally:
        screen.awaiting = False


async def cancel(screen: ConsoleScreen, job: Job) -> Job | None:
    """Ask, then cancel; returns the job as the server answers it, or None when it was not cancelled."""
    if not await _asked(screen, job, wants_ended=False):
        return None
    return await _answer(screen, screen.service.jobs.cancel(job.id), "Cancel")


async def delete(screen: ConsoleScreen, job: Job) -> DeletedJob | None:
    """Ask, then delete; returns the server's answer, or None when it was not deleted."""
    if not await _asked(screen, job, wants_ended=True):
        return None
    return await _answer(screen, screen.service.jobs.delete(job.id), "Delete")


async def undo(screen: ConsoleScreen, job: Job, rows: frozenset[str] = frozenset()) -> None:
    """Want what a job did taken back, of these rows or of all; where released mail is to go is asked first."""
    if not job.ended:
        screen.notice("The job runs: X cancels it, then U takes back what it did.")
        return
    destination = None
    if job.action_type is ActionType.RELEASE:
        destination = await screen.choose_destination("Move what was released to", UNDO_OF_RELEASE)
        if destination is None:
            return
    undo_job = screen.service.undo_job
    screen.post_message(screen.PlanWanted("Reading what was done…", lambda: undo_job(job.id, destination, rows)))
