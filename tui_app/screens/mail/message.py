"""One message in parts: each is read when somebody turns to it, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual import work
from textual.widgets import Input

from tui_app import actions
from tui_app.api.errors import ApiError
from tui_app.core.background import in_background
from tui_app.core.clock import local_time
from tui_app.core.errors import SluiceError, UsageError
from tui_app.core.files import free_path
from tui_app.core.text import Untrusted, sanitize
from tui_app.mail.message_file import file_suffix, save_message
from tui_app.mail.message_parts import Failed, MessageParts, Part, trace_to_its_end
from tui_app.plans.effect import TO_RELEASE, Effect
from tui_app.plans.plan import Target
from tui_app.plans.request import PlanRequest
from tui_app.screens import format as fmt
from tui_app.screens.as_command import AsCommand
from tui_app.screens.base import ConsoleScreen
from tui_app.screens.copy import Value, message_values, row_values
from tui_app.screens.frame import MORE
from tui_app.screens.line_help import FIND_HELP, SAVE_HELP, LineHelp
from tui_app.screens.mail.message_line import MessageLine
from tui_app.screens.mail.part_view import PartView, link_values
from tui_app.widgets.pager import Pager, PagerLine
from tui_app.widgets.redaction import PrivateText
from tui_app.widgets.text_lines import Tabs

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.api.rows import Message
    from tui_app.screens.mail.siblings import MessageRef, Siblings
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

PARTS: Final = tuple(Part)
_SHORT: Final = {Part.SUMMARY: "sum", Part.HEADERS: "head", Part.ACTIONS: "acts"}
_SAVED: Final = {
    ".eml": "the raw mail as it came",
    ".json": "the message as the API tells it",
    ".txt": "this part as text",
    ".png": "the server's picture; may need Write",
}
"""What a file of each suffix gets."""


_PATHS: Final = {
    Part.WHY: ("detections",),
    Part.LINKS: ("detections",),
    Part.TRACE: ("trace",),
    Part.ACTIONS: ("action_log",),
    Part.HEADERS: ("raw",),
    Part.RAW: ("raw",),
}
"""What each part is asked for, below the message."""


class MessageScreen(ConsoleScreen):
    """A message as a list knows it, then as the server has it."""

    screen_name = "message"
    AUTO_FOCUS = "#pager"
    BINDINGS = actions.bindings("message")

    def __init__(
        self,
        service: EmailSecurityService,
        message: MessageRef,
        siblings: Siblings[MessageRef] | None = None,
        under: str = "Mail",
    ) -> None:
        super().__init__(service)
        self._siblings = siblings
        self._under = under
        self._part = Part.SUMMARY
        self._state = ""
        self._turn_to(message)

    def _turn_to(self, message: MessageRef) -> None:
        known_id = message.investigate_id
        self._reference = message
        self._parts: MessageParts | None = self.service.mail.parts(known_id) if known_id is not None else None
        self._view = PartView(message, self.service.mail.known_domains)

    def content(self) -> Iterable[Widget]:
        """Tabs, a line to type in, the text."""
        yield Tabs(id="tabs")
        yield MessageLine(id="message-line")
        yield Pager(id="pager", hang=15)

    def mounted(self) -> None:
        """Show what is known, and read the message."""
        super().mounted()
        self._turn(Part.SUMMARY)

    # ---- parts

    @property
    def _pager(self) -> Pager:
        return self.query_one("#pager", Pager)

    @property
    def _message(self) -> Message | None:
        """The message, as the server has it if it was read."""
        read = self._parts.message if self._parts is not None else None
        return read or self._reference.message

    def action_part_turn(self, key: str) -> None:
        """Turn to a part."""
        part = PARTS[int(key) - 1]
        if part is self._part:
            self.notice(fmt.shown_already(key, part))
        self._turn(part)

    def _turn(self, part: Part) -> None:
        self._part = part
        self._pager.show_lines(())
        self._show()
        self._read(part)

    @work(exclusive=True, group="part")
    async def _read(self, part: Part) -> None:
        if self._parts is None and not await self._found():
            return
        parts, view = self._parts, self._view
        assert parts is not None

        async def made() -> None:
            await self._make(view, parts, part)
            self._arrived(parts, part)

        if parts.of(part) is None:
            self._tell_state("reading…")
        if part is Part.TRACE:
            await trace_to_its_end(parts, self.service.clock.sleep, made, self._message)
        else:
            await parts.read(part, self._message)
            await made()

    async def _make(self, view: PartView, parts: MessageParts, part: Part) -> None:
        """Make the lines of a part that was read; of a long mail that takes seconds, in which keys are answered."""
        if not view.is_made(part, parts):
            self._tell_state("making its lines…")
            self._show(keep=part is Part.TRACE)
            await view.make_beside(part, parts)

    async def _found(self) -> bool:
        """Find the message of a row without its id by what else the row tells; whether it was found."""
        row = self._reference.row
        other_id = (row.alert_id or row.email_message_id) if row is not None else None
        if not other_id:
            self._tell_state("the API gave no message for this row")
            return False
        self._tell_state("looking for the message…")
        try:
            found = await self.service.mail.find(other_id)
        except SluiceError as error:
            self._note(Failed(str(error), error))
            self.notice(f"{error} ‹activity.open› tells more.")
            self._tell_state("not found")
            return False
        if (message := found.the_one) is None:
            self.notice(found.why_not("the row's id"))
            self._tell_state("several go by its ids" if len(found.messages) > 1 else "not found")
            return False
        self._parts = self.service.mail.parts(message.id)
        self._parts.take(message)
        return True

    def _arrived(self, parts: MessageParts, part: Part) -> None:
        if parts is not self._parts or part is not self._part:
            return
        answer = parts.of(part)
        if isinstance(answer, Failed):
            self._note(answer)
            self._state = "as in the list" if part is Part.SUMMARY else "not to be had"
        elif (read_at := parts.read_at(part)) is not None:
            if part is Part.TRACE and parts.trace_failed is not None:
                self._note(parts.trace_failed)
            self._state = f"read {local_time(read_at):%H:%M:%S}"
        self._show(keep=part is Part.TRACE)

    def _note(self, failed: Failed) -> None:
        """Keep what went wrong for `!`."""
        self.service.record(str(failed.error), failed.error.details() if isinstance(failed.error, ApiError) else ())

    def _tell_state(self, state: str) -> None:
        self._state = state
        self.show_frame()

    def _show(self, *, keep: bool = False) -> None:
        """Show what is known of the part."""
        if not self.ready:
            return  # it was left meanwhile
        lines: Sequence[PagerLine] = self._view.lines(self._part, self._parts)
        self._pager.show_lines(lines, keep=keep)
        self.show_frame()

    def show_frame(self) -> None:
        """Also the tabs and which message this is."""
        super().show_frame()
        if not self.ready:
            return
        message = self._message
        held = " held" if message is not None and message.is_quarantined else ""
        verdict = [fmt.as_piece(fmt.verdict(message.final_disposition)), (held, "dim")] if message is not None else []
        place = "{:,}/{:,}".format(*self._siblings.place) if self._siblings is not None else ""
        rest = "".join(f"  {piece}" for piece in (self._state, place) if piece)
        self.set_breadcrumb(
            [(f"{self._under} › ", "dim"), ("message", "bold"), *self._whose()],
            [*verdict, (rest if verdict else rest.strip(), "dim")],
        )
        counts = self._view.counts(self._parts)
        tabs = [
            (digit, part.value, _SHORT.get(part, part.value), counts.get(part)) for digit, part in enumerate(PARTS, 1)
        ]
        self.query_one("#tabs", Tabs).show_tabs(tabs, PARTS.index(self._part) + 1)

    def _whose(self) -> Sequence[Piece]:
        """Its worst sign, its sender and its subject: on every part but the one that begins with them."""
        message = self._message
        if message is None or self._part is Part.SUMMARY:
            return ()
        signs = self._view.signs(message)
        sign = [(f"  {signs[0].kind.glyph} {signs[0].word}", fmt.SIGN)] if signs else []
        subject = PrivateText(sanitize(message.subject.exact, 200))
        return [*sign, "  ", fmt.sender(message.sender, 64), "  ", (subject, "dim")]

    def action_view_refresh(self) -> None:
        """Read this part again."""
        if self._parts is not None and self._part is Part.TRACE:
            self._parts.begin_trace()
        elif self._parts is not None:
            self._parts.forget(self._part)
        self._read(self._part)

    # ---- moving

    def on_pager_moved(self) -> None:
        """Tell which lines are shown."""
        self.call_after_refresh(self.show_about)

    def about_end(self) -> Sequence[Piece]:
        """Which lines of the text are shown; nothing when all of it is, and while somebody types."""
        pager = self._pager
        if pager.is_whole or self._line.is_open:
            return ()
        first, last = pager.shown
        return ((f"lines {first:,}-{last:,} of {pager.count:,}", "dim"),)

    def describe(self) -> Sequence[Piece]:
        """What was looked for, or why a part is not there."""
        answer = self._parts.of(self._part) if self._parts is not None else None
        if isinstance(answer, Failed):
            return [(answer.sentence, "$text-warning"), MORE]
        return [(f"find {self._pager.words}", "dim")] if self._pager.words else []

    def action_row_down(self) -> None:
        """A row down."""
        self._pager.move_by(1)

    def action_row_up(self) -> None:
        """A row up."""
        self._pager.move_by(-1)

    def action_row_first(self) -> None:
        """To the top."""
        self._pager.move_to(0)

    def action_row_last(self) -> None:
        """To the end."""
        self._pager.move_last()

    def action_page_down(self) -> None:
        """A page down."""
        self._pager.move_by(self._pager.page_rows)

    def action_page_up(self) -> None:
        """A page up."""
        self._pager.move_by(-self._pager.page_rows)

    def action_sibling_next(self) -> None:
        """The next message of the list, in the same part."""
        self._go(1)

    def action_sibling_previous(self) -> None:
        """The one before."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if self._siblings is None:
            self.notice("This message was not opened from a list.")
        elif (found := self._siblings.go(step)) is None:
            self.notice("That is the last one listed." if step > 0 else "That is the first one.")
        else:
            self._state = ""
            self._turn_to(found)
            self._turn(self._part)

    # ---- finding, saving

    @property
    def _line(self) -> MessageLine:
        return self.query_one("#message-line", MessageLine)

    def reopened(self) -> Callable[[], ConsoleScreen]:
        """The message again."""
        service, reference, siblings, under = self.service, self._reference, self._siblings, self._under
        return lambda: MessageScreen(service, reference, siblings, under)

    def as_command(self) -> AsCommand | None:
        """The part that is shown."""
        if self._parts is None:
            return None
        name = self._parts.investigate_id
        part = [] if self._part is Part.SUMMARY else ["--part", self._part.value]
        return AsCommand(["message", name, *part], [name, *_PATHS.get(self._part, ())])

    def line_help(self) -> LineHelp | None:
        """What can be typed now."""
        return (SAVE_HELP if self._line.saves else FIND_HELP) if self._line.is_open else None

    def action_find_edit(self) -> None:
        """Type what to find in this part."""
        self._line.open(self._pager.words, saves=False)

    def on_pager_found(self) -> None:
        """Go to the first place of what was looked for."""
        self._go_to_hit(1)

    def action_find_next(self) -> None:
        """To the next place."""
        self._go_to_hit(1)

    def action_find_previous(self) -> None:
        """To the place before."""
        self._go_to_hit(-1)

    def _go_to_hit(self, step: int) -> None:
        if not self._pager.words:
            self.notice("Nothing was looked for yet: ‹find.edit› finds words.")
            return
        if self._pager.is_looking:
            self.notice(f"Looking for {self._pager.words}…")
            return
        place = self._pager.next_hit(step)
        self.notice(f"{self._pager.words}: {place}" if place else f"Not in this part: {self._pager.words}")

    def action_part_save(self) -> None:
        """Ask for the name of a file."""
        if self._parts is None:
            self.notice("Nothing to save: the message is not known.")
            return
        suffix = ".eml" if self._part in (Part.RAW, Part.HEADERS) else ".json" if self._part is Part.SUMMARY else ".txt"
        self._ask_for_file(suffix)

    def _ask_for_file(self, suffix: str) -> None:
        assert self._parts is not None
        begin = "".join(letter for letter in self._parts.investigate_id[:16] if letter.isascii() and letter.isalnum())
        self._line.open(free_path(f"message-{begin or 'unnamed'}", suffix).name, saves=True)
        self.notice(f"{_SAVED[suffix]} · tab {' '.join(known for known in _SAVED if known != suffix)} · enter writes")

    def on_message_line_turned(self) -> None:
        """Ask for a file of the next kind."""
        kinds = list(_SAVED)
        written = next((kind for kind in kinds if self._line.value.endswith(kind)), kinds[-1])
        self._ask_for_file(kinds[(kinds.index(written) + 1) % len(kinds)])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Find, or write a file."""
        if not self._line.saves:
            self._close_line()
            self._pager.find(event.value)
            self.show_about()
            return
        name = event.value.strip()
        try:
            file_suffix(name)
        except UsageError as error:
            self.notice(str(error))
            return
        self._close_line()
        self._save(name)

    @work(exclusive=True, group="save")
    async def _save(self, name: str) -> None:
        parts, view, part, message = self._parts, self._view, self._part, self._message
        assert parts is not None
        self.notice(f"Saving {name}…")
        try:
            lines: Sequence[str] = ()
            if file_suffix(name) == ".txt":
                answer = await parts.read(part, message)
                if isinstance(answer, Failed):
                    raise SluiceError(answer.sentence) from answer.error
                lines = await in_background(_text_of, view, part, parts)
            self.notice(await save_message(parts, message, name, lines))
        except SluiceError as error:
            self.service.record(str(error), error.details() if isinstance(error, ApiError) else ())
            self.notice(str(error))

    def _close_line(self) -> None:
        self._line.close()
        self.set_focus(self._pager)

    def handle_back(self) -> bool:
        """Esc leaves the line, then what was found."""
        if self._line.is_open:
            self._line.leave()
            self.set_focus(self._pager)
            return True
        if self._pager.words:
            self._pager.find("")
            self.show_about()
            return True
        return False

    # ---- copying

    def copy_id(self) -> str:
        """The investigate id; empty if it is not known."""
        return str(Untrusted(self._parts.investigate_id)) if self._parts is not None else ""

    def copy_values(self) -> Sequence[Value]:
        """The values of the message, or its links where those are shown."""
        if self._part is Part.LINKS and self._parts is not None and self._parts.detections is not None:
            lines = self._view.part_lines(Part.LINKS, self._parts)
            return link_values(self._parts.detections, lines, self._pager.shown[0])
        if self._message is not None:
            return message_values(self._message)
        return row_values(self._reference.row) if self._reference.row is not None else ()

    # ---- intents

    def why_not(self, action_id: str) -> str:
        """Held mail is released, delivered mail is moved; of a message that is not known neither is offered."""
        message = self._message
        if action_id not in ("release.review", "rows.move"):
            return super().why_not(action_id)
        if message is None:
            return "" if self._parts is not None else "The message is not known."
        if action_id == "release.review" and message.is_quarantined is False:
            return "It is not held."
        if action_id == "rows.move" and message.is_quarantined:
            return "It is held: a move acts on delivered mail."
        return ""

    def action_release_review(self) -> None:
        """Take the message to the review of a release."""
        self._plan(TO_RELEASE)

    @work(exclusive=True, group="move")
    async def action_rows_move(self) -> None:
        """Take the message to the review of a move."""
        if self._parts is None:
            self.notice("The message is not known: nothing can be done to it.")
        elif destination := await self.choose_destination("Move this message to"):
            self._plan(Effect.move(destination))

    def _plan(self, effect: Effect) -> None:
        if self._parts is None:
            self.notice("The message is not known: nothing can be done to it.")
            return
        name, why = self._parts.investigate_id, "; ".join(self._reference.odd)
        request = PlanRequest(
            effect,
            (name,),
            odd={name: why} if why else {},
            by_hand=frozenset([name] if why else []),
            shown={name: Target.of(message)} if (message := self._message) is not None else {},
        )

        async def make() -> PlanRequest:
            await asyncio.sleep(0)
            return request

        self.post_message(self.PlanWanted("Looking up the message…", make))


def _text_of(view: PartView, part: Part, parts: MessageParts) -> Sequence[str]:
    """The part as text for a file."""
    view.make(part, parts)
    return [str(line) for line in view.part_lines(part, parts)]
