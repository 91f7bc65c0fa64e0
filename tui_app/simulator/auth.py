"""Authentication of the simulated account: which credentials are accepted, and how others are refused."""

import secrets
from typing import Any

from starlette.datastructures import Headers

from tui_app.simulator.operations import ApiOperation


class Refusal(Exception):
    """A request that is answered with an error envelope."""

    def __init__(
        self, status: int, code: int, message: str, *, pointer: str | None = None, chain: list[Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"code": code, "message": message}
        if pointer is not None:
            self.error["source"] = {"pointer": pointer}
        if chain:
            self.error["error_chain"] = chain


class Authenticator:
    """The accepted credentials: a user's token, a read-only one, an account's token, an e-mail address with a key."""

    def __init__(
        self,
        token: str,
        *,
        read_token: str = "",
        owned_token: str = "",
        email: str = "operator@acme.example",
        key: str = "",
    ) -> None:
        self.token = token
        self.read_token = read_token
        self.owned_token = owned_token
        self.email = email
        self.key = key

    def check(self, headers: Headers, operation: ApiOperation) -> None:
        """Raise Refusal unless these headers authorise the request."""
        authorization = headers.get("authorization")
        email, key = headers.get("x-auth-email"), headers.get("x-auth-key")
        if authorization is not None:
            word, _, token = authorization.partition(" ")
            if word != "Bearer" or not token or " " in token:
                chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
                raise Refusal(400, 6003, "Invalid request headers", chain=chain)
            self._check_token(token, operation)
        elif email is not None and key is not None:
            if not self.key or email != self.email or not _same(key, self.key):
                chain = [{"code": 6103, "message": "Invalid format for X-Auth-Key header"}]
                raise Refusal(400, 6003, "Invalid request headers", chain=chain)
            if operation.name in ("verify", "verify_owned"):
                raise Refusal(401, 1000, "Invalid API Token")
        else:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")

    def _check_token(self, token: str, operation: ApiOperation) -> None:
        owned = bool(self.owned_token) and _same(token, self.owned_token)
        reads_only = bool(self.read_token) and _same(token, self.read_token)
        if not owned and not reads_only and not _same(token, self.token):
            raise Refusal(401, 1000, "Invalid API Token")
        if operation.name == ("verify" if owned else "verify_owned"):
            # Each endpoint to verify a token knows only its own kind of token.
            raise Refusal(401, 1000, "Invalid API Token")
        if owned and operation.name == "accounts":
            raise Refusal(400, 1001, "List accounts endpoint does not support account owned tokens")
        if reads_only and operation.writing:
            raise Refusal(403, 10000, "Authentication error")


def _same(given: str, known: str) -> bool:
    return secrets.compare_digest(given.encode(), known.encode())
