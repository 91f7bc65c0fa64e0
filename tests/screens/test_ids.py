"""Ids from elsewhere on the screen: what was taken and from which line, and what was not."""

import pytest

from tests.support.screens import console_on, held_open
from tests.support.services import settings_for
from tui_app.simulator.server import Simulator
from tui_app.widgets.inputs import PasteInput


async def test_each_id_out_of_free_text_is_shown_with_its_line_and_what_was_not_taken_with_a_reason(
    simulator: Simulator,
) -> None:
    first, second, third, fourth = (mail.investigate_id for mail in simulator.account.held[:4])
    text = f"please release {first} today\nSubject: Weekly digest {second}\n# {third}\n\nid,subject\n{fourth},about {second}"
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await console.sees("12 loaded")
        await console.press("I")
        await console.sees("0 ids, not sent")
        console.app.screen.query_one("#paper", PasteInput).post_message(PasteInput.Pasted(text))
        await console.sees(
            "2 ids, not sent",
            f"line 1: {first}",
            f"please release {first} today",
            f"line 6: {fourth}",
            f"In words that somebody else wrote: '{second}' (line 2); not taken.",
            f"Behind a #: '{third}' (line 3); not taken.",
        )


async def test_a_table_that_comes_line_by_line_is_still_read_by_its_heading(simulator: Simulator) -> None:
    first, second = (mail.investigate_id for mail in simulator.account.held[:2])
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await console.sees("12 loaded")
        await console.press("I")
        await console.sees("0 ids, not sent")
        for line in ("id,subject", f"{first},about {second}"):
            console.app.screen.query_one("#paper", PasteInput).value = line
            await console.press("enter")
        await console.sees("1 id, not sent", f"line 2: {first}")


async def test_a_message_id_of_several_messages_is_held_back_with_the_ids_to_choose_from(simulator: Simulator) -> None:
    one, other = simulator.account.held[:2]
    other.header_id = one.header_id
    async with console_on(settings_for(simulator), size=(200, 40)) as console:
        await console.sees("12 loaded")
        await console.press("I")
        await console.sees("0 ids, not sent")
        console.app.screen.query_one("#paper", PasteInput).post_message(
            PasteInput.Pasted(f"Message-ID: {one.header_id}")
        )
        await console.sees("1 id, not sent")
        await console.press("enter")
        await console.sees("names 2 messages", "give the investigate id", one.investigate_id, other.investigate_id)
    assert simulator.account.truth.entries == []


async def test_what_is_pasted_while_ids_are_looked_up_is_not_lost(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [mail.investigate_id for mail in simulator.account.held if mail.disposition == "BULK"][:4]
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await console.sees("12 loaded")
        await console.press("I")
        await console.sees("0 ids, not sent")
        paper = console.app.screen.query_one("#paper", PasteInput)
        paper.post_message(PasteInput.Pasted("\n".join(names[:2])))
        await console.sees("2 ids, not sent")
        gate = held_open(monkeypatch, console.app.service.plans, "look_up")
        await console.press("enter")
        await console.sees("Looking up 2 ids")
        paper.post_message(PasteInput.Pasted("\n".join(names[2:])))
        await console.sees("4 ids, not sent")
        gate.set()
        await console.sees("More was pasted meanwhile: enter looks all of it up.", "4 ids, not sent")
        await console.press("enter")
        await console.sees("4 messages · ", "type 4 to send")
    assert simulator.account.truth.entries == []
