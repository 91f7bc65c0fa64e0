"""The doctor's screen: the same checks on the running service."""

from tests.support.screens import console_on
from tests.support.services import settings_for
from tui_app.screens.doctor import DoctorScreen
from tui_app.simulator.server import Simulator


async def test_the_checks_come_line_by_line_on_the_quota_of_the_session(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(100, 60)) as console:
        await console.sees("Jobs")
        screen = DoctorScreen(console.app.service)
        console.app.push_screen(screen)
        await console.sees("Doctor  5 requests sent")
        assert " ok, " in console.text.splitlines()[1]
        lines = console.text.splitlines()
        assert any(line.startswith(" ✔ ok     connection") for line in lines)
        assert any(line.startswith(" ! look   writing") for line in lines)
        assert simulator.authenticator.token not in console.text
        # Made again: the results are not added to the old ones.
        count = len(screen._results)
        screen.action_view_refresh()
        await console.until(lambda: screen._is_done and len(screen._results) == count)
        await console.press("escape")
        await console.loses("Doctor")


async def test_it_can_be_left_while_it_is_looking(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        console.app.push_screen(DoctorScreen(console.app.service))
        await console.sees("going on…")
        await console.press("escape")
        await console.loses("going on…")


async def test_what_is_wrong_is_named_first(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await console.sees("Jobs")
        simulator.authenticator.token = "another-token-than-before"
        console.app.push_screen(DoctorScreen(console.app.service))
        await console.sees("Wrong: token, jobs, mail")
