"""Copying: a sequence that asks the terminal (OSC 52), tmux's own buffer inside of tmux, and what is true to say of it."""

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
"""Bytes of a sequence that GNU screen hands on at once; it takes 768."""
_TMUX_PATIENCE: Final = 2.0


def osc52(text: str, environment: Mapping[str, str]) -> str:
    """What to write so that the terminal takes the text into its clipboard, if it does such things at all."""
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
            ended = subprocess.run(  # noqa: S603 - tmux as the session around us runs it, the text goes in by a pipe
                ["tmux", "load-buffer", *options, "-"],  # noqa: S607
                input=text.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TMUX_PATIENCE,
                env=child_environment(environment),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        if ended.returncode == 0:
            return True
    return False


async def copy(text: str, write: Callable[[str], None], environment: Mapping[str, str]) -> str:
    """Copy one line of text; a sentence that says what became of it, as far as that can be known.

    No terminal answers to OSC 52, so without tmux nobody can say that it worked.
    """
    line = strip_controls(text).replace("\n", " ").strip()
    size = len(line.encode("utf-8", "replace"))
    if not line:
        return "Nothing to copy."
    if size > MOST:
        return f"{size:,} bytes are more than terminals take ({MOST:,}): Y, then t shows them."
    in_tmux = bool(environment.get("TMUX"))
    if in_tmux and await asyncio.to_thread(_into_tmux, line, environment):
        return "Copied into tmux (prefix ] pastes); where the terminal allows, to the clipboard."
    write(osc52(line, environment))
    return "Copied, if your terminal allows (OSC 52); Y, then t shows it as plain text."
