"""Every answer about accounts and tokens, field by field, and which credential passes where."""

from typing import Any

import httpx
import pytest

from tests.contract.documented import Account, Counted, Failure, Success, Verified
from tui_app.simulator.server import Simulator


def ask(simulator: Simulator, path: str, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or simulator.authenticator.token}"}
    return httpx.get(simulator.base_url + path, headers=headers, trust_env=False)


def test_accounts_come_in_pages(simulator: Simulator) -> None:
    first = Counted[Account].model_validate(ask(simulator, "/accounts?per_page=50").json())
    assert [account.id for account in first.result] == [simulator.account.account_id]
    assert (first.result_info.per_page, first.result_info.total_pages, first.result_info.total_count) == (50, 1, 1)
    beyond = Counted[Account].model_validate(ask(simulator, "/accounts?page=2").json())
    assert (beyond.result, beyond.result_info.page, beyond.result_info.count) == ([], 2, 0)
    assert Counted[Account].model_validate(ask(simulator, "/accounts?name=Another").json()).result == []
    for query in ("per_page=4", "per_page=51", "page=0", "direction=up"):
        assert ask(simulator, f"/accounts?{query}").status_code == 400


def test_one_account(simulator: Simulator) -> None:
    path = f"/accounts/{simulator.account.account_id}"
    assert Success[Account].model_validate(ask(simulator, path).json()).result.type == "enterprise"
    assert ask(simulator, "/accounts/" + "0" * 32).status_code == 403
    assert ask(simulator, "/accounts/short").status_code == 404


def refusal(answer: httpx.Response) -> tuple[int, int]:
    told: Any = Failure.model_validate(answer.json())
    return answer.status_code, told.errors[0].code


def test_each_token_is_verified_in_its_own_place(simulator: Simulator) -> None:
    owned, here = simulator.authenticator.owned_token, f"/accounts/{simulator.account.account_id}/tokens/verify"
    users = Success[Verified].model_validate(ask(simulator, "/user/tokens/verify").json())
    accounts = Success[Verified].model_validate(ask(simulator, here, owned).json())
    assert (users.result.status, accounts.result.status) == ("active", "active")
    assert users.messages[0].code == accounts.messages[0].code == 10000
    assert users.result.id != accounts.result.id
    assert refusal(ask(simulator, "/user/tokens/verify", owned)) == (401, 1000)
    assert refusal(ask(simulator, here)) == (401, 1000)
    assert refusal(ask(simulator, "/accounts", owned)) == (400, 1001)


@pytest.mark.parametrize("path", ["", "/bulk"])
def test_a_token_of_the_account_may_read_and_write(simulator: Simulator, path: str) -> None:
    owned, base = (
        simulator.authenticator.owned_token,
        f"/accounts/{simulator.account.account_id}/email-security/investigate",
    )
    assert ask(simulator, base + path, owned).status_code == 200
    released = httpx.post(
        f"{simulator.base_url}{base}/release",
        json={"ids": [simulator.account.held[0].investigate_id]},
        headers={"Authorization": f"Bearer {owned}"},
        trust_env=False,
    )
    assert released.status_code == 200


def test_a_reader_may_not_even_preview(simulator: Simulator) -> None:
    base = f"{simulator.base_url}/accounts/{simulator.account.account_id}/email-security/investigate"
    headers = {"Authorization": f"Bearer {simulator.authenticator.read_token}"}
    identity = simulator.account.held[0].investigate_id
    for path in ("/preview", f"/{identity}/move", f"/{identity}/reclassify"):
        assert refusal(httpx.post(base + path, json={}, headers=headers, trust_env=False)) == (403, 10000)
    assert httpx.get(f"{base}/{identity}/preview", headers=headers, trust_env=False).status_code == 200
    assert httpx.get(f"{simulator.base_url}/user/tokens/verify", headers=headers, trust_env=False).status_code == 200
