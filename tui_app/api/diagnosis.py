"""What a refusal of access is about: the token, the account, or the permission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_app.api.enums import TokenState
from tui_app.api.errors import ApiError, Forbidden, Invalid, NotFound, Unauthenticated
from tui_app.api.pagination import account_pages
from tui_app.auth.credentials import KeyCredential

if TYPE_CHECKING:
    from tui_app.api.client import EmailSecurityClient


async def diagnose(client: EmailSecurityClient, error: ApiError) -> str:
    """One more sentence on a refusal: is it the token, or the account? Never raises."""
    about_the_route = isinstance(error, NotFound) and bool(error.codes & {7000, 7003})
    if not (isinstance(error, (Unauthenticated, Forbidden)) or about_the_route):
        return ""
    if isinstance(client.transport.settings.credential, KeyCredential):
        return "Check CLOUDFLARE_EMAIL, CLOUDFLARE_API_KEY and the account id; a token can be checked better."
    try:
        token = await client.verify_token()
    except (Unauthenticated, Forbidden, Invalid, NotFound):
        return "The token itself is not accepted."
    except ApiError as failed:
        return f"Whether it is the token could not be found out: {failed}"
    if token.status is not TokenState.ACTIVE:
        return f"The token is {token.status}."
    try:
        accounts = [account async for page in account_pages(client) for account in page]
    except ApiError:
        return "The token is valid; it may not use this account or lacks Cloud Email Security permissions."
    if client.transport.settings.account_id in {account.id.exact for account in accounts}:
        return "The token is valid and sees this account; it lacks Cloud Email Security permissions."
    if not accounts:
        # A token that may do nothing but this sees no accounts: that says nothing of this one.
        return "The token is valid; it may not use this account or lacks Cloud Email Security permissions."
    seen = ", ".join(f"{account.name} ({account.id})" for account in accounts[:3])
    return f"The token is valid, but this is not an account it sees; it sees: {seen}."
