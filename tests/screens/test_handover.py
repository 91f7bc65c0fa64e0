"""The handover on the screen: read in the background, told as it is, saved beside where the console was started, copied whole."""

import base64
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.plans.test_write_records import facts
from tests.screens.test_ledger import plan
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.core.files import free_path
from tui_app.plans.ledger import Ledger
from tui_app.plans.state import Outcome
from tui_app.screens import handover as module
from tui_app.screens.handover import HandoverScreen, pieces_of
from tui_app.simulator.server import Simulator
from tui_app.terminal.clipboard import copy
from tui_app.widgets.redaction import REDACTED, PrivateText

SINCE = datetime(2026, 11, 20, tzinfo=UTC)


async def opened(console: Console) -> HandoverScreen:
    screen = HandoverScreen(console.app.service, SINCE)
    console.app.push_screen(screen)
    await console.sees("Handover  since 2026-11-20 00:00")
    return screen


async def test_it_is_read_and_told_as_the_markdown_that_is_saved_and_copied(
    still_simulator: Simulator, still_clock: StillClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        plan(console, "INC-7 of ana", Outcome.UNKNOWN)
        screen = await opened(console)
        await console.sees("# Handover · account", "## Open now", "4 open, 3 failed, 1 done", "All was read.")
        assert all(len(line) <= 80 for line in console.text.splitlines())
        screen.action_handover_save()
        await console.sees("Written here: handover-2026-11-20-1200.md")
        screen.action_handover_save()
        await console.sees("Written here: handover-2026-11-20-1200-2.md")
        first, second = tmp_path / "handover-2026-11-20-1200.md", tmp_path / "handover-2026-11-20-1200-2.md"
        assert first.read_text() == second.read_text()
        assert first.stat().st_mode & 0o777 == 0o600
        assert "`INC-7` of ana" in first.read_text()
        copied: list[str] = []
        monkeypatch.setattr(console.app, "write_to_terminal", copied.append)
        screen.action_text_copy()
        await console.sees("Copied if your terminal allows it. Never paste it in a shell.")
        (sequence,) = copied
        found = re.fullmatch("\x1b]52;c;(.*)\x07", sequence)
        assert found and base64.b64decode(found[1]).decode() == first.read_text().strip()
        monkeypatch.setattr(module, "MOST", 10)
        screen.action_text_copy()
        await console.sees("Too long to copy (", "E writes it to a file.")
        assert len(copied) == 1
        screen.action_row_last()
        await console.sees("requests left" if "requests left" in first.read_text() else "Nobody told")
        await console.press("g", "M")
        screen.action_row_first()
        for _ in range(40):
            assert "of ana" not in await console.settles()
            screen.action_page_down()
        assert not [line for line in console.text.splitlines() if "\ue000" in line or "\ue001" in line]
        await console.press("escape")
        await console.sees("12 loaded")


async def test_the_console_goes_on_while_the_ledger_is_read_and_what_is_missing_is_told(
    still_simulator: Simulator, still_clock: StillClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    go_on, threads, overview = threading.Event(), list[str](), Ledger.overview

    def slow(ledger: Ledger) -> Any:
        threads.append(threading.current_thread().name)
        assert go_on.wait(10)
        return overview(ledger)

    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded")
        about = facts("00000004", "cancel")
        console.app.service.plans.ledger.begin_write(about, console.app.service.settings.identity).close()
        odd = console.app.service.plans.ledger.folder / "000009-0badcafe.jsonl"
        odd.write_bytes(b"x\n")
        odd.chmod(0o600)
        monkeypatch.setattr(Ledger, "overview", slow)
        screen = HandoverScreen(console.app.service)
        console.app.push_screen(screen)
        await console.sees("Reading the ledger of this machine…")
        screen.action_handover_save()
        await console.sees("It is still being read: nothing was written.")
        screen.action_text_copy()
        await console.sees("It is still being read: nothing was copied.")
        go_on.set()
        await console.sees("Handover  since 2026-11-20 00:00", "Not all could be read: 000009-0badcafe.jsonl")
        assert "MainThread" not in threads
        assert free_path("handover-2026-11-20-1200", ".md").name.endswith("1200.md")
        odd.unlink()
        screen.action_view_refresh()
        await console.sees("All was read.")


def test_the_words_of_operators_are_pieces_of_their_own() -> None:
    pieces = pieces_of("# a\n- b \ue000INC-1 x\ue001\n## c\n")
    assert pieces == [("# a", "bold"), "\n- b ", "INC-1 x", "\n", ("## c", "bold"), "\n"]
    assert [type(piece) for piece in pieces if piece == "INC-1 x"] == [PrivateText]
    assert REDACTED not in str(pieces)


async def test_lines_are_kept_where_that_is_wanted_and_controls_never() -> None:
    written: list[str] = []
    await copy("a\nb\x1b[31m\n", written.append, {}, lines=True)
    await copy("a\nb\n", written.append, {})
    assert [base64.b64decode(each[7:-1]) for each in written] == [b"a\nb[31m", b"a b"]


async def test_a_folder_that_takes_no_file_is_told(
    still_simulator: Simulator, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_saved", full)
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        screen = await opened(console)
        screen.action_handover_save()
        await console.sees("The current folder can't be used: No space left on device.")
