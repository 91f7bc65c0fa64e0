"""The fault proxy: rules strike the requests they name, and whatever goes on, the server stays whole and ends at once."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.wire import Wire, read_to_end
from tui_app.simulator.faults.kinds import KINDS
from tui_app.simulator.faults.plan import FaultPlan, WrongSpec
from tui_app.simulator.operations import NAMES, OPERATIONS
from tui_app.simulator.server import Options, Simulator, running


def test_the_first_rule_wins_and_shapes_go_along(wire: Wire) -> None:
    wire.with_faults("none@job,status=404@reads#2-3,slicer=50@jobs,latency=1,status=503@writes")
    assert [wire.get().status_code for _ in range(4)] == [200, 404, 404, 200]
    assert wire.release().status_code == 503
    assert wire.get("/bulk/none").status_code == 404
    assert wire.last()["fault"] is None
    wire.with_faults("")
    assert wire.release().status_code == 200


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("close_befor", "'close_before'"),
        ("status=", "not a rule"),
        ("status=200", "300 to 599"),
        ("status=abc", "not a rule"),
        ("close_after=3", "takes no value"),
        ("redirect=304", "301, 302, 303, 307 or 308"),
        ("status@releese", "'release'"),
        ("status%0", "percentage"),
        ("status%101", "percentage"),
        ("status#0", "counted from 1"),
        ("status#5-2", "counted from 1"),
        ("slow_search@jobs", "for search only"),
        ("status,,status", "not a rule"),
        ("status;drop", "not a rule"),
    ],
)
def test_a_wrong_specification_says_why(spec: str, sentence: str) -> None:
    with pytest.raises(WrongSpec, match=re.escape(sentence)):
        FaultPlan.parse(spec, 1)


def test_every_operation_has_a_name_and_every_kind_a_line(wire: Wire) -> None:
    assert len(OPERATIONS) == len(set(NAMES)) == 24
    for kind in KINDS.values():
        assert kind.says
        assert len(kind.says) < 90
        FaultPlan.parse(kind.name, 1)


def test_nothing_that_is_asked_upsets_it(wire: Wire) -> None:
    for request in (
        b"\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"a" * 200_000,
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
    ):
        got, ended = wire.raw(request)
        assert ended in ("closed", "reset")
        assert not got or got.startswith(b"HTTP/1.1 400")
    assert wire.get().status_code == 200
    assert wire.http.head(wire.url("/bulk")).status_code == wire.get("/bulk").status_code == 200


def test_a_client_that_hangs_up_in_the_middle_was_seen_but_not_served(wire: Wire) -> None:
    identity = wire.fresh()[0]
    with wire.connected() as line:
        line.sendall(wire.raw_release(identity)[:-5])
        line.shutdown(socket.SHUT_WR)
        assert read_to_end(line) == (b"", "closed")
    assert (wire.last()["endpoint"], wire.last()["processed"]) == ("release", False)
    assert not wire.was_released(identity)


def test_without_a_gate_faults_can_not_be_set(simulator: Simulator) -> None:
    with pytest.raises(RuntimeError, match="none"):
        simulator.set_faults("status")
    assert simulator.wire() == []


@pytest.mark.parametrize(
    "kind", ["stall_before", "stall_after", "body_stall", "endless", "latency=60000", "drip=60000"]
)
def test_it_stops_at_once_whatever_is_going_on(kind: str) -> None:
    with running(Options(quota=0, messages=10, held=50, faults=kind)) as simulator, httpx.Client() as http:
        wire = Wire(simulator, http)
        lines = [wire.connected() for _ in range(50)]
        for line, mail in zip(lines, simulator.account.held, strict=False):
            line.sendall(wire.raw_release(mail.investigate_id))
        deadline = time.monotonic() + 10
        while len(simulator.wire()) < 50:
            assert time.monotonic() < deadline
        began = time.monotonic()
    assert time.monotonic() - began < 10, "what is going on takes a minute"
    for line in lines:
        line.close()


def test_a_thousand_requests_leave_nothing_open() -> None:
    spec = "close_before%5,reset_after%5,status%5,short_body%5,slicer=100%5"
    with running(Options(quota=0, messages=10, held=5, faults=spec)) as simulator, httpx.Client() as http:
        wire = Wire(simulator, http)
        request = (
            f"GET {wire.es}/bulk HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {simulator.authenticator.token}\r\n\r\n"
        )

        def many(_: int) -> None:
            for _ in range(20):
                with wire.connected() as line:
                    line.settimeout(10)
                    line.sendall(request.encode())
                    with suppress(ConnectionResetError):
                        line.recv(65536)

        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        with ThreadPoolExecutor(50) as crowd:
            list(crowd.map(many, range(50)))
    assert len(simulator.wire()) == 1000
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [("help", 0, "close_after_headers"), ("close_befor", 2, "'close_before'"), ("status=1", 2, "300 to 599")],
)
def test_the_command_line_lists_faults_and_refuses_wrong_ones(spec: str, code: int, said: str) -> None:
    command = [sys.executable, "-m", "tui_app", "simulate", "--faults", spec]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == code
    assert said in (ended.stderr if code else ended.stdout)


def test_the_command_line_serves_behind_a_fault_proxy(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    command = [
        sys.executable,
        "-m",
        "tui_app",
        "simulate",
        "--until-eof",
        "--faults",
        "status=503",
        "--truth",
        str(truth),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdin is not None
        assert served.stdout is not None
        line = dict(word.split("=", 1) for word in shlex.split(served.stdout.readline())[1:])
        answer = httpx.get(f"{line['CLOUDFLARE_BASE_URL']}/accounts", trust_env=False)
        served.stdin.close()
        assert served.wait(timeout=5) == 0
    assert answer.status_code == 503
    assert [json.loads(entry)["fault"] for entry in truth.read_text().splitlines()] == ["status"]
