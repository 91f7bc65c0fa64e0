"""Mail of the simulated campaign that comes and goes while somebody looks."""

from datetime import timedelta

from tui_app.simulator.mail import Mail, queue_id
from tui_app.simulator.server import Simulator


def arrives(simulator: Simulator, count: int) -> list[Mail]:
    """So much more mail of the campaign, of the time and verdict of its first detection."""
    first = next(mail for mail in simulator.account.campaign if mail.is_detection)
    mails = [
        Mail(
            77_000_000 + number, queue_id(77, number), first.sender, first.sender_name, (f"late{number}@acme.example",),
            first.subject, first.scanned_at, first.disposition,
        )
        for number in range(count)
    ]  # fmt: skip
    for mail in mails:
        simulator.account.arrive(mail)
    return mails


def leaves(simulator: Simulator, count: int) -> None:
    """So many of the campaign's detections are found no more."""
    for mail in [mail for mail in simulator.account.campaign if mail.is_detection][:count]:
        _gone(mail)


def only(simulator: Simulator, count: int) -> list[Mail]:
    """So many of the campaign's detections; nothing else of it is found any more."""
    chosen = [mail for mail in simulator.account.campaign if mail.is_detection][:count]
    for mail in simulator.account.campaign:
        if mail not in chosen:
            _gone(mail)
    return chosen


def _gone(mail: Mail) -> None:
    # The account keeps the mail of its jobs: what is older than all searches is found by none.
    mail.scanned_at -= timedelta(days=80)
