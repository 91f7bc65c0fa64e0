"""What a drill refuses before anything is started, and how it is told on the terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tui_app.cli import cli
from tui_app.cli.drill import go_on_with_drill
from tui_app.cli.drill_text import task_text, verdict_text, way_text
from tui_app.core.errors import SluiceError, UsageError
from tui_app.drills.drill import DRILLS
from tui_app.drills.presses import PressCount, Typed
from tui_app.drills.scene import read_scene
from tui_app.drills.verdict import Verdict
from tui_app.simulator.drill_scene import NAMES

FACTS = {"action": "drill", "row": 2, "jobs": {"x": {"comment": "INC-1", "rows": 5, "wanted": True}}}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--read-only", "demo", "--drill", "stop"), 3, "leave out --read-only"),
        (("demo", "--drill", "stop", "--messages", "5"), 2, "leave out --messages"),
        (("demo", "--drill", "stop"), 2, "needs a terminal"),
    ],
)
def test_what_does_not_go_with_a_drill_is_refused_in_a_sentence(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    error = CliRunner().invoke(cli, arguments).exception
    assert isinstance(error, SluiceError)
    assert (error.exit_code, said in str(error)) == (code, True)


def test_a_folder_that_is_no_drill_s_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "mailsluice-drill-theirs"
    theirs.mkdir()
    for folder in (tmp_path, theirs):
        with pytest.raises(UsageError, match="no drill to go on with"):
            go_on_with_drill(folder)
    assert theirs.is_dir()


def test_every_drill_of_the_simulator_has_a_task() -> None:
    assert set(DRILLS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_short_and_fits_a_terminal_of_80(name: str) -> None:
    told = task_text(DRILLS[name], read_scene([FACTS])).splitlines()
    assert len(told) <= 20
    assert max(map(len, told)) <= 80
    assert len(DRILLS[name].title) <= 36, "the header has room for it"


def test_keys_are_told_as_people_write_them() -> None:
    assert way_text(["Q", "slash", Typed("acme"), "enter", Typed("x", "a reason"), "ctrl+q"]) == (
        "Q  /  “acme”  enter  “a reason”  ctrl+q"
    )


def test_a_verdict_compares_with_the_best_known_way_and_tells_what_is_wrong() -> None:
    drill, scene = DRILLS["stop"], read_scene([FACTS])
    wrong = Verdict(("It had moved 3.",), ("It was not stopped.",))
    told = verdict_text(drill, scene, wrong, PressCount(9, 4, 1), 65.9, seed=7, dropped=False)
    assert "NOT RIGHT   Drill: stop the wrong job, seed 7\n  It had moved 3.\n  ✗ It was not stopped.\n" in told
    flat = " ".join(told.split())
    assert "Keys 9; the best known way takes 6. 4 characters typed into fields, and 1 paste; 21 there." in flat
    assert "Time 1:05" in flat
    assert "Best way j j X “a reason” enter y ctrl+q" in flat
    right = verdict_text(drill, scene, Verdict((), ()), PressCount(6, 4), 65.9, seed=7, dropped=False)
    assert "\nRIGHT   Drill" in right
    assert "6, as many as the best known way." in right
