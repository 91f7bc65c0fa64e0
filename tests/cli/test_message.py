"""`message`: every part of every mail of the corpus as safe text, found by ids of any kind, printed or in a file."""

import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.commands import run_with
from tests.support.commands_here import run_here
from tests.support.hostile import scan
from tui_app.api.client import EmailSecurityClient
from tui_app.cli.message import PARTS
from tui_app.core.text import DETAIL_LIMIT, sanitize
from tui_app.simulator.corpus import corpus_cases
from tui_app.simulator.corpus_case import Case
from tui_app.simulator.mail import Mail, stable_hash
from tui_app.simulator.server import Options, Simulator, running

CASES = corpus_cases()
ALL = 10**9
"""Bytes of a raw mail; no mail has as many."""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=60, held=120, corpus=True, faults="none")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def odd(account: Simulator) -> Sequence[tuple[Case, Mail]]:
    """The cases of the corpus and their mail."""
    mails = [mail for mail in account.account.held if mail.number > 600_000]
    return list(zip(CASES, mails, strict=True))


def found(odd: Sequence[tuple[Case, Mail]], name: str) -> Mail:
    return next(mail for case, mail in odd if case.name == name)


def clean(text: str) -> bool:
    """Whether there is nothing in it but what can be read; lines of plain ASCII need no closer look."""
    odd = [line for line in text.split("\n") if not (line.isascii() and line.isprintable())]
    return scan("\n".join(odd).encode("utf-8")) == []


def bare(text: str) -> str:
    return "".join(text.split())


# ---- the corpus


@pytest.mark.parametrize(
    ("part", "largest"),
    [
        *((part, ALL) for part in PARTS if part != "raw"),
        ("raw", 200_000),
        pytest.param("raw", ALL, marks=pytest.mark.long),
    ],
)
def test_a_part_of_every_mail_is_printed_as_safe_text(
    account: Simulator, odd: Sequence[tuple[Case, Mail]], part: str, largest: int
) -> None:
    for case, mail in odd:
        if len(case.raw) > largest:
            continue
        code, printed, said = run_here(account, "message", mail.investigate_id, "--part", part)
        assert (code, said if part != "trace" else "") == (0, ""), case.name
        assert clean(printed), (case.name, part)
        if part == "links":
            assert printed.count("\nname ") == len(case.attachments)
            for attachment in case.attachments:
                assert (sanitize(attachment.name, DETAIL_LIMIT) or "(no name)") in printed, case.name
            for href, _ in case.links:
                assert sanitize(href, DETAIL_LIMIT) in printed, case.name
        if part in ("headers", "raw") and case.decoded is not None:
            lines = [sanitize(line, 4000) for line in case.decoded.splitlines()]
            told = printed.partition("\nSubject:")[2] if "\nSubject:" in printed else printed.partition("Subject:")[2]
            assert bare(told).startswith(bare("".join(lines))), case.name


def test_all_that_a_raw_mail_says_is_printed(account: Simulator, odd: Sequence[tuple[Case, Mail]]) -> None:
    said = {
        "parts 30 deep": "The innermost part.",
        "a mail in a mail": "Text of the inner mail.",
        "no closing boundary": "may be cut off",
        "no boundary parameter": "Who knows where this begins?",
        "2000 parts": "Part 1998.",
        "20000 nested tags": "The innermost.",
        "no headers at all": "What is this: a header?",
        "every control character": "<9f:",
        "many NULs": "before␀after",
    }
    for name, words in said.items():
        _, printed, _ = run_here(account, "message", found(odd, name).investigate_id, "--part", "raw")
        assert words in printed, name


def test_headers_without_a_name_are_printed_too(account: Simulator, odd: Sequence[tuple[Case, Mail]]) -> None:
    _, printed, _ = run_here(account, "message", found(odd, "no headers at all").investigate_id, "--part", "headers")
    assert "This is a text and nothing else." in printed
    assert "a header?" in printed


@pytest.mark.parametrize("part", PARTS)
def test_json_is_ascii_and_the_object_of_the_api(
    account: Simulator, odd: Sequence[tuple[Case, Mail]], part: str
) -> None:
    for case, mail in odd[::4]:
        code, printed, _ = run_here(account, "message", mail.investigate_id, "--part", part, "--json")
        assert code == 0
        assert printed.isascii()
        told = json.loads(printed)
        if part == "raw":
            assert told["raw"].encode("utf-8", "replace").decode() == case.raw.encode("utf-8", "replace").decode()
        elif part == "summary":
            assert told["id"] == mail.investigate_id
        else:
            assert isinstance(told, list if part == "actions" else dict)


def test_the_program_itself_prints_no_control_and_no_half_of_a_pair(
    account: Simulator, odd: Sequence[tuple[Case, Mail]]
) -> None:
    for name in ("every control character", "writes to the clipboard", "lone surrogates"):
        arguments = ["message", found(odd, name).investigate_id, "--part", "raw"]
        ended = run_with(account.environment(), *arguments)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert clean(ended.stdout)
        plain = run_with({**account.environment(), "PYTHONIOENCODING": "ascii"}, *arguments)
        assert (plain.returncode, plain.stdout.isascii()) == (0, True)


# ---- ids


def test_a_message_goes_by_its_ids(account: Simulator) -> None:
    mail = account.account.held[3]
    alert, header = mail.investigate_id.rpartition("-")[0], mail.header_id
    for name in (mail.investigate_id, alert, header, header.strip("<>")):
        code, printed, said = run_here(account, "message", name)
        assert (code, said) == (0, ""), name
        assert mail.investigate_id in printed


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("4NAAAAAAAAAAAAAA", 2, "has the form of a postfix id: no search finds it"),
        ("nonsense", 2, "has the form of a postfix id"),
        ("4NAAAAAAAAAAAAAA-2026-11-01T00:00:00-1", 6, "does not have this message"),
        ("4NAAAAAAAAAAAAAA-2026-11-01T00:00:00", 6, "No message goes by"),
        ("<nobody@nowhere.example>", 6, "No message goes by <nobody@nowhere.example>"),
        ("\x1b[2J\u202e@x", 2, "⟨202E⟩"),
        ("../../accounts", 2, "postfix id"),
    ],
)
def test_an_id_that_leads_nowhere_is_told_in_a_sentence(account: Simulator, name: str, code: int, said: str) -> None:
    ended = run_here(account, "message", name)
    assert ended[:2] == (code, "")
    assert said in ended[2]
    assert clean(ended[2])
    assert "Traceback" not in ended[2]


def test_an_id_that_several_messages_share_is_not_guessed() -> None:
    with running(Options(quota=0, messages=20, held=10)) as simulator:
        first, second, third = simulator.account.held[:3]
        second.header_id = third.header_id = first.header_id
        code, printed, said = run_here(simulator, "message", first.header_id)
        assert (code, printed) == (2, "")
        assert "3 messages go by" in said
        assert all(mail.investigate_id in said for mail in (first, second, third))
        assert run_here(simulator, "message", second.investigate_id)[0] == 0


def test_what_a_part_of_a_message_costs(account: Simulator) -> None:
    mail = account.account.held[5]
    for name, part, wanted in (
        (mail.investigate_id, "summary", ["message"]),
        (mail.investigate_id, "actions", ["action_log"]),
        (mail.investigate_id, "why", ["message", "detections"]),
        (mail.header_id, "why", ["search", "detections"]),
    ):
        before = len(account.wire())
        run_here(account, "message", name, "--part", part)
        assert [request["endpoint"] for request in account.wire()[before:]] == wanted


@pytest.mark.parametrize("part", ["why", "trace", "headers", "raw"])
def test_a_part_of_the_mail_itself_is_not_taken_for_another_mail_s(
    account: Simulator, odd: Sequence[tuple[Case, Mail]], part: str
) -> None:
    whole = [mail for mail in account.account.held if stable_hash(mail.number, 21) % 4]
    for mail in (*whole[:5], *(mail for _, mail in odd[::6] if mail in whole)):
        _, printed, _ = run_here(account, "message", mail.header_id, "--part", part)
        assert printed, mail.header_id
        assert not [line for line in printed.splitlines() if line.startswith(("This may be", "The verdict is"))]


@pytest.mark.parametrize("by", ["investigate_id", "header_id"])
@pytest.mark.parametrize(
    ("part", "method"), [("raw", "get_raw"), ("headers", "get_detections"), ("why", "get_detections")]
)
def test_a_part_of_another_mail_is_told_before_the_part(account: Simulator, by: str, part: str, method: str) -> None:
    mail, other = account.account.held[7:9]
    real = getattr(EmailSecurityClient, method)

    async def another(client: EmailSecurityClient, name: str) -> Any:
        return await real(client, other.investigate_id)

    with mock.patch.object(EmailSecurityClient, method, another):
        code, printed, said = run_here(account, "message", getattr(mail, by), "--part", part)
        as_json = run_here(account, "message", getattr(mail, by), "--part", part, "--json")
    told = f"This may be another mail's: its Message-ID is {other.header_id.strip('<>')}"
    assert (code, said) == (4, "")
    assert printed.startswith(told)
    assert as_json[0] == 4 and json.loads(as_json[1])
    assert told in as_json[2]


def test_a_saved_mail_that_may_be_another_one_is_told(account: Simulator, tmp_path: Path) -> None:
    mail, other = account.account.held[7:9]
    real = EmailSecurityClient.get_raw

    async def another(client: EmailSecurityClient, name: str) -> Any:
        return await real(client, other.investigate_id)

    path = tmp_path / "saved.eml"
    with mock.patch.object(EmailSecurityClient, "get_raw", another):
        code, _, said = run_here(account, "message", mail.investigate_id, "--output", str(path))
    assert code == 4
    assert f"Written: {path}" in said and "This may be another mail's: its Message-ID is" in said


def test_what_could_not_be_compared_with_the_message_does_not_end_with_0(account: Simulator, tmp_path: Path) -> None:
    mail = account.account.held[7]
    account.set_faults("status=500@message")
    for options in (("--part", "raw"), ("--output", str(tmp_path / "saved.eml"))):
        code, _, said = run_here(account, "message", mail.investigate_id, *options)
        assert code == 4
        assert "Whether it is of this message could not be checked." in said
    account.set_faults("none")


def test_an_action_log_that_is_not_whole_ends_with_4(account: Simulator) -> None:
    mail = account.account.held[7]
    real = EmailSecurityClient.list_action_log

    async def partial(client: EmailSecurityClient, name: str, **where: Any) -> Any:
        return replace(await real(client, name, **where), partial=True)

    with mock.patch.object(EmailSecurityClient, "list_action_log", partial):
        for options in ((), ("--json",)):
            code, printed, said = run_here(account, "message", mail.investigate_id, "--part", "actions", *options)
            assert code == 4
            assert "There may be more: not all of the action log could be read." in (said if options else printed)


# ---- files


@pytest.mark.parametrize("suffix", [".eml", ".json", ".txt", ".png"])
def test_a_file_is_new_and_only_its_owner_can_read_it(
    account: Simulator, odd: Sequence[tuple[Case, Mail]], tmp_path: Path, suffix: str
) -> None:
    mail = found(odd, "every control character")
    path = tmp_path / f"saved{suffix}"
    arguments = ["message", mail.investigate_id, "--part", "raw", "--output"]
    code, printed, said = run_here(account, *arguments, str(path))
    assert (code, printed) == (0, "")
    assert f"Written: {path}" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    assert mail.evidence is not None
    if suffix == ".eml":
        assert data == (mail.evidence.raw or "").encode()
    elif suffix == ".json":
        assert json.loads(data)["id"] == mail.investigate_id
        assert "mailsluice" not in json.loads(data)
    elif suffix == ".txt":
        assert clean(data.decode())
        assert b"text of text/plain" in data
    else:
        assert data.startswith(b"\x89PNG")
    code, _, said = run_here(account, *arguments, str(path))
    assert code not in (0, 6)
    assert path.read_bytes() == data, "never over a file"
    link, target = tmp_path / f"link{suffix}", tmp_path / "target"
    link.symlink_to(target)
    assert run_here(account, *arguments, str(link))[0] not in (0, 6)
    assert not target.exists(), "through no link"


def test_a_name_of_another_kind_and_json_with_a_file_are_refused(account: Simulator, tmp_path: Path) -> None:
    mail = account.account.held[0]
    before = len(account.wire())
    code, _, said = run_here(account, "message", mail.investigate_id, "--output", str(tmp_path / "x.exe"))
    assert code == 2
    assert "must end in .eml, .json, .txt or .png" in said
    code, _, said = run_here(account, "message", mail.investigate_id, "--json", "--output", "x.json")
    assert code == 2
    assert len(account.wire()) == before, "nothing is asked for what is refused"
    assert list(tmp_path.glob("x*")) == []


def test_lone_surrogates_break_no_file(account: Simulator, odd: Sequence[tuple[Case, Mail]], tmp_path: Path) -> None:
    for suffix in (".eml", ".json", ".txt"):
        path = tmp_path / f"saved{suffix}"
        name = found(odd, "lone surrogates").investigate_id
        assert run_here(account, "message", name, "--part", "raw", "--output", str(path))[0] == 0
        path.read_bytes().decode()


# ---- what can't be had


def test_without_the_role_for_personal_data_what_may_be_read_is_printed() -> None:
    with running(Options(quota=0, messages=20, held=10, pii=False)) as simulator:
        name = simulator.account.held[0].investigate_id
        for part in PARTS:
            code, printed, said = run_here(simulator, "message", name, "--part", part)
            if part in ("summary", "trace", "actions"):
                assert (code, bool(printed)) == (0, True)
            else:
                assert (code, printed) == (6, "")
                assert "Cloudflare Zero Trust PII" in said


@pytest.mark.parametrize("suffix", [".eml", ".txt", ".png"])
def test_what_can_t_be_had_makes_no_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"saved{suffix}"
    with running(Options(quota=0, messages=20, held=10, pii=False)) as simulator:
        name = simulator.account.held[0].investigate_id
        code, printed, said = run_here(simulator, "message", name, "--part", "raw", "--output", str(path))
    assert (code, printed) == (6, "")
    assert said
    assert not path.exists()


def test_contents_that_are_gone_and_mail_without_a_detection_say_so() -> None:
    with running(Options(quota=0, messages=60, held=2200, retention=1)) as simulator:
        clean = next(mail for mail in simulator.account.campaign if not mail.is_detection)
        for mail, sentence in (
            (simulator.account.held[2199], "contents are kept for a limited time"),
            (clean, "Only mail with a detection has this"),
        ):
            for part in ("why", "links", "headers", "raw"):
                code, printed, said = run_here(simulator, "message", mail.investigate_id, "--part", part)
                assert (code, printed) == (6, "")
                assert sentence in said
            assert run_here(simulator, "message", mail.investigate_id)[0] == 0
        code, _, said = run_here(simulator, "message", clean.header_id, "--part", "why")
        assert code == 6
        assert "Only mail with a detection has this" in said, "what was searched for is known"


def test_a_trace_that_is_not_whole_says_so(account: Simulator) -> None:
    slow = next(mail for mail in account.account.held if stable_hash(mail.number, 21) % 4 == 0)
    looks = [run_here(account, "message", slow.investigate_id, "--part", "trace") for _ in range(2)]
    assert [code for code, _, _ in looks] == [0, 0]
    assert "More lines are on their way: ask again." in looks[0][2]
    assert looks[1][2] == ""


# ---- the lists beside it


def test_mail_lists_what_is_delivered_and_quarantine_only_what_is_held(account: Simulator) -> None:
    start = (account.account.start - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def listed(*arguments: str) -> list[dict[str, Any]]:
        code, printed, _ = run_here(account, *arguments, "--start", start, "--format", "json")
        assert code == 0
        return list(json.loads(printed))

    held, everything = listed("quarantine"), listed("mail")
    assert {tuple(row["delivery_status"]) for row in held} == {("quarantined",)}
    assert {row["id"] for row in held} < {row["id"] for row in everything}
    assert [row["id"] for row in listed("mail", "--delivery", "quarantined")] == [row["id"] for row in held]
    delivered = listed("mail", "--delivery", "delivered")
    assert delivered
    assert not {row["id"] for row in delivered} & {row["id"] for row in held}
    assert {row["id"] for row in everything} >= {row["id"] for row in delivered}
