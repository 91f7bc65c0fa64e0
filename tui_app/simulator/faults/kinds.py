"""The kinds of faults: what each does to a request or to its answer."""

from dataclasses import dataclass
from typing import Final, Literal

_SEARCH: Final = frozenset({"search"})
_RELEASE: Final = frozenset({"release"})
_CREATE: Final = frozenset({"create_job"})
_MOVE: Final = frozenset({"move", "move_message"})
_SUBMIT: Final = frozenset({"submit"})
_ACTIONS: Final = _RELEASE | _MOVE | _SUBMIT
_NUMBERED: Final = frozenset({"jobs", "job_messages"})
_ONE_JOB: Final = frozenset({"job", "cancel_job", "delete_job"})
_OPEN_JOB: Final = _ONE_JOB | {"job_messages"}
_ALL_JOBS: Final = frozenset({"jobs", "job", "job_messages"})
_ONE_MAIL: Final = frozenset({"message", "action_log", "detections", "raw", "trace"})
_FILTERED: Final = frozenset({"search", "jobs", "job_messages"})
_LISTS: Final = frozenset({"search", "jobs", "job_messages", "action_log", "accounts", "submissions"})


@dataclass(frozen=True, slots=True)
class Amount:
    """The range of the value of a kind, and its default."""

    default: int
    low: int
    high: int


_TENTH: Final = Amount(10, 1, 100)
_ALL: Final = Amount(100, 1, 100)
_ONE: Final = Amount(1, 1, 1000)
_MINUTE: Final = Amount(60, 0, 10**6)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    says: str
    """What it does, as one line of help."""
    amount: Amount | None = None
    endpoints: frozenset[str] | None = None
    """The endpoints where it makes sense; None is all of them."""
    processed: bool = True
    """Whether the account acts on the request."""
    ends_badly: bool = False
    """Whether `any` may choose it."""
    shapes: Literal["latency", "pace"] | None = None
    """What it changes in sending, if it does not change the answer."""
    happens: Literal["before", "after"] | None = None
    """When it changes the account, if it changes nothing of the request: before the request is read, or afterwards."""


def _bad(name: str, says: str, amount: Amount | None = None) -> Kind:
    return Kind(name, says, amount, ends_badly=True)


def _undone(name: str, says: str, amount: Amount | None = None) -> Kind:
    return Kind(name, f"{says}; not processed", amount, processed=False, ends_badly=True)


_WILD = (
    Kind("none", "no fault: the rules after it are not used for its endpoint"),
    Kind("any", "one of the kinds after which a request fails, by the seed"),
)
_TRANSPORT = (
    _undone("close_on_accept", "closes before a byte is read (with @: after the head)"),
    _undone("reset_on_accept", "resets before a byte is read (with @: after the head)"),
    _undone("close_after_headers", "closes once the head of the request is read"),
    _undone("close_before", "reads the whole request and closes"),
    _bad("close_after", "processes the request and closes without an answer"),
    _undone("reset_before", "reads the whole request and resets the connection"),
    _bad("reset_after", "processes the request and resets the connection"),
    _undone("stall_before", "reads the whole request and never answers"),
    _bad("stall_after", "processes the request and never answers"),
    _bad("body_stall", "sends the head and half of the body, then nothing more"),
    _bad("garbage_status", "answers with bytes that are not HTTP"),
    _bad("cut_headers", "closes in the middle of the answer's head"),
    _bad("short_body", "announces the whole body, sends half of it and closes"),
    _bad("huge_headers", "answers with 300 KB of headers"),
    Kind("many_headers", "answers with VALUE more headers (2000)", Amount(2000, 1, 100_000)),
    _bad("bad_gzip", "announces gzip and sends other bytes"),
    _bad("bomb", "puts VALUE MB (400) of white space before the answer, as gzip", Amount(400, 1, 100_000)),
    _bad("endless", "answers with white space until the client closes"),
)
_SHAPES = (
    Kind("latency", "waits VALUE ms (1000) before the answer", Amount(1000, 0, 600_000), shapes="latency"),
    Kind("bandwidth", "sends VALUE KB a second (64)", Amount(64, 1, 1_000_000), shapes="pace"),
    Kind("slicer", "sends VALUE bytes (7) at a time", Amount(7, 1, 1_000_000), shapes="pace"),
    Kind("drip", "sends one byte every VALUE ms (300)", Amount(300, 1, 600_000), shapes="pace"),
)
_HTTP = (
    _undone("status", "answers VALUE (500) with an error", Amount(500, 300, 599)),
    _bad("status_after", "processes, then answers VALUE (500) with an error", Amount(500, 300, 599)),
    _undone("html_502", "answers 502 with a page of HTML"),
    _bad("html_after", "processes, then answers VALUE (404) with a page of HTML", Amount(404, 300, 599)),
    _bad("html_200", "processes, then answers 200 with a page of HTML"),
    _bad("bad_utf8", "answers with JSON that is not UTF-8"),
    _bad("empty_200", "answers 200 with no body"),
    Kind("wrong_type", "answers with the right JSON as text/plain"),
    _bad("wrong_envelope", 'processes, then answers {"ok": true}'),
    _bad("not_success", "processes, then answers 200 with success false"),
    _bad("null_result", "answers with result null"),
    _bad("wrong_shape", "answers with a list of numbers as the result"),
    _bad("deep_json", "answers with 100,000 nested arrays as the result"),
    _bad("nan_json", "answers with NaN for the first numbers"),
    _bad("big_int", "answers with 5,000 digits for the first numbers"),
    Kind("surrogate", "puts a lone surrogate into each subject and comment"),
    Kind("duplicate_keys", "sends every key twice, first with null"),
    _undone("redirect", "sends the client to another host with VALUE (307)", Amount(307, 301, 308)),
    _undone("rate_limit", "answers 429 with retry-after VALUE (1)", Amount(1, 0, 10**9)),
    _undone("rate_limit_bare", "answers 429 without retry-after"),
    _undone("rate_limit_odd", "answers 429 with an invalid retry-after"),
    Kind("quota_gone", "adds headers that say that no request is left"),
    _undone("unavailable", "answers 503 with retry-after VALUE (1)", Amount(1, 0, 10**9)),
)
_MEANING = (
    Kind("slow_search", "answers 202 and a URL to poll, ready at poll VALUE (2)", Amount(2, 1, 1000), _SEARCH),
    Kind("slow_search_elsewhere", "answers 202 and a URL to poll on another host", None, _SEARCH),
    Kind("page_shift", "lets rows move down by one between pages", None, _NUMBERED),
    Kind("past_end_400", "answers 400 where a page past the end would be empty", None, _LISTS),
    Kind("ignored_page", "always answers with the first page", None, _LISTS),
    Kind("capped_pages", "gives VALUE rows (50) a page at most, and says nothing of it", Amount(50, 1, 1000), _LISTS),
    Kind(
        "endless_cursor",
        "gives a cursor at the end, too, and empty pages: 1 the same, VALUE (2) a fresh one",
        Amount(2, 1, 2),
        _SEARCH,
    ),
    Kind("poison_row", "gives the first row of a list a subject or comment of 100,001 brackets", None, _LISTS),
    Kind("unreadable_row", "puts a row that is only a number before the others", None, _LISTS),
    Kind("numbers_as_text", "writes each number as VALUE (1): 1 text, 2 with a decimal point", Amount(1, 1, 2)),
    Kind("odd_numbers", "writes words in place of each number"),
    Kind("missing_ids", "leaves every second id out of the answer", None, _RELEASE | _SUBMIT),
    Kind("partial", "gives recipients of one request different outcomes", None, _ACTIONS),
    Kind("null_lists", "sends null for each list in the result"),
    Kind("unknown_enum", "sends undocumented states and dispositions"),
    Kind("extra_fields", "adds a field to each object"),
    Kind("missing_deprecated", "leaves out fields that are past their end of life"),
    Kind("deprecation_headers", "adds Deprecation and Sunset headers"),
)
# Answers that are good in form and say another thing than was asked or done. A value chooses what; 0 leaves it to the seed.
_UNTRUE = (
    Kind("wrong_id", "answers about another job or message than was asked for", None, _ONE_JOB | _ONE_MAIL),
    Kind("echo_changed", "does as asked, but tells another VALUE of the job (below)", Amount(0, 0, 6), _CREATE),
    Kind("stored_changed", "does, and tells, another VALUE of the job (below)", Amount(0, 0, 6), _CREATE),
    Kind("extra_items", "tells more of a release than was asked, by VALUE (below)", Amount(0, 0, 4), _RELEASE),
    Kind("move_answers", "tells a move otherwise than it was asked or done, by VALUE (below)", Amount(0, 0, 11), _MOVE),
    Kind("stale_jobs", "tells jobs and rows as they were VALUE s (30) ago", Amount(30, 1, 10**6), _ALL_JOBS),
    Kind(
        "wrong_rows", "adds up to three rows that the filter leaves out, by VALUE (below)", Amount(0, 0, 3), _FILTERED
    ),
)
# What others do to the account meanwhile. These go along with any other fault of the same request.
_EVENTS = (
    Kind("verdict_turns", "once answered, VALUE % (10) of the held mail turns MALICIOUS", _TENTH, happens="after"),
    Kind("verdict_turns_in", "a tenth of the held mail turns MALICIOUS VALUE s (60) later", _MINUTE, happens="after"),
    Kind(
        "shared_postfix", "VALUE pairs (1) of held mail, BULK and MALICIOUS, share a postfix id", _ONE, happens="before"
    ),
    Kind(
        "shared_message_id",
        "VALUE pairs (1) of delivered mail share a Message-ID and a recipient",
        _ONE,
        happens="before",
    ),
    Kind("job_cancelled", "somebody else cancels the job first, if it runs", None, _OPEN_JOB, happens="before"),
    Kind("job_deleted", "somebody else ends and deletes the job first", None, _OPEN_JOB, happens="before"),
    Kind("old_release", "VALUE % (100) of the held mail tells of a release 3 days ago", _ALL, happens="before"),
    Kind("old_release_gone", "the same, and that mail is held no more", _ALL, happens="before"),
)
KINDS: Final = {kind.name: kind for kind in (*_WILD, *_TRANSPORT, *_SHAPES, *_HTTP, *_MEANING, *_UNTRUE, *_EVENTS)}
"""All kinds by name."""
VALUES: Final = {
    "echo_changed, stored_changed": (
        "action", "destination", "comment", "a search field is missing", "a search field is another",
        "a search field more",
    ),
    "extra_items": (
        "an item nobody asked for", "a recipient that the message does not have", "an item with another id",
        "success beside errors",
    ),
    "move_answers": (
        "an item for a recipient nobody asked for", "an item for a message nobody asked for", "an item is missing",
        "a copy is told twice, with two outcomes", "another destination", "no message_id", "no recipient",
        "the recipient in other letters", "success beside FAILED", "another order", "no status",
    ),
    "wrong_rows": ("another status", "another sender", "not held"),
}  # fmt: skip
"""What the values of some kinds mean, from 1; 0 is any of them, by the seed."""
