"""`python -m tests.chaos [--seed N] [--seconds 1800] [--brokers 3]` as root; exit code 1 where anything differs."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys

from tests.chaos import plan as plans
from tests.chaos.clocks import NoFaketimeError, faketime
from tests.chaos.plan import Shape
from tests.chaos.run import SPOOL, Run
from tests.lab.kafka.jars import MissingJarsError, classpath
from viflux.errors import EXIT_MISSING_PART

_INSIDE = "VIFLUX_CHAOS_NAMESPACE"


def main() -> int:
    """Print the plan, run it in a network namespace of its own, print the table."""
    run = _parse()
    try:
        faketime()
        if run.shape.brokers:
            classpath()
    except (NoFaketimeError, MissingJarsError) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return EXIT_MISSING_PART
    if os.geteuid() != 0:
        print("chaos: makes a network namespace and mounts a disk: run it as root", file=sys.stderr)
        return EXIT_MISSING_PART
    if _INSIDE not in os.environ:
        name = f"vxchaos{secrets.token_hex(3)}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            words = ["ip", "netns", "exec", name, sys.executable, "-m", "tests.chaos", *_words(run)]
            return subprocess.run(words, check=False, env={**os.environ, _INSIDE: name}).returncode
        finally:
            subprocess.run(["ip", "netns", "del", name], check=True)
    # The product refuses settings that it does not know.
    del os.environ[_INSIDE]
    print(f"seed {run.seed}, {run.seconds:g} s, {run.shape}\n{plans.as_text(run.plan())}\n", flush=True)
    made = run.make()
    print(f"\n{made}")
    for line in made.wrong:
        print(f"differs: {line}", file=sys.stderr)
    if made.wrong:
        print(f"again: python -m tests.chaos {' '.join(_words(run))}", file=sys.stderr)
    return 1 if made.wrong else 0


def _parse() -> Run:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or secrets.randbelow(100_000)))
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("CHAOS_SECONDS") or 1800))
    parser.add_argument("--brokers", type=int, default=3, help="0: the processor reads the spool")
    parser.add_argument("--pace", type=float, default=5.0, help="mean seconds between two faults")
    parser.add_argument("--longest", type=float, default=20.0, help="longest fault in seconds")
    parser.add_argument("--disk", default="2g", help="size of the disk of the data folders")
    parser.add_argument("--spool", default=SPOOL, help="bound of the spool; the load fills 1 MiB in 10 s")
    made = parser.parse_args()
    shape = Shape(made.brokers, 2 if made.brokers else 1)
    return Run(made.seed, made.seconds, shape, made.pace, made.longest, made.disk, made.spool)


def _words(run: Run) -> list[str]:
    return [
        *("--seed", str(run.seed), "--seconds", f"{run.seconds:g}", "--brokers", str(run.shape.brokers)),
        *("--pace", f"{run.pace:g}", "--longest", f"{run.longest:g}", "--disk", run.disk, "--spool", run.spool),
    ]


if __name__ == "__main__":
    sys.exit(main())
