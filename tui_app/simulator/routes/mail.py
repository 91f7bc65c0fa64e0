"""Answers about messages: searches, the parts of one message, and actions on chosen messages."""

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.auth import Refusal
from tui_app.simulator.content import detections, eml, screenshot, trace
from tui_app.simulator.envelopes import body_of, counted, listed, success
from tui_app.simulator.faults.raw_http import plays
from tui_app.simulator.mail import Mail, stable_hash
from tui_app.simulator.search import cursor_for, cursor_offset
from tui_app.simulator.validation import flag, page_number, page_size, search_query

_SLOW_TRACES = 4
"""One of this many traces is pending at the first request."""


class MailAnswers:
    """The operations on mail, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._traced: set[str] = set()

    def _mail_of(self, request: Request) -> Mail:
        mail = self._account.mail(
            request.path_params["investigate_id"], submission=flag(request.query_params, "submission")
        )
        if mail is None:
            raise Refusal(404, 10404, "Message not found")
        return mail

    def _detection_of(self, request: Request) -> Mail:
        """The message; raises Refusal for one without a detection, whose content is not stored."""
        mail = self._mail_of(request)
        if not mail.is_detection:
            raise Refusal(404, 10404, "No detection for this message")
        return mail

    async def search(self, request: Request) -> Response:
        """One page of what a search finds, newest first."""
        query, size = dict(request.query_params), page_size(request.query_params)
        generation = self._account.generation
        found = self._account.search(search_query(query, self._account.clock()))
        offset = cursor_offset(query["cursor"]) if query.get("cursor") else (page_number(query) - 1) * size
        page = [mail.wire(generation) for mail in found[offset : offset + size]]
        following = cursor_for(offset + size) if offset + size < len(found) else None
        previous = cursor_for(offset - size) if offset >= size else None
        return listed(page, size, following, previous, generation=generation)

    async def message(self, request: Request) -> Response:
        """One mail."""
        return success(self._mail_of(request).wire(self._account.generation))

    async def action_log(self, request: Request) -> Response:
        """One page of what was done to a mail, oldest first."""
        page, size = page_number(request.query_params), page_size(request.query_params)
        entries = self._account.done_to(self._mail_of(request))
        return counted([entry.wire(self._account.generation) for entry in entries], page, size)

    async def detections(self, request: Request) -> Response:
        """Why a mail was detected."""
        return success(detections(self._detection_of(request)))

    async def raw(self, request: Request) -> Response:
        """A mail as it came in."""
        return success({"raw": eml(self._detection_of(request))})

    async def preview(self, request: Request) -> Response:
        """A picture of a mail with a detection."""
        self._account.preview(self._detection_of(request))
        return success({"screenshot": screenshot()})

    async def create_preview(self, request: Request) -> Response:
        """A picture of a mail without a detection, from its copy in the mailbox."""
        self._account.preview_clean(await body_of(request))
        return success({"screenshot": screenshot()})

    async def trace(self, request: Request) -> Response:
        """The way of a mail."""
        mail = self._mail_of(request)
        pending = mail.investigate_id not in self._traced and stable_hash(mail.number, 21) % _SLOW_TRACES == 0
        self._traced.add(mail.investigate_id)
        return success(trace(mail, self._account.done_to(mail), self._account.generation, pending=pending))

    async def release(self, request: Request) -> Response:
        """Release messages; one result per message."""
        return success(self._account.release(await body_of(request), partial=plays(request.scope, "partial")))

    async def move(self, request: Request) -> Response:
        """Move messages; one result per recipient."""
        return success(self._account.move(await body_of(request), partial=plays(request.scope, "partial")))

    async def move_message(self, request: Request) -> Response:
        """Move one message; one result per recipient."""
        body, mail = await body_of(request), self._mail_of(request)
        return success(self._account.move(body, mail, partial=plays(request.scope, "partial")))

    async def reclassify(self, request: Request) -> Response:
        """Accept a reclassification."""
        body, mail = await body_of(request), self._mail_of(request)
        self._account.reclassify(mail, body)
        return success({}, status=202)
