"""The keys as they are in this console: the usual ones, changed by `[keys]` of the configuration file."""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual.app import App
from textual.dom import DOMNode

from tui_app.actions import ACTIONS, EVERYWHERE, Action
from tui_app.config.schema import KeyChange
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

_RENAMED: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _name_of(character: str) -> str:
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


SIGNS: Final = {_name_of(sign): sign for sign in string.punctuation}
"""Signs by their names: `slash` is `/`."""
_SHOWN: Final = {**SIGNS, "escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
_NAMED: Final = frozenset(
    {"enter", "space", "tab", "escape", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
    | {"up", "down", "left", "right", "shift+tab", "shift+up", "shift+down", "shift+left", "shift+right"}
    | {f"f{number}" for number in range(1, 13)}
)
_SHORT: Final = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "return": "enter"}
_EATEN: Final = {
    "ctrl+b": "tmux takes it",
    "ctrl+a": "screen takes it",
    "ctrl+s": "it stops the terminal's output",
    "ctrl+m": "it is the same as enter",
    "ctrl+j": "it is the same as enter",
    "ctrl+i": "it is the same as tab",
    "ctrl+h": "it is the same as backspace",
    "ctrl+c": "it ends programs",
    "tilde": "behind enter ssh takes it",
    "tab": "it goes to the next field",
    "shift+tab": "it goes to the field before",
}
"""Keys that never come to this program, or mean something else already."""
_CONTROLLED: Final = frozenset(string.ascii_lowercase)
_NEEDED: Final = ("screen.back", "screen.leave", "app.quit", "help.open", "prompt.open")
"""Without a key for these nobody finds the way."""


def shown(key: str) -> str:
    """A key as people write it."""
    return _SHOWN.get(key, key)


def key_name(written: str) -> str:
    """The name of a key as somebody wrote it: `?`, `ctrl+r`, `esc`. Raises ValueError, which says why it can be none."""
    key = written.strip() if len(written) > 1 else written
    if key == " ":
        return "space"
    if len(key) == 1:
        if key.isascii() and key.isalnum():
            return key
        if key in string.punctuation:
            return _checked(_name_of(key), written)
        raise ValueError(f"'{sanitize(written, 20)}' is not a key that every keyboard has")
    key = _SHORT.get(key.lower(), key.lower())
    if key in SIGNS or key in _NAMED:
        return _checked(key, written)
    first, plus, letter = key.partition("+")
    if not plus:
        near = difflib.get_close_matches(key, [*_NAMED, *SIGNS], n=1)
        hint = f"; did you mean {near[0]}?" if near else "; for example R, ctrl+r, f5, space or /"
        raise ValueError(f"'{sanitize(written, 20)}' is not a key{hint}")
    if first != "ctrl" or letter not in _CONTROLLED:
        raise ValueError(f"'{sanitize(written, 20)}' never comes through ssh and tmux as such; ctrl+ and a letter does")
    return _checked(key, written)


def _checked(key: str, written: str) -> str:
    if why := _EATEN.get(key):
        raise ValueError(f"'{sanitize(written, 20)}' can't be used: {why}")
    return key


class KeyMap:
    """All actions with the keys that they have here."""

    def __init__(self, actions: Sequence[Action] = ACTIONS) -> None:
        self.actions = tuple(actions)
        self._by_id = {action.id: action for action in actions}

    @classmethod
    def of(cls, changes: Sequence[KeyChange]) -> KeyMap:
        """The usual keys with these changes. Raises UsageError, which names the place in the file."""
        made, problems = cls._changed_by(changes)
        if problems:
            raise problems[0]
        return made

    @classmethod
    def problems_of(cls, changes: Sequence[KeyChange]) -> Sequence[UsageError]:
        """All that is wrong with changes, in their order."""
        return cls._changed_by(changes)[1]

    @classmethod
    def _changed_by(cls, changes: Sequence[KeyChange]) -> tuple[KeyMap, Sequence[UsageError]]:
        if not changes:
            return USUAL, ()
        known, problems = {action.id: action for action in ACTIONS}, []
        for change in changes:
            try:
                known[change.action] = _changed(change, known)
            except UsageError as error:
                problems.append(error)
        made = cls([known[action.id] for action in ACTIONS])
        for change in changes:
            try:
                if change.action in made._by_id:
                    made._check(change)
            except UsageError as error:
                problems.append(error)
        return made, problems

    def _check(self, change: KeyChange) -> None:
        action = self._by_id[change.action]
        for key in action.keys:
            for other in self.actions:
                if other is action or key not in other.keys or not (places := _both(action, other)):
                    continue
                raise _refused(
                    change,
                    f"{shown(key)} is already '{other.label}' ({other.id}) on {_listed(places)}; give that another key, too",
                )

    # ---- what screens ask for

    def at(self, screen: str, *, read_only: bool) -> tuple[Action, ...]:
        """The actions of a screen, without writes when `read_only`; those of all screens come last."""
        here = [action for action in self.actions if screen in action.where]
        anywhere = [action for action in self.actions if action.where is EVERYWHERE]
        return tuple(action for action in (*here, *anywhere) if not (read_only and action.writes))

    def footer(
        self, screen: str, *, read_only: bool, without: Collection[str] = ()
    ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        """(key, label) of what a footer shows, the most important first, and the ways out that it always has.

        What writes comes first, then what is used most, then the rest; `without` = the ids of actions that can't be
        done now. The footer shows as many as it has room for.
        """
        offered = [
            action
            for action in self.at(screen, read_only=read_only)
            if action.keys and action.id not in without and action.group != "Move"
        ]
        early = [action for action in offered if screen in action.footer and action.id not in _WAYS_OUT]
        early.sort(key=lambda action: not action.writes)
        late = [action for action in offered if screen not in action.footer and action.where is not EVERYWHERE]
        late.sort(key=lambda action: not action.writes)
        ways_out = [action for way in _WAYS_OUT for action in offered if action.id == way and screen in action.footer]
        return tuple(map(self._entry, (*early, *late))), tuple(map(self._entry, ways_out))

    @staticmethod
    def _entry(action: Action) -> tuple[str, str]:
        return first_key(action), action.short or action.label

    def key(self, action_id: str) -> str:
        """The first key of an action as people write it; `:` and its name where it has none."""
        action = self._by_id[action_id]
        return first_key(action) or f":{action.command or action.label}"

    def told(self, sentence: str) -> str:
        """A sentence of ours with the keys as they are here; where one belongs, the id of its action stands between ‹ and ›."""
        if "‹" not in sentence:
            return sentence
        return _NAMED_KEY.sub(lambda found: self.key(found[1]) if found[1] in self._by_id else found[0], sentence)

    def with_key(self, key: str) -> Sequence[Action]:
        """The actions that have a key, on whatever screen."""
        return [action for action in self.actions if key in action.keys]

    @property
    def changed(self) -> Mapping[str, str]:
        """The changed keys for Textual."""
        return {
            action.id: ",".join(action.keys) or "ctrl+@"  # nothing sends that: the action has no key
            for action, usual in zip(self.actions, ACTIONS, strict=True)
            if action.keys != usual.keys
        }


_NAMED_KEY: Final = re.compile(r"‹([a-z_.]+)›")
_WAYS_OUT: Final = ("prompt.open", "screen.back", "help.open")


def first_key(action: Action) -> str:
    """The key that a footer shows; for digits all of them."""
    if action.digits:
        return f"{action.keys[0]}-{action.keys[-1]}"
    return shown(action.keys[0]) if action.keys else ""


def all_keys(action: Action) -> str:
    """All keys of an action as help writes them."""
    return first_key(action) if action.digits else " ".join(map(shown, action.keys))


def _changed(change: KeyChange, known: Mapping[str, Action]) -> Action:
    """The action with its new keys. Raises UsageError."""
    action = known.get(change.action)
    if action is None:
        near = difflib.get_close_matches(change.action, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "? in the console and the guide list the actions"
        raise _refused(change, f"there is no such action; {hint}")
    if action.digits:
        raise _refused(change, "digits can't be changed: they are written on the screen")
    keys: list[str] = []
    for written in change.keys:
        try:
            key = key_name(written)
        except ValueError as error:
            raise _refused(change, f"{error}") from None
        if action.writes and not _is_strong(key) and key not in action.keys:
            raise _refused(
                change,
                f"'{sanitize(written, 20)}' is too easy to press for '{action.label}', which writes; "
                "use a capital letter, ctrl+ and a letter, or f2 to f12",
            )
        if key.isdigit() and len(key) == 1:
            raise _refused(change, f"'{key}' is a digit: those choose a status or a part")
        if key not in keys:
            keys.append(key)
    if not keys and change.action in _NEEDED:
        raise _refused(change, f"'{action.label}' needs a key")
    if change.action == "screen.back" and "escape" not in keys:
        raise _refused(change, "esc stays among its keys: it is the way out of every line")
    return replace(action, keys=tuple(keys))


def _is_strong(key: str) -> bool:
    """Whether nobody presses it by accident while reading."""
    return (
        (len(key) == 1 and key.isupper())
        or key.startswith("ctrl+")
        or (key in _NAMED and key[:1] == "f" and key != "f1")
    )


def _both(one: Action, other: Action) -> Collection[str]:
    """Where two actions are both offered."""
    if one.where is EVERYWHERE:
        return ("every screen",) if other.where is EVERYWHERE else other.where
    return one.where if other.where is EVERYWHERE else one.where & other.where


def _listed(places: Collection[str]) -> str:
    names = sorted(place.replace("_", " ") for place in places)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more screens" if len(names) > 3 else "")


def _refused(change: KeyChange, why: str) -> UsageError:
    sentence = why if why.endswith("?") else f"{why}."
    return UsageError(f'{change.place}: keys."{sanitize(change.action, 40)}": {sentence}')


USUAL: Final = KeyMap()


class MappedApp(App[None]):
    """An app with a key map."""

    key_map: KeyMap = USUAL

    @property
    def at_work_elsewhere(self) -> str:
        """What is under way that the screens do not show; empty for nothing."""
        return ""

    def use_keys(self, key_map: KeyMap) -> None:
        """Use these keys from now on."""
        self.key_map = key_map
        self.set_keymap(dict(key_map.changed))


def key_map_of(node: DOMNode) -> KeyMap:
    """The keys of the app that a screen or widget belongs to."""
    app = node.app
    return app.key_map if isinstance(app, MappedApp) else USUAL
