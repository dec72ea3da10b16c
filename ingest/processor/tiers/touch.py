"""Which minutes of the tiers a batch's rows belong to."""

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
    instants = rows.table["time"].cast(pa.int64())
    if not KINDS[kind].time_is_end:
        instants = pc.add(instants, pa.scalar(EARLIER_NS, pa.int64()))
    elif "duration_ns" in rows.table.schema.names:
        # A row belongs to the minute that holds its last nanosecond.
        lasted = pc.greater(rows.table["duration_ns"], pa.scalar(0, pa.uint64())).fill_null(fill_value=False)
        instants = pc.subtract(instants, lasted.cast(pa.int64()))
    minutes: list[int] = pc.unique(pc.divide(instants, pa.scalar(MINUTE_NS, pa.int64()))).to_pylist()
    return minutes
