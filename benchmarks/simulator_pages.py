"""Is the simulator ever the bottleneck? Pages of 1,000 job messages a minute, against a server that sends the same bytes from memory.

Run: `.venv/bin/python -m benchmarks.simulator_pages`. Each figure is the median of five rounds, the two taken in turn.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ROUNDS = 5
PAGES = 20


def pages_a_minute(connection: HTTPConnection, path: Callable[[int], str], headers: dict[str, str]) -> float:
    """Fetch some pages one after the other and read them whole."""
    started = time.perf_counter()
    for number in range(PAGES):
        connection.request("GET", path(number + 1), headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    return PAGES / (time.perf_counter() - started) * 60


def from_memory(body: bytes) -> ThreadingHTTPServer:
    """A server that sends one page for ever: the limit of this machine and of the reader."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    return ThreadingHTTPServer(("127.0.0.1", 0), Page)


def main() -> None:
    command = [sys.executable, "-m", "tui_app", "simulate", "--messages", "100000", "--quota", "0", "--until-eof"]
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert simulator.stdin is not None
    assert simulator.stdout is not None
    variables = dict(word.split("=", 1) for word in simulator.stdout.readline().split()[1:])
    base = urlsplit(variables["CLOUDFLARE_BASE_URL"])
    headers = {"Authorization": f"Bearer {variables['CLOUDFLARE_API_TOKEN']}"}
    connection = HTTPConnection(str(base.hostname), base.port)
    bulk = f"{base.path}/accounts/{variables['CLOUDFLARE_ACCOUNT_ID']}/email-security/investigate/bulk"
    job_id = asyncio.run(largest_job(variables))

    def page(number: int) -> str:
        return f"{bulk}/{job_id}/messages?per_page=1000&page={number}"

    connection.request("GET", page(1), headers=headers)
    body = connection.getresponse().read()
    memory = from_memory(body)
    threading.Thread(target=memory.serve_forever, daemon=True).start()
    other = HTTPConnection("127.0.0.1", memory.server_address[1])
    ours, limit = [], []
    for _ in range(ROUNDS):
        ours.append(pages_a_minute(connection, page, headers))
        limit.append(pages_a_minute(other, page, {}))
    memory.shutdown()
    simulator.stdin.close()
    simulator.wait(timeout=10)
    print(f"pages of 1,000 messages a minute, {len(body):,} bytes each, {os.cpu_count()} cores")
    print(f"simulator    {statistics.median(ours):10,.0f}")
    print(f"from memory  {statistics.median(limit):10,.0f}")
    print(f"ratio        {statistics.median(limit) / statistics.median(ours):10.1f}")


async def largest_job(variables: dict[str, str]) -> str:
    """The id of the job with the most messages, by our own client."""
    from random import Random

    from tui_app.api.client import EmailSecurityClient
    from tui_app.api.traffic import Traffic
    from tui_app.clock import SystemClock
    from tui_app.config import load_settings

    traffic = Traffic(load_settings({**variables, "MAILSLUICE_CONFIG": os.devnull}), SystemClock(), Random(1))
    try:
        jobs = (await EmailSecurityClient(traffic).list_jobs()).items
    finally:
        await traffic.close()
    return max(jobs, key=lambda job: job.total_messages_discovered).id


if __name__ == "__main__":
    main()
