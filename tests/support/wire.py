"""A simulator behind a fault proxy, seen through a plain socket and through httpx."""

import json
import socket
from dataclasses import dataclass
from typing import Any

import httpx

from tui_app.simulator.server import Simulator

PATIENCE = 0.25
"""Seconds after which a test calls silence silence."""


@dataclass
class Wire:
    """A simulator behind a fault proxy, seen through a plain socket and through httpx."""

    simulator: Simulator
    http: httpx.Client
    used: int = 0

    @property
    def es(self) -> str:
        return f"/client/v4/accounts/{self.simulator.account.account_id}/email-security/investigate"

    def url(self, path: str) -> str:
        return self.simulator.base_url.removesuffix("/client/v4") + self.es + path

    def with_faults(self, spec: str) -> None:
        self.simulator.set_faults(spec)

    def fresh(self, count: int = 1) -> list[str]:
        """Ids that nobody has released yet."""
        self.used += count
        return [mail.investigate_id for mail in self.simulator.account.held[self.used - count : self.used]]

    def release(self, ids: list[str] | None = None) -> httpx.Response:
        return self.http.post(self.url("/release"), json={"ids": ids or self.fresh()})

    def get(self, path: str = "/bulk") -> httpx.Response:
        return self.http.get(self.url(path))

    def last(self) -> dict[str, Any]:
        return self.simulator.wire()[-1]

    def raw_release(self, identity: str) -> bytes:
        body = json.dumps({"ids": [identity]})
        return (
            f"POST {self.es}/release HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self.simulator.authenticator.token}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def raw(self, request: bytes) -> tuple[bytes, str]:
        """All bytes of the answer, and how it ended: closed, reset, or silent (or still going on)."""
        with self.connected() as line:
            line.sendall(request)
            return read_to_end(line)

    def connected(self) -> socket.socket:
        port = int(self.simulator.base_url.split(":")[2].split("/")[0])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def was_released(self, identity: str) -> bool:
        mail = self.simulator.account.mail(identity)
        assert mail is not None
        return not mail.quarantined


def read_to_end(line: socket.socket, most: int = 4_000_000) -> tuple[bytes, str]:
    got = b""
    try:
        while len(got) < most:
            piece = line.recv(65536)
            if not piece:
                return got, "closed"
            got += piece
    except ConnectionResetError:
        return got, "reset"
    except TimeoutError:
        return got, "silent"
    return got, "endless"


def job_row(number: int) -> dict[str, Any]:
    """A row of a job, as the API sends one."""
    return {"message_id": f"m{number}", "status": "COMPLETED"}
