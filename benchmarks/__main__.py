"""Run the benchmarks and print one table; `--write` puts it into docs/benchmarks.md, names choose some of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import agent, exports, link_counters, machine, startup
from benchmarks.figure import Figure, table

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "link_counters": link_counters.measure,
    "agent": agent.measure,
    "startup": startup.measure,
    "exports": exports.measure,
}
PAGE = Path(__file__).resolve().parents[1] / "docs/benchmarks.md"


def main() -> int:
    """Measure what was asked for; exit code 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which to run; all by default")
    parser.add_argument("--write", action="store_true", help="write the table to docs/benchmarks.md")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for name in arguments.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr)
        figures += BENCHMARKS[name]()
    shown = table(figures)
    print(shown)
    if arguments.write:
        PAGE.write_text(f"{_HEAD}{machine.describe()}\n\n{shown}", encoding="utf-8")
    return 1 if any(figure.missed for figure in figures) else 0


_HEAD = """# Benchmarks

Measured by `make bench ARGS=--write` as root. CPU times are the processes' own (user and system); wall times include
whatever else the machine did. "Resident" is the process's RSS; PSS shares out what processes have in common.

"""

if __name__ == "__main__":
    sys.exit(main())
