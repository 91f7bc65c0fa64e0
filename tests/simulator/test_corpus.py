"""The corpus is what it says: each case has its name, and in its raw text what the name promises."""

import base64
import email
import email.policy
import json
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser

import pytest

from tests.simulator.test_reading_mail import reading
from tui_app.simulator.account import Account
from tui_app.simulator.corpus import corpus_cases, corpus_mails, corpus_raw
from tui_app.simulator.corpus_case import Case
from tui_app.simulator.server import Options

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY_NAME = {case.name: case for case in corpus_cases()}


def parsed(name: str) -> Message:
    return email.message_from_string(BY_NAME[name].raw)


def test_sixty_held_mails_have_names_and_texts_of_their_own() -> None:
    mails = corpus_mails(1, START)
    assert len(mails) == len(BY_NAME) == len({case.raw for case in corpus_cases()}) == 60
    assert all(mail.quarantined and mail.is_detection for mail in mails)
    assert len({mail.investigate_id for mail in mails}) == 60
    for index, mail in enumerate(mails):
        assert mail.evidence is not None
        assert mail.evidence.raw == corpus_raw(index)
        assert json.loads(mail.json("new")) == mail.wire("new")


@pytest.mark.parametrize(
    "case", [case for case in corpus_cases() if case.name.startswith("charset ")], ids=lambda c: c.name
)
def test_a_case_of_a_charset_has_it_in_the_subject_and_in_the_body(case: Case) -> None:
    label = case.name.removeprefix("charset ")
    message = parsed(case.name)
    assert f"=?{label}?" in message["subject"]
    assert message.get_content_charset() == label
    data = message.get_payload(decode=True)
    assert isinstance(data, bytes)
    codec = {"unknown-8bit": "cp1252", "x-nonsense-42": "latin-1", "us-ascii": "latin-1", "macintosh": "mac_roman"}
    assert case.subject
    assert case.subject in data.decode(codec.get(label, label))


def test_parts_are_as_malformed_as_their_names_say() -> None:
    assert "--edge--" not in BY_NAME["no closing boundary"].raw
    assert parsed("no boundary parameter").get_boundary() is None
    deep, depth = parsed("parts 30 deep"), 0
    while deep.is_multipart():
        deep, depth = deep.get_payload(0), depth + 1  # type: ignore[assignment]
    assert (depth, str(deep.get_payload()).strip()) == (30, "The innermost part.")
    assert [part.get_content_type() for part in parsed("a mail in a mail").walk()][2:] == [
        "message/rfc822",
        "text/plain",
    ]
    types = [part.get_content_type() for part in parsed("a boundary that begins another").walk()]
    assert types == ["multipart/mixed", "multipart/alternative", "text/html", "text/plain"]
    assert len(parsed("2000 parts").get_payload()) == 2000


def test_a_character_is_cut_between_two_words_and_whole_in_both_together() -> None:
    words = [
        base64.b64decode(word.split("?")[3]) for word in parsed("a character cut between two words")["subject"].split()
    ]
    assert b"".join(words).decode() == "50 € due"
    with pytest.raises(UnicodeDecodeError):
        words[0].decode()


def test_adjacent_words_are_one_text() -> None:
    case = BY_NAME["adjacent words"]
    assert str(Parser(policy=email.policy.default).parsestr(case.raw)["subject"]) == case.subject


def test_sizes_are_as_claimed() -> None:
    head = BY_NAME["500 KB of headers"].raw.partition("\r\n\r\n")[0]
    assert len(head) > 500_000
    assert max(map(len, BY_NAME["a header of 300 KB"].raw.splitlines())) > 300_000
    assert len(BY_NAME["10000 recipients"].recipients) == 10_000
    assert len(BY_NAME["7 MB of text"].raw) > 7_000_000
    assert BY_NAME["20000 nested tags"].raw.count("<div>") == 20_000


def test_controls_nothing_and_surrogates_are_there() -> None:
    assert {chr(n) for n in (*range(32), *range(0x7F, 0xA0))} <= set(BY_NAME["every control character"].raw)
    assert "\x1b]52;" in BY_NAME["writes to the clipboard"].raw
    assert BY_NAME["an empty body"].raw.endswith("\r\n\r\n")
    assert ":" not in BY_NAME["no headers at all"].raw.splitlines()[0]
    assert "\r\n\r\n" not in BY_NAME["headers and no end of them"].raw
    assert "\ud800" in BY_NAME["lone surrogates"].raw
    assert "\x00" in BY_NAME["many NULs"].raw


def test_files_have_traps_as_names() -> None:
    names = [file.name for case in corpus_cases() for file in case.attachments]
    assert {"../../etc/passwd", "con.txt", "42.zip"} <= set(names)
    assert max(map(len, names)) == 4000
    assert any("\u202e" in name for name in names)
    assert max(file.size for case in corpus_cases() for file in case.attachments) > 10**15


def test_the_account_tells_every_case_over_http() -> None:
    with reading(Options(messages=20, held=0, corpus=True)) as reader:
        mails = [mail for mail in reader.account.held if mail.number > 600_000]
        for mail, case in zip(mails, corpus_cases(), strict=True):
            assert reader.get(mail, "raw").json()["result"]["raw"] == case.raw
            told = reader.get(mail, "detections").json()["result"]
            assert [file["name"] for file in told["attachments"]] == [file.name for file in case.attachments]


def test_without_being_asked_for_the_corpus_is_not_held() -> None:
    with_it, without = (Account(lambda: START, messages=0, corpus=corpus) for corpus in (True, False))
    assert (len(with_it.held), len(without.held)) == (60, 0)
