"""Reads keys from decoded input: esc and a key that follows at once are two keys, never one with alt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys

_ESC: Final = "\x1b"
_BEGINS_SEQUENCE: Final = frozenset("[O\x1b")
"""What after esc begins the sequence of one key, so that more must be read before it can be told."""
_SEQUENCE: Final = re.compile(r"\x1b\[[<=>?]?[0-9:;]+[ -/]*[@-~]")
_ANSWER: Final = re.compile(r"\x1b\[(?:<.*[Mm]|\?.*\$y)")
"""What the parser reads itself when it is no key: the mouse, and answers about the terminal's modes."""


class KeyParser(XTermParser):
    """Textual's parser, but nothing here has alt: a slow line delivers esc and the next key in one read.

    A sequence with numbers in it that means nothing to Textual is one unknown key, and not the characters it is
    written with.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        """The keys of a sequence; none if it may go on, or is none."""
        if len(sequence) == 2 and sequence[0] == _ESC and sequence[1] not in _BEGINS_SEQUENCE:
            alt, sequence = True, sequence[1]
        if alt:
            yield events.Key("escape", _ESC)
        found = False
        # Until the terminal is in raw mode it turns what enter sends into a line feed.
        for key in super()._sequence_to_key_events("\r" if sequence == "\n" else sequence):
            found = True
            yield key
        if not found and _SEQUENCE.fullmatch(sequence) and not _ANSWER.fullmatch(sequence):
            yield events.Key(Keys.Ignore, sequence)
