"""A question takes an answer, and no letter of a sentence for one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.screens import PATIENCE
from tui_app.core.terminal_needs import COLUMNS, LINES
from tui_app.screens.confirm import Confirm
from tui_app.screens.facts import Facts


class Asking(App[None]):
    """Asks one question, and keeps the answer."""

    answer: bool | None = None

    def take(self, answer: bool | None) -> None:
        self.answer = answer


@asynccontextmanager
async def asked(question: Confirm) -> AsyncIterator[Asking]:
    app = Asking()
    with patch.object(Confirm, "READ_FIRST", 0.0):
        async with app.run_test(size=(80, 24)) as pilot:
            await app.push_screen(question, app.take)
            await pilot.pause()
            yield app


async def keys(app: Asking, text: str) -> None:
    """Type as a person does: each key by itself."""
    for key in text:
        await Pilot(app).press("space" if key == " " else key)


@pytest.mark.parametrize("sentence", ["typo in the search", "wrong search, yes"])
async def test_a_reason_that_is_typed_at_once_goes_into_its_line(sentence: str) -> None:
    question = Confirm("Cancel this job?", ["It stops."], asks_reason=True)
    async with asked(question) as app:
        await keys(app, sentence)
        assert app.answer is None and app.screen is question
        assert question.query_one("#reason", Input).value == sentence
        await keys(app, "y")
        assert question.query_one("#reason", Input).value == f"{sentence}y", "a letter there, no answer"
        await Pilot(app).press("backspace", "enter")
        assert app.answer is None, "enter alone never confirms"
        await keys(app, "y")
        assert app.answer is True
        assert question.reason == sentence


@pytest.mark.parametrize("sentence", ["ty", "typo in the search", "search n", "oy"])
async def test_without_a_line_for_why_letters_behind_others_answer_nothing(sentence: str) -> None:
    question = Confirm("Delete this job?", ["It goes."])
    async with asked(question) as app:
        await keys(app, sentence)
        assert app.answer is None and app.screen is question
        said = str(question.query_one("#problem").render())
        assert "Not answered: wait a second" in said or sentence[-1] not in "yn"


async def test_after_a_second_of_quiet_y_counts_again() -> None:
    question = Confirm("Delete this job?", ["It goes."])
    async with asked(question) as app:
        with patch.object(Confirm, "QUIET", 0.05):
            await keys(app, "t")
            async with asyncio.timeout(PATIENCE):
                while app.answer is None:  # the first may come too soon
                    await keys(app, "y")
        assert app.answer is True


@pytest.mark.parametrize(("key", "answer"), [("y", True), ("n", False)])
async def test_an_answer_by_itself_counts_at_once(key: str, answer: bool) -> None:
    async with asked(Confirm("Cancel this job?", ["It stops."], asks_reason=True)) as app:
        await keys(app, key)
        assert app.answer is answer


@pytest.mark.parametrize("typed", ["y", "2581"])
async def test_the_answer_and_the_way_out_stay_in_sight_while_the_window_shrinks(typed: str) -> None:
    facts = [f"Fact {number}, so long that it is broken over two lines of a narrow window.\n" for number in range(30)]
    question = Confirm("Move to Junk: start this job?", facts, typed=typed, asks_reason=True)
    async with asked(question) as app:
        pilot = Pilot(app)
        for size in ((COLUMNS, LINES), (80, 24), (COLUMNS, LINES)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            for widget in ("#title", "#reason", "#typed" if typed != "y" else "#cancel", "#problem", "#cancel"):
                seen = question.query_one(widget)
                assert seen.region.height == 1 and question.region.contains_region(seen.region), (widget, size)
            box = question.query_one("#question")
            assert box.border_subtitle == "up and down show the rest"
            assert box.scroll_y == 0
        page = question.query_one(Facts)
        assert page.region.height > 1
        await pilot.press("down", "pagedown")
        assert page.scroll_y > 1
        await pilot.press("pageup", "up")
        assert page.scroll_y == 0
