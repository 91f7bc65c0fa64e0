"""A folder on the command line goes by the API's name and by the word that lists show."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from tui_app.api.enums import Destination
from tui_app.cli.create import create
from tui_app.cli.destination import destination_option
from tui_app.cli.follow_up import undo
from tui_app.cli.release import move
from tui_app.plans.follow_up import UNDO_OF_RELEASE


def folder_of(command: click.Command, word: str) -> Any:
    """What a command takes a word for."""
    (option,) = [parameter for parameter in command.params if parameter.name == "destination"]
    return option.type.convert(word, option, None)


@pytest.mark.parametrize("command", [create, move], ids=["create", "move"])
@pytest.mark.parametrize("destination", Destination)
def test_both_names_of_a_folder_are_taken_in_any_case(command: click.Command, destination: Destination) -> None:
    for word in (destination.value, destination.label, destination.label.upper(), f" {destination.label.lower()} "):
        assert folder_of(command, word) == destination.value


def test_an_undo_takes_only_where_released_mail_can_go() -> None:
    assert [folder_of(undo, word) for word in ("junk", "soft  delete")] == [each.value for each in UNDO_OF_RELEASE]
    with pytest.raises(click.BadParameter):
        folder_of(undo, "Hard delete")


def test_what_is_no_folder_is_said_with_all_that_are() -> None:
    @click.command()
    @destination_option("The folder.")
    def ended(destination: str | None) -> None:
        raise AssertionError(destination)

    told = CliRunner().invoke(ended, ["--destination", "Spam"])
    assert told.exit_code == 2
    assert all(destination.value.lower() in told.output.lower() for destination in Destination)
    assert "Soft delete, Hard delete" in " ".join(CliRunner().invoke(ended, ["--help"]).output.split())
