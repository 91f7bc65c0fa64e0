"""A sample of held newsletters, all alike within their sender, with seven planted ones that differ in one thing each."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from tui_app.simulator.demo_data import person
from tui_app.simulator.evidence import PASSED, Validation
from tui_app.simulator.mail import Mail, queue_id, stable_hash

MIN_COUNT: Final = 100
MAX_COUNT: Final = 200_000
_FIRST: Final = 700_001
_SPAN: Final = timedelta(days=6)
"""All of it is younger than the week that a client may search."""
_STEP: Final = timedelta(seconds=45)
_UNSIGNED: Final = Validation(dkim="none")
_NAMES: Final = ("Ana", "Bo", "Chen", "Dmitri", "Elif", "Farah", "Goran", "Hanna", "Ines", "Jamal")
_WORDS: Final = ("budgets", "travel", "security", "hiring", "design", "energy", "markets", "tools")
_MONTHS: Final = ("January", "March", "May", "July", "September", "November")


@dataclass(frozen=True, slots=True)
class Newsletter:
    """A sender: what is the same in all its mail, and the patterns of its subjects."""

    address: str
    name: str
    envelope: str
    network: str
    """The first three numbers of the addresses of its servers."""
    patterns: tuple[str, ...]
    reply_to: tuple[str, ...] = ()
    validation: Validation = PASSED


NEWSLETTERS: Final = (
    Newsletter(
        "news@daily-brief.example",
        "Daily Brief",
        "bounce@send.mailer.example",
        "198.18.1",
        ("Issue {n}: {word}", "Your digest for {day} {month}", "{name}, your brief of {date}"),
    ),
    Newsletter(
        "offers@shop-world.example",
        "Shop World",
        "return@bulk.shop-world.example",
        "198.18.2",
        ("{name}, {n} new offers", "-{percent}% until {day} {month}", "Order {n} can be reviewed"),
        ("help@shop-world.example", "orders@shop-world.example"),
    ),
    Newsletter(
        "team@webinar-hub.example",
        "Webinar Hub",
        "b-7@mta.eventmail.example",
        "198.18.3",
        ("Reminder: {word} with {name} on {date}", "Starts {day} {month}: {word}", "Seat {n} is yours, {name}"),
        ("team@webinar-hub.example",),
    ),
    Newsletter(
        "status@cloud-watch.example",
        "Cloud Watch",
        "status@cloud-watch.example",
        "198.18.4",
        ("Week {week} in review", "Incident {n} is resolved", "Planned work on {date}"),
        (),
        _UNSIGNED,
    ),
    Newsletter(
        "hello@market-pulse.example",
        "Market Pulse",
        "bounces@out.market-pulse.example",
        "198.18.5",
        ("Pulse {n}: {word} up {percent}%", "{month}: what {name} expects", "Close of {date}"),
        ("hello@market-pulse.example", "desk@market-pulse.example"),
    ),
    Newsletter(
        "jobs@career-post.example",
        "Career Post",
        "bounce@jobs.mailer.example",
        "198.18.6",
        ("{n} jobs for you, {name}", "New in {word}: {n} places", "{name} viewed you on {day} {month}"),
    ),
    Newsletter(
        "list@open-forum.example",
        "Open Forum",
        "list-bounces@open-forum.example",
        "198.18.7",
        ("[forum] Re: {word} ({n} replies)", "[forum] Digest, vol {week}, issue {n}", "[forum] {name} asks about {word}"),
        ("list@open-forum.example",),
        _UNSIGNED,
    ),
    Newsletter(
        "travel@far-away.example",
        "Far Away",
        "r@mail.far-away.example",
        "198.18.8",
        ("{name}, {word} in {month}", "{n} flights from {percent} EUR", "Leave on {date}"),
    ),
)  # fmt: skip
"""The senders; two of them never sign, two have two addresses for replies."""


def _other_envelope(mail: Mail) -> None:
    mail.envelope_from = "bounce@relay.unrelated.example"


def _spf_fail(mail: Mail) -> None:
    mail.validation = mail.validation._replace(spf="fail")


def _dkim_fail(mail: Mail) -> None:
    mail.validation = mail.validation._replace(dkim="fail")


def _other_reply_to(mail: Mail) -> None:
    mail.reply_to = "support@answers.unrelated.example"


def _other_network(mail: Mail) -> None:
    mail.helo_ip = "203.0.113.41"


def _other_verdict(mail: Mail) -> None:
    mail.disposition = "MALICIOUS"


_PLANTED: Final[tuple[tuple[str, int, Callable[[Mail], None] | None], ...]] = (
    ("envelope", 0, _other_envelope),
    ("spf", 1, _spf_fail),
    ("dkim", 2, _dkim_fail),
    ("reply_to", 4, _other_reply_to),
    ("network", 5, _other_network),
    ("verdict", 7, _other_verdict),
    ("lookalike", 0, None),
)
"""What differs, in whose mail (by the place of the sender), and what makes it so; a look-alike is made from the start."""
KINDS: Final = tuple(kind for kind, _, _ in _PLANTED)


def held_sample(seed: int, start: datetime, count: int = 10_000) -> tuple[list[Mail], dict[str, str]]:
    """The held messages, newest first, and the investigate id of the planted one of each kind.

    Raises ValueError for fewer than 100 messages.
    """
    if count < MIN_COUNT:
        raise ValueError(f"A sample has at least {MIN_COUNT} messages")
    step = min(_STEP, _SPAN / count)
    places: dict[int, tuple[str, Callable[[Mail], None] | None]] = {}
    for turn, (kind, sender, change) in enumerate(_PLANTED):
        places[_place(seed, count, turn, sender, places)] = kind, change
    mails: list[Mail] = []
    planted: dict[str, str] = {}
    for index in range(count):
        kind, change = places.get(index, ("", None))
        mail = _mail(seed, index, start - timedelta(hours=1) - index * step, lookalike=kind == "lookalike")
        if change is not None:
            change(mail)
        if kind:
            planted[kind] = mail.investigate_id
        mails.append(mail)
    return mails, planted


def _sender(seed: int, index: int) -> int:
    return stable_hash(seed, index, 41) % len(NEWSLETTERS)


def _place(seed: int, count: int, turn: int, sender: int, taken: Collection[int]) -> int:
    """The index of a planted message: the first one of the sender from the middle of its share of the sample on."""
    middle = count * (2 * turn + 1) // (2 * len(_PLANTED))
    free = [index for index in chain(range(middle, count), range(middle)) if index not in taken]
    return next((index for index in free if _sender(seed, index) == sender), free[0])


def _mail(seed: int, index: int, scanned_at: datetime, *, lookalike: bool) -> Mail:
    number, drawn = _FIRST + index, stable_hash(seed, index, 43)
    letter = NEWSLETTERS[_sender(seed, index)]
    readers = 1 if drawn % 30 else 3
    bulk = drawn // 30 % 10 != 0
    return Mail(
        number,
        queue_id(seed, number),
        _imitated(letter.address) if lookalike else letter.address,
        letter.name,
        tuple(dict.fromkeys(person(drawn // 64 % 2600 + turn * 7) for turn in range(readers))),
        _subject(letter, drawn // 1024),
        scanned_at,
        "BULK" if bulk else "SPAM",
        ("Bulk sender",) if bulk else ("Bulk sender", "Spam score"),
        True,
        ["quarantined"],
        envelope_from=letter.envelope,
        reply_to=letter.reply_to[drawn // 128 % len(letter.reply_to)] if letter.reply_to else None,
        helo_ip=f"{letter.network}.{1 + drawn // 512 % 250}",
        validation=letter.validation,
    )


def _imitated(address: str) -> str:
    """The same address with a capital I for an l, as far as a reader sees."""
    local, _, domain = address.partition("@")
    return f"{local}@{domain.replace('l', 'I', 1)}"


def _subject(letter: Newsletter, drawn: int) -> str:
    pattern = letter.patterns[drawn % len(letter.patterns)]
    day = 1 + drawn // 7 % 28
    return pattern.format(
        n=1 + drawn // 11 % 4000,
        day=day,
        month=_MONTHS[drawn // 13 % len(_MONTHS)],
        date=f"2026-{1 + drawn // 17 % 12:02d}-{day:02d}",
        name=_NAMES[drawn // 19 % len(_NAMES)],
        word=_WORDS[drawn // 23 % len(_WORDS)],
        percent=5 * (1 + drawn // 29 % 18),
        week=1 + drawn // 31 % 52,
    )
