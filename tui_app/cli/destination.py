"""The option for the folder to which mail is moved: by the API's name, or by the word that lists show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from tui_app.api.enums import Destination

F = TypeVar("F", bound=Callable[..., Any])
_WORDS: Final = {destination.label.casefold(): destination.value for destination in Destination}


class Folder(click.Choice[str]):
    """One of some folders, in whatever case it is written."""

    def __init__(self, among: Sequence[Destination] = tuple(Destination)) -> None:
        super().__init__([destination.value for destination in among], case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The API's name for it."""
        word = " ".join(str(value).split()).casefold()
        return super().convert(_WORDS.get(word, value), param, ctx)


def destination_option(
    about: str, among: Sequence[Destination] = tuple(Destination), *, required: bool = False
) -> Callable[[F], F]:
    """Add `--destination`; the command gets the API's name. `about` is its help."""
    words = ", ".join(destination.label for destination in among if destination.label != destination.value)
    return click.option(
        "--destination", type=Folder(among), required=required, help=f"{about} Also by its word: {words}."
    )
