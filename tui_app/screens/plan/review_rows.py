"""Lines of a review: counts, one message in a row, and what is not like the others in two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from tui_app.core.fitting import end_of, fitted, short_address
from tui_app.core.sender_text import NO_SENDER
from tui_app.core.text import plural, sanitize
from tui_app.plans.guard import ODD
from tui_app.plans.odd_ones import OddOne, odd_sums, target_signs
from tui_app.plans.summary import NO_DOMAIN, domain_of, rarest_first, sender_domain, sender_told, verdict_of
from tui_app.screens import format as fmt
from tui_app.widgets.redaction import AddressText, PrivateText
from tui_app.widgets.text_lines import Piece, breaks

if TYPE_CHECKING:
    from tui_app.core.look_alike import KnownDomains
    from tui_app.plans.plan import Target

ROWS_OF_ODD: Final = 2
"""Rows of each message that is not like the others."""
_SHORTEST: Final = 8
"""Cells: a subject in less tells nothing."""


def counted(counts: Sequence[tuple[str, int]], most: int, of: str, other: str) -> str:
    """Counts in a line, the rarest first; what is behind the most is summed, never the rare ones.

    `of` and `other` tell of what that is: `from`, `other domain`.
    """
    told = ", ".join(f"{count:,}\u00a0{what}" for what, count in counts[:most])
    more = sum(count for _, count in counts[most:])
    return told + (f", {more:,} {of} {plural(len(counts) - most, other)}" if more else "")


def one_of_each_kind(targets: Iterable[Target]) -> list[Target]:
    """One message of each kind, by verdict and sender domain, then the others; the rarest first."""
    listed = rarest_first(targets)
    kinds = {(verdict_of(target), domain_of(target)): target for target in reversed(listed)}
    firsts = [target for target in listed if kinds[verdict_of(target), domain_of(target)] is target]
    seen = {target.id for target in firsts}
    return [*firsts, *(target for target in listed if target.id not in seen)]


def together(text: str) -> str:
    """The text as one word: it is not broken."""
    return text.replace(" ", "\u00a0")


def rows_of(pieces: Sequence[Piece], width: int) -> int:
    """How many rows these take."""
    text = "".join(piece if isinstance(piece, str) else piece[0] for piece in pieces)
    return sum(1 + len(breaks(line, width, width - 4)) for line in text.splitlines())


def sender_of(target: Target) -> str:
    """Who sent it: whatever is cut, the domain is whole. Empty where nobody is known."""
    told = sender_told(target)
    if told == NO_SENDER or not told:
        return ""
    return PrivateText(told) if sender_domain(target) == NO_DOMAIN else AddressText(told)


def sender_within(target: Target, room: int) -> str:
    """Who sent it, in so many cells: whatever is cut, the domain is the last. A word where it names nobody."""
    sender = sender_of(target)
    if isinstance(sender, AddressText):
        return AddressText(short_address(sender, room))
    return PrivateText(fitted(sender, room).rstrip()) if sender else fitted(sender_told(target), room).rstrip()


def odd_rows(one: OddOne, known: KnownDomains, width: int) -> list[Piece]:
    """An odd message in two rows: what happens to it, who sent it and its subject; then what is different."""
    sign = next((f"{sign.kind.glyph} {sign.word} " for sign in target_signs(one.target, known)), "")
    what = f"  {'held back' if one.held else 'goes out':9}  "
    left = width - cell_len(what) - cell_len(sign)
    sender = sender_within(one.target, left)
    left -= cell_len(sender) + 2
    subject = fitted(sanitize(one.target.subject.exact, 200), left).rstrip() if left > _SHORTEST else ""
    return [
        (what, "$text-warning" if one.held else "$text-error bold"),
        (sign, fmt.SIGN),
        sender,
        "  ",
        PrivateText(subject),
        "\n",
        (f"      {fitted(one.different, width - 6).rstrip()}\n", fmt.SIGN),
    ]


def sample_row(target: Target, known: KnownDomains, width: int) -> list[Piece]:
    """A message in one row: what is written in it must not begin another one."""
    sign = next((f"{sign.kind.glyph} {sign.word} " for sign in target_signs(target, known)), "")
    room = width - 18 - cell_len(sign)
    verdict = fmt.verdict(target.disposition)
    sender = sender_of(target)
    sender = (
        AddressText(end_of(sender, room * 3 // 5))
        if isinstance(sender, AddressText)
        else sender_within(target, room * 3 // 5)
    )
    subject = sanitize(target.subject.exact, 200)
    left = room - cell_len(sender) - 2
    return [
        (f"  {fitted(verdict.text, 15)} ", fmt.style_of(verdict.tone)),
        (sign, fmt.SIGN),
        (sender, "dim"),
        "  ",
        (PrivateText(fitted(subject, left).rstrip()), "dim"),
        "\n",
    ]


def odd_heading(odd: Sequence[OddOne]) -> list[Piece]:
    """How many are not like the others, and what happens to them."""
    sums = odd_sums(odd, lets_through=ODD)
    tone = "$text-error bold" if any(goes_out for _, goes_out in sums) else "$text-warning bold"
    return [(f"{' · '.join(together(text) for text, _ in sums)}\n", tone)] if sums else []
