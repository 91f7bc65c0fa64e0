"""What can be typed behind `:`: commands with what they take, beside every action of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from textual.fuzzy import Matcher

from tui_app.actions import Action
from tui_app.key_map import all_keys
from tui_app.widgets.redaction import PrivateText


@dataclass(frozen=True, slots=True)
class ConsoleCommand:
    """A command: `takes` says what comes behind its name, in capitals what must, in brackets what may."""

    name: str
    takes: str
    does: str
    also: tuple[str, ...] = ()
    waits: bool = False
    """Whether it is looked for at the service or in the records, before it is known whether it can be done."""
    free: bool = False
    """Whether words may come behind it, so that what they begin is not what they mean."""

    @property
    def needs_more(self) -> bool:
        """Whether it makes no sense alone."""
        return bool(self.takes) and not self.takes.startswith("[")


COMMANDS: Final = (
    ConsoleCommand("job", "ID", "open a job: its id, or 6 of its characters", waits=True),
    ConsoleCommand("plan", "ID", "open a plan from the ledger", waits=True),
    ConsoleCommand("message", "ID", "open a message by its id"),
    ConsoleCommand("jobs", "[FILTER]", "the jobs: failed:>0 age:<1d; all = of all profiles", free=True),
    ConsoleCommand("mail", "[SEARCH]", "find mail: from:x since:24h", ("m",)),
    ConsoleCommand("quarantine", "[SEARCH]", "held mail", ("held",)),
    ConsoleCommand("ledger", "[FILTER]", "what was written: who: state: since:24h"),
    ConsoleCommand("since", "TIME", "what was written since then: 06:00, 24h, 7d"),
    ConsoleCommand("view", "NAME", "a saved view; view save NAME, forget NAME"),
    ConsoleCommand("profile", "NAME", "another account"),
    ConsoleCommand("theme", "NAME", "other colours, also the next time"),
    ConsoleCommand("columns", "", "choose the columns of this list"),
    ConsoleCommand("export", "", "write this list to a file"),
    ConsoleCommand("set", "NAME VALUE", "for this session, such as canary 10"),
    ConsoleCommand("handover", "[since TIME]", "what the next shift has to know"),
    ConsoleCommand("doctor", "", "is all well: terminal, token, records"),
    ConsoleCommand("command", "", "show this as a command, and as curl"),
    ConsoleCommand("activity", "", "all writes and errors of this session"),
    ConsoleCommand("help", "", "the keys of this screen", ("h",)),
    ConsoleCommand("quit", "", "leave the console", ("q", "q!", "qa", "exit")),
)
_BY_NAME: Final = {name: command for command in COMMANDS for name in (command.name, *command.also)}


def parse(line: str) -> tuple[ConsoleCommand | None, str]:
    """The command that a line names, and what comes behind it; None for a line that names none."""
    name, _, rest = line.strip().removeprefix(":").lstrip().partition(" ")
    return _BY_NAME.get(name.lower()), rest.strip()


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be done: an action of the screen, or a line that is run, or completed where it needs more."""

    text: str
    note: str
    key: str = ""
    action: Action | None = None
    line: str = ""
    complete: bool = field(default=False)


def offers(
    typed: str,
    actions: Sequence[Action],
    arguments: Callable[[str], Iterable[tuple[str, str]]],
    history: Sequence[str],
    why_not: Mapping[str, str],
) -> list[Offer]:
    """What fits what was typed, the best first; of an empty line what was done before, then all.

    `actions` = those of the screen; `arguments` = values that may come behind a command, with what each is;
    `why_not` = why an action can't be done now, by its id.
    """
    line = typed.strip().removeprefix(":").lstrip()
    command, rest = parse(line)
    if command is not None and (" " in line or typed.endswith(" ")):
        return _values(command, rest, arguments)
    every = [*_of_commands(), *_of_actions(actions, why_not)]
    if not line:
        return [*(Offer(PrivateText(done), "again", line=done) for done in reversed(history)), *every]
    matcher = Matcher(line)
    scored = [(_score(matcher, line, offer), number, offer) for number, offer in enumerate(every)]
    return [offer for score, _, offer in sorted(scored, key=lambda each: (-each[0], each[1])) if score > 0]


def _score(matcher: Matcher, line: str, offer: Offer) -> float:
    if offer.action is None and parse(line)[0] is not None and parse(line)[0] is parse(offer.line)[0]:
        return 1000.0  # its very name
    name = offer.line.partition(" ")[0] if offer.action is None else offer.action.label
    starts = name.casefold().startswith(line.casefold())
    return max(matcher.match(offer.text), matcher.match(offer.note) / 2) + 2 * starts


def _of_commands() -> Iterable[Offer]:
    for command in COMMANDS:
        text = f"{command.name} {command.takes}".strip()
        line = f"{command.name} " if command.needs_more else command.name
        yield Offer(text, command.does, line=line, complete=command.needs_more)


def _of_actions(actions: Sequence[Action], why_not: Mapping[str, str]) -> Iterable[Offer]:
    for action in actions:
        if (
            action.group == "Move"
            or action.digits
            or action.id == "prompt.open"
            or (not action.keys and action.command in _BY_NAME)
        ):
            continue
        note = f"not now: {why_not[action.id]}" if why_not.get(action.id) else action.id
        yield Offer(action.label, note, all_keys(action), action)


def _values(command: ConsoleCommand, rest: str, arguments: Callable[[str], Iterable[tuple[str, str]]]) -> list[Offer]:
    values = [*arguments(command.name)]
    here = Offer(f"{command.name} {rest or command.takes}", command.does, line=f"{command.name} {rest}".strip())
    found = [
        Offer(f"{command.name} {value}", about, line=f"{command.name} {value}", complete=value.endswith(" "))
        for value, about in values
        if value.casefold().startswith(rest.casefold()) and value.strip() != rest
    ]
    if not rest and command.needs_more:
        return [*found, here]
    # The only value that it begins is what is meant; else what was typed is a line of its own.
    is_begun = len(found) == 1 and not command.free and all(value.strip() != rest for value, _ in values)
    return [*found, here] if is_begun else [here, *found]


def means(typed: str, offers: Sequence[Offer]) -> Offer | None:
    """What enter does with a line: the command or action of that name, or the only one whose name it begins; else None."""
    line = typed.strip().removeprefix(":").strip().casefold()
    if not line or not offers:
        return None
    command, rest = parse(line)
    if command is not None:
        # What more it needs is chosen, never taken because it happens to be the first.
        return None if command.needs_more and not rest and offers[0].line != command.name else offers[0]
    named = [(offer, (offer.action.label if offer.action else offer.line).strip().casefold()) for offer in offers]
    exact = [offer for offer, name in named if name == line]
    begun = [offer for offer, name in named if name.startswith(line)]
    return exact[0] if exact else begun[0] if len(begun) == 1 else None
