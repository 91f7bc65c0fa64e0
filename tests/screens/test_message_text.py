"""The text of a message: words in it are found, redaction hides people in it, and no line of it is lost at any size."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.support.message_screen import bare, case, odd_account, opened, pager, turn
from tests.support.screens import Console, painted
from tui_app.screens.mail.message import MessageScreen
from tui_app.simulator.server import Simulator

SIZES = [(60, 16), (80, 24), (200, 50)]


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with odd_account() as simulator:
        yield simulator


# ---- finding


async def test_words_are_found_one_after_the_other_and_forgotten_with_escape(account: Simulator) -> None:
    async with opened(account, case(account, "adjacent-words")) as console:
        await console.press("n")
        await console.sees("Nothing was looked for yet")
        await turn(console, "7")
        await console.press("slash")
        await console.type("SUBJECT")
        await console.press("enter")
        await console.sees("SUBJECT: 1 of ")
        await console.press("n")
        await console.sees("SUBJECT: 2 of ")
        await console.press("N", "N")
        assert "SUBJECT: 1 of " not in await console.settles(), "before the first is the last"
        await console.press("escape")
        assert "find SUBJECT" not in await console.settles()
        assert isinstance(console.app.screen, MessageScreen)
        await console.press("slash")
        await console.type("nowhere at all")
        await console.press("enter")
        await console.sees("Not in this part: nowhere at all")
        await console.press("escape", "escape")
        assert not isinstance(console.app.screen, MessageScreen)


async def test_a_place_far_down_in_a_long_line_comes_onto_the_screen(account: Simulator) -> None:
    async with opened(account, case(account, "adjacent-words")) as console:
        await turn(console, "7")
        pager(console).show_lines([("x " * 1900 + "needle",)])
        await console.press("slash")
        await console.type("needle")
        await console.press("enter")
        await console.sees("needle: 1 of 1")
        assert any("needle" in line for line in console.text.splitlines()[3:-2])


# ---- redaction


@pytest.mark.parametrize("name", ["adjacent-words", "mixed-scripts", "entities", "refresh"])
async def test_redaction_hides_addresses_and_the_subject_in_every_part(account: Simulator, name: str) -> None:
    mail = case(account, name)
    assert mail.evidence is not None
    hidden = [address.partition("@")[0] + "@" for address in (mail.sender, *mail.recipients)]
    hidden.append(bare(mail.subject)[:14])
    async with opened(account, mail) as console:
        shown = set()
        for key in "1234567":
            await turn(console, key)
            shown |= {text for text in hidden if text in bare("".join(every_row(console)))}
        assert shown == set(hidden), "without it, they are there"
        await console.press("M")
        for key in "1234567":
            await turn(console, key)
            text = bare("".join(every_row(console)))
            assert [text for text in hidden if text in bare("".join(every_row(console)))] == [], (key, text)
            assert "▒▒▒" in text or key in "235"


# ---- long texts


def every_row(console: Console) -> list[str]:
    """All rows of the text, from the top to the end, page by page."""
    shown = pager(console)
    rows: list[str] = []
    shown.move_to(0)
    while True:
        height = shown.size.height
        rows += [strip.text for strip in painted(shown)]
        at, behind = shown._top, shown._stepped(shown._top, height)
        shown.move_by(height)
        if shown._top != behind or shown._top == at:
            # The last page: what of it was seen already is left out.
            missing = 0
            while shown._stepped(shown._top, missing) != behind and missing < height:
                missing += 1
            last = [strip.text for strip in painted(shown)[missing:]]
            if shown._top != at:
                rows += last
            return rows


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("name", "keys"), [("million-characters", "7"), ("10000-recipients", "16"), ("file-name", "37")]
)
async def test_no_line_of_a_long_part_is_lost_and_its_last_is_reached(
    account: Simulator, name: str, keys: str, size: tuple[int, int]
) -> None:
    async with opened(account, case(account, name), size=size) as console:
        for key in keys:
            await turn(console, key)
            shown = pager(console)
            lines = ["".join(part if isinstance(part, str) else part[0] for part in line) for line in shown._lines]
            assert bare("".join(every_row(console))).replace("│", "") == bare("".join(lines)).replace("│", "")
            quoted = [line for line in lines if line.startswith("│ ")]
            assert bool(quoted) == (key == "7")
            await console.press("g", "G")
            assert shown.shown[1] == len(lines)
            assert bare(lines[-1]).endswith(bare(painted(shown)[-1].text).removeprefix("│"))
            await console.sees(f"of {len(lines):,}")


async def test_a_mail_of_8_mib_never_keeps_a_key_waiting(account: Simulator) -> None:
    async with opened(account, case(account, "7-MB-of-text")) as console:
        late, ended = [0.0], False

        async def watch() -> None:
            while not ended:
                before = time.thread_time()
                await asyncio.sleep(0.005)
                late.append(time.thread_time() - before)

        watching = asyncio.create_task(watch())
        await console.press("7")
        await console.until(lambda: pager(console).count > 200_000, "read")
        await console.press("G")
        await console.sees("of 229,")
        await console.press("slash")
        await console.type("very many")
        await console.press("enter")
        await console.sees("very many: 1 of 10,000+")
        await console.press("M")
        await turn(console, "1")
        await turn(console, "7")
        await console.sees("▒▒▒▒▒▒")
        ended = True
        await watching
    # What this thread did in one go, however busy the machine is; 8 MiB of JSON are decoded on the way.
    assert max(late) < 0.3, max(late)


async def test_each_row_of_what_the_mail_says_stands_behind_a_margin(account: Simulator) -> None:
    async with opened(account, case(account, "million-characters"), size=(60, 16)) as console:
        await turn(console, "7")
        rows = every_row(console)
        begin = next(at for at, row in enumerate(rows) if row.startswith("source"))
        assert len(rows) - begin > 1000
        assert {row[:1] for row in rows[begin + 1 :] if row.strip()} == {"│"}


async def test_an_address_that_fills_screens_hides_neither_its_host_nor_what_is_odd_in_it(account: Simulator) -> None:
    async with opened(account, case(account, "huge-attributes")) as console:
        await turn(console, "3")
        await console.sees("host           evil.example", "leads to       https://evil.example/aaa")
