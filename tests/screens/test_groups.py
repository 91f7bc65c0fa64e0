"""Held mail in groups: the odd ones first, marks by group, and what a release does with them."""

from tests.support.screens import Console, console_on
from tests.support.services import settings_for
from tui_app.screens.mail.groups import GroupsScreen
from tui_app.simulator.server import Options, Simulator, running


async def open_groups(console: Console) -> None:
    await console.press("Q")
    await console.sees("143 found, all loaded")
    await console.press("w")
    await console.sees("143 messages", "3 odd ones", "all loaded")


async def test_the_odd_ones_come_first_with_what_is_different(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_groups(console)
        lines = [line for line in console.text.splitlines() if "odd " in line and "exampIe" in line]
        assert len(lines) == 3
        await console.sees("▸    odd news@acme-news.exampIe", "≠ like acme-news.example: I for l", "weekly digest #")


async def test_enter_opens_an_odd_one_and_shows_the_mail_of_a_group(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_groups(console)
        await console.press("enter")
        await console.sees("Groups › message", "1/3", "≈ like acme-news.example: I for l")
        await console.press("right_square_bracket", "right_square_bracket")
        await console.sees("3/3")
        await console.press("right_square_bracket")
        await console.sees("That is the last one listed.", "3/3")
        await console.press("escape", "j")
        await console.sees("Quarantine › groups")
        await console.press("enter")
        await console.sees("112 of 143 found", "Weekly digest", "filter group:")
        await console.press("escape")
        await console.sees("143 found, all loaded")


async def test_a_group_is_marked_without_its_odd_ones_and_all_without_any(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_groups(console)
        await console.press("j", "j", "j", "space")
        await console.sees("112 of 112 marked.", "112 marked")
        await console.press("a")
        await console.sees("3 odd ones left out", "held back by guard")
        await console.sees("131 of 143 marked")
        await console.press("g", "space")
        await console.sees("132 marked")
        await console.press("u")
        await console.loses(" marked · ")


async def test_what_was_left_out_is_told_in_the_review_and_its_word_lets_it_through(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator), size=(120, 40)) as console:
        await open_groups(console)
        await console.press("a")
        await console.sees("3 odd ones left out")
        await console.press("R")
        await console.sees("not sent yet", "Held back by the guard", "like acme-news.example: I for l")


async def test_an_odd_one_that_is_marked_by_hand_is_told_and_not_held_back_for_it() -> None:
    with running(Options(quota=0, messages=0, sample=400)) as account:
        planted = account.account.planted
        async with console_on(settings_for(account), size=(120, 40)) as console:
            await console.press("Q")
            await console.sees("400 found, all loaded")
            await console.press("w")
            await console.sees("7 odd ones")
            lines = [line for line in console.text.splitlines() if " odd " in line and "odd ones" not in line]
            spf, first = next(n for n, line in enumerate(lines) if "SPF fail" in line), 0
            await console.press(*["j"] * (spf - first), "space", "R")
            await console.sees("1 message · ", "SPF fail, the others pass", "not sent yet")
            assert planted["spf"]


async def test_without_any_mail_groups_say_so() -> None:
    with running(Options(quota=0, messages=0, held=0)) as account:
        async with console_on(settings_for(account)) as console:
            await console.press("F")
            await console.sees("Mail")
            await console.press("slash")
            await console.type("from:nobody.example")
            await console.press("enter")
            await console.sees("0 found, all loaded", "No mail matches")
            await console.press("w")
            await console.sees("No mail is listed.")


async def test_a_copied_group_is_told_by_its_kind_as_redaction_hides_no_notice(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_groups(console)
        await console.press("M", "j", "j", "j", "y")
        await console.sees("Copied what the group is, if your terminal allows it. Y, t shows it.")
        assert "acme" not in console.text.splitlines()[-2]
        await console.press("g", "y")
        await console.sees("Copied the whole id ")
        await console.press("Y", "2")
        await console.sees('Copied "subject", if your terminal allows it.')


async def test_a_group_that_was_released_is_gone_when_its_plan_is_left(simulator: Simulator) -> None:
    async with console_on(settings_for(simulator)) as console:
        await open_groups(console)
        screen = console.app.screen
        assert isinstance(screen, GroupsScreen)
        table = screen.table()
        index = next(index for index, row in enumerate(table.shown) if row.group is not None and 1 < row.count < 9)
        await console.press("g", *["j"] * index)
        group, total = table.shown[index], len(table.shown)
        assert table.current is group
        await console.press("R")
        await console.sees(f"type {group.count} to send")
        await console.type("INC-1")
        await console.press("enter")
        await console.type(str(group.count))
        await console.press("enter")
        await console.sees("all sent")
        await console.press("escape")
        await console.sees("Quarantine › groups", f"{143 - group.count} messages", "all loaded")
        assert group.key not in [row.key for row in table.shown]
        assert len(table.shown) == total - 1
