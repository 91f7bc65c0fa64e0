"""`mail` and `quarantine`: searching mail, all of it or what is held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.api.enums import DeliveryStatus
from tui_app.api.rows import Message
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status, with_ours, write_pages
from tui_app.cli.runner import run_command
from tui_app.cli.search_options import search_options, search_params, verdict_option
from tui_app.core.clock import describe_window, rfc3339
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.query import QueryError
from tui_app.core.sender_text import sender_text
from tui_app.core.text import sanitize
from tui_app.mail.query import ALL_MAIL, HELD_MAIL, Preset, parse_query
from tui_app.rows.filters import quoted_value

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService

COLUMNS = (
    ListingColumn[Message]("id", 52, lambda message: str(message.id)),
    ListingColumn[Message]("disposition", 13, lambda message: str(message.final_disposition or "")),
    ListingColumn[Message]("from", 30, lambda message: sender_text(message.sender.exact), address=True),
    ListingColumn[Message]("subject", 40, lambda message: str(message.subject)),
    ListingColumn[Message]("recipients", 40, lambda message: " ".join(map(str, message.recipients))),
    ListingColumn[Message]("when", 20, lambda message: rfc3339(message.when) if message.when else ""),
    ListingColumn[Message]("postfix_id", 16, lambda message: str(message.postfix_id or "")),
)
DELIVERY: Final = ListingColumn[Message]("delivery", 12, lambda message: " ".join(map(str, message.delivery_status)))
_ANY: Final = "any"


def _list_mail(
    ctx: click.Context, params: Callable[[EmailSecurityService], SearchParams], limit: int | None, output_format: str
) -> None:
    async def work(service: EmailSecurityService) -> ExitCode:
        asked = params(service)
        held = asked.delivery_status is DeliveryStatus.QUARANTINED
        columns = COLUMNS if held else (*COLUMNS, DELIVERY)
        pages = service.mail.pages(asked, exact=True)
        count = await write_pages(
            pages, lambda: Listing(output_format, columns, lambda message: with_ours(message.wire)), limit
        )
        more = "" if limit is None or count < limit else ", as many as were asked for"
        what = "held found" if held else "found"
        print_status(f"{count:,} {what} {describe_window(asked.start, asked.end)}{more}.")
        return ExitCode.PARTLY_FAILED if pages.may_miss else ExitCode.DONE

    ctx.exit(run_command(ctx, work))


def _of_line(line: tuple[str, ...], now: datetime, preset: Preset, given: Iterable[object]) -> SearchParams:
    """The search of a line as it is typed on the screen. Raises UsageError."""
    if any(given):
        raise UsageError("Give a search line, or options, not both. Nothing was sent.")
    # One argument may be a whole line; of several, each is a word, whatever blanks are in it.
    text = line[0] if len(line) == 1 else " ".join(quoted_value(word) if " " in word else word for word in line)
    try:
        return parse_query(text, now, preset)
    except QueryError as error:
        where = sanitize(text[error.start : error.end], 60)
        raise UsageError(f"{error}{f' It is about: {where}.' if where else ''} Nothing was sent.") from None


@click.command()
@click.argument("line", nargs=-1)
@search_options(HELD_MAIL.default_age)
@verdict_option(QUERY_DISPOSITIONS)
@click.option("--detections-only", is_flag=True, help="Leave out held messages without a detection.")
@click.option("--limit", type=click.IntRange(min=1), help="List at most this many.")
@format_option
@click.pass_context
def quarantine(
    ctx: click.Context,
    /,
    line: tuple[str, ...],
    limit: int | None,
    output_format: str,
    detections_only: bool,
    **fields: Any,
) -> None:
    """Search held messages (delivery status quarantined), by default of the last 7 days.

    LINE is a search as it is typed on the screen (from: to: subject: since: …), in place of options.
    """

    def params(service: EmailSecurityService) -> SearchParams:
        if line:
            return _of_line(line, service.clock.now(), HELD_MAIL, (detections_only, *fields.values()))
        return replace(
            search_params(service.clock.now(), default_start=HELD_MAIL.default_age, **fields),
            detections_only=detections_only,
            delivery_status=DeliveryStatus.QUARANTINED,
        )

    _list_mail(ctx, params, limit, output_format)


@click.command()
@click.argument("line", nargs=-1)
@search_options(ALL_MAIL.default_age)
@verdict_option(QUERY_DISPOSITIONS)
@click.option("--detections-only", is_flag=True, help="Leave out messages without a detection.")
@click.option(
    "--delivery",
    "delivery_status",
    type=click.Choice([_ANY, *(status.value for status in DeliveryStatus)], case_sensitive=False),
    default=_ANY,
    show_default=True,
    help="Where it is.",
)
@click.option("--limit", type=click.IntRange(min=1), help="List at most this many.")
@format_option
@click.pass_context
def mail(
    ctx: click.Context,
    /,
    line: tuple[str, ...],
    limit: int | None,
    output_format: str,
    detections_only: bool,
    delivery_status: str,
    **fields: Any,
) -> None:
    """Search all mail, held or not, by default of the last 24 hours.

    LINE is a search as it is typed on the screen (from: to: subject: since: …), in place of options.
    """

    def params(service: EmailSecurityService) -> SearchParams:
        if line:
            given = (detections_only, delivery_status != _ANY, *fields.values())
            return _of_line(line, service.clock.now(), ALL_MAIL, given)
        delivery = None if delivery_status == _ANY else delivery_status
        found = search_params(
            service.clock.now(), default_start=ALL_MAIL.default_age, delivery_status=delivery, **fields
        )
        return replace(found, detections_only=detections_only)

    _list_mail(ctx, params, limit, output_format)
