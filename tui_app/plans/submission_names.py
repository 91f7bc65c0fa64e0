"""Whether the names under which a message would be reported are its own: they are as the server told them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.core.id_form import IdKind, could_name_a_message, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui_app.api.submission import SubmittedMail

FOREIGN_ALERT_ID: Final = "its alert id is another mail's"
FOREIGN_NAMES: Final = "its Message-ID or postfix id is another mail's"


def foreign(
    mails: Iterable[SubmittedMail], ids: Mapping[str, Iterable[str]], reported: Iterable[SubmittedMail]
) -> dict[str, str]:
    """Which of these would be reported under the name of another mail, by their ids in the plan, and why.

    `ids` = all ids of each that are known for sure, `reported` = what was reported before. A name that two bear is that of
    the one whose id it agrees with; where that is none or both of them, nobody knows whose it is.
    """
    why: dict[str, str] = {}
    bearers: dict[str, dict[str, bool]] = {}
    for mail in reported:
        for name in _names(mail):
            bearers.setdefault(name.casefold(), {})[mail.id] = False
    left = []
    for mail in mails:
        said = {name: agrees_with(name, ids.get(mail.id, ())) for name in _names(mail)}
        if False in said.values():
            why[mail.id] = _reason(mail)
            continue
        left.append(mail)
        for name, agrees in said.items():
            bearers.setdefault(name.casefold(), {})[mail.id] = agrees is True
    for mail in left:
        for name in _names(mail):
            sure = [each for each, agrees in bearers[name.casefold()].items() if agrees]
            if len(bearers[name.casefold()]) > 1 and sure != [mail.id]:
                why[mail.id] = _reason(mail)
    return why


def _reason(mail: SubmittedMail) -> str:
    return FOREIGN_ALERT_ID if mail.alert_id else FOREIGN_NAMES


def _names(mail: SubmittedMail) -> tuple[str, ...]:
    """What the API is told of a message."""
    message_id = mail.message_id.strip().strip("<>")
    return tuple(filter(None, (mail.alert_id.strip(), mail.postfix_id.strip(), message_id and f"<{message_id}>")))


def agrees_with(name: str, ids: Iterable[str]) -> bool | None:
    """Whether a name fits the ids of a message; None when they can't be compared."""
    queue, moment = _parts(name)
    told: bool | None = None
    for each in ids:
        own_queue, own_moment = _parts(each)
        if queue and own_queue:
            if queue != own_queue or (moment and own_moment and moment != own_moment):
                return False
            told = True
    return told


def _parts(name: str) -> tuple[str, str]:
    """The postfix id and the time with which an investigate id and an alert id begin; empty for other forms."""
    kind = kind_of(name)
    if kind in (IdKind.INVESTIGATE, IdKind.ALERT):
        queue, _, rest = name.partition("-")
        return queue, rest.rpartition("-")[0] if kind is IdKind.INVESTIGATE else rest
    return (name, "") if could_name_a_message(name) else ("", "")
