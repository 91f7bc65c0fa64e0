"""Why rows fail: causes are recognised by rules, and what differs from row to row makes no other reason."""

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.rows.test_store import row
from tui_app.core.text import sanitize
from tui_app.jobs.failures import KNOWN_CAUSES, OTHER, cause_of, describe_cause, has_reason, normalised


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("throttled", ("Throttled by the mail provider (HTTP 429 from Graph)", "Too many requests", "ErrorServerBusy", "rate limit exceeded")),
        ("no-mailbox", ("Mailbox not found for recipient", "No such user ana@acme.example", "User 'ana' is not licensed", "ErrorNonExistentMailbox",
                        "Mailbox for ana@acme.example no longer exists", "Message failed: mailbox not found", "MAILBOX NOT FOUND.")),
        ("gone", ("The message is no longer in the mailbox: moved or deleted by the user", "Message not found in mailbox", "ErrorItemNotFound",
                  "Message 12 not found in the mailbox of ana@acme.example", "The mail was already deleted")),
        ("already-there", ("Already in the destination folder", "Message already moved to Junk", "already released")),
        ("not-held", ("Message is not in quarantine", "The message is no longer in quarantine", "not currently quarantined")),
        ("held", ("Message is held in quarantine", "Cannot move a quarantined message")),
        ("submission", ("Phish submission, not actionable",)),
        ("no-permission", ("The mailbox integration lost its authorisation; reconnect Microsoft 365", "Access denied", "HTTP 403", "invalid_grant")),
        ("trouble", ("Request timed out after 30 s", "HTTP 503 Service Unavailable", "Temporary failure", "Internal server error (500)")),
        ("no-reason", ("", " \n")),
        ("no-words", ("12345", '""', "\u202e")),
        ("other", ("Policy forbids this", "HTTP 404", "Batch 503 of 7", 'The rule "mailbox not found" stopped it')),
    ],
)  # fmt: skip
def test_a_cause_is_recognised(name: str, messages: tuple[str, ...]) -> None:
    assert {message: cause_of(message).name for message in messages} == dict.fromkeys(messages, name)


def test_every_known_cause_is_recognised_by_its_own_label_and_says_what_to_do() -> None:
    for cause in KNOWN_CAUSES:
        assert cause_of(cause.label) is cause
        assert cause.advice
        assert cause.helps is (not cause.word), "what can't be helped has a word that includes it all the same"
    assert len({cause.label for cause in KNOWN_CAUSES}) == len(KNOWN_CAUSES)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("User deleted the message", "gone"),
        ("The mailbox was deleted", "no-mailbox"),
        ("Destination folder not found in the mailbox", OTHER),
        ("Mailbox folder not found", OTHER),
        ("Message is missing permission", "no-permission"),
        ("No mailbox permission", "no-permission"),
        ("Operation already in progress", OTHER),
        ("Mailbox quota exceeded", OTHER),
        ("Held in the queue", OTHER),
        ("Failed to release from quarantine: server error", "trouble"),
        ("Message format no longer supported", OTHER),
    ],
)
def test_a_rule_takes_no_more_than_it_means(message: str, name: str) -> None:
    assert cause_of(message).name == name


def test_words_in_quotation_marks_are_not_the_reason_unless_there_are_no_others() -> None:
    assert cause_of('Refused: "mailbox not found" is in the subject').name == OTHER
    assert cause_of('{"error":{"code":"ErrorItemNotFound"}}').name == "gone"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Timed out moving message a/objectnotfound/b@evil.example", "trouble"),
        ("Failed for a/objectnotfound/b@evil.example", OTHER),
        ('Failed for "x"a/objectnotfound/b@evil.example', OTHER),
        ("Time-out: “Bob” message not found “x”", "trouble"),
        ("Time-out for <a> message not found <b@evil>", "trouble"),
        ("Timed out moving mail Invoice: message not found", "trouble"),
        ("HTTP 429 for message: mailbox not found", "throttled"),
        ("Message not found: temporary failure", "trouble"),
        ("Failed: “Bob” message not found “x”", OTHER),
        ('Failed: "Bob" message not found "x"', OTHER),
        ("Failed on 'Bob' message not found", "gone"),
        ("Failed on 'Bob' message not found 'x'", OTHER),
        ('Failed on "Bob" message not found', "gone"),
        ('Failed on "5" message not found"', OTHER),
        ("Failed on “Bob “x” message not found “y””", OTHER),
        ("Failed on <a> message not found>", OTHER),
        ("Failed on <a> message not found <b>", OTHER),
        ("Failed on “a” message not found “b", OTHER),
        ('moving message "a" not found in "b"', OTHER),
        ('message "a" not found', "gone"),
        ("Ana’s mailbox doesn’t exist", "no-mailbox"),
        ("Inbox -> Junk: message not found", "gone"),
        ("550 5.1.1 mailbox not found", "no-mailbox"),
        ("SMTP error 550 5.1.1 mailbox not found", "no-mailbox"),
    ],
)
def test_no_words_of_a_mail_make_a_row_hopeless(message: str, name: str) -> None:
    assert cause_of(message).name == name


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Mailbox not found", "mailbox not found"),
        ("No such user ana@acme.example", "mailbox not found: no such user"),
        (
            "Failed on 'Bob': message not found \u202e4711",
            "the message is no longer there: failed on …: message not found",
        ),
        (f"Message not found {'x' * 200}", "the message is no longer there: message not found xxx"),
    ],
)
def test_a_label_has_the_row_s_own_words_beside_it(message: str, told: str) -> None:
    assert describe_cause(message).startswith(told)
    assert len(describe_cause(message)) < 120


HOPELESS = [cause.label for cause in KNOWN_CAUSES if not cause.helps] + [
    "objectnotfound",
    "no such user",
    "already deleted",
]


@given(
    subject=st.lists(st.sampled_from([*HOPELESS, *"\"'“”‘’«»`<>", " ", "Invoice", "…"]), max_size=8).map(" ".join),
    quotes=st.sampled_from(['""', "“”", "‘’", "«»", "``", "<>"]),
    reason=st.sampled_from(
        ["Policy forbids {}", "Policy forbids {} here", "Timed out moving {}", "{}: temporary failure"]
    ),
)
def test_whatever_a_quoted_subject_holds_the_row_may_be_tried_again(subject: str, quotes: str, reason: str) -> None:
    quoted = f"{quotes[0]}{subject}{quotes[1]}"
    cause = cause_of(reason.format(quoted))
    assert cause.helps
    assert cause.label not in HOPELESS


words = st.text(string.ascii_letters, min_size=1, max_size=8).map(lambda word: f"q{word}x")
varying = st.one_of(
    st.integers(0, 10**12).map(str),
    st.integers(400, 599).map(str),
    st.uuids().map(str),
    st.datetimes().map(lambda at: at.isoformat()),
    st.times().map(lambda at: f"{at:%H:%M}"),
    st.builds("{}{}@{}.example".format, words, st.integers(0, 99), words),
    st.text(string.ascii_letters + " ", max_size=12).map(lambda text: f'"{text}"'),
)


@given(
    st.lists(words, min_size=2, max_size=5),
    varying,
    varying,
    st.integers(0, 4),
    st.sampled_from(["", ".", "!", " ", ";"]),
)
def test_the_same_reason_of_other_numbers_addresses_and_letters_is_the_same(
    parts: list[str], one: str, other: str, place: int, end: str
) -> None:
    first, second = ([*parts[:place], value, *parts[place:]] for value in (one, other))
    assert normalised(" ".join(first)) == normalised("  ".join(second).upper() + end)
    assert cause_of(" ".join(first)) == cause_of(" ".join(second) + end)


@given(st.one_of(st.text(), st.text(st.sampled_from("a1 '\"…“”<>()[]:.@-\u202e\x1b\u0301é"))))
@example("İ" * 300)
@example("1'x' \"b")
def test_normalising_twice_changes_nothing_and_the_result_is_safe(message: str) -> None:
    once = normalised(message)
    assert normalised(once) == once
    assert sanitize(once) == once
    assert len(once) <= 200
    assert cause_of(message).label


@given(st.lists(words, min_size=2, max_size=4), st.lists(words, min_size=2, max_size=4))
def test_other_words_are_another_reason(one: list[str], other: list[str]) -> None:
    assume([word.lower() for word in one] != [word.lower() for word in other])
    assert cause_of(" ".join(one)) != cause_of(" ".join(other))


@pytest.mark.parametrize(
    "hostile",
    ['"', "'", "“", "<", "a", "a.", "a-", "(…", "message ", "mailbox … ", "user the ", "\x1b[31m", "\u202e", "a\u0301"],
)
def test_no_reason_takes_long_however_long_it_is(hostile: str) -> None:
    # Rules that look back would take minutes for it; the test would not end.
    assert cause_of(hostile * (100_000 // len(hostile))).label


def test_a_row_has_a_reason_in_the_server_s_words_or_in_ours() -> None:
    failed = row("a", "FAILED", status_message="ErrorNonExistentMailbox (4711)")
    assert has_reason(failed, "nonexistent")
    assert has_reason(failed, "Mailbox not found")
    assert has_reason(failed, "4711")
    assert not has_reason(failed, "throttled")
    assert has_reason(row("b", "SKIPPED"), "no reason")
    assert not has_reason(row("c", "COMPLETED"), "no reason")
