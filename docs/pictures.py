"""Makes the README's picture: the real program on the demo account, at a fixed time of day.

Run it from a checkout: `.venv/bin/python docs/pictures.py`.
"""

import asyncio
import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html import escape, unescape
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
FONTS = "ui-monospace, SFMono-Regular, JetBrains Mono, Cascadia Mono, Menlo, Consolas, DejaVu Sans Mono, monospace"
"""Fonts of current terminals; the first one that the reader has is used."""


class StillClock(SystemClock):
    """The time of day never changes, so that the picture changes only with the program."""

    def now(self) -> datetime:
        """The same moment at each call."""
        return MOMENT


async def draw(simulator: Simulator) -> str:
    """The list of jobs as SVG that loads nothing from elsewhere."""
    settings = load_settings(simulator.environment() | {"MAILSLUICE_CONFIG": "/dev/null"})
    shown = replace(settings, profile="acme-prod", ui=replace(settings.ui, theme="dark"))
    app = SluiceApp(EmailSecurityService(shown, clock=StillClock(), random=Random(1)))
    async with app.run_test(size=(100, 24)) as pilot:
        while app.service.connection.state is not ConnectionState.LIVE:
            await pilot.pause(0.05)
        await pilot.press("j", "j", "j", "j", "j")
        await pilot.pause()
        svg = app.export_screenshot(title="mailsluice demo")
    return aligned(svg)


def aligned(svg: str) -> str:
    """The SVG with fonts of current terminals, and each word in its column, whichever of the fonts there is.

    Rich sets the length of a whole run of text. A glyph from another font would move what follows it in the run, so
    each word gets its own place and length.
    """
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.S)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    svg = re.sub(r"font-family: Fira Code, monospace;", f"font-family: {FONTS};", svg)
    svg = re.sub(r"\s*font-variant-east-asian: full-width;", "", svg)
    svg = svg.replace("font-family: arial;", "font-family: sans-serif;")
    return re.sub(
        r'<text class="(terminal-r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"(.*?)>(.*?)</text>', _words, svg
    )


def _words(run: re.Match[str]) -> str:
    style, x, y, length, rest, content = run.groups()
    text = unescape(content)
    width = float(length) / len(text)
    return "".join(
        f'<text class="{style}" x="{float(x) + word.start() * width:.1f}" y="{y}" '
        f'textLength="{len(word[0]) * width:.1f}" lengthAdjust="spacingAndGlyphs"{rest}>{escape(word[0])}</text>'
        for word in re.finditer(r"\S+", text.replace("\xa0", " "))
    )


def main() -> None:
    """Write docs/jobs.svg."""
    os.environ["COLORTERM"] = "truecolor"  # the picture does not depend on the terminal in which this is run
    os.environ.pop("NO_COLOR", None)
    with running(Options(), clock=lambda: MOMENT) as simulator:
        (FOLDER / "jobs.svg").write_text(asyncio.run(draw(simulator)), encoding="utf-8")
    sys.stdout.write("wrote docs/jobs.svg\n")


if __name__ == "__main__":
    main()
