"""Connection tracking: what reading a table of a million connections takes, and who fills it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.figure import Figure, table
from benchmarks.process import cpu_seconds
from tests.collectors.agent_process import AgentProcess
from tests.lab.network import lab, run

ENTRIES = 1_000_000
SECONDS = 120
"""Of each run: twelve sweeps, and as many looks as their rests leave."""

_LIMIT = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_PORTS = 60_000
_RULES = "table ip t { chain i { type filter hook input priority 0; ct state new drop; }; }"
_FILL = f"""
import socket
left = {ENTRIES}
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for host in range(1, 255):
    for port in range(1024, 1024 + {_PORTS}):
        if not left:
            raise SystemExit
        out.sendto(b'x', (f'127.1.0.{{host}}', port))
        left -= 1
"""


def section() -> tuple[str, list[Figure], str]:
    """Run all, about five minutes: the section's title, its figures, and its text."""
    figures = _million()
    text = f"Measured on {machine.describe()}.\n\n{table(figures)}\n"
    return "Connection tracking", figures, text


@contextmanager
def _filled() -> Iterator[tuple[str, int]]:
    """Fill the table of a namespace: its name, and how many entries it has."""
    before = _LIMIT.read_text()
    with lab() as network:
        namespace = network.namespace("c")
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "netns", "exec", namespace, "nft", _RULES)
        run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=3600")
        try:
            _LIMIT.write_text(str(2 * ENTRIES))
            run("ip", "netns", "exec", namespace, "python3", "-c", _FILL)
            yield namespace, int(run("ip", "netns", "exec", namespace, "cat", f"{_LIMIT.parent}/nf_conntrack_count"))
        finally:
            run("ip", "netns", "exec", namespace, "conntrack", "-F")
            _LIMIT.write_text(before)


def _spent(folder: Path, *settings: str) -> tuple[float, list[dict[str, Any]]]:
    """Run an agent: processors it takes once it is settled, and its rows of `holders`."""
    words = [word for one in ("log.level=error", *settings) for word in ("--set", one)]
    agent = AgentProcess(folder, *words)
    agent.start()
    try:
        time.sleep(15)
        before = cpu_seconds(agent.pid)
        time.sleep(SECONDS)
        return (cpu_seconds(agent.pid) - before) / SECONDS, agent.rows("holders.conntrack")
    finally:
        agent.stop()
        agent.close()


def _million() -> list[Figure]:
    with _filled() as (namespace, entries), tempfile.TemporaryDirectory() as folder:
        without, _ = _spent(Path(folder) / "without", "agent.sources=inventory,counters")
        whole, rows = _spent(Path(folder) / "with", "agent.sources=inventory,counters,conntrack")
    looks = {row["time"]: row["seen_count"] for row in rows if row["namespace"] == namespace}
    seen = sum(looks.values()) / max(1, len(looks))
    note = (
        f"{SECONDS} s each, with and without the source: {whole:.4f} and {without:.4f}; {len(looks)} looks at "
        f"{seen:,.0f} entries each"
    )
    return [Figure(f"connection tracking, {entries:,} entries in one table: CPU", whole - without, "cores", 0.1, note)]
