"""What a plan no longer sends when it is resumed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.plans.guard import Policy, guard_targets
from tui_app.plans.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tui_app.api.client import EmailSecurityClient
    from tui_app.plans.actions import PlanAction
    from tui_app.plans.ledger import Ledger
    from tui_app.plans.plan import Target
    from tui_app.plans.records import LedgerEntry


async def left_out(
    client: EmailSecurityClient,
    ledger: Ledger,
    policy: Policy,
    action: PlanAction,
    entry: LedgerEntry,
    targets: Sequence[Target],
    now: datetime,
) -> dict[str, str]:
    """Reasons by id for those of these targets that the guard would hold back by now, or another plan has sent meanwhile.

    Raises ApiError, and GuardError when the rest is more than the policy's maximum.
    """
    if not targets:
        return {}
    found = await look_up(client, [target.id for target in targets], now)
    guarded = guard_targets(found, policy, unfit=action.unfit, include=lambda target: entry.plan.words_for(target.id))
    held_back = {kept.target.id: kept.why for kept in guarded.held_back}
    # A search may be behind: what another plan was told is known at once.
    others = ledger.sent_meanwhile(entry)
    why: dict[str, str] = {}
    for target, known in zip(targets, found, strict=True):
        if target.id in others:
            why[target.id] = f"plan {others[target.id]} has sent it since"
        elif known.id in held_back:
            why[target.id] = f"{held_back[known.id]} (seen when the plan was resumed)"
    return why
