"""A flood of flows: the ledger balances to the packet, what is shed is told, and other work keeps its share."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.collectors.agent_process import AgentProcess
from tests.flow.conftest import TALK
from tests.lab.network import Container, Lab, lab, need_root, run
from tests.running import until, wait_for

pytestmark = pytest.mark.root

SIDES = ((0, "rx_packets"), (1, "tx_packets"))


class Flooded:
    """Two containers on a bridge, and an agent that counts flows at both of their ports.

    Attributes:
        one: Sends.
        two: Receives.
        agent: Started when both ports were quiet.
    """

    def __init__(self, network: Lab, folder: Path, *settings: str) -> None:
        bridge = network.bridge()
        self.one = network.container("a", bridge, "198.51.100.1")
        self.two = network.container("b", bridge, "198.51.100.2")
        # What they have to say to each other first.
        run(*self.one.inner.prefix(), "ping", "-q", "-c", "1", self.two.address)
        common = (
            "agent.sources=inventory,counters,ebpf",
            "counters.interval=1s",
            "agent.namespace_dirs=",
            f"ebpf.vifs={network.tag}*",
            *settings,
        )
        words = [word for setting in common for word in ("--set", setting)]
        self.agent = AgentProcess(folder / "data", *words)

    def counters(self) -> dict[tuple[str, int], int]:
        """Return what the interfaces counted, by name and direction."""
        return {
            (end.outer.name, direction): end.outer.counters()[side]
            for end in (self.one, self.two)
            for direction, side in SIDES
        }

    def quiet(self) -> dict[tuple[str, int], int]:
        """Return the same as soon as nothing moves any more."""

        def still() -> dict[tuple[str, int], int] | None:
            first = self.counters()
            with subprocess.Popen(["sleep", "0.3"]) as pause:
                pause.wait()
            return first if first == self.counters() else None

        return until("the interfaces are quiet", still, 40)

    def send(self, flows: int) -> None:
        """Send a datagram of so many flows each."""
        run(*self.one.inner.prefix(), sys.executable, str(TALK), "many", self.two.address, str(flows))

    def balances(self, before: dict[tuple[str, int], int], after: dict[tuple[str, int], int]) -> int:
        """Check that each packet is in a row, or accounted for; return how many are in no row."""
        ledger = self.agent.rows("ledger.agent", of_stream="flows.ebpf")
        assert {row["cause"] for row in ledger if row["lost_rows_count"]} <= {"map_full", "unsampled"}
        lost = sum(int(row["lost_rows_count"]) for row in ledger)
        names = {self.agent.vif(name)["vif_id"]: name for name, _ in before}
        counted = dict.fromkeys(before, 0.0)
        rows = 0
        for _, table in self.agent.batches("flows.ebpf"):
            rows += table.num_rows
            scaled = pc.multiply(table["skb_packets"].cast(pa.float64()), table["sampling_rate"])
            whose = pa.table([table["vif_id"], table["direction"], scaled], names=["vif_id", "direction", "packets"])
            for row in whose.group_by(["vif_id", "direction"]).aggregate([("packets", "sum")]).to_pylist():
                counted[names[row["vif_id"]], row["direction"]] += row["packets_sum"]
        missing = {which: after[which] - before[which] - counted[which] for which in counted}
        assert all(amount > -1e-3 for amount in missing.values()), missing
        # Each drain's account of what found no room, times its rate, is rounded to whole packets.
        assert math.isclose(sum(missing.values()), lost, abs_tol=1e-3 + len(ledger)), (missing, lost)
        assert sum(row["out_rows_count"] for row in ledger) == rows
        return lost


@contextmanager
def flooded(folder: Path, *settings: str) -> Iterator[Flooded]:
    need_root("loads programs into the kernel")
    with lab() as network:
        made = Flooded(network, folder, *settings)
        try:
            yield made
        finally:
            made.agent.close()


def shed(rows: list[dict[str, Any]]) -> list[int]:
    return [row["event_count"] for row in rows]


def test_a_flood_balances_while_maps_run_over_and_samples_are_shed(tmp_path: Path) -> None:
    """Maps of 4,096 flows, a ring of 64 KiB, and a budget that holds for nobody: steps are events and in the rows."""
    settings = ("agent.budget=0.001", "ebpf.probes=flow,drop", "ebpf.entries=4096", "ebpf.ring_bytes=64KiB")
    with flooded(tmp_path, *settings) as place:
        before = place.quiet()
        place.agent.start()
        taken: list[dict[str, Any]] = []

        def has_shed() -> bool:
            place.send(20_000)
            taken[:] = place.agent.events("probe_shed")
            return len(taken) >= 2

        wait_for("samples and packets are shed", has_shed, 60)
        place.send(40_000)
        after = place.quiet()
        assert place.agent.stop()[0] == 0
        lost = place.balances(before, after)
        assert lost > 0, "nothing ran over"
        taken = place.agent.events("probe_shed")
        assert [row["subject"] for row in taken[:2]] == ["drop_samples", "other_flows"]
        assert shed(taken) == list(range(1, len(taken) + 1))
        assert "of 0.001 cores" in taken[0]["detail"]
        costs = place.agent.rows("hosts.cost", component="agent")
        levels = [row["shed_level"] for row in costs]
        assert levels == sorted(levels)
        assert (levels[-1], costs[-1]["shed"]) == (len(taken), "other_flows")
        assert costs[-1]["flow_sampling_rate"] == 2 ** (len(taken) - 1)
        assert costs[-1]["critical_flow_sampling_rate"] == 1
        rates = {
            rate
            for _, table in place.agent.batches("flows.ebpf")
            for rate in pc.unique(table["sampling_rate"]).to_pylist()
        }
        assert 1.0 in rates
        assert max(rates) > 1.5
        (flow, *_) = (row for row in place.agent.rows("hosts.cost", component="flow") if row["uncounted_packets"])
        assert flow["map_entries_count"] == flow["map_capacity_count"] == 4096
        assert flow["overflowed_packets"] > 0


class Competitor:
    """Something that wants a processor for itself, and knows how much of it it had."""

    SCRIPT = (
        "import sys,time\n"
        "end=time.monotonic()+float(sys.argv[1]);n=0\n"
        "while time.monotonic()<end:\n"
        "    n+=1\n"
        "    sum(range(2000))\n"
        "print(n)\n"
    )

    def __init__(self, seconds: float) -> None:
        words = ["taskset", "-c", "1", sys.executable, "-c", self.SCRIPT, str(seconds)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def done(self) -> int:
        """Return how far it came, when its time is over."""
        out, _ = self._process.communicate(timeout=120)
        return int(out)


def beside(place: Container, address: str, seconds: float, flows: int) -> int:
    """Let the competitor run beside a sender that has the other processor."""
    words = ["taskset", "-c", "0", *place.inner.prefix(), sys.executable, str(TALK), "many", address, str(flows)]
    competitor = Competitor(seconds)
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        run(*words)
    return competitor.done()


@pytest.mark.soak
def test_a_million_flows_balance_and_other_work_keeps_its_share(tmp_path: Path) -> None:
    """With the default budget and default maps; in turn with and without an agent."""
    with flooded(tmp_path) as place:
        before = place.quiet()
        place.agent.start()
        for _ in range(10):
            place.send(100_000)
        after = place.quiet()
        assert place.agent.stop()[0] == 0
        lost = place.balances(before, after)
        assert sum(after.values()) - sum(before.values()) >= 2_000_000
        assert lost < 2_000_000
        shares = []
        for turn in range(5):
            without = beside(place.one, place.two.address, 12, 50_000)
            agent = AgentProcess(tmp_path / f"data{turn}", *place.agent.words)
            agent.start()
            try:
                shares.append(beside(place.one, place.two.address, 12, 50_000) / without)
                agent.stop()
            finally:
                agent.close()
        sys.stdout.write(f"other work beside the agent, of what it does without: {sorted(shares)}\n")
        # The budget is a quarter of one of the two processors, and before it sheds it takes more for ten seconds.
        assert statistics.median(shares) > 0.6, shares
