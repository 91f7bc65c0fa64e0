"""Changes of a new job: what is told, or stored, in the place of what was asked."""

from collections.abc import Callable
from typing import Final

from tui_app.simulator.faults.plan import Fault
from tui_app.simulator.mail import Wire

_ELSEWHERE: Final = "elsewhere.example"
_NARROWING: Final = (
    "delivery_status",
    "final_disposition",
    "message_action",
    "sender",
    "recipient",
    "domain",
    "subject",
    "exact_subject",
    "query",
    "message_id",
    "alert_id",
    "smtp_helo_ip",
    "metric",
    "start",
    "end",
)
"""Search fields without which a job is about more; the first that was sent goes missing."""
_WORDS: Final = ("sender", "recipient", "domain", "subject", "exact_subject", "query", "message_id", "alert_id")


def _sent(body: Wire, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if body["search_params"].get(name) is not None), None)


def _with_search(body: Wire, **fields: object) -> Wire:
    return {**body, "search_params": {**body["search_params"], **fields}}


def _action(body: Wire) -> Wire:
    if body["action"] == "MOVE":
        return {**body, "action": "RELEASE", "destination": None}
    return {**body, "action": "MOVE", "destination": "JunkEmail"}


def _destination(body: Wire) -> Wire:
    if body["action"] != "MOVE":
        return body
    return {**body, "destination": "JunkEmail" if body["destination"] == "Inbox" else "Inbox"}


def _comment(body: Wire) -> Wire:
    return {**body, "comment": "the comment of somebody else"}


def _fewer(body: Wire) -> Wire:
    gone = _sent(body, _NARROWING)
    kept = {name: value for name, value in body["search_params"].items() if name != gone}
    return {**body, "search_params": kept}


def _other(body: Wire) -> Wire:
    name = _sent(body, _WORDS)
    return body if name is None else _with_search(body, **{name: _ELSEWHERE})


def _more(body: Wire) -> Wire:
    name = next((name for name in _WORDS if body["search_params"].get(name) is None), None)
    return body if name is None else _with_search(body, **{name: _ELSEWHERE})


_CHANGES: Final[tuple[Callable[[Wire], Wire], ...]] = (_action, _destination, _comment, _fewer, _other, _more)


def another(body: object, fault: Fault) -> object:
    """The body of a new job with one thing changed; one that is no body, and will be refused, stays as it is.

    A change that does not fit, such as the destination of a release, is replaced by one of the action.
    """
    if not isinstance(body, dict) or not isinstance(body.get("search_params"), dict):
        return body
    if body.get("action") not in ("MOVE", "RELEASE") or (body["action"] == "MOVE" and "destination" not in body):
        return body
    if fault.value:
        made = _CHANGES[fault.value - 1](body)
        return _action(body) if made == body else made
    fitting = [made for change in _CHANGES if (made := change(body)) != body]
    return fitting[fault.seed % len(fitting)]


def echo(job: Wire, fault: Fault) -> Wire:
    """The job object as it would be, had another thing been asked."""
    params = job["action_params"]
    asked: Wire = {
        "action": job["action_type"],
        "destination": params.get("destination"),
        "comment": job["comment"],
        "search_params": job["search_params"],
    }
    told = another(asked, fault)
    assert isinstance(told, dict)
    place = {} if told["destination"] is None else {"destination": told["destination"]}
    return {
        **job,
        "action_type": told["action"],
        "action_params": {"type": told["action"], **place},
        "comment": told["comment"],
        "search_params": told["search_params"],
    }
