"""Success, and yet not all of it is there: the answer names errors beside it, or its status is 206."""

from typing import Any

import pytest

from tests.support.faulty import Received, answer, faulty, success
from tests.support.services import lonely_service
from tui_app.api.enums import ActionType
from tui_app.api.errors import Unreadable
from tui_app.api.pagination import job_pages
from tui_app.api.search import SearchParams
from tui_app.core.errors import GuardError
from tui_app.jobs.new_job import NewJob, guard_job

JOB: dict[str, Any] = {
    "job_id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e", "status": "COMPLETED", "messages_successful": 1, "messages_failed": 0
}  # fmt: skip
MAIL: dict[str, Any] = {
    "id": "4NAAAAAAAAAAAA01-2026-11-20T10:00:00-1", "from": "news@shop.example", "final_disposition": "BULK",
    "client_recipients": ["ana@acme.example"], "is_quarantined": True,
}  # fmt: skip
ERRORS = [{"code": 10502, "message": "partial result: 2 of 3 shards did not answer"}]


def partly(how: str, result: Any) -> bytes:
    body = success(result, result_info={"count": 1, "per_page": 1000})
    return answer(206 if how == "206" else 200, body | ({"errors": ERRORS} if how == "errors" else {}))


def served(how: str) -> Any:
    def script(request: Received) -> bytes:
        if request.target.endswith(JOB["job_id"]):
            return partly(how, JOB)
        return partly(how, [JOB] if "/bulk" in request.target else [MAIL])

    return script


@pytest.mark.parametrize(("how", "whole"), [("errors", False), ("206", False), ("whole", True)])
async def test_a_list_of_which_part_is_missing_is_never_whole(how: str, whole: bool) -> None:
    async with faulty(served(how)) as server:
        service = lonely_service(server.base_url)
        pages = job_pages(service.client)
        assert [job.id async for page in pages for job in page] == [JOB["job_id"]], "what came is there"
        assert pages.may_miss is not whole
        release = NewJob(action=ActionType.RELEASE, params=SearchParams(sender="news@shop.example"))
        preview = await service.jobs.preview(release.params)
        assert (preview.count, preview.complete) == (1, whole)
        if not whole:
            with pytest.raises(GuardError, match="the answer to its search may not be whole"):
                guard_job(release, preview, hold_dispositions=("MALICIOUS",), max_messages=100)
        search = service.mail.watch(lambda _: None)
        search.ask("from:news@shop.example")
        await search.load(1000)
        assert (search.snapshot.complete, search.snapshot.may_miss) == (True, not whole)
        assert search.snapshot.incomplete == (() if whole else ("the server says that part of the answer is missing",))
        await service.close()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("errors", "also: partial result: 2 of 3 shards did not answer"),
        ("206", r"also: a part of the answer is missing \(HTTP 206\)"),
        ("whole", ""),
    ],
)
async def test_a_single_answer_of_which_part_is_missing_is_not_used(how: str, said: str) -> None:
    async with faulty(served(how)) as server:
        service = lonely_service(server.base_url)
        if said:
            with pytest.raises(Unreadable, match=said) as raised:
                await service.client.get_job(JOB["job_id"])
            assert raised.value.status == (206 if how == "206" else 200)
        else:
            assert (await service.client.get_job(JOB["job_id"])).id == JOB["job_id"]
        await service.close()
