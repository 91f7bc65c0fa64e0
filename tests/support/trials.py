"""The effects that suites try: mail that each can be done to, and what the account's own record says became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tui_app.api.enums import Destination
from tui_app.api.rows import Message
from tui_app.plans.effect import TO_RELEASE, Effect
from tui_app.plans.plan import Target
from tui_app.plans.request import PlanRequest
from tui_app.plans.state import Outcome
from tui_app.simulator.action_log import ActionRecord
from tui_app.simulator.impostor import SENDER as IMPOSTOR
from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Simulator

LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Trial:
    """One effect, and the outcomes that stand for it."""

    effect: Effect
    done: str
    """What the truth log calls what was done."""
    said_done: frozenset[Outcome]
    """Outcomes that say that it was done, at least in part."""
    answers: tuple[tuple[str, str], ...]
    """Recipients by what became of their copy: the name in results, and the one in the truth log."""
    not_seen: Outcome
    seen: Outcome
    before: Destination | None = None
    """The folder out of which somebody else's move is taken back; None: mail lies where it was delivered, or is held."""

    @property
    def name(self) -> str:
        """What the test is called."""
        folder = self.effect.destination
        return f"{self.effect.action} to {folder.label}" if folder is not None else self.effect.action

    @property
    def endpoint(self) -> str:
        """Its requests, in faults, on the wire and in the truth log."""
        return self.effect.action

    @property
    def request(self) -> PlanRequest:
        """What somebody wants who wants that."""
        return PlanRequest(self.effect)

    # ---- mail

    def make_ready(self, simulator: Simulator, mails: Sequence[Mail]) -> None:
        """Let these be as if nobody had done anything to them but what the effect begins from."""
        for mail in mails:
            mail.quarantined, mail.disposition, mail.allowed = not self.effect.is_move, "BULK", False
            mail.delivery_status = ["delivered" if self.effect.is_move else "quarantined"]
            mail.operations.clear()
            mail.placed.clear()
            simulator.account.log._entries.pop(mail.investigate_id, None)
            if self.before is not None:
                for recipient in mail.recipients:
                    mail.move(recipient, self.before.value)
                earlier = ActionRecord("MOVE", LONG_AGO, LONG_AGO, "lena@acme.example", folder=self.before.value)
                simulator.account.actions.record(mail, earlier)

    def fresh(self, simulator: Simulator, count: int | None = None) -> list[Target]:
        """So many of the account's messages, made ready as all are; nothing is on record. None is odd: a guard would say so."""
        self.make_ready(simulator, simulator.account.held)
        simulator.account.truth.entries.clear()
        return [target_of(mail) for mail in simulator.account.held if mail.sender != IMPOSTOR][:count]

    # ---- what the account knows

    def truth(self, simulator: Simulator) -> list[dict[str, Any]]:
        """The account's lines about requests for this effect, one for each message."""
        asked = simulator.account.truth.of(self.endpoint)
        return [entry for entry in asked if entry.get("destination") == self.effect.destination]

    def came(self, simulator: Simulator) -> Counter[str]:
        """How often each message came to the account, and was looked at."""
        return Counter(entry["id"] for entry in self.truth(simulator) if entry["outcome"] != "refused")

    def done_to(self, simulator: Simulator) -> Counter[str]:
        """How often it was done to each message."""
        return Counter(entry["id"] for entry in self.truth(simulator) if entry["outcome"] == self.done)


def target_of(mail: Mail) -> Target:
    """A message as a search shows it now."""
    return Target.of(Message.from_wire(mail.wire("new")))


RELEASE: Final = Trial(
    TO_RELEASE,
    "released",
    frozenset({Outcome.DELIVERED, Outcome.PARTLY, Outcome.UNDELIVERED, Outcome.RELEASED}),
    (("delivered", "delivered"), ("undelivered", "undelivered"), ("failed", "failed")),
    Outcome.NOT_SEEN,
    Outcome.RELEASED,
)


def _move(destination: Destination, before: Destination | None = None) -> Trial:
    return Trial(
        Effect.move(destination),
        "moved",
        frozenset({Outcome.MOVED, Outcome.PARTLY_MOVED, Outcome.SEEN_MOVED}),
        (("moved", "moved"), ("already_there", "already"), ("failed", "failed")),
        Outcome.NOT_SEEN_MOVED,
        Outcome.SEEN_MOVED,
        before,
    )


TO_JUNK: Final = _move(Destination.JUNK)
BACK_TO_INBOX: Final = _move(Destination.INBOX, Destination.JUNK)
MOVES: Final = (TO_JUNK, BACK_TO_INBOX)
TRIALS: Final = (RELEASE, *MOVES)
