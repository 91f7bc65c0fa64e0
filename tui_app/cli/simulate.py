"""`simulate`: serves the simulated account."""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path

import click

from tui_app.cli.streams import stop_if_output_gone
from tui_app.core.errors import UsageError
from tui_app.core.hardening import forbid_memory_dumps
from tui_app.simulator.account import RETENTION
from tui_app.simulator.demo_data import DEFAULT_MESSAGES, HELD_NEWSLETTERS
from tui_app.simulator.drill_scene import NAMES
from tui_app.simulator.faults.plan import WrongSpec, describe_kinds
from tui_app.simulator.held_sample import MAX_COUNT, MIN_COUNT
from tui_app.simulator.server import Options, Simulator, write_env_file


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port on 127.0.0.1; 0 takes a free one."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same data.")
@click.option(
    "--messages",
    type=click.IntRange(0, 2_000_000),
    default=DEFAULT_MESSAGES,
    show_default=True,
    help="Messages of the running job; 0 is an empty account.",
)
@click.option(
    "--held", type=click.IntRange(0, 500_000), default=HELD_NEWSLETTERS, show_default=True, help="Held newsletters."
)
@click.option(
    "--generation",
    type=click.Choice(["new", "seed"]),
    default="new",
    show_default=True,
    help="Newest or oldest form of the answers.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 10_000),
    default=1.0,
    show_default=True,
    help="How many times faster jobs run.",
)
@click.option(
    "--latency", type=click.IntRange(0, 60_000), default=0, show_default=True, help="Milliseconds before each answer."
)
@click.option(
    "--quota", type=click.IntRange(0), default=1200, show_default=True, help="Requests per five minutes; 0 is no limit."
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every action and its outcome to this file, as JSON lines.",
)
@click.option(
    "--faults", default="", metavar="SPEC", help="Inject faults into requests and answers; `--faults help` lists them."
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the export line to this file (0600).",
)
@click.option("--no-pii", is_flag=True, help="The credentials lack the role to read what is in messages.")
@click.option(
    "--retention",
    type=click.IntRange(0, 3650),
    default=RETENTION.days,
    show_default=True,
    metavar="DAYS",
    help="Days for which the content of messages is kept.",
)
@click.option("--corpus", is_flag=True, help="Also hold 60 mails that are hostile or odd.")
@click.option(
    "--held-sample",
    type=click.IntRange(MIN_COUNT, MAX_COUNT),
    metavar="N",
    help=f"Hold N newsletters of eight senders, seven of them odd, in place of the usual ones; at least {MIN_COUNT}.",
)
@click.option("--drill", type=click.Choice(NAMES), hidden=True, help="Add what a drill of the demo needs.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input ends.")
def simulate(
    port: int,
    seed: int,
    messages: int,
    held: int,
    generation: str,
    speed: float,
    latency: int,
    quota: int,
    truth: Path | None,
    faults: str,
    env_file: Path | None,
    no_pii: bool,
    retention: int,
    corpus: bool,
    held_sample: int | None,
    drill: str | None,
    until_eof: bool,
) -> None:
    """Serve a simulated account on loopback.

    Prints one line, `export CLOUDFLARE_BASE_URL=… CLOUDFLARE_API_TOKEN=… CLOUDFLARE_ACCOUNT_ID=…`, once it is ready,
    and serves until it is ended.
    """
    if faults == "help":
        print(describe_kinds())
        return
    # A real token may be in the environment.
    forbid_memory_dumps()
    options = Options(
        seed=seed,
        messages=messages,
        held=held,
        generation=generation,
        speed=speed,
        latency_ms=latency,
        quota=quota,
        port=port,
        truth=truth,
        faults=faults,
        pii=not no_pii,
        retention=retention,
        corpus=corpus,
        sample=held_sample or 0,
        drill=drill or "",
    )
    try:
        simulator = Simulator(options)
    except WrongSpec as wrong:
        raise UsageError(str(wrong)) from None
    except OSError as error:
        raise UsageError(f"Port {port} or the truth file can't be used: {error.strerror}.") from None

    def ready() -> None:
        line = simulator.export_line()
        if env_file is not None:
            try:
                write_env_file(env_file, line)
            except OSError as error:
                raise UsageError(f"{env_file} can't be written: {error.strerror}.") from None
        print(line, flush=True)
        stop_if_output_gone()

    if until_eof:
        threading.Thread(target=_stop_at_eof, args=(simulator,), daemon=True).start()
    # The account lives as long as the process: the garbage collector need not look at its 100,000 rows.
    gc.collect()
    gc.freeze()
    simulator.serve(ready)


def _stop_at_eof(simulator: Simulator) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    simulator.stop()
