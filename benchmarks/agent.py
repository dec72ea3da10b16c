"""The agent at 1,000 VIFs: memory and CPU at the default interval."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.fleet import fleet
from benchmarks.process import cpu_seconds, resident_megabytes
from tests.lab.product import VIFLUX, wait_for

SECONDS = 120


def measure() -> list[Figure]:
    """Run the agent beside 500 namespaces with one veth each for two minutes."""
    with fleet(500), tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        words = [str(VIFLUX), "agent", "--data-dir", folder, "--set", "log.level=error"]
        with subprocess.Popen(words) as agent:
            try:
                spool = Path(folder) / "spool"
                wait_for("the agent writes its spool", lambda: spool.exists() and any(spool.iterdir()), 60)
                # The first minute has the whole inventory in it; the second one is the steady state.
                time.sleep(60)
                before = cpu_seconds(agent.pid)
                time.sleep(SECONDS)
                spent = cpu_seconds(agent.pid) - before
                resident = resident_megabytes(agent.pid)
                start = before
            finally:
                agent.terminate()
        elapsed = time.monotonic() - started
    return [
        Figure("agent, 1,000 VIFs in 500 namespaces: resident", resident, "MB", 80, "RSS after three minutes"),
        Figure(
            "agent, 1,000 VIFs in 500 namespaces, 10 s interval: CPU",
            100 * spent / SECONDS,
            "% of a core",
            0.5,
            f"{SECONDS} s, resyncs included; start and first inventory {start:.2f} s CPU; whole run {elapsed:.0f} s",
        ),
    ]
