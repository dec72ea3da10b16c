"""Run the benchmarks and print one table; `--write` puts it into docs/benchmarks.md, names choose some of them.

The whole product's runs (`pipeline`, `pipeline_kafka`: a search for the rate and ten minutes each), the probes in the
kernel (`flow`) and connection tracking (`conntrack`) have sections of their own in that page; `--write` replaces the
one that was run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import agent, conntrack, exports, flow, link_counters, machine, page, pipeline, startup
from benchmarks.figure import Figure, table

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "link_counters": link_counters.measure,
    "agent": agent.measure,
    "startup": startup.measure,
    "exports": exports.measure,
}
SECTIONS: dict[str, Callable[[], tuple[str, list[Figure], str]]] = {
    "flow": flow.section,
    "conntrack": conntrack.section,
    "pipeline": pipeline.embedded,
    "pipeline_kafka": pipeline.through_kafka,
}


def main() -> int:
    """Measure what was asked for; exit code 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, *SECTIONS, []], help="which to run; all by default")
    parser.add_argument("--write", action="store_true", help="write the table to docs/benchmarks.md")
    arguments = parser.parse_args()
    names = arguments.names or [*BENCHMARKS, *SECTIONS]
    figures: list[Figure] = []
    for name in names:
        print(f"{name} …", file=sys.stderr)
        if name in BENCHMARKS:
            figures += BENCHMARKS[name]()
            continue
        title, found, text = SECTIONS[name]()
        print(text)
        if arguments.write:
            page.write(title, text)
        figures += found
    plain = [name for name in names if name in BENCHMARKS]
    shown = table(figures)
    print(shown)
    if arguments.write and plain:
        page.write_head(f"{_HEAD}{machine.describe()}\n\n{shown}")
    return 1 if any(figure.missed for figure in figures) else 0


_HEAD = """# Benchmarks

Measured by `make bench ARGS=--write` as root. CPU times are the processes' own (user and system); wall times include
whatever else the machine did. "Resident" is the process's RSS; PSS shares out what processes have in common.

"""

if __name__ == "__main__":
    sys.exit(main())
