"""The terminal, its colours, and whether what is copied can reach the clipboard."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_app.core.hardening import child_environment
from tui_app.core.terminal_needs import COLUMNS, LINES, is_utf8
from tui_app.core.text import sanitize
from tui_app.doctor.check import CheckResult, look, ok, wrong

_SLOW_ESCAPE: Final = 100
"""Milliseconds after which a lone esc feels late."""
_TMUX_TIMEOUT: Final = 1.0
_MOST_PARENTS: Final = 32
_AROUND: Final = {"mosh-server": "mosh", "sshd": "ssh", "sshd-session": "ssh"}
"""Programs above ours, by the names of their processes."""
_KNOWN_DEAF: Final = {"Apple_Terminal": "the Terminal of macOS"}
"""Terminals that are known to take nothing by OSC 52, by their TERM_PROGRAM."""
_NAMES: Final = {None: "no colours", 16: "16 colours", 256: "256 colours", 1 << 24: "16.7 million colours"}
_PLAIN_TEXT: Final = "Y, then t shows a value as plain text, to be marked with the mouse or copied by hand."
_TRY: Final = f"Press y on a row and paste it elsewhere. If nothing comes: {_PLAIN_TEXT}"


@dataclass(frozen=True, slots=True)
class TerminalSnapshot:
    """The terminal as whoever has it sees it.

    `is_plain`: of a kind that can't show the console. `colours` = how many (None: none), `theme` = what is drawn with.
    """

    is_terminal: bool
    kind: str = ""
    is_plain: bool = False
    columns: int = 0
    lines: int = 0
    encoding: str = ""
    colours: int | None = None
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is between the program and the eyes of the operator.

    `around` are the programs that were seen; `tmux` has the options of tmux that were read, by name.
    """

    around: tuple[str, ...]
    tmux: Mapping[str, str]
    escape_delay: str
    no_color: bool
    emulator: str


def look_around(environment: Mapping[str, str]) -> Surroundings:
    """Who is around us, by the environment and by the processes above; asks tmux, two seconds at most."""
    in_tmux = bool(environment.get("TMUX"))
    around = ["tmux"] if in_tmux else []
    if environment.get("STY"):
        around.append("GNU screen")
    around += [name for name in _parents() if name not in around]
    if "ssh" not in around and any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        around.append("ssh")
    tmux: dict[str, str] = {}
    for name in ("set-clipboard", "escape-time") if in_tmux else ():
        if (value := _tmux_option(name, environment)) is None:
            break
        tmux[name] = value
    return Surroundings(
        tuple(around),
        tmux,
        environment.get("ESCDELAY", ""),
        bool(environment.get("NO_COLOR")),
        environment.get("TERM_PROGRAM", ""),
    )


def _parents() -> list[str]:
    """Names of what is known to be above us, the nearest first; nothing where the system does not tell."""
    seen: list[str] = []
    pid = "self"
    for _ in range(_MOST_PARENTS):
        try:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")
            pid = rest.split()[1]
        except (OSError, IndexError):
            break
        known = _AROUND.get(name.partition("(")[2])
        if known and known not in seen:
            seen.append(known)
        if pid in ("0", "1"):
            break
    return seen


def _tmux_option(name: str, environment: Mapping[str, str]) -> str | None:
    """An option of the tmux server; None when it does not answer."""
    try:
        ended = subprocess.run(  # noqa: S603 - the tmux of the PATH, as when something is copied
            ["tmux", "show-options", "-sv", name],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TMUX_TIMEOUT,
            env=child_environment(environment),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout[:100].decode("utf-8", "replace").strip() if ended.returncode == 0 else None


def check_terminal(terminal: TerminalSnapshot, surroundings: Surroundings) -> CheckResult:
    """Kind, size, characters, and what is around."""
    if not terminal.is_terminal:
        return look(
            "terminal",
            "There is no terminal here: the console can't open, the commands can.",
            "To check a terminal, run mailsluice doctor in it.",
        )
    kind = sanitize(terminal.kind, 40)
    around = f", inside {', '.join(surroundings.around)}" if surroundings.around else ""
    waits = f", esc waits {sanitize(surroundings.escape_delay, 6)} ms" if surroundings.escape_delay else ""
    encoding = "UTF-8" if is_utf8(terminal.encoding) else sanitize(terminal.encoding, 20) or "no encoding"
    found = f"{kind or 'TERM is not set'}, {terminal.columns}x{terminal.lines}, {encoding}{around}{waits}"
    if terminal.is_plain:
        return wrong(
            "terminal", found, "This kind can't show the console. Set TERM to what it is, or use the commands."
        )
    if not is_utf8(terminal.encoding):
        return wrong("terminal", found, "The console needs UTF-8: try LC_ALL=C.UTF-8, or use the commands.")
    hints = [*_hints(terminal, surroundings)]
    return look("terminal", found, " ".join(hints)) if hints else ok("terminal", found)


def _hints(terminal: TerminalSnapshot, surroundings: Surroundings) -> Iterator[str]:
    if terminal.columns < COLUMNS or terminal.lines < LINES:
        yield f"Make the window larger: the console needs {COLUMNS}x{LINES}."
    if "tmux" in surroundings.around and not terminal.kind.startswith(("tmux", "screen")):
        yield 'Inside tmux TERM must begin with tmux or screen: set -g default-terminal "tmux-256color".'
    late = surroundings.tmux.get("escape-time", "")
    if late.isascii() and late.isdecimal() and int(late[:9]) > _SLOW_ESCAPE:
        yield f"tmux holds esc back for {late[:9]} ms: set -sg escape-time 20."


def check_colours(terminal: TerminalSnapshot, surroundings: Surroundings) -> CheckResult:
    """How many there are, and what is drawn with them."""
    if not terminal.is_terminal:
        return look("colours", "There is no terminal here.")
    if surroundings.no_color:
        return ok("colours", f"None, as NO_COLOR is set; theme {terminal.theme}.")
    found = f"{_NAMES.get(terminal.colours, f'{terminal.colours} colours')}, theme {terminal.theme}"
    if terminal.colours is None:
        return look("colours", found, "States are also signs and words. If the terminal has colours, check TERM.")
    if "GNU screen" in surroundings.around:
        return ok("colours", f"{found}; inside GNU screen true colours are not used")
    return ok("colours", found)


def check_clipboard(terminal: TerminalSnapshot, surroundings: Surroundings) -> CheckResult:
    """Never `ok`: no terminal answers to OSC 52, so nobody can know here that it works."""
    if not terminal.is_terminal:
        return look("clipboard", "There is no terminal here, so nothing to copy to.")
    if surroundings.emulator in _KNOWN_DEAF and "tmux" not in surroundings.around:
        return look("clipboard", f"{_KNOWN_DEAF[surroundings.emulator]} takes nothing by OSC 52.", _PLAIN_TEXT)
    if "tmux" in surroundings.around:
        return _check_tmux(surroundings)
    hints = []
    if "GNU screen" in surroundings.around:
        hints.append("GNU screen passes it on in pieces of 768 bytes.")
    if "mosh" in surroundings.around:
        hints.append("mosh passes it on from version 1.4.")
    hints.append(
        "As they come, kitty, WezTerm, Alacritty, foot, Ghostty and Windows Terminal take it; iTerm2 and xterm once it is allowed "
        "in their settings; PuTTY and older terminals of GNOME and KDE don't."
    )
    return look(
        "clipboard", f"Not known: what is copied is sent by OSC 52, and no terminal answers. {' '.join(hints)}", _TRY
    )


def _check_tmux(surroundings: Surroundings) -> CheckResult:
    told = surroundings.tmux.get("set-clipboard")
    if told is None:
        return look("clipboard", "Inside tmux, which did not answer: OSC 52 is sent, and may end in tmux.", _TRY)
    buffer = "Copied text goes into tmux's buffer (prefix ] pastes)."
    if told == "off":
        return look(
            "clipboard",
            f"{buffer} tmux does not pass it on: set-clipboard is off.",
            "In tmux: set -s set-clipboard external",
        )
    return look(
        "clipboard",
        f"{buffer} set-clipboard is {sanitize(told, 20)}: whether the terminal around tmux takes it is not known.",
        _TRY,
    )
