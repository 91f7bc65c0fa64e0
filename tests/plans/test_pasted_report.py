"""Our own reports, pasted back: whatever stands in a fact, however it is copied and wrapped, names no message."""

import inspect
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.plans.test_pasted_table import HOSTILE
from tests.plans.test_report import entry_with
from tests.support.pasted import ONE, VICTIM, told
from tests.support.tickets import rendered
from tui_app.core.markdown import fact
from tui_app.core.text import sanitize
from tui_app.plans import report as plan_report
from tui_app.plans.ids import parse_ids
from tui_app.plans.report import as_markdown
from tui_app.plans.state import Outcome
from tui_app.reports import job_formats

FACTS = sorted(
    {
        name
        for part in (
            plan_report._facts, plan_report._mail_facts, job_formats._facts, job_formats._search, job_formats._writes,
        )
        for name in re.findall(r'(?:\(|: |, )"([A-Za-z][A-Za-z0-9 ,-]+)"(?=, |\}|\))', inspect.getsource(part))
    }
    - {"nobody on this machine", "none", "the beginning", "not told", "not yet", "no end told", "not kept", "start", "end"}
)  # fmt: skip
"""The names of all facts of both reports."""
IDS = st.sampled_from([VICTIM, VICTIM[:16], VICTIM.rpartition("-")[0], "<a@b.example>"])
NOISE = st.sampled_from(
    ["{", '[{"id":', '{"id":"', '"}', "id", "ids:", "- ", "* ", "#", "##", "Message-ID:", "All messages", "| id |", "|---|",
     "id,subject", ",", ";", "state:", "Subject:", ">", "investigate_id", "release"]
)  # fmt: skip
WORDS = st.lists(IDS | NOISE | HOSTILE, min_size=1, max_size=8).map(" ".join)
BREAKS = st.lists(st.sampled_from([" ", " ", "\n", "\n  ", "\n> ", "\n\t"]), min_size=60, max_size=60)
BULLETS = st.sampled_from(["- ", "* ", "+ ", "• ", "– ", "  * ", "> - ", ""])


def test_the_facts_of_both_reports_are_known() -> None:
    assert {
        "plan",
        "job",
        "why",
        "followed by",
        "preview before",
        "asked to delete by",
        "link of the chain",
        "sender domains",
    } <= {*FACTS}
    assert len(FACTS) > 35
    for name in FACTS:
        assert parse_ids([f"{name}: {ONE}"]).ids == (), name
        assert parse_ids([f"{fact(name, ONE)} and", ONE, "", VICTIM]).ids == (VICTIM,), name


def wrapped(text: str, breaks: list[str]) -> str:
    """A line as a mail client breaks it: at blanks, anywhere."""
    first, *words = text.split() or [""]
    return first + "".join(gap + word for gap, word in zip([*breaks, *" " * len(words)], words, strict=False))


@given(names=st.lists(st.sampled_from(FACTS), min_size=2, max_size=4), words=st.lists(WORDS, min_size=4, max_size=4),
       bullet=BULLETS, breaks=BREAKS, shown=st.booleans())  # fmt: skip
@example(["state", "comment"], [VICTIM, f"x {VICTIM}", "", ""], "", ["\n"] * 60, True)
@example(["why", "found by"], ["x", f"- {VICTIM} # {VICTIM}", "", ""], "* ", ["\n"] * 60, True)
def test_no_id_is_taken_out_of_a_fact_however_it_is_copied_and_wrapped(
    names: list[str], words: list[str], bullet: str, breaks: list[str], shown: bool
) -> None:
    lines = []
    for name, text in zip(["plan", *names], ["x", *map(sanitize, words)], strict=False):
        written = fact(name, text).removeprefix("- ") if not shown else f"{name}: {text}"
        # It is the value that is broken: a name stands whole at the beginning of its line.
        begin, _, value = written.partition(": ")
        lines.append(f"{bullet}{begin}: {wrapped(value, breaks)}")
    pasted = "\n".join([*lines, "", f"release {ONE}"]).split("\n")
    parsed = parse_ids(pasted)
    assert parsed.ids == (ONE,), pasted
    assert (VICTIM not in pasted) or VICTIM in told(parsed), "and it is told"


@pytest.mark.parametrize("bullet", ["", "* ", "• "])
def test_the_table_of_a_plan_s_report_is_read_from_a_page(bullet: str) -> None:
    results = [(Outcome.FAILED, ["ana@acme.example"], VICTIM), (Outcome.DELIVERED, [], "")]
    entry = entry_with(results, f"x {VICTIM}")
    names = {target.id for target in entry.plan.targets}
    for blank in ("\n\n", "\n"):  # not every program leaves blank lines between them
        page = rendered(as_markdown(entry), bullet).replace("\n\nAll messages\n\n", f"{blank}All messages{blank}")
        assert set(parse_ids(page.split("\n")).ids) == names


def test_a_line_of_a_ticket_that_is_called_like_a_fact_takes_no_ids_below_it() -> None:
    assert parse_ids(["Account: acme", ONE]).ids == (ONE,)
    assert parse_ids(["why: a customer waits", ONE]).ids == (ONE,)
    assert parse_ids(["- asked for by: ana", ONE]).ids == ()


def test_no_line_takes_long() -> None:
    # A rule that begins anew at each blank takes minutes for it; the test would not end.
    for line in (" " * 100_000 + "x", "> " * 30_000, "· " * 30_000, "1 failed" + " " * 30_000):
        assert parse_ids([line]).ids == ()
