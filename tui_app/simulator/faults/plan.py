"""The specification of faults: which request gets which fault."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from tui_app.simulator.faults.kinds import KINDS, VALUES, Kind
from tui_app.simulator.mail import stable_hash
from tui_app.simulator.operations import NAMES

_MANY: Final = 10_000
_SPELLING: Final = "KIND[=VALUE][@ENDPOINT][%PERCENT][#N]"
_ON_ACCEPT: Final = ("close_on_accept", "reset_on_accept")
SCOPES: Final = ("all", "reads", "writes", "GET", "POST", "DELETE", *NAMES)
"""What may follow the @ of a rule."""


class WrongSpec(ValueError):
    """A specification of faults that can't be read, with a sentence that says why."""


def describe_kinds() -> str:
    """The help text: the syntax of a specification, and all kinds, one a line."""
    lines = [f"{_SPELLING}, separated by commas; the first rule that matches is used.", ""]
    lines += [f"  {kind.name:22} {kind.says}" for kind in KINDS.values()]
    lines += ["", "VALUE from 1; 0, the default, is any of them, by the seed:", ""]
    for names, meanings in VALUES.items():
        lines += [f"  {names}"] + [f"    {number} {meaning}" for number, meaning in enumerate(meanings, 1)]
    return "\n".join([*lines, "", f"ENDPOINT is one of {', '.join(SCOPES)}."])


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one request: its kind, its value, and a 64-bit seed for what the kind leaves open."""

    kind: Kind
    value: int
    seed: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a specification: at `scope`, in `share` of 10,000 requests or from the `first` to the `last`."""

    kind: Kind
    value: int | None
    scope: str = "all"
    share: int | None = None
    first: int | None = None
    last: int | None = None

    def fits(self, method: str, endpoint: str) -> bool:
        """Whether the rule counts requests of this kind."""
        if self.kind.endpoints is not None and endpoint not in self.kind.endpoints:
            return False
        return self.scope in ("all", endpoint, method) or self.scope == (
            "reads" if method in ("GET", "HEAD") else "writes"
        )

    def hits(self, number: int, seed: int) -> bool:
        """Whether the request of that number, from 1, gets the fault."""
        if self.share is not None and seed % _MANY >= self.share:
            return False
        return self.first is None or self.first <= number <= (self.last or self.first)

    @property
    def at_accept(self) -> bool:
        """Whether it is for connections, before any request."""
        return self.kind.name in _ON_ACCEPT and self.scope == "all"


@dataclass(frozen=True, slots=True)
class ChosenFaults:
    """The faults of one request: at most one fault, one latency and one pace; and what happens to the account."""

    fault: Fault | None = None
    latency: Fault | None = None
    pace: Fault | None = None
    events: tuple[Fault, ...] = ()


class FaultPlan:
    """The rules of a specification; the same seed and the same sequence of requests give the same faults."""

    def __init__(self, rules: tuple[Rule, ...], seed: int) -> None:
        self.rules = rules
        self._seed = seed
        self._counts = [0] * len(rules)

    @classmethod
    def parse(cls, spec: str, seed: int) -> "FaultPlan":
        """The plan of a specification; an empty one has no rules. Raises WrongSpec."""
        return cls(tuple(_rule(word.strip()) for word in spec.split(",")) if spec.strip() else (), seed)

    def at_accept(self) -> Fault | None:
        """The fault of a new connection, if any."""
        struck = [self._fault(index) for index, rule in enumerate(self.rules) if rule.at_accept]
        return next((fault for fault in struck if fault is not None), None)

    def choose(self, method: str, endpoint: str) -> ChosenFaults:
        """The faults of the next request."""
        chosen: dict[str, Fault] = {}
        events: list[Fault] = []
        for index, rule in enumerate(self.rules):
            if not rule.at_accept and rule.fits(method, endpoint) and (fault := self._fault(index)):
                if rule.kind.happens is not None:
                    events.append(fault)
                else:
                    chosen.setdefault(rule.kind.shapes or "fault", fault)
        fault = chosen.get("fault")
        if fault is not None and fault.kind.name == "any":
            fault = _drawn(fault.seed, endpoint)
        if fault is not None and fault.kind.name == "none":
            fault = None
        return ChosenFaults(fault, chosen.get("latency"), chosen.get("pace"), tuple(events))

    def _fault(self, index: int) -> Fault | None:
        rule = self.rules[index]
        self._counts[index] += 1
        seed = stable_hash(self._seed, index, self._counts[index], 17)
        if not rule.hits(self._counts[index], seed):
            return None
        default = rule.kind.amount.default if rule.kind.amount else 0
        return Fault(rule.kind, default if rule.value is None else rule.value, seed // _MANY)


@cache
def _bad_endings() -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS.values() if kind.ends_badly)


def _drawn(seed: int, endpoint: str) -> Fault:
    kinds = [kind for kind in _bad_endings() if kind.endpoints is None or endpoint in kind.endpoints]
    kind = kinds[seed % len(kinds)]
    return Fault(kind, kind.amount.default if kind.amount else 0, seed // len(kinds))


_RULE = re.compile(
    r"(?P<kind>[a-z0-9_]+)(=(?P<value>\d{1,10}))?(@(?P<scope>\w+))?(%(?P<percent>\d{1,3}(\.\d{1,2})?))?"
    r"(#(?P<first>\d{1,9})(-(?P<last>\d{1,9}))?)?",
    re.ASCII,
)


def _rule(word: str) -> Rule:
    found = _RULE.fullmatch(word)
    if found is None:
        raise WrongSpec(f"{word!r} is not a rule; a rule is {_SPELLING}.")
    kind = KINDS.get(found["kind"])
    if kind is None:
        raise WrongSpec(f"There is no fault {found['kind']!r}; {_nearest(found['kind'], tuple(KINDS))}")
    scope = found["scope"] or "all"
    if scope not in SCOPES:
        raise WrongSpec(f"There is no endpoint {scope!r} in {word!r}; {_nearest(scope, SCOPES)}")
    if kind.endpoints is not None and scope in NAMES and scope not in kind.endpoints:
        raise WrongSpec(f"{kind.name} is for {', '.join(sorted(kind.endpoints))} only, not for {scope}.")
    percent = found["percent"]
    if percent is not None and not 0 < float(percent) <= 100:
        raise WrongSpec(f"The percentage of {word!r} must be above 0 and at most 100.")
    first, last = (int(found[name]) if found[name] else None for name in ("first", "last"))
    if first is not None and (first < 1 or (last is not None and last < first)):
        raise WrongSpec(f"The requests of {word!r} are counted from 1, and a range goes up.")
    share = None if percent is None else round(float(percent) * _MANY / 100)
    return Rule(kind, _value(kind, found["value"]), scope, share, first, last)


def _value(kind: Kind, text: str | None) -> int | None:
    if text is None:
        return None
    if kind.amount is None:
        raise WrongSpec(f"{kind.name} takes no value.")
    value = int(text)
    if not kind.amount.low <= value <= kind.amount.high:
        raise WrongSpec(f"The value of {kind.name} goes from {kind.amount.low} to {kind.amount.high}.")
    if kind.name == "redirect" and value not in (301, 302, 303, 307, 308):
        raise WrongSpec("The value of redirect is 301, 302, 303, 307 or 308.")
    return value


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    near = f"the nearest is {close[0]!r}; " if close else ""
    return f"{near}`simulate --faults help` lists all."
