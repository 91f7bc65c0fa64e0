"""The list of all actions of the console; bindings, footer and help are made from it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

TABLES: Final = frozenset(
    {"jobs", "job", "mail", "quarantine", "groups", "plan", "ledger", "targets", "reasons", "columns"}
)
PAGES: Final = frozenset({"message", "help", "activity", "copy", "record"})
EVERYWHERE: Final = frozenset({"app"})
_ALL_SCREENS: Final = TABLES | PAGES


@dataclass(frozen=True, slots=True)
class Action:
    """One action: `id` names the method (`job.cancel` runs `action_job_cancel`), `where` the screens that have it."""

    id: str
    keys: tuple[str, ...]
    label: str
    group: str
    where: frozenset[str]
    writes: bool = False
    footer: frozenset[str] = frozenset()
    """The screens whose footer shows it."""
    shown_keys: str = ""
    """How help and footer write the keys, where Textual's names are not clear."""

    @property
    def method(self) -> str:
        """The name of the action for Textual."""
        return self.id.replace(".", "_")

    @property
    def key_text(self) -> str:
        """The keys as help writes them."""
        return self.shown_keys or " ".join(self.keys)

    @property
    def footer_key(self) -> str:
        """The one key that the footer shows."""
        return self.shown_keys if " " not in self.shown_keys and self.shown_keys else self.keys[0]


_WITH_THEIR_KEY: Final = frozenset({"filter.status", "copy.value", "part.turn"})
"""Actions that get their key, a digit, as an argument."""


def _on(*screens: str) -> frozenset[str]:
    return frozenset(screens)


_MAIL: Final = _on("mail", "quarantine")
_LISTS_OF_MAIL: Final = _MAIL | _on("groups")
_WITH_MARKS: Final = _on("jobs", "job", "reasons") | _LISTS_OF_MAIL
_OPENING: Final = _on("jobs", "job", "reasons", "ledger", "plan", "targets", "record") | _LISTS_OF_MAIL
ACTIONS: Final = (
    Action(
        "row.open",
        ("enter", "l"),
        "open",
        "Look",
        _OPENING,
        footer=_OPENING,
    ),
    # What acts on mail comes early: a narrow window cuts the end of a footer.
    Action(
        "release.review",
        ("R",),
        "release",
        "Act",
        _on("job", "message") | _LISTS_OF_MAIL,
        writes=True,
        footer=_on("message") | _LISTS_OF_MAIL,
    ),
    Action(
        "rows.retry",
        ("T",),
        "retry failed",
        "Act",
        _on("jobs", "job", "reasons"),
        writes=True,
        footer=_on("job", "reasons"),
    ),
    Action("rows.undo", ("U",), "undo", "Act", _on("jobs", "job", "plan"), writes=True, footer=_on("job", "plan")),
    Action(
        "rows.move",
        ("V",),
        "move",
        "Act",
        _on("job", "message") | _LISTS_OF_MAIL,
        writes=True,
        footer=_on("mail", "message"),
    ),
    Action("ids.open", ("I",), "release ids from a ticket or file", "Act", _on("jobs") | _MAIL, writes=True),
    Action("ids.move", ("V",), "move ids from a ticket or file", "Act", _on("jobs"), writes=True),
    Action("job.new", ("n",), "new job", "Act", _on("jobs"), writes=True, footer=_on("jobs")),
    Action("job.again", ("n",), "run again", "Act", _on("job"), writes=True),
    Action("job.cancel", ("X",), "cancel", "Act", _on("jobs", "job"), writes=True, footer=_on("jobs", "job")),
    Action("mark.toggle", ("space",), "mark", "Mark", _WITH_MARKS, footer=_on("job", "reasons", "groups")),
    Action("reasons.open", ("w",), "by reason", "Look", _on("job"), footer=_on("job")),
    Action("mark.range", ("v",), "mark from the last mark to here", "Mark", _WITH_MARKS),
    Action("groups.open", ("w",), "groups", "Look", _MAIL, footer=_MAIL),
    Action("mark.all", ("a",), "mark all", "Mark", _WITH_MARKS, footer=_on("quarantine")),
    Action("mark.none", ("u",), "unmark all", "Mark", _WITH_MARKS),
    Action("search.edit", ("slash",), "search", "Look", _MAIL, footer=_MAIL, shown_keys="/"),
    Action("filter.edit", ("ampersand",), "filter what is listed", "Look", _MAIL, shown_keys="&"),
    Action(
        "part.turn",
        ("1", "2", "3", "4", "5", "6", "7"),
        "parts",
        "Look",
        _on("message"),
        footer=_on("message"),
        shown_keys="1-7",
    ),
    Action(
        "sibling.next",
        ("right_square_bracket",),
        "next",
        "Look",
        _on("message"),
        footer=_on("message"),
        shown_keys="]",
    ),
    Action(
        "sibling.previous", ("left_square_bracket",), "previous of the list", "Look", _on("message"), shown_keys="["
    ),
    Action("find.edit", ("slash",), "find", "Look", _on("message"), footer=_on("message"), shown_keys="/"),
    Action("find.next", ("n",), "next place", "Look", _on("message")),
    Action("find.previous", ("N",), "place before", "Look", _on("message")),
    Action("part.save", ("E",), "save to a file", "Look", _on("message")),
    Action("columns.toggle", ("space", "enter"), "take or leave", "Act", _on("columns"), footer=_on("columns")),
    Action("columns.usual", ("u",), "the usual ones", "Act", _on("columns"), footer=_on("columns")),
    Action(
        "filter.edit", ("slash",), "filter", "Look", _on("job", "ledger"), footer=_on("job", "ledger"), shown_keys="/"
    ),
    Action("sort.column", ("o",), "sort by the next column", "Look", _on("jobs", "job", "ledger") | _MAIL),
    Action("sort.reverse", ("O",), "reverse the order", "Look", _on("jobs", "job", "ledger") | _MAIL),
    Action("rows.load_all", ("L",), "load all rows", "Look", _on("job", "reasons") | _MAIL),
    Action("rows.export", ("E",), "export", "Look", _on("reasons") | _MAIL, footer=_on("reasons")),
    Action("job.export", ("E",), "export rows, or the report", "Look", _on("job")),
    Action("job.delete", ("D",), "delete", "Act", _on("jobs", "job"), writes=True, footer=_on("jobs", "job")),
    Action("plan.continue", ("A",), "send the rest", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.settle", ("v",), "settle", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.check", ("c",), "check", "Look", _on("plan"), footer=_on("plan")),
    Action("plan.pause", ("p",), "pause", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.stop", ("S",), "stop", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.retry", ("T",), "retry failed", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.resend", ("W",), "send again", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.close", ("C",), "close plan", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.submit", ("B",), "tell Cloudflare", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.report", ("E",), "report", "Look", _on("plan"), footer=_on("plan")),
    Action("record.open", ("i",), "what is on record", "Look", _on("ledger"), footer=_on("ledger")),
    Action("record.settle", ("v",), "settle", "Act", _on("record"), footer=_on("record")),
    Action("ledger.verify", ("V",), "verify the chain", "Look", _on("ledger"), footer=_on("ledger")),
    Action(
        "filter.status", ("0", "1", "2", "3", "4", "5", "6"), "status", "Look", _on("jobs", "job"), shown_keys="0-6"
    ),
    Action("filter.action", ("m",), "move, release or both", "Look", _on("jobs")),
    Action("row.down", ("j", "down"), "down", "Move", TABLES | PAGES),
    Action("row.up", ("k", "up"), "up", "Move", TABLES | PAGES),
    Action("row.first", ("g", "home"), "to the first row", "Move", TABLES | PAGES),
    Action("row.last", ("G", "end"), "to the last loaded row; again: load more", "Move", TABLES | PAGES),
    Action("page.down", ("f", "pagedown", "ctrl+d"), "page down", "Move", TABLES | PAGES, shown_keys="f pgdn ctrl+d"),
    Action("page.up", ("b", "pageup", "ctrl+u"), "page up", "Move", TABLES | PAGES, shown_keys="b pgup ctrl+u"),
    Action(
        "view.refresh",
        ("r",),
        "read again",
        "Look",
        _on("jobs", "job", "reasons", "ledger", "message") | _LISTS_OF_MAIL,
    ),
    Action("view.pause", ("p",), "pause or resume polling", "Look", _on("jobs", "job", "reasons")),
    Action(
        "view.copy",
        ("y",),
        "copy the id",
        "Look",
        _on("jobs", "job", "reasons", "message", "plan", "ledger", "targets", "record") | _LISTS_OF_MAIL,
    ),
    Action(
        "view.copy_page",
        ("Y",),
        "copy another value, or show plain text",
        "Look",
        _on("jobs", "job", "reasons", "message", "plan", "targets") | _LISTS_OF_MAIL,
    ),
    Action(
        "copy.value", tuple("123456789"), "copy the value", "Act", _on("copy"), footer=_on("copy"), shown_keys="1-9"
    ),
    Action("copy.marked", ("a",), "ids of marked rows", "Act", _on("copy"), footer=_on("copy")),
    Action("copy.plain", ("t",), "plain text", "Act", _on("copy"), footer=_on("copy")),
    Action("ledger.open", ("H",), "ledger: what was written, by whom and why", "Go", EVERYWHERE),
    Action("quarantine.open", ("Q",), "quarantine", "Go", EVERYWHERE, footer=_on("jobs")),
    Action("mail.open", ("F",), "find mail", "Go", EVERYWHERE, footer=_on("jobs")),
    Action(
        "activity.open",
        ("exclamation_mark",),
        "activity: writes, and errors with details",
        "Go",
        EVERYWHERE,
        shown_keys="!",
    ),
    Action("help.open", ("question_mark", "f1"), "help", "Go", EVERYWHERE, footer=_ALL_SCREENS, shown_keys="?"),
    Action("screen.back", ("escape",), "back", "Go", EVERYWHERE, footer=_ALL_SCREENS - {"jobs"}, shown_keys="esc"),
    Action("screen.leave", ("q",), "back, or quit on the first screen", "Go", EVERYWHERE),
    Action("screen.redact", ("M",), "hide or show addresses and subjects, for screen sharing", "Go", EVERYWHERE),
    Action("screen.repaint", ("Z", "ctrl+l"), "paint the whole screen again", "Go", EVERYWHERE, shown_keys="Z ctrl+l"),
    Action("app.suspend", ("z", "ctrl+z"), "suspend; fg in the shell resumes", "Go", EVERYWHERE, shown_keys="z ctrl+z"),
    Action("app.quit", ("ctrl+q",), "quit", "Go", EVERYWHERE),
)


def actions_for(screen: str, *, read_only: bool) -> tuple[Action, ...]:
    """The actions of a screen, without writes when `read_only`; those of all screens come last."""
    here = [action for action in ACTIONS if screen in action.where]
    anywhere = [action for action in ACTIONS if action.where is EVERYWHERE]
    return tuple(action for action in (*here, *anywhere) if not (read_only and action.writes))


def bindings(screen: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The bindings of a screen for Textual."""
    made: list[Binding | tuple[str, str] | tuple[str, str, str]] = []
    for action in ACTIONS:
        if screen not in action.where:
            continue
        for key in action.keys:
            call = f"{action.method}('{key}')" if action.id in _WITH_THEIR_KEY else action.method
            made.append(Binding(key, call, action.label, show=False))
    return made


def footer_for(
    screen: str, *, read_only: bool, most: int = 7, without: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """(key, label) of the actions in the footer of a screen, `most` at most; back and help come last.

    `without` = the ids of actions that can't be done now.
    """
    offered = [action for action in actions_for(screen, read_only=read_only) if action.id not in without]
    chosen = [action for action in offered if screen in action.footer]
    ways_out = [action for action in chosen if action.id in ("screen.back", "help.open")]
    rest = [action for action in chosen if action not in ways_out][: most - len(ways_out)]
    return tuple(
        (action.footer_key, action.label)
        for action in (*rest, *sorted(ways_out, key=lambda action: action.id, reverse=True))
    )
