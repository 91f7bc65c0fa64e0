"""What a tone says is said everywhere: numbers of failures, verdicts by their weight, signs that are no verdict."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.style import Style
from textual.theme import Theme

from tests.screens.test_jobs import open_job
from tests.screens.test_ledger import plan
from tests.support.clock import StillClock
from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.api.enums import Disposition
from tui_app.core.text import Untrusted
from tui_app.plans.state import Outcome
from tui_app.screens import format as fmt
from tui_app.screens.plan import recipients, sums
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.server import Simulator
from tui_app.terminal.themes import ANSI, DARK, HIGH_CONTRAST, PLAIN, THEMES
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

ERROR, WARNING, SIGN = (DARK.variables[f"text-{name}"] for name in ("error", "warning", "secondary"))


def pieces(console: Console, line: str) -> Iterator[tuple[str, Style]]:
    """What the first line of the screen with these words is made of."""
    for strip in console.app.screen._compositor.render_strips():
        if line in "".join(segment.text for segment in strip):
            yield from ((segment.text, segment.style) for segment in strip if segment.style is not None)
            return
    raise AssertionError(f"{line} is not on the screen\n{console.text}")


def colour_of(console: Console, line: str, words: str) -> str:
    """The colour in which words of a line are drawn."""
    found = [style for text, style in pieces(console, line) if words in text]
    assert found, f"{words} in {line}: {list(pieces(console, line))}"
    assert found[0].color is not None and found[0].color.triplet is not None
    return found[0].color.triplet.hex


def test_a_verdict_has_the_tone_of_its_weight() -> None:
    tones = {str(each): fmt.verdict(each).tone for each in (*Disposition, None, Untrusted("NEW"))}
    assert {name for name, tone in tones.items() if tone == "error"} == {"MALICIOUS", "MALICIOUS-BEC"}
    assert {name for name, tone in tones.items() if tone == "warning"} == {"SUSPICIOUS", "SPOOF", "NEW"}
    assert {tone for name, tone in tones.items() if name not in ("NEW",)} == {"error", "warning", ""}
    # Signs are `sign`, or `muted` where only the envelope is another's: no verdict beside them looks so.
    assert {"sign", "muted"} & set(tones.values()) == set()


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_a_bar_shows_what_is_done_also_under_the_cursor(
    theme: Theme, still_simulator: Simulator, still_clock: StillClock
) -> None:
    settings = settings_for(still_simulator)
    settings = replace(settings, ui=replace(settings.ui, theme=theme.name.removeprefix("mailsluice-")))
    async with console_on(settings, clock=still_clock) as console:
        await console.sees("12 loaded", "live")
        await console.press("j")
        assert console.app.current_theme is theme
        (style,) = [style for text, style in pieces(console, "▸") if "29%" in text]
        assert not style.reverse
        assert any(style.reverse for _, style in pieces(console, "▸")) == (theme in (HIGH_CONTRAST, ANSI, PLAIN))


def test_every_tone_has_a_style_in_a_table_and_in_a_line() -> None:
    tones = {name.removeprefix("row-table--") for name in RowTable.COMPONENT_CLASSES if "row-table--" in name}
    assert {recipients.outcome_cell(outcome).tone for outcome in Outcome} <= {*tones, ""}
    known = {*re.findall(r"\$?[a-z-]+", " ".join(map(fmt.style_of, tones - {"mark"})))}
    assert known <= {"bold", *(f"${name}" for name in ANSI.to_color_system().generate())}
    assert fmt.as_piece(Cell("● processing", "strong")) == ("● processing", "bold")
    assert fmt.as_piece(Cell("≈ alike", "sign")) == ("≈ alike", fmt.SIGN)
    assert fmt.as_piece(Cell("▲ MALICIOUS", "error")) == ("▲ MALICIOUS", "$text-error")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.REFUSED])
def test_what_failed_of_a_plan_is_counted_in_the_tone_of_errors(outcome: Outcome) -> None:
    assert sums._sum(outcome, 2) == (f"2 {outcome.value}", "$text-error bold")
    assert sums._sum(outcome, 0) == (f"0 {outcome.value}", "")


async def test_what_failed_is_in_the_tone_of_errors_wherever_it_is_counted(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    async with console_on(settings_for(still_simulator), clock=still_clock) as console:
        await console.sees("12 loaded", "live")
        for row in (line for line in console.text.splitlines() if "! completed" in line):
            failed = row.split()[-3]
            assert colour_of(console, row.rstrip(), f" {failed}") == ERROR
        assert colour_of(console, "✔ completed", " 0") not in (ERROR, WARNING)
        await open_job(console, "140 to retry")
        await console.sees("140 failed", "5 fail 140")
        assert colour_of(console, "! completed", "! completed") == WARNING, "the state, in the line of the job"
        assert colour_of(console, "140 failed", "140 failed") == ERROR
        assert colour_of(console, "5 fail 140", "5 fail 140") == ERROR
        assert colour_of(console, "5 fail 140", "4 comp") != ERROR
        await console.press("5")
        ((text, style),) = [each for each in pieces(console, "5 fail 140") if "5 fail" in each[0]]
        assert style.color is not None and style.reverse and style.color.triplet is not None
        assert style.color.triplet.hex == ERROR, text
        await console.press("D")
        await console.sees("Delete this job's record?", "Rows: ")
        assert colour_of(console, "Rows: ", "140 failed") == ERROR
        await console.press("escape", "w")
        await console.sees("140 failed rows, 3 reasons", "all loaded")
        assert colour_of(console, "140 failed rows", "140 failed rows") == ERROR
        assert colour_of(console, "mailbox not found", " 31") == ERROR
        await console.press("escape", "escape")
        plan(console, "INC-1", Outcome.DELIVERED)
        plan(console, "INC-2", Outcome.FAILED)
        await console.press("H")
        await console.sees("Ledger", "2 plans")
        assert colour_of(console, "INC-2", "1 failed") == ERROR
        assert colour_of(console, "INC-1", "1 delivered") != ERROR


async def test_a_sign_has_another_colour_than_the_verdict_beside_it(
    still_simulator: Simulator, still_clock: StillClock
) -> None:
    impostors = [mail for mail in still_simulator.account.held if mail.sender == IMPOSTOR]
    for mail, verdict in zip(impostors, ("MALICIOUS", "SPOOF", "SPAM"), strict=False):
        mail.disposition = verdict
    async with console_on(settings_for(still_simulator), clock=still_clock, size=(120, 24)) as console:
        await console.press("Q")
        await console.sees("1,223 found, all loaded")
        # A newsletter that somebody else sends for its sender is no alarm, neither in its row nor in words.
        row = next(line for line in console.text.splitlines() if "≠ envelope" in line)
        assert colour_of(console, row, "≠ envelope") == DARK.variables["text-muted"]
        assert colour_of(console, "≠ the envelope is from", "≠ the envelope") == DARK.variables["text-muted"]
        await console.press("slash")
        await console.type(f"from:{IMPOSTOR}")
        await console.press("enter")
        await console.sees("found, all loaded", "▲ MALICIOUS", "△ SPOOF", "▪ SPAM", "≈ alike")
        for glyph, colour in (("▲ MALICIOUS", ERROR), ("△ SPOOF", WARNING), ("▪ SPAM", DARK.foreground)):
            row = next(line for line in console.text.splitlines() if glyph in line)
            assert colour_of(console, row, glyph[0]) == colour
            assert colour_of(console, row, "≈ alike") == SIGN
        row = next(line for line in console.text.splitlines() if "looks like" in line or "like acme" in line)
        assert colour_of(console, row, "≈ ") == SIGN, "in words, of the row under the cursor"
        await console.press("enter")
        await console.sees("read 12:00:00", "▲ MALICIOUS held")
        assert colour_of(console, "▲ MALICIOUS held", "▲ MALICIOUS") == ERROR
        assert colour_of(console, "verdict  ", "MALICIOUS") == ERROR
        assert colour_of(console, "≈ like", "≈ like") == SIGN
        await console.press("escape", "a", "R")
        await console.sees("not sent yet", "held back  ≈ alike")
        assert colour_of(console, "held back  ≈ alike", "held back") == WARNING
        assert colour_of(console, "held back  ≈ alike", "≈ alike") == SIGN
