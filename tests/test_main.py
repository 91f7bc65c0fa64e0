"""The first moment: until the command line listens, ctrl+c ends the program without a word."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import environment

ROOT = Path(__file__).resolve().parents[1]


def ended_while_loading(module: str) -> tuple[int, str]:
    """How the program ends when ctrl+c comes while a module is loaded, and what it says."""
    script = f"""
import os, signal, sys

class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Presses())
from tui_app.__main__ import start
sys.argv = ["mailsluice", "jobs"]
start()
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("module", ["tui_app.cli", "click", "tui_app.core.hardening"])
def test_ctrl_c_while_it_loads_ends_it_in_silence(module: str) -> None:
    assert ended_while_loading(module) == (-signal.SIGINT, "")


def test_ctrl_c_while_a_command_loads_is_answered_as_in_the_command() -> None:
    assert ended_while_loading("tui_app.cli.jobs") == (130, "\n")


def test_whoever_ignores_ctrl_c_is_not_ended_by_it() -> None:
    script = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from tui_app.__main__ import start
sys.argv = ["mailsluice", "--version"]
try:
    start()
finally:
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)


def test_the_program_loads_no_module_from_the_current_folder(tmp_path: Path) -> None:
    """Where somebody stands there is a module of every name that Python has: none is run but what `python -m` takes itself."""
    variables, folder = environment(tmp_path), tmp_path / "here"
    folder.mkdir()

    def run(module: str, *arguments: str) -> str:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True).stdout

    (folder / "bare.py").write_text("import sys; print(*sys.modules)")
    of_python = run("bare").split()
    assert "contextlib" not in of_python or "signal" not in of_python, "else nothing is tested"
    for name in sys.stdlib_module_names.difference(of_python):
        (folder / f"{name}.py").write_text("open('loaded.txt', 'a').write(__name__ + chr(10))\n")
    assert "version" in run("tui_app", "--version")
    assert "List bulk jobs" in run("tui_app", "jobs", "--help")
    loaded = folder / "loaded.txt"
    assert not loaded.exists(), loaded.read_text()


def test_no_variable_says_how_wide_characters_are(tmp_path: Path) -> None:
    script = """
import sys
from rich.cells import cell_len
from tui_app.cli import main
sys.argv = ["mailsluice", "--version"]
try:
    main()
finally:
    assert cell_len("\\U0001f984") == 2
"""
    variables = environment(tmp_path, UNICODE_VERSION="4.1.0")
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=variables, capture_output=True, check=True)


def test_loading_it_as_a_library_leaves_the_signals_alone() -> None:
    script = """
import signal
before = [signal.getsignal(number) for number in signal.valid_signals()]
import tui_app, tui_app.__main__, tui_app.cli, tui_app.cli.console
assert before == [signal.getsignal(number) for number in signal.valid_signals()]
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
