"""Draws the README's picture: the real program on the demo account, at a moment that does not pass.

Run it from a checkout: `.venv/bin/python docs/pictures.py`.
"""

import asyncio
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tui_app.app import SluiceApp
from tui_app.config.settings import load_settings
from tui_app.core.clock import SystemClock
from tui_app.jobs.poller import ConnectionState
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
FOLDER = Path(__file__).resolve().parent


class StillClock(SystemClock):
    """The time of day never changes, so the picture only changes with the program."""

    def now(self) -> datetime:
        """Always the same."""
        return MOMENT


async def draw(simulator: Simulator) -> str:
    """The list of jobs as SVG, without fonts or scripts from elsewhere."""
    settings = load_settings(simulator.environment() | {"MAILSLUICE_CONFIG": "/dev/null"})
    app = SluiceApp(EmailSecurityService(replace(settings, profile="acme-prod"), clock=StillClock(), random=Random(1)))
    async with app.run_test(size=(100, 24)) as pilot:
        while app.service.connection.state is not ConnectionState.LIVE:
            await pilot.pause(0.05)
        await pilot.press("j", "j", "j", "j", "j")
        await pilot.pause()
        svg = app.export_screenshot(title="mailsluice demo")
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.S)
    return re.sub(r"terminal-\d+", "terminal", svg)


def main() -> None:
    """Write the picture."""
    with running(Options(), clock=lambda: MOMENT) as simulator:
        (FOLDER / "jobs.svg").write_text(asyncio.run(draw(simulator)), encoding="utf-8")
    sys.stdout.write("wrote docs/jobs.svg\n")


if __name__ == "__main__":
    main()
