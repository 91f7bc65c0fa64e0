"""What is in a message is for those who may read it, of detections only, and not for ever; a trace takes its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from tui_app.simulator.mail import Mail
from tui_app.simulator.server import Options, Simulator, running

PARTS = ("raw", "detections", "preview")


class Reader:
    def __init__(self, simulator: Simulator, http: httpx.Client) -> None:
        self.account = simulator.account
        self._http = http
        self._base = f"{simulator.base_url}/accounts/{self.account.account_id}/email-security/investigate"

    def get(self, mail: Mail, part: str, query: str = "") -> httpx.Response:
        return self._http.get(f"{self._base}/{mail.investigate_id}/{part}{query}")

    def post(self, path: str, body: Any) -> httpx.Response:
        return self._http.post(f"{self._base}{path}", json=body)


@contextmanager
def reading(options: Options) -> Iterator[Reader]:
    with (
        running(options, lambda: datetime(2026, 11, 20, 12, tzinfo=UTC)) as simulator,
        httpx.Client(headers={"Authorization": f"Bearer {simulator.authenticator.token}"}, trust_env=False) as http,
    ):
        yield Reader(simulator, http)


def refusals(reader: Reader, mail: Mail) -> set[tuple[int, int, str]]:
    answers = [(part, reader.get(mail, part)) for part in PARTS]
    errors = [(part, answer.status_code, answer.json()["errors"][0]) for part, answer in answers]
    return {(status, error["code"], error["message"].removeprefix(f"{part} ")) for part, status, error in errors}


def test_without_the_role_nothing_that_is_in_a_message_is_told() -> None:
    with reading(Options(messages=20, held=30, pii=False)) as reader:
        held, clean = reader.account.held[0], next(m for m in reader.account.campaign if not m.is_detection)
        assert refusals(reader, held) == {(403, 10000, "requires the PII role")}
        assert reader.post("/preview", {"id": clean.investigate_id}).status_code == 403
        assert all(reader.get(held, part).status_code == 200 for part in ("trace", "action_log"))
        assert reader.account.truth.of("preview") == []


def test_content_expires_and_the_rest_of_a_message_stays() -> None:
    with reading(Options(messages=20, held=2200, retention=1)) as reader:
        young, old = reader.account.held[0], reader.account.held[2199]
        assert refusals(reader, old) == {(404, 10404, "message content has expired")}
        assert {reader.get(young, part).status_code for part in PARTS} == {200}
        assert reader.get(old, "trace").status_code == 200


def test_content_is_kept_of_detections_only() -> None:
    with reading(Options(messages=20, held=30)) as reader:
        clean = next(mail for mail in reader.account.campaign if not mail.is_detection)
        assert refusals(reader, clean) == {(404, 10404, "not a detection")}


def test_the_way_out_is_pending_for_two_looks_after_a_release() -> None:
    with reading(Options(messages=20, held=30)) as reader:
        for mail in reader.account.held[:8]:
            reader.get(mail, "trace")
            assert reader.get(mail, "trace").json()["result"]["outbound"] == {"lines": [], "pending": False}
            reader.post("/release", {"ids": [mail.investigate_id]})
            looks = [reader.get(mail, "trace").json()["result"]["outbound"] for _ in range(4)]
            assert [look["pending"] for look in looks] == [True, True, False, False]
            assert [bool(look["lines"]) for look in looks] == [False, False, True, True]


def test_a_release_of_long_ago_is_not_pending() -> None:
    with reading(Options(messages=20, held=30)) as reader:
        mail = reader.account.held[0]
        reader.account.backdate_release([mail.investigate_id])
        reader.get(mail, "trace")
        assert reader.get(mail, "trace").json()["result"]["outbound"]["pending"] is False


def test_pages_of_the_action_log_have_every_entry_once() -> None:
    with reading(Options(messages=20, held=30)) as reader:
        mail = reader.account.held[0]
        for _ in range(7):
            reader.get(mail, "preview")
        pages = [reader.get(mail, "action_log", f"?per_page=3&page={page}").json() for page in (1, 2, 3, 4)]
        assert [len(page["result"]) for page in pages] == [3, 3, 1, 0]
        assert {page["result_info"]["total_count"] for page in pages} == {7}
