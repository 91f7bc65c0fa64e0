"""Events: what others do to the account while a client works with it."""

from datetime import timedelta
from typing import Final

from tui_app.simulator.account import Account
from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.mail import Mail, stable_hash

_TENTH: Final = 10
_OLD: Final = timedelta(days=3)


class Events:
    """Does to an account what a fault says; the same once more changes nothing."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._turned: set[int] = set()
        self._told: set[int] = set()
        self._pairs = 0
        self._named_alike = 0

    def happen(self, fault: Fault, path: str) -> None:
        """Let it happen, at a request for that path."""
        match fault.kind.name:
            case "verdict_turns":
                self._turn(fault.value)
            case "verdict_turns_in":
                self._turn(_TENTH, timedelta(seconds=fault.value))
            case "shared_postfix":
                self._share(fault.value)
            case "shared_message_id":
                self._share_message_ids(fault.value)
            case "job_cancelled" | "job_deleted":
                job_id = path.partition("/bulk/")[2].partition("/")[0]
                self._account.job_by_other(job_id, deleted=fault.kind.name == "job_deleted")
            case "old_release":
                self._tell_release(fault.value, gone=False)
            case "old_release_gone":
                self._tell_release(fault.value, gone=True)

    def _turn(self, share: int, later: timedelta | None = None) -> None:
        # Those that have turned count, so that a share stays the same share.
        mails = [mail for mail in self._account.held if mail.disposition != "MALICIOUS" or mail.number in self._turned]
        chosen = [mail for mail in self._some(mails, share) if mail.quarantined and mail.number not in self._turned]
        self._turned |= {mail.number for mail in chosen}
        at = None if later is None else self._account.clock() + later
        self._account.turn_verdict([mail.investigate_id for mail in chosen], "MALICIOUS", at=at)

    def _share(self, pairs: int) -> None:
        while self._pairs < pairs:
            held = [mail for mail in self._account.held if mail.quarantined and not self._account.shares(mail)]
            first, second = (
                next((mail for mail in held if mail.disposition == verdict), None) for verdict in ("BULK", "MALICIOUS")
            )
            if first is None or second is None:
                return
            self._account.share_postfix(first.investigate_id, second.investigate_id)
            self._pairs += 1

    def _share_message_ids(self, pairs: int) -> None:
        mails = self._account.campaign
        while self._named_alike < min(pairs, len(mails) // 2):
            first, second = mails[2 * self._named_alike : 2 * self._named_alike + 2]
            self._account.share_message_id(first.investigate_id, second.investigate_id)
            self._named_alike += 1

    def _tell_release(self, share: int, *, gone: bool) -> None:
        chosen = [mail for mail in self._some(self._account.held, share) if mail.number not in self._told]
        chosen = [mail for mail in chosen if mail.quarantined]
        self._told |= {mail.number for mail in chosen}
        self._account.backdate_release([mail.investigate_id for mail in chosen], _OLD, gone=gone)

    def _some(self, mails: list[Mail], share: int) -> list[Mail]:
        """So many percent of them, at least one, always the same."""
        drawn = sorted(mails, key=lambda mail: stable_hash(self._account.seed, mail.number, 31))
        return drawn[: -(-len(drawn) * share // 100)]
