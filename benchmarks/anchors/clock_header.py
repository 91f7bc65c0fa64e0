"""A Textual app that shows nothing but a header with a clock: what even an idle screen costs if it ticks."""

from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Static


class ClockHeader(App[None]):
    """The app."""

    def compose(self) -> ComposeResult:
        yield Header(show_clock=True)
        yield Static("STATUS")
        yield Footer()


if __name__ == "__main__":
    ClockHeader().run()
