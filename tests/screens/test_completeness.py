"""Lists of which the server says that part is missing: every screen says so, and none says that there is nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.screens.test_accounts import console_over
from tests.screens.test_prompt import command
from tests.support.faulty import ACCOUNT, FaultyServer, Received, answer, faulty, found, success
from tests.support.screens import console_on
from tests.support.services import lonely_service
from tui_app.api.enums import RowStatus
from tui_app.api.models import Job
from tui_app.api.pagination import Lack
from tui_app.jobs.rows import RowsSnapshot
from tui_app.mail.search import MailSnapshot
from tui_app.screens.job.completeness import what_empty_means
from tui_app.screens.mail.completeness import what_is_here

JOB: dict[str, Any] = {
    "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e",
    "status": "COMPLETED",
    "action_type": "RELEASE",
}
ROW = {"message_id": "r1", "status": "COMPLETED"}


def partly(jobs: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> Any:
    """A script of a server with these jobs and rows, and no mail, which says of every list that part of it is missing."""

    def script(request: Received) -> bytes:
        if request.target.endswith(JOB["job_id"]):
            return answer(200, success(JOB))
        if "/messages" in request.target:
            return answer(206, success(rows))
        return answer(206, success(jobs if "/bulk" in request.target else []))

    return script


def config(server: FaultyServer, folder: Path) -> Path:
    """The file of one profile on that server."""
    token, path = folder / "token", folder / "config.toml"
    token.write_text("t")
    path.write_text(
        f'default_profile = "acme"\n[profiles.acme]\naccount_id = "{ACCOUNT}"\ntoken_file = "{token}"\nbase_url = "{server.base_url}"\n'
    )
    for file in (token, path):
        file.chmod(0o600)
    return path


async def test_a_list_of_which_part_is_missing_says_so_on_every_screen() -> None:
    async with faulty(partly([JOB], [ROW])) as server, console_on(lonely_service(server.base_url).settings) as console:
        await console.sees("1 loaded · may be incomplete", "the server says that part of the answer is missing")
        await console.press("enter")
        await console.sees("1 loaded · the server says that part of the answer is missing, r reads again")
        await console.press("L")
        await console.sees("1 row loaded, and no more came, but the server says that part")
        await console.press("5")
        await console.sees("0 loaded · the server says that part of", "No row came, and the answer may be incomplete")


async def test_nothing_in_an_answer_that_is_not_whole_is_not_told_as_nothing() -> None:
    async with faulty(partly([], [])) as server, console_on(lonely_service(server.base_url).settings) as console:
        await console.sees(
            "0 loaded · may be incomplete", "No job came, and the answer may be incomplete: r reads again."
        )
        await console.press("Q")
        await console.sees("0 found, may be incomplete", "No held mail came, and the answer may be incomplete")
        await console.press("escape", "n")
        await console.sees("new job")
        await console.type("evil.example")
        await console.press("enter")
        await console.sees("Finds at least 0 messages", "Nothing was found, and the answer may not be whole")
        assert "would do nothing" not in console.text


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([JOB], ["1 loaded · may be incomplete"]),
        ([], ["0 loaded · may be incomplete", "No job came, and not all could"]),
    ],
)
async def test_the_jobs_of_all_profiles_may_be_incomplete(
    tmp_path: Path, jobs: Sequence[dict[str, Any]], said: Sequence[str]
) -> None:
    async with faulty(partly(jobs, [])) as server, console_over(config(server, tmp_path)) as console:
        await console.sees("may be incomplete")
        await command(console, "jobs all")
        await console.sees("Jobs of all profiles", *said, "acme: the server says that part of the answer is missing")


async def test_how_far_a_search_is_loaded_is_told_beside_what_is_doubted() -> None:
    """Its first page is doubted, and two more follow."""
    told: list[MailSnapshot] = []

    def script(request: Received) -> bytes:
        page = 3 if "cursor=3" in request.target else 2 if "cursor=2" in request.target else 1
        mails = found(f"4NAAAAAAAAAAAA{page}{n}-2026-11-20T10:00:00-1" for n in range(2))
        return answer(
            206 if page == 1 else 200, {**mails, "result_info": {"next": str(page + 1) if page < 3 else None}}
        )

    async with faulty(script) as server:
        service = lonely_service(server.base_url)
        search = service.mail.watch(told.append)
        search.ask("")
        await search.load(2)
        assert what_is_here(search.snapshot, answered=True, listed=2) == (
            "2 found so far, ‹row.last› loads more, may be incomplete"
        )
        await search.load()
        await service.close()
    words = [what_is_here(snapshot, answered=True, listed=2) for snapshot in told]
    assert "4 found, loading…, may be incomplete" in words
    assert words[-1] == "6 found, may be incomplete"


@pytest.mark.parametrize(
    ("rows", "counted", "said"),
    [
        (RowsSnapshot(complete=True), 0, "No row is cancelled now; 0 shows all."),
        (RowsSnapshot(complete=True, lack=Lack(unasked=3)), 0, "No row that was asked for came: "),
        (RowsSnapshot(complete=True), 920, "No row came, but the job counts 920: "),
        (RowsSnapshot(), 920, "No row came yet: "),
    ],
)
def test_that_there_is_no_row_is_said_only_where_nothing_speaks_against_it(
    rows: RowsSnapshot, counted: int, said: str
) -> None:
    job = Job.from_wire(JOB | {"messages_cancelled": counted})
    assert what_empty_means(job, rows, RowStatus.CANCELLED).startswith(said)
