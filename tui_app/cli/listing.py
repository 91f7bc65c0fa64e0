"""How listings are written: a table for people, JSON, NDJSON or CSV for programs; row by row, as they arrive."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import click
from rich.cells import cell_len, set_cell_size

from tui_app.api.wire_values import without_our_name
from tui_app.cli.streams import OutputGone, output_failure, stop_if_output_gone
from tui_app.core.fitting import short_address
from tui_app.core.text import BYTE_ORDER_MARK, CELL_LIMIT, csv_cell, json_text, one_blank, plural, sanitize

if TYPE_CHECKING:
    from tui_app.api.pagination import Pages

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_BOM: Final = "mailsluice.bom"
"""Where click keeps whether `--bom` was given."""
FORMATS: Final = ("table", "json", "ndjson", "csv")


def format_option(command: F) -> F:
    """`--format`, `--json` and `--bom`; the command gets `output_format`, and a `Listing` knows of the mark."""

    def with_bom(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if (
            value
            and ctx.params.get("output_format") != "csv"
            and "output" not in {known.name for known in ctx.command.params}
        ):
            raise click.UsageError("--bom is for --format csv.", ctx)
        ctx.meta[_BOM] = value

    def as_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            ctx.params["output_format"] = "json"

    command = click.option(
        "--bom",
        is_flag=True,
        expose_value=False,
        callback=with_bom,
        help="Begin a CSV with a byte order mark: spreadsheets then read it as UTF-8.",
    )(command)
    command = click.option(
        "--json", is_flag=True, is_eager=True, expose_value=False, callback=as_json, help="Same as --format json."
    )(command)
    return click.option(
        "--format",
        "output_format",
        is_eager=True,
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to write the result.",
    )(command)


def wants_bom() -> bool:
    """Whether a CSV is to begin with a byte order mark."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.meta.get(_BOM))


def with_ours(wire: Mapping[str, Any], **ours: object) -> dict[str, Any]:
    """An API object, unchanged, with what we add under `mailsluice`; what others call so is not ours, and left out."""
    theirs = without_our_name(wire)
    return {**theirs, "mailsluice": ours} if ours else theirs


@dataclass(frozen=True)
class ListingColumn(Generic[T]):
    """A column of the table and of the CSV: heading, width in cells, and how a row becomes safe text."""

    name: str
    width: int
    text: Callable[[T], str]
    right: bool = False
    address: bool = False
    """It is an address: what has no room is cut before its domain."""


@dataclass
class Listing(Generic[T]):
    """Writes rows to stdout; `wire` gives the JSON object of a row. Close it, even after none."""

    output_format: str
    columns: Sequence[ListingColumn[T]]
    wire: Callable[[T], Mapping[str, Any]]
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._begun = False
        self._cut = 0
        """Cells that were longer than a spreadsheet takes."""
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        self._csv = csv.writer(sys.stdout, lineterminator="\n")

    def write(self, row: T) -> None:
        """Write one row now."""
        self._begin()
        if self.output_format == "json":
            sys.stdout.write(("[\n" if self.count == 0 else ",\n") + json_text(self.wire(row)))
        elif self.output_format == "ndjson":
            sys.stdout.write(json_text(self.wire(row)) + "\n")
        elif self.output_format == "csv":
            texts = [column.text(row) for column in self.columns]
            cells = list(map(csv_cell, texts))
            self._cut += sum(len(cell) < len(one_blank(text)) for cell, text in zip(cells, texts, strict=True))
            self._csv.writerow(cells)
        else:
            self._line([(column, one_blank(column.text(row))) for column in self.columns])
        self.count += 1

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        if self.output_format == "csv":
            sys.stdout.write(BYTE_ORDER_MARK if wants_bom() else "")
            self._csv.writerow([column.name for column in self.columns])
        elif self.output_format == "table":
            self._line([(column, column.name.upper()) for column in self.columns])

    def close(self) -> None:
        """End the JSON array."""
        self._begin()
        if self.output_format == "json":
            sys.stdout.write("[]\n" if self.count == 0 else "\n]\n")
        sys.stdout.flush()
        if self._cut:
            print_status(
                f"{plural(self._cut, 'cell')} cut at {CELL_LIMIT:,} characters: a spreadsheet takes no more. JSON has all."
            )

    def break_off(self, why: str) -> None:
        """End what is not whole, so that a program can read it and see that it is not. Nothing was written: nothing is."""
        if not self.count or self.output_format == "table":
            return
        partial = {"mailsluice": {"partial": f"{self.count:,} rows, not all: {why}"}}
        if self.output_format == "json":
            sys.stdout.write(f",\n{json_text(partial)}\n]\n")
        elif self.output_format == "ndjson":
            sys.stdout.write(json_text(partial) + "\n")
        else:
            sentence = f"PARTIAL: {partial['mailsluice']['partial']}"
            self._csv.writerow([csv_cell(sentence), *[""] * (len(self.columns) - 1)])
        sys.stdout.flush()

    def _line(self, cells: Sequence[tuple[ListingColumn[T], str]]) -> None:
        parts = []
        begin = 0
        for column, text in cells:
            if column.address:
                # On a terminal the line may end in it.
                room = self._width - 1 - begin if self._width else column.width
                text = short_address(text, min(column.width, room)) if room > 1 else text
            begin += column.width + 2
            missing = column.width - cell_len(text)
            if missing < 0:
                text = set_cell_size(text, column.width - 1) + "…"
            parts.append(" " * missing + text if column.right else text + " " * missing)
        line = "  ".join(parts).rstrip()
        if self._width and cell_len(line) > self._width:
            # On a terminal a row stays a row; pipes and the other formats get all of it.
            line = set_cell_size(line, self._width - 1) + "…"
        sys.stdout.write(line + "\n")


async def write_pages(
    pages: Pages[T],
    open_listing: Callable[[], Listing[T]],
    limit: int | None,
    only: Callable[[T], bool] | None = None,
) -> int:
    """Write a list page by page as it comes, `limit` rows at most, `only` those that pass; how many were written, or looked at.

    Raises ApiError and OutputGone.
    """
    listing: Listing[T] | None = None
    looked_at = 0
    try:
        async for page in pages:
            # Begun with the first answer: a refused request leaves stdout empty.
            listing = listing or open_listing()
            found = page if only is None else tuple(filter(only, page))
            for row in found[: None if limit is None else limit - listing.count]:
                listing.write(row)
                stop_if_output_gone()
            looked_at += len(page)
            if limit is not None and listing.count >= limit:
                break
    except OutputGone:
        raise
    except BaseException as error:
        if listing is not None:
            why = "ended before it was whole" if isinstance(error, asyncio.CancelledError) else str(error)
            listing.break_off(sanitize(why, 200))
            if isinstance(error, asyncio.CancelledError):
                print_status(f"Ended early: {plural(listing.count, 'row')} written, not all.")
        raise
    finally:
        pages.close()
    listing = listing or open_listing()
    listing.close()
    if doubts := pages.doubts("row"):
        print_status(f"{'Perhaps NOT all' if pages.may_miss else 'Left out'}: {'; '.join(doubts)}.")
    return listing.count if only is None else looked_at


def nothing_above() -> None:
    """Nothing is drawn below the sentences of standard error."""


before_status: Callable[[], None] = nothing_above
"""Makes room for a sentence where lines of progress are drawn in place."""


def print_outcome(line: str) -> None:
    """Print what a write came to, now; where standard output takes nothing any more, the person is told."""
    print(line, flush=True)
    if output_failure():
        print_status(line)


def print_status(sentence: str) -> None:
    """Tell the person at the terminal; never part of the data."""
    before_status()
    with contextlib.suppress(OSError, ValueError):
        # Nobody listens any more: that changes nothing of what is told.
        print(sentence, file=sys.stderr)
