"""What somebody wants on a screen, told to the app: it knows of which account the screen is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService


class Intent(Message):
    """A screen says of whose mail it is when it posts one: by the time that it is heard another account may be shown."""

    service: EmailSecurityService | None = None
