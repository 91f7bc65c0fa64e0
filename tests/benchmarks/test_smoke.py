"""The benchmarks run: cheap rows of the real program on a real pty. No time is asserted, only bytes, which are exact."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import ROWS
from benchmarks.figure import Budget, Figure, table_of
from tests.support.environment import ROOT, environment

CHEAP = ("start-bytes", "idle", "news")
WITHIN_BUDGET = ("idle", "start-bytes", "news")
"""Rows of which every byte figure must meet its budget."""


@pytest.mark.long
def test_cheap_rows_run_and_their_bytes_are_within_budget(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", *CHEAP, "--quick", "--json", str(file)],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(file.read_text())["rows"]
    assert {figure["row"] for figure in figures} == set(CHEAP)
    for figure in figures:
        if figure["budget"] is not None:
            assert figure["ours"] is not None, ended.stdout
            assert figure["anchor"], ended.stdout
        if figure["row"] in WITHIN_BUDGET and figure["unit"] == "B" and figure["budget"] is not None:
            assert figure["met"], ended.stdout


@pytest.mark.parametrize("module", ROWS.values())
def test_every_row_has_a_module(module: str) -> None:
    assert (ROOT / "benchmarks" / f"{module}.py").is_file()


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("r", "w", "B", 20, 3817, "plain", Budget(20)), True),
        (Figure("r", "w", "B", 21, 3817, "plain", Budget(20)), False),
        (Figure("r", "w", "s", 1.2, 1.0, "plain", Budget(1.15, ratio=True)), False),
        (Figure("r", "w", "s", 1.1, 1.0, "plain", Budget(1.15, ratio=True)), True),
        (Figure("r", "w", "s", 1.2, 1.0, "plain", Budget(1.15, ratio=True), judged=False), None),
        (Figure("r", "w", "s", 1.2, 1.0, "plain"), None),
        (Figure("r", "w", "B", None, anchor_name="absent", budget=Budget(20), note="not installed"), None),
    ],
)
def test_a_figure_is_held_against_its_budget(figure: Figure, met: bool | None) -> None:
    assert figure.met is met
    shown = table_of([figure])
    assert ({True: "yes", False: "NO", None: "NO"}[met] in shown) is (met is not None)


def test_a_note_is_written_once_below_the_table() -> None:
    absent = [Figure("r", what, "B", note="htop is not installed here") for what in ("one", "two")]
    assert table_of(absent).count("htop") == 1
