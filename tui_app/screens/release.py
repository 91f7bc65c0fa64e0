"""A release: the review with reason and typed count, then the run, then what became of every recipient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui_app import actions
from tui_app.clock import rough_duration
from tui_app.errors import SluiceError
from tui_app.paths import sheet
from tui_app.plans.engine import Fate, Phase, Result, RunState
from tui_app.plans.plan import Plan
from tui_app.screens import looks
from tui_app.screens.place import MORE, Place
from tui_app.text import plural, safe
from tui_app.widgets.field import Field
from tui_app.widgets.lines import Block, Line, Piece, bar
from tui_app.widgets.listed_rows import ListedRows
from tui_app.widgets.message_table import Column, MessageTable
from tui_app.widgets.veil import Private
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.budget import Forecast
    from tui_app.plans.guard import Guarded
    from tui_app.service import EmailSecurityService

_WORST_FIRST: Final = (Fate.UNKNOWN, Fate.FAILED, Fate.REFUSED, Fate.UNDELIVERED, Fate.NOT_SENT, Fate.DELIVERED)
_COLUMNS: Final = (
    Column("OUTCOME", 13),
    Column("RECIPIENT", weight=3),
    Column("SUBJECT", weight=3, private=True),
    Column("WHY", weight=3),
)


class ReviewScreen(Place):
    """What would be released, before anything is sent."""

    CSS_PATH = sheet("screens/release")
    place = "review"
    AUTO_FOCUS = "#reason"

    class Confirmed(Message):
        """The operator typed the number."""

        def __init__(self, plan: Plan, guarded: Guarded) -> None:
            super().__init__()
            self.plan = plan
            self.guarded = guarded

    def __init__(self, service: EmailSecurityService, guarded: Guarded) -> None:
        super().__init__(service)
        self._guarded = guarded
        self._plan = service.plan_release(guarded, "")

    def content(self) -> Iterable[Widget]:
        """Facts, the reason, the number."""
        reason = Field(placeholder="why, for the record: ticket, who asked", id="reason", max_length=200, compact=True)
        count = Field(placeholder=f"type {len(self._plan.targets)} to send", id="typed", max_length=12, compact=True)
        yield VerticalScroll(
            Block(id="facts"),
            Horizontal(Static("Reason", classes="label"), reason, classes="field"),
            Horizontal(Static("Messages", classes="label"), count, classes="field"),
            Line(id="problem"),
            Button("Cancel (esc)", id="cancel", compact=True),
            id="review",
        )

    def on_mount(self) -> None:
        """Lay out the form; the reason is typed first."""
        super().on_mount()
        self.query_one("#facts", Block).say(*self._facts())
        self.say_place([("Release › ", "dim"), (f"plan {self._plan.plan_id}", "bold")], ["not sent yet"])

    def _facts(self) -> list[Piece]:
        plan, guarded = self._plan, self._guarded
        forecast = self.service.forecast(len(plan.batches()))
        each = f", {plan.batch_size} messages each" if forecast.requests > 1 else ""
        facts: list[Piece] = [
            (f"{plural(len(plan.targets), 'message')} · {plural(plan.recipients, 'recipient')}", "bold"),
            f" · {plural(forecast.requests, 'request')}{each} · about {rough_duration(forecast.seconds)}\n",
            *self._quota(forecast),
        ]
        sample = 5 if self.app.size.height >= 22 else 1
        for target in plan.targets[:sample]:
            subject = Private(safe(target.subject.exact, 60))
            seen = f"  {looks.verdict(target.disposition).text:<14} {safe(target.sender.exact, 60)}  "
            facts += [(seen, "dim"), (subject, "dim"), "\n"]
        if len(plan.targets) > sample:
            facts.append((f"  … and {len(plan.targets) - sample:,} more\n", "dim"))
        if guarded.held_back:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.reasons().items())
            facts.append((f"Held back by the guard: {why}\n", "$text-warning bold"))
        return facts

    @staticmethod
    def _quota(forecast: Forecast) -> list[Piece]:
        """What it costs of the token's quota: told when it is scarce."""
        if forecast.left is None or (forecast.waits == 0 and forecast.left >= (forecast.quota or 0) // 2):
            return []
        return [(f"Quota: {forecast.told()}\n", "$text-warning")]

    def footer_keys(self) -> Sequence[tuple[str, str]]:
        """The form's own keys."""
        return (("enter", "next field, send at the last"), ("tab", "next field"), ("esc", "back, nothing is sent"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; it sends only with a reason and the right number."""
        reason, typed = self.query_one("#reason", Input), self.query_one("#typed", Input)
        problem = self.query_one("#problem", Line)
        if not reason.value.strip():
            problem.say(("A reason is needed: it goes on record.", "$text-error"))
            reason.focus()
        elif event.input is reason:
            problem.say("")
            typed.focus()
        elif typed.value.strip().replace(",", "") != str(len(self._plan.targets)):
            problem.say((f"Not sent: type {len(self._plan.targets)} to send, or esc to leave.", "$text-error"))
        else:
            plan = Plan(self._plan.plan_id, self._plan.targets, reason.value.strip(), self._plan.batch_size)
            self.post_message(self.Confirmed(plan, self._guarded))

    def on_button_pressed(self) -> None:
        """The only button is the way out."""
        self.app.pop_screen()


@dataclass(frozen=True, slots=True)
class _Line:
    """One recipient of one message, or a message whose recipients the answer did not name."""

    key: str
    fate: Fate
    recipient: str
    subject: str
    why: str


def _lines(results: Iterable[Result]) -> list[_Line]:
    lines: list[_Line] = []
    for result in results:
        subject = str(result.target.subject)
        named = [
            (Fate.DELIVERED, result.delivered),
            (Fate.UNDELIVERED, result.undelivered),
            (Fate.FAILED, result.failed),
        ]
        found = [(fate, recipient) for fate, recipients in named for recipient in recipients]
        for number, (fate, recipient) in enumerate(found):
            lines.append(_Line(f"{result.target.id} {number}", fate, str(recipient), subject, result.why))
        if not found:
            lines.append(
                _Line(result.target.id, result.fate, looks.people(result.target.recipients), subject, result.why)
            )
    return sorted(lines, key=lambda line: _WORST_FIRST.index(line.fate))


_FATE = {
    Fate.DELIVERED: ("✔", "success"),
    Fate.UNDELIVERED: ("!", "warning"),
    Fate.FAILED: ("✖", "error"),
    Fate.REFUSED: ("✖", "error"),
    Fate.UNKNOWN: ("?", "warning"),
    Fate.NOT_SENT: ("○", "muted"),
    Fate.IN_FLIGHT: ("●", "accent"),
}


def fate_look(result: Fate) -> Cell:
    """What became of a released message."""
    glyph, tone = _FATE[result]
    return Cell(f"{glyph} {result.value}", tone)


class ReleaseScreen(Place):
    """A confirmed release while it runs, and its outcome by recipient."""

    CSS_PATH = sheet("screens/release")
    place = "outcome"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("outcome")

    def __init__(self, service: EmailSecurityService, plan: Plan, guarded: Guarded) -> None:
        super().__init__(service)
        self._guarded = guarded
        self._state = RunState(plan, batches=len(plan.batches()))
        self._waits_until: float | None = None

    def content(self) -> Iterable[Widget]:
        """Progress, sums, one row per recipient."""
        yield Line(id="progress")
        yield Line(id="sums")
        yield Line(id="why")
        yield MessageTable[_Line](_COLUMNS, self._cells, id="table")

    def table(self) -> MessageTable[_Line]:
        """Recipients, the worst outcomes first."""
        return self.query_one("#table", MessageTable)

    @staticmethod
    def _cells(line: _Line) -> Sequence[Cell]:
        return (fate_look(line.fate), Cell(line.recipient), Cell(line.subject), Cell(line.why))

    def on_mount(self) -> None:
        """Begin."""
        super().on_mount()
        self.show_run(self._state)
        self._run()

    @work
    async def _run(self) -> None:
        try:
            await self.service.run_release(self._state.plan)
        except SluiceError as error:
            self.notice(str(error))

    def may_leave(self) -> bool:
        """Not while it runs: the outcome belongs on the screen."""
        if not self._state.ended:
            self.notice("The release is running: S stops after the request in flight; ctrl+q also quits after it.")
        return self._state.ended

    def show_run(self, state: RunState) -> None:
        """Take a snapshot of the run."""
        self._state, self._waits_until = state, None
        if not self.ready:
            return
        if state.ended:
            self.notice("")
        results: list[Result] = list(state.results)
        if state.ended:
            known = {result.target.id for result in results}
            results += [Result(target, Fate.NOT_SENT) for target in state.plan.targets if target.id not in known]
        self.table().show_rows(ListedRows(_lines(results), lambda line: line.key))
        self.show_frame()

    def release_moved(self, state: RunState) -> None:
        """Show where it is."""
        self.show_run(state)

    def limited(self, seconds: float) -> None:
        """A 429 is being sat out."""
        self._waits_until = self.service.clock.monotonic() + seconds
        self.show_frame()

    def show_frame(self) -> None:
        """Also progress and sums."""
        super().show_frame()
        if not self.ready:
            return
        state = self._state
        phase = {Phase.DONE: "all sent", Phase.HALTED: "halted, see below"}.get(state.phase, state.phase.value)
        self.say_place([("Release › ", "dim"), (f"plan {state.plan.plan_id}", "bold")], [phase])
        waiting = ""
        if self._waits_until is not None:
            left = max(0, round(self._waits_until - self.service.clock.monotonic()))
            waiting = f"  rate limit, again in {left} s, S gives up"
        share = state.batches_done / state.batches if state.batches else 1.0
        self.query_one("#progress", Line).say(
            (bar(share, 20), "$text-accent"),
            f"  request {state.batches_done:,} of {state.batches:,}",
            (waiting, "$text-warning"),
        )
        fates = state.fates()
        pieces: list[Piece] = [f"{plural(len(state.plan.targets), 'message')}:"]
        for fate in (
            Fate.DELIVERED,
            Fate.UNDELIVERED,
            Fate.FAILED,
            Fate.REFUSED,
            Fate.UNKNOWN,
            Fate.IN_FLIGHT,
            Fate.NOT_SENT,
        ):
            if fates[fate] or fate is Fate.DELIVERED:
                tone = fate_look(fate).tone
                style = f"$text-{tone} bold" if fates[fate] and tone in ("error", "warning", "success") else ""
                pieces += [" ", (f"{fates[fate]:,} {fate.value}", style), " ·"]
        self.query_one("#sums", Line).say(*pieces[:-1])
        self.query_one("#why", Line).say(("reason: ", "dim"), safe(state.plan.reason))
        self.table().say_if_empty("Sending…")

    def footer_keys(self) -> Sequence[tuple[str, str]]:
        """Stopping is offered while there is something to stop."""
        keys = super().footer_keys()
        return [(key, label) for key, label in keys if key != "S"] if self._state.ended else keys

    def describe(self) -> Sequence[Piece]:
        """An error first; then what was held back."""
        if self._state.error is not None:
            return [(f"{self._state.error} ", "$text-error"), MORE]
        if self._state.ended and self._state.fates()[Fate.UNKNOWN]:
            return [
                ("Unknown outcomes are not sent again: look the messages up before you do anything.", "$text-warning")
            ]
        held_back = len(self._guarded.held_back)
        return [(f"{held_back:,} held back by the guard, not sent", "$text-warning")] if held_back else []

    def action_release_stop(self) -> None:
        """Send nothing after the request in flight."""
        if self._state.ended:
            self.notice("It has ended already.")
            return
        self.service.stop_release()
        if self._waits_until is None:
            self.notice("Stopping after the request in flight.")
