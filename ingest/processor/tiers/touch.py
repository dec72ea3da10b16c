"""Which minutes of the tiers a batch's rows belong to, and how many of them come too late for SLIs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.processor.batches import Rows
from ingest.store.tiers.rows import EARLIER_NS, MINUTE_NS
from viflux.registry import KINDS
from viflux.registry.rollups import ROLLUPS


def touched_minutes(rows: Rows) -> list[int]:
    """Return the minutes since the epoch whose fill reads these rows, in no order; none where the kind has no tiers.

    Each by itself: one host with a wrong clock must not touch all between its time and the others'.
    """
    kind = rows.entry.frame.metadata.kind
    if kind not in ROLLUPS:
        return []
    if rows.glance is not None:
        return rows.glance.minutes
    instants = rows.table["time"].cast(pa.int64())
    if not KINDS[kind].time_is_end:
        instants = pc.add(instants, pa.scalar(EARLIER_NS, pa.int64()))
    elif "duration_ns" in rows.table.schema.names:
        # A row belongs to the minute that holds its last nanosecond.
        lasted = pc.greater(rows.table["duration_ns"], pa.scalar(0, pa.uint64())).fill_null(fill_value=False)
        instants = pc.subtract(instants, lasted.cast(pa.int64()))
    minutes: list[int] = pc.unique(pc.divide(instants, pa.scalar(MINUTE_NS, pa.int64()))).to_pylist()
    return minutes


def late_rows(rows: Rows, on_time_from_ns: int) -> int:
    """Return how many rows are of events that ended before an instant; 0 where the kind has no tiers."""
    kind = rows.entry.frame.metadata.kind
    if kind not in ROLLUPS or rows.first_time_ns >= on_time_from_ns:
        return 0
    ends = rows.table["time"].cast(pa.int64())
    if not KINDS[kind].time_is_end and "duration_ns" in rows.table.schema.names:
        # Compared without adding, for a duration may be any number; a row that began later is not late.
        left = pc.subtract(pa.scalar(on_time_from_ns, pa.int64()), ends)
        lasted = pc.min_element_wise(rows.table["duration_ns"], pa.scalar(2**62, pa.uint64())).cast(pa.int64())
        return int(pc.sum(pc.less(lasted.fill_null(0), left)).as_py() or 0)
    return int(pc.sum(pc.less(ends, pa.scalar(on_time_from_ns, pa.int64()))).as_py() or 0)
