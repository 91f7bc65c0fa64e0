"""What copies is given the text, and no token."""

import os
import string
from pathlib import Path
from random import Random
from typing import Final

from tui_app.terminal.clipboard import copy

TOKEN: Final = "".join(Random(7).choices(string.ascii_letters + string.digits, k=40))


async def test_what_copies_into_tmux_is_given_no_token(tmp_path: Path) -> None:
    tmux, given = tmp_path / "tmux", tmp_path / "given"
    tmux.write_text(f"#!/bin/sh\nenv >'{given}'\ncat >>'{given}'\n")
    tmux.chmod(0o700)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "TMUX": "/tmp/x,1,0", "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_API_KEY": TOKEN,
    }  # fmt: skip
    assert "Copied the id into tmux" in await copy("some text", lambda _: None, environment, "the id")
    assert "TMUX=/tmp/x,1,0" in given.read_text()
    assert "some text" in given.read_text()
    assert TOKEN not in given.read_text()
