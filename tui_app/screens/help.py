"""The help screen: all keys of a screen, made from the list of actions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from tui_app import actions
from tui_app.mail.query import GRAMMAR
from tui_app.screens.text_screen import TextScreen

if TYPE_CHECKING:
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
_SEARCH_LINE: Final = (
    ("enter", "search"),
    ("tab", "complete the word"),
    ("↑ ↓", "earlier searches"),
    ("esc", "leave the line; what was typed is there at the next /"),
    *GRAMMAR,
)
_SIGNS: Final = (
    "\nSigns: ≈ looks like something else: alike (a domain that imitates another), scripts, sender, punycode; "
    "≠ is somebody else's: name (another address in it), reply-to, envelope, odd (unlike the others of its group).\n"
)
_WITH_SIGNS: Final = frozenset({"mail", "quarantine", "groups", "message", "review", "targets"})
_STATES: Final = (
    "\nEvery write opens a review first. States: ✔ completed, ! completed with failures, ✖ failed, "
    "● processing, ◌ discovering, ○ pending, ■ cancelled, – skipped, ? unknown or not to be read.\n"
)


def _beside_letters(action: actions.Action) -> str:
    """The keys of an action that work where letters are typed."""
    names = {"escape": "esc"}
    return " ".join(names.get(key, key) for key in action.keys if len(key) > 1 and not key.endswith("_mark"))


class HelpScreen(TextScreen):
    """All keys of the screen `about`, made from the list of actions."""

    screen_name = "help"
    BINDINGS = actions.bindings("help")

    def __init__(self, service: EmailSecurityService, about: str, *, in_line: bool = False) -> None:
        """`in_line` = somebody types in the line of the screen: what that takes comes first."""
        super().__init__(service)
        self._about = about
        self._in_line = in_line

    def on_mount(self) -> None:
        """Show the keys."""
        super().on_mount()
        known = actions.actions_for(self._about, read_only=self.service.settings.read_only)
        pieces: list[Piece] = []
        if self._about in ("mail", "quarantine"):
            line = [(f"  {key:<14} {does}\n", "") for key, does in _SEARCH_LINE]
            searching: list[Piece] = [("In the search line\n", "bold $text-accent"), *line]
            pieces += searching if self._in_line else []
        else:
            searching = []
        if form := _FORMS.get(self._about):
            pieces.append(("In this form\n", "bold $text-accent"))
            for key, does in form:
                pieces += [(f"  {key:<14}", "bold"), f" {does}\n"]
            known = tuple(action for action in known if _beside_letters(action))
        ordered = sorted(known, key=lambda action: _GROUPS.index(action.group))
        for group, members in groupby(ordered, key=lambda action: action.group):
            pieces.append((f"{group}\n", "bold $text-accent"))
            for action in members:
                keys = _beside_letters(action) if form else action.key_text
                pieces += [(f"  {keys:<14}", "bold"), f" {action.label}\n"]
        pieces += searching if not self._in_line else []
        if self._about in _WITH_SIGNS:
            pieces.append((_SIGNS, "dim"))
        pieces.append((_STATES if not form else "\nNothing is sent from a form before it is confirmed.\n", "dim"))
        if self.service.settings.read_only:
            pieces.append(("\nThis profile is read-only: writes are hidden and refused.\n", "bold"))
        self.set_breadcrumb([("Help › ", "dim"), (self._about.replace("_", " "), "bold")])
        self.show_text(*pieces)
