"""EmailSecurityClient: one async method per endpoint, typed both ways.

Endpoints and shapes: Cloudflare API reference, Email Security › Investigate (18 endpoints, beta); User and Account ›
Tokens; Accounts. A read raises ApiError; a write returns a WriteResult, see `transport` for the rules of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar
from urllib.parse import quote

from tui_app.api.decoding import (
    DecodeError,
    Envelope,
    parse_envelope,
    read_many,
    read_one,
    read_readable,
    read_rows,
    typed_envelope,
)
from tui_app.api.details import Detections, LogEntry, MailPreview, RawMessage, Trace
from tui_app.api.enums import ActionType, Destination, Disposition, JobStatus, RowStatus
from tui_app.api.errors import Forbidden, Invalid, NotFound, Unauthenticated
from tui_app.api.models import CloudflareAccount, DeletedJob, Job, MoveItem, Reclassified, ReleaseItem, TokenStatus
from tui_app.api.page import MAX_ACCOUNTS, MAX_PER_PAGE, Page
from tui_app.api.rows import JobMessage, Message, WireMail, WireRow
from tui_app.api.search import QUERY_DISPOSITIONS, SearchParams
from tui_app.api.submission import (
    EXPECTED,
    MOST_SUBMITTED,
    SubmissionItem,
    SubmissionType,
    SubmittedMail,
    read_submission,
)
from tui_app.api.transport import Transport, always
from tui_app.api.wire_values import count, readable
from tui_app.config.settings import check_job_id
from tui_app.core.errors import UsageError
from tui_app.core.text import sanitize

if TYPE_CHECKING:
    from tui_app.api.drift import Drift
    from tui_app.api.write_result import WriteResult

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
MAX_MOVES: Final = 1000
"""Messages in one move."""
ReleaseShape = Literal["ids", "array", "postfix"]


_parse_mails: Final = typed_envelope(WireMail)
_parse_rows: Final = typed_envelope(WireRow)


class _Readable(Protocol[T_co]):
    def __call__(self, data: Any, drift: Drift | None, /) -> T_co: ...


_ROW_STATES: Final = frozenset(state.value for state in RowStatus)


class EmailSecurityClient:
    """The API of one account. Nothing here decides what is sent again; `transport` does."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._account = f"/accounts/{transport.settings.account_id}"

    # ---- tokens and accounts

    async def verify_token(self) -> TokenStatus:
        """Whether the token is active: asked as a user's token, then as the account's own; each refuses the other kind.

        GET /user/tokens/verify, GET /accounts/{account_id}/tokens/verify.
        """
        try:
            return await self.verify_user_token()
        except (Unauthenticated, Forbidden, Invalid, NotFound):
            return await self.verify_account_token()

    async def verify_user_token(self) -> TokenStatus:
        """Whether a user's token is active; the account's own are refused. GET /user/tokens/verify."""
        return await self.transport.get("/user/tokens/verify", None, self._one(TokenStatus.from_wire))

    async def verify_account_token(self) -> TokenStatus:
        """Whether a token of the account's own is active; those of users are refused. GET /accounts/{account_id}/tokens/verify."""
        return await self.transport.get(f"{self._account}/tokens/verify", None, self._one(TokenStatus.from_wire))

    async def list_accounts(self, *, page: int = 1, per_page: int = MAX_ACCOUNTS) -> Page[CloudflareAccount]:
        """Up to 50 accounts that the credentials can see; account-owned tokens may not ask (400, code 1001). GET /accounts."""
        query = {"page": str(page), "per_page": str(per_page)}
        read = self._page(self._many(CloudflareAccount.from_wire, sampled=page == 1), counted=True)
        return await self.transport.get("/accounts", query, read)

    # ---- searching and reading mail

    async def search_messages(
        self, params: SearchParams, *, cursor: str | None = None, per_page: int = MAX_PER_PAGE, exact: bool = False
    ) -> Page[Message]:
        """One page of a search; `exact` keeps the objects as they were sent. GET investigate.

        A slow search (202) is followed on the same origin until it is ready.
        """
        query = params.as_query() | {"per_page": str(per_page)} | ({"cursor": cursor} if cursor else {})
        # What is not documented is looked for in the first page; only objects that are read whole can show it.
        whole = exact or cursor is None
        tolerant = partial(Message.from_wire, drift=None if cursor else self.transport.drift, exact=exact)
        read = self._page(partial(read_rows, tolerant, Message.of_raw, yield_to_ui=self.transport.yield_to_ui))
        parse = parse_envelope if whole else _parse_mails
        page = await self.transport.get(self._path(), query, read, parse, slow=True)
        verdicts: dict[str, set[object]] = {}
        for message in page.items:
            verdicts.setdefault(message.id.exact, set()).add(str(message.raw.final_disposition))
        # Of a message that is told with two verdicts nobody knows which one counts.
        return page.only(lambda message: len(verdicts[message.id.exact]) == 1 and params.allows(message))

    async def get_message(self, investigate_id: str, *, submission: bool = False) -> Message:
        """One mail with all its fields; a phish submission is found with `submission` only. GET investigate/{id}."""
        query = {"submission": "true"} if submission else None
        read = self._about(investigate_id, Message.from_wire, lambda message: message.id.exact)
        return await self.transport.get(self._path(investigate_id), query, read)

    async def get_detections(self, investigate_id: str) -> Detections:
        """Why it was detected; only mail with a detection has this. GET investigate/{id}/detections."""
        return await self._get(Detections.from_wire, investigate_id, "detections")

    async def get_preview(self, investigate_id: str) -> MailPreview:
        """A picture of a mail with a detection. GET investigate/{id}/preview."""
        return await self._get(MailPreview.from_wire, investigate_id, "preview", slow=True)

    async def preview_delivered(self, investigate_id: str) -> MailPreview:
        """A picture of a mail without a detection, drawn from the mailbox; needs the Write permission. POST investigate/preview."""
        return await self.transport.ask(self._path("preview"), {"id": investigate_id}, self._one(MailPreview.from_wire))

    async def get_raw(self, investigate_id: str) -> RawMessage:
        """The EML text of a mail with a detection. GET investigate/{id}/raw."""
        return await self._get(RawMessage.from_wire, investigate_id, "raw", slow=True)

    async def get_trace(self, investigate_id: str) -> Trace:
        """Its way through the mail servers; `pending` asks to come again. GET investigate/{id}/trace."""
        return await self._get(Trace.from_wire, investigate_id, "trace", slow=True)

    async def list_action_log(
        self, investigate_id: str, *, page: int = 1, per_page: int = MAX_PER_PAGE
    ) -> Page[LogEntry]:
        """What was done to it, by whomever. GET investigate/{id}/action_log."""
        query = {"page": str(page), "per_page": str(per_page)}
        read = self._page(self._many(LogEntry.from_wire, sampled=page == 1))
        return await self.transport.get(self._path(investigate_id, "action_log"), query, read)

    # ---- acting on mail

    async def release_messages(
        self, ids: Sequence[str], shape: ReleaseShape = "ids", *, may_wait: Callable[[], bool] = always
    ) -> WriteResult[tuple[ReleaseItem, ...]]:
        """Release mail from quarantine; the result is per recipient. POST investigate/release.

        `shape` is the body's generation: an object with investigate ids, a bare array of them, a bare array of postfix
        ids. `may_wait` is asked before it is tried again.
        """
        body: Any = {"ids": list(ids)} if shape == "ids" else list(ids)
        return await self.transport.act(
            "POST", self._path("release"), body, self._many(ReleaseItem.from_wire), may_wait
        )

    async def move_messages(
        self, ids: Sequence[str], destination: Destination, *, may_wait: Callable[[], bool] = always
    ) -> WriteResult[tuple[MoveItem, ...]]:
        """Move mail between folders, 1 to 1,000 at once. POST investigate/move. Raises UsageError for more."""
        if not 1 <= len(ids) <= MAX_MOVES:
            raise UsageError(f"A move takes 1 to {MAX_MOVES:,} messages. Nothing was sent.")
        body = {"destination": destination.value, "ids": list(ids)}
        return await self.transport.act(
            "POST", self._path("move"), body, self._many(MoveItem.from_wire), may_wait, slow=True
        )

    async def move_message(self, investigate_id: str, destination: Destination) -> WriteResult[tuple[MoveItem, ...]]:
        """Move one mail. POST investigate/{id}/move."""
        body = {"destination": destination.value}
        return await self.transport.act(
            "POST", self._path(investigate_id, "move"), body, self._many(MoveItem.from_wire), slow=True
        )

    async def reclassify_message(
        self, investigate_id: str, expected: Disposition, *, eml: str | None = None
    ) -> WriteResult[Reclassified]:
        """Ask for another verdict; `eml` is the mail in base64. Deprecated by the API. POST investigate/{id}/reclassify.

        Raises UsageError for a verdict that can't be asked for: six of the ten can.
        """
        if expected not in QUERY_DISPOSITIONS:
            raise UsageError(f"{expected.value} is not a verdict that can be asked for. Nothing was sent.")
        body = {"expected_disposition": expected.value} | ({} if eml is None else {"eml_content": eml})
        return await self.transport.act(
            "POST", self._path(investigate_id, "reclassify"), body, self._one(Reclassified.from_wire), accepts=True
        )

    async def submit_messages(
        self, kind: SubmissionType, expected: Disposition, mails: Sequence[SubmittedMail]
    ) -> WriteResult[tuple[SubmissionItem, ...]]:
        """Report messages whose verdict was wrong, 1 to 100 at once; one item each, in their order. POST submissions.

        Raises UsageError for more, and for a verdict that can't be asked for.
        """
        if not 1 <= len(mails) <= MOST_SUBMITTED:
            raise UsageError(f"A submission takes 1 to {MOST_SUBMITTED} messages. Nothing was sent.")
        if expected not in EXPECTED[kind]:
            raise UsageError(f"{expected.value} is not a verdict for a {kind.label}. Nothing was sent.")
        asked, drift = tuple(mails), self.transport.drift
        body = {"type": kind.value, "messages": [mail.body(kind, expected) for mail in mails]}
        path = f"{self._account}/email-security/submissions"
        return await self.transport.act(
            "POST", path, body, lambda envelope: read_submission(envelope, asked, drift), accepts=True
        )

    # ---- jobs

    async def list_jobs(
        self,
        *,
        page: int = 1,
        per_page: int = MAX_PER_PAGE,
        status: JobStatus | None = None,
        action: ActionType | None = None,
    ) -> Page[Job]:
        """One page of jobs, filtered by the server, in no promised order. GET investigate/bulk."""
        query = {"page": str(page), "per_page": str(per_page)}
        query |= ({"status": status.value} if status else {}) | ({"action_type": action.value} if action else {})
        read = self._page(self._many(Job.from_wire, sampled=page == 1, each=True))
        found: Page[Job] = await self.transport.get(self._path("bulk"), query, read)
        return found.only(
            lambda job: (
                (status is None or job.status is status or not isinstance(job.status, JobStatus))
                and (action is None or job.action_type is action or not isinstance(job.action_type, ActionType))
            )
        )

    async def get_job(self, job_id: str) -> Job:
        """One job. GET investigate/bulk/{job_id}."""
        job_id = check_job_id(job_id)
        read = self._about(job_id, Job.from_wire, lambda job: job.id.lower())
        return await self.transport.get(self._path("bulk", job_id), None, read)

    async def list_job_messages(
        self,
        job_id: str,
        *,
        page: int = 1,
        per_page: int = MAX_PER_PAGE,
        status: RowStatus | None = None,
        exact: bool = False,
    ) -> Page[JobMessage]:
        """One page of a job's messages, filtered by the server; `exact` keeps the objects as they were sent.

        GET investigate/bulk/{job_id}/messages.
        """
        query = {"page": str(page), "per_page": str(per_page)} | ({"status": status.value} if status else {})
        path = self._path("bulk", check_job_id(job_id), "messages")
        tolerant = partial(JobMessage.from_wire, drift=self.transport.drift if page == 1 else None, exact=exact)
        read = self._page(partial(read_rows, tolerant, JobMessage.of_raw, yield_to_ui=self.transport.yield_to_ui))
        found = await self.transport.get(path, query, read, parse_envelope if exact or page == 1 else _parse_rows)
        # A state that nobody knows may be a new word for what was asked for.
        others = _ROW_STATES - {status.value} if status is not None else frozenset()
        return found.only(lambda row: row.raw.status.upper() not in others) if others else found

    async def create_job(
        self,
        action: ActionType,
        params: SearchParams,
        *,
        destination: Destination | None = None,
        comment: str | None = None,
    ) -> WriteResult[Job]:
        """Start a job over all that a search finds; a move needs a destination, nothing else takes one. POST investigate/bulk.

        `expected_disposition` has no function and ends on 2026-12-01: never sent. Raises UsageError.
        """
        if (action is ActionType.MOVE) != (destination is not None):
            raise UsageError("A MOVE needs a destination, a RELEASE takes none. Nothing was sent.")
        body: dict[str, Any] = {"action": action.value, "search_params": params.as_body()}
        if destination is not None:
            body["destination"] = destination.value
        if comment:
            body["comment"] = comment
        return await self.transport.act("POST", self._path("bulk"), body, self._one(Job.from_wire))

    async def cancel_job(self, job_id: str) -> WriteResult[Job]:
        """Stop a job's pending work. POST investigate/bulk/{job_id}/cancel."""
        job_id = check_job_id(job_id)
        read = self._about(job_id, Job.from_wire, lambda job: job.id.lower())
        return await self.transport.act("POST", self._path("bulk", job_id, "cancel"), None, read)

    async def delete_job(self, job_id: str) -> WriteResult[DeletedJob]:
        """Remove an ended job from lists; mail is not touched. DELETE investigate/bulk/{job_id}."""
        job_id = check_job_id(job_id)
        read = self._about(job_id, DeletedJob.from_wire, lambda deleted: deleted.id.exact.lower())
        return await self.transport.act("DELETE", self._path("bulk", job_id), None, read)

    # ---- how

    def _path(self, *parts: str) -> str:
        for part in parts:
            if part in ("", ".", ".."):
                raise UsageError("That is not an id. Nothing was sent.")
        try:
            quoted = [quote(part, safe="") for part in parts]
        except UnicodeEncodeError:
            raise UsageError("That id is not valid text. Nothing was sent.") from None
        return "/".join([f"{self._account}/email-security/investigate", *quoted])

    async def _get(self, read: _Readable[T], *parts: str, slow: bool = False) -> T:
        return await self.transport.get(self._path(*parts), None, self._one(read), slow=slow)

    def _one(self, read: _Readable[T]) -> Callable[[Envelope], T]:
        drift = self.transport.drift
        return lambda envelope: read_one(lambda data: read(data, drift), envelope.result)

    def _many(
        self, read: _Readable[T], *, sampled: bool = True, each: bool = False
    ) -> Callable[[Envelope], tuple[T, ...]]:
        """A list; what is not documented is noticed in a sample only, which is the first page.

        `each` = what can't be read is left out; else the whole list counts as unreadable.
        """
        many = read_readable if each else read_many
        drift = self.transport.drift if sampled else None
        yield_to_ui = self.transport.yield_to_ui
        return lambda envelope: many(lambda data: read(data, drift), envelope.result, yield_to_ui)

    def _about(self, asked: str, read: _Readable[T], name: Callable[[T], str]) -> Callable[[Envelope], T]:
        """Reads an answer about one thing; one that bears another id is refused, before anybody can use it."""
        one = self._one(read)

        def about(envelope: Envelope) -> T:
            answer = one(envelope)
            if name(answer) != asked:
                raise DecodeError(f"the answer is about another id than {sanitize(asked, 80)}")
            return answer

        return about

    def _page(
        self, many: Callable[[Envelope], tuple[T, ...]], *, counted: bool = False
    ) -> Callable[[Envelope], Page[T]]:
        """A page; only lists that are `counted` tell how many there are."""

        def page(envelope: Envelope) -> Page[T]:
            info = envelope.result_info
            if envelope.result is None and _whole(info.get("count")) != 0:
                # Null is how some servers write an empty list, but then they say that it is one.
                raise DecodeError("the answer has no list")
            following = info.get("next")
            if isinstance(following, int) and not isinstance(following, bool):
                following = str(following)
            if following is not None and not isinstance(following, str):
                # Taken for the end, it would hide the rest of the list.
                raise DecodeError("the answer's cursor is not text")
            items = many(envelope)
            told, total = _whole(info.get("count")) or 0, _whole(info.get("total_count")) or 0
            return Page(
                items,
                next=following or None,
                per_page=_whole(info.get("per_page")) or None,
                pages=(_whole(info.get("total_pages")) or None) if counted else None,
                notices=envelope.messages,
                unreadable=len(envelope.result or ()) - len(items),
                # Elsewhere the total is said to be always 0: a larger one costs a request more, and is not believed.
                count=max(told, total) if counted else told,
                total=max(told, total),
                partial=envelope.partial,
            )

        return page


def _whole(value: Any) -> int | None:
    number = count(value)
    return number if readable(number) else None
