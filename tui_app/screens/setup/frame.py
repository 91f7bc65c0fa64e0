"""What every step of the first start has: a header, where it is, a line for notices, and the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen

from tui_app.core.paths import sheet
from tui_app.core.text import sanitize
from tui_app.setup.conversation import NOTHING_WRITTEN
from tui_app.widgets.text_lines import Footer, Piece, StatusLine, TextBlock
from tui_app.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from textual.events import Key
    from textual.widget import Widget

    from tui_app.setup.conversation import Setup

STEPS: Final = ("token", "account", "where the token lives", "profile")
_ANYWHERE: Final = (
    ("esc", "a step back; what was answered stays"),
    ("pgup pgdn", "scroll, in a low window"),
    ("ctrl+q", f"quit. {NOTHING_WRITTEN[:-1]} before the last step"),
    ("ctrl+l", "paint the whole screen again"),
    ("ctrl+z", "suspend; fg in the shell resumes"),
)


class SetupScreen(Screen[None]):
    """A step. What was answered is in `setup`; the app decides which step comes next."""

    CSS_PATH = sheet("screens/setup")
    step: ClassVar[int] = 0
    keys: ClassVar[Sequence[tuple[str, str]]] = ()
    """The keys of the footer, without the way back and help."""
    help_text: ClassVar[Sequence[tuple[str, str]]] = ()
    """What the step asks for, as (key or field, what it does)."""
    BINDINGS = [
        Binding("escape", "back", show=False),
        Binding("f1,question_mark", "help", show=False),
        Binding("q", "app.app_quit", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    class Answered(Message):
        """The step is answered."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.setup = setup
        self.busy = False
        """Whether an answer of the API is awaited."""

    def content(self) -> Iterable[Widget]:
        """The widgets of the step."""
        return ()

    def compose(self) -> ComposeResult:
        """Header, step, content, what came of it, notices, keys."""
        yield StatusLine(id="header")
        yield StatusLine(id="breadcrumb")
        with VerticalScroll(id="step", can_focus=False):
            yield from self.content()
            yield TextBlock(id="message")
        yield StatusLine(id="about")
        yield Footer(id="footer")
        yield TooSmall()

    def on_mount(self) -> None:
        """Call the hook: Textual calls the handlers of all classes of a screen, each by itself."""
        self.mounted()

    def mounted(self) -> None:
        """Show the frame, and keep what is typed in in sight."""
        self.show_frame()
        self.watch(self._page, "virtual_size", self._keep_in_sight, init=False)

    @property
    def _page(self) -> VerticalScroll:
        return self.query_one("#step", VerticalScroll)

    def _keep_in_sight(self) -> None:
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll what is longer than the window."""
        self._page.scroll_relative(y=pages * max(1, self._page.size.height - 1), animate=False)

    def on_resize(self) -> None:
        """Lay the lines out for the new width."""
        self.call_after_refresh(self.show_frame)

    def show_frame(self) -> None:
        """Header, step and keys."""
        if not self.query("#footer"):
            return
        left: list[Piece] = [("mailsluice", "bold")]
        if self.setup.situation.is_elsewhere:
            left += ["  ", (f"at {sanitize(urlsplit(self.setup.situation.base_url).netloc, 60)}", "$text-warning bold")]
        self.query_one("#header", StatusLine).set_ends(left, [("nothing is written yet", "dim")])
        where = f"step {self.step + 1} of {len(STEPS)}"
        self.query_one("#breadcrumb", StatusLine).set_ends(
            [("Setup › ", "dim"), (STEPS[self.step], "bold")], [(where, "dim")]
        )
        back = [("esc", "back")] if self.step else [("ctrl+q", "quit")]
        self.query_one("#footer", Footer).show_keys([*self.keys, *back, ("f1", "help")])

    def show(self, name: str, *pieces: Piece) -> None:
        """Show a text once it is known how wide it can be: one that is broken anew keeps the height that it had."""
        self.call_after_refresh(self.query_one(f"#{name}", TextBlock).set_text, *pieces)

    def say(self, sentence: str, style: str = "") -> None:
        """Say what came of it, below the fields."""
        message = self.query_one("#message", TextBlock)
        message.set_text((sentence, style))
        if sentence:
            self.call_after_refresh(message.scroll_visible, animate=False)

    def notice(self, sentence: str) -> None:
        """Say something until the next key."""
        if self.query("#about"):
            self.query_one("#about", StatusLine).set_ends([(sentence, "bold $text-warning")], [])

    def on_key(self, event: Key) -> None:
        """Remove the notice."""
        self.notice("")

    def action_back(self) -> None:
        """Go a step back; what is asked of the API meanwhile is not waited for."""
        asked, self.busy = self.busy, False
        self.workers.cancel_node(self)
        if asked and not self.step:
            self.say("No answer is waited for any longer. Enter asks again.")
        elif self.step:
            self.say("")
            self.app.pop_screen()
        else:
            self.notice(f"ctrl+q quits. {NOTHING_WRITTEN}")

    def action_help(self) -> None:
        """What this step asks for."""
        self.app.push_screen(SetupHelp(self))


class SetupHelp(Screen[None]):
    """The keys of a step, and what it asks for."""

    CSS_PATH = sheet("screens/setup")
    BINDINGS = [
        Binding("escape,q,f1,question_mark,enter", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, about: SetupScreen) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        """Where it is, the text, the way back."""
        yield StatusLine(id="breadcrumb")
        with VerticalScroll(id="page", can_focus=False):
            yield TextBlock(id="text", hang=16)
        yield Footer(id="footer")
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the text."""
        self.query_one("#breadcrumb", StatusLine).set_ends(
            [("Help › ", "dim"), (f"first start: {STEPS[self._about.step]}", "bold")], []
        )
        pieces: list[Piece] = [("In this step\n", "bold $text-accent")]
        for key, does in self._about.help_text:
            pieces += [(f"  {key:<14}", "bold"), f"{does}\n"]
        pieces.append(("Everywhere\n", "bold $text-accent"))
        for key, does in _ANYWHERE:
            pieces += [(f"  {key:<14}", "bold"), f"{does}\n"]
        self.query_one("#text", TextBlock).set_text(*pieces)
        self.query_one("#footer", Footer).show_keys([("j k", "scroll"), ("esc", "back")])

    def action_leave(self) -> None:
        """Back to the step."""
        self.app.pop_screen()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False)
