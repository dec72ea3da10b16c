"""The SQL of `viflux drops`: sums over dropped packets, the most first.

A packet is dropped once, so VIFs may be summed. Exporters may not: two of them on one host tell of the same packets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.store.keyed import since, until
from ingest.store.literals import quoted
from ingest.store.traffic import sampling, vifs
from ingest.store.traffic.dimensions import DROP_DIMENSIONS
from ingest.store.traffic.question import Filters, Span, any_of, held_by, of_exporter
from ingest.store.traffic.rules import rule_text
from viflux.errors import UsageError
from viflux.settings.schema import Keep

SORTS = {"packets": "scaled_packets", "bytes": "scaled_bytes"}
CLASSES = ("loss", "denied", "endpoint", "benign")
_HAS_RATE = "sampling_origin NOT IN ('', 'unknown')"


@dataclass(frozen=True)
class Why:
    """Which drops count, besides what `Filters` says; empty ones let all pass.

    Attributes:
        reason: Why a packet was dropped.
        drop_class: One of `CLASSES`.
        place: Where.
        rule: Part of the text of the rule of nftables, or of those that it may have been.
    """

    reason: str = ""
    drop_class: str = ""
    place: str = ""
    rule: str = ""


def rows(span: Span, vif_ids: Sequence[int], filters: Filters, why: Why, keep: Keep) -> str:
    """Return a SELECT in parentheses of the rows that begin in a span.

    Args:
        span: The span.
        vif_ids: Only these; empty for all.
        filters: What they have to be of.
        why: What they were dropped for.
        keep: How long rows are kept.

    Raises:
        UsageError: Rows of its start are not kept any more.
    """
    if span.now_ns - span.from_ns > keep.raw:
        raise UsageError(f"--last, --from: drops are kept for {keep.raw} (keep.raw)")
    where = [since("drops", "raw.time", span.from_ns), until("drops", "raw.time", span.to_ns)]
    where += conditions("raw", vif_ids, filters, why)
    return (
        f"(SELECT *, {service_port('raw')} AS service_port, {flow_direction('raw')} AS flow_direction "
        f"FROM drops AS raw WHERE {' AND '.join(where)})"
    )


def conditions(row: str, vif_ids: Sequence[int], filters: Filters, why: Why) -> list[str]:
    """Return SQL conditions on rows of `drops`."""
    found = []
    if vif_ids:
        found.append(f"{row}.vif_id IN ({', '.join(map(str, vif_ids))})")
    for name, value in (("host", filters.host), ("reason", why.reason), ("place", why.place)):
        if value:
            found.append(f"{row}.{name} = {quoted(value)}")
    if why.rule:
        found.append(f"positionCaseInsensitiveUTF8({rule_text(row)}, {quoted(why.rule)}) > 0")
    if why.drop_class:
        found.append(f"{row}.drop_class = {quoted(why.drop_class)}")
    if filters.protocol is not None:
        found.append(f"{row}.protocol = {filters.protocol}")
    if filters.port is not None:
        found.append(f"{service_port(row)} = {filters.port}")
    if filters.peers:
        ends = (f"{row}.src_address", f"{row}.dst_address")
        found.append(any_of(held_by(end, network) for end in ends for network in filters.peers))
    if filters.exporter:
        found.append(of_exporter(row, filters.exporter))
    return found


def flow_direction(row: str) -> str:
    """Return SQL: `ingress` or `egress`, empty where it was not told."""
    return f"multiIf({row}.direction = 0, 'ingress', {row}.direction = 1, 'egress', '')"


def service_port(row: str) -> str:
    """Return SQL for the lower of both ports, as in the tiers of flows."""
    ports = f"{row}.src_port, {row}.dst_port"
    return f"if({row}.src_port = 0 OR {row}.dst_port = 0, greatest({ports}), least({ports}))"


def statement(source: str, span: Span, by: Sequence[str], *, sort: str, top: int) -> str:
    """Return the query.

    Its columns: those of the dimensions, then the measures, then `from_ns`, `to_ns` and `groups_count`.

    Args:
        source: What `rows` returned.
        span: The span.
        by: Dimensions.
        sort: One of `SORTS`.
        top: How many rows at most.
    """
    keys: dict[str, str] = {}
    for name in by:
        keys |= DROP_DIMENSIONS[name].columns
    join = vifs.with_labels(span) if any(DROP_DIMENSIONS[name].is_label for name in by) else ""
    named = ", ".join(f"{sql} AS {name}" for name, sql in keys.items())
    grouped = ", ".join(keys)
    sums = (
        f"SELECT {grouped}, countIf(has_rate) AS known_rows, sumIf(toFloat64(told_packets) * rate, has_rate) AS "
        "packets_sum, sumIf(toFloat64(told_bytes) * rate, has_rate) AS bytes_sum, "
        "sumIf(told_packets * rate * (rate - 1), has_rate) AS variance_sum, "
        "sumIf(told_packets, NOT has_rate) AS unknown_packets, "
        "toUnixTimestamp64Nano(min(began)) AS from_ns, max(toUnixTimestamp64Nano(began) + lasted_ns) AS to_ns "
        f"FROM (SELECT {named}, flow.{_HAS_RATE} AS has_rate, flow.packets AS told_packets, flow.bytes AS told_bytes, "
        f"flow.sampling_rate AS rate, flow.time AS began, flow.duration_ns AS lasted_ns FROM {source} AS flow{join}) "
        f"GROUP BY {grouped}"
    )
    measures = {
        "scaled_packets": "if(known_rows > 0, toUInt64(round(packets_sum)), NULL)",
        "scaled_bytes": "if(known_rows > 0, toUInt64(round(bytes_sum)), NULL)",
        "packets_per_second": f"if(known_rows > 0, round(packets_sum / {span.seconds!r}, 3), NULL)",
        "relative_error_ratio": sampling.relative_error("variance_sum", "packets_sum"),
        "unknown_rate_packets": "unknown_packets",
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in measures.items())
    return (
        f"SELECT {grouped}, {listed}, from_ns, to_ns, count() OVER () AS groups_count FROM ({sums}) "
        f"ORDER BY {SORTS[sort]} DESC NULLS LAST, unknown_rate_packets DESC, {grouped} LIMIT {top}"
    )


def contested(source: str) -> str:
    """Return the query for VIFs of which several exporters tell: `vifs_count`, and `vif_ids`, some of them."""
    return (
        "SELECT count() AS vifs_count, groupArray(3)(vif_id) AS vif_ids FROM (SELECT host, vif_id, "
        f"uniqExact(source_kind, exporter_address) AS exporters_count FROM {source} "
        "GROUP BY host, vif_id HAVING exporters_count > 1)"
    )
