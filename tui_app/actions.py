"""The list of all actions of the console; bindings, footer, help and prompt are made from it (`key_map.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

TABLES: Final = frozenset(
    {
        "jobs",
        "job",
        "mail",
        "quarantine",
        "groups",
        "plan",
        "ledger",
        "targets",
        "reasons",
        "columns",
        "profiles",
        "all_jobs",
    }
)
TEXTS: Final = frozenset({"help", "activity", "record", "handover", "doctor"})
"""Screens of text in which words are found."""
PAGES: Final = TEXTS | frozenset({"message", "copy"})
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
    """The screens whose footer shows it early; where there is room, the others follow."""
    digits: bool = False
    """It gets its key, a digit, as an argument."""
    acts_at_once: bool = False
    """It sends without a question before it: only its own key does it."""
    short: str = ""
    """The label in a footer, where the whole one is too long."""
    command: str = ""
    """The command behind `:` that does the same."""

    @property
    def method(self) -> str:
        """The name of the action for Textual."""
        return self.id.replace(".", "_")


LEADING_ON: Final = TEXTS | frozenset(
    {"jobs", "job", "reasons", "mail", "quarantine", "groups", "message", "plan", "ledger", "all_jobs", "profiles"}
)
"""Screens above which one may be opened that is about something else; forms and questions come first."""


def _on(*screens: str) -> frozenset[str]:
    return frozenset(screens)


_MAIL: Final = _on("mail", "quarantine")
_LISTS_OF_MAIL: Final = _MAIL | _on("groups")
_WITH_MARKS: Final = _on("jobs", "job", "reasons") | _LISTS_OF_MAIL
_OPENING: Final = _on("jobs", "job", "reasons", "ledger", "plan", "targets", "record") | _LISTS_OF_MAIL
_FOUND_IN: Final = TEXTS | _on("message", "groups", "reasons", "plan", "targets", "columns", "profiles")
_FILTERED: Final = _on("jobs", "job", "ledger", "all_jobs")
_POLLED: Final = _on("jobs", "job", "reasons")
_COPIED: Final = _on("jobs", "job", "reasons", "message", "plan", "ledger", "targets", "record") | _LISTS_OF_MAIL
ACTIONS: Final = (
    # Writes first: in a footer they come before all else, in this order.
    Action("job.new", ("n",), "new job", "Act", _on("jobs"), writes=True, footer=_on("jobs")),
    Action("job.cancel", ("X",), "cancel", "Act", _on("jobs", "job"), writes=True, footer=_on("jobs", "job")),
    Action(
        "rows.retry",
        ("T",),
        "retry failed",
        "Act",
        _on("jobs", "job", "reasons"),
        writes=True,
        footer=_on("jobs", "job", "reasons"),
    ),
    Action(
        "plan.continue",
        ("A",),
        "send the rest",
        "Act",
        _on("plan"),
        writes=True,
        footer=_on("plan"),
        acts_at_once=True,
    ),
    Action("plan.resend", ("W",), "send again", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.close", ("C",), "close plan", "Act", _on("plan"), writes=True, footer=_on("plan"), short="close"),
    Action("plan.pause", ("p",), "pause", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.stop", ("S",), "stop", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.settle", ("v",), "settle", "Act", _on("plan"), footer=_on("plan")),
    Action("plan.check", ("c",), "check", "Look", _on("plan"), footer=_on("plan")),
    Action("plan.retry", ("T",), "retry failed", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action(
        "rows.undo", ("U",), "undo", "Act", _on("jobs", "job", "plan"), writes=True, footer=_on("jobs", "job", "plan")
    ),
    Action("plan.submit", ("B",), "tell Cloudflare", "Act", _on("plan"), writes=True, footer=_on("plan")),
    Action("plan.report", ("E",), "report", "Look", _on("plan"), footer=_on("plan")),
    Action("job.delete", ("D",), "delete", "Act", _on("jobs", "job"), writes=True, footer=_on("jobs", "job")),
    Action(
        "release.review",
        ("R",),
        "release",
        "Act",
        _on("job", "message") | _LISTS_OF_MAIL,
        writes=True,
        footer=_on("job", "message") | _LISTS_OF_MAIL,
    ),
    Action(
        "rows.move",
        ("V",),
        "move",
        "Act",
        _on("job", "message") | _LISTS_OF_MAIL,
        writes=True,
        footer=_on("job", "message") | _LISTS_OF_MAIL,
    ),
    Action(
        "ids.open",
        ("I",),
        "release ids from a ticket or file",
        "Act",
        _on("jobs") | _MAIL,
        writes=True,
        short="release ids",
    ),
    Action("ids.move", ("V",), "move ids from a ticket or file", "Act", _on("jobs"), writes=True, short="move ids"),
    Action("job.again", ("n",), "run again", "Act", _on("job"), writes=True),
    Action("record.settle", ("v",), "settle", "Act", _on("record"), footer=_on("record")),
    Action("row.open", ("enter", "l"), "open", "Look", _OPENING | _on("all_jobs"), footer=_OPENING | _on("all_jobs")),
    Action("profile.choose", ("enter", "l"), "show it", "Look", _on("profiles"), footer=_on("profiles")),
    Action("mark.toggle", ("space",), "mark", "Mark", _WITH_MARKS, footer=_on("job", "reasons", "groups")),
    Action("reasons.open", ("w",), "by reason", "Look", _on("job"), footer=_on("job")),
    Action("groups.open", ("w",), "groups", "Look", _MAIL, footer=_MAIL),
    Action("mark.all", ("a",), "mark all", "Mark", _WITH_MARKS, footer=_on("quarantine")),
    Action("mark.range", ("v",), "mark from the last mark to here", "Mark", _WITH_MARKS, short="mark to here"),
    Action("mark.none", ("u",), "unmark all", "Mark", _WITH_MARKS, short="unmark"),
    Action("search.edit", ("slash",), "search", "Look", _MAIL, footer=_MAIL),
    Action("filter.listed", ("ampersand",), "filter what is listed", "Look", _MAIL, short="filter"),
    Action("filter.edit", ("slash",), "filter", "Look", _FILTERED, footer=_FILTERED),
    Action(
        "part.turn",
        ("1", "2", "3", "4", "5", "6", "7"),
        "parts",
        "Look",
        _on("message"),
        footer=_on("message"),
        digits=True,
    ),
    Action("find.edit", ("slash",), "find", "Look", _FOUND_IN, footer=_FOUND_IN),
    Action("find.next", ("n",), "next place", "Look", _FOUND_IN),
    Action("find.previous", ("N",), "place before", "Look", _FOUND_IN),
    Action(
        "sibling.next",
        ("right_square_bracket",),
        "next of the list",
        "Look",
        _on("message", "job"),
        footer=_on("message"),
        short="next",
    ),
    Action(
        "sibling.previous",
        ("left_square_bracket",),
        "previous of the list",
        "Look",
        _on("message", "job"),
        short="previous",
    ),
    Action("part.save", ("E",), "save to a file", "Look", _on("message")),
    Action("handover.save", ("E",), "save to a file", "Look", _on("handover"), footer=_on("handover")),
    Action("columns.toggle", ("space", "enter"), "take or leave", "Act", _on("columns"), footer=_on("columns")),
    Action("columns.usual", ("u",), "the usual ones", "Act", _on("columns"), footer=_on("columns")),
    Action("columns.up", ("K",), "move it up", "Act", _on("columns"), footer=_on("columns")),
    Action("columns.down", ("J",), "move it down", "Act", _on("columns"), footer=_on("columns")),
    Action(
        "sort.column",
        ("o",),
        "sort by the next column",
        "Look",
        _on("jobs", "job", "ledger", "all_jobs") | _MAIL,
        short="sort",
    ),
    Action(
        "sort.reverse",
        ("O",),
        "reverse the order",
        "Look",
        _on("jobs", "job", "ledger", "all_jobs") | _MAIL,
        short="reverse",
    ),
    Action("rows.load_all", ("L",), "load all rows", "Look", _on("job", "reasons") | _MAIL, short="load all"),
    Action("rows.export", ("E",), "export", "Look", _on("reasons") | _MAIL, footer=_on("reasons")),
    Action("job.export", ("E",), "export rows, or the report", "Look", _on("job"), short="export"),
    Action("record.open", ("i",), "what is on record", "Look", _on("ledger"), footer=_on("ledger")),
    Action("ledger.verify", ("V",), "verify the chain", "Look", _on("ledger"), footer=_on("ledger")),
    Action(
        "filter.status",
        ("0", "1", "2", "3", "4", "5", "6", "7"),
        "status",
        "Look",
        _on("jobs", "job"),
        digits=True,
    ),
    Action("filter.action", ("m",), "move, release or both", "Look", _on("jobs"), short="move/release"),
    Action("row.down", ("j", "down"), "down", "Move", TABLES | PAGES),
    Action("row.up", ("k", "up"), "up", "Move", TABLES | PAGES),
    Action("row.first", ("g", "home"), "to the first row", "Move", TABLES | PAGES),
    Action("row.last", ("G", "end"), "to the last loaded row; again: load more", "Move", TABLES | PAGES),
    Action("page.down", ("f", "pagedown", "ctrl+d"), "page down", "Move", TABLES | PAGES),
    Action("page.up", ("b", "pageup", "ctrl+u"), "page up", "Move", TABLES | PAGES),
    Action(
        "view.refresh",
        ("r",),
        "read again",
        "Look",
        _on("jobs", "job", "reasons", "ledger", "message", "all_jobs", "handover", "doctor") | _LISTS_OF_MAIL,
    ),
    Action("view.pause", ("p",), "pause or resume polling", "Look", _POLLED, short="pause"),
    Action("view.copy", ("y",), "copy the id", "Look", _COPIED),
    Action("text.copy", ("y",), "copy all of it", "Look", _on("handover", "doctor"), footer=_on("handover", "doctor")),
    Action(
        "view.copy_page",
        ("Y",),
        "copy another value, or show plain text",
        "Look",
        _COPIED - _on("ledger", "record"),
        short="copy more",
    ),
    Action(
        "copy.value",
        tuple("123456789"),
        "copy the value",
        "Act",
        _on("copy"),
        footer=_on("copy"),
        digits=True,
    ),
    Action("copy.marked", ("a",), "ids of marked rows", "Act", _on("copy"), footer=_on("copy")),
    Action("copy.plain", ("t",), "plain text", "Act", _on("copy"), footer=_on("copy")),
    Action(
        "columns.open",
        (),
        "choose the columns",
        "Look",
        _on("jobs", "job", "ledger", "all_jobs") | _MAIL,
        short="columns",
        command="columns",
    ),
    Action("ledger.open", ("H",), "ledger: what was written, by whom and why", "Go", EVERYWHERE),
    Action("quarantine.open", ("Q",), "quarantine", "Go", EVERYWHERE, footer=_on("jobs")),
    Action("mail.open", ("F",), "find mail", "Go", EVERYWHERE, footer=_on("jobs")),
    Action("activity.open", ("exclamation_mark",), "activity: writes, and errors with details", "Go", EVERYWHERE),
    Action("profiles.open", ("P",), "another account", "Go", EVERYWHERE),
    Action("view.last", ("minus",), "the view before", "Go", EVERYWHERE),
    Action("handover.open", (), "handover for the next shift", "Go", EVERYWHERE, command="handover"),
    Action("doctor.open", (), "look at this installation", "Go", EVERYWHERE, command="doctor"),
    Action("command.show", (), "show this as a command", "Go", EVERYWHERE, command="command"),
    Action("prompt.open", ("colon", "ctrl+p"), "commands", "Go", EVERYWHERE, footer=_on("jobs")),
    Action("help.open", ("question_mark", "f1"), "help", "Go", EVERYWHERE, footer=_ALL_SCREENS),
    Action("screen.back", ("escape",), "back", "Go", EVERYWHERE, footer=_ALL_SCREENS - {"jobs"}),
    Action("screen.leave", ("q",), "back, or quit on the first screen", "Go", EVERYWHERE),
    Action("screen.redact", ("M",), "hide or show addresses and subjects, for screen sharing", "Go", EVERYWHERE),
    Action("screen.repaint", ("Z", "ctrl+l"), "paint the whole screen again", "Go", EVERYWHERE),
    Action("app.suspend", ("z", "ctrl+z"), "suspend; fg in the shell resumes", "Go", EVERYWHERE),
    Action("app.quit", ("ctrl+q",), "quit", "Go", EVERYWHERE),
)


def bindings(screen: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The bindings of a screen for Textual, with the usual keys; a key map changes them by the ids of the actions."""
    made: list[Binding | tuple[str, str] | tuple[str, str, str]] = []
    for action in ACTIONS:
        if screen not in action.where:
            continue
        for key in action.keys:
            call = f"{action.method}('{key}')" if action.digits else action.method
            made.append(Binding(key, call, action.label, show=False, id=None if action.digits else action.id))
    return made
