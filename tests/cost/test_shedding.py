"""Which step is taken when: in order, not for a burst, back when there is room, and without flapping."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from collectors.cost.shedding import ENOUGH_RATIO, MOST_RATE, Shedding, Step, steps
from viflux.clock import NANOSECONDS

BUDGET = 0.25
TICK_NS = 5 * NANOSECONDS
ALL = steps(["flow", "drop"])


def lived(
    shedding: Shedding, cost: Callable[[Step, float], float], seconds: int, begun: int = 0
) -> list[tuple[float, int]]:
    """Measure for a while; return when which level was taken."""
    taken = []
    for tick in range(seconds * NANOSECONDS // TICK_NS):
        now_ns = begun * NANOSECONDS + tick * TICK_NS
        if shedding.judge(cost(shedding.step, now_ns / NANOSECONDS), now_ns):
            taken.append((now_ns / NANOSECONDS, shedding.step.level))
    return taken


def test_the_order_is_samples_of_drops_then_other_vifs_then_critical_ones() -> None:
    """Each step halves what is counted, and those who matter are last."""
    assert [step.shed for step in ALL[:3]] == ["none", "drop_samples", "other_flows"]
    assert [(step.others, step.critical) for step in ALL[2:5]] == [(2, 1), (4, 1), (8, 1)]
    assert [(step.others, step.critical) for step in ALL[11:14]] == [(MOST_RATE, 1), (MOST_RATE, 2), (MOST_RATE, 4)]
    assert (ALL[-1].shed, ALL[-1].others, ALL[-1].critical) == ("all_flows", MOST_RATE, MOST_RATE)
    assert [step.level for step in ALL] == list(range(22))
    assert [step.shed for step in steps([])] == ["none"]
    assert [step.shed for step in steps(["drop"])] == ["none", "drop_samples"]
    assert steps(["flow"], rate=10)[1] == Step(1, "other_flows", 20, 10)


def test_a_burst_sheds_nothing_and_what_lasts_does() -> None:
    """One measurement over the budget is not enough for the first step, two are; then each takes one."""
    shedding = Shedding(ALL, BUDGET)
    assert not lived(shedding, lambda _, now: 1.0 if now == 10 else 0.01, 60)
    assert lived(shedding, lambda _, __: 1.0, 30, 60) == [(65, 1), (70, 2), (75, 3), (80, 4), (85, 5)]


def test_under_a_load_that_stays_it_finds_its_step_and_flaps_less_and_less() -> None:
    """Counting costs a core where every packet is counted: one of four fits, one of eight is less than half."""
    shedding = Shedding(ALL, BUDGET)
    taken = lived(shedding, lambda step, _: 0.02 + 0.99 / step.others, 7200)
    assert [level for _, level in taken[:4]] == [1, 2, 3, 4]
    assert taken[3][0] <= 30
    # 0.144 of 0.25 cores is not room enough to double it.
    assert len(taken) == 4
    # Between two steps, neither of which is right: a step back is tried ever more seldom.
    shedding = Shedding(ALL, BUDGET)
    taken = lived(shedding, lambda step, _: 0.3 if step.level < 3 else 0.9 * ENOUGH_RATIO * BUDGET, 7200)
    back = [now for now, level in taken if level == 2][1:]
    pauses = [later - earlier for earlier, later in pairwise(back)]
    assert pauses == sorted(pauses)
    assert max(pauses) >= 600
    assert len(back) < 7200 / 600 + 6


def test_it_comes_back_step_by_step_when_there_is_room() -> None:
    """Half a minute of calm for each step, down to nothing left out; a new load begins anew."""
    shedding = Shedding(ALL, BUDGET)
    lived(shedding, lambda _, __: 1.0, 25)
    assert shedding.step.level == 4
    taken = lived(shedding, lambda _, __: 0.01, 300, 25)
    assert [level for _, level in taken] == [3, 2, 1, 0]
    assert {later - earlier for (earlier, _), (later, _) in pairwise(taken)} == {35.0}


def test_where_nothing_suffices_it_stays_at_the_last_step_and_says_so_once() -> None:
    """Until the budget was kept for once."""
    order = steps(["drop"])
    shedding = Shedding(order, 0.001)
    told = 0
    for tick in range(100):
        shedding.judge(0.1, tick * TICK_NS)
        told += shedding.is_spent(0.1)
    assert (shedding.step, told) == (order[-1], 1)
    assert not shedding.is_spent(0.0005)
    assert shedding.is_spent(0.1)
