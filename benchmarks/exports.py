"""What flow exports cost: CPU for each flow or sample, Viflux and its peers in the same run on the same datagrams.

Closed loop: the sender waits while a thousand datagrams wait in the receiving socket, so nothing is lost, and a run in
which anything was lost all the same is made again. CPU is what the kernel accounted to the process (and its children),
from before the first datagram until everything is taken, divided by the flows received; the best of three runs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import exports_file, exports_memory
from benchmarks.exports_peers import PEERS, Peer
from benchmarks.exports_sender import ROOT, Load, send
from benchmarks.exports_socket import queue, wait_until_taken
from benchmarks.figure import Figure
from benchmarks.process import children, cpu_seconds, resident_megabytes
from tests.running import free_port, viflux, wait_for
from viflux.spool import START, Entry, SpoolReader

RUNS = 3
TRIES = 8
UNIT = {"ipfix": "flow", "sflow": "sample"}
NAMES = {
    "ipfix": "IPFIX, 20 fixed fields (69 B), 20 flows a datagram",
    "sflow": "sFlow, 6 raw headers a datagram",
}
DATAGRAMS = 150_000
STREAM = {"ipfix": "flows.ipfix", "sflow": "flows.sflow"}
# Datagrams a second to the whole agent: what its 1 s hand-over keeps up with on two cores that the sender shares.
AGENT_RATE = 20_000
BARS_ARROW = {"ipfix": 0.14, "sflow": 0.35}
BARS_SPOOL = {"ipfix": 0.25, "sflow": 0.5}
MEMORY_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """One run without loss: microseconds of CPU for each flow, and shares of it."""

    microseconds: float
    note: str = ""


def best(run: Callable[[], Run | None]) -> Run:
    """Return the cheapest of three runs without loss.

    Raises:
        RuntimeError: Most runs lost something.
    """
    runs: list[Run] = []
    for _ in range(TRIES):
        if (done := run()) is not None:
            runs.append(done)
        if len(runs) == RUNS:
            break
    if not runs:
        raise RuntimeError("no run was without loss")
    chosen = min(runs, key=lambda each: each.microseconds)
    spread = "/".join(f"{each.microseconds:.3f}" for each in runs)
    return Run(chosen.microseconds, f"{chosen.note}{'; ' if chosen.note else ''}runs {spread}")


def listener(load: Load) -> Run | None:
    """Measure the listener alone: socket to Arrow."""
    port = free_port()
    words = [sys.executable, "-m", "benchmarks.exports_listener", STREAM[load.kind], str(port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("no pipes")
        child.stdout.readline()
        sent = send(load, port)
        wait_until_taken(port)
        child.stdin.close()
        told = json.loads(child.stdout.readline())
    if told["rows"] != sent.flows or told["shed"] or told["dropped"]:
        sys.stderr.write(f"lost: {told} of {sent}\n")
        return None
    receive, decode, encode = (told[f"{part}_cpu_ns"] / 1000 / sent.flows for part in ("receive", "decode", "encode"))
    note = f"receive {receive:.3f}, decode {decode:.3f}; IPC and compression {encode:.3f} more"
    return Run(receive + decode, note)


def agent(load: Load) -> Run | None:
    """Measure the whole agent: socket to committed in the spool."""
    with running_agent(load.kind) as (pid, port, folder):
        before = cpu_seconds(pid)
        sent = send(load, port)
        wait_until_taken(port)
        wait_for("everything is in the spool", lambda: spooled(folder, load.kind) >= sent.flows, 60)
        used = cpu_seconds(pid) - before
        kept = spooled(folder, load.kind)
    if kept != sent.flows:
        sys.stderr.write(f"lost: {kept} of {sent}\n")
        return None
    return Run(used * 1e6 / sent.flows, f"{sent.flows / sent.seconds:,.0f} a second")


class running_agent:  # noqa: N801 - a context that reads as a verb
    """An agent with one source, in a folder of its own; gives its id, port and folder."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> tuple[int, int, Path]:
        """Start it and wait until it listens."""
        self._folder = tempfile.TemporaryDirectory()
        port = free_port()
        source = self._kind
        settings = {
            "agent.all_namespaces": "false",
            f"{source}.listen": f"127.0.0.1:{port}",
            "exporters.queue_bytes": "256MiB",
            "spool.max_bytes": "8GiB",
            "log.level": "error",
        }
        flags = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        words = viflux("agent", "--data-dir", self._folder.name, *flags)
        self._child = subprocess.Popen(words, cwd=ROOT)
        wait_for("the agent listens", lambda: queue(port) is not None, 60)
        return self._child.pid, port, Path(self._folder.name)

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._child.terminate()
        self._child.wait(30)
        self._folder.cleanup()


def spooled(folder: Path, kind: str) -> int:
    """Count the flows that are committed."""
    found = 0
    for entry in SpoolReader(folder / "spool").read(START):
        if isinstance(entry, Entry) and entry.frame.metadata.stream == STREAM[kind]:
            found += entry.frame.metadata.rows
    return found


def peer(chosen: Peer, load: Load) -> Run | None:
    """Measure a peer."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        child = chosen.start(port, Path(folder) / "peer")
        try:
            wait_for(f"{chosen.name} listens", lambda: queue(port) is not None)
            time.sleep(0.5)
            processes = children(child.pid)
            before = sum(cpu_seconds(pid) for pid in processes)
            sent = send(load, port)
            wait_until_taken(port)
            time.sleep(1)
            used = sum(cpu_seconds(pid) for pid in processes) - before
            state = queue(port)
            said = (Path(folder) / "peer/log").read_text(encoding="utf-8", errors="replace")
        finally:
            # pmacct's daemons wait for their plugins for minutes where there is much to write.
            for pid in reversed(children(child.pid)):
                os.kill(pid, signal.SIGKILL)
            child.wait(30)
    # pmacct's core tells so where it filled the pipe to its plugin.
    if state is None or state.dropped or "issing data" in said:
        sys.stderr.write(f"lost: {chosen.name} {state}\n")
        return None
    return Run(used * 1e6 / sent.flows)


def resident() -> Figure:
    """Measure the agent's resident memory at 100,000 flows a second from 200 exporters."""
    rate = 5_000
    with running_agent("ipfix") as (pid, port, _):
        send(Load("ipfix", 200, rate * MEMORY_SECONDS, rate), port)
        found = resident_megabytes(pid)
    what = "agent, IPFIX, 100,000 flows/s from 200 exporters: resident"
    return Figure(what, found, "MB", 150, f"after {MEMORY_SECONDS} s")


def measure() -> list[Figure]:
    """Run everything."""
    figures = [figure for kind in ("ipfix", "sflow") for figure in of_kind(kind)]
    return [*figures, *exports_memory.measure(), *exports_file.measure(), resident()]


def of_kind(kind: str) -> list[Figure]:
    """Measure one protocol: Viflux, and its peers."""
    unit, name = f"µs CPU a {UNIT[kind]}", NAMES[kind]
    many, one = Load(kind, 200, DATAGRAMS), Load(kind, 1, DATAGRAMS)
    arrow, alone = best(partial(listener, many)), best(partial(listener, one))
    ratio = arrow.microseconds / alone.microseconds
    spool = best(partial(agent, replace(many, rate=AGENT_RATE)))
    figures = [
        Figure(f"{name}: UDP → Arrow", arrow.microseconds, unit, BARS_ARROW[kind], arrow.note),
        Figure(f"{name}: 200 exporters ÷ one", ratio, "times", 1.2, f"one: {alone.microseconds:.3f}; {alone.note}"),
        Figure(f"{name}: UDP → spool, whole agent", spool.microseconds, unit, BARS_SPOOL[kind], spool.note),
    ]
    for chosen in (each for each in PEERS if each.kind == kind):
        if not chosen.is_here:
            sys.stderr.write(f"{chosen.name}: {chosen.command} is not installed\n")
            continue
        for load in (replace(many, rate=chosen.rate), replace(one, rate=chosen.rate)):
            try:
                done = best(partial(peer, chosen, load))
            except RuntimeError as error:
                sys.stderr.write(f"{chosen.name}: {error}\n")
                continue
            what = f"{name}: {chosen.name}, {load.exporters} exporters"
            figures.append(Figure(what, done.microseconds, unit, None, done.note))
    return figures
