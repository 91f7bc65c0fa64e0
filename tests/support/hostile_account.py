"""The simulated account with hostile strings in the place of every text that it does not have to get back."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.hostile import GIANT, MARKER, Hostile
from tui_app.simulator.jobs import Ending, JobRow, Pace, SimulatedJob
from tui_app.simulator.mail import Mail, queue_id
from tui_app.simulator.server import Options, Simulator, running
from tui_app.simulator.validation import TEXT_FIELDS

SEARCH: Final = (*TEXT_FIELDS, "final_disposition", "delivery_status", "message_action")
TEXTS: Final = (
    "comment", "status_message", "subject", "from", "from_name", "client_recipient", "alert_id", "postfix_id", "message_id",
    "email_message_id", "name",
)  # fmt: skip
LISTS: Final = ("to", "client_recipients", "detection_reasons")
ENUMS: Final = ("status", "action_type", "destination", "final_disposition", "delivery_mode")
ENUM_LISTS: Final = ("delivery_status", "post_delivery_operations")
_FIELDS: Final = (
    *TEXTS, *LISTS, *ENUMS, *ENUM_LISTS, "id", "job_id", "row_id", "released", "error", "said", *(f"search.{name}" for name in SEARCH),
)  # fmt: skip
# What is in a column: the field, and what stands before its text.
Columns = Mapping[str, tuple[str, str]]
JOBS: Final[Columns] = {"STATUS": ("status", "? "), "ACTION": ("action_type", "")}
JOBS_WIDE: Final[Columns] = {**JOBS, "COMMENT": ("comment", ""), "SEARCH": ("search.query", "query ")}
ROWS: Final[Columns] = {
    "STATUS": ("status", "? "),
    "RECIPIENT": ("client_recipient", ""),
    "SUBJECT": ("subject", ""),
    "WHY": ("status_message", ""),
}
HELD: Final[Columns] = {
    "VERDICT": ("final_disposition", "? "),
    "FROM": ("from", ""),
    "SUBJECT": ("subject", ""),
    "TO": ("client_recipients", ""),
}
HELD_WIDE: Final[Columns] = {**HELD, "REASONS": ("detection_reasons", "")}
OUTCOMES: Final[Columns] = {"RECIPIENT": ("released", ""), "SUBJECT": ("subject", "")}
ENDING: Final[Columns] = {title: JOBS_WIDE[title] for title in ("ACTION", "COMMENT", "SEARCH")}
REFUSED: Final[Columns] = {
    "RECIPIENT": ("client_recipients", ""),
    "SUBJECT": ("subject", ""),
    "WHY": ("error", "the api did not accept the request: "),
}
KNOWN_VALUE: Final = re.compile(r"[○◌●✔!✖■–·▪▲△] \w+|move → ")
_STRIDE: Final = 37
"""Neighbouring fields of a row show strings that are so far apart: what stands together is not alike."""
_NOTICES: Final = 8
STRINGS_OF_AN_ERROR: Final = 4 * _NOTICES


@dataclass
class HostileAccount:
    """What is served, and how; all of it may be changed while it is served."""

    simulator: Simulator
    strings: tuple[Hostile, ...]
    first: int = 0
    """The string that the first row begins with; the others follow."""
    rows: int | None = None
    """So many items of a list at most."""
    every_enum: int = 3
    """In each row of so many the values of closed lists are hostile too."""
    items: int = 1
    """Strings in a list of strings."""
    job_status: str = ""
    """The state of all jobs; empty: their own, or a hostile one."""
    hostile_ids: bool = False
    refuses: str = ""
    """A pattern of requests (`POST …/release`) that are answered with an error."""
    spared: int = 0
    """So many of these requests are answered first."""
    refusal: int = 400
    told: int = 0
    """The string that the next error begins with."""
    each_refusal_differs: bool = False
    """Whether an error begins one string after the one before."""
    talks: bool = False
    """Whether answers that are fine have hostile `messages` too."""
    latency: float = 0.0
    requests: list[str] = field(default_factory=list)
    """Methods and paths, in their order."""
    mails: tuple[Mail, ...] = ()
    jobs: tuple[SimulatedJob, ...] = ()
    """The first has a row for each mail, and has ended; the others wait."""

    def __post_init__(self) -> None:
        account, now, count = self.simulator.account, datetime.now(UTC), len(self.strings)
        self.mails = tuple(_mail(500_000 + number, now - timedelta(minutes=number + 1)) for number in range(count))
        for mail in self.mails:
            account.arrive(mail)
        self.jobs = tuple(_job(number, self.mails, now - timedelta(minutes=number + 1)) for number in range(count))
        account.jobs.update({job.job_id: job for job in self.jobs})
        self._rows = {mail.investigate_id: number for number, mail in enumerate(self.mails)}
        self._rows |= {job.job_id: number for number, job in enumerate(self.jobs)}
        self._giant_served = False

    def environment(self) -> dict[str, str]:
        return self.simulator.environment()

    # ---- which string is where

    def string(self, name: str, row: int, item: int = 0) -> Hostile:
        """The string in a field of a row."""
        return self._at(self.first + row + _STRIDE * _FIELDS.index(name) + 11 * item)

    def row_with(self, name: str, number: int) -> int:
        """The row whose field shows the string of that number; the other way round."""
        return (number - 1 - self.first - _STRIDE * _FIELDS.index(name)) % len(self.strings)

    def turn(self, name: str, row: int, string: Hostile) -> None:
        """Let that string be in that field of that row from the next answer on."""
        self.first = (string.number - 1 - row - _STRIDE * _FIELDS.index(name)) % len(self.strings)

    def in_error(self, item: int) -> Hostile:
        """The item-th string of the next error: of each notice its text, pointer, link and what led to it."""
        return self._at(self.told + item)

    def _at(self, number: int) -> Hostile:
        return self.strings[number % len(self.strings)]

    def _text(self, string: Hostile) -> str:
        text = string.text
        if len(text) >= GIANT:
            # An answer of several would be larger than any that is taken in.
            text = text[:300] if self._giant_served else text
            self._giant_served = True
        return text

    def wrong_in_table(
        self, lines: Sequence[Sequence[str]], columns: Columns, cursor_row: int, noted: dict[str, set[str]]
    ) -> str:
        """What is out of its column or in another row than its neighbours; the cursor must be on that row.

        `lines` are cells from the header of the table on; the markers that were seen are noted by column.
        """
        heading = "".join(lines[0])
        cursors: list[int] = []
        for y, cells in enumerate(lines[1:], start=1):
            if not "".join(cells).strip():
                break
            rows: dict[str, int] = {}
            for title, (name, lead) in columns.items():
                start = heading.index(title)
                text = "".join(cells[start:]).lower()
                found = MARKER.search(text[: len(lead) + 11])
                if (start > 2 and cells[start - 1] != " ") or (found is None and not KNOWN_VALUE.match(text)):
                    return f"row {y}: {title} does not begin in its column"
                if found is None:
                    continue
                row = rows[title] = self.row_with(name, int(found[0][1:]))
                if not text.startswith(lead + self.string(name, row).shown.lower()):
                    return f"row {y}: {title} begins otherwise"
                noted.setdefault(title, set()).add(found[0])
            if len(set(rows.values())) != 1 or cells[0] not in " ▸" or cells[1] not in " ✓":
                return f"row {y}: cells of other rows: {rows}"
            cursors += [next(iter(rows.values()))] if cells[0] == "▸" else []
            if len(rows) < len(columns) and next(iter(rows.values())) % self.every_enum == 0:
                return f"row {y}: a value that is not hostile"
        return "" if cursors == [cursor_row] else f"the cursor is on {cursors}, not on {cursor_row}"

    # ---- answers

    def dressed(self, method: str, path: str, query: Mapping[str, Sequence[str]], body: Any) -> Any:
        """An answer with hostile strings in it."""
        self._giant_served = False
        result = body.get("result")
        if not body.get("success"):
            return {**body, "errors": self.notices()}
        if isinstance(result, list):
            start = (int(query.get("page", ["1"])[0]) - 1) * int(query.get("per_page", ["20"])[0])
            listed = result[: self.rows] if self.rows is not None else result
            body = {**body, "result": [self._item(item, start + place) for place, item in enumerate(listed)]}
            if self.rows is not None and isinstance(info := body.get("result_info"), dict):
                body["result_info"] = {**info, "count": len(listed)}
        elif isinstance(result, dict):
            body = {**body, "result": self._item(result, 0)}
        return {**body, "messages": self.notices()} if self.talks else body

    def released(self, body: bytes) -> Any:
        """How a release ended: for one recipient of each message, whom nobody knows."""
        endings = ("delivered", "undelivered", "failed")
        items = []
        for identity in json.loads(body)["ids"]:
            row = self._rows.get(identity, 0)
            ends: dict[str, list[str]] = {name: [] for name in endings}
            ends[endings[row % 3]] = [self._text(self.string("released", row))]
            items.append({"id": identity, **ends})
        return {"success": True, "errors": [], "messages": [], "result": items}

    def refused(self) -> Any:
        """An error; so is every other answer that is none."""
        answer = {"success": False, "errors": self.notices(), "messages": [], "result": None}
        self.told += self.each_refusal_differs
        return answer

    def notices(self) -> list[dict[str, Any]]:
        """Errors or messages with a hostile string in every field."""
        made = []
        for number in range(0, STRINGS_OF_AN_ERROR, 4):
            message, pointer, link, cause = (self.in_error(number + part).text[:9999] for part in range(4))
            notice: dict[str, Any] = {"code": 10400 + number, "message": message, "documentation_url": link}
            notice["source"] = {"pointer": pointer}
            made.append({**notice, "error_chain": [{"code": 1, "message": cause}]})
        return made

    def ray(self) -> bytes:
        """A `cf-ray` as hostile as a header can be."""
        return re.sub(rb"[\s\0]", b"", self.in_error(0).text[:200].encode("utf-8", "replace"))

    def _item(self, item: dict[str, Any], place: int) -> dict[str, Any]:
        row = self._rows.get(item.get("id") or item.get("job_id") or "", place)
        return self._worn(item, row, is_row="retry_count" in item)

    def _worn(self, part: dict[str, Any], row: int, *, is_row: bool = False) -> dict[str, Any]:
        odd = row % self.every_enum == 0
        worn: dict[str, Any] = {}
        for name, value in part.items():
            if name in ("id", "job_id") or (is_row and name == "message_id"):
                known = "row_id" if is_row else name
                worn[name] = self._text(self.string(known, row)) if self.hostile_ids else value
            elif name == "search_params":
                searched = {key: self._text(self.string(f"search.{key}", row)) for key in SEARCH}
                worn[name] = {**value, **searched}
            elif isinstance(value, dict):
                worn[name] = self._worn(value, row)
            elif name == "status" and self.job_status and not is_row:
                worn[name] = self.job_status
            elif name in TEXTS or (name in ENUMS and odd):
                worn[name] = self._text(self.string(name, row))
            elif name in LISTS or (name in ENUM_LISTS and odd):
                worn[name] = [self._text(self.string(name, row, item)) for item in range(self.items)]
            else:
                worn[name] = value
        return worn


def _mail(number: int, at: datetime) -> Mail:
    return Mail(
        number, queue_id(1, number), "billing@evil.example", "Billing", ("ana@acme.example",), "Invoice", at, "SPAM",
        quarantined=True, delivery_status=["quarantined"],
    )  # fmt: skip


_ENDINGS: Final = (
    Ending(),
    Ending("FAILED", "no", 2),
    Ending("FAILED", "later", 3, retry_in=1800.0),
    Ending("SKIPPED", "x"),
)


def _job(number: int, mails: Sequence[Mail], at: datetime) -> SimulatedJob:
    ended = number == 0
    return SimulatedJob(
        number=700 + number,
        seed=1,
        action="MOVE",
        destination="JunkEmail",
        search_params={"detections_only": False},
        created_at=at,
        pace=Pace(1.0, 1.0, 1e6) if ended else Pace(queued=1e6),
        size=len(mails) if ended else 0,
        target=lambda index: JobRow(mails[index], mails[index].recipients[0]),
        ending=lambda index: _ENDINGS[index % len(_ENDINGS)],
    )


class HostileAnswers:
    """Stands between the simulated account and its socket."""

    def __init__(self, app: ASGIApp, account: HostileAccount) -> None:
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        account, path = self._account, scope["path"]
        asked = f"{scope['method']} {path}"
        account.requests.append(asked)
        begun: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
        body = b""

        async def keep(message: Message) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start":
                begun = dict(message)
            else:
                body += message.get("body", b"")

        refused = bool(account.refuses and re.search(account.refuses, asked))
        if refused and account.spared:
            account.spared, refused = account.spared - 1, False
        if refused:
            # What is not read of a request may cost the client the answer.
            await _whole(receive)
            begun["status"], answer = account.refusal, account.refused()
        elif asked.endswith("/release"):
            answer = account.released(await _whole(receive))
        else:
            await self._app(scope, receive, keep)
            query = parse_qs(scope["query_string"].decode())
            answer = account.dressed(scope["method"], path, query, json.loads(body))
        if account.latency:
            await anyio.sleep(account.latency)
        # JSON in ASCII: half of a surrogate pair can't be written otherwise.
        sent = json.dumps(answer).encode()
        headers = [(name, value) for name, value in begun["headers"] if name not in (b"content-length", b"cf-ray")]
        headers += [(b"content-length", str(len(sent)).encode()), (b"cf-ray", account.ray())]
        await send({**begun, "headers": headers})
        await send({"type": "http.response.body", "body": sent})


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


@contextmanager
def hostile_account(strings: tuple[Hostile, ...]) -> Iterator[HostileAccount]:
    """An account with as many jobs, held mails and rows of its first job as there are strings, served on loopback."""
    with running(Options(quota=0, messages=0)) as simulator:
        account = HostileAccount(simulator, strings)
        simulator.api.app.add_middleware(HostileAnswers, account=account)
        yield account
