"""A program on a real pty of an exact size: every byte it writes, when it came, and what CPU the program had used by then."""

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyte

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0
_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b[ -/]*[0-~]", re.DOTALL
)
# Sequences that the emulator would print as text: private modes with < = >, and mode queries.
_UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
_FOREIGN = (
    "CLOUDFLARE",
    "MAILSLUICE",
    "TEXTUAL",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "XDG",
    "LESS",
    "PYTHON",
)


@dataclass(frozen=True, slots=True)
class Sight:
    """When a word was first among the visible text: seconds since the start, and the CPU seconds used by then."""

    wall: float
    cpu: float


class Terminal:
    """Runs a command until it is left. `marks` are words to be looked out for as they come.

    A thread reads all the time: the program never waits for its reader, and each piece gets the time at which it came.
    """

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str] | None = None,
        *,
        marks: Iterable[str] = (),
        columns: int = 80,
        lines: int = 24,
    ) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="bench-home-")
        environment = self._environment(variables or {})
        self._sights: dict[str, Sight | None] = dict.fromkeys(marks)
        self._pieces: list[tuple[float, bytes]] = []
        self._size = 0
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._shown = 0
        self._news = threading.Condition()
        self._ended = False
        self._started = time.perf_counter()
        self.pid, self._tty = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                os.chdir(ROOT)
                os.execvpe(command[0], list(command), environment)
            finally:
                os._exit(127)
        self._cpu_clock = (~self.pid << 3) | 2
        self._reader = threading.Thread(target=self._read, name=f"reader of {self.pid}", daemon=True)
        self._reader.start()

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return {
            **own,
            "HOME": self._home.name,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            # This checkout, whatever else is installed.
            "PYTHONPATH": str(ROOT),
            **variables,
        }

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- reading

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._tty, 65536)
            except OSError:
                data = b""
            at = time.perf_counter()
            with self._news:
                if data:
                    self._pieces.append((at, data))
                    self._size += len(data)
                    self._look_out(at)
                self._ended = not data
                self._news.notify_all()
                if self._ended:
                    return

    def _look_out(self, at: float) -> None:
        missing = [word for word, sight in self._sights.items() if sight is None]
        if missing:
            text = _ESCAPES.sub(b"", self._all_since(0))
            for word in missing:
                if word.encode() in text:
                    self._sights[word] = Sight(at - self._started, self.cpu)

    def _all_since(self, piece: int) -> bytes:
        return b"".join(data for _, data in self._pieces[piece:])

    @property
    def cpu(self) -> float:
        """CPU seconds that the program has used so far."""
        try:
            return time.clock_gettime(self._cpu_clock)
        except OSError:
            return float("nan")

    @property
    def written(self) -> int:
        """Bytes that the program has written so far."""
        with self._news:
            return self._size

    @property
    def screen(self) -> str:
        """What a terminal shows now, line by line."""
        with self._news:
            fresh = self._all_since(self._shown)
            self._shown = len(self._pieces)
        self._stream.feed(_UNKNOWN.sub(b"", fresh))
        return "\n".join(line.rstrip() for line in self._screen.display)

    def shows(self, word: str, seconds: float = PATIENCE) -> None:
        """Wait until a word is on the screen."""
        end = time.monotonic() + seconds
        while word not in self.screen:
            if self._ended or time.monotonic() > end:
                raise RuntimeError(f"never showed {word!r}:\n{self.screen}")
            time.sleep(0.1)

    def sees(self, word: str, seconds: float = PATIENCE) -> Sight:
        """Wait for one of the marks."""
        with self._news:
            self._news.wait_for(lambda: self._sights[word] is not None or self._ended, seconds)
            sight = self._sights[word]
            if sight is None:
                raise RuntimeError(f"never saw {word!r}: {_ESCAPES.sub(b'', self._all_since(0))[-400:]!r}")
            return sight

    def settles(self, quiet: float = 0.5, seconds: float = PATIENCE) -> int:
        """Wait until nothing more comes for a while; the number of bytes so far."""
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            with self._news:
                last = max(self._pieces[-1][0] if self._pieces else 0.0, began)
                left = quiet - (time.perf_counter() - last)
                if left <= 0 or self._ended:
                    return self._size
                self._news.wait(left)
        raise RuntimeError(f"no rest within {seconds} s")

    def writes_more(self, than: int, seconds: float = PATIENCE) -> bool:
        """Wait until more than so many bytes have been written; whether that came true."""
        with self._news:
            return bool(self._news.wait_for(lambda: self._size > than or self._ended, seconds)) and self._size > than

    # ---- keys

    def press(self, keys: bytes) -> None:
        """Send keys as a terminal does."""
        os.write(self._tty, keys)

    def cost_of(self, keys: bytes, quiet: float = 0.4) -> int:
        """Send keys; how many bytes come until it is quiet again."""
        before = self.written
        self.press(keys)
        self.writes_more(before, 2.0)
        return self.settles(quiet) - before

    def answer_to(self, key: bytes, sign: bytes = b"", seconds: float = 5.0) -> float:
        """Send a key; seconds until the first byte of what then comes, or of the piece that holds `sign`."""
        with self._news:
            piece = len(self._pieces)
        sent = time.perf_counter()
        os.write(self._tty, key)
        seen = b""
        with self._news:
            while True:
                for at, data in self._pieces[piece:]:
                    # What was cut in two by the reader still counts, from its second half on.
                    seen = seen[-8:] + data
                    if sign in seen:
                        return at - sent
                piece = len(self._pieces)
                if self._ended or not self._news.wait(seconds):
                    raise RuntimeError(f"no answer to {key!r} within {seconds} s")

    # ---- the end

    def close(self) -> None:
        """End the program, whatever it does, and this process's ends of the line."""
        if not self.pid:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if self._reaped(2.0):
                break
        self.pid = 0
        os.close(self._tty)
        self._reader.join(2.0)
        self._home.cleanup()

    def _reaped(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return True
            time.sleep(0.01)
        return False


def console(variables: Mapping[str, str], *marks: str) -> Terminal:
    """The installed program, on the account that the variables name; `STATUS` heads its table."""
    return Terminal([sys.executable, "-m", "tui_app"], variables, marks=("STATUS", *marks))


def anchor(name: str, *arguments: str, marks: Iterable[str] = ("STATUS",)) -> Terminal:
    """One of the small peer programs of `benchmarks/anchors`."""
    return Terminal([sys.executable, "-m", f"benchmarks.anchors.{name}", *arguments], marks=marks)
