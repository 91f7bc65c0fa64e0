"""Answers about messages: searches, the parts of one message, and actions on chosen messages."""

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.auth import Refusal
from tui_app.simulator.content import detections, eml, screenshot, trace
from tui_app.simulator.envelopes import body_of, counted, listed_json, success
from tui_app.simulator.faults.move_answers import untrue
from tui_app.simulator.faults.raw_http import plays, struck
from tui_app.simulator.mail import Mail, stable_hash
from tui_app.simulator.search import cursor_for, cursor_offset
from tui_app.simulator.validation import flag, page_number, page_size, search_query

_SLOW_TRACES = 4
"""One of this many traces is pending at the first request; after a release each is at the first two."""


class MailAnswers:
    """The operations on mail, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._traced: Counter[tuple[str, int]] = Counter()

    def _mail_of(self, request: Request) -> Mail:
        mail = self._account.mail(
            request.path_params["investigate_id"], submission=flag(request.query_params, "submission")
        )
        if mail is None:
            raise Refusal(404, 10404, "Message not found")
        return mail

    def _told(self, request: Request, mail: Mail) -> Mail:
        """The message that the answer is about."""
        return (self._account.other_mail(mail) if plays(request.scope, "wrong_id") else None) or mail

    def _may_read(self, what: str) -> None:
        """Raise Refusal unless the caller may read what is in messages."""
        if not self._account.pii:
            raise Refusal(403, 10000, f"{what} requires the PII role")

    def _detection_of(self, request: Request, what: str) -> Mail:
        """The message, whose content is asked for; raises Refusal for one whose content is not kept."""
        self._may_read(what)
        mail = self._mail_of(request)
        if not mail.is_detection:
            raise Refusal(404, 10404, "not a detection")
        if mail.scanned_at < self._account.clock() - self._account.retention:
            raise Refusal(404, 10404, "message content has expired")
        return mail

    async def search(self, request: Request) -> Response:
        """One page of what a search finds, newest first."""
        query, size = dict(request.query_params), page_size(request.query_params)
        generation = self._account.generation
        asked = search_query(query, self._account.clock())
        found = self._account.search(asked)
        if fault := struck(request.scope, "wrong_rows"):
            found = [*self._account.outside(asked, fault.value, fault.seed), *found]
        offset = cursor_offset(query["cursor"]) if query.get("cursor") else (page_number(query) - 1) * size
        page = [mail.json(generation) for mail in found[offset : offset + size]]
        following = cursor_for(offset + size) if offset + size < len(found) else None
        previous = cursor_for(offset - size) if offset >= size else None
        return listed_json(page, size, following, previous, generation=generation)

    async def message(self, request: Request) -> Response:
        """One mail."""
        return success(self._told(request, self._mail_of(request)).wire(self._account.generation))

    async def action_log(self, request: Request) -> Response:
        """One page of what was done to a mail, oldest first."""
        page, size = page_number(request.query_params), page_size(request.query_params)
        entries = self._account.done_to(self._told(request, self._mail_of(request)))
        return counted([entry.wire(self._account.generation) for entry in entries], page, size)

    async def detections(self, request: Request) -> Response:
        """Why a mail was detected."""
        return success(detections(self._told(request, self._detection_of(request, "detections"))))

    async def raw(self, request: Request) -> Response:
        """A mail as it came in."""
        return success({"raw": eml(self._told(request, self._detection_of(request, "raw")))})

    async def preview(self, request: Request) -> Response:
        """A picture of a mail with a detection."""
        self._account.preview(self._detection_of(request, "preview"))
        return success({"screenshot": screenshot()})

    async def create_preview(self, request: Request) -> Response:
        """A picture of a mail without a detection, from its copy in the mailbox."""
        self._may_read("preview")
        self._account.preview_clean(await body_of(request))
        return success({"screenshot": screenshot()})

    async def trace(self, request: Request) -> Response:
        """The way of a mail."""
        mail = self._mail_of(request)
        asked = mail.investigate_id, self._releases(mail)
        self._traced[asked] += 1
        slow = 2 if asked[1] else 1 if stable_hash(mail.number, 21) % _SLOW_TRACES == 0 else 0
        pending = self._traced[asked] <= slow
        mail = self._told(request, mail)
        return success(trace(mail, self._account.done_to(mail), self._account.generation, pending=pending))

    def _releases(self, mail: Mail) -> int:
        """How often a message was released since the account began."""
        done = self._account.done_to(mail)
        return sum(
            entry.action == "RELEASE" and entry.success and entry.completed_at >= self._account.start for entry in done
        )

    async def release(self, request: Request) -> Response:
        """Release messages; one result per message."""
        items = self._account.release(await body_of(request), partial=plays(request.scope, "partial"))
        if fault := struck(request.scope, "extra_items"):
            return self._told_too_much(items, fault.value or 1 + fault.seed % 4)
        return success(items)

    def _told_too_much(self, items: list[dict[str, Any]], which: int) -> Response:
        """The answer to a release with more in it than was asked or done."""
        asked = [mail for item in items if (mail := self._account.known(item["id"]))]
        other = self._account.other_mail(*asked)
        about = {} if other is None else {"id": other.investigate_id}
        if other is not None and self._account.generation == "seed":
            about["postfix_id"] = other.postfix_id
        match which:
            case 1 if other is not None:
                told = {**about, "delivered": list(other.recipients), "undelivered": None, "failed": None}
                return success([*items, told])
            case 2:
                names = [*(items[0]["delivered"] or ()), "stranger@elsewhere.example"]
                return success([{**items[0], "delivered": names}, *items[1:]])
            case 3:
                return success([{**items[0], **about}, *items[1:]])
            case _:
                return success(items, errors=[{"code": 10500, "message": "Something went wrong"}])

    async def move(self, request: Request) -> Response:
        """Move messages; one result per recipient."""
        body = await body_of(request)
        return self._moved(request, self._account.move(body, partial=plays(request.scope, "partial")))

    async def move_message(self, request: Request) -> Response:
        """Move one message; one result per recipient."""
        body, mail = await body_of(request), self._mail_of(request)
        return self._moved(request, self._account.move(body, mail, partial=plays(request.scope, "partial")))

    def _moved(self, request: Request, items: list[dict[str, Any]]) -> Response:
        if fault := struck(request.scope, "move_answers"):
            return success(untrue(items, fault, self._account.mail_besides({item["message_id"] for item in items})))
        return success(items)

    async def reclassify(self, request: Request) -> Response:
        """Accept a reclassification."""
        body, mail = await body_of(request), self._mail_of(request)
        self._account.reclassify(mail, body)
        return success({}, status=202)
