"""What the budget leaves out is left out after a pause too, by probes that are loaded anew."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from collectors.agent.happenings import Happenings
from collectors.agent.source import Turn
from collectors.cost.source import Cost
from collectors.drop import source as drop
from collectors.flow import source as flow
from tests.flow.conftest import Street, scaled
from tests.lab.network import lab, need_root
from viflux.clock import SystemClock
from viflux.settings import load
from viflux.spool import Batch

pytestmark = pytest.mark.root

PACKETS = 4_000


@pytest.fixture
def street() -> Iterator[Street]:
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Street(network)


def rows(batches: list[Batch]) -> list[dict[str, object]]:
    """Return the rows of batches, each as a dict without what is null."""
    found = [row for batch in batches for row in pa.ipc.open_stream(batch.payload).read_all().to_pylist()]
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def test_a_probe_that_is_loaded_again_leaves_out_what_was_left_out(street: Street) -> None:
    """Far over the budget one packet of some is counted and none is shown; that holds for the next probes as well."""
    settings, _ = load(assignments=[f"ebpf.vifs={street.network.tag}*", "agent.budget=0.01"], environment={})
    clock, happenings = SystemClock(), Happenings()
    flows = flow.KernelFlows(settings.ebpf, flow.load(settings))
    drops = drop.KernelDrops(settings.ebpf, drop.load(settings))
    flows.start(street.watch, happenings, clock.now_ns())
    cost = Cost({"flow": flows, "drop": drops}, settings, clock)
    for second in range(0, 25, 5):
        cost._shedding.judge(1.0, second * 10**9)
    cost._apply()
    flows.unload(street.watch, clock.now_ns())
    drops.unload(street.watch, clock.now_ns())
    flows.propose(Turn(watch=street.watch, now_ns=clock.now_ns()))
    flows.commit()
    flows.resume(flow.load(settings), street.watch, happenings, clock.now_ns())
    drops.resume(drop.load(settings), street.watch, happenings, clock.now_ns())
    street.talk(street.one, "udp", street.two.address, 6300, PACKETS, 20)
    whole = Turn(watch=street.watch, now_ns=clock.now_ns(), drain=True, last=True)
    told = [row for row in rows(flows.propose(whole)) if row.get("dst_port") == 6300]
    one = {"vif_id": street.vif_id(street.one.outer), "direction": 0}
    assert 4 < next(row["sampling_rate"] for row in told if row["direction"] == 0) < 16
    assert scaled(told, "packets", **one) == pytest.approx(PACKETS, rel=0.02)
    cost.close()
