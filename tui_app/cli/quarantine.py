"""`quarantine`: searching held mail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tui_app.api.enums import DeliveryStatus
from tui_app.api.rows import Message
from tui_app.api.search import QUERY_DISPOSITIONS
from tui_app.cli.listing import Listing, ListingColumn, format_option, print_status, with_ours, write_pages
from tui_app.cli.runner import run_command
from tui_app.cli.search_options import search_options, search_params, verdict_option
from tui_app.core.clock import describe_window, rfc3339
from tui_app.core.errors import ExitCode
from tui_app.mail.query import DEFAULT_AGE

if TYPE_CHECKING:
    from tui_app.service import EmailSecurityService

COLUMNS = (
    ListingColumn[Message]("id", 52, lambda message: str(message.id)),
    ListingColumn[Message]("disposition", 13, lambda message: str(message.final_disposition or "")),
    ListingColumn[Message]("from", 30, lambda message: str(message.sender)),
    ListingColumn[Message]("subject", 40, lambda message: str(message.subject)),
    ListingColumn[Message]("recipients", 40, lambda message: " ".join(map(str, message.recipients))),
    ListingColumn[Message]("when", 20, lambda message: rfc3339(message.when) if message.when else ""),
    ListingColumn[Message]("postfix_id", 16, lambda message: str(message.postfix_id or "")),
)


@click.command()
@search_options(DEFAULT_AGE)
@verdict_option(QUERY_DISPOSITIONS)
@click.option("--detections-only", is_flag=True, help="Leave out held messages without a detection.")
@click.option("--limit", type=click.IntRange(min=1), help="List at most this many.")
@format_option
@click.pass_context
def quarantine(
    ctx: click.Context, /, limit: int | None, output_format: str, detections_only: bool, **fields: Any
) -> None:
    """Search held messages (delivery status quarantined), by default of the last 7 days."""

    async def work(service: EmailSecurityService) -> ExitCode:
        params = replace(
            search_params(service.clock.now(), default_start=DEFAULT_AGE, **fields),
            detections_only=detections_only,
            delivery_status=DeliveryStatus.QUARANTINED,
        )
        pages = service.mail.pages(params, exact=True)
        count = await write_pages(
            pages, lambda: Listing(output_format, COLUMNS, lambda message: with_ours(message.wire)), limit
        )
        more = "" if limit is None or count < limit else ", as many as were asked for"
        print_status(f"{count:,} held found {describe_window(params.start, params.end)}{more}.")
        return ExitCode.PARTLY_FAILED if pages.may_miss else ExitCode.DONE

    ctx.exit(run_command(ctx, work))
