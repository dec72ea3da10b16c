"""The one-minute tier of `counters`.

A raw row belongs to the minute that holds its start + 200 ms, because a sweep that is aligned to the clock may begin a
little early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.processor.batches import Rows
from ingest.processor.identity import quoted
from ingest.processor.tiers.tier import MINUTE_NS, Fill, Tier, instants, listed
from viflux.registry import KINDS

ALIGNMENT_NS = 200 * 1_000_000
_NO_MEASURE = "('gap', 'reset')"
_OWN = ("time", "host", "vif_id", "revision", "covered_ns", "gap_ns", "rows_count")
_MINUTE_OF_RAW = f"intDiv(toUnixTimestamp64Nano(time) + {ALIGNMENT_NS}, {MINUTE_NS})"


def _touched(rows: Rows) -> Iterable[int]:
    first, last = (rows.first_time_ns + ALIGNMENT_NS) // MINUTE_NS, (rows.last_end_ns + ALIGNMENT_NS) // MINUTE_NS
    return range(first, last + 1)


def _fills(host: str, minutes: Sequence[int], revisions: Sequence[int]) -> Iterable[Fill]:
    deltas = [name for name in KINDS["counters_1m"].table if name in KINDS["counters"].record and name not in _OWN]
    values = {
        **{name: f"sum(raw.{name})" for name in deltas},
        "rx_bytes_per_second_max": _highest_rate("rx_bytes"),
        "tx_bytes_per_second_max": _highest_rate("tx_bytes"),
        "qdisc_backlog_bytes_max": f"maxIf(raw.qdisc_backlog_bytes, raw.delta_kind NOT IN {_NO_MEASURE})",
    }
    span = instants(minutes[0] * MINUTE_NS - ALIGNMENT_NS, (minutes[-1] + 1) * MINUTE_NS - ALIGNMENT_NS)
    sql = (
        f"INSERT INTO counters_1m_revisions ({', '.join((*_OWN, *values))}) "
        f"SELECT fromUnixTimestamp64Nano(minute * {MINUTE_NS}, 'UTC'), any(raw.host), raw.vif_id, "
        f"toUInt64(transform(minute, [{listed(minutes)}], [{listed(revisions)}], 0)), "
        f"sumIf(raw.duration_ns, raw.delta_kind NOT IN {_NO_MEASURE}), "
        f"sumIf(raw.duration_ns, raw.delta_kind IN {_NO_MEASURE}), count(), {', '.join(values.values())} "
        f"FROM (SELECT *, {_MINUTE_OF_RAW} AS minute FROM counters WHERE {span} "
        f"AND host = {quoted(host)}) AS raw WHERE minute IN ({listed(minutes)}) GROUP BY minute, raw.vif_id"
    )
    yield Fill(sql, {})


def _highest_rate(name: str) -> str:
    measured = f"raw.delta_kind NOT IN {_NO_MEASURE} AND raw.duration_ns > 0"
    return f"maxIf(raw.{name} * 1e9 / raw.duration_ns, {measured})"


COUNTERS = Tier(
    kind="counters",
    closed_by="counters.netlink",
    table="counters_1m_revisions",
    minute_of_raw=_MINUTE_OF_RAW,
    earlier_ns=ALIGNMENT_NS,
    minute_of_filled="intDiv(toUnixTimestamp64Nano(time), 60000000000)",
    rows_of_filled="rows_count",
    marks="1",
    first_minute=f"intDiv(toUnixTimestamp64Nano(first_event_time) + {ALIGNMENT_NS}, {MINUTE_NS})",
    last_minute=f"intDiv(toUnixTimestamp64Nano(last_event_time) + {ALIGNMENT_NS}, {MINUTE_NS})",
    touched=_touched,
    fills=_fills,
    most_minutes=60,
    pause_ns=10 * 1_000_000_000,
)
