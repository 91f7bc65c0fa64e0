"""Lines of our own reports in free text: their facts hold what others wrote, and nothing of them is taken."""

from __future__ import annotations

import re
from typing import Final

_COMMON: Final = (
    "account",
    "comment",
    "created",
    "ended",
    "job",
    "journal",
    "made",
    "plan",
    "requests",
    "search",
    "started",
    "state",
    "what",
    "who",
    "why",
)
"""Names of facts that begin lines of tickets, too: without a bullet, and alone, such a line is all that belongs to it."""
_OWN: Final = (
    "SHA-256 of the plan",
    "allow list",
    "asked for and left out",
    "asked for by",
    "asked to cancel by",
    "asked to delete by",
    "doubts about the journal",
    "first request",
    "followed by",
    "follows from",
    "found by",
    "held back by the guard, not in the plan",
    "included by name",
    "last answer",
    "link of the chain",
    "mail of",
    "not before",
    "reported to Cloudflare",
    "preview before",
    "reason of the state",
    "search fields",
    "seen afterwards",
    "sender domains",
    "senders and verdicts",
    "sent again although it may have been done",
    "verdicts",
    "what answers told beside what was asked",
    "what users see",
)
_names: Final = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in (*_COMMON, *_OWN))
_FACT: Final = re.compile(
    # As it is written, and as a page or a mail shows it: with any bullet or none.
    rf"[\s>]*+(?P<bullet>[-*+\u2022\u2023\u2043\u25aa\u25cf\u25e6\u2219\u00b7\u2013\u2014]\s*)?[*_`]*(?:(?P<name>{_names})[*_`]*:(?=[\s*_`]|$)"
    # The sum of a job's failed rows, and the title.
    r"|[\d,]+\s+failed(?:\s=|;)|[^\n]{1,200}\s·\s(?:job|plan)\s`?[0-9a-f]{8}`?\s·\s)",
    re.IGNORECASE,
)
_TABLE: Final = re.compile(r"(?:id\toutcome|investigate_id)\t")
"""The heading of a table of ids, as it is copied from a page; the words of a fact hold no tab."""


class ReportLines:
    """Follows the lines of a text, and tells which belong to a report of ours; each line is told once, in order."""

    def __init__(self) -> None:
        self._inside = False
        self._fact_before = False

    def belongs(self, line: str) -> bool:
        """Whether a line is a fact, or goes on with one.

        A mail client may have broken a fact anywhere, and its words may look like a bullet, a heading or JSON: only an
        empty line ends it (`>` may be a word of it), and what its words can't hold.
        """
        fact = _FACT.match(line)
        if fact is not None:
            own = (fact["name"] or "").casefold() not in _COMMON
            self._inside |= bool(fact["bullet"]) or own or self._fact_before
        elif _TABLE.match(line) or not line.strip():
            self._inside = False
        self._fact_before = fact is not None
        return fact is not None or self._inside
