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
from textual.drivers.linux_driver import LinuxDriver

from tui_app.core.crash_report import frames_of, write_crash_report
from tui_app.core.paths import find_state_folder
from tui_app.core.text import strip_controls

if TYPE_CHECKING:
    from rich.console import RenderableType


class GracefulShutdown(App[None]):
    """An app that ends with the terminal restored, the right exit code, and no data in an error message."""

    _loop_of_app: asyncio.AbstractEventLoop | None = None
    _ended_by: int = 0
    _failed_early: Exception | None = None

    def install_shutdown_handlers(self) -> None:
        """From now on signals end the console in good order, and an error in a callback of the loop ends it too."""
        self._loop_of_app = asyncio.get_running_loop()
        self._loop_of_app.set_exception_handler(self._failed_on_the_loop)
        if self._failed_early is not None:
            self._handle_exception(self._failed_early)

    def _failed_on_the_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # The error of a task may still be handled by what awaits it; the error of a callback never is.
        if "handle" in context and isinstance(error, Exception) and self._running:
            self._handle_exception(error)

    def failed_in_a_thread(self, failed: threading.ExceptHookArgs) -> None:
        """End the console on an error in a thread; Python would print it on the terminal with its data."""
        error = failed.exc_value
        if isinstance(error, Exception):
            self._failed_early = error
            with contextlib.suppress(RuntimeError):
                if self._loop_of_app is not None:
                    self._loop_of_app.call_soon_threadsafe(self._handle_exception, error)

    def end_input(self) -> None:
        """Let the thread that reads keys end, after the app has: a terminal that was gone may have kept Textual from it.

        The process waits for that thread, which reads a terminal that is gone again and again, for ever.
        """
        if isinstance(self._driver, LinuxDriver):
            self._driver.exit_event.set()

    def show_notice(self, sentence: str) -> None:
        """Show a short message to the operator."""

    def stop_work(self, *, again: bool) -> None:
        """Stop to send; `again` when this is not the first signal, or the screens are closed already."""

    def end_by_signal(self, number: int) -> None:
        """End in good order after a signal or a lost terminal. May be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            if self._loop_of_app is not None:
                self._loop_of_app.call_soon_threadsafe(self._end_by_signal, number)

    def _end_by_signal(self, number: int) -> None:
        self.stop_work(again=bool(self._ended_by) or not self._running)
        self._ended_by = number
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        """End on an error of ours; say where in the code it was, and nothing that was in memory: no token, no mail."""
        # A worker's own error is inside of WorkerFailed.
        error = getattr(self._exception, "error", self._exception) or RuntimeError()
        frames = list(frames_of(error))
        where = f" in {frames[-1].strip().rpartition(' ')[0]}" if frames else ""
        report = write_crash_report(error, find_state_folder(), datetime.now(UTC))
        more = f" Details without any data: {report}" if report else ""
        self.end_with(
            f"mailsluice: stopped by an internal error ({type(error).__name__}{where}). Please report it.{more}"
        )

    def panic(self, *renderables: RenderableType) -> None:
        """End on an error that Textual reports itself, without the data that it would print."""
        self.end_with("mailsluice: stopped by an error in the screens. Please report it.")

    def end_with(self, sentence: str, code: int = 1) -> None:
        """End with this sentence on the terminal and this exit code."""
        self._exit_renderables.append(Text(strip_controls(sentence)))
        self._return_code = code
        self._close_messages_no_wait()

    def action_app_suspend(self) -> None:
        """Suspend as other programs do on ctrl+z, if a shell can resume us."""
        if os.getpgrp() == os.getsid(0):
            self.show_notice("mailsluice can't be suspended: no shell would resume it in this terminal.")
        else:
            os.kill(os.getpid(), signal.SIGTSTP)

    def action_help_quit(self) -> None:
        """Ctrl+c ends nothing: it is easily pressed by mistake. Say how to quit."""
        self.show_notice("q goes back; on the first screen it quits. ctrl+q quits from anywhere.")
