"""The signs of one message that it may not be from whom it seems to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.core.signs import Sign, signs_of
from tui_app.core.text import Untrusted
from tui_app.mail.encoded import decoded_words

if TYPE_CHECKING:
    from tui_app.api.rows import Message
    from tui_app.core.look_alike import KnownDomains

_LONGEST_NAME: Final = 16_384
"""Characters of a name that are decoded: what they stand for is more than any screen shows."""


def message_signs(message: Message, known: KnownDomains) -> tuple[Sign, ...]:
    """The signs of a message, the worst first."""
    return signs_of(
        sender=_exact(message.sender),
        from_name=decoded_words(_exact(message.from_name)[:_LONGEST_NAME]),
        envelope_from=_exact(message.envelope_from),
        reply_to=_exact(message.replyto),
        known=known,
    )


def _exact(text: Untrusted | None) -> str:
    return "" if text is None else text.exact
