"""The review of a plan on the command line: ids looked up and guarded, what would be sent told, then confirmed and sent."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click

from tui_app.cli.listing import format_option, print_status
from tui_app.cli.mail_line import print_mail
from tui_app.cli.plan_run import run_plan, write_results
from tui_app.cli.runner import confirmed
from tui_app.cli.submission import submit_after
from tui_app.core.clock import local_time, parse_moment
from tui_app.core.errors import ExitCode, GuardError, UsageError
from tui_app.core.text import plural, sanitize
from tui_app.core.verdict import NO_VERDICT, UNKNOWN_VERDICT, VERDICTS
from tui_app.plans.commands import Send
from tui_app.plans.guard import ODD, UNCHECKED, UNSEEN
from tui_app.plans.ids import ParsedIds, parse_ids, text_of
from tui_app.plans.odd_ones import HELD_AS_ODD, odd_ones, odd_sums
from tui_app.plans.report import told
from tui_app.plans.state import PlanState
from tui_app.plans.summary import rarest_first, sender_domain_counts, verdict_counts, verdict_of
from tui_app.plans.wait import describe_wait, time_left

if TYPE_CHECKING:
    from tui_app.api.budget import Forecast
    from tui_app.api.enums import Disposition
    from tui_app.plans.effect import Effect
    from tui_app.plans.guard import Guarded
    from tui_app.plans.plan import Plan, Target
    from tui_app.plans.request import PlanRequest
    from tui_app.service import EmailSecurityService

F = TypeVar("F", bound=Callable[..., Any])
_TOLD_ONE_BY_ONE: Final = 20
"""Messages; more that are held back are told by their reasons."""
_REASONS: Final = 12
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file of ids: a device would never end."""
_DOMAINS: Final = 20
_SAMPLE: Final = 10


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What the options of a command that sends a plan say."""

    reason: str
    plan_only: bool
    expect: int | None
    include: tuple[str, ...]
    yes: bool
    not_before: str | None
    output_format: str
    report_as: Disposition | None = None
    """The verdict as which what was done is reported to the service afterwards; None: it is not."""

    def check(self, effect_name: str) -> None:
        """Raises UsageError where nobody could confirm it, or no reason is given."""
        if not self.plan_only and not self.reason:
            raise UsageError(f"A {effect_name} needs --reason. Nothing was sent.")
        if not self.plan_only and not self.yes and not sys.stdin.isatty():
            raise UsageError("This writes; add --yes to do it without being asked. Nothing was sent.")


_OPTIONS: Final = (
    click.option("--reason", default="", help="Why; goes on record."),
    click.option("--plan-only", is_flag=True, help="Look everything up, apply the guard, send nothing."),
    click.option(
        "--expect",
        type=click.IntRange(min=0),
        help="How many will be sent after the guard; needed with --yes for more than one.",
    ),
    click.option(
        "--not-before",
        metavar="TIME",
        help="Wait until then: RFC 3339, or how far ahead, such as 10m. It survives a restart: ledger resume.",
    ),
    click.option(
        "--include-disposition",
        multiple=True,
        type=click.Choice([*VERDICTS, UNKNOWN_VERDICT, NO_VERDICT], case_sensitive=False),
        help="Send this verdict although the guard holds it back.",
    ),
    click.option(
        "--include-domain",
        multiple=True,
        metavar="DOMAIN",
        help="Send to this domain although the guard holds it back.",
    ),
    click.option(
        "--include-unseen",
        is_flag=True,
        help="Also send what a closed plan sent and was never seen done. It may be done twice.",
    ),
    click.option("--include-unchecked", is_flag=True, help="Also send ids of which nothing could be found."),
    click.option(
        "--include-odd", is_flag=True, help="Also send what is not like the others: the review tells what is different."
    ),
    click.option("--yes", is_flag=True, help="Don't ask."),
)


def review_options(command: F) -> F:
    """The options of all commands that send a plan; the function gets them as one `options`."""

    def gathered(
        *arguments: Any,
        reason: str,
        plan_only: bool,
        expect: int | None,
        not_before: str | None,
        include_disposition: tuple[str, ...],
        include_domain: tuple[str, ...],
        include_unseen: bool,
        include_unchecked: bool,
        include_odd: bool,
        yes: bool,
        output_format: str,
        include_word: tuple[str, ...] = (),
        **others: Any,
    ) -> Any:
        include = (
            *include_disposition,
            *include_domain,
            *include_word,
            *([UNCHECKED] if include_unchecked else []),
            *([UNSEEN] if include_unseen else []),
            *([ODD] if include_odd else []),
        )
        options = ReviewOptions(reason.strip(), plan_only, expect, include, yes, not_before, output_format)
        return command(*arguments, options=options, **others)

    gathered.__doc__, gathered.__name__ = command.__doc__, command.__name__
    made: Any = format_option(gathered)
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]


def moment_ahead(words: str, now: datetime) -> datetime:
    """The moment for RFC 3339, or for how far ahead it is, such as `10m`. Raises UsageError."""
    try:
        moment = parse_moment(words, now)
    except ValueError as error:
        raise UsageError(f"--not-before: {error} Nothing was sent.") from None
    # What is an age elsewhere is meant the other way round here.
    return now + (now - moment) if re.fullmatch(r"\d{1,5}[smhdw]", words.strip().lower()) else moment


async def review_and_send(service: EmailSecurityService, request: PlanRequest, options: ReviewOptions) -> ExitCode:
    """Look ids up, guard, tell what would be sent, ask, send, and tell what became of each; the exit code.

    Raises GuardError when nothing is left or the number is another one, ApiError and JournalError.
    """
    if not options.plan_only:
        service.plans.check_unlocked()
    if options.not_before is not None:
        ahead = moment_ahead(options.not_before, service.clock.now())
        request = replace(request, not_before=max(filter(None, (ahead, request.not_before))))
    wanted = request.ids
    for remark in request.remarks:
        print_status(f"{remark}.")
    if not request.effect.is_move:
        least = plural(service.plans.least_requests(wanted), "request")
        print_status(f"Looking up {plural(len(wanted), 'id')}: {least} at the least.")
    request = await service.plans.dated(request)
    targets = await service.plans.look_up(wanted, request)
    _print_named(targets)
    if twice := len(set(wanted)) - len(targets):
        print_status(f"{plural(twice, 'id')} left out: another id names the same message. Each message is sent once.")
    guarded = service.plans.guard(targets, request, include=options.include)
    plan = service.plans.plan(guarded, options.reason, request)
    _print_guarded(guarded, len(targets), service.forecast(len(plan.batches())), request)
    print_wait(service, plan)
    count, known = len(plan.targets), {target.id: target for target in targets}

    def write() -> ExitCode:
        return write_results(options.output_format, request.effect, told(PlanState(plan), known), guarded.odd)

    if not count:
        write()
        raise GuardError(f"No messages are left to {request.effect.action}. Nothing was sent.")
    asks = not options.plan_only
    refusal = why_not_expected(request.effect, count, options.expect, yes=asks and options.yes, asks=asks)
    if refusal or options.plan_only:
        written = write()
        if refusal:
            raise GuardError(refusal)
        return written
    final = request.effect.is_final
    later = sent_later(service, plan)
    confirmed(f"{request.effect.title}: {plural(count, 'message')}{later}?", count, yes=options.yes, final=final)
    ended = await run_plan(service, Send(plan, request.journals), options.output_format, known, guarded.odd)
    if options.report_as is None:
        return ended
    return await submit_after(service, options.report_as, ended, yes=options.yes, known=known)


def why_not_expected(effect: Effect, count: int, expect: int | None, *, yes: bool, asks: bool = True) -> str:
    """Why so many are not sent: the number has to be said and is not, or is another one; empty when they may be.

    `asks` = it is about to be confirmed; else a number that is not said is no matter.
    """
    if expect is not None:
        return "" if expect == count else f"{count:,} would be sent, not the expected {expect:,}. Nothing was sent."
    if not asks or not (effect.is_final or (yes and count > 1)):
        return ""
    final = "A hard delete can't be undone. " if effect.is_final else ""
    return f"{final}To send {plural(count, 'message')}, add --expect {count}. Nothing was sent."


def sent_later(service: EmailSecurityService, plan: Plan) -> str:
    """For a question: that what is confirmed now is sent later; empty for what is sent at once."""
    if plan.not_before is None or not time_left(plan.not_before, service.clock.now(), service.server_now):
        return ""
    return f", sent later, not before {local_time(plan.not_before):%Y-%m-%d %H:%M:%S}"


def print_wait(service: EmailSecurityService, plan: Plan) -> None:
    """Say until when a plan with a time waits, and when a clock is wrong."""
    if plan.not_before is not None:
        wait = describe_wait(plan.not_before, service.clock.now(), service.server_now)
        print_status(f"It is not sent before its time: it waits {wait}.")


def parsed_ids(ids: Sequence[str], source: BinaryIO | None) -> ParsedIds:
    """The ids of the command line and of a file: two texts, and nothing in the second is ever an option."""
    parsed = parse_ids(ids)
    if source is not None:
        data = source.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise UsageError("The file of ids is larger than 64 MiB. Split it. Nothing was sent.")
        parsed = parsed.shifted(len(ids)).followed_by(parse_ids([text_of(data)]))
    searched = [found for found in parsed.found if found.excerpt]
    for found in searched[:_TOLD_ONE_BY_ONE]:
        print_status(f"Line {found.line:,}: {sanitize(found.name)} out of '{sanitize(found.excerpt, 200)}'")
    if len(searched) > _TOLD_ONE_BY_ONE:
        print_status(f"{plural(len(searched) - _TOLD_ONE_BY_ONE, 'more id')} out of free text.")
    for sentence in (*parsed.headings(), *parsed.sentences()):
        print_status(sentence)
    return parsed


def print_to_send(allowed: Sequence[Target], asked: int, forecast: Forecast, effect: Effect) -> None:
    """What would be sent, in counts: one bad one among many is to be seen."""
    recipients = sum(len(target.recipients) for target in allowed)
    print_status(
        f"{effect.title}: {len(allowed):,} of {plural(asked, 'message')}, {plural(recipients, 'recipient')}, {forecast.describe()}."
    )
    if effect.is_move:
        print_status(f"{effect.destination.label}: {effect.consequence}.")  # type: ignore[union-attr]
    if not allowed:
        return
    print_status("Verdicts: " + ", ".join(f"{count:,} {verdict}" for verdict, count in verdict_counts(allowed)))
    domains = sender_domain_counts(allowed)
    more = f", and {len(domains) - _DOMAINS:,} more domains" if len(domains) > _DOMAINS else ""
    print_status("From: " + ", ".join(f"{count:,} {domain}" for domain, count in domains[:_DOMAINS]) + more)
    for target in rarest_first(allowed)[:_SAMPLE]:
        print_mail(f"  ▸ {verdict_of(target)}", target, between="  ")
    if len(allowed) > _SAMPLE:
        print_status(f"  … and {len(allowed) - _SAMPLE:,} more")


def _print_guarded(guarded: Guarded, asked: int, forecast: Forecast, request: PlanRequest) -> None:
    print_to_send(guarded.allowed, asked, forecast, request.effect)
    if len(guarded.allowed) > _SAMPLE:
        print_status("All of them, each with its verdict: --plan-only --json")
    _print_odd(guarded, request)
    # What is held back as odd was told with what is different.
    held_back = [kept for kept in guarded.held_back if kept.include != ODD]
    for word, taken_out in (("Held back", held_back), ("Left out", guarded.unfit)):
        for item in taken_out[:_TOLD_ONE_BY_ONE]:
            if item.target.shared_by:
                _print_shared(item.target)
                continue
            name = sanitize(item.target.id)
            print_mail(f"{word}: {name} ({item.why})", item.target)
        rest = Counter(item.why for item in taken_out[_TOLD_ONE_BY_ONE:])
        for why, count in rest.most_common(_REASONS):
            print_status(f"{word}: {count:,} more {why}; --json lists all")
        if others := sum(count for _, count in rest.most_common()[_REASONS:]):
            print_status(f"{word}: {others:,} more for other reasons; --json lists all")


def _print_odd(guarded: Guarded, request: PlanRequest) -> None:
    """What is not like the others, the worst first, with what is different: also what is sent all the same."""
    ones = odd_ones(guarded, request)
    for sums, _ in odd_sums(ones, lets_through="--include-odd"):
        print_status(f"Not like the others: {sums}.")
    for one in ones[:_TOLD_ONE_BY_ONE]:
        # What is held back is refused when it is pasted; of the others the sign says that a subject stands in the row.
        what = "Held back, odd" if one.held else "▸ To be sent, odd"
        reason = f", {one.why}" if one.held and one.why != HELD_AS_ODD else ""
        name = sanitize(one.target.id)
        print_mail(f"{what}: {name} ({one.different}{sanitize(reason)})", one.target)
    if len(ones) > _TOLD_ONE_BY_ONE:
        print_status(f"{len(ones) - _TOLD_ONE_BY_ONE:,} more are odd; --json lists all")


def _print_shared(shared: Target) -> None:
    """All messages that go by one id, so that one can be chosen."""
    count = len(shared.shared_by)
    print_status(f"Held back: {sanitize(shared.id)} names {plural(count, 'message')}. Give the investigate id of one:")
    for target in shared.shared_by[:_TOLD_ONE_BY_ONE]:
        print_mail(f"  {sanitize(target.id)}  {target.disposition or 'no verdict'}, from", target)
    if count > _TOLD_ONE_BY_ONE:
        print_status(f"  and {count - _TOLD_ONE_BY_ONE:,} more")


def _print_named(targets: Sequence[Target]) -> None:
    """Which message a Message-ID or an alert id stands for: a sender chose the first, so it is shown before anything is sent."""
    for target in targets:
        if target.named and target.checked:
            verdict = target.disposition or "no verdict"
            print_mail(f"▸ {sanitize(target.named)} is {sanitize(target.id)}  {verdict}, from", target)
