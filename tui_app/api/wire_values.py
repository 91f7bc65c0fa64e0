"""Readers of the values in answers: null is missing, invalid values are empty, unknown ones are kept as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from tui_app.core.clock import FIRST_YEAR, LAST_YEAR
from tui_app.core.text import Untrusted

Wire = dict[str, Any]
E = TypeVar("E", bound=StrEnum)
_LARGEST_COUNT: Final = 10**12


class SchemaError(ValueError):
    """An object without a required field; the text names the field, never its value."""


def text(value: Any) -> Untrusted | None:
    """A string, or the JSON text of anything else; None for null."""
    if type(value) is str:
        return Untrusted(value)
    return None if value is None else Untrusted.of(value)


def texts(value: Any) -> tuple[Untrusted, ...]:
    """A list of strings; null is an empty list, a single value a list of one. A null in a list stays: something is there."""
    if isinstance(value, (list, tuple)):
        return tuple(map(Untrusted.of, value))
    return () if value is None else (Untrusted.of(value),)


def moment(value: Any) -> datetime | None:
    """A time with its zone (UTC if it names none); None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if not FIRST_YEAR < found.year < LAST_YEAR:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


class UnreadableCount(int):
    """A count that could not be read: 0 to calculate with, and a question mark wherever it is written."""

    __slots__ = ()

    def __str__(self) -> str:
        return "?"

    def __format__(self, spec: str) -> str:
        return "?"


UNREADABLE: Final = UnreadableCount(0)


def readable(number: int | None) -> bool:
    """Whether this is no count that could not be read; a missing one is none."""
    return not isinstance(number, UnreadableCount)


def count(value: Any) -> int:
    """A count, also written as `"2"` or `2.0`; `UNREADABLE` for anything else."""
    if (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20) or (
        isinstance(value, float) and value.is_integer()
    ):
        value = int(value)
    sensible = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT
    return value if sensible else UNREADABLE


def flag(value: Any) -> bool:
    """True only for true."""
    return value is True


def without_our_name(wire: Mapping[str, Any]) -> dict[str, Any]:
    """The API's object without what it calls `mailsluice`: that would pass for ours in JSON."""
    return {name: value for name, value in wire.items() if name != "mailsluice"}


def known_flag(value: Any) -> bool | None:
    """True or false; None for anything else: what is not understood is not "no"."""
    return value if value is True or value is False else None


def open_enum(kind: type[E], *, any_case: bool = False) -> Callable[[Any], E | Untrusted]:
    """A reader for the values of an enum: its members, in `any_case` if that is no matter, and any other value as text."""
    members = {member.value: member for member in kind}

    def read(value: Any) -> E | Untrusted:
        known = value.upper() if any_case and type(value) is str else value
        member = members.get(known) if type(known) is str else None
        return member if member is not None else Untrusted.of(value)

    return read


def identity(value: Any) -> Untrusted:
    """An id or name: a string that is not empty. Raises ValueError for anything else."""
    text = value.exact if isinstance(value, Untrusted) else value
    if not isinstance(text, str) or not text:
        raise ValueError("no identity")
    return Untrusted(text)


def named(value: Any) -> tuple[Untrusted, ...]:
    """A list of names in the answer to a write. Raises ValueError for anything else."""
    if not isinstance(value, list):
        raise ValueError("no list")
    return tuple([identity(item) for item in value])


def truth(value: Any) -> bool:
    """True or false. Raises ValueError for anything else."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value
