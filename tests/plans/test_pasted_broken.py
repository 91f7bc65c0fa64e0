"""Lines that a mail client or a terminal broke, and rows of our own listings: each names its own message or none."""

import re
import textwrap
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.plans.test_pasted_rows import WORDS, row_of
from tests.plans.test_pasted_table import HOSTILE, job_row, listed, mail
from tests.support.pasted import HELD, ONE, OTHER, VICTIM, told
from tui_app.core.text import sanitize
from tui_app.plans.ids import parse_ids
from tui_app.plans.pasted_broken import PIECE

MINE = {*HELD, *(name[:16] for name in HELD), *(name.rpartition("-")[0] for name in HELD)}
LONG = "Please see the attached offer for your account and reply soon to us"


def softly(text: str, width: int, before: str) -> list[str]:
    """As a mail client breaks lines: at blanks."""
    return [
        before + piece
        for line in text.split("\n")
        for piece in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def hardly(text: str, width: int, before: str) -> list[str]:
    """As a terminal breaks them: anywhere; what is copied from it has no blanks at the end of a line."""
    return [
        before + line[at : at + width].rstrip()
        for line in text.split("\n")
        for at in range(0, max(1, len(line)), width)
    ]


BREAKS = st.sampled_from([softly, hardly])
FILLING = st.integers(0, 60).map(lambda many: ("and more of it " * 5)[:many])
SUBJECTS = st.tuples(FILLING, st.sampled_from(["", "   ", " "]), WORDS, FILLING).map("".join)


# ---- our own listings


@given(
    mails=st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=4), one=st.booleans()
)
@example(mails=[("Hello", "a@b.example", "", "ana@acme.example", "")] * 3, one=False)
@example(mails=[(VICTIM[:16], "a@b.example", "", "ana@acme.example", "")] * 3, one=True)
@settings(max_examples=40, deadline=None)
def test_each_row_of_our_listing_names_the_id_it_begins_with(mails: list[tuple[str, ...]], one: bool) -> None:
    rows = listed("table", mail, mails).split("\n")[1:-1]
    if one:  # where a page made one blank of many
        rows = [" ".join(row.split()) for row in rows]
    for before in ("", "> "):
        assert parse_ids([before + row for row in rows]).ids == tuple(HELD[: len(mails)]), rows


@pytest.mark.parametrize(
    "words",
    ["delivered{0}ana@acme.example", "undelivered{0}bo@acme.example", "already there", "refused{0}The id {1} is not known",
     "failed{0}{0}ana@acme.example {1}", "left out{0}{1}", "SPAM{0}bob@news.example{0}Invoice {1}{0}ana@acme.example",
     "SPAM{0}bob@news.example{0}subject: {1}{0}x@y.example", "▪ SPAM{0}bob {1}"],
)  # fmt: skip
def test_nor_does_a_row_of_a_plan_name_what_it_tells(words: str) -> None:
    rows = [f"{name:52}  {words.format('         ', VICTIM)}" for name in HELD]
    assert parse_ids(rows).ids == tuple(HELD)
    assert "{1}" not in words or VICTIM in told(parse_ids(rows))
    for row in rows:
        assert parse_ids([" ".join(row.split())]).ids == (row.split()[0],), "where a page made one blank of many"
    for gap in ("  ", " "):
        assert parse_ids([f"{HELD[0]:52}{gap}held back{gap}why, ana@acme.example"]).ids == ()


@pytest.mark.parametrize(
    ("line", "also"),
    [(f"{ONE} please release, also {OTHER}", True), (f"{ONE} {OTHER} please", True), (f"{ONE} – not spam, {OTHER} neither", True),
     (f"{ONE} for ana@acme.example, also {OTHER}", False), (f"{ONE} SPAM Invoice {OTHER}", False)],
)  # fmt: skip
def test_what_an_operator_writes_behind_an_id_is_searched_unless_an_address_or_a_state_makes_a_row_of_it(
    line: str, also: bool
) -> None:
    parsed = parse_ids([line])
    assert parsed.ids == ((ONE, OTHER) if also else (ONE,))
    assert OTHER in told(parsed)


# ---- what was broken


def table_of(form: str, rows: Sequence[Sequence[str]], heading: Sequence[str]) -> str:
    written: Callable[[Sequence[str]], str] = {
        "wide": lambda cells: "  ".join(cells),
        "one blank": lambda cells: " ".join(filter(None, cells)),
        "tabs": lambda cells: "\t".join(cells),
    }.get(form, lambda cells: row_of(cells, form))
    lines = [written(row) for row in rows]
    if heading:
        lines[:0] = [written(heading), *(["|" + " --- |" * len(heading)] if form == "md" else [])]
    return "\n".join(lines)


MAIL_NAMES = ("id", "disposition", "from", "subject", "recipients", "when", "postfix_id")


@pytest.mark.parametrize("form", [",", ";", "\t", "md", "wide", "one blank", "tabs"])
@pytest.mark.parametrize("heading", [(), MAIL_NAMES, tuple(map(str.upper, MAIL_NAMES))])
@given(words=SUBJECTS, width=st.integers(60, 140), breaks=BREAKS, before=st.sampled_from(["", "> "]))
@example(words=f"Invoice {VICTIM} paid", width=60, breaks=softly, before="")
@example(words=VICTIM, width=76, breaks=softly, before="> ")
@example(words=f"Re: no. 4711 from last week {VICTIM}, thanks", width=84, breaks=softly, before="")
@example(words=f"x, {VICTIM}", width=60, breaks=softly, before="")
@settings(max_examples=25, deadline=None)
def test_a_broken_row_of_mail_names_its_own_message_or_none(
    form: str, heading: tuple[str, ...], words: str, width: int, breaks: Callable[..., list[str]], before: str
) -> None:
    subject = sanitize(words).replace("\t", " ")
    rows = [
        (name, "SPAM", "bob@news.example", subject, "ana@acme.example", "2026-11-30T00:15:27Z", name[:16])
        for name in HELD[:3]
    ]
    lines = breaks(table_of(form, rows, heading), width, before)
    parsed = parse_ids(["Hi,", "", "please release:", "", *lines, "", f"and {ONE}"])
    # The beginning of its own id names none, or itself.
    assert all(any(own.startswith(name) for own in (*MINE, ONE)) for name in parsed.ids), (lines, parsed.found)


@pytest.mark.parametrize("form", [",", ";", "\t", "md", "wide", "one blank", "tabs"])
@given(words=SUBJECTS, width=st.integers(60, 140), before=st.sampled_from(["", "> "]))
@example(words=f"x, {VICTIM}", width=72, before="")
@settings(max_examples=25, deadline=None)
def test_nor_does_one_of_a_job(form: str, words: str, width: int, before: str) -> None:
    subject = sanitize(words).replace("\t", " ")
    row = "de507ae6-e72e-42df-af5a-850db06bb90d"
    cells = (row, "failed", "ana@acme.example", subject, "2", "", "mailbox not found", HELD[0][:16], HELD[0])
    lines = softly(table_of(form, [cells], ()), width, before)
    assert {*parse_ids(lines).ids} <= MINE, lines


@pytest.mark.parametrize("made", [mail, job_row])
@given(words=st.lists(WORDS, min_size=5, max_size=5), width=st.integers(60, 140), headed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_nor_does_a_listing_that_a_terminal_broke(
    made: Callable[..., dict[str, object]], words: list[str], width: int, headed: bool
) -> None:
    text = listed("table", made, [tuple(words)] * 3)
    lines = hardly(text if headed else text.partition("\n")[2], width, "")
    parsed = parse_ids(lines)
    assert {*parsed.ids} <= MINE, (lines, parsed.found)
    assert parse_ids(lines[1:]).ids == () or {*parse_ids(lines[1:]).ids} <= MINE, (
        "also where the first lines are missing"
    )


def test_a_listing_that_a_terminal_broke_gives_all_its_rows() -> None:
    text = listed("table", mail, [("Hello", "a@b.example", "", "ana@acme.example", "")] * 4).partition("\n")[2]
    for width in (60, 80, 100, 132):
        assert parse_ids(hardly(text, width, "")).ids == tuple(HELD), width


@pytest.mark.parametrize(
    "words", [VICTIM, VICTIM[:16], f"Invoice {VICTIM} thanks", f"{LONG} {VICTIM}", f"{LONG} {VICTIM} x"]
)
@pytest.mark.parametrize(
    "line",
    ["Held back, odd: " + ONE + " (holds acme.example, but is of acme-example.test) bob@acme-example.test {}",
     "Left out: " + ONE + " (not held) bob@acme-example.test {}", "  ▸ SUSPICIOUS  attacker@subdomain.evil.test  {}",
     "Line 3: " + ONE + " out of '4N84 SPAM bob@news.example {} ana@acme.example'",
     "2026-11-30 01:34:36 released id=" + ONE + ' subject="{}" from=bob@news.example'],
)  # fmt: skip
@pytest.mark.parametrize("breaks", [softly, hardly])
def test_nothing_is_taken_out_of_a_line_of_ours_that_was_broken(
    line: str, words: str, breaks: Callable[..., list[str]]
) -> None:
    for width in range(60, 101):
        for before in ("", "> "):
            lines = breaks(line.format(words), width, before)
            parsed = parse_ids(lines)
            assert not {VICTIM, VICTIM[:16]} & {*parsed.ids}, lines
            assert parse_ids([*lines, before.strip(), before + OTHER]).ids[-1:] == (OTHER,), "an empty line ends it"


COLUMNS = [
    ("id", "verdict", "from", "subject", "to"), ("id", "verdict", "from", "subject", "to", "when", "own"), ("id", "own", "subject", "from", "to"),
    ("id", "own", "from", "subject", "to"), ("id", "from", "subject", "to"), ("id", "verdict", "subject", "when", "own", "to"),
]  # fmt: skip
PIECES = [
    "{0}", "x {0}", "{1}", "{0} {1}", "ID: {0}", "and {0}", "- {0}", "{0}  SPAM  eve@y.example  x", "{0} SPAM eve@y.example x {1}",
    "{0};SPAM;eve@y.example;x", "{0},eve@y.example,x,y", "| {0} | SPAM | eve@y.example |",
]  # fmt: skip


@pytest.mark.parametrize("form", [";", ",", "\t", "wide", "one blank", "md", "bare md", "bare ,"])
@pytest.mark.parametrize("columns", COLUMNS, ids=" ".join)
@given(
    piece=st.sampled_from(PIECES),
    filling=FILLING,
    blanks=st.integers(1, 300),
    width=st.integers(60, 132),
    breaks=BREAKS,
    before=st.sampled_from(["", "> "]),
)
@example(piece="{0}", filling="", blanks=1, width=60, breaks=softly, before="")
@example(piece="{0}", filling="", blanks=1, width=80, breaks=softly, before="> ")
@example(piece="{0}  SPAM  eve@y.example  x", filling="Hello", blanks=1, width=76, breaks=softly, before="")
@example(piece="{0}", filling="Hello", blanks=170, width=80, breaks=hardly, before="")
@settings(max_examples=20, deadline=None)
def test_a_subject_makes_no_row_of_its_piece(
    form: str, columns: tuple[str, ...], piece: str, filling: str, blanks: int, width: int, breaks: Callable[..., list[str]], before: str
) -> None:  # fmt: skip
    # A terminal leaves empty lines of blanks: only the own id at its end then says that a row goes on.
    many = blanks if columns[-1] == "own" else min(blanks, 20)
    subject = f"{filling}{' ' * many if filling else ''}{piece.format(VICTIM, VICTIM[:16])}"
    rows = [
        [{"id": name, "verdict": "SPAM", "from": "bob@news.example", "subject": subject, "to": "ana@acme.example",
          "when": "2026-11-30T00:15:27Z", "own": name[:16]}[column] for column in columns]
        for name in HELD[:2]
    ]  # fmt: skip
    text = "\n".join(bare_row(row, form) for row in rows) if form in BARE else table_of(form, rows, ())
    lines = ["Please release:", "", *breaks(text, width, before)]
    assert not {VICTIM, VICTIM[:16], VICTIM.rpartition("-")[0]} & {*parse_ids(lines).ids}, lines


BARE = {"bare md": " | ", "bare ,": ","}


def bare_row(cells: Sequence[str], form: str) -> str:
    """A row by somebody who marks no separator in a cell."""
    return f"| {BARE[form].join(cells)} |" if form == "bare md" else BARE[form].join(cells)


def test_of_a_row_that_lost_its_second_half_the_next_line_is_told() -> None:
    for second in (f"{OTHER} SPAM ana@y.example", OTHER):
        for row in (f"{ONE} {ONE[:16]} Re: your order", f"{ONE}\t{ONE[:16]}", f"{ONE}\n{ONE[:16]} Your order"):
            parsed = parse_ids([*row.split("\n"), second])
            assert {name[:16] for name in parsed.ids} == {ONE[:16]}
            assert OTHER in told(parsed)
            assert [note for _, note in parsed.notes] == [PIECE]


# ---- headers of a mail


def test_blanks_at_the_end_of_a_line_are_part_of_it() -> None:
    for line in ("Subject: Invoice", f"Left out: {ONE} (not held) bob@x.example", "  ▸ SPAM  bob@x.example"):
        parsed = parse_ids([line + " " * 60, f"ID: {VICTIM}", "To: ana@acme.example"])
        assert parsed.ids == ()
        assert parsed.notes == ((2, PIECE),)


@pytest.mark.parametrize("width", [60, 66, 72, 76, 80, 100])
@pytest.mark.parametrize("before", ["", "> "])
@pytest.mark.parametrize("name", ["Subject", "- Subject", "**Betreff**", "From"])
def test_what_a_broken_header_goes_on_with_is_told(width: int, before: str, name: str) -> None:
    for many in range(len(LONG) + 1):
        for word in (VICTIM, VICTIM[:16], f"ID: {VICTIM}", f"please release {VICTIM}"):
            text = f"From: bob@news.example\n{name}: {LONG[:many].strip()} {word}\nTo: ana@acme.example"
            lines = softly(text, width, before)
            parsed = parse_ids([*lines, before.strip(), before + ONE])
            assert parsed.ids == (ONE,), lines
            assert VICTIM in told(parsed) or VICTIM[:16] in told(parsed)


def test_a_line_of_a_quoted_mail_that_is_only_marks_of_it_is_no_empty_line() -> None:
    assert parse_ids(["Subject: long", ">>>>>>>>>>>>>>>>>>>>>>", VICTIM]).ids == ()
    assert parse_ids(["> Subject: long", "> >>>>>>>>>>>>>>>>>>>>", f"> {VICTIM}"]).ids == ()
    assert parse_ids(["> Subject: long", ">", f"> {ONE}"]).ids == (ONE,)


@pytest.mark.parametrize(
    "lines",
    [["From: ana", "Subject: please release", f"ID: {ONE}", f"Postfix-ID: {OTHER[:16]}"], ["Subject: x", "id,subject", f"{ONE},a", f"{OTHER},b"],
     ["Subject: x", f'{{"id": "{ONE}", "subject": "a"}}', f'{{"id": "{OTHER}", "subject": "b"}}'],
     ["why: a customer waits", ONE, OTHER], ["reason: wanted by all of them, they wait for it since this morning", ONE, OTHER],
     [f"{ONE} bob@x.example", "", f"{OTHER} ana@y.example", "thanks"], [f"- {ONE} – not spam", f"- {OTHER} – not spam"], [f"{ONE}", f"{OTHER}"],
     ["please release these, all of which were held since this morning and are wanted:", ONE, OTHER],
     ["id\tverdict\tfrom\tsubject", f"{ONE}\tSPAM\tbob@x.example\tHello", f"{OTHER}\tSPAM\tana@x.example\tRe: Hello"],
     [f"{ONE}\tSPAM\tbob@x.example\t{LONG} {LONG}", f"{OTHER}\tSPAM\tana@x.example\tRe: Hello"],
     [f"{ONE}; bob@x.example; Hello", f"{OTHER}; bob@x.example; {LONG}; and more of it"],
     [f"{ONE}  SPAM  bob@x.example  Hello", f"{OTHER}  SPAM  bob@x.example  Hello {VICTIM} {LONG}"],
     [f"{ONE:52}  SPAM           bob@x.example  Hello", f"{OTHER:52}  SPAM           ana@x.example  Hello you there"],
     ["From: bob@x.example", f"Subject: {LONG[:65]}", f"ID: {ONE}", f"Postfix ID: {OTHER[:16]}", f"Note: {LONG}, as it was said today"],
     [f"{ONE} SPAM bob@x.example Hello {ONE[:16]}", "", f"and {OTHER}"], [f"{ONE} SPAM bob@x.example Hello {ONE[:16]}", OTHER],
     ["| id | verdict |", "|---|---|", f"| {ONE} | SPAM |", f"| {OTHER} | SPAM |"], ["Message-ID: <a@b.example>", ONE, OTHER]],
)  # fmt: skip
def test_an_honest_paste_loses_none_of_its_own_ids(lines: list[str]) -> None:
    ids = sorted(name[:16] for name in parse_ids(lines).ids if name[:1] == "4")
    assert ids == [ONE[:16], OTHER[:16]]


def test_what_may_be_a_piece_is_told_with_its_line_and_what_to_do() -> None:
    parsed = parse_ids([f"{ONE} SPAM bob@x.example Hello", VICTIM, f"x {OTHER}"])
    assert parsed.ids == (ONE,)
    assert parsed.notes == ((2, PIECE),), "once"
    assert parsed.not_searched == ((2, VICTIM), (3, OTHER))
    assert parse_ids([f"please also {OTHER}", f"{ONE} SPAM bob@x.example", "x", VICTIM]).ids == (ONE,), "or above it"


def test_a_table_that_holds_line_ends_or_words_of_ours_is_read_by_its_heading() -> None:
    rows = ["id,subject,from", f'{ONE},"Hello', f"{VICTIM} ▪ SPAM", 'Subject: x",a@b.example', f"{OTHER},x,a@b.example"]
    assert parse_ids(rows).ids == (ONE, OTHER)
    page = ["| id | subject |", "|---|---|", f"| {ONE} | Subject: x |", f"| {OTHER} | ▪ SPAM {VICTIM} |", f"{VICTIM} x"]
    assert parse_ids(page).ids == (ONE, OTHER)


def test_no_paste_takes_long() -> None:
    rows = [f"{ONE} bob@x.example Hello {number}" for number in range(3000)]
    assert parse_ids(rows).ids == (ONE,)
    assert parse_ids([f"Subject: x {VICTIM}"] * 3000).ids == ()
    assert re.fullmatch("4.*", parse_ids([f"{ONE}{' ' * 100_000}x"]).ids[0])


def test_a_first_line_that_looks_like_a_row_is_none_where_the_rows_below_are_others() -> None:
    parsed = parse_ids(
        [
            f"{VICTIM} BULK offers@shop.example Weekly,el",
            "if4@x.example,2026-11-30T04:51:37Z,4NCD73B7D1FD0901",
            f"{ONE},BULK,news@x.example,Weekly",
            f" digest 46,hanna@x.example,2026-11-30T04:51:37Z,{ONE[:16]}",
            f"{OTHER},BULK,news@x.example,Weekly",
            f" digest 47,hanna@x.example,2026-11-30T04:51:37Z,{OTHER[:16]}",
        ]
    )
    assert parsed.ids == (), "which of them goes on with which, nobody can tell"
    assert {name for _, name in parsed.not_searched} >= {VICTIM, ONE, OTHER}


def test_a_row_of_another_form_is_a_piece_however_long_the_lines_are() -> None:
    rows = [
        f"| {ONE} | SPAM | bob@x.example | {LONG} {LONG}",
        f"{VICTIM} BULK offers@shop.example Weekly | ana@x.example | no |",
    ]
    parsed = parse_ids(rows)
    assert parsed.ids == (ONE,)
    assert parsed.not_searched == ((2, VICTIM),)


@pytest.mark.parametrize("line", ["Message-ID: <CAF-long@mail.x.example>", "<CAF-long@mail.x.example>"])
def test_a_message_id_that_may_be_a_piece_is_told(line: str) -> None:
    parsed = parse_ids([f"Subject: {LONG[:70]}", line])
    assert parsed.ids == ()
    assert parsed.not_searched == ((2, "<CAF-long@mail.x.example>"),)
    assert parsed.notes == ((2, PIECE),)
