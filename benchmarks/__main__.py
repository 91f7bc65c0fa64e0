"""Measurements, side by side in one run: `.venv/bin/python -m benchmarks [ROW...] [--json FILE] [--quick]`. Without a row, all of them."""

import argparse
import importlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.figure import Effort, Figure, table_of
from tui_app import __version__

ROWS = {
    "start": "start",
    "start-bytes": "start_bytes",
    "idle": "idle",
    "news": "news",
    "scroll": "scroll",
    "open": "open_job",
    "keys": "keys",
    "table": "table",
    "reasons": "reasons",
    "mail": "mail",
    "load": "load",
    "fetch": "fetch",
    "memory": "memory",
    "export": "export",
    "ledger": "ledger",
    "polls": "polls",
    "simulator": "simulator_pages",
}
"""Each row with its module, which has a `measure`."""
_AT_A_TIME = 6
"""Rows of a quick run at the same time: most of them wait most of the time."""
_LONGEST_FIRST = ("news", "scroll", "keys", "idle", "fetch", "table")
"""So that a quick run does not end with one of these alone."""

_ONLY_WHEN_ASKED = ("simulator",)
"""Left out of a quick run: it is about the measuring, not about the program."""


def measured(name: str, effort: Effort) -> list[Figure]:
    """One row. Its trouble is its own: the others are measured all the same."""
    try:
        measure: Callable[[Effort], list[Figure]] = importlib.import_module(f"benchmarks.{ROWS[name]}").measure
        return measure(effort)
    except Exception as error:
        return [Figure(name, "could not be measured", "", note=f"{name}: {type(error).__name__}: {error}"[:300])]


def environment() -> dict[str, object]:
    """What the figures depend on."""
    where: dict[str, object] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "mailsluice": __version__,
    }
    for name in ("textual", "httpx", "pydantic", "cloudflare", "msgspec"):
        try:
            where[name] = version(name)
        except PackageNotFoundError:
            where[name] = "not installed"
    return where


def run(names: Sequence[str], effort: Effort) -> list[Figure]:
    """The rows one after the other, or, in a quick run, several at the same time."""
    if effort.quick:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            order = sorted(names, key=lambda name: name not in _LONGEST_FIRST)
            rows = {name: pool.submit(measured, name, effort) for name in order}
            # Bytes are exact however little is measured; nothing else is.
            return [replace(figure, judged=figure.unit == "B") for name in names for figure in rows[name].result()]
    figures: list[Figure] = []
    for name in names:
        began = time.monotonic()
        figures += measured(name, effort)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=f"One of {', '.join(ROWS)}.")
    parser.add_argument("--json", type=Path, help="Also write all figures to this file.")
    parser.add_argument(
        "--quick", action="store_true", help="Once, and with little: bytes are exact, times say nothing."
    )
    chosen = parser.parse_args()
    where = environment()
    print(", ".join(f"{name} {value}" for name, value in where.items()))
    effort = Effort(chosen.quick)
    began = time.monotonic()
    figures = run(chosen.rows or [name for name in ROWS if not (effort.quick and name in _ONLY_WHEN_ASKED)], effort)
    print(f"\n{table_of(figures)}")
    ending = "a quick run: only bytes are judged" if effort.quick else "measured"
    print(f"\n{ending}, {time.monotonic() - began:.0f} s")
    if chosen.json:
        rows = [figure.as_json() for figure in figures]
        chosen.json.write_text(json.dumps({"where": where, "quick": effort.quick, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
