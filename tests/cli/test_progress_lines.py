"""Lines of progress: they fit the terminal that they are drawn on."""

import pytest

from tests.support.clock import SetClock
from tests.support.standard_error import written_on
from tui_app.cli.progress_lines import ProgressLines


@pytest.mark.parametrize("columns", [40, 120])
def test_a_line_is_as_wide_as_the_terminal_of_standard_error(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    drawn = written_on(columns, lambda: ProgressLines(SetClock()).show([("job", "x" * 200, 1)]))
    assert drawn == f"\r{'x' * (columns - 2)}…\x1b[K\n"
