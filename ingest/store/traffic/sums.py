"""The SQL of `viflux flows`: sums over flows, the largest first.

A question that a tier answers is read from the coarsest rows that do (`ingest.store.tiers.resolution`). One about
single addresses is read from the raw rows, each spread over the minutes that it lasted by the very text that fills the
tiers; so both give the same sums. Spans are of whole minutes in both.

A packet may be seen at several VIFs, and be told of by several exporters. Rows of different VIFs, directions or
exporters are therefore never added up here, but in one way: where VIFs are not told apart, those of one scope are
summed, of which each sees a workload's byte once in each direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.store.keyed import since, until
from ingest.store.literals import instant, quoted
from ingest.store.tiers.resolution import resolve
from ingest.store.tiers.rows import MINUTE_NS, of_raw
from ingest.store.traffic import sampling, vifs
from ingest.store.traffic.dimensions import DIRECTION, FLOW_DIMENSIONS, VIF, Dimension
from ingest.store.traffic.question import Filters, Span, any_of, held_by, of_exporter
from viflux.clock import DAY_NS
from viflux.errors import UsageError
from viflux.registry.rollups import ROLLUPS
from viflux.settings.schema import Keep

SCOPES = ("workloads", "uplinks", "exported")
"""VIFs that may be summed: counting points; ports that lead out of their host; interfaces of one exporter."""

SORTS = {"bytes": "scaled_skb_bytes", "packets": "scaled_packets", "flows": "flows_count"}
_ADDRESSES = ("src_address", "dst_address", "src_port", "dst_port", "ether_type")
_FLOWS = ROLLUPS["flows"]
_FINEST_NETWORK = {4: 24, 6: 48}
_HAS_RATE = "flow.sampling_origin NOT IN ('', 'unknown')"


@dataclass(frozen=True)
class Source:
    """Where rows are read from.

    Attributes:
        sql: A SELECT in parentheses.
        span: What it covers: whole minutes.
        exporters_sql: The same rows, with `host`, `vif_id`, `source_kind` and `exporter_address` at least.
        tables: Names of the tables behind it.
        is_raw: It has single addresses.
        notes: What its reader should know.
    """

    sql: str
    exporters_sql: str
    span: Span
    tables: tuple[str, ...]
    is_raw: bool
    notes: tuple[str, ...] = ()


def needs_raw(by: Sequence[str], filters: Filters) -> bool:
    """Return whether only single flows answer a question."""
    is_fine = any(network.prefixlen > _FINEST_NETWORK[network.version] for network in filters.peers)
    return is_fine or any(FLOW_DIMENSIONS[name].is_raw for name in by)


def whole_minutes(span: Span) -> Span:
    """Return a span, widened to whole minutes."""
    from_ns = span.from_ns // MINUTE_NS * MINUTE_NS
    return Span(from_ns, -(-span.to_ns // MINUTE_NS) * MINUTE_NS, span.now_ns)


def from_tiers(span: Span, vif_ids: Sequence[int], keep: Keep, filled: Mapping[str, int]) -> Source:
    """Return the coarsest rows that answer a span as a whole.

    Args:
        span: The span.
        vif_ids: Only these; empty for all.
        keep: How long each tier is kept.
        filled: What `filled_until` says.
    """
    found = resolve(
        "flows", span.from_ns, span.to_ns, DAY_NS, now_ns=span.now_ns, keep=keep, until=filled, vifs=vif_ids
    )
    wide = whole_minutes(span)
    tables = list(dict.fromkeys(segment.source for segment in found.segments))
    if filled["flows_1m"] < min(wide.to_ns, span.now_ns):
        tables.append("flows")
    return Source(found.sql, found.sql, wide, tuple(tables), is_raw=False, notes=found.notes)


def from_raw(span: Span, vif_ids: Sequence[int], filters: Filters, keep: Keep) -> Source:
    """Return the rows of single flows in a span, spread over its minutes.

    Args:
        span: The span.
        vif_ids: Only these; empty for all.
        filters: What the rows have to be of; rows may pass that are not.
        keep: How long rows are kept.

    Raises:
        UsageError: Rows of its start are not kept any more.
    """
    if span.now_ns - span.from_ns > keep.raw:
        raise UsageError(
            f"single addresses and ports are kept for {keep.raw} (keep.raw); "
            "--by vif,direction,network,protocol,port goes further back"
        )
    wide = whole_minutes(span)
    last_ns = wide.to_ns + _FLOWS.spread_minutes * MINUTE_NS
    condition = [since("flows", "raw.time", wide.from_ns), until("flows", "raw.time", last_ns, inclusive=True)]
    condition += early("raw", vif_ids, filters)
    text = of_raw(_FLOWS, " AND ".join(condition), _ADDRESSES)
    return Source(
        f"(SELECT *, {peer(wide)} AS peer_address FROM ({text}) "
        f"WHERE raw_time >= {instant(wide.from_ns)} AND raw_time < {instant(wide.to_ns)})",
        f"(SELECT host, vif_id, source_kind, exporter_address FROM flows AS raw WHERE {' AND '.join(condition)})",
        wide,
        ("flows",),
        is_raw=True,
    )


def statement(source: Source, by: Sequence[str], filters: Filters, scope: str, *, sort: str, top: int) -> str:
    """Return the query.

    Its columns: those of the dimensions, what `_MEASURES` names, `from_ns` and `to_ns`, the time in which the row's
    traffic was seen, and `groups_count`, how many rows there are before the cut.

    Args:
        source: Where rows are read from.
        by: Dimensions.
        filters: What the rows have to be of, but for the VIF, which the source sees to.
        scope: One of `SCOPES`, or empty for every VIF.
        sort: One of `SORTS`.
        top: How many rows at most.
    """
    span = source.span
    keys = columns_of(by, FLOW_DIMENSIONS, span)
    computed = sampling.columns("flow")
    noise = ", ".join(f"{sql} AS {name}" for name, sql in computed.items())
    labels = vifs.with_labels(span) if any(FLOW_DIMENSIONS[name].is_label for name in by) else ""
    where = [*late(filters, span, is_raw=source.is_raw), *_of_scope(scope, span)]
    key_columns = ", ".join(f"{sql} AS {name}" for name, sql in keys.items())
    rows = (
        f"SELECT {key_columns}, {_HAS_RATE} AS has_rate, flow.time AS seen_time, flow.window_seconds AS seen_seconds, "
        "flow.skb_bytes AS told_bytes, flow.packets AS told_packets, flow.flows_count AS told_flows, "
        "flow.scaled_bytes AS any_bytes, flow.scaled_skb_bytes AS whole_bytes, flow.scaled_packets AS whole_packets, "
        f"{noise} FROM {_timed(source)} AS flow{labels} WHERE {' AND '.join(where) or '1'}"
    )
    # Where an exporter tells bytes of IP and no packets, what an interface would have counted is not known.
    is_known = "known_rows > 0 AND NOT (bytes_sum = 0 AND any_sum > 0)"
    sums = (
        f"SELECT {', '.join(keys)}, countIf(has_rate) AS known_rows, sumIf(whole_bytes, has_rate) AS bytes_sum, "
        "sumIf(any_bytes, has_rate) AS any_sum, sumIf(whole_packets, has_rate) AS packets_sum, "
        "sumIf(told_flows, has_rate) AS flows_sum, sumIf(told_packets, has_rate) AS samples_sum, "
        "sumIf(variance, has_rate) AS variance_sum, sumIf(told_bytes, NOT has_rate) AS unknown_bytes, "
        "sumIf(told_flows, NOT has_rate) AS unknown_flows, toUnixTimestamp64Nano(min(seen_time)) AS from_ns, "
        "max(toUnixTimestamp64Nano(seen_time) + seen_seconds * 1000000000) AS to_ns "
        f"FROM ({rows}) GROUP BY {', '.join(keys)}"
    )
    measures = {
        "scaled_skb_bytes": f"if({is_known}, bytes_sum, NULL)",
        "scaled_packets": "if(known_rows > 0, packets_sum, NULL)",
        "bits_per_second": f"if({is_known}, round(bytes_sum * 8 / {span.seconds!r}), NULL)",
        "flows_count": "flows_sum",
        "samples_count": "if(variance_sum > 0, samples_sum, 0)",
        "relative_error_ratio": sampling.relative_error("variance_sum", "bytes_sum"),
        "unknown_rate_flows_count": "unknown_flows",
        "unknown_rate_skb_bytes": "unknown_bytes",
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in measures.items())
    return (
        f"SELECT {', '.join(keys)}, {listed}, from_ns, to_ns, count() OVER () AS groups_count FROM ({sums}) "
        f"ORDER BY {SORTS[sort]} DESC NULLS LAST, unknown_rate_skb_bytes DESC, {', '.join(keys)} LIMIT {top}"
    )


def contested(source: Source, scope: str, filters: Filters) -> str:
    """Return the query for VIFs of which several exporters tell: `vifs_count`, and `vif_ids`, some of them."""
    where = [*_of_scope(scope, source.span)]
    if filters.host:
        where.append(f"flow.host = {quoted(filters.host)}")
    if filters.exporter:
        where.append(of_exporter("flow", filters.exporter))
    return (
        "SELECT count() AS vifs_count, groupArray(3)(vif_id) AS vif_ids FROM (SELECT flow.vif_id AS vif_id, "
        f"uniqExact(flow.source_kind, flow.exporter_address) AS exporters_count FROM {source.exporters_sql} AS flow "
        f"WHERE {' AND '.join(where) or '1'} GROUP BY flow.vif_id HAVING exporters_count > 1)"
    )


def columns_of(by: Sequence[str], every: Mapping[str, Dimension], span: Span) -> dict[str, str]:
    """Return SQL by name for the columns of dimensions; of a direction, which one goes with the VIF or without it."""
    found: dict[str, str] = {}
    for name in by:
        if name == DIRECTION:
            way = {"flow_direction": "flow.flow_direction"}
            found |= way if VIF in by else {"workload_direction": _workload_direction(span)}
        else:
            found |= every[name].columns
    return found


def _timed(source: Source) -> str:
    # The raw text calls its minute so because `time` is the end of the flow there.
    return source.sql if not source.is_raw else f"(SELECT *, raw_time AS time, 60 AS window_seconds FROM {source.sql})"


def peer(span: Span) -> str:
    """Return SQL for the address of the other end of a flow.

    It is who the workload talked to. At a VIF on the host's side ingress is what the workload sent, so that is the
    destination; at one in the workload, and at a port that leads out, ingress is what others sent. Where the direction
    is not told: the end that is not the VIF's own, else the one with the service's port, as in the tiers.
    """
    local = f"({vifs.local_addresses(span)})"
    by_port = "if(service_port > 0 AND src_port = service_port AND dst_port != service_port, src_address, dst_address)"
    return (
        f"multiIf(flow_direction != '', if((flow_direction = 'ingress') = (vif_id IN ({vifs.outward(span)})), "
        f"src_address, dst_address), (vif_id, src_address) IN {local}, dst_address, "
        f"(vif_id, dst_address) IN {local}, src_address, {by_port})"
    )


def _workload_direction(span: Span) -> str:
    is_from = f"(flow.flow_direction = 'ingress') != (flow.vif_id IN ({vifs.outward(span)}))"
    return f"multiIf(flow.flow_direction = '', '', {is_from}, 'from', 'to')"


def early(alias: str, vif_ids: Sequence[int], filters: Filters) -> list[str]:
    """Return conditions on raw rows that let all pass that is asked for, and spare reading most of the rest."""
    found = []
    if vif_ids:
        found.append(f"{alias}.vif_id IN ({', '.join(map(str, vif_ids))})")
    if filters.host:
        found.append(f"{alias}.host = {quoted(filters.host)}")
    if filters.protocol is not None:
        found.append(f"{alias}.protocol = {filters.protocol}")
    if filters.port is not None:
        found.append(f"({alias}.src_port = {filters.port} OR {alias}.dst_port = {filters.port})")
    if filters.peers:
        ends = (f"{alias}.src_address", f"{alias}.dst_address")
        found.append(any_of(held_by(end, network) for end in ends for network in filters.peers))
    return found


def late(filters: Filters, span: Span, *, is_raw: bool) -> list[str]:
    """Return conditions on rows `flow` that let exactly those pass that are asked for.

    Args:
        filters: What they have to be of.
        span: Of which the inventory is read.
        is_raw: The rows have the peer's address.
    """
    found = []
    if filters.host:
        found.append(f"flow.host = {quoted(filters.host)}")
    if filters.protocol is not None:
        found.append(f"flow.protocol = {filters.protocol}")
    if filters.port is not None:
        found.append(f"flow.service_port = {filters.port}")
    if filters.peers:
        end = "flow.peer_address" if is_raw else "flow.peer_network"
        found.append(any_of(held_by(end, network) for network in filters.peers))
    if filters.direction in ("ingress", "egress"):
        found.append(f"flow.flow_direction = {quoted(filters.direction)}")
    elif filters.direction:
        found.append(f"{_workload_direction(span)} = {quoted(filters.direction)}")
    if filters.exporter:
        found.append(of_exporter("flow", filters.exporter))
    return found


def _of_scope(scope: str, span: Span) -> list[str]:
    if not scope:
        return []
    of = {"workloads": vifs.counting, "uplinks": vifs.uplinks, "exported": vifs.exported}[scope]
    return [f"flow.vif_id IN ({of(span)})"]
