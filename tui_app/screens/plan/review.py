"""The review of a release: what would be sent, what the guard holds back, why, and the typed number."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui_app.core.clock import rough_duration
from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.plans.plan import Plan, Target
from tui_app.screens import format as fmt
from tui_app.screens.base import ConsoleScreen
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.table import fitted
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.budget import Forecast
    from tui_app.api.search import SearchParams
    from tui_app.plans.guard import Guarded
    from tui_app.service import EmailSecurityService

_VERDICT_WIDTH = 15
_LONG = 50
"""Requests after which it is worth saying that tmux keeps a session alive."""


def _verdict(target: Target) -> str:
    """The verdict in so many cells: the server's own word may be as long as it likes."""
    return fitted(fmt.verdict(target.disposition).text, _VERDICT_WIDTH)


def _domains(targets: Iterable[Target]) -> Iterable[str]:
    return (sanitize(name.exact.rpartition("@")[2], 40) for target in targets for name in target.recipients)


def _most(counted: Counter[str]) -> str:
    """The three that are there most, and how many are others."""
    told = ", ".join(f"{count:,} {what}" for what, count in counted.most_common(3))
    rest = counted.total() - sum(count for _, count in counted.most_common(3))
    return (told or "no known recipients") + (f", {rest:,} others" if rest else "")


class ReviewScreen(ConsoleScreen):
    """What would be released, before anything is sent. `search` is what the messages were found by, if they were."""

    CSS_PATH = sheet("screens/plan")
    screen_name = "review"

    class Confirmed(Message):
        """The operator typed the number, and nothing had changed since it was shown."""

        def __init__(self, plan: Plan, guarded: Guarded) -> None:
            super().__init__()
            self.plan = plan
            self.guarded = guarded

    def __init__(
        self, service: EmailSecurityService, targets: Sequence[Target], search: SearchParams | None = None
    ) -> None:
        super().__init__(service)
        self._targets = tuple(targets)
        self._search = search
        self._guarded = service.plans.guard(self._targets)
        self._plan = service.plans.plan(self._guarded, "", canary=True)

    def content(self) -> Iterable[Widget]:
        """Facts, what to include, the reason, the number."""
        words = self._guarded.includable_counts()
        include = LineInput(
            placeholder=f"type {' or '.join(words)} to send these too", id="include", max_length=100, compact=True
        )
        reason = LineInput(
            placeholder="why, for the record: ticket, who asked", id="reason", max_length=200, compact=True
        )
        count = LineInput(id="typed", max_length=12, compact=True)
        fields = [("Include", include)] if words else []
        fields += [("Reason", reason), ("Messages", count)]
        yield VerticalScroll(
            TextBlock(id="facts"),
            *(Horizontal(Static(label, classes="label", markup=False), box, classes="field") for label, box in fields),
            TextLine(id="problem"),
            Button("Back (esc)", id="cancel", compact=True),
            id="review",
        )

    def on_mount(self) -> None:
        """Lay out the form; the reason is typed first."""
        super().on_mount()
        self._show_plan()
        self.query_one("#reason").focus()

    def on_resize(self) -> None:
        """The field that is typed in stays in sight."""
        super().on_resize()
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def _show_plan(self) -> None:
        self.query_one("#facts", TextBlock).set_text(*self._facts())
        left = len(self._plan.targets)
        self.query_one("#typed", Input).placeholder = f"type {left} to send" if left else "nothing is left to send"
        self.set_breadcrumb([("Release › ", "dim"), (f"plan {self._plan.plan_id}", "bold")], ["not sent yet"])

    def _facts(self) -> list[Piece]:
        plan, guarded = self._plan, self._guarded
        forecast = self.service.forecast(len(plan.batches()))
        each = f", {plural(plan.batch_size, 'message')} each" if forecast.requests > 1 else ""
        facts: list[Piece] = [
            (f"{plural(len(plan.targets), 'message')} · {plural(plan.recipients, 'recipient')}", "bold"),
            f" · {plural(forecast.requests, 'request')}{each} · about {rough_duration(forecast.seconds)}\n",
            *self._quota(forecast),
            (f"{_most(Counter(_verdict(target).strip() for target in plan.targets))}, to ", "dim"),
            (f"{_most(Counter(_domains(plan.targets)))}\n", "dim"),
        ]
        if plan.canary:
            facts.append((f"The first {plan.canary} are sent alone, to be looked at before the rest.\n", "dim"))
        sample = 5 if self.app.size.height >= 22 else 1
        # What was named is what should be looked at twice.
        named_first = dict.fromkeys((*(kept.target for kept in guarded.by_name), *plan.targets))
        for target in list(named_first)[:sample]:
            subject = PrivateText(sanitize(target.subject.exact, 60))
            seen = f"  {_verdict(target)} {sanitize(target.sender.exact, 60)}  "
            facts += [(seen, "dim"), (subject, "dim"), "\n"]
        if len(plan.targets) > sample:
            facts.append((f"  … and {len(plan.targets) - sample:,} more\n", "dim"))
        if named := guarded.included_counts():
            counts = ", ".join(f"{count:,} {sanitize(word)}" for word, count in named.items())
            facts.append((f"Included by name, sent last: {counts}\n", "$text-error bold"))
        if guarded.held_back:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.reasons().items())
            facts.append((f"Held back by the guard: {why}\n", "$text-warning bold"))
        kept = os.environ.get("TMUX") or os.environ.get("STY")
        if not kept and forecast.requests > _LONG:
            facts.append(("A lost line ends this terminal: tmux or screen would keep it.\n", "$text-warning"))
        return facts

    @staticmethod
    def _quota(forecast: Forecast) -> list[Piece]:
        """What it costs of the token's quota, where that is known."""
        if forecast.left is None:
            return []
        scarce = forecast.waits > 0 or forecast.left < (forecast.quota or 0) // 2
        return [(f"Quota: {forecast.describe()}\n", "$text-warning" if scarce else "dim")]

    def footer_keys(self) -> Sequence[tuple[str, str]]:
        """The form's own keys."""
        return (("enter", "next field, send at the last"), ("tab", "next field"), ("esc", "back, nothing is sent"))

    # ---- confirming

    def _problem(self, sentence: str, tone: str = "$text-error") -> None:
        self.query_one("#problem", TextLine).set_text((sentence, tone))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; it sends only with a reason and the right number."""
        reason, typed = self.query_one("#reason", Input), self.query_one("#typed", Input)
        if event.input.id == "include":
            self._included(event.value)
        elif not reason.value.strip():
            self._problem("A reason is needed: it goes on record.")
            reason.focus()
        elif event.input is reason:
            self._problem("")
            typed.focus()
        elif not self._plan.targets:
            self._problem("Nothing is left to send.")
        elif typed.value.strip().replace(",", "") != str(len(self._plan.targets)):
            self._problem(f"Not sent: type {len(self._plan.targets)} to send, or esc to leave.")
        elif not self.awaiting:
            self._check(reason.value.strip())

    def _included(self, value: str) -> None:
        """Take what was typed for verdicts, domains or UNCHECKED to send after all; only the whole word counts."""
        typed = [word for word in value.replace(",", " ").split() if word]
        known = {word.upper(): word for word in self.service.plans.guard(self._targets).includable_counts()}
        unknown = [word for word in typed if word.upper() not in known]
        if unknown:
            self._problem(f"Nothing is held back under {sanitize(unknown[0], 40)}; type {' or '.join(known.values())}.")
            return
        try:
            included = tuple(known[word.upper()] for word in typed)
            guarded = self.service.plans.guard(self._targets, include=included)
        except SluiceError as error:
            self._problem(str(error))
            return
        self._guarded = guarded
        self._plan = self.service.plans.plan(guarded, "", canary=True)
        self._problem("")
        self._show_plan()
        self.query_one("#reason").focus()

    @work(exclusive=True, group="check")
    async def _check(self, reason: str) -> None:
        """See whether all is as it was when it was shown; what changed is shown, and the number asked for anew."""
        self.awaiting = True
        self._problem("Checking whether anything changed…", "dim")
        try:
            changes = await self.service.plans.changes_since_review(self._plan, self._search)
        except SluiceError as error:
            self._problem(f"Not sent: the messages could not be checked again. {error}")
            return
        finally:
            self.awaiting = False
        if changes.gone:
            self._plan = self._plan.without(changes.gone)
            self._guarded = self._guarded.without(changes.gone)
            self._show_plan()
            self.query_one("#typed", Input).value = ""
            left = len(self._plan.targets)
            then = f"type {left} for the rest" if left else "nothing is left"
            self._problem(f"Not sent: {len(changes.gone):,} changed since, and left the plan; {then}.")
            return
        plan = replace(self._plan, reason=reason)
        if changes.new:
            self.service.record(
                f"Plan {plan.plan_id}: {plural(changes.new, 'more message')} held now, not in the plan, not sent."
            )
        self.post_message(self.Confirmed(plan, self._guarded))

    def on_button_pressed(self) -> None:
        """The only button is the way out."""
        self.app.pop_screen()
