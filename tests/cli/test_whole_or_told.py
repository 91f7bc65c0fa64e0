"""Lists are whole or say that they are not, whatever the server does with its pages: in every output, on every way.

The commands run in this process: a process for each of them would leave room for a handful of cases.
"""

import asyncio
import contextlib
import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.clock import HurriedClock
from tests.support.services import service_on
from tui_app.api.enums import RowStatus
from tui_app.api.search import SearchParams
from tui_app.cli import cli
from tui_app.core.errors import SluiceError
from tui_app.jobs.job_watch import JobSubject
from tui_app.service import EmailSecurityService
from tui_app.simulator.server import Options, Simulator, running

FEW = settings(max_examples=settings.default.max_examples // 20 if settings.default else 2)
SIZES = st.one_of(st.integers(60, 700), st.sampled_from([99, 100, 200, 250, 500, 1000]))
SHARES = st.sampled_from(["", "%50", "#1", "#2", "#2-3", "#3-1000"])


def faults(endpoint: str, *more: str) -> st.SearchStrategy[str]:
    """A specification of one to three faults of the lists of an endpoint."""
    plain = ["ignored_page", "past_end_400", "unreadable_row", "poison_row", "odd_numbers", "numbers_as_text"]
    rules = st.one_of(
        st.builds(lambda size: f"capped_pages={size if endpoint == 'job_messages' else size // 9}", SIZES),
        st.sampled_from([*plain, "null_lists", "slow_search", *more]),
    ).filter(lambda rule: endpoint == "search" or rule != "slow_search")
    return st.lists(
        st.builds(lambda rule, share: f"{rule}@{endpoint}{share}", rules, SHARES), min_size=1, max_size=3
    ).map(",".join)


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with running(Options(quota=0, messages=1200, held=60, speed=10_000, faults="none")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def run(account: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs a command under faults: its exit code, what it printed, what it said."""
    home = tmp_path_factory.mktemp("home")
    variables = {
        **account.environment(),
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "MAILSLUICE_CONFIG": "/dev/null",
    }

    def run(spec: str, *arguments: str) -> tuple[int, str, str]:
        account.set_faults(spec)
        printed, said = io.StringIO(), io.StringIO()
        # Core dumps are none of this process's business.
        here = contextlib.ExitStack()
        here.enter_context(mock.patch.dict(os.environ, variables))
        here.enter_context(mock.patch("tui_app.cli.runner.forbid_memory_dumps"))
        here.enter_context(mock.patch("tui_app.cli.runner.SystemClock", HurriedClock))
        with here, contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            try:
                code = cli.main(list(arguments), standalone_mode=False)
            except SluiceError as error:
                code, _ = error.exit_code, said.write(str(error))
            except SystemExit as ended:
                code = ended.code
        account.set_faults("none")
        return int(code or 0), printed.getvalue(), said.getvalue()

    yield run


def ids_in(output: str, kind: str, name: str) -> list[str]:
    """The ids of a listing; of what broke off as far as it came."""
    if kind == "json":
        return [row[name] for row in json.loads(output) if name in row] if output else []
    if kind == "ndjson":
        return [row[name] for row in map(json.loads, output.splitlines()) if name in row]
    if kind == "csv":
        return [row[name] for row in csv.DictReader(io.StringIO(output)) if not row[name].startswith("PARTIAL")]
    return [line.split()[0] for line in output.splitlines()[1:]]


def job_of(account: Simulator) -> Any:
    """A job of two pages of the largest size, and of many of a small one; it is over at once, and its rows stand still."""
    return next(job for job in account.account.jobs.values() if job.size == 1200)


def judge(ended: tuple[int, str, str], found: list[str], whole: set[str], what: object) -> None:
    """Whole with 0, or told with another code and a sentence; never twice, never what was not asked for."""
    code, _, said = ended
    assert len(found) == len(set(found)), (what, "something came twice")
    assert set(found) <= whole, (what, "what was not asked for came")
    if code == 0:
        assert set(found) == whole, (what, said)
    else:
        assert code in (4, 6), (what, said)
        assert said.strip(), (what, "nothing was said")


Run = Callable[..., tuple[int, str, str]]


@FEW
@given(spec=faults("job_messages", "page_shift"), kind=st.sampled_from(["table", "json", "ndjson", "csv"]))
@example(spec="capped_pages=170@job_messages", kind="table")
@example(spec="unreadable_row@job_messages#1", kind="csv")
def test_rows_of_a_job_in_every_listing_and_file(
    account: Simulator, run: Run, tmp_path_factory: Any, spec: str, kind: str
) -> None:
    job = job_of(account)
    whole = set(ids_in(run("none", "messages", job.job_id, "--json")[1], "json", "message_id"))
    assert len(whole) == job.size
    ended = run(spec, "messages", job.job_id, "--format", kind)
    judge(ended, ids_in(ended[1], kind, "message_id"), whole, (spec, kind))

    suffix = kind if kind != "table" else "csv"
    file: Path = tmp_path_factory.mktemp("export") / f"rows.{suffix}"
    ended = run(spec, "messages", job.job_id, "--output", str(file))
    partly = file.with_name(f"{file.name}.partial")
    assert file.exists() is (ended[0] == 0)
    if file.exists() or partly.exists():
        written = (file if file.exists() else partly).read_text(encoding="utf-8")
        judge(ended, ids_in(written, suffix, "message_id"), whole, (spec, suffix, "file"))


@FEW
@given(
    spec=faults("search", "endless_cursor=1", "endless_cursor=2", "wrong_rows"),
    kind=st.sampled_from(["table", "json", "ndjson", "csv"]),
)
@example(spec="endless_cursor=2@search", kind="json")
@example(spec="capped_pages=3@search,endless_cursor=1@search", kind="table")
def test_held_mail_in_every_listing(account: Simulator, run: Run, spec: str, kind: str) -> None:
    whole = {mail.investigate_id for mail in account.account.held}
    ended = run(spec, "quarantine", "--start", "30d", "--format", kind)
    judge(ended, ids_in(ended[1], kind, "id"), whole, (spec, kind))


@FEW
@given(spec=faults("job_messages", "page_shift"))
def test_a_release_of_a_job_takes_all_of_it_or_says_so(account: Simulator, run: Run, spec: str) -> None:
    job = job_of(account)
    code, _, said = run(spec, "release", "--job", job.job_id, "--plan-only")
    found = re.search(r"Looking up ([\d,]+) id", said)
    taken = int(found[1].replace(",", "")) if found else 0
    told = re.search(r"Perhaps NOT all|left out|could not|can't|no list|NOT", said)
    assert taken <= job.size
    assert taken == job.size or told or code == 6, (spec, said)


@FEW
@given(spec=faults("search", "endless_cursor=1", "endless_cursor=2", "wrong_rows"))
def test_a_preview_counts_all_or_says_at_least(account: Simulator, spec: str) -> None:
    async def work() -> None:
        async with service_on(account, clock=HurriedClock(), read_wait=1) as service:
            params = SearchParams(sender="acme-news.example", detections_only=False)
            whole = await service.jobs.preview(params)
            account.set_faults(spec)
            try:
                seen = await service.jobs.preview(params)
            except SluiceError:
                return
            finally:
                account.set_faults("none")
            assert seen.count <= whole.count
            assert seen.count == whole.count or not seen.complete, (spec, seen)

    asyncio.run(work())


@FEW
@given(spec=faults("job_messages", "page_shift"), status=st.sampled_from([None, RowStatus.COMPLETED]))
def test_a_job_on_the_screen_is_whole_or_says_so(account: Simulator, spec: str, status: RowStatus | None) -> None:
    job = job_of(account)

    async def work() -> None:
        async with service_on(account, clock=HurriedClock(), read_wait=1) as service:
            whole, _ = await _loaded(service, job.job_id, status)
            account.set_faults(spec)
            try:
                seen, watch = await _loaded(service, job.job_id, status)
            except SluiceError:
                return
            finally:
                account.set_faults("none")
            rows = watch._rows.snapshot
            told = watch.missing or rows.lack.doubts("row") or rows.stale or not rows.complete
            assert seen <= whole
            assert seen == whole or told, (spec, len(seen), len(whole))

    asyncio.run(work())


async def _loaded(service: EmailSecurityService, job_id: str, status: RowStatus | None) -> tuple[set[str], JobSubject]:
    watch = service.jobs.watch(job_id, lambda _: None)
    watch.turn_to(status)
    await watch.poll()
    await watch.load_all()
    rows = watch._rows.snapshot.rows
    assert rows is not None
    return {rows[index].id for index in range(len(rows))}, watch
