"""How the console ends when it is not left by a key: by a signal, or by an error of its own."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App

from tui_app.crash_report import frames_of, write_report
from tui_app.paths import state_folder
from tui_app.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType


class OrderlyEnd(App[None]):
    """Ends with the terminal given back, the right exit code, and nothing on it that was in memory."""

    _here: asyncio.AbstractEventLoop | None = None
    _ended_by: int = 0

    def ends_in_order(self) -> None:
        """From now on a signal can be answered."""
        self._here = asyncio.get_running_loop()

    def stop_work(self, *, again: bool) -> None:
        """A signal came; `again` when it is not the first, or the screens are gone already."""

    def end_by_signal(self, number: int) -> None:
        """A signal came, or the line is gone: end in good order. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            if self._here is not None:
                self._here.call_soon_threadsafe(self._end_by_signal, number)

    def _end_by_signal(self, number: int) -> None:
        self.stop_work(again=bool(self._ended_by) or not self._running)
        self._ended_by = number
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        """End on an error of ours with its place in the code, and nothing that was in memory: no token, no mail."""
        # What a worker died of is inside of what it says that it died.
        error = getattr(self._exception, "error", self._exception) or RuntimeError()
        frames = list(frames_of(error))
        where = f" in {frames[-1].strip().rpartition(' ')[0]}" if frames else ""
        report = write_report(error, state_folder(), datetime.now(UTC))
        more = f" {report} says where, and holds no data." if report else ""
        self.end_with(
            f"mailsluice: stopped by an error of its own ({type(error).__name__}{where}). Please report it.{more}"
        )

    def panic(self, *renderables: RenderableType) -> None:
        """End on an error of Textual's own, without what it would show of memory."""
        self.end_with("mailsluice: stopped by an error of the terminal's. Please report it.")

    def end_with(self, sentence: str, code: int = 1) -> None:
        """End with a last sentence on the terminal, and this exit code."""
        self._exit_renderables.append(Text(printable(sentence)))
        self._return_code = code
        self._close_messages_no_wait()
