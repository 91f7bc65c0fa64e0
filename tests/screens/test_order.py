"""The arrow of an order stands over rows that are in that order, however a screen came to be."""

from pathlib import Path
from random import Random

from textual.widget import Widget

from tests.screens.test_jobs import open_job
from tests.screens.test_prompt import command
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.app import SluiceApp
from tui_app.core.clock import SystemClock
from tui_app.core.state_file import StateFile
from tui_app.screens.base import ConsoleScreen
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator


def table_of(console: Console) -> Widget:
    assert isinstance(console.app.screen, ConsoleScreen)
    table = console.app.screen.table()
    assert table is not None
    return table


def recipients(console: Console) -> list[str]:
    rows = table_of(console).shown  # type: ignore[attr-defined]
    return [str(rows[index].recipient).casefold() for index in range(len(rows))]


async def sorted_by_recipient(console: Console) -> None:
    await console.sees("RECIPIENT▲")
    await console.until(
        lambda: len(found := recipients(console)) > 100 and found == sorted(found), "the rows are in the order"
    )


async def test_a_job_is_sorted_as_its_arrow_says_after_a_restart_and_when_it_is_opened_again(
    simulator: Simulator, tmp_path: Path
) -> None:
    def app() -> SluiceApp:
        state = StateFile(tmp_path / "state")
        return SluiceApp(
            EmailSecurityService(settings_for(simulator), clock=SystemClock(), random=Random(1), state_file=state)
        )

    async with (first := app()).run_test(size=(80, 24)) as pilot:
        console = Console(first, pilot)
        await console.sees("12 loaded")
        await open_job(console, "INC-4705")
        await console.sees("loaded")
        plain = recipients(console)
        assert plain != sorted(plain)
        await console.press("escape")
        await open_job(console, "140 to retry")
        await console.sees("1,000 loaded")
        await console.press("o", "o")
        await sorted_by_recipient(console)
        await console.press("escape")
        await open_job(console, "INC-4705")
        await console.sees("loaded")
        assert recipients(console) == plain, "it was left in the order of the server"
        assert "▲" not in console.text
        await console.press("ctrl+q")
    async with (again := app()).run_test(size=(80, 24)) as pilot:
        console = Console(again, pilot)
        await console.sees("12 loaded")
        for _ in range(2):  # opened, and opened again
            await open_job(console, "140 to retry")
            await sorted_by_recipient(console)
            await console.press("escape")


async def test_mail_has_no_arrow_where_a_view_took_the_order_away(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.press("Q")
        await console.sees("found, all loaded")
        await command(console, "view save plain")
        await console.press("o")
        await console.sees("VERDICT▲")
        await command(console, "view plain")
        await console.loses("VERDICT▲")
        await console.press("escape", "Q")
        await console.sees("found, all loaded")
        assert "▲" not in console.text.splitlines()[2], "opened again"
        await console.press("escape")
        await command(console, "quarantine subject:digest")
        await console.sees("subject:digest", "found, all loaded")
        assert "▲" not in console.text.splitlines()[2], "another search"
