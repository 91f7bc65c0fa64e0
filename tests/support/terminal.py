"""A real program in a real terminal: a pty of a given size, a terminal emulator that reads it, keys that go in."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

from tests.support.environment import ROOT
from tests.support.forker import Child, Program, forker

PATIENCE = 30.0
# Sequences that the emulator would print as text: private modes with < = >, and mode queries.
UNKNOWN_TEXT = re.compile(r"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
_UNKNOWN = re.compile(UNKNOWN_TEXT.pattern.encode())


class Started:
    """A command on a terminal of its own, started as a shell starts it."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path, size: bytes) -> None:
        self._code: int | None = None
        self._stopped = False
        self.pid, self.tty = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)
                os.chdir(folder)
                os.execvpe(command[0], list(command), environment)
            finally:
                os._exit(127)

    def ended(self) -> int | None:
        """Its exit code, minus n for a signal."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                self._stopped = True
            elif pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def has_stopped(self) -> bool:
        """Whether it was stopped since this was last asked."""
        self.ended()
        stopped, self._stopped = self._stopped, False
        return stopped

    def kill(self) -> None:
        """End it, if it runs."""
        if self.ended() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._code = -signal.SIGKILL


def forked(program: Program, environment: dict[str, str], folder: Path, size: bytes) -> tuple[Child, int]:
    """The program in a fork, and its terminal."""
    tty, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        return forker().start(program, environment, [theirs], folder=folder), tty
    finally:
        os.close(theirs)


class Terminal:
    """Runs a command, or the program in a fork; `text` is its screen."""

    def __init__(
        self,
        command: Sequence[str] | Program,
        environment: dict[str, str],
        *,
        columns: int = 80,
        lines: int = 24,
        folder: Path = ROOT,
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lines: dict[int, str] = {}
        self.raw = bytearray()
        self._closed = False
        self._submitted: tuple[str, str] | None = None
        size = struct.pack("HHHH", lines, columns, 0, 0)
        self._process: Started | Child
        if isinstance(command, Program):
            self._process, self._tty = forked(command, environment, folder, size)
        else:
            self._process = Started(command, environment, folder, size)
            self._tty = self._process.tty

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def cells(self, y: int) -> list[str]:
        """What stands in the cells of a line; nothing in the second one of a wide character."""
        line = self._screen.buffer[y]
        return [line[x].data for x in range(self._screen.columns)]

    @property
    def text(self) -> str:
        """The screen, line by line."""
        # Asked far more often than anything changes: only what was painted is looked at again.
        for y in self._screen.dirty:
            self._lines[y] = "".join(self.cells(y)).rstrip()
        self._screen.dirty.clear()
        return "\n".join(self._lines.get(y, "") for y in range(self._screen.lines))

    def read(self, seconds: float) -> bool:
        """Take what the program writes within so many seconds; whether anything came."""
        ready, _, _ = select.select([self._tty], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._tty, 65536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(_UNKNOWN.sub(b"", data))
        return bool(data)

    def _has(self, words: Sequence[str]) -> bool:
        text = self.text
        return all(word in text for word in words)

    def sees(self, *words: str) -> None:
        """Read until all these words are on the screen."""
        end = time.monotonic() + PATIENCE
        self._submit_again()
        while not self._has(words):
            self.read(0.2)
            self.settle()
            self._submit_again()
            if time.monotonic() > end:
                raise AssertionError(f"never saw {words}\n{self.text}")

    def loses(self, *words: str) -> None:
        """Read until none of these words is on the screen."""
        end = time.monotonic() + PATIENCE
        while any(word in self.text for word in words):
            self.read(0.2)
            if time.monotonic() > end:
                raise AssertionError(f"never lost {words}\n{self.text}")

    def says(self, words: str) -> None:
        """Read until it says so, wherever the lines break."""
        wanted = "".join(words.split())
        end = time.monotonic() + PATIENCE
        while wanted not in "".join(self.text.split()):
            self.read(0.2)
            if time.monotonic() > end:
                raise AssertionError(f"never said {words}\n{self.text}")

    def press(self, keys: str) -> None:
        """Send keys as a terminal does."""
        self._submitted = None
        os.write(self._tty, keys.encode())

    def confirm(self, question: str) -> None:
        """Say yes until the question is answered: it takes no yes before it was there for a moment."""
        end = time.monotonic() + PATIENCE
        while question in self.text:
            self.press("y")
            self.reads(0.4, until=lambda: question not in self.text)
            if time.monotonic() > end:
                raise AssertionError(f"never answered\n{self.text}")

    def submit(self, key: str = "\r", name: str = "enter") -> None:
        """Press enter, or a key, until it counts: it doesn't before what it confirms was there for a moment.

        Whether it did may come late on a slow machine: `sees` goes on with it until another key is pressed.
        """
        self.settle()
        before = self.text
        self.press(key)
        self._submitted = key, name
        # What comes of it may paint without a pause: no silence is waited for.
        self.reads(5.0, until=lambda: self.text != before)
        self.reads(0.2, until=self._asks_again)
        self._submit_again()

    def _asks_again(self) -> bool:
        """Whether the screen says that what was submitted did not count."""
        if self._submitted is None:
            return False
        return f"press {self._submitted[1]} again" in " ".join(self.text.replace("│", " ").split())

    def _submit_again(self) -> None:
        end = time.monotonic() + PATIENCE
        while self._submitted is not None and self._asks_again():
            self.reads(0.4)
            os.write(self._tty, self._submitted[0].encode())
            # One too many would act on what comes next: this waits for the answer, however slow the machine is.
            self.reads(5.0, until=lambda: not self._asks_again())
            if time.monotonic() > end:
                raise AssertionError(f"never counted\n{self.text}")

    def reads(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Read for so long, or until it is so."""
        end = time.monotonic() + seconds
        while not until() and (left := end - time.monotonic()) > 0:
            self.read(left)

    def press_bytes(self, data: bytes) -> None:
        """Send bytes that are no text."""
        os.write(self._tty, data)

    @property
    def cooked(self) -> bool:
        """Whether the line edits, echoes and makes signals of keys, as a shell leaves it."""
        flags = termios.tcgetattr(self._tty)[3]
        return all(flags & flag for flag in (termios.ICANON, termios.ECHO, termios.ISIG))

    @property
    def given_back(self) -> bool:
        """Whether the screen, the cursor and the keyboard are as a shell needs them."""
        self.settle()
        ends = {b"1049": b"l", b"25": b"h", b"2004": b"l", b"1004": b"l", b"7": b"h"}
        for mode, wanted in ends.items():
            said = re.findall(rb"\x1b\[\?" + mode + rb"([hl])", bytes(self.raw))
            if said and said[-1] != wanted:
                return False
        return True

    def settle(self) -> None:
        """Read what there is to read now."""
        while not self._closed and self.read(0):
            pass

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the line, as when a connection is lost."""
        self._closed = True
        os.close(self._tty)

    def lose(self) -> None:
        """Forget the screen, as when another program has had the terminal."""
        self._screen.reset()

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._tty, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def answers(self) -> None:
        """Read until the program has written something, and then nothing more for a moment."""
        end = time.monotonic() + PATIENCE
        while not self.read(0.2):
            if time.monotonic() > end:
                raise AssertionError(f"no answer\n{self.text}")
        while self.read(0.1):
            pass

    def stops(self) -> None:
        """Wait until it is stopped, as by ctrl+z."""
        end = time.monotonic() + PATIENCE
        while not self._process.has_stopped():
            self.read(0.05)
            assert time.monotonic() < end, self.text
        self.settle()

    def ended(self) -> int | None:
        """The exit code, if it has ended; all that it wrote is read then."""
        code = self._process.ended()
        if code is not None:
            self.settle()
        return code

    def ends(self) -> int:
        """Wait for the end; the exit code, 128 + n for a signal."""
        return self._ends(PATIENCE, reading=True)

    def ends_unread(self, seconds: float) -> int:
        """The same when nobody reads what it writes; the line stays open."""
        return self._ends(seconds, reading=False)

    def _ends(self, seconds: float, *, reading: bool) -> int:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if reading and not self._closed:
                self.read(0.05)
            else:
                select.select([], [], [], 0.05)
            if (code := self._process.ended()) is not None:
                if reading:
                    self.settle()
                return code
        raise AssertionError(f"never ended\n{self.text}")

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        if not self._closed:
            self._closed = True
            os.close(self._tty)
