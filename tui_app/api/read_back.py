"""Finds out an unknown outcome by reading back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from tui_app.api.errors import ApiError
from tui_app.api.write_result import Ambiguous, Done, WriteResult

if TYPE_CHECKING:
    from tui_app.api.transport import Transport

T = TypeVar("T")
READ_BACK_AFTER: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds after an unknown outcome at which it is read back."""


async def settle(transport: Transport, result: Ambiguous, look: Callable[[], Awaitable[T | None]]) -> WriteResult[T]:
    """Read back with `look` at the times of `READ_BACK_AFTER`; returns Done if it was seen, else the unknown result."""
    waited = 0.0
    for after in READ_BACK_AFTER:
        if not await transport.wait_to_read_back(after - waited):
            break
        waited = after
        try:
            seen = await look()
        except ApiError:
            continue
        if seen is not None:
            return Done(seen)
    return result
