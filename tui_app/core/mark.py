"""The mark at the end of a new job's comment, by which the job is known again."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"#op-[0-9a-f]{8}")
_LENGTH: Final = len("#op-7f3a9c01")


def make(write_id: str) -> str:
    """The mark of a write; `write_id` = eight hex digits."""
    return f"#op-{write_id}"


def ends_with(comment: str, mark: str) -> bool:
    """Whether a comment ends with a mark, as we put it there: elsewhere in a comment it is what somebody wrote."""
    end = _end(comment, len(comment))
    return comment[:end].endswith(mark) and _stands_alone(comment, end - len(mark))


def without_marks(comment: str) -> str:
    """A comment without the marks and blanks at its end; a mark that words follow is a part of them."""
    end = _end(comment, len(comment))
    while (start := end - _LENGTH) >= 0 and _MARK.fullmatch(comment, start, end) and _stands_alone(comment, start):
        end = _end(comment, start)
    return comment[:end]


def _stands_alone(comment: str, start: int) -> bool:
    return start == 0 or comment[start - 1].isspace()


def _end(comment: str, end: int) -> int:
    """Where the words before a place end."""
    # By steps: a rule that looks for blanks from each place on would take half a minute for 100,000 of them.
    while end and comment[end - 1].isspace():
        end -= 1
    return end
