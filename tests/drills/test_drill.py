"""The best known ways are walked key by key, and wrong ways are seen for what they are. The line that drops needs a terminal: pty/test_drills.py."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.screens import Console, console_on
from tui_app.config.settings import load_settings
from tui_app.drills.drill import DRILLS, POLICY, Drill
from tui_app.drills.presses import PressCount, Typed, count_of
from tui_app.drills.scene import Scene, read_scene
from tui_app.drills.verdict import Verdict
from tui_app.simulator.server import Options, Simulator, running

AFTER: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "release": {
        0: ("found, all loaded",),
        3: ("found, all loaded", "acme-news"),
        4: ("marked", "5 odd ones left out"),
        5: ("not sent yet", "type"),
        9: ("A send the rest",),
        10: ("all sent", "Every id is accounted for"),
    },
    "retry": {-4: ("not sent yet", "type 96 to send"), -2: ("all sent", "94 moved")},
    "stop": {-5: ("Cancel this job?",), -2: ("Asked to cancel",)},
}
"""What is on the screen after a step, by its place in the way."""


class Practice:
    """An operator at a drill."""

    def __init__(self, drill: Drill, account: Simulator, console: Console) -> None:
        self.drill, self.account, self.console = drill, account, console
        self.presses = PressCount()
        console.app.task_line, console.app.on_press = drill.title, self.presses.add

    @property
    def scene(self) -> Scene:
        return read_scene(list(self.account.account.truth.entries))

    def verdict(self) -> Verdict:
        return self.drill.judge(self.scene)

    async def walks(self, *, until: int | None = None) -> None:
        """The best known way, or its beginning."""
        way = self.drill.best_way(self.scene)
        expected = {place % len(way): words for place, words in AFTER[self.drill.name].items()}
        for place, step in enumerate(way[:until]):
            await (self.console.type(step.text) if isinstance(step, Typed) else self.console.press(step))
            if words := expected.get(place):
                await self.console.sees(*words)


@asynccontextmanager
async def practice(name: str, home: Path, seed: int = 1) -> AsyncIterator[Practice]:
    drill = DRILLS[name]
    policy = home / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o600)
    with running(Options(seed=seed, messages=60, held=drill.held(seed), drill=name)) as account:
        settings = load_settings({**account.environment(), "MAILSLUICE_CONFIG": str(policy)})
        async with console_on(settings) as console:
            practising = Practice(drill, account, console)
            await console.sees("loaded", "live", drill.title)
            yield practising


@pytest.mark.parametrize(("name", "seed"), [("release", 1), ("release", 6), ("stop", 1), ("stop", 5), ("retry", 1)])
async def test_the_best_known_way_is_right_and_takes_as_many_keys_as_it_says(
    name: str, seed: int, tmp_path: Path
) -> None:
    async with practice(name, tmp_path, seed) as at:
        await at.walks()
        verdict = at.verdict()
        assert verdict.right, verdict
        assert at.presses == count_of(at.drill.best_way(at.scene))
    assert at.presses.keys == {"release": 9, "stop": 4 + at.scene.row, "retry": 3 + at.scene.row}[name]


async def test_a_look_alike_released_by_hand_is_wrong(tmp_path: Path) -> None:
    async with practice("release", tmp_path) as at:
        await at.walks(until=4)
        alike = {name for name, mail in at.scene.mail.items() if not mail.wanted and mail.verdict == "BULK"}
        while at.console.app.screen.copy_id() not in alike:  # type: ignore[attr-defined]
            await at.console.press("j")
        await at.console.press("R")
        await at.console.sees("type y to send")
        await at.console.type("looks genuine")
        await at.console.press("enter")
        await at.console.type("y")
        await at.console.press("enter")
        await at.console.sees("all sent")
        held, released = at.verdict().wrong
    assert held.startswith("144 messages are still held, and genuine")
    assert released.startswith("1 message was released, and not genuine: “Weekly digest 46” of news@acme-news.exampIe")


async def test_the_other_job_cancelled_is_wrong(tmp_path: Path) -> None:
    async with practice("stop", tmp_path) as at:
        await at.console.press(*"j" * (at.scene.row + 1), "X")
        await at.console.sees("Cancel this job?", "INC-4820 wave 1")
        await at.console.press("enter", "y")
        assert at.account.account.truth.of("cancel_job") == [], "not without a reason"
        await at.console.type(" wrong sender")
        await at.console.press("enter", "y")
        await at.console.sees("Asked to cancel")
        assert at.verdict().wrong == (
            "“INC-4820 wave 2” was not stopped: it still runs.",
            "“INC-4820 wave 1” was stopped, and was to go on.",
        )


async def test_everything_tried_again_is_wrong(tmp_path: Path) -> None:
    async with practice("retry", tmp_path) as at:
        await at.walks(until=at.scene.row + 1)
        await at.console.press("shift+tab", "shift+tab")
        await at.console.type("NO-MAILBOX GONE")
        await at.console.press("enter")
        await at.console.sees("type 140 to send")
        await at.console.type("140")
        await at.console.press("enter")
        await at.console.sees("all sent")
        (said,) = at.verdict().wrong
    assert said.startswith("44 messages were tried again, where nothing helps: “Parcel ")


async def test_a_character_is_a_letter_only_where_somebody_types(tmp_path: Path) -> None:
    async with practice("stop", tmp_path) as at:
        await at.console.press("j", "k", "slash")
        await at.console.type("wave j")
        await at.console.press("escape")
        assert at.presses == PressCount(keys=4, letters=6)
