"""The questions about what is left of a plan: send it, with what speaks against that, or never send it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tui_app.core.clock import local_time
from tui_app.core.confirmation import to_type
from tui_app.core.text import plural, sanitize
from tui_app.plans.state import OPEN, UNSEEN, Outcome, PlanState
from tui_app.plans.summary import sender_domain_counts, verdict_counts
from tui_app.screens.confirm import Confirm

if TYPE_CHECKING:
    from tui_app.plans.ledger_entry import LedgerEntry
    from tui_app.plans.recheck import Look
    from tui_app.widgets.text_lines import Piece

_DOMAINS: Final = 8
"""Sender domains that the question names; the table below it has all."""


def left_out_reasons(why_not: Mapping[str, str]) -> str:
    """Why messages are left out, in counts."""
    counted = Counter(why_not.values())
    return "".join(f"{count:,} {sanitize(why)}. " for why, count in counted.items())


def rest_facts(entry: LedgerEntry, rest: Look, *, resend_unseen: bool) -> list[Piece]:
    """What going on with a plan would do: how many of which verdicts and from whom, what is left out, and the risks."""
    state = entry.state
    facts: list[Piece] = [(f"{sanitize(doubt)}\n", "$text-error bold") for doubt in entry.doubts]
    if unknown := len(state.with_outcome(Outcome.UNKNOWN)):
        facts.append(
            f"First {plural(unknown, 'message')} of unknown outcome {'is' if unknown == 1 else 'are'} asked about.\n"
        )
    facts.append((f"{plural(len(rest.fit), 'message')} to send", "bold"))
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in verdict_counts(rest.fit))
    domains = sender_domain_counts(rest.fit)
    shown = ", ".join(f"{count:,} {domain}" for domain, count in domains[:_DOMAINS])
    more = f" and {len(domains) - _DOMAINS:,} more domains" if len(domains) > _DOMAINS else ""
    facts.append(f": {verdicts}, from {shown}{more}\n" if rest.fit else "\n")
    if (due := entry.plan.not_before) is not None:
        at = f"{local_time(due):%Y-%m-%d %H:%M:%S}"
        facts.append((f"Not before {at}: till then it waits, while this console runs.\n", "$text-warning"))
    if rest.why_not:
        facts.append((f"Left out: {left_out_reasons(rest.why_not)}\n", "$text-warning bold"))
    if resend_unseen:
        fit = {target.id for target in rest.fit}
        again = sum(target.id in fit for target in state.with_outcome(*UNSEEN))
        facts.append(f"To {plural(again, 'message')} of them a request was sent before, and no answer came.\n")
        risk = "It may be moved twice" if state.plan.effect.is_move else "A recipient may get a message twice"
        facts.append((f"{risk}.\n", "$text-error bold"))
    if entry.doubts:
        facts.append(("To go on in spite of that, type the plan's name and the number.\n", "$text-warning"))
    return facts


def _about(entry: LedgerEntry) -> Piece:
    """What it is about: what is done, and the plan's name."""
    return f"{entry.plan.effect.title}, plan {entry.name}\n"


def rest_question(entry: LedgerEntry, rest: Look, *, resend_unseen: bool) -> Confirm:
    """Whether the rest is sent, or what was not seen done is sent again: its number is typed, after doubts the plan, too."""
    number = to_type(len(rest.fit), final=entry.plan.effect.is_final)
    return Confirm(
        "Send these again?" if resend_unseen else "Send the rest of this plan?",
        [_about(entry), *rest_facts(entry, rest, resend_unseen=resend_unseen)],
        typed=f"{entry.name} {number}" if entry.doubts else number,
        way_out="Back, nothing is sent",
    )


def close_question(entry: LedgerEntry, state: PlanState) -> Confirm:
    """Whether the rest is never sent."""
    facts: list[Piece] = [
        _about(entry),
        *((f"{sanitize(doubt)}\n", "$text-error bold") for doubt in entry.doubts),
        f"{state.describe()}.\nWhat was not sent of this plan never will be. Nothing is sent now.\n",
    ]
    if state.unknown:
        still = plural(len(state.with_outcome(*OPEN)), "message")
        unknown = f"The outcome of {still} is unknown: ‹plan.settle› asks, also after the plan is closed.\n"
        facts.append((unknown, "$text-warning"))
    typed = entry.name if entry.doubts else "y"
    return Confirm("Close this plan?", facts, typed=typed, way_out="Keep it open")
