"""Options for the search fields: the API's names with dashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

import click

from tui_app.api.enums import DeliveryStatus, Disposition
from tui_app.api.search import SearchParams
from tui_app.core.clock import parse_window
from tui_app.core.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
_TEXTS = {
    "--sender": "Sender's address or domain.",
    "--recipient": "Recipient's address or domain.",
    "--subject": "Words of the subject, in any order.",
    "--domain": "Domain of sender, recipient or a link.",
    "--query": "Words in sender, recipient, subject, attachments, message id.",
    "--message-id": "The Message-ID header.",
    "--alert-id": "The alert's id.",
    "--metric": "Metric, as the API defines it.",
    "--smtp-helo-ip": "Address of the sending server.",
}


def search_options(default_start: str) -> Callable[[F], F]:
    """Add the options; the command gets them as keyword arguments for `search_params`. `default_start` is only told."""

    def add(command: F) -> F:
        for name, about in reversed(_TEXTS.items()):
            command = click.option(name, help=about)(command)
        for name, about in (
            ("--end", "End of the time; default: now."),
            ("--start", f"Begin of the time: 24h, 7d, or a time; default: {default_start} before the end."),
        ):
            command = click.option(name, help=about)(command)
        return click.option(
            "--message-action",
            type=click.Choice(["PREVIEW", "QUARANTINE_RELEASED", "MOVED"], case_sensitive=False),
            help="Action that was done before.",
        )(command)

    return add


def verdict_option(verdicts: Iterable[Disposition]) -> Callable[[F], F]:
    """`--final-disposition` with these verdicts: a job accepts ten, a search six."""
    choice = click.Choice(sorted(verdict.value for verdict in verdicts), case_sensitive=False)
    return click.option("--final-disposition", type=choice, help="Verdict.")


def delivery_option(command: F) -> F:
    """`--delivery-status`, for commands that do not only find held messages."""
    return click.option(
        "--delivery-status",
        type=click.Choice([d.value for d in DeliveryStatus], case_sensitive=False),
        help="Delivery status of the message.",
    )(command)


def search_params(now: datetime, *, default_start: str, **given: Any) -> SearchParams:
    """The search of the given options; times are relative to `now`. Raises UsageError for an invalid time."""
    try:
        times = parse_window(given.pop("start"), given.pop("end"), now, default_start=default_start)
    except ValueError as error:
        raise UsageError(f"{error} Nothing was sent.") from None
    verdict, delivery = given.pop("final_disposition", None), given.pop("delivery_status", None)
    return SearchParams(
        start=times[0],
        end=times[1],
        final_disposition=Disposition(verdict) if verdict else None,
        delivery_status=DeliveryStatus(delivery) if delivery else None,
        **{name: value for name, value in given.items() if value is not None},
    )
