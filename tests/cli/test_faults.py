"""The command line under faults, and the simulator's own command for them."""

import asyncio
import csv
import io
import json
import re
import select
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import run_with, started, told
from tests.support.faulty import ACCOUNT, Received, answer, failure, faulty, found, success
from tui_app.simulator.quota import Quota
from tui_app.simulator.server import Options, Simulator, running


@pytest.fixture
def gated() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=100, held=60, faults="none")) as simulator:
        yield simulator


def newsletters(simulator: Simulator, count: int) -> list[str]:
    return [mail.investigate_id for mail in simulator.account.held if not mail.disposition.startswith("MALICIOUS")][
        :count
    ]


def test_the_kinds_of_faults_are_listed_and_a_wrong_one_names_the_nearest() -> None:
    listed = run_with({}, "simulate", "--faults", "help")
    assert listed.returncode == 0
    assert "close_after" in listed.stdout
    wrong = run_with({}, "simulate", "--faults", "stal_after")
    assert wrong.returncode == 2
    assert "stall_after" in wrong.stderr
    assert wrong.stdout == ""


def test_a_release_whose_answer_is_lost_is_settled_by_reading_back_and_goes_on(gated: Simulator) -> None:
    gated.set_faults("close_after@release#2")
    ids = newsletters(gated, 57)
    ended = run_with(
        gated.environment(),
        "release",
        *ids,
        "--reason",
        "t",
        "--yes",
        "--expect",
        "57",
        "--format",
        "csv",
        hurried=True,
    )
    assert ended.returncode in (0, 4)
    results_by_id = {row["id"]: row["outcome"] for row in csv.DictReader(io.StringIO(ended.stdout))}
    assert list(results_by_id.values()).count("seen released") == 25
    assert "settling 25 messages" in ended.stderr
    truth = [entry["id"] for entry in gated.account.truth.of("release")]
    assert len(truth) == len(set(truth)) == 57
    assert sum(entry["endpoint"] == "release" for entry in gated.wire()) == 3


def test_what_can_t_be_read_back_stays_unknown_and_nothing_more_is_sent(gated: Simulator, tmp_path: Path) -> None:
    gated.set_faults("stall_after@release#1")
    ids = newsletters(gated, 57)
    environment = {**gated.environment(), "XDG_STATE_HOME": str(tmp_path)}
    arguments = ["release", *ids, "--reason", "t", "--yes", "--expect", "57", "--json"]
    with started(environment, *arguments) as process:
        while not gated.account.truth.of("release"):
            select.select([], [], [], 0.02)
        process.kill()  # the answer never came, and nobody is there to read back
        process.communicate(timeout=30)
    shown = run_with(environment, "ledger", "list", "--json")
    (plan,) = json.loads(shown.stdout)
    assert (plan["unfinished"], plan["sums"]) == (True, {"unknown": 25, "not sent": 32})
    again = run_with(environment, "release", ids[0], "--reason", "x", "--yes")
    assert again.returncode == 3
    assert "already released" in again.stderr or f"unknown in plan {plan['plan']}" in again.stderr
    gated.set_faults("none")
    resumed = run_with(environment, "ledger", "resume", plan["plan"], "--yes", "--expect", "32", "--json", hurried=True)
    assert resumed.returncode in (0, 4), resumed.stderr
    truth = [entry["id"] for entry in gated.account.truth.of("release")]
    assert sorted(truth) == sorted(ids)
    assert run_with(environment, "ledger", "verify").returncode == 0


def test_whoever_does_not_wait_for_an_answer_is_told_what_is_unknown(gated: Simulator) -> None:
    gated.set_faults("stall_after@release#2")
    ids = newsletters(gated, 57)
    arguments = ["release", *ids, "--reason", "x", "--yes", "--expect", "57", "--format", "ndjson"]
    with started(gated.environment(), *arguments) as process:
        told(process, "request 1 of 3")
        while len(gated.account.truth.of("release")) <= 25:
            select.select([], [], [], 0.02)  # the second one is on its way
        process.send_signal(signal.SIGINT)
        told(process, "Stopping after the request in flight")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    results_by_id = [json.loads(line)["mailsluice"]["outcome"] for line in out.splitlines()]
    assert (results_by_id.count("unknown"), results_by_id.count("not sent")) == (25, 7)
    sent = [entry["id"] for entry in gated.account.truth.of("release")]
    assert len(sent) == len(set(sent))
    assert set(ids[:25]) <= set(sent) <= set(ids[:50])


def test_ids_that_an_answer_leaves_out_are_read_back(gated: Simulator) -> None:
    gated.set_faults("missing_ids")
    ids = newsletters(gated, 10)
    ended = run_with(
        gated.environment(), "release", *ids, "--reason", "t", "--yes", "--expect", "10", "--json", hurried=True
    )
    assert ended.returncode in (0, 4)
    results_by_id = [item["mailsluice"]["outcome"] for item in json.loads(ended.stdout)]
    assert results_by_id.count("seen released") == 5


def test_what_is_unknown_is_settled_without_sending_anything(gated: Simulator, tmp_path: Path) -> None:
    environment = gated.environment() | {"XDG_STATE_HOME": str(tmp_path)}
    gated.set_faults("close_after@release#1,status=500@reads#60")
    ids = newsletters(gated, 30)
    with started(environment, "release", *ids, "--reason", "t", "--yes", "--expect", "30") as process:
        told(process, "settling")
        process.kill()
        process.communicate(timeout=30)
    gated.set_faults("none")
    (plan,) = json.loads(run_with(environment, "ledger", "list", "--json").stdout)
    assert plan["sums"] == {"unknown": 25, "not sent": 5}
    ended = run_with(environment, "ledger", "settle", plan["plan"], "--json", hurried=True)
    results_by_id = [item["mailsluice"]["outcome"] for item in json.loads(ended.stdout)]
    assert (results_by_id.count("seen released"), results_by_id.count("not sent")) == (25, 5), ended.stderr
    assert ended.returncode == 4, "the rest was never sent"
    assert len(gated.account.truth.of("release")) == 25


def test_what_was_released_is_looked_at_again(gated: Simulator, tmp_path: Path) -> None:
    gated.set_faults("none")
    environment = gated.environment() | {"XDG_STATE_HOME": str(tmp_path)}
    ids = newsletters(gated, 3)
    assert run_with(environment, "release", *ids, "--reason", "t", "--yes", "--expect", "3").returncode in (0, 4)
    (plan,) = json.loads(run_with(environment, "ledger", "list", "--json").stdout)
    ended = run_with(environment, "ledger", "check", plan["plan"], "--json")
    seen = {item["id"]: item["mailsluice"]["checked"] for item in json.loads(ended.stdout)}
    assert ended.returncode == 0
    assert set(seen.values()) == {"seen delivered"}
    again = next(mail for mail in gated.account.held if mail.investigate_id == next(iter(seen)))
    again.quarantined = True
    ended = run_with(environment, "ledger", "check", plan["plan"])
    again.quarantined = False
    assert ended.returncode == 4
    assert "1 held again" in ended.stderr
    assert "held again" in run_with(environment, "report", plan["plan"]).stdout


def test_rows_that_move_are_told_on_standard_error(gated: Simulator) -> None:
    gated.set_faults("page_shift")
    job = max(gated.account.jobs.values(), key=lambda job: job.size)
    ended = run_with(gated.environment(), "messages", job.job_id, "--format", "ndjson")
    assert ended.returncode == 4
    rows = [json.loads(line)["message_id"] for line in ended.stdout.splitlines()]
    assert len(rows) == len(set(rows))
    assert len(rows) > 1000
    assert "rows moved while they were read" in ended.stderr


def test_what_a_release_costs_and_what_is_left(gated: Simulator) -> None:
    gated.set_faults("none")
    gated.api.quota = Quota(8)
    ended = run_with(gated.environment(), "release", *newsletters(gated, 60), "--plan-only")
    assert ended.returncode == 0
    (left,) = re.findall(r"3 requests of (\d) left", ended.stderr)
    assert "requests left" not in ended.stderr
    for _ in range(3):
        ended = run_with(gated.environment(), "jobs", "--json")
    assert len(json.loads(ended.stdout)) == 12
    assert f"{int(left) - 3} of 8 requests left for the next" in ended.stderr


def test_what_the_oldest_api_wants_is_remembered_between_commands(tmp_path: Path) -> None:
    with running(Options(quota=0, messages=10, held=30, generation="seed")) as simulator:
        environment = {**simulator.environment(), "XDG_STATE_HOME": str(tmp_path)}
        for identity in newsletters(simulator, 2):
            ended = run_with(environment, "release", identity, "--reason", "t", "--yes", "--json")
            assert json.loads(ended.stdout)[0]["mailsluice"]["outcome"] in ("delivered", "undelivered", "failed")
        kept = json.loads((tmp_path / "mailsluice" / "remembered.json").read_text())
    assert list(kept.values()) == [{"release_body": "postfix"}]
    # The first release was refused once for its shape, the second was right at once.
    assert len({entry["request"] for entry in simulator.account.truth.of("release")}) == 2


def test_a_list_that_is_null_is_no_empty_list(gated: Simulator) -> None:
    gated.set_faults("null_result")
    for command in (
        ["jobs"],
        ["quarantine"],
        ["create", "--action", "release", "--sender", "acme-news.example", "--preview"],
    ):
        ended = run_with(gated.environment(), *command, hurried=True)
        assert ended.returncode == 6
        assert "has no list" in ended.stderr
        assert ended.stdout == ""


def test_a_job_that_is_left_alone_is_not_all_done(gated: Simulator) -> None:
    running_job = next(job for job in gated.account.list_jobs("PROCESSING", None))
    missing = "00000000-0000-4000-8000-000000000000"
    ended = run_with(gated.environment(), "cancel", running_job["job_id"], missing, "--yes")
    assert ended.returncode == 4
    assert f"{missing}: no such job; left alone" in ended.stderr


def test_rows_of_a_status_that_nobody_knows_are_taken_and_told() -> None:
    with running(Options(quota=0, messages=200, held=60, faults="none")) as simulator:
        job = next(job for job in simulator.account.list_jobs(None, None) if job["messages_failed"] == 140)
        simulator.set_faults("unknown_enum@job_messages")
        arguments = ["--status", "FAILED", "--plan-only"]
        told = run_with(simulator.environment(), "release", "--job", job["job_id"], *arguments).stderr
    assert re.search(r"\d+ rows? of a status that nobody knows: taken, it may be FAILED\.", told)


async def test_a_new_job_that_differs_is_cancelled_also_when_the_answer_tells_an_error() -> None:
    job_id = "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"
    made_jobs: list[dict[str, Any]] = []

    def script(request: Received) -> bytes:
        if request.target.endswith(f"/bulk/{job_id}"):
            return answer(200, success(made_jobs[0]))
        if request.method == "GET":
            return answer(200, found([]))
        if request.target.endswith("/cancel"):
            return answer(403, failure(10000, "Forbidden"))
        body = json.loads(request.body)
        job = {
            "job_id": job_id, "status": "PENDING", "action_type": body["action"], "action_params": {"destination": "Inbox"},
            "search_params": body["search_params"], "comment": body["comment"],
        }  # fmt: skip
        made_jobs.append(job)
        return answer(200, {**success(job), "errors": [{"code": 10001, "message": "something went wrong"}]})

    async with faulty(script) as server:
        environment = {
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_BASE_URL": server.base_url,
        }  # fmt: skip
        arguments = ["--destination", "JunkEmail", "--sender", "a@b.example", "--yes", "--expect", "0"]
        made = await asyncio.to_thread(run_with, environment, "create", "--action", "move", *arguments)
    assert made.returncode == 5, made.stderr
    assert "done, but the answer also tells an error." in made.stderr
    assert "something went wrong" in made.stderr
    assert f"Job {job_id} DIFFERS from what was asked for:" in made.stderr
    assert "destination: asked for JunkEmail, the job has Inbox" in made.stderr
    assert "It was NOT cancelled: refused." in made.stderr
    assert f"to cancel it: mailsluice cancel {job_id}" in made.stderr
    posted = [request.target for request in server.received if request.method == "POST"]
    assert [target.rpartition("/")[2] for target in posted] == ["bulk", "cancel"]


async def test_what_the_server_calls_by_our_name_is_not_ours() -> None:
    mail = {"id": "4NAAAAAAAAAAAA01-2026-11-20T10:00:00-1", "subject": "x", "is_quarantined": True}
    told_by_it = {**mail, "mailsluice": {"outcome": "delivered"}}
    async with faulty(lambda _: answer(200, success([told_by_it], result_info={"next": None}))) as server:
        environment = {
            "CLOUDFLARE_BASE_URL": server.base_url, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t",
        }  # fmt: skip
        ended = await asyncio.to_thread(run_with, environment, "quarantine", "--json")
    assert json.loads(ended.stdout) == [mail]


async def test_a_search_that_may_go_on_is_told_and_ends_with_4() -> None:
    def script(request: Received) -> bytes:
        return answer(
            200, success([{"id": "a", "is_quarantined": True}], result_info={"next": f"c{len(request.target)}"})
        )

    async with faulty(script) as server:
        environment = {
            "CLOUDFLARE_BASE_URL": server.base_url, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t",
        }  # fmt: skip
        ended = await asyncio.to_thread(run_with, environment, "quarantine", "--json")
    assert ended.returncode == 4
    assert [mail["id"] for mail in json.loads(ended.stdout)] == ["a"]
    assert "Perhaps NOT all: the server says that there is more, and brings none." in ended.stderr
    assert "1 held found from 20" in ended.stderr


@pytest.mark.parametrize(
    ("hours", "said"),
    [(3, "3 h behind the server's"), (-3, "3 h ahead of the server's"), (0, "")],
)
async def test_a_clock_that_is_hours_off_is_told(hours: int, said: str) -> None:
    """Searches begin and end by it: what is newer is not in a list that is called whole."""

    def script(request: Received) -> bytes:
        there = datetime.now(UTC) + timedelta(hours=hours)
        return answer(200, success([], result_info={"count": 0}), date=format_datetime(there, usegmt=True))

    async with faulty(script) as server:
        environment = {
            "CLOUDFLARE_BASE_URL": server.base_url, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t",
        }  # fmt: skip
        ended = await asyncio.to_thread(run_with, environment, "quarantine", "--json")
    assert ended.returncode == 0
    assert ("this machine's clock is" in ended.stderr) is bool(said)
    assert said in ended.stderr


def test_rows_of_a_server_that_caps_its_pages_are_all_printed_or_missed(gated: Simulator) -> None:
    job = max(gated.account.list_jobs(None, None), key=lambda job: job["total_messages_discovered"])
    gated.set_faults("capped_pages=7@job_messages")
    ended = run_with(gated.environment(), "messages", job["job_id"], "--json")
    assert ended.returncode == 0
    assert len(json.loads(ended.stdout)) == job["total_messages_discovered"] > 50
    gated.set_faults("ignored_page@job_messages")
    ended = run_with(gated.environment(), "messages", job["job_id"], "--json")
    assert (ended.returncode, len(json.loads(ended.stdout))) == (4, 1000)
    assert f"Perhaps NOT all: the job counts {job['total_messages_discovered']:,}, and 1,000 rows came." in ended.stderr


def test_counters_that_can_t_be_read_are_told_and_end_with_4(gated: Simulator) -> None:
    job = max(gated.account.list_jobs(None, None), key=lambda job: job["total_messages_discovered"])
    gated.set_faults("odd_numbers")
    listed = run_with(gated.environment(), "jobs")
    assert listed.returncode == 0
    assert re.search(rf"{job['job_id']} .* \?  ", listed.stdout)
    (told,) = [
        one
        for one in json.loads(run_with(gated.environment(), "jobs", "--json").stdout)
        if one["job_id"] == job["job_id"]
    ]
    assert (told["mailsluice"]["done"], told["mailsluice"]["unaccounted"]) == (None, None)
    rows = run_with(gated.environment(), "messages", job["job_id"], "--json")
    assert (rows.returncode, len(json.loads(rows.stdout))) == (4, job["total_messages_discovered"])
    assert "Perhaps NOT all: the job's own count can't be read" in rows.stderr


async def test_what_can_t_be_read_ends_with_4_in_every_listing() -> None:
    job = {"job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "COMPLETED", "total_messages_discovered": 1}

    def script(request: Received) -> bytes:
        if "/messages" in request.target:
            return answer(200, success([{"message_id": "r1", "status": "FAILED"}, 7]))
        return answer(200, success(job if job["job_id"] in str(request.target) else [job, {}]))

    async with faulty(script) as server:
        environment = {
            "CLOUDFLARE_BASE_URL": server.base_url, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "CLOUDFLARE_API_TOKEN": "t",
        }  # fmt: skip
        for command in (("jobs",), ("messages", str(job["job_id"]))):
            ended = await asyncio.to_thread(run_with, environment, *command, "--json")
            assert (ended.returncode, len(json.loads(ended.stdout))) == (4, 1), ended.stderr
            assert "Perhaps NOT all: 1 row can't be read." in ended.stderr


def test_a_csv_for_a_spreadsheet_begins_with_a_mark_and_no_cell_is_cut_in_silence(
    gated: Simulator, tmp_path: Path
) -> None:
    gated.account.held[0].recipients = tuple(f"somebody.with.a.long.name.{n}@acme.example" for n in range(1000))
    plain = run_with(gated.environment(), "quarantine", "--format", "csv")
    marked = run_with(gated.environment(), "quarantine", "--bom", "--format", "csv")
    assert (plain.returncode, marked.returncode) == (0, 0)
    assert marked.stdout == "\ufeff" + plain.stdout
    cells = [cell for row in csv.reader(io.StringIO(plain.stdout)) for cell in row]
    assert max(map(len, cells)) <= 32_767
    assert len([cell for cell in cells if re.search(r"acme.*…\(\+\d+\)$", cell)]) == 1
    assert "1 cell cut at 32,767 characters" in plain.stderr
    whole = json.loads(run_with(gated.environment(), "quarantine", "--json").stdout)
    assert max(len(mail["to"]) for mail in whole) == 1000
    refused = run_with(gated.environment(), "quarantine", "--bom", "--json")
    assert (refused.returncode, "--bom is for --format csv" in refused.stderr) == (2, True)
    job = gated.account.list_jobs("COMPLETED", None)[0]
    for name, wanted in (("a.csv", (0, "\ufeff")), ("b.json", (2, ""))):
        ended = run_with(gated.environment(), "messages", job["job_id"], "--bom", "--output", str(tmp_path / name))
        assert ended.returncode == wanted[0], ended.stderr
        assert not wanted[1] or (tmp_path / name).read_text(encoding="utf-8").startswith(wanted[1])


@pytest.mark.parametrize("output_format", ("json", "ndjson", "csv"))
def test_a_listing_that_breaks_off_can_be_read_and_says_so(gated: Simulator, output_format: str) -> None:
    gated.set_faults("capped_pages=30@search#1,status=403@search#2-9")
    ended = run_with(gated.environment(), "quarantine", "--format", output_format)
    assert ended.returncode == 6
    rows: list[dict[str, str]]
    if output_format == "csv":
        rows = list(csv.DictReader(io.StringIO(ended.stdout)))
        assert rows[-1]["id"].startswith("PARTIAL: 30 rows, not all: ")
    else:
        lines = ended.stdout.splitlines()
        rows = json.loads(ended.stdout) if output_format == "json" else [json.loads(line) for line in lines]
        assert rows[-1]["mailsluice"]["partial"].startswith("30 rows, not all: ")  # type: ignore[index]
    assert len(rows) == 31
