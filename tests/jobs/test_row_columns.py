"""A column is declared once: what a filter, a sort, an export, a copy and the screen know of it hangs together."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from tests.jobs.test_rows import JOB, wire_row
from tests.rows.test_store import row, stored
from tests.support.faulty import Received, answer, faulty, success
from tests.support.services import lonely_service
from tui_app.api.rows import JobMessage
from tui_app.jobs.filters import parse_filter
from tui_app.jobs.row_columns import JOB_ROWS
from tui_app.screens.copy import row_values
from tui_app.screens.job.rows import COLUMNS

FULL = JobMessage.from_wire(
    {
        "message_id": "m1",
        "status": "FAILED",
        "postfix_id": "4N34",
        "action_params": {"client_recipient": "a@b.example"},
        "retry_count": 2,
        "created_at": "2026-11-20T12:00:00Z",
        "retry_after": "2026-11-21T10:00:00Z",
        "processed_at": "2026-11-20T12:00:01Z",
        "status_message": "not\x1b[2J found",
        "email_message_id": "<1@evil.example>",
        "message": {"id": "4N34-1", "subject": "Invoice", "from": "x@evil.example"},
    }
)


def test_the_screen_sorts_by_declared_fields_only() -> None:
    assert {column.field for column in COLUMNS if column.field} <= JOB_ROWS.by_field.keys()


def test_a_row_has_every_declared_value_and_gives_it_out_safe() -> None:
    for column in JOB_ROWS.columns:
        assert getattr(FULL.raw, column.name) is not None
        assert column.text(FULL).isprintable()
        assert column.text(FULL)
    assert [column.text(FULL) for column in JOB_ROWS.exported] == [
        "m1", "failed", "a@b.example", "Invoice", "2", "2026-11-21T10:00:00Z", "not␛[2J found", "4N34", "4N34-1",
    ]  # fmt: skip
    assert all(
        not column.text(row("m")) or column.name in ("message_id", "status", "retry_count")
        for column in JOB_ROWS.exported
    )


def test_every_field_can_be_filtered_by_the_value_that_is_kept() -> None:
    (kept,) = stored(FULL).rows([0])
    for field, column in JOB_ROWS.by_field.items():
        wanted = parse_filter(
            f"{field}:{2 if column.is_number else getattr(FULL.raw, column.name)}".replace(" ", "\\ ")
        )
        assert wanted is not None
        assert wanted.matches(kept), field


def test_what_is_copied_has_its_declared_name_and_place() -> None:
    assert [name for name, _ in row_values(FULL)] == [column.copied_as for column in JOB_ROWS.copied]
    assert [column.copy_place for column in JOB_ROWS.copied] == list(range(1, len(JOB_ROWS.copied) + 1))


@pytest.mark.parametrize("suffix", ["csv", "md"])
async def test_an_export_says_the_status_in_lower_case_also_one_that_is_not_known(suffix: str, tmp_path: Path) -> None:
    rows = [wire_row(number, status) for number, status in enumerate(["COMPLETED", "FAILED", "NEWLY_MADE"])]
    job = {"job_id": JOB, "status": "COMPLETED", "total_messages_discovered": 3, "messages_successful": 3}

    def script(request: Received) -> bytes:
        return answer(200, success(rows if "/messages" in request.target else job))

    path = tmp_path / f"rows.{suffix}"
    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        await service.jobs.export(JOB, None, path)
        await service.close()
    text = path.read_text()
    if suffix == "csv":
        said = [each["status"] for each in csv.DictReader(StringIO(text))]
    else:
        said = [line.split(" | ")[1].replace("\\", "") for line in text.splitlines() if line.startswith("| r")]
    assert said == ["completed", "failed", "newly_made"]


@pytest.mark.parametrize(("line", "passes"), [("evil.example", True), ("EVIL", True), ("-evil", False), ("x@", True)])
def test_a_bare_word_looks_at_the_sender_too(line: str, passes: bool) -> None:
    (kept,) = stored(row("m1", message={"id": "i1", "subject": "Invoice", "from": "x@evil.example"})).rows([0])
    wanted = parse_filter(line)
    assert wanted is not None
    assert wanted.matches(kept) is passes
