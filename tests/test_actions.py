import re
from itertools import pairwise

import pytest

from tui_app import actions
from tui_app.app import SluiceApp
from tui_app.key_map import USUAL
from tui_app.screens.activity import ActivityScreen
from tui_app.screens.all_jobs import AllJobsScreen
from tui_app.screens.columns import ColumnsScreen
from tui_app.screens.copy import CopyScreen
from tui_app.screens.doctor import DoctorScreen
from tui_app.screens.handover import HandoverScreen
from tui_app.screens.help import HelpScreen
from tui_app.screens.job.reasons import ReasonsScreen
from tui_app.screens.job.screen import JobScreen
from tui_app.screens.jobs import JobsScreen
from tui_app.screens.ledger import LedgerScreen
from tui_app.screens.mail.groups import GroupsScreen
from tui_app.screens.mail.message import MessageScreen
from tui_app.screens.mail.screen import MailScreen, QuarantineScreen
from tui_app.screens.plan.screen import PlanScreen
from tui_app.screens.profiles import ProfilesScreen
from tui_app.screens.write_record import WriteRecordScreen
from tui_app.widgets.text_lines import shown_keys

SCREENS = {
    screen.screen_name: screen
    for screen in (
        JobsScreen,
        JobScreen,
        ReasonsScreen,
        QuarantineScreen,
        MailScreen,
        GroupsScreen,
        ColumnsScreen,
        PlanScreen,
        MessageScreen,
        HelpScreen,
        ActivityScreen,
        CopyScreen,
        LedgerScreen,
        WriteRecordScreen,
        HandoverScreen,
        DoctorScreen,
        ProfilesScreen,
        AllJobsScreen,
    )
}
EATEN = re.compile(r"ctrl\+[bamihs]$|alt\+|ctrl\+enter|~")


def test_no_key_is_bound_that_tmux_ssh_or_flow_control_eats() -> None:
    assert not [key for action in actions.ACTIONS for key in action.keys if EATEN.match(key)]


NAMES = {
    "colon", "minus", "slash", "exclamation_mark", "question_mark", "space", "ampersand", "left_square_bracket", "right_square_bracket",
}  # fmt: skip
OTHER_WAYS = {"screen.back": "screen.leave", "app.quit": "screen.leave"}
"""Actions that another one, on a printable key, leads to as well."""


def test_every_action_has_a_printable_key_or_another_way() -> None:
    strip_controls = {
        action.id for action in actions.ACTIONS if any(len(key) == 1 or key in NAMES for key in action.keys)
    }
    # What has no key is a command behind the colon.
    with_keys = {action.id for action in actions.ACTIONS if action.keys}
    assert not with_keys - strip_controls - set(OTHER_WAYS)
    assert set(OTHER_WAYS.values()) <= strip_controls


@pytest.mark.parametrize("place", SCREENS)
def test_no_key_means_two_things_at_one_place(place: str) -> None:
    keys = sorted(key for action in USUAL.at(place, read_only=False) for key in action.keys)
    assert not [first for first, second in pairwise(keys) if first == second]


@pytest.mark.parametrize("place", SCREENS)
def test_every_action_of_a_place_is_something_its_screen_can_do(place: str) -> None:
    for action in USUAL.at(place, read_only=False):
        # What opens a screen is the app's.
        assert any(hasattr(able, f"action_{action.method}") for able in (SluiceApp, SCREENS[place])), action.id


def test_every_write_is_a_capital_letter_or_opens_a_form() -> None:
    for action in actions.ACTIONS:
        # Enter goes on with what was confirmed before; it confirms nothing.
        strong = all(key.isupper() or (key, action.id) == ("enter", "plan.continue") for key in action.keys)
        assert not action.writes or action.id in ("job.new", "job.again") or strong


def test_read_only_leaves_no_write_in_footer_or_help() -> None:
    for place in SCREENS:
        assert not [action for action in USUAL.at(place, read_only=True) if action.writes]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("place", SCREENS)
def test_a_footer_fills_the_width_and_no_write_loses_its_place_to_anything_else(place: str, width: int) -> None:
    keys, ways_out = USUAL.footer(place, read_only=False)
    here = USUAL.at(place, read_only=False)
    first = {action.short or action.label for action in here if action.writes and place in action.footer}
    shown = shown_keys(keys, ways_out, width)
    assert len("  ".join(f"{key} {label}" for key, label in (*shown, *ways_out))) <= width
    assert ways_out[-1] == ("?", "help")
    kinds = [label in first for _, label in shown]
    assert kinds == sorted(kinds, reverse=True)
    left_out = keys[len(shown) :]
    if left_out:
        key, label = left_out[0]
        assert len("  ".join(f"{key} {label}" for key, label in (*shown, (key, label), *ways_out))) > width
