"""The result of a write: a value that each caller must handle, where an exception could be overlooked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from tui_app.api.errors import ApiError, Notice

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """The API answered that it was done; `notices` are the envelope's `messages`.

    `errors` are what it calls errors all the same: it contradicts itself, and that is told.
    """

    value: T
    notices: tuple[Notice, ...] = ()
    errors: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsent:
    """It is certain that the request was not sent."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Refused:
    """The API answered that it was not done."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It was sent, and no answer says whether it was done: read back, never send it again."""

    error: ApiError


WriteResult = Done[T] | Unsent | Refused | Ambiguous


def describe(result: WriteResult[Any]) -> tuple[str, tuple[str, ...]]:
    """The result as the end of a sentence (`done.`, `not sent. …`, `refused. …`, `outcome unknown. …`), and details.

    The details are lines of the server's own text, for the activity list; empty when it was done.
    """
    match result:
        case Done(_, _, errors) if errors:
            return "done, but the answer also tells an error.", tuple(error.message.detail() for error in errors)
        case Done():
            return "done.", ()
        case Unsent(error):
            return f"not sent. {error}", error.details()
        case Refused(error):
            return f"refused. {error}", error.details()
        case Ambiguous(error):
            return f"outcome unknown. {error}", error.details()
