"""The wheel, installed, in a real terminal."""

import json
import select
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import ABSENT, ROOT, environment
from tests.support.terminal import PATIENCE, Terminal

pytestmark = pytest.mark.xdist_group("installed")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a wheel that was built from this tree and installed beside the dependencies of these tests."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
    python = place / "venv" / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    # The dependencies are those of this environment; the package itself comes from the wheel, which is found first.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "venv" / "bin" / "mailsluice"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Nothing but the wheel: no tree of ours, and no configuration."""
    return environment(tmp_path, PYTHONPATH=ABSENT, MAILSLUICE_CONFIG=ABSENT)


def demo(installed: Path, variables: dict[str, str], *arguments: str, columns: int = 80, lines: int = 24) -> Terminal:
    return Terminal([str(installed), "demo", *arguments], variables, columns=columns, lines=lines)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.kill()


def test_the_wheel_brings_its_styles_and_its_version(
    installed: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    assert (
        "version 0.1.0"
        in subprocess.run([installed, "--version"], env=variables, check=True, capture_output=True, text=True).stdout
    )
    where = (
        "import tui_app.app as a, tui_app.screens.confirm as c, tui_app.screens.new_job as n\n"
        "import tui_app.screens.plan.ids as i, tui_app.screens.prompt as p, tui_app.screens.plan.review as r, tui_app.screens.plan.screen as o, tui_app.screens.setup.frame as s\n"
        "screens = (i.IdsScreen, c.Confirm, n.NewJobScreen, p.PromptScreen, r.ReviewScreen, o.PlanScreen, s.SetupScreen)\n"
        "print(*a.style_sheets(), *(screen.CSS_PATH for screen in screens), sep='\\n')"
    )
    python = installed.parent / "python"
    sheets = subprocess.run(
        [python, "-c", where], env=variables, check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout.split()
    assert all(Path(sheet).is_file() and "site-packages/tui_app/styles" in sheet for sheet in sheets)
    names = {Path(sheet).name for sheet in sheets}
    assert names == {sheet.name for sheet in (ROOT / "styles").rglob("*.tcss")}


def test_a_walk_through_the_demo_and_a_release_of_three(
    installed: Path, variables: dict[str, str], terminals: list[Terminal], tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    terminal = demo(installed, variables, "--truth", str(truth))
    terminals.append(terminal)
    terminal.sees("12 loaded", "INC-4802", "live", "? help")
    terminal.press("j" * 5)
    terminal.sees("INC-4699 delivery notice")
    terminal.press("\r")
    terminal.sees("Jobs › move → Junk", "2,400 found", "1,000 loaded")
    terminal.press("5")
    terminal.sees("140 loaded", "✖ failed")
    terminal.press("\x1b")
    terminal.sees("12 loaded")
    terminal.press("Q")
    terminal.sees("Quarantine", "1,223 found, all loaded", "▲ MALICIOUS")
    terminal.press("   R")
    terminal.sees("3 messages", "not sent yet")
    terminal.press("\r")
    terminal.sees("A reason is needed")
    terminal.press("INC-4802 newsletter")
    terminal.sees("Reason         INC-4802 newsletter")
    terminal.press("\r")
    terminal.answers()
    terminal.press("3")
    terminal.sees("Messages       3")
    terminal.submit()
    terminal.sees("all sent", "3 messages · 3 delivered", "reason: INC-4802 newsletter")
    entries = [json.loads(line) for line in truth.read_text().splitlines()]
    assert [entry["action"] for entry in entries] == ["release"] * 3
    assert len({entry["id"] for entry in entries}) == 3
    assert len({entry["request"] for entry in entries}) == 1
    terminal.press("\x1b")
    terminal.sees("1,220 found")
    terminal.press("\x1b")
    terminal.sees("12 loaded")
    terminal.press("q")
    assert terminal.ends() == 0
    assert b"\x1b[?1049l" in terminal.raw, "the screen is given back"
    assert b"3 delivered" in terminal.raw[-400:], "what was released stays on the terminal"


@pytest.mark.long
def test_a_byte_that_is_no_utf8_ends_nothing(
    installed: Path, variables: dict[str, str], terminals: list[Terminal]
) -> None:
    terminal = demo(installed, variables)
    terminals.append(terminal)
    terminal.sees("12 loaded")
    terminal.press_bytes(b"\xe9\xff j")
    terminal.press("?")
    terminal.sees("Help › jobs")
    terminal.press("\x11")
    assert terminal.ends() == 0


@pytest.mark.long
def test_the_simulator_ends_with_the_demo(
    installed: Path, variables: dict[str, str], terminals: list[Terminal]
) -> None:
    terminal = demo(installed, variables)
    terminals.append(terminal)
    terminal.sees("12 loaded")
    children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children")
    if not children.exists():
        pytest.skip("no /proc")
    (simulator,) = children.read_text().split()
    terminal.kill()
    end = time.monotonic() + PATIENCE
    while _alive(simulator):
        select.select([], [], [], 0.05)
        assert time.monotonic() < end, "the simulator outlived the demo"


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
