"""What became of a write: a value that every caller has to look at, not an exception that gets lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from tui_app.api.errors import ApiError, Notice

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """The API says that it was done; `notices` are the envelope's `messages`."""

    value: T
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsent:
    """It provably never left this machine."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Refused:
    """The API says that it was not done."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It was sent, and nobody told what became of it: read back, never send again."""

    error: ApiError


WriteResult = Done[T] | Unsent | Refused | Ambiguous
NotDone = Unsent | Refused | Ambiguous


def describe(result: WriteResult[Any]) -> tuple[str, tuple[str, ...]]:
    """What became of a write, as the end of a sentence, and the server's own words on it."""
    match result:
        case Done():
            return "done.", ()
        case Unsent(error):
            return f"not sent. {error}", error.details()
        case Refused(error):
            return f"refused. {error}", error.details()
        case Ambiguous(error):
            return f"outcome unknown. {error}", error.details()
