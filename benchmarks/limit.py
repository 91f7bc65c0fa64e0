"""The limit of a fetch: one raw socket, each page decoded by msgspec into the fields that a row shows, nothing checked."""

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import msgspec

NAME = "raw socket + msgspec"
PER_PAGE = 1000


def fetch(job_id: str) -> list[Any]:
    """All messages of a job, page after page until a short one."""
    base = urlsplit(os.environ["CLOUDFLARE_BASE_URL"])
    path = (
        f"{base.path}/accounts/{os.environ['CLOUDFLARE_ACCOUNT_ID']}/email-security/investigate/bulk/{job_id}/messages"
    )
    assert base.hostname is not None
    assert base.port is not None
    return _pages(base.hostname, base.port, path, os.environ["CLOUDFLARE_API_TOKEN"])


def _pages(host: str, port: int, path: str, token: str) -> list[Any]:
    action = msgspec.defstruct("Action", [("client_recipient", str, "")])
    row = msgspec.defstruct(
        "Row",
        [
            ("message_id", str),
            ("status", str),
            ("action_params", action),
            ("postfix_id", str, ""),
            ("retry_count", int, 0),
            ("processed_at", str | None, None),
            ("retry_after", str | None, None),
            ("status_message", str | None, None),
        ],
        gc=False,
    )
    decode = msgspec.json.Decoder(msgspec.defstruct("Page", [("result", list[row])])).decode
    kept: list[Any] = []
    with socket.create_connection((host, port)) as line, line.makefile("rb") as answers:
        number = 0
        while True:
            number += 1
            line.sendall(
                f"GET {path}?per_page={PER_PAGE}&page={number} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                f"Authorization: Bearer {token}\r\n\r\n".encode()
            )
            page = decode(_body(answers)).result
            kept += page
            if len(page) < PER_PAGE:
                return kept


def _body(answers: Any) -> bytes:
    """The body of one answer that tells its length."""
    status, length = answers.readline(), 0
    assert b" 200 " in status, status
    while (line := answers.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body: bytes = answers.read(length)
    return body
