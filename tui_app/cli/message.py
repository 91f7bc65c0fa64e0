"""`message`: one message, in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from tui_app.cli.completion import complete_file
from tui_app.cli.listing import print_status, with_ours
from tui_app.cli.runner import run_command
from tui_app.core.errors import ExitCode, UsageError
from tui_app.core.text import Untrusted, json_text, sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_app.api.rows import Message
    from tui_app.mail.message_parts import MessageParts
    from tui_app.mail.part_text import PartLine
    from tui_app.service import EmailSecurityService

_PART_OF: Final = {".eml": "raw", ".json": "summary", ".png": "summary"}
"""The part that a file of another suffix than .txt is made of."""
PARTS: Final = ("summary", "why", "links", "trace", "actions", "headers", "raw")


@click.command()
@click.argument("name", metavar="ID")
@click.option("--part", type=click.Choice(PARTS), default="summary", show_default=True, help="What to show of it.")
@click.option(
    "--output",
    metavar="FILE",
    shell_complete=complete_file,
    help="Save it to a new file: .eml the raw mail, .json the message, .txt the part, .png a picture of the mailbox copy.",
)
@click.option("--json", "as_json", is_flag=True, help="The API's own object.")
@click.pass_context
def message(ctx: click.Context, /, name: str, part: str, output: str | None, as_json: bool) -> None:
    """Show one message: who sent it, why it was detected, its links, its way, what was done to it, its text.

    ID is an investigate id, an alert id or a Message-ID. Links are text; nothing is opened or fetched.
    """
    if output is not None and as_json:
        raise UsageError("--json is for what is printed: --output FILE.json saves the message.")
    from tui_app.mail.message_file import file_suffix

    suffix = None if output is None else file_suffix(output)

    async def work(service: EmailSecurityService) -> ExitCode:
        from tui_app.mail.message_file import save_message
        from tui_app.mail.message_parts import Failed, Part

        one = await _the_one(service, name)
        if isinstance(one, str):
            print_status(one)
            return ExitCode.API
        parts, known = one
        # A picture depends on the verdict.
        wanted, is_checked = Part(_PART_OF.get(suffix or "", part)), True
        if known is None and wanted not in (Part.SUMMARY, Part.ACTIONS):
            # Answers about a part name no message: what the message says tells whether they are about it.
            itself = await parts.read(Part.SUMMARY)
            if isinstance(itself, Failed):
                print_status(f"Whether it is of this message could not be checked. {itself.sentence}")
                is_checked = False
        answer = await parts.read(wanted, known)
        if isinstance(answer, Failed):
            print_status(answer.sentence)
            for line in getattr(answer.error, "details", tuple)():
                print_status(f"  {line}")
            return ExitCode.API
        if output is not None:
            lines = [str(line) for line in _lines(service, wanted, parts, known)] if suffix == ".txt" else ()
            print_status(await save_message(parts, known, output, lines))
            return _as_certain(wanted, parts, known, is_checked)
        if as_json:
            print(json_text(_wire(wanted, parts)))
            for sentence in _doubts(wanted, parts, known):
                print_status(sentence)
        else:
            for line in _lines(service, wanted, parts, known):
                print(line)
        if wanted is Part.TRACE and parts.trace is not None and parts.trace.pending:
            print_status("More lines are on their way: ask again.")
        return _as_certain(wanted, parts, known, is_checked)

    ctx.exit(run_command(ctx, work))


async def _the_one(service: EmailSecurityService, name: str) -> tuple[MessageParts, Message | None] | str:
    """The one message that goes by an id, or why there is none. Raises UsageError where another id is to be given."""
    from tui_app.core.id_form import is_investigate_id

    if is_investigate_id(name):
        return service.mail.parts(Untrusted(name)), None
    found = await service.mail.find(Untrusted(name))
    if (message := found.the_one) is None:
        why = found.why_not(sanitize(name, 80))
        if found.messages:
            raise UsageError(why)
        return why
    parts = service.mail.parts(message.id)
    parts.take(message)
    return parts, message


def _doubts(part: Any, parts: MessageParts, known: Message | None) -> list[str]:
    """Why it may not be all of it, or another mail's, in sentences."""
    from tui_app.mail.part_text import MAYBE_MORE_ACTIONS, unlike_message

    log = parts.action_log if part == "actions" else None
    cut = [MAYBE_MORE_ACTIONS] if log is not None and not log.complete else []
    return [*cut, *unlike_message(part, parts, known)]


def _as_certain(part: Any, parts: MessageParts, known: Message | None, is_checked: bool) -> ExitCode:
    return ExitCode.DONE if is_checked and not _doubts(part, parts, known) else ExitCode.PARTLY_FAILED


def _lines(service: EmailSecurityService, part: Any, parts: MessageParts, known: Message | None) -> Sequence[PartLine]:
    from tui_app.core.address import domain_in
    from tui_app.mail.part_text import lines_of

    message = parts.message or known
    own = [domain_in(to.exact) for to in message.recipients] if message is not None and message.names_mailboxes else ()
    return lines_of(part, parts, service.seen_domains.known(filter(None, own), {}), known)


def _wire(part: Any, parts: MessageParts) -> Any:
    """The API's object or list that a part is made of."""
    answer = parts.of(part)
    if part == "actions" and parts.action_log is not None:
        return [with_ours(entry.wire) for entry in parts.action_log.entries]
    return with_ours(getattr(answer, "wire", {}))
