"""Ids as people paste them, and what was told of a paste."""

from tui_app.plans.ids import ParsedIds

INVESTIGATE = "4Njp3P0STMz2c02Q-2024-01-05T10:00:00-12345678"
ONE, OTHER = "4N37A483DAD1DD04-2026-11-25T17:55:50-10000004", "4NFF0483DAD1DD04-2026-11-25T17:55:50-10000005"
HELD = [f"4NBC{n:04d}73B7D1FD-2026-11-2{n}T10:00:00-{n}" for n in range(1, 5)]
VICTIM = "4NV1C71M83DAD1DD-2026-11-25T17:55:50-10000077"


def told(parsed: ParsedIds) -> list[str]:
    """All ids that were taken or told of."""
    groups = (parsed.unrecognised, parsed.commented, parsed.not_searched, parsed.foreign, parsed.repeated)
    return [*parsed.ids, *(word for group in groups for _, word in group)]
