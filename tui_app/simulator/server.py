"""The simulator as a server on loopback."""

import asyncio
import os
import secrets
import shlex
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from tui_app.simulator.account import RETENTION, Account
from tui_app.simulator.app import SimulatedApi
from tui_app.simulator.auth import Authenticator
from tui_app.simulator.demo_data import DEFAULT_MESSAGES, HELD_NEWSLETTERS
from tui_app.simulator.drill_scene import set_scene
from tui_app.simulator.faults.events import Events
from tui_app.simulator.faults.plan import FaultPlan
from tui_app.simulator.faults.proxy import FaultProxy
from tui_app.simulator.operations import BASE_PATH
from tui_app.simulator.quota import Quota
from tui_app.simulator.truth import TruthLog


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Options:
    """What to simulate and how it behaves; `quota` is requests per five minutes, 0 = no limit.

    `faults` is a specification as `FaultPlan.parse` reads it; unless it is empty, a fault proxy is before the account.
    `retry_in`: after so many seconds all throttled rows of the job with 140 failures may be tried again; None: they
    may be at the start. Without `pii` the credentials lack the role to read what is in messages; that is kept for
    `retention` days. With a `sample` of so many newsletters those are held in place of the demo's; the `corpus` of odd
    mail is held besides. With a `drill` the account has what that needs, too (`drill_scene.py`).
    """

    seed: int = 1
    messages: int = DEFAULT_MESSAGES
    held: int = HELD_NEWSLETTERS
    generation: str = "new"
    speed: float = 1.0
    latency_ms: int = 0
    quota: int = 1200
    port: int = 0
    truth: Path | None = None
    faults: str = ""
    retry_in: float | None = None
    pii: bool = True
    retention: int = RETENTION.days
    corpus: bool = False
    sample: int = 0
    drill: str = ""


class Simulator:
    """An account with its authentication and its socket; `serve` runs it, `stop` ends it (from any thread)."""

    def __init__(self, options: Options, clock: Callable[[], datetime] = _utc_now) -> None:
        plan = FaultPlan.parse(options.faults, options.seed)
        self._seed = options.seed
        self.account = Account(
            clock,
            seed=options.seed,
            messages=options.messages,
            held=options.held,
            speed=options.speed,
            generation=options.generation,
            truth=TruthLog(options.truth),
            retry_in=None if options.retry_in is None else timedelta(seconds=options.retry_in),
            pii=options.pii,
            retention=timedelta(days=options.retention),
            corpus=options.corpus,
            sample=options.sample,
        )
        if options.drill:
            set_scene(self.account, options.drill)
        self.authenticator = Authenticator(
            secrets.token_urlsafe(30),
            read_token=secrets.token_urlsafe(30),
            owned_token=f"cfat_{secrets.token_urlsafe(36)}",
            key=secrets.token_hex(18),
        )
        api = SimulatedApi(self.account, self.authenticator, Quota(options.quota), latency=options.latency_ms / 1000)
        self.api = api
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", options.port))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}{BASE_PATH}"
        # Without faults there is no proxy between the account and its socket.
        happen = Events(self.account).happen
        self._proxy = FaultProxy(api.app, plan, self.account.truth, clock, happen) if plan.rules else None
        config = uvicorn.Config(
            api.app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            server_header=False,
            date_header=False,  # the account tells its own time
            loop="asyncio",
            ws="none",
        )
        # Everything is imported before `ready`: a process that is forked then has no import lock that is held.
        config.load()
        self._server = uvicorn.Server(config)

    def environment(self) -> dict[str, str]:
        """The variables that point a client at this simulator."""
        return {
            "CLOUDFLARE_BASE_URL": self.base_url,
            "CLOUDFLARE_API_TOKEN": self.authenticator.token,
            "CLOUDFLARE_ACCOUNT_ID": self.account.account_id,
        }

    def export_line(self) -> str:
        """The shell line that sets these variables."""
        return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment().items())

    def serve(self, ready: Callable[[], None]) -> None:
        """Serve until stopped; `ready` is called once connections are accepted by the kernel."""
        self._socket.listen(128)
        ready()
        if self._proxy is None:
            self._server.run(sockets=[self._socket])
        else:
            asyncio.run(self._proxy.serve(self._socket))

    def stop(self) -> None:
        """End `serve`."""
        self._server.should_exit = True
        if self._proxy is not None:
            self._proxy.stop()

    def set_faults(self, spec: str) -> None:
        """Use other faults from now on, and count requests from 1; needs `faults` in the options, at least `none`.

        Raises WrongSpec.
        """
        if self._proxy is None:
            raise RuntimeError("This simulator has no fault proxy: start it with faults='none'")
        self._proxy.plan = FaultPlan.parse(spec, self._seed)

    def wire(self) -> list[dict[str, Any]]:
        """The requests in order, with their faults; empty without a fault proxy."""
        return self.account.truth.of("wire")


@contextmanager
def running(options: Options, clock: Callable[[], datetime] = _utc_now) -> Iterator[Simulator]:
    """A simulator in a thread of this process, ended on leaving."""
    simulator = Simulator(options, clock)
    listening = threading.Event()
    thread = threading.Thread(target=simulator.serve, args=(listening.set,), name="simulator", daemon=True)
    thread.start()
    listening.wait()
    try:
        yield simulator
    finally:
        simulator.stop()
        thread.join(timeout=5)


def write_env_file(path: Path, line: str) -> None:
    """Write the export line to a file that only its owner can read, in one step."""
    # A new file of a name that nobody can foresee: in a shared folder another one may lie there already.
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".env-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(line + "\n")
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
