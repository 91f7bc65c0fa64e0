"""The review of a release: what would be sent, what the guard holds back, why, and the typed number."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui_app.core.clock import rough_duration
from tui_app.core.errors import SluiceError
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.plans.plan import Plan, Target
from tui_app.plans.summary import (
    NO_DOMAIN,
    rarest_first,
    sender_domain,
    sender_domain_counts,
    verdict_counts,
    verdict_of,
)
from tui_app.screens import format as fmt
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.confirm import ALL_AT_ONCE, ENTER_AGAIN, came_too_soon
from tui_app.screens.plan.question import left_out_reasons
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.table import fitted
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.budget import Forecast
    from tui_app.api.search import SearchParams
    from tui_app.plans.guard import Guarded
    from tui_app.service import EmailSecurityService

_CHECKS = "Wait: it is being checked whether anything changed."
_VERDICTS, _DOMAINS = 6, 6
"""Verdicts and sender domains that are named; f2 lists every message."""
_LONG = 50
"""Requests after which it is worth saying that tmux keeps a session alive."""


def _counted(counts: Sequence[tuple[str, int]], most: int, rest: str) -> str:
    """Counts in a line, the rarest first; what is behind the most is summed, never the rare ones."""
    told = ", ".join(f"{count:,} {what}" for what, count in counts[:most])
    more = sum(count for _, count in counts[most:])
    return told + (f", {more:,} {rest.format(len(counts) - most)}" if more else "")


def _kinds(targets: Iterable[Target]) -> list[Target]:
    """One message of each kind, by verdict and sender domain, then the others; the rarest first."""
    listed = rarest_first(targets)
    kinds = {(verdict_of(target), sender_domain(target)): target for target in reversed(listed)}
    firsts = [target for target in listed if kinds[verdict_of(target), sender_domain(target)] is target]
    seen = {target.id for target in firsts}
    return [*firsts, *(target for target in listed if target.id not in seen)]


def _sender(target: Target) -> str:
    """The sender in so many cells; its domain is never cut: who sends mail would choose what is cut off."""
    whole = sender_domain(target)
    local = sanitize(target.sender.exact.rpartition("@")[0], max(8, 50 - len(whole)))
    return f"{local}@{whole}" if whole != NO_DOMAIN else sanitize(target.sender.exact, 60)


class ReviewScreen(ConsoleScreen):
    """What would be released, before anything is sent. `search` is what the messages were found by, if they were."""

    CSS_PATH = sheet("screens/plan")
    screen_name = "review"

    BINDINGS = [Binding("f2", "list_all", "list all", show=False)]

    class ListWanted(Message):
        """The operator wants to see every message."""

        def __init__(self, guarded: Guarded) -> None:
            super().__init__()
            self.guarded = guarded

    class Confirmed(Message):
        """The operator typed the number, and nothing had changed since it was shown."""

        def __init__(self, plan: Plan, guarded: Guarded) -> None:
            super().__init__()
            self.plan = plan
            self.guarded = guarded

    def __init__(
        self,
        service: EmailSecurityService,
        targets: Sequence[Target],
        guarded: Guarded,
        search: SearchParams | None = None,
    ) -> None:
        super().__init__(service)
        self._targets = tuple(targets)
        self._search = search
        self._guarded = guarded
        self._asked = guarded
        """What the guard says of all messages, with nothing included."""
        self._plan = service.plans.plan(self._guarded, "", canary=True)
        self._shown_at: float | None = None
        self._left: dict[str, str] = {}
        """What changed since it was shown, and left the plan: ids, and why."""

    def content(self) -> Iterable[Widget]:
        """Facts, what to include, the reason, the number."""
        words = self._guarded.includable_counts()
        include = LineInput(
            placeholder=f"type {' or '.join(words)} to send these too",
            id="include",
            max_length=100,
            compact=True,
            classes="asks",
        )
        reason = LineInput(
            placeholder="why, for the record: ticket, who asked", id="reason", max_length=200, compact=True
        )
        count = LineInput(id="typed", max_length=12, compact=True, classes="asks")
        fields = [("Include", include)] if words else []
        fields += [("Reason", reason), ("Messages", count)]
        yield VerticalScroll(
            TextBlock(id="facts"),
            *(Horizontal(Static(label, classes="label", markup=False), box, classes="field") for label, box in fields),
            TextLine(id="problem"),
            Button("Back, nothing is sent (esc)", id="cancel", compact=True),
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
        self._shown_at = None
        self.call_after_refresh(self._is_shown)
        self.query_one("#facts", TextBlock).set_text(*self._facts())
        self.query_one("#typed", Input).placeholder = (
            f"type {self._to_type} to send" if self._plan.targets else "nothing is left to send"
        )
        self.set_breadcrumb([("Release › ", "dim"), (f"plan {self._plan.plan_id}", "bold")], ["not sent yet"])

    def _is_shown(self) -> None:
        self._shown_at = asyncio.get_running_loop().time()

    @property
    def _to_type(self) -> str:
        """What confirms: `y` for one message, else their number."""
        left = len(self._plan.targets)
        return "y" if left == 1 else str(left)

    def _facts(self) -> list[Piece]:
        plan, guarded = self._plan, self._guarded
        forecast = self.service.forecast(len(plan.batches()))
        each = f", {plural(plan.batch_size, 'message')} each" if forecast.requests > 1 else ""
        facts: list[Piece] = [("Nothing to send\n", "bold")]
        if plan.targets:
            facts = [
                (f"{plural(len(plan.targets), 'message')} · {plural(plan.recipients, 'recipient')}", "bold"),
                f" · {plural(forecast.requests, 'request')}{each} · about {rough_duration(forecast.seconds)}\n",
                *self._quota(forecast),
            ]
        if plan.targets:
            verdicts, domains = verdict_counts(plan.targets), sender_domain_counts(plan.targets)
            facts += [
                f"{_counted(verdicts, _VERDICTS, 'of {} other verdicts')}\n",
                f"from {_counted(domains, _DOMAINS, 'from {} other domains')}\n",
            ]
        if plan.canary:
            facts.append((f"The first {plan.canary} are sent alone, to be looked at before the rest.\n", "dim"))
        height = self.app.size.height
        sample = 5 if height >= 22 else 1 if height >= 18 else 0
        # What was named is what should be looked at twice.
        named_first = dict.fromkeys((*(kept.target for kept in guarded.by_name), *_kinds(plan.targets)))
        for target in list(named_first)[:sample]:
            seen = f"  {fitted(fmt.verdict(target.disposition).text, 15)} "
            facts += [
                (seen, "dim"),
                (AddressText(_sender(target)), "dim"),
                "  ",
                (PrivateText(sanitize(target.subject.exact, 60)), "dim"),
                "\n",
            ]
        more = f"  … and {len(plan.targets) - sample:,} more: " if len(plan.targets) > sample else "  "
        facts.append((f"{more}f2 lists all\n", "dim"))
        if named := guarded.included_counts():
            counts = ", ".join(f"{count:,} {sanitize(word)}" for word, count in named.items())
            facts.append((f"Included by name, sent last: {counts}\n", "$text-error bold"))
        if guarded.held_back:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.reasons().items())
            facts.append((f"Held back by the guard: {why}\n", "$text-warning bold"))
        if guarded.unfit:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.unfit_reasons().items())
            facts.append((f"Left out: {why}\n", "$text-warning"))
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
        return (("enter", "next field, then send"), ("f2", "list all"), ("esc", "back, nothing sent"), ("f1", "help"))

    def action_list_all(self) -> None:
        """List every message: to send, held back, left out."""
        if self.awaiting:
            self.notice(_CHECKS)  # what was confirmed must find this screen
            return
        self.post_message(self.ListWanted(self._guarded))

    # ---- confirming

    def _problem(self, sentence: str, tone: str = "$text-error") -> None:
        self.query_one("#problem", TextLine).set_text((sentence, tone))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; it sends only with a reason and the right number."""
        if self.awaiting:
            self.notice(_CHECKS)
            return
        reason, typed = self.query_one("#reason", Input), self.query_one("#typed", Input)
        if event.input.id == "include":
            await self._included(event.value)
        elif not reason.value.strip():
            self._problem("A reason is needed: it goes on record.")
            reason.focus()
        elif event.input is reason and reason.value.strip().upper() in self._guarded.includable_counts():
            reason.select_all()
            self._problem(f"{sanitize(reason.value.strip(), 40)} is a word for Include, not a reason.")
        elif event.input is reason:
            self._problem("")
            typed.focus()
        elif not self._plan.targets:
            self._problem("Nothing is left to send.")
        elif typed.value.strip().lower().replace(",", "") not in (self._to_type, str(len(self._plan.targets))):
            typed.select_all()  # what is typed next takes its place
            self._problem(f"Not sent: type {self._to_type} to send, or esc to leave.")
        elif came_too_soon(self, self._shown_at, ALL_AT_ONCE):
            self._problem(ENTER_AGAIN, "$text-warning")
        else:
            self._check(reason.value.strip())

    async def _included(self, value: str) -> None:
        """Take what was typed for verdicts, domains or UNCHECKED to send after all; only the whole word counts."""
        typed = [word for word in value.replace(",", " ").split() if word]
        known = {word.upper(): word for word in self._asked.includable_counts()}
        unknown = [word for word in typed if word.upper() not in known]
        if unknown:
            self._problem(f"Nothing is held back under {sanitize(unknown[0], 40)}; type {' or '.join(known.values())}.")
            return
        included = tuple(known[word.upper()] for word in typed)
        try:
            guarded = await asyncio.to_thread(self.service.plans.guard, self._targets, include=included)
        except SluiceError as error:
            self._problem(str(error))
            return
        self._guarded = guarded.without(self._left)
        self._plan = self.service.plans.plan(self._guarded, "", canary=True)
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
            self._left.update(changes.gone)
            self._show_plan()
            self.query_one("#typed", Input).value = ""
            then = f"type {self._to_type} for the rest" if self._plan.targets else "nothing is left"
            self._problem(f"Not sent: {then}. Left the plan: {left_out_reasons(changes.gone)}")
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
