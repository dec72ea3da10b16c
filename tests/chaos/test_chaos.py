"""Everything is killed, frozen, filled and stepped, and the sums are right to the row."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.chaos import plan
from tests.chaos.clocks import need_faketime
from tests.chaos.plan import Shape
from tests.lab.kafka import need_kafka
from tests.lab.network import need_root
from tests.running import ROOT

KAFKA = Shape(brokers=3, processors=2)


def assert_holds(*words: str) -> str:
    """Run the product under a plan and return the table; fail with all of it where a line of it is wrong."""
    need_root()
    need_faketime()
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_plan_is_of_its_seed() -> None:
    """The same seed makes the same plan, and another one another; in time every fault meets every target."""
    assert plan.make(1, 600, KAFKA) == plan.make(1, 600, KAFKA)
    assert plan.make(1, 600, KAFKA) != plan.make(2, 600, KAFKA)
    made = plan.make(1, 1800, KAFKA)
    assert {(fault.kind, fault.target) for fault in made} == set(KAFKA.deck())
    assert max(fault.end for fault in made) <= 1800


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_of_one_target_follow_one_another(seed: int) -> None:
    """Nothing is killed that is down already, and all brokers are never down when one is to be killed."""
    free: dict[str, float] = {}
    for fault in plan.make(seed, 900, KAFKA):
        places = KAFKA.broker_names if fault.target == "brokers" else (fault.target,)
        places = ("disk",) if fault.kind == "fill" else places
        assert all(fault.second >= free.get(place, 0.0) for place in places)
        free |= dict.fromkeys(places, fault.end)


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_chaos_without_a_bus() -> None:
    """Agent, processor and store on one host."""
    assert_holds(
        *("--seed", "361", "--seconds", "14", "--brokers", "0"), *("--pace", "0.9", "--longest", "3", "--disk", "600m")
    )


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_chaos_over_a_broker() -> None:
    """The same with a shipper, a broker and two processors."""
    need_kafka()
    assert_holds(
        *("--seed", "236", "--seconds", "22", "--brokers", "1"), *("--pace", "0.9", "--longest", "3", "--disk", "600m")
    )


@pytest.mark.root
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_outages_longer_than_the_spool_lasts() -> None:
    """What the spool evicts while nobody reads it is lost by that name, and sent is still stored and lost."""
    # The processor is away for 14 s; the load fills this bound in 10.
    table = assert_holds(
        *("--seed", "5", "--seconds", "60", "--brokers", "0"),
        *("--pace", "1", "--longest", "15", "--disk", "600m", "--spool", "1MiB"),
    )
    for stream in ("flows.ipfix", "flows.sflow"):
        assert f"{stream}: lost as spool_evicted" in table, table


@pytest.mark.root
@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_chaos_over_three_brokers() -> None:
    """Five minutes, with faults long enough for rebalances."""
    need_kafka()
    assert_holds("--seed", "1", "--seconds", "300", "--brokers", "3")
