"""Raw calls to a simulator: the status is checked, the JSON comes back."""

from typing import Any

import httpx

from tui_app.simulator.server import Simulator


class Caller:
    def __init__(self, simulator: Simulator) -> None:
        self.old = simulator.account.generation == "seed"
        self._http = httpx.Client(headers={"Authorization": f"Bearer {simulator.authenticator.token}"}, trust_env=False)
        self._base = f"{simulator.base_url}/accounts/{simulator.account.account_id}/email-security"

    def __call__(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        return self._ask(method, f"/investigate{path}", status, **more)

    def submissions(self, method: str, query: str = "", status: int = 200, **more: Any) -> Any:
        """A call about submissions, which are beside what is investigated."""
        return self._ask(method, f"/submissions{query}", status, **more)

    def _ask(self, method: str, path: str, status: int, **more: Any) -> Any:
        answer = self._http.request(method, self._base + path, **more)
        assert answer.status_code == status, answer.text
        assert answer.headers["cf-ray"]
        return answer.json()
