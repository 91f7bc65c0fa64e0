"""Is the simulator ever the bottleneck? Pages of 1,000 job messages a minute, against a server that sends the same bytes from memory.

Each figure is the median of five rounds, the two taken in turn.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from benchmarks.figure import Effort, Figure
from benchmarks.simulated import largest_job, simulated

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


def measure(effort: Effort) -> list[Figure]:
    """The simulator and the server from memory, in turn."""
    with simulated(messages=effort.size(100_000, 20_000)) as variables:
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
        for _ in range(effort.rounds(ROUNDS)):
            ours.append(pages_a_minute(connection, page, headers))
            limit.append(pages_a_minute(other, page, {}))
        memory.shutdown()
    simulator, at_most = statistics.median(ours), statistics.median(limit)
    what = f"pages of 1,000 messages a minute, {len(body):,} bytes each"
    return [Figure("simulator", what, "", simulator, at_most, "the same bytes from memory")]
