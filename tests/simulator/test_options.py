"""The options of `simulate` reach the account."""

import pytest
from click.testing import CliRunner

from tui_app.cli import simulate as command
from tui_app.simulator.server import Options


def chosen(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Options:
    """The options that the command starts a simulator with; none is started."""
    seen: list[Options] = []

    def refuse(options: Options) -> None:
        seen.append(options)
        raise OSError(98, "in use")

    monkeypatch.setattr(command, "Simulator", refuse)
    monkeypatch.setattr(command, "forbid_memory_dumps", lambda: None)
    CliRunner().invoke(command.simulate, arguments)
    return seen[0]


def test_without_options_it_is_the_usual_account(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch) == Options()


def test_each_option_has_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    options = chosen(monkeypatch, "--no-pii", "--retention", "7", "--corpus", "--held-sample", "500")
    assert options == Options(pii=False, retention=7, corpus=True, sample=500)


def test_a_sample_that_is_too_small_is_refused() -> None:
    ended = CliRunner().invoke(command.simulate, ["--held-sample", "99"])
    assert ended.exit_code == 2
    assert "100" in ended.output
