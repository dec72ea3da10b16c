"""What is on its way: the cursor moves over the acknowledged prefix and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.flight import Flight
from viflux.spool import Position


@given(st.permutations(range(8)))
def test_the_prefix_ends_before_the_first_that_is_not_acknowledged(order: list[int]) -> None:
    """In whatever order acknowledgements come, what is settled is exactly the batches before the first open one."""
    flight = Flight()
    sent = [flight.send(Position(1, index + 1), 10, index) for index in range(8)]
    acknowledged: set[int] = set()
    settled = 0
    for index in order:
        flight.acknowledge(sent[index])
        flight.acknowledge(sent[index])
        acknowledged.add(index)
        reached = next((at for at in range(8) if at not in acknowledged), 8)
        end = flight.settle()
        assert end == (Position(1, reached) if reached > settled else None)
        settled = reached
        assert len(flight) == 8 - reached
        assert flight.unacknowledged_bytes == 10 * (8 - len(acknowledged))
        assert flight.oldest_sealed_time_ns == (None if reached == 8 else reached)
    assert flight.spanned_bytes == 0


def test_what_is_passed_over_waits_for_its_turn() -> None:
    """Damaged bytes are done when everything before them is."""
    flight = Flight()
    first = flight.send(Position(1, 10), 5, 1)
    flight.passed_over(Position(1, 20))
    assert flight.settle() is None
    flight.acknowledge(first)
    assert flight.settle() == Position(1, 20)
