"""What copies is given the text, and no token."""

import os
import string
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.mail.columns import MAIL_ROWS
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


@pytest.mark.parametrize("tmux", [True, False])
async def test_what_happened_fits_a_line_whatever_was_copied(tmux: bool, tmp_path: Path) -> None:
    program = tmp_path / "tmux"
    program.write_text("#!/bin/sh\ncat >/dev/null\n")
    program.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **({"TMUX": "/tmp/x,1,0"} if tmux else {})}
    names = [
        "the whole id ff6c73b8",
        "the id 123456789012",
        "what the group is",
        "the reason",
        "12,345 ids",
        "all of it",
    ]
    names += [f'"{column.copied_as}"' for column in (*JOB_ROWS.copied, *MAIL_ROWS.copied)]
    names += [
        f'"{name}"' for name in ("investigate id", "Message-ID", "own words", "what to do", "link 1,234", "12 in full")
    ]
    where = "into tmux (prefix ] pastes)" if tmux else "if your terminal allows it"
    for name in names:
        told = await copy("text", lambda _: None, environment, name, otherwise="Y, t shows it.")
        assert len(told) <= 78, told
        assert told.startswith("Copied") and where in told[:59], told
    told = await copy("# text\nmore", lambda _: None, environment, "all of it", lines=True)
    assert len(told) <= 78 and told.startswith(f"Copied {where}.") and "shell" in told, told
    too_long = await copy("x" * 200_000, lambda _: None, environment, "all of it", otherwise="Y, t shows it.")
    assert len(too_long) <= 78, too_long
