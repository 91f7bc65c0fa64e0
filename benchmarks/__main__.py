"""Measurements, side by side in one run: `.venv/bin/python -m benchmarks [ROW...] [--json FILE]`. Without a row, all of them."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks import fetch, simulator_pages
from tui_app import __version__

Rows = Sequence[dict[str, object]]
ROWS: dict[str, Callable[[], Rows]] = {"fetch": fetch.main, "simulator": simulator_pages.main}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=f"One of {', '.join(ROWS)}.")
    parser.add_argument("--json", type=Path, help="Also write all figures to this file.")
    chosen = parser.parse_args()
    where = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "mailsluice": __version__,
        **{name: version(name) for name in ("httpx", "pydantic", "cloudflare")},
    }
    print(", ".join(f"{name} {value}" for name, value in where.items()))
    measured = [row for name in chosen.rows or ROWS for row in ROWS[name]()]
    if chosen.json:
        chosen.json.write_text(json.dumps({"where": where, "rows": measured}, indent=2) + "\n")


if __name__ == "__main__":
    main()
