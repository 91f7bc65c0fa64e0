"""Lines fit the width they have, also when it changes: no item is torn apart, and no tab is lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tui_app.widgets.text_lines import Footer, StatusLine, Tabs, TextBlock, breaks

TABS = [
    (0, "all", "all", 100_000),
    (1, "pending", "pend", 37_590),
    (3, "processing", "proc", None),
    (4, "completed", "comp", 61_204),
]
TABS += [(5, "failed", "fail", 1_203), (6, "skipped", "skip", 3), (7, "cancelled", "canc", 0)]
SUMS = ["1,191 messages", "1,180 delivered", ("1 partly delivered", "bold"), "10 undelivered", "123,456 seen released"]


class Lines(App[None]):
    """One of each."""

    def compose(self) -> ComposeResult:
        yield StatusLine(id="ends")
        yield Tabs(id="tabs")
        yield TextBlock(id="sums")
        yield Footer(id="keys")

    def on_mount(self) -> None:
        self.query_one("#ends", StatusLine).set_ends(["Release › message"], ["read 06:45:23"])
        self.query_one("#tabs", Tabs).show_tabs(TABS, 5)
        self.query_one("#sums", TextBlock).set_items(SUMS, ["still to be done", "2 unknown"])
        self.query_one("#keys", Footer).show_keys(
            [("enter", "open"), ("R", "release"), ("space", "mark")], [("esc", "back"), ("?", "help")]
        )

    def shown(self, name: str) -> list[str]:
        widget = self.query_one(f"#{name}")
        lines = [widget.render_line(y).text for y in range(widget.size.height)]
        return [line.rstrip() for line in lines]


@pytest.mark.parametrize("widths", [(200, 60, 80), (60, 200), (60, 80, 60)], ids=str)
async def test_every_line_fits_whatever_the_width_was_before(widths: tuple[int, ...]) -> None:
    app = Lines()
    async with app.run_test(size=(80, 24)) as pilot:
        for width in widths:
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            (ends,), (tabs,), sums, (keys,) = map(app.shown, ("ends", "tabs", "sums", "keys"))
            assert ends.startswith("Release › message") and ends.endswith("read 06:45:23") and len(ends) == width
            assert max(map(len, (tabs, keys, *sums))) <= width
            assert keys.startswith("enter open") and keys.endswith("esc back  ? help")
            if width >= 60:
                assert [f"{digit} " in tabs for digit, *_ in TABS] == [True] * 7
                assert tabs.split()[-2:] in (["7", "canc"], ["7", "cancelled"], ["cancelled", "0"], ["canc", "0"])
            told = [item.strip() for line in sums for item in line.split("·") if item.strip()]
            assert told == [
                *(item if isinstance(item, str) else item[0] for item in SUMS),
                "still to be done",
                "2 unknown",
            ]
            assert len(sums) == 2 if width == 200 else len(sums) > 2


@given(text=st.text(st.sampled_from("ab 日é-"), max_size=60), width=st.integers(4, 20), hang=st.integers(0, 2))
def test_a_line_is_broken_to_fit_and_nothing_is_lost(text: str, width: int, hang: int) -> None:
    cuts = breaks(text, width, width - hang)
    parts = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    assert "".join(parts) == text
    assert cell_len(parts[0].rstrip()) <= width
    assert all(cell_len(part.rstrip()) <= width - hang for part in parts[1:])
    assert all(parts[:-1]), "no line is empty"
