"""What is kept for the next time: named views, columns, orders, the last view, the theme; marks never."""

from pathlib import Path
from random import Random

from tests.screens.test_prompt import command
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.app import SluiceApp
from tui_app.config.schema import View
from tui_app.core.state_file import StateFile
from tui_app.remembered import Remembered
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Simulator


async def test_views_are_kept_and_shown(still_simulator: Simulator, still_clock: StillClock) -> None:
    views = {"failed ones": View("jobs", filter="failed:>0", sort="-failed")}
    async with console_on(settings_for(still_simulator, views=views), clock=still_clock) as console:
        await console.sees("12 loaded")
        await command(console, "view failed ones")
        await console.sees("of 12 loaded", "by failed ↓")
        await command(console, "view save mine")
        await console.sees("Saved: :view mine")
        await console.press("escape", "o")
        await command(console, "view mine")
        await console.sees("filter failed:>0", "by failed ↓")
        await command(console, "view forget failed ones")
        await console.sees("in the configuration file")
        await console.press("escape")
        await command(console, "view forget mine")
        await console.sees("is forgotten")


async def test_columns_are_chosen_and_come_back(still_simulator: Simulator, still_clock: StillClock) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(120, 24)) as console:
        await console.sees("12 loaded")
        await command(console, "columns")
        await console.sees("Jobs › columns", "COMMENT")
        await console.press("J")  # status goes below action
        await console.press("g", "j", "j", "enter")
        await console.press("escape")
        await console.sees("ACTION", "STATUS")
        header = next(line for line in console.text.splitlines() if "ACTION" in line)
        assert header.index("ACTION") < header.index("STATUS") and "PROGRESS" not in header
        assert list(console.app.service.remembered.columns("jobs"))[:2] == ["ACTION", "STATUS"]


def test_what_is_remembered_survives_and_nonsense_is_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    one = Remembered(StateFile(folder), "a@b", {})
    one.set_columns("jobs", ["AGE", "STATUS"])
    one.set_sort("job", "why", reverse=True)
    one.theme = "light"
    one.save_view("mine", View("mail", search="from:x", sort="-when"))
    one.last_view = View("ledger", filter="since:24h")
    two = Remembered(StateFile(folder), "a@b", {})
    assert two.columns("jobs") == ["AGE", "STATUS"] and two.sort("job") == ("why", True)
    assert two.theme == "light" and two.last_view == View("ledger", filter="since:24h")
    assert two.views == {"mine": View("mail", search="from:x", sort="-when")}
    other = Remembered(StateFile(folder), "other@b", {})
    assert not other.views and other.theme == "light" and not other.columns("jobs")
    state = StateFile(folder)
    for text in (
        "[",
        "[" * 100_000,
        '{"screen": "plan"}',
        '{"screen": "jobs", "action": "burn"}',
        "7",
        '{"screen": 7}',
    ):
        state.put("a@b", "view.last", text)
        assert Remembered(StateFile(folder), "a@b", {}).last_view is None


async def test_a_key_that_is_pressed_at_once_is_not_undone_by_the_last_view(
    still_simulator: Simulator, still_clock: StillClock, tmp_path: Path
) -> None:
    state = StateFile(tmp_path / "state")
    settings = settings_for(still_simulator)
    Remembered(state, settings.identity, {}).last_view = View("jobs", filter="failed:>0")
    app = SluiceApp(EmailSecurityService(settings, clock=still_clock, random=Random(1), state_file=state))
    async with app.run_test(size=(80, 24)) as pilot:
        console = Console(app, pilot)
        await console.press("5")
        await console.sees("1 loaded", "live")
        await console.settles()
        assert "filter failed:>0" not in console.text and "1 loaded" in console.text


async def test_the_last_view_and_the_theme_come_back_and_marks_do_not(
    still_simulator: Simulator, still_clock: StillClock, tmp_path: Path
) -> None:
    def service() -> EmailSecurityService:
        state = StateFile(tmp_path / "state")
        settings = settings_for(still_simulator)
        return EmailSecurityService(settings, clock=still_clock, random=Random(1), state_file=state)

    app = SluiceApp(service())
    async with app.run_test(size=(80, 24)) as pilot:
        console = Console(app, pilot)
        await console.sees("12 loaded")
        await command(console, "theme light")
        await console.sees("Theme light, also the next time.")
        await command(console, "quarantine subject:digest")
        await console.sees("Quarantine", "subject:digest", "all loaded")
        await console.press("space", "o")
        await console.sees("1 marked")
        await console.press("ctrl+q")
    app = SluiceApp(service())
    async with app.run_test(size=(80, 24)) as pilot:
        console = Console(app, pilot)
        await console.sees("Quarantine", "subject:digest", "all loaded", "▲", "As it was left.")
        assert "marked" not in console.text
        assert app.theme == "mailsluice-light"
        await console.press("q")
        await console.sees("12 loaded")
