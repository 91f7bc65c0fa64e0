"""Answers about accounts and tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tui_app.simulator.account import Account
from tui_app.simulator.envelopes import counted, success
from tui_app.simulator.mail import stable_hash
from tui_app.simulator.validation import one_of, page_number, page_size


class AccountAnswers:
    """The operations on accounts and tokens, each named as in `OPERATIONS`."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def verify(self, request: Request) -> Response:
        """The state of a user's token."""
        return self._verified(3)

    async def verify_owned(self, request: Request) -> Response:
        """The state of a token that the account owns."""
        return self._verified(4)

    def _verified(self, which: int) -> Response:
        notice = {"code": 10000, "message": "This API Token is valid and active"}
        return success({"id": f"{stable_hash(self._account.seed, which):032x}", "status": "active"}, notices=[notice])

    async def accounts(self, request: Request) -> Response:
        """The accounts that the caller may see: this one, unless another name is asked for."""
        query = request.query_params
        if "direction" in query:
            one_of(query["direction"], ("asc", "desc"), "/query/direction")
        page, size = page_number(query), page_size(query, 5, 50)
        fits = query.get("name", self._account.name) == self._account.name
        return counted([self._item()] if fits else [], page, size)

    async def account(self, request: Request) -> Response:
        """The account."""
        return success(self._item())

    def _item(self) -> dict[str, Any]:
        return {
            "id": self._account.account_id,
            "name": self._account.name,
            "type": "enterprise",
            "created_on": "2019-04-01T09:00:00.000Z",
            "settings": {"enforce_twofactor": True, "abuse_contact_email": None},
        }
