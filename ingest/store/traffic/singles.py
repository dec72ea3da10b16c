"""The SQL of `--follow`: single flows and drops as they were stored, none of them summed."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.store.traffic import discarded, sums
from ingest.store.traffic.arrivals import Arrival
from ingest.store.traffic.question import Filters, Span, any_of
from ingest.store.traffic.rules import rule_text

_HAS_RATE = "flow.sampling_origin NOT IN ('', 'unknown') AND flow.sampling_rate > 0"
# The row of a flow that the agent counts is of the interval of a reading; its packets have times of their own.
_LAST = "if(flow.source_kind = 'ebpf', flow.flow_end_time, flow.time)"
_LASTED = (
    "round(if(flow.source_kind = 'ebpf', toUnixTimestamp64Nano(flow.flow_end_time) - "
    "toUnixTimestamp64Nano(flow.flow_start_time), toInt64(flow.duration_ns)) / 1e9, 3)"
)
_ENDS = ", ".join(f"flow.{name} AS {name}" for name in ("src_address", "src_port", "dst_address", "dst_port"))


def flows(arrivals: Sequence[Arrival], vif_ids: Sequence[int], filters: Filters, span: Span) -> str:
    """Return the query for flows of some hand-overs.

    Args:
        arrivals: The hand-overs.
        vif_ids: Only these; empty for all.
        filters: What they have to be of.
        span: Of which the inventory is read.
    """
    where = [_of(arrivals, "raw"), *sums.early("raw", vif_ids, filters)]
    service_port = (
        "if(protocol IN (6, 17, 33, 132, 136), if(src_port = 0 OR dst_port = 0, greatest(src_port, dst_port), "
        "least(src_port, dst_port)), 0)"
    )
    flow_direction = "multiIf(direction_meaning != '', '', direction = 0, 'ingress', direction = 1, 'egress', '')"
    rows = (
        f"SELECT *, {service_port} AS service_port, {flow_direction} AS flow_direction FROM flows AS raw "
        f"WHERE {' AND '.join(where)}"
    )
    rows = f"SELECT *, {sums.peer(span)} AS peer_address FROM ({rows})"
    late = sums.late(filters, span, is_raw=True)
    return (
        f"SELECT {_LAST} AS time, {_LASTED} AS duration_seconds, flow.host AS host, "
        "flow.vif_id AS vif_id, flow.flow_direction AS flow_direction, flow.protocol AS protocol, "
        f"{_ENDS}, flow.service_port AS service_port, flow.tcp_flags AS tcp_flags, {_scaled('skb_bytes')}, "
        f"{_scaled('packets')}, flow.skb_bytes AS skb_bytes, flow.packets AS packets, {_told()} "
        f"FROM ({rows}) AS flow WHERE {' AND '.join(late) or '1'} ORDER BY time, host, vif_id, src_address, dst_address"
    )


def drops(arrivals: Sequence[Arrival], vif_ids: Sequence[int], filters: Filters, why: discarded.Why) -> str:
    """Return the query for drops of some hand-overs; arguments as `flows`."""
    where = [_of(arrivals, "flow"), *discarded.conditions("flow", vif_ids, filters, why)]
    return (
        "SELECT flow.time AS time, round(flow.duration_ns / 1e9, 3) AS duration_seconds, flow.host AS host, "
        "flow.vif_id AS vif_id, if(flow.vif_id = 0, flow.namespace, '') AS namespace, "
        f"if(flow.vif_id = 0, flow.ifname, '') AS ifname, {discarded.flow_direction('flow')} AS flow_direction, "
        "flow.drop_class AS drop_class, flow.drop_origin AS drop_origin, flow.reason AS reason, flow.place AS place, "
        f"{rule_text('flow')} AS rule, flow.rule_attribution AS rule_attribution, "
        f"flow.protocol AS protocol, {_ENDS}, {discarded.service_port('flow')} AS service_port, {_scaled('packets')}, "
        f"{_scaled('bytes')}, flow.packets AS packets, flow.bytes AS bytes, {_told(is_end=False)} "
        f"FROM drops AS flow WHERE {' AND '.join(where)} ORDER BY time, host, vif_id, reason, place"
    )


def _of(arrivals: Sequence[Arrival], row: str) -> str:
    return any_of(arrival.condition(row) for arrival in arrivals)


def _scaled(name: str) -> str:
    return f"if({_HAS_RATE}, toUInt64(round(toFloat64(flow.{name}) * flow.sampling_rate)), NULL) AS scaled_{name}"


def _told(*, is_end: bool = True) -> str:
    time, lasted = "toUnixTimestamp64Nano(flow.time)", "toInt64(flow.duration_ns)"
    begins, ends = (f"{time} - {lasted}", time) if is_end else (time, f"{time} + {lasted}")
    return (
        "nullIf(flow.sampling_rate, 0) AS sampling_rate, flow.sampling_origin AS sampling_origin, "
        "flow.source_kind AS source_kind, flow.exporter_address AS exporter_address, "
        f"{begins} AS from_ns, {ends} AS to_ns"
    )
