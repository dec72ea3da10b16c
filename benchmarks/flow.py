"""What the probes in the kernel cost: per packet and per drop, per drain, in memory, and in what a veth carries."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.figure import Figure, table
from benchmarks.fleet import fleet
from benchmarks.process import resident_megabytes
from tests.collectors.agent_process import AgentProcess
from tests.flow.conftest import TALK
from tests.lab.network import Container, lab, run

ROUNDS, PACKETS = 5, 500_000
PAIRS, SECONDS = 10, 3
FLOWS = 100_000
INTERVALS, INTERVAL_SECONDS = 5, 10
_NATIVE = Path(__file__).resolve().parents[1] / "collectors/native"
_ADDED_NS = 40.0
_STUDENT_10 = 2.262
"""Two-sided 95 % of Student's distribution with nine degrees of freedom: of ten pairs."""


def example(name: str) -> str:
    """Build an example of the crate `probes` and return its path."""
    words = ["cargo", "build", "-q", "--release", "--locked", "--manifest-path", str(_NATIVE / "Cargo.toml")]
    subprocess.run([*words, "-p", "probes", "--example", name], check=True)
    return str(_NATIVE / "target/release/examples" / name)


def section() -> tuple[str, list[Figure], str]:
    """Run all, about six minutes: the section's title, its figures, and its text."""
    figures = [*_per_packet(), *_per_drop(), _resident(), *_throughput()]
    return "Probes in the kernel", figures, f"{machine.describe()}\n\n{_HOW}\n\n{table(figures)}"


_HOW = """Times of programs are the kernel's own statistics; reading the clock before and after each run is in them, in
the floor too. The floor is one lookup in a hash and one addition. Frames of 60 bytes over a veth. Throughput is
measured in pairs, without and with the agent one right after the other, from container to container over a bridge: each
packet runs two programs, where it comes in and where it goes out. TCP hands on up to 64 KB in one packet, so they run
once for some forty segments; a datagram of 64 bytes pays them alone: these two runs, beside all else that the path
takes of the same processor."""


def _said(program: str, *words: str) -> dict[str, list[float]]:
    """Run an example on a veth of its own; what it said, by the words before each number."""
    found: dict[str, list[float]] = defaultdict(list)
    with lab() as network:
        inside = ["ip", "netns", "exec", network.namespace("cost")]
        run(*inside, "ip", "link", "add", "sending", "type", "veth", "peer", "name", "receiving")
        for name in ("sending", "receiving"):
            run(*inside, "ip", "link", "set", name, "up")
        said = run(*inside, example(program), "sending", "receiving", *words)
    for line in said.splitlines():
        what, _, value = line.rpartition(" ")
        found[what].append(float(value))
    return found


def _per_drop() -> list[Figure]:
    found = _said("drop_cost", str(ROUNDS))
    own = statistics.median(found["dropped"])
    figures = []
    for kind, words in (
        ("one", "one kind"),
        ("many", "2,000 kinds in turn"),
        ("first", "the first of a kind in an interval, with its sample"),
        ("full", "a map that is full"),
    ):
        spread = f"{min(found[kind]):.0f} to {max(found[kind]):.0f} in {ROUNDS} rounds"
        note = f"{spread}; {own:.0f} % of the runs were of these drops"
        figures.append(Figure(f"a dropped packet, {words}", statistics.median(found[kind]), "ns", None, note))
    return figures


def _per_packet() -> list[Figure]:
    found = _said("flow_cost", str(ROUNDS), str(PACKETS))
    figures = []
    for kind, words in (
        ("hot", "one hot flow"),
        ("zipf", "Zipf(1.1) over 100,000"),
        ("uniform", "uniform over 100,000"),
    ):
        floor, whole = (statistics.median(found[f"{kind} {what}"]) for what in ("floor", "flow"))
        note = f"{whole:.0f} ns of the program, floor {floor:.0f}; median of {ROUNDS} rounds in turn, kernel statistics"
        figures.append(
            Figure(f"flow accounting, {words}: above the floor", whole - floor, "ns a packet", _ADDED_NS, note)
        )
    drain = statistics.median(found["drain whole"])
    parts = {part: statistics.median(found[f"drain {part}"]) for part in ("kernel", "take", "rows", "encode")}
    note = "; ".join(f"{part} {ms:.1f}" for part, ms in parts.items())
    figures.append(Figure("draining 100,000 flows, map → Arrow", drain, "ms CPU", 70, note))
    return figures


def _agent(folder: Path, tag: str) -> AgentProcess:
    settings = ("agent.sources=inventory,counters,ebpf", "ebpf.probes=flow", f"ebpf.vifs={tag}*", "log.level=error")
    return AgentProcess(folder, *(word for one in settings for word in ("--set", one)))


def _resident() -> Figure:
    with fleet(500) as tag, tempfile.TemporaryDirectory() as folder:
        run("ip", "addr", "add", "198.18.0.1/24", "dev", f"{tag}0")
        run("ip", "-n", f"{tag}-0", "addr", "add", "198.18.0.2/24", "dev", "eth0")
        run("ip", "-n", f"{tag}-0", "link", "set", "eth0", "up")
        agent = _agent(Path(folder) / "data", tag)
        agent.start()
        try:
            highest = 0.0
            for _ in range(INTERVALS):
                ends = time.monotonic() + INTERVAL_SECONDS
                talk = [sys.executable, str(TALK), "many", "198.18.0.1", str(FLOWS)]
                run("ip", "netns", "exec", f"{tag}-0", *talk)
                while time.monotonic() < ends:
                    highest = max(highest, resident_megabytes(agent.pid))
                    time.sleep(0.05)
            rows = agent.rows("hosts.cost", component="flow")
        finally:
            agent.close()
    maps = max(row["map_memory_bytes"] for row in rows) / 1e6
    most = max(row["map_entries_count"] for row in rows)
    note = f"highest of {INTERVALS} intervals of {INTERVAL_SECONDS} s; {most:,} in one map at once"
    note += f", map memory {maps:.0f} MB apart"
    return Figure("agent, 1,000 VIFs, 100,000 live flows: resident", highest, "MB", 120, note)


@contextmanager
def _running(folder: Path, tag: str) -> Iterator[None]:
    agent = _agent(folder, tag)
    agent.start()
    try:
        yield
    finally:
        agent.stop()
        agent.close()


def _datagrams(program: str, one: Container, two: Container) -> float:
    # A socket that is never read: an unreachable port would have the receiver answer.
    words = [*two.inner.prefix(), sys.executable, str(TALK), "sink", two.address, "5202"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as sink:
        if sink.stdout is not None:
            sink.stdout.readline()
        try:
            return float(run(*one.inner.prefix(), program, f"{two.address}:5202", str(SECONDS)))
        finally:
            sink.kill()


def _stream(one: Container, two: Container) -> float:
    words = [*two.inner.prefix(), sys.executable, str(TALK), "serve", two.address, "5201"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        if server.stdout is not None:
            server.stdout.readline()
        begun = time.monotonic()
        size = 4_000_000_000
        run(*one.inner.prefix(), sys.executable, str(TALK), "stream", two.address, "5201", str(size))
        took = time.monotonic() - begun
        server.kill()
    return size / took


def _throughput() -> list[Figure]:
    figures = []
    with lab() as network, tempfile.TemporaryDirectory() as folder:
        bridge = network.bridge()
        one, two = (network.container(name, bridge, f"198.51.100.{at}") for at, name in ((1, "a"), (2, "b")))
        program = example("datagrams")
        loads: dict[str, Callable[[], float]] = {
            "TCP": lambda: _stream(one, two),
            "64-byte UDP": lambda: _datagrams(program, one, two),
        }
        for what, load in loads.items():
            ratios, rates = [], []
            for pair in range(PAIRS):
                without = load()
                with _running(Path(folder) / f"{what}{pair}", network.tag):
                    ratios.append(load() / without)
                rates.append(without)
            mean, off = statistics.mean(ratios), _STUDENT_10 * statistics.stdev(ratios) / math.sqrt(PAIRS)
            unit = "GB/s" if what == "TCP" else "million packets/s"
            scale = 1e9 if what == "TCP" else 1e6
            note = f"95 % interval {mean - off:.3f} to {mean + off:.3f}; {PAIRS} pairs in turn; without: "
            note += f"{statistics.median(rates) / scale:.2f} {unit}"
            figures.append(Figure(f"veth, {what}: with flows counted ÷ without", mean, "times", None, note))
    return figures
