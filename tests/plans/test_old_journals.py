"""Journals that an earlier version wrote are read as that version read them."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui_app.plans.ledger import Ledger
from tui_app.plans.origin import Origin
from tui_app.plans.report import accounted, entry_json, result_json

WRITTEN = Path(__file__).parent / "journals"
"""Five plans of version 0.1.0: finished and verified, left unknown, sent again, with a refused id, closed."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    folder = tmp_path / "state" / "plans"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    for journal in WRITTEN.glob("*.jsonl"):
        shutil.copy(journal, folder)
        (folder / journal.name).chmod(0o600)
    return Ledger(folder, Origin("ana", "jump1"), lambda: datetime(2026, 11, 28, tzinfo=UTC))


def test_every_plan_is_told_as_the_version_told_it_that_wrote_it(ledger: Ledger) -> None:
    told = [
        entry_json(entry) | {"results": [result_json(row, entry.state.arrival) for row in accounted(entry.state)]}
        for entry in ledger.entries()
    ]
    expected = json.loads((WRITTEN / "expected.json").read_text())
    # What later versions tell beside that is not in those journals.
    assert [{name: one[name] for name in other} for one, other in zip(told, expected, strict=True)] == expected
    assert all(one["source"] is one["not_before"] is one["destination"] is None for one in told)


def test_their_chain_is_whole(ledger: Ledger) -> None:
    checked = ledger.verify()
    assert (checked.journals, checked.problems) == (5, ())


def test_what_they_left_open_is_open_and_can_be_resumed(ledger: Ledger) -> None:
    (unfinished,) = [entry for entry in ledger.entries() if entry.state.unfinished]
    assert unfinished.plan.plan_id == "f2a74de4"
    assert len(ledger.other_plans(unfinished.account).held()) == 2 * 25, "each by both its ids"
    journal, now = ledger.resume(unfinished)
    journal.close()
    assert now.state == unfinished.state
