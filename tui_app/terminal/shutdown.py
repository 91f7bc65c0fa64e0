"""How the console ends when it is not left by a key: by a signal, or by an error of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import App

from tui_app.core.crash_report import frames_of, write_crash_report
from tui_app.core.paths import state_folder
from tui_app.core.text import strip_controls

if TYPE_CHECKING:
    from rich.console import RenderableType


class GracefulShutdown(App[None]):
    """Ends with the terminal given back, the right exit code, and nothing on it that was in memory."""

    _here: asyncio.AbstractEventLoop | None = None
    _ended_by: int = 0
    _failed_early: Exception | None = None

    def install_shutdown_handlers(self) -> None:
        """From now on a signal can be answered, and an error where nobody waits for it ends the console too."""
        self._here = asyncio.get_running_loop()
        self._here.set_exception_handler(self._failed_on_the_loop)
        if self._failed_early is not None:
            self._handle_exception(self._failed_early)

    def _failed_on_the_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # Of a task somebody may hear yet; of a callback nobody does.
        if "handle" in context and isinstance(error, Exception) and self._running:
            self._handle_exception(error)

    def failed_in_a_thread(self, failed: threading.ExceptHookArgs) -> None:
        """Python would print it on the terminal, with all that it says."""
        error = failed.exc_value
        if isinstance(error, Exception):
            self._failed_early = error
            with contextlib.suppress(RuntimeError):
                if self._here is not None:
                    self._here.call_soon_threadsafe(self._handle_exception, error)

    def show_notice(self, sentence: str) -> None:
        """Say something where the operator looks."""

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
        report = write_crash_report(error, state_folder(), datetime.now(UTC))
        more = f" {report} says where, and holds no data." if report else ""
        self.end_with(
            f"mailsluice: stopped by an error of its own ({type(error).__name__}{where}). Please report it.{more}"
        )

    def panic(self, *renderables: RenderableType) -> None:
        """End on an error of Textual's own, without what it would show of memory."""
        self.end_with("mailsluice: stopped by an error of the terminal's. Please report it.")

    def end_with(self, sentence: str, code: int = 1) -> None:
        """End with a last sentence on the terminal, and this exit code."""
        self._exit_renderables.append(Text(strip_controls(sentence)))
        self._return_code = code
        self._close_messages_no_wait()

    def action_app_suspend(self) -> None:
        """Stop, as any program does on ctrl+z, where there is a shell to come back from."""
        if os.getpgrp() == os.getsid(0):
            self.show_notice("There is no shell behind this terminal that could bring mailsluice back.")
        else:
            os.kill(os.getpid(), signal.SIGTSTP)

    def action_help_quit(self) -> None:
        """Ctrl+c is too easily pressed to end anything."""
        self.show_notice("q goes back and on the first screen quits; ctrl+q quits from anywhere.")
