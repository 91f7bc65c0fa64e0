"""Domains that mail was seen of before: by them a mail that imitates one is known also where it is listed alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tui_app.core.look_alike import KnownDomains

if TYPE_CHECKING:
    from tui_app.core.state_file import StateFile

_NAME: Final = "domains.seen"
_MOST: Final = 200
"""Sender domains that are remembered, those with the most mail; and mailbox domains."""
_COUNT: Final = 50
"""So much mail counts of a domain at most: what was seen before must not outweigh what is listed now."""
_FEWEST: Final = 5
"""Mails of one list from which on its sender's domain is remembered."""
_LONGEST: Final = 80
"""Characters of a domain: the file has a limit, and longer ones are rarely imitated."""


def _is_kept(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and name.isascii()


class SeenDomains:
    """Of one account, kept from session to session. Nothing but domains and counts is kept."""

    def __init__(self, remembered: StateFile, account: str) -> None:
        self._remembered = remembered
        self._account = account
        self.own: frozenset[str] = frozenset()
        self.senders: Mapping[str, int] = {}
        self._read()

    def _read(self) -> None:
        with suppress(ValueError, TypeError, AttributeError, RecursionError):
            kept = json.loads(self._remembered.get(self._account, _NAME, anew=True) or "{}")
            own, senders = kept.get("own", []), kept.get("senders", {})
            self.own = frozenset(name for name in own[:_MOST] if isinstance(name, str) and _is_kept(name))
            self.senders = {
                name: min(count, _COUNT)
                for name, count in list(senders.items())[:_MOST]
                if _is_kept(name) and isinstance(count, int) and not isinstance(count, bool) and count > 0
            }

    def add(self, own: Iterable[str], senders: Mapping[str, int]) -> None:
        """A whole list of mail was seen: remember whose it was. A list that is read again counts once."""
        self._read()  # another console may have seen others
        before = self.senders
        merged = dict(before)
        for name, count in senders.items():
            if count >= _FEWEST and _is_kept(name):
                merged[name] = max(count, merged.get(name, 0))

        def place(name: str) -> tuple[int, bool, int, str]:
            # Who sends much must not push out what is known: of as much mail as counts, the older one stays.
            return -min(merged[name], _COUNT), name not in before, -merged[name], name

        kept = {name: min(merged[name], _COUNT) for name in sorted(merged, key=place)[:_MOST]}
        fresh = sorted(name for name in set(own) - self.own if _is_kept(name))
        mine = self.own | frozenset(fresh[: _MOST - len(self.own)])
        if (mine, kept) != (self.own, self.senders):
            self.own, self.senders = mine, kept
            text = json.dumps({"own": sorted(mine), "senders": kept})
            self._remembered.put(self._account, _NAME, text)

    def known(self, own: Iterable[str], senders: Mapping[str, int]) -> KnownDomains:
        """The domains of a list together with those that were seen before."""
        counts = dict(self.senders)
        for name, count in senders.items():
            counts[name] = max(count, counts.get(name, 0))
        return KnownDomains.of({*self.own, *own}, counts)
