"""Cancels, deletes and undoes jobs from a screen: the question, the writes, the sentence about what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len

from tui_app.api.enums import ActionType
from tui_app.api.models import DeletedJob, Job
from tui_app.api.write_result import Ambiguous, Done, Refused, Unsent, WriteResult
from tui_app.core.errors import GuardError, SluiceError
from tui_app.core.fitting import fitted
from tui_app.core.text import plural
from tui_app.jobs.commands import StillAtWork
from tui_app.jobs.job_write import Kind, describe_write
from tui_app.jobs.progress import describe_action
from tui_app.jobs.several import SeveralWrites, one_after_another
from tui_app.plans.follow_up import UNDO_OF_RELEASE, effect_of, way_back
from tui_app.screens.confirm import Confirm
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from textual.geometry import Size

    from tui_app.api.rows import JobMessage
    from tui_app.screens.base import ConsoleScreen
    from tui_app.widgets.text_lines import Piece

_NAMED: Final = 4
"""Jobs that a question lists at the most."""
_OTHER_LINES: Final = 15
"""Lines that a question about several has beside those."""
_WIDEST: Final = 76
_EDGES: Final = 6
"""Cells of a question: at the most, and those that its frame takes."""
_CAN_MOVE_BACK: Final = " ‹rows.undo› moves back what it moved."


@dataclass(frozen=True, slots=True)
class _Verb:
    """What is done to jobs, and to which ones."""

    kind: Kind
    wants_ended: bool

    @property
    def title(self) -> str:
        return self.kind.capitalize()

    def fits(self, job: Job) -> bool:
        return job.ended is self.wants_ended

    def why_not(self, jobs: Sequence[Job]) -> str:
        """Why it can't be done to any of these."""
        if len(jobs) == 1:
            said = f"The job is {str(jobs[0].status).lower()}: "
            if self.wants_ended:
                return f"{said}only ended jobs can be deleted. ‹job.cancel› cancels it first."
            return f"{said}it can't be cancelled any more."
        state = "has ended: only ended jobs can be deleted" if self.wants_ended else "is running: nothing to cancel"
        return f"None of the {len(jobs)} marked jobs {state}."

    def left_alone(self, count: int) -> str:
        """How many of the marked jobs it is not done to."""
        if not count:
            return ""
        are = "is" if count == 1 else "are"
        state = f"{are} still running" if self.wants_ended else "has ended" if count == 1 else "have ended"
        return f"{plural(count, 'marked job')} {state}: left alone."


_CANCEL: Final = _Verb("cancel", False)
_DELETE: Final = _Verb("delete", True)


def _rest(job: Job) -> str:
    """Skipped and cancelled rows; the API's oldest answers give only their sum."""
    if job.messages_skipped is None and job.messages_cancelled is None:
        return f"{job.skipped_or_cancelled:,} skipped or cancelled"
    return f"{job.skipped:,} skipped, {job.cancelled:,} cancelled"


def _about_one(job: Job, verb: _Verb) -> list[Piece]:
    facts: list[Piece] = [
        f"{describe_action(job)}  {job.job_id}\n",
        PrivateText(job.comment) if job.comment else "no comment",
        "\n",
    ]
    if verb.wants_ended:
        facts.append(f"The job is {str(job.status).lower()}. Rows: {job.successful:,} completed, ")
        facts.append((f"{job.failed:,} failed", "bold $text-error" if job.failed else ""))
        facts.append(
            f", {_rest(job)}.\n"
            "The record goes, for everybody; mail is not touched.\n"
            "This can't be undone; retry and undo end with it.\n"
            "For a report first: esc, then on the job ‹job.export›.\n"
        )
    elif not job.total_messages_discovered:
        facts.append("Nothing is counted yet. What was not done by then will not be acted on.\n")
    else:
        facts.append(
            f"Pending: {job.pending:,} of {job.total_messages_discovered:,} rows. They will not be acted on.\n"
            f"{job.successful:,} are completed and stay so; rows being processed may still finish.\n"
        )
    return facts


def _about_several(jobs: Sequence[Job], verb: _Verb, others: int, size: Size) -> list[Piece]:
    """The first of them, a line each, and what is done to all; as much as a question has room for."""
    named, room = min(_NAMED, max(1, size.height - _OTHER_LINES)), min(_WIDEST, size.width) - _EDGES
    facts: list[Piece] = []
    for job in jobs[:named]:
        about = f"{str(job.job_id)[:8]}  {describe_action(job)}, {str(job.status).lower()}, {job.successful:,} done"
        facts.append(about)
        if job.comment and (left := room - cell_len(about) - 2) > 0:
            facts += ["  ", (PrivateText(fitted(str(job.comment), left)), "dim")]
        facts.append("\n")
    if len(jobs) > named:
        facts.append(f"… and {len(jobs) - named:,} more\n")
    if verb.wants_ended:
        facts.append(
            "The records go, for everybody; mail is not touched.\n"
            "This can't be undone; retry and undo end with them.\n"
            "For a report first: esc, open a job, ‹job.export›.\n"
        )
    else:
        facts.append(
            f"{sum(job.successful for job in jobs):,} rows are completed and stay so; "
            f"{sum(job.pending for job in jobs):,} pending will not be acted on.\n"
        )
    if others:
        facts.append((f"{verb.left_alone(others)}\n", "$text-warning"))
    return facts


def _question(jobs: Sequence[Job], verb: _Verb, others: int, size: Size, *, needs_reason: bool) -> Confirm:
    one = len(jobs) == 1
    facts = _about_one(jobs[0], verb) if one else _about_several(jobs, verb, others, size)
    if one and others:
        facts.append((f"{verb.left_alone(others)}\n", "$text-warning"))
    if verb.wants_ended:
        title = "Delete this job's record?" if one else f"Delete the records of {len(jobs)} jobs?"
        typed = jobs[0].id[:4] if one else str(len(jobs))
        way_out = "Keep the record" if one else "Keep the records"
    else:
        title = "Cancel this job?" if one else f"Cancel {len(jobs)} jobs?"
        typed = "y" if one else str(len(jobs))
        way_out = "Keep it running" if one else "Keep them running"
    return Confirm(title, facts, typed=typed, way_out=way_out, asks_reason=True, needs_reason=needs_reason)


def sentence(tried: SeveralWrites[Job, Any], verb: _Verb) -> str:
    """What became of it, for the line above the footer: what the server says."""
    if tried.error is not None and not tried.results:
        return str(tried.error)
    if len(tried.results) == 1 and not tried.not_tried:
        ((_, result),) = tried.results
        told = describe_write(verb.kind, result)
        if not isinstance(result, Done) or result.errors:
            return f"{told} ‹activity.open› tells more."
        return told + (_undo_offer([result.value]) if isinstance(result.value, Job) else "")
    counted = Counter(_word(result) for _, result in tried.results)
    said = ", ".join(f"{count} {word}" for word, count in counted.items())
    ended = [result.value for _, result in tried.results if isinstance(result, Done) and isinstance(result.value, Job)]
    rest = f" {len(tried.not_tried)} not tried{f': {tried.error}' if tried.error else ''}." if tried.not_tried else ""
    return f"Asked to {verb.kind} {plural(len(tried.results), 'job')}: {said}.{rest}{_undo_offer(ended)} ‹activity.open› tells more."


def _word(result: WriteResult[Any]) -> str:
    """What became of one of several, in a word or two."""
    match result:
        case Done(value, _, errors):
            word = str(value.status).lower() if isinstance(value, Job) else "deleted"
            return f"{word} with an error told" if errors else word
        case Refused():
            return "refused"
        case Unsent():
            return "not sent"
        case Ambiguous(StillAtWork() as error):
            return f"still {error.state}"
        case Ambiguous():
            return "unknown"


def _undo_offer(jobs: Sequence[Job]) -> str:
    return _CAN_MOVE_BACK if any(job.successful and _can_move_back(job) for job in jobs) else ""


def _can_move_back(job: Job) -> bool:
    try:
        return effect_of(job).is_move and bool(way_back(job))
    except GuardError:
        return False


async def _act(screen: ConsoleScreen, jobs: Sequence[Job], verb: _Verb) -> SeveralWrites[Job, Any] | None:
    """Ask, then do it to each job that it fits, and show what became of it; None when nothing was tried.

    The screen can't be left meanwhile.
    """
    if screen.app.screen is not screen or screen.awaiting:
        return None  # a second key press: the question is shown already
    fitting = [job for job in jobs if verb.fits(job)]
    if not fitting:
        screen.notice(verb.why_not(jobs))
        return None
    needs_reason = screen.service.settings.guard.require_reason
    question = _question(fitting, verb, len(jobs) - len(fitting), screen.app.size, needs_reason=needs_reason)
    if not await screen.ask(question):
        screen.notice("Nothing was sent.")
        return None
    service, answered = screen.service.jobs, 0

    def show_progress() -> None:
        which = f" {min(answered + 1, len(fitting))} of {len(fitting)}" if len(fitting) > 1 else ""
        screen.notice(f"{verb.title}{which}: sent, waiting for the answer…")

    async def send(job: Job, on_answer: Any) -> WriteResult[Any]:
        return await (service.delete if verb.wants_ended else service.cancel)(job, question.reason, on_answer)

    def told(job: Job, result: WriteResult[Any]) -> None:
        nonlocal answered
        answered += 1
        if answered < len(fitting) and screen.ready:
            show_progress()

    screen.awaiting = True
    try:
        show_progress()
        tried = await one_after_another(fitting, send, told)
    except SluiceError as error:
        screen.notice(str(error))
        return None
    finally:
        screen.awaiting = False
    if screen.ready:
        screen.notice(sentence(tried, verb))
    return tried


def _done(tried: SeveralWrites[Job, Any] | None) -> list[Any]:
    return [result.value for _, result in tried.results if isinstance(result, Done)] if tried is not None else []


async def cancel(screen: ConsoleScreen, jobs: Sequence[Job]) -> list[Job]:
    """Ask, then cancel those that run; the jobs that have ended, as the server answers them."""
    return _done(await _act(screen, jobs, _CANCEL))


async def delete(screen: ConsoleScreen, jobs: Sequence[Job]) -> list[DeletedJob]:
    """Ask, then delete the records of those that have ended; the server's answers for those that are gone."""
    return _done(await _act(screen, jobs, _DELETE))


async def undo(screen: ConsoleScreen, job: Job, rows: Sequence[JobMessage] | None = None, of: str = "") -> None:
    """Want what a job did taken back, of these rows or of all; where released mail is to go is asked first. `of` which it is said."""
    if not job.ended:
        screen.notice("The job runs: ‹job.cancel› cancels it, then ‹rows.undo› takes back what it did.")
        return
    destination = None
    if job.action_type is ActionType.RELEASE:
        destination = await screen.choose_destination("Move what was released to", UNDO_OF_RELEASE)
        if destination is None:
            return
    undo_job = screen.service.follow_ups.undo_job
    screen.post_message(screen.PlanWanted(f"Reading what was done{of}…", lambda: undo_job(job.id, destination, rows)))
