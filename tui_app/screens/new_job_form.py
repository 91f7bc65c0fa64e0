"""The fields of the form of a new job, and the job that they describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Collapsible, Input, Static

from tui_app.api.enums import ActionType, DeliveryStatus, Destination, Disposition
from tui_app.api.search import SearchParams
from tui_app.core.clock import parse_window, rfc3339
from tui_app.core.errors import GuardError
from tui_app.core.text import visible
from tui_app.jobs.new_job import DEFAULT_AGE, TEXT_FIELDS, NewJob
from tui_app.plans.effect import CONSEQUENCES
from tui_app.widgets.inputs import CycleSelect, LineInput
from tui_app.widgets.redaction import redaction_of
from tui_app.widgets.text_lines import TextBlock

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.widget import Widget

_MAIN_TEXTS: Final = (
    ("sender", "sender", "address or domain"),
    ("recipient", "recipient", "address or domain"),
    ("subject", "subject", "words, any order"),
    ("start", "start", f"24h, 7d, 2026-11-20T14:00Z; empty: {DEFAULT_AGE} before the end"),
    ("end", "end", "now"),
)
_MORE_TEXTS: Final = (
    ("query", "query", "words anywhere"),
    ("exact_subject", "exact subject", "the whole subject"),
    ("domain", "domain", "of sender, recipient, link"),
    ("message_id", "Message-ID", ""),
    ("alert_id", "alert id", ""),
    ("metric", "metric", ""),
    ("smtp_helo_ip", "helo ip", ""),
)
_MESSAGE_ACTIONS: Final = ("PREVIEW", "QUARANTINE_RELEASED", "MOVED")
_DESTINATIONS: Final = (
    Destination.JUNK,
    *(destination for destination in Destination if destination is not Destination.JUNK),
)
EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys((*TEXT_FIELDS, "end", "comment"), ""),
    "start": DEFAULT_AGE,
    "action": ActionType.MOVE,
    "destination": Destination.JUNK,
    "all_mail": False,
    "exactly": False,
    **dict.fromkeys(("final_disposition", "delivery_status", "message_action")),
    "submissions": False,
}
"""What a form holds that nobody has filled, by field."""
_FOLDED: Final = (
    *(name for name, _, _ in _MORE_TEXTS),
    "final_disposition",
    "delivery_status",
    "message_action",
    "submissions",
)
_OF_THE_ANSWER: Final = frozenset({"exactly", "comment"})
"""What changes nothing of what the search finds."""


@dataclass
class Draft:
    """What a form holds, for when it is opened again."""

    values: dict[str, Any] = field(default_factory=dict)
    """By field; empty for a form that nobody has filled."""


def values_of(new: NewJob) -> dict[str, Any]:
    """What a form holds for this job. Raises GuardError where it can't be typed as it is."""
    params = new.params
    values: dict[str, Any] = {name: getattr(params, name) or "" for name in TEXT_FIELDS}
    for name, text in values.items():
        if visible(" ".join(text.split())) != text:
            raise GuardError(
                f"The job's {name.replace('_', ' ')} has characters that can't be typed here. On the command line: "
                "mailsluice create --like and its id."
            )
    if params.message_action not in (None, *_MESSAGE_ACTIONS):
        raise GuardError("The job's search has an action done before that is not known here.")
    return {
        **values,
        "start": rfc3339(params.start) if params.start else DEFAULT_AGE,
        "end": rfc3339(params.end) if params.end else "",
        "comment": visible(" ".join(new.comment.split())),
        "action": new.action,
        "destination": new.destination or Destination.JUNK,
        "all_mail": not params.detections_only,
        "exactly": False,
        "final_disposition": params.final_disposition,
        "delivery_status": params.delivery_status,
        "message_action": params.message_action,
        "submissions": params.submissions,
    }


def _row(label: str, field: Widget) -> Horizontal:
    return Horizontal(Static(label, classes="label", markup=False), field, classes="field")


def _text_row(name: str, label: str, hint: str) -> Horizontal:
    return _row(label, LineInput(placeholder=hint, id=name, compact=True))


class NewJobForm(VerticalScroll):
    """All fields, the rarer ones folded, and the block in which the preview is told."""

    def compose(self) -> ComposeResult:
        """The fields, from the action to the comment."""
        yield _row(
            "action",
            CycleSelect([(ActionType.MOVE, "move"), (ActionType.RELEASE, "release from quarantine")], id="action"),
        )
        yield _row(
            "destination",
            CycleSelect([(d, f"{d.label}: {CONSEQUENCES[d]}") for d in _DESTINATIONS], id="destination"),
        )
        yield from (_text_row(*row) for row in _MAIN_TEXTS)
        mail = ((False, "detections only"), (True, "all mail, detections or not"))
        yield _row("mail", CycleSelect(mail, id="all_mail"))
        yield _text_row("comment", "comment", "why, for the record; kept with the job")
        on = ((False, "the search: whatever matches when it runs"), (True, "exactly these: what was counted, by id"))
        yield _row("acts on", CycleSelect(on, id="exactly"))
        yield Collapsible(*self._rarer(), title="more fields", id="more")
        yield TextBlock(id="preview")

    def _rarer(self) -> Iterable[Widget]:
        yield from (_text_row(*row) for row in _MORE_TEXTS)
        verdicts = [(None, "any"), *((d, d.value) for d in Disposition)]
        yield _row("verdict", CycleSelect(verdicts, id="final_disposition"))
        delivery = [(None, "any"), *((d, d.value) for d in DeliveryStatus)]
        yield _row("delivery", CycleSelect(delivery, id="delivery_status"))
        done = [(None, "anything"), *((name, name) for name in _MESSAGE_ACTIONS)]
        yield _row("done before", CycleSelect(done, id="message_action"))
        yield _row("search in", CycleSelect([(False, "mail"), (True, "submissions")], id="submissions"))

    # ---- the values

    @property
    def values(self) -> dict[str, Any]:
        """Everything typed and chosen, by field."""
        return {
            **{str(box.id): box.value for box in self.query(Input)},
            **{str(choice.id): choice.value for choice in self.query(CycleSelect)},
        }

    @property
    def searched(self) -> dict[str, Any]:
        """The values on which it depends what is counted."""
        return {name: value for name, value in self.values.items() if name not in _OF_THE_ANSWER}

    @property
    def comment(self) -> str:
        """Why."""
        return self._text("comment") or ""

    @property
    def wants_exactly(self) -> bool:
        """Whether the messages that were counted are wanted, and not the search."""
        return bool(self._chosen("exactly"))

    def fill(self, values: Mapping[str, Any]) -> None:
        """Take over values by field; fields that are not named are emptied."""
        wanted = {**EMPTY, **values}
        for box in self.query(Input):
            box.value = wanted[str(box.id)]
            # What others wrote is not put on a screen that is shared.
            box.password = bool(values) and redaction_of(self).on
        for choice in self.query(CycleSelect):
            choice.choose(wanted[str(choice.id)])
        self.query_one("#more", Collapsible).collapsed = all(
            wanted[name] == EMPTY[name]
            or (wanted["action"] is ActionType.RELEASE and wanted[name] is DeliveryStatus.QUARANTINED)
            for name in _FOLDED
        )
        self.fix_release()

    def fix_release(self) -> None:
        """Fix what a release does not let you choose: no destination, only held mail."""
        releasing = self._chosen("action") is ActionType.RELEASE
        self.query_one("#destination", CycleSelect).disabled = releasing
        delivery = self.query_one("#delivery_status", CycleSelect)
        delivery.disabled = releasing
        if releasing and delivery.value is not DeliveryStatus.QUARANTINED:
            delivery.choose(DeliveryStatus.QUARANTINED)

    def _text(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None

    def _chosen(self, name: str) -> Any:
        return self.query_one(f"#{name}", CycleSelect).value

    def asked_for(self, now: datetime) -> NewJob:
        """The job that the form describes. Raises ValueError or SluiceError with a sentence for the operator."""
        start, end = parse_window(self._text("start"), self._text("end"), now, default_start=DEFAULT_AGE)
        action = self._chosen("action")
        params = SearchParams(
            start=start,
            end=end,
            detections_only=not self._chosen("all_mail"),
            final_disposition=self._chosen("final_disposition"),
            delivery_status=self._chosen("delivery_status"),
            message_action=self._chosen("message_action"),
            submissions=self._chosen("submissions"),
            **{name: self._text(name) for name in TEXT_FIELDS},
        )
        destination = self._chosen("destination") if action is ActionType.MOVE else None
        return NewJob(action=action, params=params, destination=destination, comment=self.comment).checked(now)
