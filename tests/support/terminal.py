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
from collections.abc import Sequence

import pyte

PATIENCE = 30.0
# Sequences that the emulator would print as text: private modes with < = >, and mode queries.
UNKNOWN_TEXT = re.compile(r"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
_UNKNOWN = re.compile(UNKNOWN_TEXT.pattern.encode())


class Terminal:
    """Runs a command; `text` is its screen."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], *, columns: int = 80, lines: int = 24
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lines: dict[int, str] = {}
        self.raw = bytearray()
        self.pid, self._tty = pty.fork()
        self._closed = False
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                os.execvpe(command[0], list(command), environment)
            finally:
                os._exit(127)

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
        while not self._has(words):
            self.read(0.2)
            self.settle()
            if time.monotonic() > end:
                raise AssertionError(f"never saw {words}\n{self.text}")

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
        os.write(self._tty, keys.encode())

    def confirm(self, question: str) -> None:
        """Say yes until the question is answered: it takes no yes before it was there for a moment."""
        end = time.monotonic() + PATIENCE
        while question in self.text:
            self.press("y")
            self.read(0.4)
            self.settle()
            if time.monotonic() > end:
                raise AssertionError(f"never answered\n{self.text}")

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
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                if reading:
                    self.settle()
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"never ended\n{self.text}")

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        if not self._closed:
            self._closed = True
            os.close(self._tty)
