"""Finds out why access was refused: the token, the account, or a permission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.api.enums import TokenState
from tui_app.api.errors import ApiError, Forbidden, Invalid, NotFound, Unauthenticated
from tui_app.api.pagination import account_pages
from tui_app.auth.credentials import KeyCredential

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient


async def diagnose(client: EmailSecurityClient, error: ApiError) -> str:
    """A sentence on why this request was refused; empty for other errors. Sends up to two reads; never raises."""
    about_the_route = isinstance(error, NotFound) and bool(error.codes & {7000, 7003})
    if not (isinstance(error, (Unauthenticated, Forbidden)) or about_the_route):
        return ""
    if isinstance(client.transport.settings.credential, KeyCredential):
        return "Check CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY and the account id."
    try:
        token = await client.verify_token()
    except (Unauthenticated, Forbidden, Invalid, NotFound):
        return "The token itself is not accepted."
    except ApiError as failed:
        return f"The token could not be checked: {failed}"
    if token.status is not TokenState.ACTIVE:
        return f"The token is {token.status}."
    try:
        pages = account_pages(client)
        accounts = [account async for page in pages for account in page]
    except ApiError:
        return "The token is valid, but not for this account, or it lacks Cloud Email Security permissions."
    if client.transport.settings.account_id in {account.id.exact for account in accounts}:
        return "The token is valid and sees this account, but lacks Cloud Email Security permissions."
    if not accounts:
        # A token without the permission to list accounts sees none: that says nothing about this account.
        return "The token is valid, but not for this account, or it lacks Cloud Email Security permissions."
    if pages.may_miss:
        return (
            "The token is valid. Whether it sees this account is not known: the list of its accounts may be incomplete."
        )
    seen = ", ".join(f"{account.name} ({account.id})" for account in accounts[:3])
    return f"The token is valid, but does not see this account. It sees: {seen}."
