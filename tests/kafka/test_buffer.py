"""What was fetched of a partition: nothing twice, nothing passed over, and kept until it is dealt with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.buffer import Buffer
from ingest.kafka.message import position_of
from viflux.spool import Damaged


def item(offset: int) -> Damaged:
    return Damaged("", position_of(offset), position_of(offset + 1), "for a test", b"x" * 10)


@given(st.integers(0, 50), st.lists(st.integers(0, 100), max_size=40), st.integers(0, 100))
def test_what_is_here_is_in_order_and_once(first: int, offsets: list[int], forgotten: int) -> None:
    """Whatever is fetched again or late, the offsets here rise, begin at the first wanted one, and sizes add up."""
    buffer = Buffer(first)
    taken: list[int] = []
    for offset in offsets:
        if buffer.put(item(offset)):
            taken.append(offset)
        else:
            assert offset < buffer.following
    assert taken == sorted(set(taken))
    assert all(offset >= first for offset in taken)
    buffer.forget(forgotten)
    left = [each.start.offset for each in buffer.since(0)]
    assert left == [offset for offset in taken if offset >= forgotten]
    assert (len(buffer), buffer.size) == (len(left), 10 * len(left))
    assert buffer.has(forgotten) == bool(left)
    assert buffer.covers(buffer.following)
    assert buffer.covers(max(first, min(forgotten, buffer.following)))


def test_an_end_is_known_until_more_comes() -> None:
    """The end of the partition moves what is fetched next over offsets that hold no message."""
    buffer = Buffer(5)
    buffer.put(item(5))
    buffer.ended(9)
    assert (buffer.following, buffer.ends_at) == (9, 9)
    assert buffer.put(item(9))
    assert buffer.ends_at is None
    buffer.restart(2)
    assert (len(buffer), buffer.size, buffer.first, buffer.following) == (0, 0, 2, 2)
