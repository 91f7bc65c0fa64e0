"""The handover: what is open, what failed, what was done since a moment, as the Markdown that the next shift gets."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Final

from textual import work

from tui_app import actions
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError
from tui_app.core.files import free_path, new_file
from tui_app.core.text import sanitize
from tui_app.reports.handover import Handover
from tui_app.screens.text_screen import TextScreen
from tui_app.terminal.clipboard import MOST, copy
from tui_app.terminal.renderer import DiffRenderer
from tui_app.widgets.redaction import PrivateText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

# Safe text has neither of these: they say where the words of an operator are.
_BEGIN, _END = "\ue000", "\ue001"
_HEADINGS: Final = re.compile("^(#.*)$", re.MULTILINE)
_PARTS: Final = re.compile(f"{_BEGIN}([^{_END}]*){_END}")


def pieces_of(markdown: str) -> list[Piece]:
    """The pieces of Markdown in which the words of operators are marked: those are hidden while redaction is on."""
    pieces: list[Piece] = []
    for number, part in enumerate(_PARTS.split(markdown)):
        if number % 2:
            pieces.append(PrivateText(part))
        else:
            pieces += [(text, "bold") if text.startswith("#") else text for text in _HEADINGS.split(part) if text]
    return pieces


def _marked(words: str) -> str:
    return f"{_BEGIN}{words}{_END}"


class HandoverScreen(TextScreen):
    """What the next shift has to know; `since` None: of the last twelve hours."""

    screen_name = "handover"
    BINDINGS = actions.bindings("handover")

    def __init__(self, service: EmailSecurityService, since: datetime | None = None) -> None:
        super().__init__(service)
        self._since = since
        self._handover: Handover | None = None
        self._markdown = ""
        self._step = ""
        """What is being read; empty when nothing is."""

    def mounted(self) -> None:
        """Read it."""
        super().mounted()
        self._read()

    def action_view_refresh(self) -> None:
        """Read it again."""
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        from tui_app.reports.handover_reading import read_handover

        self._show_step("what happened")
        try:
            found = await read_handover(self.service, self._since, self._show_step)
            markdown, pieces = await asyncio.to_thread(_rendered, found)
        finally:
            self._step = ""
        if not self.ready:
            return  # it was left meanwhile
        if self._handover is None:
            self.notice("")  # that it is still being read is true no more
        self._handover, self._markdown = found, markdown
        begin = local_time(found.since)
        self.set_breadcrumb([("Handover", "bold"), f"  since {begin:%Y-%m-%d %H:%M}"], [found.in_short])
        self.show_text(*pieces)
        self.show_about()

    def _show_step(self, what: str) -> None:
        """Say what is read; what was read before stays."""
        self._step = f"Reading {what}…"
        if self.ready:
            if self._handover is None:
                self.set_breadcrumb([("Handover", "bold")])
                self.show_text((self._step, "dim"))
            self.show_about()

    def describe(self) -> Sequence[Piece]:
        """What is being read, then whether all was read."""
        found = self._handover
        if self._step and found is not None:
            return [(self._step, "bold")]
        if found is None:
            return []
        if found.missing:
            return [(f"Not all could be read: {found.missing[0]}", "$text-warning")]
        return [("All was read.", "dim")]

    @work(exclusive=True, group="save")
    async def action_handover_save(self) -> None:
        """Write it to a new file in the current folder."""
        found, markdown = self._handover, self._markdown
        if found is None:
            self.notice("It is still being read: nothing was written.")
            return
        try:
            name = await asyncio.to_thread(_saved, found, markdown)
        except (SluiceError, OSError) as error:
            told = (
                str(error) if isinstance(error, SluiceError) else f"The current folder can't be used: {error.strerror}."
            )
            self.notice(told)
            return
        self.service.record(f"Handover written: {name}.")
        self.notice(f"Written here: {name}", late=True)

    def action_text_copy(self) -> None:
        """Copy all of it, with its lines."""
        self._copy_all()

    @work(exclusive=True, group="copy")
    async def _copy_all(self) -> None:
        app, markdown = self.app, self._markdown
        size = len(markdown.encode("utf-8", "replace"))
        if not markdown:
            self.notice("It is still being read: nothing was copied.")
        elif size > MOST:
            self.notice(f"Too long to copy ({size:,} bytes). ‹handover.save› writes it to a file.")
        elif isinstance(app, DiffRenderer):
            self.notice(await copy(markdown, app.write_to_terminal, os.environ, "all of it", lines=True))


def _rendered(found: Handover) -> tuple[str, list[Piece]]:
    """The Markdown, and the pieces that are shown of it; for a thread."""
    from tui_app.reports.handover_markdown import as_markdown

    return as_markdown(found), pieces_of(as_markdown(found, _marked))


def _saved(found: Handover, markdown: str) -> str:
    """Write it to a new file; its name. Raises SluiceError and OSError."""
    path = free_path(f"handover-{local_time(found.now):%Y-%m-%d-%H%M}", ".md")
    new_file(path, markdown)
    return sanitize(path.name)
