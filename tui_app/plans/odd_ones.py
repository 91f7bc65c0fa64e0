"""Which messages of a plan are not like the others: one that imitates a sender must not go out among a thousand of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.plans.plan import Target


def find_odd(targets: Iterable[Target]) -> Mapping[str, str]:
    """Ids of messages that differ from the others of their kind, and what is different, as safe text."""
    from tui_app.core.address import domain_in
    from tui_app.core.look_alike import KnownDomains
    from tui_app.core.outliers import FamilyTally, with_common_pattern
    from tui_app.core.subject import common_patterns

    tally, own, senders = FamilyTally(), set[str](), Counter[str]()
    known = [target for target in targets if target.features is not None]
    patterns: dict[str, set[str]] = {}
    for target in known:
        assert target.features is not None
        patterns.setdefault(target.features.domain, set()).add(target.features.pattern)
    common = {domain: merged for domain, own_ones in patterns.items() if (merged := common_patterns(own_ones))}
    for target in known:
        assert target.features is not None
        tally.add(with_common_pattern(target.features, common))
        senders[domain_in(target.sender.exact)] += 1
        if target.recipients_known:
            own.update(domain_in(recipient.exact) for recipient in target.recipients)
    domains = KnownDomains.of(filter(None, own), {name: count for name, count in senders.items() if name})
    found: dict[str, str] = {}
    for target in known:
        assert target.features is not None
        like = domains.likeness(domain_in(target.sender.exact))
        differences = [like.describe()] if like is not None else []
        differences += [difference.describe() for difference in tally.odd(with_common_pattern(target.features, common))]
        if differences:
            found[target.id] = "; ".join(differences)
    return found
