"""Keys that a configuration changes: what works follows everywhere, what can't be is refused with its place."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.actions import ACTIONS, EVERYWHERE
from tui_app.config.file import checked
from tui_app.core.errors import UsageError
from tui_app.key_map import USUAL, KeyMap, all_keys, key_name, shown

PATH = Path("config.toml")


def key_map(lines: str) -> KeyMap:
    return KeyMap.of(checked(PATH, f"[guard]\nmax_messages = 7\n\n[keys]\n{lines}\n").keys)


CHANGES = {
    '"release.review" = ["ctrl+r"]': ("release.review", "ctrl+r"),
    '"release.review" = "ctrl+r"': ("release.review", "ctrl+r"),
    '"row.down" = ["s", "down"]': ("row.down", "s down"),
    '"help.open" = ["h", "f1"]': ("help.open", "h f1"),
    '"prompt.open" = ["semicolon"]': ("prompt.open", ";"),
    '"prompt.open" = [";", "ctrl+p"]': ("prompt.open", "; ctrl+p"),
    '"view.refresh" = ["f5"]': ("view.refresh", "f5"),
    '"job.cancel" = ["f8"]': ("job.cancel", "f8"),
    '"job.delete" = []': ("job.delete", ""),
    '"screen.back" = ["esc", "h"]': ("screen.back", "esc h"),
    '"app.quit" = ["ctrl+x"]': ("app.quit", "ctrl+x"),
    '"view.last" = ["`"]': ("view.last", "`"),
    '"mark.all" = ["*"]': ("mark.all", "*"),
    '"mark.toggle" = ["space", "t"]': ("mark.toggle", "space t"),
    '"search.edit" = ["/", "ctrl+f"]': ("search.edit", "/ ctrl+f"),
    '"profiles.open" = ["@"]': ("profiles.open", "@"),
    '"plan.close" = ["ctrl+k"]': ("plan.close", "ctrl+k"),
    '"columns.open" = ["|"]': ("columns.open", "|"),
    '"row.first" = ["<", "home"]\n"row.last" = [">", "end"]': ("row.last", "> end"),
    '"release.review" = ["V"]\n"rows.move" = ["R"]\n"ids.move" = ["f6"]': ("rows.move", "R"),
    '"reasons.open" = ["ctrl+w"]\n"groups.open" = ["ctrl+w"]': ("groups.open", "ctrl+w"),
}
BAD = {
    '"relase.review" = ["ctrl+r"]': "line 5.*relase.review.*did you mean release.review?",
    '"zzz" = ["x"]': "line 5.*no such action",
    '"release.review" = ["r"]': "line 5.*'r' is too easy to press for 'release', which writes",
    '"release.review" = ["enter"]': "too easy",
    '"rows.undo" = ["space"]': "too easy",
    '"job.cancel" = ["5"]': "too easy",
    '"view.last" = ["ctrl+b"]': "ctrl\\+b.*tmux takes it",
    '"view.last" = ["ctrl+a"]': "screen takes it",
    '"view.last" = ["ctrl+s"]': "stops the terminal",
    '"view.last" = ["ctrl+m"]': "same as enter",
    '"view.last" = ["~"]': "ssh takes it",
    '"view.last" = ["alt+x"]': "never comes through ssh and tmux",
    '"view.last" = ["ctrl+enter"]': "never comes",
    '"view.last" = ["ctrl+shift+x"]': "never comes",
    '"view.last" = ["tab"]': "next field",
    '"view.last" = ["contrl"]': "is not a key",
    '"view.last" = ["é"]': "every keyboard",
    '"view.last" = ["4"]': "digit",
    '"row.down" = ["k"]': "k is already 'up' \\(row.up\\).*give that another key",
    '"mark.all" = ["Q"]': "Q is already 'quarantine'.*on",
    '"rows.move" = ["R"]': "R is already 'release'",
    '"screen.back" = ["h"]': "esc stays",
    '"help.open" = []': "'help' needs a key",
    '"filter.status" = ["x"]': "digits can't be changed",
    '"view.last" = ["m"]\n"view.refresh" = ["z"]': "m is already 'move, release or both'|z is already 'suspend",
    '"release.review" = 7': "keys.*release.review",
}


@pytest.mark.parametrize("lines", CHANGES)
def test_a_change_is_followed(lines: str) -> None:
    action, keys = CHANGES[lines]
    changed = {known.id: known for known in key_map(lines).actions}
    assert all_keys(changed[action]) == keys


def test_there_are_twenty_changes_and_twenty_bad_ones() -> None:
    assert len(CHANGES) >= 20 and len(BAD) >= 20


@pytest.mark.parametrize("lines", BAD)
def test_a_bad_change_is_refused_with_its_place(lines: str) -> None:
    with pytest.raises(UsageError) as refused:
        key_map(lines)
    assert re.search(BAD[lines], str(refused.value), re.DOTALL), str(refused.value)
    assert "config.toml" in str(refused.value)


def test_the_usual_keys_are_good_ones() -> None:
    """The list in the program keeps the rules that a configuration has to keep."""
    for action in ACTIONS:
        for key in action.keys:
            assert key_name(shown(key)) == key, key
    written = "\n".join(
        f'"{action.id}" = [{", ".join(f"{key!r}" for key in action.keys)}]' for action in ACTIONS if not action.digits
    )
    assert key_map(written).changed == {}


@given(st.text(max_size=8))
def test_whatever_is_written_is_a_key_or_a_sentence(written: str) -> None:
    try:
        name = key_name(written)
    except ValueError as error:
        assert "\n" not in str(error) and str(error).isprintable()
    else:
        assert key_name(shown(name)) == name


def test_a_footer_shows_writes_first_and_follows_the_map() -> None:
    keys, ways_out = key_map('"job.cancel" = ["f8"]').footer("jobs", read_only=False)
    writes = {action.short or action.label for action in ACTIONS if action.writes}
    early = [label in writes for _, label in keys[:3]]
    assert early == [True, True, True]
    assert ("f8", "cancel") in keys and ("?", "help") in ways_out
    assert not [label for _, label in USUAL.footer("jobs", read_only=True)[0] if label in writes]


def test_our_sentences_name_the_keys_as_they_are() -> None:
    changed = key_map('"view.refresh" = ["f5"]\n"plan.stop" = ["ctrl+x"]')
    assert (
        changed.told("some may have changed, ‹view.refresh› reads them again")
        == "some may have changed, f5 reads them again"
    )
    assert changed.told("‹plan.continue› sends the rest, ‹plan.stop› stops.") == "A sends the rest, ctrl+x stops."
    others = "A more recent token; r reads it, ‹nothing› too"
    assert changed.told(others) == others, "the words of others stay as they are"


def test_every_screen_has_the_ways_on_and_out() -> None:
    ways = {action.id for action in ACTIONS if action.where is EVERYWHERE}
    assert {"screen.back", "help.open", "prompt.open", "app.quit", "profiles.open", "view.last"} <= ways
