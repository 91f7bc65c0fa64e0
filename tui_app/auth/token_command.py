"""Runs the command that prints the token; ends it with all its processes unless it succeeds."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import subprocess
import threading
import time
import weakref
from typing import Any, Final

from tui_app.auth.foreground import TerminalForeground, send
from tui_app.core.errors import UsageError
from tui_app.core.hardening import child_environment
from tui_app.core.text import sanitize, strip_controls

TOKEN_COMMAND_TIMEOUT: Final = 30.0
MOST_OUTPUT: Final = 64 * 1024
"""Bytes of output that are read at most; the token is its first line."""
_KEPT: Final = 4096
_TICK: Final = 0.05
_REAPING: Final = 1.0
"""Seconds to wait for a killed process; one that root runs, or that waits for a disk, may not end."""
_LONG_WORD: Final = re.compile(r"[^\s'\"=:/]{20,}")
_CUT_OFF: Final = re.compile(rb"\A\S+")
_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_KEYS: Final[dict[int, int]] = {
    code: number for number in (signal.SIGINT, signal.SIGQUIT) for code in (-number, 128 + number)
}
"""The signal of a key, by the exit code of a command that it ended."""
_STOPS: Final = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)


class _Endings:
    """Notes signals that end the program while a command runs: the command must be ended first."""

    came = 0

    def __init__(self, *, heard: bool) -> None:
        # Only the main thread can handle signals.
        self._heard = heard and threading.current_thread() is threading.main_thread()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Endings:
        for number in _ENDING if self._heard else ():
            # A signal that is ignored, as in the background of a script, stays ignored.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: object) -> None:
        self.came = self.came or number

    def obey(self) -> None:
        """End the program if a signal came. Raises SystemExit."""
        if self.came:
            raise SystemExit(128 + self.came)


class _Output:
    """The output of a command: the beginning of stdout, and the end of stderr, which `aloud` passes on at once."""

    def __init__(self, process: subprocess.Popen[bytes], *, aloud: bool) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._pipes = (process.stdout, process.stderr)
        self._answers = process.stdout.fileno()
        self._open = {self._answers, process.stderr.fileno()}
        self._aloud = aloud
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._to_print = b""
        self._printed = 0
        self._line_ended = True
        self._complaints = b""
        self.answer = b""

    @property
    def complaint(self) -> str:
        """The last line of stderr, without words that are long enough to be a secret."""
        # The rest of a word that was cut off is short, but may be part of a secret.
        kept = _CUT_OFF.sub(b"", self._complaints) if len(self._complaints) == _KEPT else self._complaints
        lines = kept.decode("utf-8", "replace").strip().splitlines()
        return sanitize(_LONG_WORD.sub("***", lines[-1]), 200) if lines else ""

    def listen(self, seconds: float, terminal: int | None = None) -> bool:
        """Read output for at most so many seconds; returns False when the terminal is gone."""
        poll = select.poll()
        for descriptor in self._open:
            poll.register(descriptor, select.POLLIN)
        if self._to_print:
            poll.register(2, select.POLLOUT)
        if terminal is not None:
            poll.register(terminal, 0)
        events = dict(poll.poll(seconds * 1000))
        for descriptor in self._open & events.keys():
            self._read(descriptor)
        if 2 in events and self._to_print:
            self._print()
        return terminal is None or not events.get(terminal, 0) & (select.POLLHUP | select.POLLERR)

    def _read(self, descriptor: int) -> None:
        answers = descriptor == self._answers
        data = os.read(descriptor, MOST_OUTPUT + 1 - len(self.answer) if answers else _KEPT)
        if not data:
            self._open.discard(descriptor)
        elif answers:
            self.answer += data
        else:
            self._complaints = (self._complaints + data)[-_KEPT:]
            # Endless output is not passed on for ever.
            if self._aloud and self._printed < MOST_OUTPUT:
                self._printed += len(data)
                self._to_print += strip_controls(self._decoder.decode(data)).encode("utf-8", "replace")

    def _print(self) -> None:
        # A little at a time: a slow reader must not delay the handling of signals.
        part, self._to_print = self._to_print[:256], self._to_print[256:]
        self._line_ended = part.endswith(b"\n")
        with contextlib.suppress(OSError):
            os.write(2, part)

    def close(self, *, failed: bool) -> None:
        """Pass on the rest if standard error takes it, and end the line of a question if the command failed."""
        while self._to_print and self._writable():
            self._print()
        if failed and not self._line_ended and self._writable():
            self._to_print = b"\n"
            self._print()
        for pipe in self._pipes:
            pipe.close()

    @staticmethod
    def _writable() -> bool:
        return bool(select.select([], [2], [], 0)[1])


_ALL: Final[weakref.WeakSet[TokenCommand]] = weakref.WeakSet()


def give_up_all() -> None:
    """End all token commands that run, also of accounts that are being opened. From any thread; does not wait."""
    for command in _ALL.copy():
        command.give_up()


class TokenCommand:
    """A command that prints a token; run without a shell, from any thread."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self.name = f"token command '{sanitize(command[0], 60)}'"
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._given_up = threading.Event()
        _ALL.add(self)

    def first_line(self, *, may_ask: bool) -> str:
        """Run it and return the first line of its output. Waits at most 30 s. Raises UsageError.

        If it `may_ask`, it has the terminal, its stderr is passed on, and a signal that ends the program does so after
        the command was ended. Otherwise it has no terminal. It never reads our standard input.
        """
        with _Endings(heard=may_ask) as endings, TerminalForeground(wanted=may_ask) as terminal:
            process = self._start(terminal, may_ask=may_ask)
            output = _Output(process, aloud=may_ask)
            succeeded = False
            try:
                self._follow(process, output, terminal, endings)
                succeeded = True
            finally:
                if not succeeded:
                    self._kill(process)
                    terminal.take_back(forget_typed=True)
                output.close(failed=not succeeded)
        endings.obey()
        return output.answer.decode("latin-1").split("\n", 1)[0].removesuffix("\r")

    def give_up(self) -> None:
        """End it and its processes if it runs, and never run it again. From any thread; does not wait."""
        with self._lock:
            self._given_up.set()
            for group in self._running:
                send(group, signal.SIGKILL)

    def _failed(self, how: str) -> UsageError:
        return UsageError(f"The {self.name} {how}.")

    def _start(self, terminal: TerminalForeground, *, may_ask: bool) -> subprocess.Popen[bytes]:
        if self._given_up.is_set():
            raise self._failed("was not run: mailsluice is ending")
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own configuration names it, no shell is involved
                self._command,
                stdin=subprocess.DEVNULL if terminal.descriptor is None else terminal.descriptor,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=child_environment(os.environ, terminal=may_ask),
                # A process group of its own can be ended as a whole; a session of its own has no terminal.
                process_group=0 if may_ask else None,
                start_new_session=not may_ask,
            )
        except FileNotFoundError:
            raise self._failed("was not found, or the interpreter in its first line was not found") from None
        except OSError as error:
            raise self._failed(f"can't be run: {error.strerror}. Check token_command in the profile") from None
        except ValueError:  # a NUL, or what the locale can't encode
            raise self._failed(
                "can't be run: an argument holds a NUL or another character that can't be passed on. "
                "Check token_command in the profile"
            ) from None
        with self._lock:
            self._running.add(process.pid)
            if self._given_up.is_set():
                send(process.pid, signal.SIGKILL)
        if may_ask:
            terminal.lend(process.pid)
        return process

    def _follow(
        self, process: subprocess.Popen[bytes], output: _Output, terminal: TerminalForeground, endings: _Endings
    ) -> None:
        """Wait until it has succeeded. Raises UsageError when it failed, SystemExit when a signal ends the program."""
        deadline = time.monotonic() + TOKEN_COMMAND_TIMEOUT
        while True:
            if not output.listen(_TICK, terminal.descriptor):
                endings.came = endings.came or signal.SIGHUP
            endings.obey()
            code, stopped_by = self._state(process)
            if code is not None:
                # The rest of its output; a process that it left running may keep the pipe open for ever.
                output.listen(0)
            if self._given_up.is_set():
                raise self._failed("was ended: mailsluice is ending")
            if len(output.answer) > MOST_OUTPUT:
                raise self._failed(f"wrote more than {MOST_OUTPUT // 1024} KiB; it must print only the token")
            if code is not None:
                break
            if time.monotonic() > deadline:
                raise self._failed(f"did not answer within {TOKEN_COMMAND_TIMEOUT:.0f} s. Run it by hand to see why")
            if stopped_by in _STOPS:
                began = time.monotonic()
                terminal.stop_too(process.pid, stopped_by)
                deadline += time.monotonic() - began
        if terminal.lent and (key := _KEYS.get(code)):
            endings.came = key  # the key's signal went to it, not to us
            endings.obey()
        if code != 0:
            why = f" It said: {output.complaint}" if output.complaint else ""
            raise UsageError(f"The {self.name} ended with {code}. Run it by hand to see why.{why}")

    def _state(self, process: subprocess.Popen[bytes]) -> tuple[int | None, int]:
        """Its exit code (None while it runs), and the signal that stopped it just now (or 0)."""
        with self._lock:
            try:
                pid, status = os.waitpid(process.pid, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:  # our parent set SIGCHLD to be ignored
                pid, status = process.pid, 0
            if not pid:
                return None, 0
            if os.WIFSTOPPED(status):
                return None, os.WSTOPSIG(status)
            process.returncode = os.waitstatus_to_exitcode(status)
            # From now on `give_up` must not kill it: its number may become that of another process.
            self._running.discard(process.pid)
            return process.returncode, 0

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            send(process.pid, signal.SIGKILL)
            self._running.discard(process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_REAPING)
