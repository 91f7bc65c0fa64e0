"""The lines around what a screen shows: header, breadcrumb, the line above the footer with its notices, footer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from textual.events import Idle, Key
from textual.screen import Screen

from tui_app.api.errors import ServerFault
from tui_app.core.text import sanitize
from tui_app.jobs.poller import ConnectionState, ConnectionStatus, Subject
from tui_app.key_map import KeyMap, MappedApp, key_map_of
from tui_app.terminal.practice import PractisingApp
from tui_app.terminal.renderer import DiffRenderer
from tui_app.widgets.text_lines import Footer, FooterKeys, Piece, StatusLine
from tui_app.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from tui_app.service import EmailSecurityService

MORE: Final = ("‹activity.open› tells more", "dim")
"""Last piece of a line about an error; it is shown at the right end, where a long sentence can't push it off."""
_WIDE: Final = 80
LONG_WAIT: Final = 3.0
"""Seconds without an answer after which they are counted for the operator."""
STALE_AFTER: Final = 10.0
"""Seconds by which a poll may be late before the header says `stale`."""


def freshness(connection: ConnectionStatus, now: float) -> Piece:
    """How fresh the data is; `now` is the monotonic clock in seconds. While it is fresh, the text does not change."""
    match connection.state:
        case ConnectionState.CONNECTING:
            return ("connecting", "dim")
        case ConnectionState.PAUSED:
            return ("paused, ‹view.pause› resumes", "$text-warning")
        case ConnectionState.DENIED:
            return ("access refused", "$text-error bold")
        case ConnectionState.OFFLINE:
            left = round((connection.next_at or now) - now)
            trouble = "server error" if isinstance(connection.error, ServerFault) else "offline"
            return (f"{trouble}, again in {left} s" if left > 0 else f"{trouble}, reading", "$text-error bold")
        case ConnectionState.LIMITED:
            return (f"rate limit, again in {max(0, round((connection.next_at or now) - now))} s", "$text-warning bold")
        case ConnectionState.SAVING:
            return (f"saving requests, again in {max(0, round((connection.next_at or now) - now))} s", "$text-warning")
        case ConnectionState.ENDED:
            return ("final", "dim")
        case ConnectionState.LIVE:
            late = now - connection.next_at if connection.next_at is not None else 0.0
            if late < STALE_AFTER or connection.asked_at is None:
                return ("live", "$text-success")
            return (f"stale {int((now - connection.asked_at) // 10) * 10} s", "$text-warning")


class Frame(Screen[None]):
    """A screen with the lines that all screens of the console have, and nothing between them."""

    def __init__(self, service: EmailSecurityService) -> None:
        super().__init__()
        self.service = service
        # Kept at hand: whether they are there is asked for each key of the footer.
        self._about_line = StatusLine(id="about")
        self._footer_line = Footer(id="footer")
        self._notice = ""
        self._notice_stays_from = 0.0
        self._notice_ends_with_news = False
        self._fresh: Sequence[Piece] = ()
        self._header_worn: tuple[str, str] = ("", "")
        """The profile's colour in the header, and the theme that it was made for."""

    async def _on_idle(self, event: Idle) -> None:
        # A key has a frame of its own, at once: behind one that something else has just had, it would wait for two
        # turns of Textual's clock, 33 ms.
        if isinstance(self.app, DiffRenderer) and self.app.key_waits:
            self._on_timer_update()

    def content(self) -> Iterable[Widget]:
        """The widgets between the breadcrumb and the line above the footer."""
        return ()

    def lines(self) -> Iterable[Widget]:
        """The lines to type in, below the content."""
        return ()

    def subject(self) -> Subject | None:
        """What to poll while this screen is shown."""
        return None

    def describe(self) -> Sequence[Piece]:
        """The line above the footer: about the row under the cursor."""
        return ()

    def about_end(self) -> Sequence[Piece]:
        """The right end of the line above the footer."""
        return ()

    def freshness(self) -> Piece:
        """How fresh the data is; empty for a screen that polls nothing, unless a rate limit stops all requests."""
        blocked = self.service.budget.blocked
        if blocked > 0:
            return (f"rate limit, again in {round(blocked)} s", "$text-warning bold")
        return freshness(self.service.connection, self.service.clock.monotonic()) if self.subject() is not None else ""

    def footer_keys(self) -> FooterKeys:
        """Key and label pairs of the footer, and those that it always has."""
        return (), ()

    @property
    def ready(self) -> bool:
        """Whether the widgets exist: messages may come before they are built, and while they are removed one by one."""
        # A screen that is being removed is displayed no more, before the first of its widgets is gone.
        return self.is_attached and self.display and self._about_line.is_attached and self._footer_line.is_attached

    def compose(self) -> ComposeResult:
        """Header, breadcrumb, content, a line about the current row, footer."""
        yield StatusLine(id="header")
        yield StatusLine(id="breadcrumb")
        yield from self.content()
        yield from self.lines()
        yield self._about_line
        yield self._footer_line
        yield TooSmall()

    def on_resize(self) -> None:
        """Call the hook."""
        self.resized()

    def resized(self) -> None:
        """Lay the lines out for the new width."""
        self.call_after_refresh(self.show_frame)

    def show_frame(self) -> None:
        """Header, footer and the line about the row, as they are now."""
        if not self.ready:
            return
        settings = self.service.settings
        mode: Piece = ("READ-ONLY", "$text-success") if settings.read_only else ("WRITE", "$text-warning bold")
        working = self.app.at_work_elsewhere if isinstance(self.app, MappedApp) else ""
        # In a narrow window nothing that is always the same takes the place of what waits.
        in_short = bool(working) and self.app.size.width < _WIDE
        left: list[Piece] = [] if in_short else [("mailsluice", "bold"), "  "]
        if settings.profile:
            left += [(sanitize(settings.profile, 40), "bold"), " "]
        if settings.production:
            left += [("PRODUCTION", "$text-warning bold"), " "]
        left += [mode] if in_short and settings.profile else [settings.short_account_id, "  ", mode]
        if elsewhere := settings.other_host:
            left += ["  ", (f"at {sanitize(elsewhere, 60)}", "$text-warning bold")]
        if isinstance(self.app, PractisingApp) and self.app.task_line:
            left += ["  ", (self.app.task_line, "$text-accent")]
        if working:
            left += ["  ", (working, "$text-warning")]
        budget = self.service.budget
        right: list[Piece] = []
        if budget.low and budget.remaining is not None:
            # In steps, so that a screen without news stays as it is.
            step = 100 if budget.remaining >= 100 else 10
            left_over = f"{budget.remaining // step * step:,}+" if budget.remaining >= 10 else "under 10"
            right += [(f"{left_over} requests left", "$text-warning"), "  "]
        right += self._now()
        self._show_header(left, right)
        self.show_footer()
        self.show_about()

    def _show_header(self, left: Sequence[Piece], right: Sequence[Piece]) -> None:
        """The first line; the whole of it wears the profile's colour, so that production looks like production."""
        header, color = self.query_one("#header", StatusLine), self.service.settings.color
        if color is not None:
            from tui_app.terminal.profile_color import BAR, header_style, on_bar

            if (worn := (color, self.app.theme)) != self._header_worn:
                self._header_worn = worn
                header.add_class(BAR)
                header.styles.background, header.styles.color = header_style(color, self.app.current_theme)
            left, right = ([on_bar(piece) for piece in pieces] for pieces in (left, right))
        header.set_ends(left, right)

    def show_footer(self) -> None:
        """The keys as they make sense now."""
        if self.ready:
            self._footer_line.show_keys(*self.footer_keys())

    def _waiting(self) -> Sequence[Piece]:
        """For how long the API has not answered, when that is long."""
        seconds = self.service.unanswered_for
        return [(f"no answer for {int(seconds)} s", "$text-warning"), "  "] if seconds >= LONG_WAIT else []

    def _now(self) -> Sequence[Piece]:
        """The right end of the header, as far as it changes with time alone."""
        sign = self.service.clock_sign
        clock: list[Piece] = [(sign, "$text-warning bold"), "  "] if sign else []
        return (*clock, *self._waiting(), self.freshness())

    def time_passed(self) -> None:
        """Called once a second: show the frame anew if the freshness, or the time without an answer, changed."""
        fresh = self._now()
        if fresh != self._fresh:
            self._fresh = fresh
            self.show_frame()

    def show_about(self) -> None:
        """Fill the line above the footer: a notice, else the description of the current row."""
        if self.ready:
            pieces = [(self._notice, "bold $text-warning")] if self._notice else list(self.describe())
            ends = [piece for piece in pieces if piece == MORE]
            self._about_line.set_ends([piece for piece in pieces if piece != MORE], ends or list(self.about_end()))

    def set_breadcrumb(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Set the second line: which screen this is."""
        self.query_one("#breadcrumb", StatusLine).set_ends(left, right)

    def notice(self, sentence: str, *, until_news: bool = False, late: bool = False) -> None:
        """Show a sentence above the footer until the next key, or, with `until_news`, until the server answered.

        `late` = the work took its time: keys that were pressed before it was shown do not remove it.
        """
        self._notice, self._notice_ends_with_news = sentence, until_news
        self._notice_stays_from = monotonic() if late else 0.0
        self.show_about()

    @property
    def noticed(self) -> str:
        """The sentence that is shown above the footer; empty for none."""
        return self._notice

    def notice_too(self, sentence: str) -> None:
        """Say something that nobody asked for, behind what is said already: that may be the answer to a key."""
        self.notice(f"{self._notice} · {sentence}" if self._notice else sentence)

    def answered(self) -> None:
        """The server answered a poll, or the state of the connection changed."""
        if self._notice_ends_with_news:
            self._notice = ""
        self.show_frame()

    def on_key(self, event: Key) -> None:
        """Remove the notice at the next key; a late one not at a key that was pressed before it was shown."""
        if self._notice and event.time >= self._notice_stays_from:
            self._notice = ""
            self.show_about()

    @property
    def key_map(self) -> KeyMap:
        """The keys as they are in this console."""
        return key_map_of(self)
