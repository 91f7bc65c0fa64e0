"""Copying to the clipboard: by a sequence to the terminal (OSC 52), or into tmux's buffer inside of tmux."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import Callable, Mapping
from typing import Final

from tui_app.core.hardening import child_environment
from tui_app.core.text import strip_controls

MOST: Final = 74_994
"""Bytes: 100,000 after base64 with its sequence; xterm and others take no more."""
_SCREEN_PIECE: Final = 700
"""Bytes of a sequence that are sent to GNU screen at once; it takes 768."""
_INTO_TMUX: Final = "into tmux (prefix ] pastes), maybe the clipboard."
_PERHAPS: Final = "if your terminal allows it."
_LINES: Final = "Never paste it in a shell."
_TMUX_TIMEOUT: Final = 2.0
"""Seconds."""


def osc52(text: str, environment: Mapping[str, str]) -> str:
    """The sequence that puts the text into the terminal's clipboard, if the terminal supports OSC 52."""
    data = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    sequence = f"\x1b]52;c;{data}\x07"
    if not environment.get("STY"):
        return sequence
    pieces = [sequence[at : at + _SCREEN_PIECE] for at in range(0, len(sequence), _SCREEN_PIECE)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


def _into_tmux(text: str, environment: Mapping[str, str]) -> bool:
    """Put the text into tmux's buffer, and with -w into the clipboard of the terminal around it."""
    for options in (["-w"], []):  # before tmux 3.2 there was no -w
        try:
            ended = subprocess.run(  # noqa: S603 - the tmux of the PATH; the text goes through a pipe
                ["tmux", "load-buffer", *options, "-"],  # noqa: S607
                input=text.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TMUX_TIMEOUT,
                env=child_environment(environment),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        if ended.returncode == 0:
            return True
    return False


async def copy(
    text: str,
    write: Callable[[str], None],
    environment: Mapping[str, str],
    what: str = "it",
    *,
    lines: bool = False,
    otherwise: str = "",
) -> str:
    """Copy one line of text; returns a sentence that says what happened, as far as that can be known.

    No terminal answers to OSC 52, so without tmux it is not known whether the text was copied. `what` it is, for the
    sentence, never text from outside: nothing hides it; `lines` = it keeps its line ends, which a shell obeys where it is pasted;
    `otherwise` = how to have the text where it can't be copied, a sentence.
    Where it went comes first: the sentence has one line.
    """
    line = strip_controls(text).strip()
    line = line if lines else line.replace("\n", " ")
    size = len(line.encode("utf-8", "replace"))
    if not line:
        return "Nothing to copy."
    if size > MOST:
        return f"Too long to copy: {size:,} bytes, terminals take {MOST:,}. {otherwise}".rstrip()
    in_tmux = bool(environment.get("TMUX"))
    if in_tmux and await asyncio.to_thread(_into_tmux, line, environment):
        return f"Copied into tmux (prefix ] pastes). {_LINES}" if lines else f"Copied {what} {_INTO_TMUX}"
    write(osc52(line, environment))
    return (
        f"Copied if your terminal allows it. {_LINES}" if lines else f"Copied {what}, {_PERHAPS} {otherwise}".rstrip()
    )
