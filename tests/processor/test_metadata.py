"""A state in a kilobyte: what is written down comes back, damage is told, and long intents still fit."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.processor import metadata
from ingest.processor.intent import REPEAT, WHOLE_BATCH, Exclusion, Intent, Missing, State
from viflux.spool import Position

MOST_BYTES = 1024
SOURCE = "ab" * 16
NOW = 1_800_000_000 * 10**9

positions = st.builds(Position, st.integers(0, 2**40), st.integers(0, 2**62))
causes = st.sampled_from([REPEAT, "refused", "other_content", "damaged", "unreadable"])
exclusions = st.builds(
    Exclusion, positions, st.integers(WHOLE_BATCH, 40_000), causes, st.text(st.characters(codec="utf-8"), max_size=200)
)
intents = st.builds(
    Intent,
    number=st.integers(1, 2**60),
    start=positions,
    end=positions,
    batches=st.integers(1, 4096),
    opened_time_ns=st.integers(0, 2**62),
    piece_rows=st.integers(1, 10**6),
    piece_bytes=st.integers(1, 2**40),
    tried=st.booleans(),
    excluded=st.lists(exclusions, max_size=20).map(tuple),
    missing=st.lists(st.builds(Missing, positions, st.integers(1, 2**60)), max_size=20).map(tuple),
)


def kept(exclusion: Exclusion) -> Exclusion:
    reason = exclusion.reason[: metadata.MOST_REASON] if exclusion.cause == "refused" else ""
    return msgspec.structs.replace(exclusion, reason=reason)


@given(positions, st.integers(0, 2**60), st.none() | positions, st.none() | intents)
def test_a_state_comes_back(cursor: Position, number: int, tried_until: Position | None, intent: Intent | None) -> None:
    """All of it, but for the reasons that can be found again."""
    number = intent.number if intent is not None else number
    state = State(source_id=SOURCE, cursor=cursor, number=number, tried_until=tried_until, intent=intent)
    text = metadata.encode(state)
    assert text.isascii()
    if intent is not None:
        intent = msgspec.structs.replace(intent, excluded=tuple(kept(each) for each in intent.excluded))
    assert metadata.decode(text, cursor, SOURCE) == replace(state, intent=intent)


@given(intents, st.data())
def test_damage_is_told_or_changes_nothing_else(intent: Intent, data: st.DataObject) -> None:
    """A cut, another character or foreign text never raises anything but the one error."""
    text = metadata.encode(State(source_id=SOURCE, number=intent.number, intent=intent))
    at = data.draw(st.integers(0, len(text) - 1))
    for damaged in (text[:at], text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]):
        try:
            metadata.decode(damaged, Position(1, 0), SOURCE)
        except metadata.UnreadableError:
            continue


@pytest.mark.parametrize("text", ["", "0", "2abc", "1", "NULL", "1~~~~~", '{"version": 1}'])
def test_foreign_text_is_no_state(text: str) -> None:
    """Other programs commit offsets too."""
    with pytest.raises(metadata.UnreadableError):
        metadata.decode(text, Position(1, 0), SOURCE)


def test_a_whole_range_of_repeats_fits() -> None:
    """A shipper that lost its cursor repeats thousands of batches; the numbers before them never came."""
    cursor = Position(1, 123_456_789_012)
    starts = [Position(1, cursor.offset + n) for n in range(4096)]
    intent = Intent(
        number=98_765,
        start=starts[0],
        end=Position(1, cursor.offset + 4096),
        batches=4096,
        opened_time_ns=NOW,
        piece_rows=250_000,
        piece_bytes=64 << 20,
        tried=True,
        excluded=tuple(Exclusion(at, WHOLE_BATCH if n % 3 else 20_833 + n % 2, REPEAT) for n, at in enumerate(starts)),
        missing=tuple(Missing(at, 1) for at in starts[::7]),
    )
    state = State(source_id=SOURCE, cursor=cursor, number=intent.number, tried_until=intent.end, intent=intent)
    assert len(metadata.encode(state)) <= MOST_BYTES


@given(st.text(st.characters(codec="utf-8"), max_size=1000), st.integers(1, 2**60))
def test_one_batch_always_fits(reason: str, gap: int) -> None:
    """However it is refused, on each of the days that a batch can have."""
    cursor = Position(1, 2**61)
    excluded = tuple(Exclusion(cursor, 20_833 + day, "refused", reason) for day in range(4))
    intent = Intent(
        2**59, cursor, Position(1, cursor.offset + 1), 1, NOW, 10**6, 2**40, True, excluded, (Missing(cursor, gap),)
    )
    text = metadata.encode(State(source_id=SOURCE, cursor=cursor, number=2**59, tried_until=cursor, intent=intent))
    assert len(text.encode()) <= MOST_BYTES
