"""Errors of requests to the API.

::

    ApiError
    ├── Unreachable         no answer: network, time-out, name, TLS
    │   └── Stopped         not sent: the program was stopped before
    ├── Unreadable          an answer that can't be used, a redirect
    │   └── TooLarge        an answer that is too large
    └── Answered            the API answered with an error status
        ├── Unauthenticated 401, and 400/403 about the credentials' format
        ├── Forbidden       403
        ├── NotFound        404
        ├── Conflict        409
        ├── RateLimited     429
        ├── Invalid         any other 4xx
        └── ServerFault     5xx, and any other status
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_app.core.errors import ExitCode, SluiceError

if TYPE_CHECKING:
    from tui_app.core.text import Untrusted


@dataclass(frozen=True, slots=True)
class Notice:
    """One item of an envelope's `errors` or `messages` (and of an error's `error_chain`)."""

    code: int | None
    message: Untrusted
    pointer: Untrusted | None = None
    documentation_url: Untrusted | None = None

    def __str__(self) -> str:
        label = f" at {self.pointer}" if self.pointer else ""
        return f"{self.message}{label}" + (f" (code {self.code})" if self.code is not None else "")


class ApiError(SluiceError):
    """A request that failed."""

    exit_code = ExitCode.API
    _without_status = "no answer"

    def __init__(
        self,
        sentence: str,
        *,
        request: str,
        status: int | None = None,
        notices: Sequence[Notice] = (),
        ray: Untrusted | None = None,
    ) -> None:
        """`request` is method and path; `ray` is the `cf-ray` header, for questions to Cloudflare's support."""
        super().__init__(sentence)
        self.sentence = sentence
        self.request = request
        self.status = status
        self.notices = tuple(notices)
        self.ray = ray

    def __str__(self) -> str:
        return self.sentence

    def details(self) -> tuple[str, ...]:
        """Lines of the server's own text: codes, messages, pointers, documentation, status, request, ray."""
        lines = [str(notice) for notice in self.notices]
        lines += [f"see {notice.documentation_url}" for notice in self.notices if notice.documentation_url]
        lines.append(f"{self.request}: " + (f"HTTP {self.status}" if self.status else self._without_status))
        if self.ray:
            lines.append(f"cf-ray {self.ray}")
        return tuple(lines)

    @property
    def codes(self) -> frozenset[int]:
        """All error codes of the answer."""
        return frozenset(notice.code for notice in self.notices if notice.code is not None)


class Unreachable(ApiError):
    """No answer came; `sent` is False only if it is certain that the request was not sent."""

    def __init__(self, sentence: str, *, request: str, sent: bool) -> None:
        super().__init__(sentence, request=request)
        self.sent = sent


class Stopped(Unreachable):
    """A write that was not sent, as the program was stopped before."""

    _without_status = "not sent"

    def __init__(self, request: str) -> None:
        super().__init__("It was stopped before.", request=request, sent=False)


class Unreadable(ApiError):
    """An answer that is not an envelope of the API, or a redirect."""

    _without_status = "an answer that can't be used"


class TooLarge(Unreadable):
    """An answer that is too large; a smaller page may be small enough."""


class Answered(ApiError):
    """An error status, normally with an error envelope."""


class Unauthenticated(Answered):
    """The credentials are not accepted."""


class Forbidden(Answered):
    """The credentials are valid, but not for this request or this account."""


class NotFound(Answered):
    """No such job, message, account or route."""


class Conflict(Answered):
    """The job or message is in a state that does not allow the request."""


class RateLimited(Answered):
    """Too many requests; `retry_after` is the wait in seconds, at most 300.

    `sent` is False if the quota was known to be used up, so that the request was not sent at all.
    """

    retry_after: float = 300.0
    sent: bool = True
    _without_status = "not sent"

    @classmethod
    def before_sending(cls, request: str, wait: float) -> RateLimited:
        """The error for a request that was not sent: for `wait` more seconds it would be answered 429."""
        error = cls(
            f"The API accepts no request of this token for another {wait:.0f} s. Nothing was sent.", request=request
        )
        error.retry_after, error.sent = wait, False
        return error


class Invalid(Answered):
    """The API does not accept the request as it is."""


class ServerFault(Answered):
    """The server failed; after a write it is not known whether it was done."""


_ADVICE = {
    1000: "the token is not valid: check CLOUDFLARE_API_TOKEN",
    1001: "an account-owned token can't list accounts: set CLOUDFLARE_ACCOUNT_ID",
    6003: "the credentials have the wrong format: paste only the token, without 'Bearer'",
    7000: "no such route: check the account id and the base URL",
    7003: "no such route: check the account id",
    9106: "no credentials were sent: set CLOUDFLARE_API_TOKEN",
    9109: "the token lacks a permission: it needs Cloud Email Security Read or Write",
    10000: "the token has no permission for this, or not in this account: check the account id and the token's permissions",
}
_BY_STATUS: dict[int, tuple[type[Answered], str]] = {
    401: (Unauthenticated, "The API does not accept the credentials"),
    403: (Forbidden, "The API refused"),
    404: (NotFound, "The API did not find it"),
    409: (Conflict, "The API refused, because the state does not allow it"),
    429: (RateLimited, "Too many requests for this token"),
}
_CREDENTIAL_CODES = frozenset({1000, 6003, 9106})


def answered(status: int, notices: Sequence[Notice], *, request: str, ray: Untrusted | None) -> Answered:
    """The error for an answer with an error status, with advice for well-known codes."""
    codes = [notice.code for notice in notices if notice.code is not None]
    if status in _BY_STATUS:
        kind, opening = _BY_STATUS[status]
    elif 400 <= status < 500:
        kind, opening = Invalid, "The API did not accept the request"
        if _CREDENTIAL_CODES & set(codes):
            kind, opening = Unauthenticated, "The API does not accept the credentials"
    else:
        kind, opening = ServerFault, f"The API failed (HTTP {status})"
    # 10000 with 401/403 is an error; the same number is good news on a verified token.
    # A server that failed tells nothing of who asked.
    advice = next((_ADVICE[code] for code in codes if code in _ADVICE and kind is not ServerFault), None)
    server = str(notices[0]) if notices else "" if kind is ServerFault else f"HTTP {status}"
    return kind(
        opening + (f": {server}" if server else "") + (f"; {advice}" if advice else "") + ".",
        request=request,
        status=status,
        notices=notices,
        ray=ray,
    )
