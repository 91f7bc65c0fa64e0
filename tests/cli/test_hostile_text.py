"""What the commands write of an account whose every text is hostile: to pipes, to a terminal, to files."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.commands import Ended, run_with
from tests.support.environment import ABSENT, environment
from tests.support.forker import Program
from tests.support.hostile import BY_HAND, Watched, counted, hostile_strings, markers, scan
from tests.support.hostile_account import HostileAccount, hostile_account
from tests.support.hostile_tour import FEW, LOW, MANY, NARROW, touring

FORMATS: Final = ("table", "json", "ndjson", "csv")
FORMULA: Final = tuple("=+-@＝＋－＠\t\r")
# What each command is asked, and how many strings a row of it has.
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "jobs": (),
    "job": ("JOB",),
    "messages": ("JOB",),
    "quarantine": (),
    "release": ("MAILS", "--plan-only", "--include-odd"),
    "create": ("--action", "move", "--destination", "Inbox", "--query", "invoice", "--preview"),
}
LISTINGS: Final = ("jobs", "messages", "quarantine")
QUICK: Final = (
    ("jobs", "table"), ("jobs", "csv"), ("job", "table"), ("messages", "table"), ("messages", "csv"), ("messages", "ndjson"),
    ("quarantine", "csv"), ("quarantine", "json"), ("release", "csv"), ("create", "table"),
)  # fmt: skip


@pytest.fixture(scope="module")
def account() -> Iterator[HostileAccount]:
    with hostile_account(hostile_strings(FEW)) as account:
        yield account


@pytest.fixture(autouse=True)
def _as_it_began(account: HostileAccount) -> None:
    account.refuses, account.rows, account.hostile_ids, account.refusal = "", None, False, 400
    account.every_enum, account.items, account.job_status, account.first, account.told = 3, 3, "", 0, 0


def run(account: HostileAccount, command: str, *more: str) -> Ended:
    words = {"JOB": [account.jobs[0].job_id], "MAILS": [mail.investigate_id for mail in account.mails]}
    arguments = [part for word in COMMANDS[command] for part in words.get(word, [word])]
    return run_with(account.environment(), command, *arguments, *more)


def clean(text: str) -> bool:
    """Whether there is nothing in it but what can be read."""
    return scan(text.encode("utf-8", "surrogatepass")) == []


def no_formula(cells: Sequence[Sequence[str]]) -> bool:
    return not [cell for row in cells for cell in row if cell.lstrip(" ").startswith(FORMULA)]


def check(ended: Ended, output_format: str) -> set[str]:
    """Look at all that was written; the markers in it."""
    assert clean(ended.stdout)
    assert clean(ended.stderr)
    assert "Traceback" not in ended.stderr
    if output_format == "csv" and not ended.stdout.startswith("{"):  # create tells one object, in JSON, in all of them
        rows = list(csv.reader(io.StringIO(ended.stdout)))
        assert no_formula(rows)
        assert len({len(row) for row in rows}) <= 1
    elif output_format != "table":
        assert ended.stdout.isascii()
        for part in [ended.stdout] if output_format == "json" else ended.stdout.splitlines():
            assert not part or json.loads(part)
    return markers(ended.stdout + ended.stderr)


def test_the_strings_are_many_and_all_different() -> None:
    strings = hostile_strings(MANY)
    assert BY_HAND >= 46
    assert len({string.text for string in strings}) == len({string.marker for string in strings}) == MANY
    assert all(len(string.shown) <= 9 for string in strings)
    assert strings == hostile_strings(MANY) != hostile_strings(MANY, seed=2)


def test_no_string_that_a_terminal_obeys_or_hides_passes_the_reader() -> None:
    for string in hostile_strings(MANY):
        # The end of a line and the moves of a cursor are in every output.
        text = re.sub(r"[\n\r\b]|(?! )\s", " ", string.text[:999])
        raw = text.encode("utf-8", "surrogatepass")
        assert text.isprintable() or (scan(raw) and scan(b"\x1b[1;5Hfine" + raw, NARROW)), string.marker


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        (b"\x1b[?25l\x1b[r\x1b[0;48;2;18;18;18m\x1b[2J\x1b[Htext\x1b[24;80H\x1b[K\r\n\b", []),
        (b"\x1b[25;1H", ["sequence"]),
        (b"\x1b[31mred", ["sequence"]),
        (b"\x1b[2J", ["sequence"]),
        (b"\x1b]52;c;eA==\x07", ["clipboard or title", "control"]),
        (b"\x1b]8;;http://x\x1b\\", ["link", "sequence"]),
        ("\u202e \u200b \x9b".encode(), ["bidi", "invisible", "control"]),
        ("a\u0338\u0338\u0338".encode(), ["stack"]),
        (b"\xff\xed\xa0\x80", ["invisible"] * 4),
        (b"\t\x07\x7f\x00", ["control"] * 4),
    ],
)
def test_the_reader_of_outputs_sees_what_does_not_belong_there(raw: bytes, kinds: list[str]) -> None:
    assert [hit.kind for hit in scan(raw, NARROW)] == kinds


@pytest.mark.parametrize(("command", "output_format"), QUICK)
def test_a_command_writes_hostile_text_as_text(account: HostileAccount, command: str, output_format: str) -> None:
    ended = run(account, command, "--format", output_format)
    assert ended.returncode == 0, ended.stderr
    seen = check(ended, output_format)
    assert len(seen) >= {"job": 15, "release": 0, "create": 10}.get(command, 50)


def test_json_is_exactly_what_was_sent(account: HostileAccount) -> None:
    listed = json.loads(run(account, "messages", "--json").stdout)
    assert [row["status_message"] for row in listed] == [
        # Half of a pair is no character: many readers of JSON stop at it, and lose what comes behind.
        re.sub("[\ud800-\udfff]", "\ufffd", account.string("status_message", row).text)
        for row in range(len(account.strings))
    ]


@pytest.mark.parametrize("output_format", ["csv", pytest.param("table", marks=pytest.mark.long)])
def test_ids_and_what_is_held_back_are_text_too(account: HostileAccount, output_format: str) -> None:
    account.hostile_ids = True
    ended = run(account, "quarantine", "--format", output_format)
    assert len(check(ended, output_format)) >= 50
    refused = run(account, "release", "--format", output_format)
    check(refused, output_format)
    assert refused.returncode == 3
    assert "0 of " in refused.stderr, "an id that the server chose gets into no plan"
    assert "not found (unchecked)" in refused.stderr


def test_what_is_held_back_from_a_release_is_told_as_text(account: HostileAccount) -> None:
    mails = account.mails[:20]
    account.every_enum = len(account.strings)
    for mail in mails:
        mail.disposition = "MALICIOUS"
    ids = [mail.investigate_id for mail in mails]
    ended = run_with(account.environment(), "release", *ids, "--plan-only")
    for mail in mails:
        mail.disposition = "SPAM"
    assert ended.stderr.count("Held back: ") == 20, "an unknown verdict is held back, too"
    assert len(check(ended, "table")) >= 35


@pytest.mark.parametrize(("status", "command"), [(400, "jobs"), (403, "quarantine"), (404, "job"), (400, "create")])
def test_an_error_is_told_as_text(account: HostileAccount, status: int, command: str) -> None:
    account.refuses, account.refusal = "/investigate", status
    ended = run(account, command)
    assert ended.returncode == 6
    assert len(check(ended, "table")) >= 30


@pytest.mark.parametrize(("command", "status"), [("cancel", "PROCESSING"), ("delete", "COMPLETED")])
def test_the_refusal_of_a_write_is_told_as_text(account: HostileAccount, command: str, status: str) -> None:
    account.refuses, account.job_status = "^(POST|DELETE)", status
    ended = run_with(account.environment(), command, *(job.job_id for job in account.jobs[:4]), "--yes")
    assert ended.returncode == 6
    assert len(check(ended, "table")) >= 30


def test_on_a_terminal_a_table_keeps_its_columns(account: HostileAccount, tmp_path: Path) -> None:
    account.rows, account.every_enum = 45, 1
    on_terminal(account, tmp_path, 45)


def is_contested(text: str) -> bool:
    """Whether terminals draw it wider or narrower than each other: behind it nothing stands in its column for sure."""
    odd = (character for character in text if unicodedata.category(character) in ("So", "Sk", "Mn", "Me"))
    return any(not "\u2400" <= character <= "\u2426" for character in odd)


def on_terminal(account: HostileAccount, home: Path, rows: int) -> int:
    """Every listing as a table on a terminal: the strings begin in their columns. How many were looked at."""
    columns = {
        "jobs": {"STATUS": "status", "ACTION": "action_type", "COMMENT": "comment"},
        "messages": {"STATUS": "status", "RECIPIENT": "client_recipient", "SUBJECT": "subject"},
        "quarantine": {"DISPOSITION": "final_disposition", "FROM": "from", "SUBJECT": "subject"},
    }
    variables = environment(home, account, TERM="xterm", COLORTERM=ABSENT)
    looked_at = 0
    for command in LISTINGS:
        more = [account.jobs[0].job_id] if command == "messages" else []
        terminal = Watched(Program((command, *more)), variables, (200, 2 * rows + 3))
        try:
            terminal.until(lambda: "" if terminal.raw.count(b"\r\n") > rows else "not all of it")  # noqa: B023
            # The counters of the account may tell of more rows than there are: that is told.
            assert terminal.ends() in ((0, 4) if command == "messages" else (0,))
        finally:
            terminal.kill()
        assert scan(bytes(terminal.raw).replace(b"\r\n", b"\n")) == []
        heading, y = terminal.line(0), 0
        for row in range(rows):
            shown = {title: account.string(name, row).shown.lower() for title, name in columns[command].items()}
            contested = is_contested(terminal.line(y))
            y += 1
            if contested and len(terminal.line(y)) < len(heading) // 2:
                # The line before was drawn wider than it was meant to be, and went on in this one.
                y += 1
            line = terminal.cells(y)
            for title, begins in shown.items():
                start = heading.index(title)
                if is_contested("".join(line[:start])):
                    break
                assert line[start - 2 : start] == [" ", " "], (command, row, title)
                assert "".join(line[start:]).lower().startswith(begins), (command, row, title)
                looked_at += 1
    return looked_at


@pytest.mark.parametrize("suffix", ["csv", "md"])
def test_a_file_of_rows_holds_text(account: HostileAccount, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    ended = run(account, "messages", "--output", str(path))
    assert ended.returncode == 0, ended.stderr
    check(ended, "table")
    assert check_file(path) >= 50


def check_file(path: Path) -> int:
    """Look at an exported file; how many markers are in it."""
    text = path.read_bytes().decode("utf-8")
    assert clean(text)
    if path.suffix == ".csv":
        assert no_formula(list(csv.reader(io.StringIO(text))))
    elif path.suffix != ".md":
        assert text.isascii()
    return len(markers(text))


def export_by_key(strings: int, home: Path) -> int:
    """Write a file from the screen; how many markers are in it."""
    path = home / "by-key.csv"
    with touring(hostile_strings(strings), home / "console", LOW, 50) as tour:
        tour.press("\r")
        tour.sees(f"{strings} loaded")
        tour.press("E")
        tour.sees("enter writes")
        tour.press(f"\x15{path}")
        tour.sees(path.name)
        tour.press("\r")
        tour.sees(f"{strings} rows in")
        assert tour.leave() == []
    return check_file(path)


def test_a_file_that_a_key_writes_holds_text(tmp_path: Path) -> None:
    assert export_by_key(FEW, tmp_path) >= 50


@pytest.mark.long
def test_five_hundred_strings_in_every_format(tmp_path: Path, capsys: Any) -> None:
    counts: dict[str, int] = {}
    with hostile_account(hostile_strings(MANY)) as account:
        account.items = 3
        for command in COMMANDS:
            for output_format in FORMATS:
                ended = run(account, command, "--format", output_format)
                assert ended.returncode == 0, ended.stderr
                counts[f"{command} {output_format}"] = len(check(ended, output_format))
        for suffix in ("csv", "json", "ndjson", "md"):
            path = tmp_path / f"rows.{suffix}"
            assert run(account, "messages", "--output", str(path)).returncode == 0
            counts[f"file {suffix}"] = check_file(path)
        account.refuses = "/investigate"
        told: set[str] = set()
        for account.told in range(0, MANY, 32):
            told |= check(run(account, "jobs"), "table")
        counts["errors"] = len(told)
        account.refuses, account.every_enum = "", 1
        lines = on_terminal(account, tmp_path, MANY)
    counts["file by key"] = export_by_key(MANY, tmp_path)
    assert all(count >= 500 for place, count in counts.items() if place.startswith((*LISTINGS, "file", "errors")))
    with capsys.disabled():
        print(
            f"\n{len(counts)} outputs, {lines} cells on a terminal in their columns, {counted([])}, 0 formulas, 0 crashes"
        )
        print(", ".join(f"{place} {count}" for place, count in counts.items()))
