"""Rows that were copied from our screens: nothing is taken out of them."""

import ast
import inspect

import pytest

from tests.support.pasted import ONE, VICTIM, told
from tui_app.api.enums import Disposition, JobStatus, RowStatus
from tui_app.core.fitting import fitted
from tui_app.core.signs import SignKind
from tui_app.core.text import Untrusted
from tui_app.plans import pasted_screen
from tui_app.plans.ids import parse_ids
from tui_app.plans.state import Outcome, Sighting
from tui_app.screens import format as fmt
from tui_app.screens.mail import group_rows, groups, part_view, rows, screen
from tui_app.screens.plan import recipients, review_rows

STATES = sorted(
    {
        *(fmt.row_state(status).text for status in (*RowStatus, Untrusted("new-one"))),
        *(fmt.verdict(verdict).text for verdict in (*Disposition, Untrusted("NEW-ONE"), None)),
        *(recipients.outcome_cell(outcome).text for outcome in Outcome),
        *(f"! {sighting}" for sighting in Sighting),
        *(f"{glyph} {status.lower()}" for status in JobStatus for glyph in "?!"),
        *(f"{kind.glyph} {kind.word}" for kind in SignKind),
        "≠ odd",
    }
)
"""What stands in the first column of a row, with its sign."""


def signs_in(module: object) -> set[str]:
    """Signs that a module writes: alone, or before a word."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            first, rest = node.value[:1], node.value[1:2]
            if first.strip() and not first.isalnum() and rest in ("", " "):
                found.add(first)
    return found


def test_all_signs_of_the_screens_are_known() -> None:
    written = set().union(*map(signs_in, (fmt, recipients, rows, group_rows, groups, part_view, screen, review_rows)))
    known = {*pasted_screen.SIGNS, "▸", "✓", "~"}
    assert {"◌", "●", "■", "?", "≠"} <= written
    assert {sign for sign in written if not sign.isascii() or sign in "!?~"} - {*"…↑↓"} <= known
    assert {text[0] for text in STATES} <= known


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("edge", ["  ", "▸ ", " ✓", "▸✓", ""])
def test_a_row_names_nothing(state: str, edge: str) -> None:
    for width in (12, 15, 19, 30):
        for words in (
            f"ana@acme.example {VICTIM} x",
            f"ana@acme.example  see {VICTIM}  gone",
            f"3 recipients   x,{VICTIM},y,z",
        ):
            line = f"{edge}{fitted(state, max(width, len(state)))} {words}"
            parsed = parse_ids(["please", line])
            assert parsed.ids == (), line
            assert VICTIM in told(parsed)


@pytest.mark.parametrize(
    "line",
    [f"    47 vendor.example       {VICTIM}   ▪ SPAM", f"    47 vendor.example       {VICTIM}   SPAM     3",
     f"   odd evil@vendor.example  see {VICTIM}  · none", f" ~1.2k vendor.example see {VICTIM} SPAM", f"  47 no readable domain  {VICTIM}  x",
     f"▸   1 …endor.example  {VICTIM}  x", f"Quarantine › message  {VICTIM}", f"  goes out   evil@vendor.example  {VICTIM}",
     f"ana@acme.example   skipped   {VICTIM}", f"This may be another mail's: its Message-ID is {VICTIM}, the message's is x."],
)  # fmt: skip
def test_a_row_of_groups_a_title_and_a_remark_name_nothing(line: str) -> None:
    parsed = parse_ids(["please", line])
    assert parsed.ids == ()
    assert VICTIM in told(parsed)


@pytest.mark.parametrize(
    "line",
    [f"- {ONE}", f"– {ONE}", f"· {ONE}", f"● {ONE}", f"■ {ONE} please", f"– please release {ONE}", f"! {ONE}", f"✓ {ONE}",
     f"SPAM  {ONE}", f"released? {ONE}", f"{ONE} – not spam", f"47 mails, among them {ONE}", f"1. {ONE}", f"{ONE}   SPAM   x"],
)  # fmt: skip
def test_a_line_of_a_ticket_is_searched(line: str) -> None:
    assert parse_ids([line]).ids == (ONE,)
