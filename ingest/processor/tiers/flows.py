"""The one-minute tier of `flows`.

A flow belongs to the minute in which it ended: the one that holds its last nanosecond. The fill of that minute reads it
once and leaves rows in every minute that it lasted, each with that end minute; the view adds them up. So a minute's
traffic is known when the flows that pass through it have ended, and late flows touch only the minute of their end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc

from ingest.processor.batches import Rows
from ingest.processor.tiers.tier import MINUTE_NS, Fill, Tier

_MINUTES_OF_DAY = 1440
_MINUTES_BACK = 60
_MINUTE_OF_RAW = f"intDiv(toUnixTimestamp64Nano(time) - (duration_ns > 0), {MINUTE_NS})"


def _touched(rows: Rows) -> Iterable[int]:
    # Each minute by itself: an exporter with a wrong clock must not touch all between its time and the others'.
    ends = rows.table["time"].cast(pa.int64())
    if "duration_ns" in rows.table.schema.names:
        lasted = pc.greater(rows.table["duration_ns"], pa.scalar(0, pa.uint64())).fill_null(fill_value=False)
        ends = pc.subtract(ends, lasted.cast(pa.int64()))
    minutes: list[int] = pc.unique(pc.divide(ends, pa.scalar(MINUTE_NS, pa.int64()))).to_pylist()
    return minutes


def _fills(host: str, minutes: Sequence[int], revisions: Sequence[int]) -> Iterable[Fill]:
    parameters = {
        "host": host,
        "minutes": list(minutes),
        "revisions": list(revisions),
        "from_ns": minutes[0] * MINUTE_NS,
        "to_ns": (minutes[-1] + 1) * MINUTE_NS,
    }
    day = minutes[0] // _MINUTES_OF_DAY
    # A block is one part in each day's partition. What reaches back over midnight goes first: the rows of the end
    # minutes themselves say that all is there.
    if minutes[0] - day * _MINUTES_OF_DAY <= _MINUTES_BACK:
        yield Fill(_statement(), {**parameters, "day": day - 1})
    yield Fill(_statement(), {**parameters, "day": day})


@cache
def _statement() -> str:
    return (resources.files("ingest.processor.tiers") / "flows_1m.sql").read_text(encoding="utf-8")


FLOWS = Tier(
    kind="flows",
    closed_by="",
    table="flows_1m_revisions",
    minute_of_raw=_MINUTE_OF_RAW,
    earlier_ns=0,
    minute_of_filled="intDiv(toUnixTimestamp64Nano(end_minute_time), 60000000000)",
    rows_of_filled="flows_count",
    marks="time = end_minute_time",
    first_minute=f"intDiv(toUnixTimestamp64Nano(first_event_time) - 1, {MINUTE_NS})",
    last_minute=f"intDiv(toUnixTimestamp64Nano(last_event_time), {MINUTE_NS})",
    touched=_touched,
    fills=_fills,
    most_minutes=5,
    pause_ns=30 * 1_000_000_000,
)
