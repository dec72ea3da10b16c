"""A clock that is set back makes the client library stand still: the process ends, and the next one goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ingest.kafka.setback import SetBack, ends_when_set_back
from tests.chaos.clocks import need_faketime
from tests.chaos.stages import Stage
from tests.kafka.making import fill, in_topics, migrate, settings_of, spool_of
from tests.lab.kafka import Cluster
from tests.running import wait_for
from viflux.clock import ManualClock
from viflux.errors import EXIT_FAILED

SECOND = 1_000_000_000


class FrozenInBetween(ManualClock):
    """A clock whose process stands still for an hour between two readings."""

    def now_ns(self) -> int:
        now_ns = super().now_ns()
        self.advance(3600)
        return now_ns


def test_only_a_step_back_is_one() -> None:
    """Time that passes, a step forward and a process that was frozen are none; a step back is as long as it is."""
    clock = ManualClock(10**18)
    watched = SetBack(clock)
    clock.advance(100)
    assert watched.look() == 0
    clock.step(7200)
    assert watched.look() == 0
    clock.step(-7200)
    assert watched.look() == 7200
    assert watched.look() == 0
    frozen = FrozenInBetween(10**18)
    watched = SetBack(frozen)
    assert [watched.look() for _ in range(3)] == [0, 0, 0]
    frozen.step(-7200)
    assert 0 < watched.look() <= 7200


def test_a_block_that_cannot_end_is_broken_off() -> None:
    """The stage is told to end, and the process ends whether it does or not."""
    clock = ManualClock(10**18)
    stop, ended = threading.Event(), threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    def never_ends() -> None:
        with ends_when_set_back(clock, stop, end):
            clock.step(-60)
            assert ended.wait(10)

    with pytest.raises(SystemExit):
        never_ends()
    assert stop.is_set()
    assert codes == [EXIT_FAILED]


def test_a_block_that_ends_in_time_has_failed_too() -> None:
    """Or what starts services again after a failure would leave it ended."""
    clock = ManualClock(10**18)
    stop = threading.Event()

    def ends_in_time() -> None:
        with ends_when_set_back(clock, stop, lambda _: None):
            clock.step(-60)
            assert stop.wait(10)

    with pytest.raises(SystemExit) as ended:
        ends_in_time()
    assert ended.value.code == EXIT_FAILED
    with ends_when_set_back(clock, threading.Event(), lambda _: None):
        pass


@pytest.mark.slow
def test_a_shipper_whose_clock_is_set_back_goes_on(kafka: Cluster, tmp_path: Path) -> None:
    """It ends with one line and its exit code; started again it sends all that is in the spool."""
    need_faketime()
    settings = kafka.settings()
    assert migrate(tmp_path / "data", settings).returncode == 0
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 10)
    shipper = Stage("shipper", "shipper", tmp_path / "data", settings, tmp_path)
    try:
        shipper.clock.step(7200)
        shipper.start()
        wait_for("all is shipped", shipper.is_drained)
        shipper.clock.step(0)
        made |= fill(spool, 10)

        def started_again() -> bool:
            shipper.mind()
            return bool(shipper.ended) and shipper.is_drained()

        wait_for("a new process has shipped the rest", started_again)
        assert shipper.ended == [(EXIT_FAILED, "clock set back")]
        assert shipper.log.read_text(encoding="utf-8").count("was set back") == 1
    except AssertionError as error:
        raise AssertionError(f"{error}\n{shipper.says()}\n{shipper.log_tail(50)}") from None
    finally:
        shipper.end()
        spool.close()
    assert set(in_topics(kafka, settings_of(tmp_path / "data", settings))) == made
