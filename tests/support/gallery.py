"""An app with a little of everything a terminal can be asked to show, to be driven at random."""

from collections.abc import Iterable
from random import Random

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Footer, Input, RichLog, Static, TextArea

from tests.support.twins import TwinApp

WORDS = (
    "invoice", "a", "Parcel 52", "Grüße", "ελληνικά", "Москва", "│─┐", "✖ failed", "● ▸ …", "→", " ", "   ", "█▉▏", "\u00a0x",
)  # fmt: skip
WIDE = ("日本語", "中", "한국어", "ｗｉｄｅ", "「注文」", "a字b", "　")
CONTESTED = (
    "😀", "❤️", "👩‍💻", "🇩🇪", "👍🏽", "1️⃣", "e\u0301te\u0301", "क्षि", "🏳️‍🌈x", "㈱", "\ue0a0", "\u200b", "ก็", "🇩", "☎️ 5",
)  # fmt: skip
# Textual writes these over what stands before them, be it another line: what is written here leaves them out.
STRAY = ("\u0301", "\u200dz")
ATTRIBUTES = (
    "bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike", "underline2", "frame",
    "encircle", "overline",
)  # fmt: skip
COLOURS = (None, "default", "red", "bright_blue", "color(123)", "#12fe80", "#121212", "rgb(200,100,3)")


def random_style(random: Random) -> Style:
    attributes: dict[str, bool] = {name: True for name in ATTRIBUTES if random.random() < 0.1}
    link = "https://example.com/" if random.random() < 0.1 else None
    return Style(color=random.choice(COLOURS), bgcolor=random.choice(COLOURS), link=link, **attributes)  # type: ignore[arg-type]


def random_text(random: Random, *, contested: float = 0.05, wide: float = 0.1, most: int = 8) -> Text:
    text = Text(no_wrap=True)
    for _ in range(random.randrange(most)):
        dice = random.random()
        words = CONTESTED if dice < contested else WIDE if dice < contested + wide else WORDS
        text.append(random.choice(words), random_style(random) if random.random() < 0.5 else None)
    return text


class Window(ModalScreen[None]):
    """A window over the rest."""

    CSS = """
    Window { align: center middle; background: $background 60%; }
    Window Static { width: 24; height: 5; border: round $primary; background: $panel; }
    """

    def __init__(self, text: Text) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        yield Static(self.text)


class Page(Screen[None]):
    """Another screen."""

    def __init__(self, texts: Iterable[Text]) -> None:
        super().__init__()
        self.texts = list(texts)

    def compose(self) -> ComposeResult:
        log = RichLog(id="log", wrap=False, min_width=10)
        log.can_focus = True
        yield log
        yield Footer()

    def on_mount(self) -> None:
        for text in self.texts:
            self.query_one(RichLog).write(text)


class Gallery(TwinApp):
    """A table, labels, an input, a log, windows over them."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("f5", "bell", "Something"), Binding("f6", "bell", "Else")]
    CSS = """
    #labels { height: 3; }
    #labels Static { width: 1fr; height: 3; }
    #second { background: $primary; color: $text; }
    #bottom { height: 4; }
    #bottom > * { width: 1fr; height: 4; }
    DataTable { height: 1fr; }
    """

    def __init__(self, size: tuple[int, int], seed: int, *, contested: float) -> None:
        super().__init__(size)
        self.animation_level = "none"
        self.random = Random(seed)
        self.contested = contested

    def text(self, most: int = 8) -> Text:
        return random_text(self.random, contested=self.contested, most=most)

    def compose(self) -> ComposeResult:
        with Horizontal(id="labels"):
            yield Static("one", id="first")
            yield Static("two", id="second")
        yield DataTable(cursor_type="row")
        with Horizontal(id="bottom"):
            area = TextArea("some text\nhere")
            area.cursor_blink = False
            yield area
            with Vertical():
                entry = Input("typed")
                entry.cursor_blink = False
                yield entry
        yield Footer()

    def on_mount(self) -> None:
        table = self.table
        for name in ("one", "two", "three"):
            table.add_column(name, key=name, width=12)
        for row in range(60):
            table.add_row(str(row), self.text(4), self.text(4), key=str(row))
        table.focus()

    @property
    def table(self) -> "DataTable[str | Text]":
        return self.screen_stack[0].query_one(DataTable)

    def label(self) -> Static:
        return self.screen_stack[0].query_one(self.random.choice(("#first", "#second")), Static)

    def step(self, action: str) -> None:
        """One thing that changes the picture; keys and sizes are given by the test itself."""
        random = self.random
        match action:
            case "label":
                self.label().update(self.text(), layout=random.random() < 0.2)
            case "many":
                for _ in range(4):
                    self.label().update(Text("\n").join([self.text(), self.text(), self.text()]))
            case "cell":
                row = str(random.randrange(60))
                self.table.update_cell(row, random.choice(("two", "three")), self.text(4))
            case "theme":
                self.theme = random.choice(("textual-dark", "textual-light", "nord", "ansi-dark", "gruvbox"))
            case "window":
                self.push_screen(Window(self.text(12)))
            case "page":
                self.push_screen(Page(self.text(10) for _ in range(30)))
            case "pop":
                if len(self.screen_stack) > 1:
                    self.pop_screen()
            case "scroll":
                self.table.scroll_relative(y=random.randrange(-9, 10), animate=False)
            case "cursor":
                self.table.move_cursor(row=random.randrange(60))
            case "notify":
                self.notify(str(random.random()), markup=False, timeout=100)
            case "clear":
                self.clear_notifications()
            case "dock":
                self.label().toggle_class("hidden")
                self.label().display = not self.label().display
            case "lost":
                self.lose_terminal()
                self.repaint_all()
            case "suspend":
                with self.suspend():
                    self.lose_terminal()
            case "remove":
                self.table.clear()
                for row in range(60):
                    self.table.add_row(str(row), self.text(4), self.text(4), key=str(row))


ACTIONS = (
    "label", "label", "many", "cell", "cell", "theme", "window", "page", "pop", "pop", "scroll", "scroll", "cursor",
    "notify", "clear", "dock", "lost", "suspend", "remove",
)  # fmt: skip
KEYS = ("up", "down", "down", "pagedown", "pageup", "home", "end", "tab", "tab", "left", "right", "x", "字", "escape")
