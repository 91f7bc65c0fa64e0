"""Writes the key table of the README and the key card, from the actions of the program.

Run it from a checkout: `.venv/bin/python docs/key_card.py`.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tui_app.actions import ACTIONS, EVERYWHERE, Action
from tui_app.console_commands import COMMANDS
from tui_app.key_map import all_keys, shown
from tui_app.mail.message_parts import Part
from tui_app.screens.format import NOT_OF_JOBS, STATUSES
from tui_app.screens.help import _LEGEND

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "docs/key_card.md")
SCREENS: Final = {
    "Jobs": {"jobs"},
    "a job": {"job"},
    "by reason": {"reasons"},
    "Mail, Quarantine": {"mail", "quarantine"},
    "groups": {"groups"},
    "a message": {"message"},
    "a plan": {"plan"},
    "ledger": {"ledger"},
    "a record": {"record"},
    "handover": {"handover"},
    "doctor": {"doctor"},
    "help, activity": {"help", "activity"},
    "copy": {"copy"},
    "columns": {"columns"},
    "profiles": {"profiles"},
    "jobs of all profiles": {"all_jobs"},
}
"""Screens as the table names them. What three of them or more share has a line of its own."""
SHARED: Final = 3


def _keys(action: Action) -> str:
    """All keys of an action; a command where it has none."""
    if action.digits or not action.keys:
        return f"`{all_keys(action) or ':' + action.command}`"
    return " ".join(f"`{shown(key)}`" for key in action.keys)


def _told(actions: Iterable[Action]) -> str:
    """Keys and labels; what is offered on several screens is told once."""
    told = dict.fromkeys(f"{_keys(action)} {action.short or action.label}" for action in actions)
    return " · ".join(told)


def _shares(action: Action) -> int:
    return sum(bool(screens & action.where) for screens in SCREENS.values())


def key_table() -> str:
    """A line for each screen, and lines for what many screens share; what writes is told on each of its screens."""
    lines: dict[str, list[Action]] = {
        "everywhere": [],
        "move": [],
        "marks": [],
        "find words": [],
        "many screens": [],
    }
    lines |= {name: [] for name in SCREENS}
    everywhere, moving, marking, finding, many = list(lines)[:5]
    for action in ACTIONS:
        if action.where is EVERYWHERE:
            lines[everywhere].append(action)
        elif action.group in ("Move", "Mark"):
            lines[moving if action.group == "Move" else marking].append(action)
        elif action.id.startswith("find."):
            lines[finding].append(action)
        elif _shares(action) >= SHARED and not action.writes and action.id != "filter.edit":
            lines[many].append(action)
        else:
            for name, screens in SCREENS.items():
                if action.where & screens:
                    lines[name].append(action)
    told = {name: _told(actions) for name, actions in lines.items() if actions}
    told[finding] += f" (on: {_found_on()})"
    rows = "\n".join(f"| {name} | {keys} |" for name, keys in told.items())
    return f"| where | keys |\n|---|---|\n{rows}"


def _found_on() -> str:
    where = next(action.where for action in ACTIONS if action.id == "find.edit")
    return ", ".join(name for name, screens in SCREENS.items() if where & screens)


def _beside(rows: Sequence[tuple[str, str]], heading: str, pairs: int) -> str:
    """A table with so many pairs in a line, to be read from top to bottom."""
    height = -(-len(rows) // pairs)
    lines = [heading * pairs + "|", "|---" * (2 * pairs) + "|"]
    for line in range(height):
        cells = [rows[at] if (at := line + column * height) < len(rows) else ("", "") for column in range(pairs)]
        lines.append("".join(f"| {left} | {right} " for left, right in cells) + "|")
    return "\n".join(lines)


def commands() -> str:
    """What can be typed behind `:`."""
    rows = [
        (f"`{command.name}{' ' * bool(command.takes)}{command.takes}`", _also(command.does, command.also))
        for command in COMMANDS
    ]
    return _beside(rows, "| : | what it does ", 2)


def _also(does: str, names: Sequence[str]) -> str:
    others = ", ".join(f"`{name}`" for name in names)
    return f"{_cell(does)} (also {others})" if others else _cell(does)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def digits() -> str:
    """What the digits choose."""
    states = " · ".join(f"`{digit}` {(status or 'all').lower()}" for digit, status in enumerate(STATUSES))
    parts = " · ".join(f"`{number}` {part}" for number, part in enumerate(Part, 1))
    return (
        f"- Jobs and the rows of a job: {states}. Only rows are skipped: `{NOT_OF_JOBS}` is not for jobs.\n"
        f"- A message: {parts}.\n"
        "- A question with a list, and what can be copied: the number that stands there."
    )


def signs() -> str:
    """The signs of all screens."""
    return " · ".join(f"`{sign}` {word}" for sign, word in _LEGEND)


def action_ids() -> str:
    """The ids of all actions whose keys can be changed."""
    subjects: dict[str, list[str]] = {}
    for action in ACTIONS:
        if not action.digits:
            subject, _, name = action.id.partition(".")
            subjects.setdefault(subject, []).append(name)
    return " · ".join(f"`{subject}.` {', '.join(names)}" for subject, names in sorted(subjects.items()))


PARTS: Final = {
    "keys": key_table,
    "commands": commands,
    "digits": digits,
    "signs": signs,
    "ids": action_ids,
}
"""What stands between markers of these names."""


def written(text: str) -> str:
    """A document with all parts as the program has them now."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}\n\n{make()}\n\n{end}{rest.partition(end)[2]}"
    return text


def main() -> None:
    """Write the documents."""
    for path in DOCUMENTS:
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
