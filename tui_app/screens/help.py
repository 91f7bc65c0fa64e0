"""The help screen: all keys of a screen, made from the list of actions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from tui_app import actions
from tui_app.actions import Action
from tui_app.key_map import SIGNS, all_keys, shown
from tui_app.mail.query import GRAMMAR
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
    from tui_app.screens.base import ConsoleScreen
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_GROUPS = ("Act", "Mark", "Look", "Move", "Go")
_BETWEEN_FIELDS: Final = (("tab", "to the next field"), ("shift+tab", "to the field before"))
_FORMS: Final = {
    "review": (
        ("enter", "to the next field; in the last one: send"),
        *_BETWEEN_FIELDS,
        ("f2", "list every message: to send, held back, left out"),
        ("Include", "words that the guard names: these messages are sent too"),
        ("Reason", "why, for the record; it is needed"),
        ("Messages", "what confirms: the number of messages, or y for one"),
    ),
    "ids": (
        ("enter", "take the line; on an empty line: look all ids up"),
        ("paste", "any text: a ticket, a table, JSON, log lines"),
        ("a path", "of a file to read, up to 16 MiB"),
    ),
    "new_job": (
        ("enter", "count the messages; again without a change: the question"),
        *_BETWEEN_FIELDS,
        ("space ← →", "another value, in fields with ‹ ›"),
        ("sender", "an address or a domain; recipient the same"),
        ("subject", "words in any order"),
        ("start end", "24h, 7d, 2026-11-20, 2026-11-20T14:00; a day as the end is the whole day"),
        ("comment", "why; it is kept with the job, for everybody to see"),
        ("acts on", "the search: a job over whatever matches when it runs"),
        ("", "exactly these: a plan over what was counted, by id"),
        ("f2", "list it, if it is held mail; other mail can't be yet"),
        ("f4", "empty the form; esc keeps it for the next n"),
    ),
}
"""What the keys of a form do, and what goes into its fields."""
_SIGNS: Final = (
    "\nSigns: ≈ looks like something else: alike (a domain that imitates another), scripts, sender, punycode; "
    "≠ is somebody else's: name (another address in it), reply-to, envelope, odd (unlike the others of its group).\n"
)
_WITH_SIGNS: Final = frozenset({"mail", "quarantine", "groups", "message", "review", "targets"})
_LEGEND: Final = (
    ("✔", "completed"), ("!", "completed, some failed"), ("✖", "failed"), ("●", "processing"), ("◌", "discovering"),
    ("○", "pending"), ("■", "cancelled, closed"), ("–", "skipped"), ("?", "unknown, or not to be read"),
    ("▲", "malicious"), ("△", "suspicious, spoof"), ("▪", "spam, bulk"), ("·", "no verdict"),
    ("▸", "the row of the keys"), ("✓", "marked"), ("▲▼", "beside a heading: sorted by it"), ("…", "cut for want of room"),
)  # fmt: skip
"""All signs, and the one word of each."""
_CONFIRMING: Final = "\nEvery write opens a review first; enter alone confirms nothing.\n"


class HelpScreen(TextScreen):
    """All keys of the screen `about`, made from the list of actions."""

    screen_name = "help"
    hang = 17
    BINDINGS = actions.bindings("help")

    def __init__(self, service: EmailSecurityService, about: ConsoleScreen) -> None:
        """What can be typed comes first where somebody types in a line of the screen; what can't be done now says why."""
        super().__init__(service)
        self._about = about.screen_name
        self._line = about.line_help()
        self._why_not = {action.id: about.why_not_here(action.id) for action in actions.ACTIONS}

    def mounted(self) -> None:
        """Show the keys."""
        super().mounted()
        pieces: list[Piece] = []
        if self.service.settings.read_only:
            pieces.append(("This profile is read-only: writes are hidden and refused.\n\n", "bold"))
        if self._line is not None:
            pieces += [(f"{self._line.title}\n", "bold $text-accent"), *map(_row, self._line.rows), "\n"]
        form = _FORMS.get(self._about)
        if form:
            pieces += [
                ("In this form\n", "bold $text-accent"),
                *(piece for key, does in form for piece in _keys(key, does)),
            ]
        pieces += self._actions(only_beside_letters=bool(form))
        if self._about in ("mail", "quarantine") and self._line is None:
            pieces += [("In the search line\n", "bold $text-accent"), *(_row(row) for row in GRAMMAR)]
        pieces.append((_CONFIRMING if not form else "\nNothing is sent from a form before it is confirmed.\n", "dim"))
        if self._about in _WITH_SIGNS:
            pieces.append((_SIGNS, "dim"))
        if not form:
            pieces += [("\nLegend\n", "bold $text-accent"), *(_row(row) for row in _LEGEND)]
        self.set_breadcrumb([("Help › ", "dim"), (self._about.replace("_", " "), "bold")])
        self.show_text(*pieces)

    def _actions(self, *, only_beside_letters: bool) -> list[Piece]:
        """The actions in their groups, each with its keys; those without one are commands."""
        known = self.key_map.at(self._about, read_only=self.service.settings.read_only)
        ordered = sorted(known, key=lambda action: _GROUPS.index(action.group))
        pieces: list[Piece] = []
        for group, members in groupby(ordered, key=lambda action: action.group):
            title = (f"{group}\n", "bold $text-accent")
            for action in members:
                keys = (
                    _beside_letters(action)
                    if only_beside_letters
                    else all_keys(action) or f":{action.command or action.label}"
                )
                if not keys:
                    continue
                pieces += [title] if title else []
                title = ("", "")
                # What to do about it is said when the key is pressed.
                why_not = self._why_not[action.id].partition(". ")[0].removesuffix(".")
                end = "" if why_not.endswith("…") else "."
                pieces += _keys(keys, action.label, f" · not now: {why_not}{end}" if why_not else "")
        return pieces


def _row(row: tuple[str, str]) -> Piece:
    return f"  {row[0]:<14} {row[1]}\n"


def _keys(keys: str, does: str, note: str = "") -> list[Piece]:
    return [(f"  {keys:<14}", "bold"), f" {does}", (f"{note}\n", "dim")]


def _beside_letters(action: Action) -> str:
    """The keys of an action that work where letters are typed."""
    strong = [key for key in action.keys if len(key) > 1 and key not in SIGNS]
    return " ".join(map(shown, strong))
