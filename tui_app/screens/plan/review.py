"""The review of a plan: what would be sent, what the guard holds back, why, and the typed number."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import work
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Static

from tui_app.core.clock import local_time, rough_duration
from tui_app.core.confirmation import to_type
from tui_app.core.errors import SluiceError
from tui_app.core.fitting import end_of
from tui_app.core.paths import sheet
from tui_app.core.text import plural, sanitize
from tui_app.plans.commands import Send
from tui_app.plans.effect import Effect
from tui_app.plans.guard import ODD, REASON_ODD
from tui_app.plans.odd_ones import known_domains, odd_ones
from tui_app.plans.plan import Target
from tui_app.plans.request import A_RELEASE, PlanRequest
from tui_app.plans.summary import sender_domain_counts, verdict_counts
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.confirm import ALL_AT_ONCE, ENTER_AGAIN, came_too_soon
from tui_app.screens.intent import Intent
from tui_app.screens.plan.question import left_out_reasons
from tui_app.screens.plan.review_rows import (
    ROWS_OF_ODD,
    counted,
    odd_heading,
    odd_rows,
    one_of_each_kind,
    rows_of,
    sample_row,
    together,
)
from tui_app.widgets.inputs import LineInput
from tui_app.widgets.text_lines import Piece, TextBlock, TextLine

if TYPE_CHECKING:
    from textual.widget import Widget
    from textual.worker import Worker

    from tui_app.api.budget import Forecast
    from tui_app.api.search import SearchParams
    from tui_app.plans.guard import Guarded
    from tui_app.plans.odd_ones import OddOne
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import FooterKeys

_CHECKS = "Wait: it is being checked whether anything changed."
_VERDICTS, _DOMAINS, _REASONS = 6, 6, 6
"""Verdicts and sender domains that are named; f2 lists every message."""
_LONG_DOMAIN = 60
"""Cells; of a longer domain the end is shown, f2 has all of it."""
_AROUND_FACTS = 8
"""Rows of the screen that are neither facts nor fields: header, breadcrumb, problem, button, blanks, two lines below."""
_LONG = 50
"""Requests after which it is worth saying that tmux keeps a session alive."""


@dataclass
class ReviewDraft:
    """The reason that was typed in a review that was left: it is there again for the same messages, and for no others."""

    about: tuple[Effect, frozenset[str]] | None = None
    reason: str = ""


class ReviewScreen(ConsoleScreen):
    """What would be done, before anything is sent. `search` is what the messages were found by, if they were."""

    CSS_PATH = sheet("screens/plan")
    screen_name = "review"

    BINDINGS = [Binding("f2", "list_all", "list all", show=False)]

    class ListWanted(Intent):
        """The operator wants to see every message."""

        def __init__(self, guarded: Guarded, effect: Effect) -> None:
            super().__init__()
            self.guarded = guarded
            self.effect = effect

    class Confirmed(Intent):
        """The operator typed the number, and nothing had changed since it was shown."""

        def __init__(self, command: Send, guarded: Guarded) -> None:
            super().__init__()
            self.command = command
            self.guarded = guarded

    def __init__(
        self,
        service: EmailSecurityService,
        targets: Sequence[Target],
        guarded: Guarded,
        search: SearchParams | None = None,
        request: PlanRequest = A_RELEASE,
        draft: ReviewDraft | None = None,
    ) -> None:
        super().__init__(service)
        self._draft, about = draft or ReviewDraft(), (request.effect, frozenset(target.id for target in targets))
        if self._draft.about != about:
            self._draft.about, self._draft.reason = about, ""
        self._targets = tuple(targets)
        self._request = request
        self._search = search
        self._guarded = guarded
        self._asked = guarded
        """What the guard says of all messages, with nothing included."""
        self._known = known_domains(targets, service.seen_domains)
        self._plan = service.plans.plan(self._guarded, "", request, canary=True)
        self._shown_at: float | None = None
        self._checking: Worker[None] | None = None
        """What looks whether anything changed since it was shown: a question, which can be left at any time."""
        self._included_line = ""
        """What was typed for Include when the plan was made of it."""
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
            sanitize(self._draft.reason or self._request.reason, 200),
            placeholder="why, for the record: ticket, who asked",
            id="reason",
            max_length=200,
            compact=True,
            select_on_focus=False,  # what was taken over is not to be lost by a key
        )
        count = LineInput(id="typed", max_length=20, compact=True, classes="asks")
        fields = [("Include", include)] if words else []
        fields += [("Reason", reason), ("Messages", count)]
        yield VerticalScroll(
            TextBlock(id="facts"),
            *(Horizontal(Static(label, classes="label", markup=False), box, classes="field") for label, box in fields),
            TextLine(id="problem"),
            Button("Back, nothing is sent (esc)", id="cancel", compact=True),
            id="review",
            can_focus=False,
        )

    def mounted(self) -> None:
        """Lay out the form; the reason is typed first."""
        super().mounted()
        self._show_plan()
        self._focus_next()

    def _focus_next(self) -> None:
        """The reason is typed first; one that was taken over is only read. Without anything to send, what to include."""
        if not self._plan.targets and self.query("#include"):
            self.query_one("#include").focus()
        else:
            self.query_one("#reason" if not self.query_one("#reason", Input).value.strip() else "#typed").focus()

    def resized(self) -> None:
        """The field that is typed in stays in sight."""
        super().resized()
        # The first size comes before there is anything to lay out.
        for facts in self.query("#facts").results(TextBlock):
            facts.set_text(*self._facts())
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def _show_plan(self) -> None:
        self._shown_at = None
        self.call_after_refresh(self._is_shown)
        self.query_one("#facts", TextBlock).set_text(*self._facts())
        self.query_one("#typed", Input).placeholder = (
            f"type {self._to_type} to send" if self._plan.targets else "nothing is left to send"
        )
        source = f"  {sanitize(self._plan.source.describe(), 40)}" if self._plan.source is not None else ""
        self.set_breadcrumb(
            [(f"{self._plan.effect.title} › ", "dim"), (f"plan {self._plan.plan_id}", "bold"), source],
            ["not sent yet"],
        )

    def _is_shown(self) -> None:
        self._shown_at = asyncio.get_running_loop().time()

    @property
    def _to_type(self) -> str:
        """What confirms: `y` for one message, else their number; what nothing brings back wants its word, too."""
        return to_type(len(self._plan.targets), final=self._plan.effect.is_final)

    def _is_typed(self, value: str) -> bool:
        typed = " ".join(value.lower().replace(",", "").split())
        return typed == self._to_type or (not self._plan.effect.is_final and typed == str(len(self._plan.targets)))

    def _facts(self) -> list[Piece]:
        """What is about to be sent. All of it has to fit above the form: who sends mail chooses how long its words are."""
        width = max(20, self.size.width - 2)
        room = self.size.height - _AROUND_FACTS - len(self.query(".field"))
        odd = odd_ones(self._guarded, self._request)
        free, before, after, reasons = self._fitting(odd, room, width)
        told_of, free = self._told_of(odd, free)
        listed = self._plan.targets
        # What was named is what should be looked at twice.
        named_first = list(dict.fromkeys((*(kept.target for kept in self._guarded.by_name), *one_of_each_kind(listed))))
        told = {one.target.id for one in told_of}
        shown = [target for target in named_first if target.id not in told][: max(0, min(5, free))]
        more = f"  … and {len(listed) - len(shown):,} more: " if shown and len(listed) > len(shown) else "  "
        # The line of what is held back names the key then.
        named_below = not reasons and not shown and any(why != REASON_ODD for why in self._guarded.reasons())
        return [
            *before,
            *(piece for target in shown for piece in sample_row(target, self._known, width)),
            *([] if named_below else [(f"{more}f2 lists all\n", "dim")]),
            *after,
            *(piece for one in told_of for piece in odd_rows(one, self._known, width)),
            *self._more_odd(len(odd) - len(told_of) if told_of else 0),
        ]

    def _fitting(self, odd: Sequence[OddOne], room: int, width: int) -> tuple[int, list[Piece], list[Piece], int]:
        """Sums and warnings as long as there is room for: how many rows are left, both, and how many reasons are named.

        An odd message is told before the names of harmless domains are.
        """
        tiers = ((_DOMAINS, _REASONS), (3, _REASONS), (3, 2), (1, 1), (1, 0))
        tried: list[tuple[int, list[Piece], list[Piece], int]] = []
        for domains, reasons in tiers:
            whole = reasons == _REASONS
            before, after = (
                self._sums(domains, whole=whole, tight=not reasons),
                [*self._warnings(reasons), *odd_heading(odd)],
            )
            free = room - 1 - rows_of([*before, *after], width)
            tried.append((free, before, after, reasons))
            if odd and free >= ROWS_OF_ODD + (len(odd) > 1):
                return tried[-1]
        for fits in tried:
            if fits[0] > (0 if fits[3] == _REASONS else -1):
                return fits
        return tried[-1]

    @staticmethod
    def _more_odd(count: int) -> list[Piece]:
        return [(f"  … and {count:,} more odd: f2 lists all\n", "$text-warning")] if count else []

    @staticmethod
    def _told_of(odd: Sequence[OddOne], free: int) -> tuple[Sequence[OddOne], int]:
        """The odd messages that are told one by one in so many rows, and how many rows are left beside them."""
        count = min(len(odd), max(0, free) // ROWS_OF_ODD)
        if count < len(odd):
            count = max(0, free - 1) // ROWS_OF_ODD  # a row says how many more there are
        return odd[:count], free - count * ROWS_OF_ODD - (0 < count < len(odd))

    def _sums(self, domains: int, *, whole: bool, tight: bool) -> list[Piece]:
        """What is sent, in numbers, so many domains by name; `whole` = also how it is sent, `tight` = in fewer lines."""
        plan = self._plan
        if not plan.targets:
            return [("Nothing to send\n", "bold")]
        forecast = self.service.forecast(len(plan.batches()))
        each = f", {plural(plan.batch_size, 'message')} each" if forecast.requests > 1 else ""
        senders = [(end_of(domain, _LONG_DOMAIN), count) for domain, count in sender_domain_counts(plan.targets)]
        pieces: list[Piece] = [
            (together(plural(len(plan.targets), "message")), "bold"),
            (f" · {together(plural(plan.recipients, 'recipient'))}", "bold"),
            f" · {together(plural(forecast.requests, 'request') + (each if whole else ''))}",
            f" · {together(f'about {rough_duration(forecast.seconds)}')}\n" if whole else "\n",
            *(self._quota(forecast) if whole or forecast.waits else ()),
            f"{counted(verdict_counts(plan.targets), _VERDICTS, 'of', 'other verdict')}{', ' if tight else chr(10)}",
            f"from {counted(senders, domains, 'from', 'other domain')}\n",
        ]
        if plan.effect.is_move:
            tone = "$text-error bold" if plan.effect.is_final else ""
            pieces.append((f"To {plan.effect.destination.label}: {plan.effect.consequence}\n", tone))  # type: ignore[union-attr]
        if plan.not_before is not None:
            at = f"{local_time(plan.not_before):%Y-%m-%d %H:%M:%S}"
            pieces.append(
                (f"Not before {at}: it waits till then; a console must run, or ledger resume.\n", "$text-warning")
            )
        if plan.canary and whole:
            first = "The first one is" if plan.canary == 1 else f"The first {plan.canary:,} are"
            pieces.append((f"{first} sent alone, to be looked at before the rest.\n", "dim"))
        return pieces

    def _warnings(self, reasons: int) -> list[Piece]:
        """What is not sent, and so many reasons of it in words."""
        guarded, requests = self._guarded, len(self._plan.batches())
        facts: list[Piece] = [(f"{remark}\n", "$text-warning") for remark in self._request.remarks]
        # What is odd has a line of its own.
        if named := {word: count for word, count in guarded.included_counts().items() if word != ODD}:
            counts = ", ".join(f"{count:,} {sanitize(word)}" for word, count in named.items())
            facts.append((f"Included by name, sent last: {counts}\n", "$text-error bold"))
        held_back = {
            why: count for why, count in guarded.reasons().items() if why != REASON_ODD
        }  # told by its own line
        if held_back:
            why = counted(Counter(held_back).most_common(), reasons, "for", "other reason")
            if not reasons:
                why = f"{sum(held_back.values()):,}, f2 tells why"
            facts.append((f"Held back by the guard: {why}\n", "$text-warning bold"))
        if guarded.unfit:
            why = ", ".join(f"{count:,} {reason}" for reason, count in guarded.unfit_reasons().items())
            facts.append((f"Left out: {why}\n", "$text-warning"))
        kept = os.environ.get("TMUX") or os.environ.get("STY")
        if not kept and requests > _LONG:
            facts.append(("A lost line ends this terminal: tmux or screen would keep it.\n", "$text-warning"))
        return facts

    @staticmethod
    def _quota(forecast: Forecast) -> list[Piece]:
        """What it costs of the token's quota, where that is known."""
        if forecast.left is None:
            return []
        scarce = forecast.waits > 0 or forecast.left < (forecast.quota or 0) // 2
        return [(f"Quota: {forecast.describe()}\n", "$text-warning" if scarce else "dim")]

    def footer_keys(self) -> FooterKeys:
        """The form's own keys; enter is also said beside the fields."""
        return (("f2", "list all"), ("enter", "next field, then send")), (("esc", "back, nothing sent"), ("f1", "help"))

    def action_list_all(self) -> None:
        """List every message: to send, held back, left out."""
        if self._is_checking:
            self.notice(_CHECKS)  # what was confirmed must find this screen
            return
        self.post_message(self.ListWanted(self._guarded, self._plan.effect))

    # ---- confirming

    @property
    def _is_checking(self) -> bool:
        return self._checking is not None and not self._checking.is_finished

    def _take_back(self) -> None:
        """Nothing is confirmed any more."""
        if self._checking is not None:
            self._checking.cancel()
        self._checking = None

    def handle_back(self) -> bool:
        """Esc means no, also while it is being checked whether anything changed."""
        self._take_back()
        return super().handle_back()

    def on_input_changed(self) -> None:
        """What is typed while it is checked takes back what was confirmed; the reason is kept if this is left."""
        self._draft.reason = self.query_one("#reason", Input).value
        if self._is_checking:
            self._take_back()
            self.notice("")
            self._problem(f"Not sent: it was changed while it was checked. Type {self._to_type} to send.")

    def _problem(self, sentence: str, tone: str = "$text-error") -> None:
        self.query_one("#problem", TextLine).set_text((sentence, tone))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on; it sends only with a reason and the right number."""
        if self._is_checking:
            self.notice(_CHECKS)
            return
        reason, typed = self.query_one("#reason", Input), self.query_one("#typed", Input)
        if event.input.id == "include":
            await self._included(event.value)
        elif not reason.value.strip():
            self._problem("A reason is needed: it goes on record.")
            reason.focus()
        elif event.input is reason and self._are_words(reason.value):
            reason.select_all()
            self._problem(f"{sanitize(reason.value.strip(), 40)} is a word for Include, not a reason.")
        elif event.input is reason:
            self._problem("")
            typed.focus()
        elif (
            line := " ".join(box.value.strip() for box in self.query("#include").results(Input))
        ) != self._included_line:
            await self._included(line)
            if line == self._included_line:
                self._problem("Include was changed: look again, then type the number.")
        elif not self._plan.targets:
            self._problem("Nothing is left to send.")
        elif not self._is_typed(typed.value):
            typed.select_all()  # what is typed next takes its place
            self._problem(f"Not sent: type {self._to_type} to send, or esc to leave.")
        elif came_too_soon(self, self._shown_at, ALL_AT_ONCE):
            self._problem(ENTER_AGAIN, "$text-warning")
        else:
            self._checking = self._check(reason.value.strip())

    def _are_words(self, line: str) -> bool:
        """Whether all of a line are words that Include takes."""
        known = {word.upper() for word in (*self._asked.includable_counts(), *self._guarded.includable_counts())}
        words = line.upper().replace(",", " ").split()
        return bool(words) and all(word in known for word in words)

    async def _included(self, value: str) -> None:
        """Take what was typed for verdicts, domains or UNCHECKED to send after all; only the whole word counts."""
        typed = [word for word in value.replace(",", " ").split() if word]
        guarded, included = self._asked, tuple[str, ...]()
        known = {word.upper(): word for word in (*guarded.includable_counts(), *self._guarded.includable_counts())}
        # A word may bring up what also speaks against a message, under the next word of the line.
        while new := [known[word.upper()] for word in typed if word.upper() in known]:
            if not set(new) - set(included):
                break
            included = tuple(dict.fromkeys(new))
            try:
                guarded = await asyncio.to_thread(
                    self.service.plans.guard, self._targets, self._request, include=included
                )
            except SluiceError as error:
                self._problem(str(error))
                return
            known |= {word.upper(): word for word in guarded.includable_counts()}
        unknown = [word for word in typed if word.upper() not in known]
        if unknown:
            guarded = self._asked  # what was typed before counts no more: the field says something else
        self._included_line = "" if unknown else value.strip()
        self._guarded = guarded.without(self._left)
        self._plan = self.service.plans.plan(self._guarded, "", self._request, canary=True)
        self._show_plan()
        if unknown:
            self._problem(f"Nothing is held back under {sanitize(unknown[0], 40)}; type {' or '.join(known.values())}.")
            return
        still = [word for word in self._guarded.includable_counts() if word not in self._asked.includable_counts()]
        self._problem(f"Also type {' '.join(still)}, beside what is typed, to send all of these." if still else "")
        self._focus_next()

    @work(exclusive=True, group="check")
    async def _check(self, reason: str) -> None:
        """See whether all is as it was when it was shown; what changed is shown, and the number asked for anew."""
        self._problem("Checking whether anything changed… ‹screen.back› sends nothing.", "dim")
        try:
            changes = await self.service.plans.changes_since_review(self._plan, self._search)
        except SluiceError as error:
            self.notice("")
            self._problem(f"Not sent: the messages could not be checked again. {error}")
            return
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
                f"Plan {plan.plan_id}: {plural(changes.new, 'message')} of the same search not in the plan, not sent."
            )
        self._draft.reason = ""  # it is on record
        self.post_message(self.Confirmed(Send(plan, self._request.journals), self._guarded))

    def on_button_pressed(self) -> None:
        """The only button is the way out."""
        self._take_back()
        self.app.pop_screen()
