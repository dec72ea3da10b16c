"""The literal table of record kinds: which columns each has, and where each column is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from viflux.registry import columns
from viflux.registry.column import Column
from viflux.registry.columns import COLUMNS
from viflux.registry.conntrack import CONNTRACK, ENTRIES, HOLDERS
from viflux.registry.cost import COST
from viflux.registry.exports import DROPS, EXPORTERS, HOSTS
from viflux.registry.flows import FLOWS
from viflux.registry.rollups import LENGTHS, ROLLUPS, Length, Rollup

DERIVED = ("time_origin", "inserted_time")
# What the processor adds to its own ledger rows.
OF_LEDGER = ("touched_minutes",)
FRAME = ("host", "boot_id", "spool_id", "stream", "sequence", "received_time")


@dataclass(frozen=True)
class Kind:
    """One record kind: a table in the store and, where it has a producer, a schema in the batches.

    Attributes:
        name: The kind's and the raw table's name; the bus topic is `viflux.<name>.v1`.
        meaning: What one row is.
        record: Columns that are in an Arrow batch, in order.
        version: Version of the batch's schema; a processor refuses versions that it does not know.
        table: Columns of the store's table, in order.
        table_name: Name of the physical table.
        partition_by: Partition expression.
        order_by: Sorting key, with its reason in `order_reason`.
        order_reason: Why the table is sorted so.
        engine: ClickHouse table engine.
        whole_parts: Rows are dropped for their age by whole parts only, which holds them for up to a partition's span
            longer.
        primary_key: What of the sorting key the index in memory holds; empty for all of it.
        keep: For each TTL of the table the setting in `[keep]` that says how long, and which rows it is for (SQL; empty
            for all).
        wide: Most columns of most rows are missing: a batch leaves out those without any value, and in the others a
            missing value is null; in the table it is the type's zero, or null where the type says so.
        time_is_end: `time` is the end of the row's interval; of other kinds it is the start.
        added: Columns that batches of earlier versions lack; a row of these has the type's zero, or null where it may.
        codecs: Columns whose values lie otherwise in this table than the type's codec expects, each with its own.
        indexed: Columns by whose value rows are looked for and whose neighbours are alike: of each granule the table
            holds the least and the greatest.
    """

    name: str
    meaning: str
    record: tuple[str, ...]
    table: tuple[str, ...]
    table_name: str
    partition_by: str
    order_by: str
    order_reason: str
    keep: tuple[tuple[str, str], ...]
    engine: str = "MergeTree"
    primary_key: str = ""
    version: int = 1
    whole_parts: bool = False
    wide: bool = False
    time_is_end: bool = False
    added: tuple[str, ...] = ()
    codecs: tuple[tuple[str, str], ...] = ()
    indexed: tuple[str, ...] = ()

    @property
    def record_columns(self) -> tuple[Column, ...]:
        """The columns of a batch."""
        return tuple(COLUMNS[name] for name in self.record)

    @property
    def table_columns(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return tuple(COLUMNS[name] for name in self.table)

    def ttl(self, days: Mapping[str, int]) -> str:
        """Return the TTL expression.

        Args:
            days: How long is kept, by the names in `[keep]`.
        """
        return ", ".join(
            f"toDateTime(time) + INTERVAL {days[name]} DAY{f' DELETE WHERE {where}' if where else ''}"
            for name, where in self.keep
        )


def _names(group: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in group)


def _raw(
    name: str,
    meaning: str,
    record: tuple[str, ...],
    order_by: str,
    order_reason: str,
    keep: str,
    *,
    more: tuple[str, ...] = (),
    wide: bool = False,
    time_is_end: bool = False,
    added: tuple[str, ...] = (),
    codecs: tuple[tuple[str, str], ...] = (),
    indexed: tuple[str, ...] = (),
) -> Kind:
    return Kind(
        name=name,
        meaning=meaning,
        record=record,
        table=(*record, *(column for column in FRAME if column not in record), *DERIVED, *more),
        table_name=name,
        partition_by="toDate(time)",
        order_by=order_by,
        order_reason=order_reason,
        keep=((keep, ""),),
        wide=wide,
        time_is_end=time_is_end,
        added=added,
        codecs=codecs,
        indexed=indexed,
    )


# Sorted by VIF and peer, neighbours in the table are of any second of five minutes, so differences say nothing. But
# exporters tell times in milliseconds, of which all are multiples; and what is of one datagram, batch or insert comes
# again and again.
_FLOW_CODECS = (
    ("time", "GCD, ZSTD(1)"),
    ("duration_ns", "GCD, ZSTD(1)"),
    ("received_time", "ZSTD(1)"),
    ("sequence_number", "ZSTD(1)"),
    ("flow_start_time", "GCD, ZSTD(1)"),
    ("flow_end_time", "GCD, ZSTD(1)"),
    ("sequence", "T64, ZSTD(1)"),
    ("inserted_time", "ZSTD(1)"),
)
_EXPORTER = ("source_kind", "exporter_address", "observation_domain_id")


def _tier(rollup: Rollup, length: Length) -> Kind:
    finer = LENGTHS[LENGTHS.index(length) - 1].suffix if length is not LENGTHS[0] else ""
    source = f"`{rollup.kind}_{finer}`" if finer else f"`{rollup.kind}`"
    spread = "; a longer flow is spread over its minutes" if rollup.spread_minutes and not finer else ""
    keys = rollup.row_keys(length.suffix)
    end = ("end_minute_time",) if "end_minute_time" in keys else ()
    order = (length.order_from, "vif_id", "time", "host", *end, *rollup.keys)
    # The exporter adds little to what the other keys find, and 18 bytes to each entry of the index in memory.
    index = tuple(key for key in order if key not in ("source_kind", "exporter_address"))
    return Kind(
        name=f"{rollup.kind}_{length.suffix}",
        meaning=f"{rollup.meaning} over {length.meaning}, filled from {source} when the window has closed{spread}.",
        record=(),
        table=(*keys[: keys.index("vif_id") + 1], "revision", *rollup.keys, *rollup.measures, "vanished"),
        table_name=rollup.table_of(length.suffix),
        partition_by=length.partition_by,
        order_by=f"({', '.join(order)})",
        primary_key=f"({', '.join(index)})" if index != order else "",
        order_reason="windows of one VIF lie together; of all revisions of a row one remains",
        keep=((length.keep, ""),),
        whole_parts=True,
        engine="ReplacingMergeTree(revision)",
    )


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _raw(
            "inventory",
            "A VIF's state from `valid_from_time` on.",
            ("time", "vif_id", *_names(columns.INVENTORY)),
            "(vif_id, time)",
            "labels are looked up by VIF, as of a time",
            "history",
        ),
        _raw(
            "counters",
            "One VIF over one interval: absolute readings and what was added since the last one.",
            ("time", "duration_ns", "vif_id", *_names(columns.COUNTERS)),
            "(toStartOfHour(time), vif_id, time)",
            "one VIF's hour lies together, so a page on one VIF reads few granules and deltas compress",
            "raw",
        ),
        _raw(
            "flows",
            "One flow seen at one VIF over one interval, as its exporter told it.",
            ("time", "duration_ns", "vif_id", "received_time", *_names(FLOWS)),
            "(toStartOfFiveMinutes(time), vif_id, time)",
            "five minutes of one VIF lie together, in the order of time",
            "raw",
            wide=True,
            time_is_end=True,
            codecs=_FLOW_CODECS,
        ),
        _raw(
            "drops",
            "Packets dropped at one VIF over one interval, for one reason, as the kernel or an exporter told.",
            (
                "time",
                "duration_ns",
                "vif_id",
                *_EXPORTER,
                "namespace",
                "ifname",
                "direction",
                "drop_class",
                "drop_origin",
                "reason",
                "reason_code",
                "place",
                "packets",
                "bytes",
                "skb_packets",
                "sampling_rate",
                "sampling_origin",
                "in_if_index",
                "out_if_index",
                "ether_type",
                "src_address",
                "dst_address",
                "src_port",
                "dst_port",
                "protocol",
                "src_mac",
                "dst_mac",
                "src_vlan",
                "rule_attribution",
                "rule_family",
                "rule_table",
                "rule_chain",
                "rule_handle",
                "rule_comment",
                "rule_log_prefix",
                "rule_candidates",
            ),
            "(toStartOfHour(time), vif_id, time)",
            "one VIF's hour lies together",
            "raw",
            added=(
                "namespace",
                "ifname",
                "direction",
                "drop_origin",
                "skb_packets",
                "ether_type",
                *(column for column in _names(DROPS) if column.startswith("rule_")),
            ),
        ),
        _raw(
            "latency",
            "Sampled packets that took about the same time from one VIF to another, over one interval: one bucket of "
            "the histogram of that pair. The row without VIFs is about all samples of the host.",
            (
                "time",
                "duration_ns",
                "vif_id",
                "out_vif_id",
                "in_if_index",
                "out_if_index",
                "bucket_from_ns",
                "bucket_to_ns",
                "sampled_packets",
                "sampling_rate",
                "expired_packets",
                "changed_packets",
                "unplaced_packets",
            ),
            "(toStartOfHour(time), vif_id, out_vif_id, time, bucket_from_ns)",
            "the histograms of one pair lie together, so that a page on one VIF reads few granules",
            "raw",
        ),
        _raw(
            "hosts",
            "One host over one interval, as its exporter told it; or one part of Viflux on it, with what that costs; "
            "or one network namespace of it, with its connection tracking.",
            ("time", "duration_ns", *_EXPORTER, *_names(HOSTS), *_names(COST), "namespace", *_names(CONNTRACK)),
            "(toStartOfHour(time), exporter_address, time)",
            "an exporting host's hour lies together; what agents tell themselves is of the exporter `::`",
            "raw",
            added=(*_names(COST), "namespace", *_names(CONNTRACK)),
        ),
        _raw(
            "holders",
            "One of those with the most connections in a network namespace's table, at one instant.",
            ("time", "vif_id", "namespace", *_names(HOLDERS), ENTRIES.name),
            "(toStartOfHour(time), namespace, time)",
            "a namespace's holders are asked for at one time",
            "raw",
        ),
        _raw(
            "exporters",
            "One exporter over one interval: what came, what became of it, and how it samples.",
            (
                "time",
                "duration_ns",
                *_EXPORTER,
                *_names(EXPORTERS),
                "sampling_rate",
                "sampling_origin",
            ),
            "(toStartOfHour(time), exporter_address, observation_domain_id, time)",
            "what was sent lately is asked for all exporters at once",
            "ledger",
        ),
        _raw(
            "events",
            "Something that happened.",
            ("time", "vif_id", *_names(columns.EVENTS)),
            "(event, time)",
            "events are asked for by what happened",
            "history",
        ),
        _raw(
            "ledger",
            "What one stream handed over in an interval, and what it knows it lost.",
            ("time", "duration_ns", *_names(columns.LEDGER)),
            "(host, of_stream, time)",
            "watermarks are polled by host and stream",
            "ledger",
            more=OF_LEDGER,
            added=(
                "batches_count",
                "through_sequence",
                "of_spool_id",
                "lost_rows_origin",
                "lost_through_sequence",
            ),
            # A balance is of hand-overs, and of what was lost at any time.
            indexed=("received_time", "lost_through_sequence"),
        ),
        *(_tier(rollup, length) for rollup in ROLLUPS.values() for length in LENGTHS),
        Kind(
            name="sli",
            meaning="One SLI figure of one scope over one window.",
            record=(),
            table=("time", "host", *_names(columns.SLI)),
            table_name="sli_revisions",
            partition_by="(window_seconds, toDate(time))",
            order_by="(sli, part, scope, window_seconds, toStartOfHour(time), scope_key, time)",
            order_reason="a panel asks for one figure of one scope over a time range",
            keep=(("raw", "window_seconds = 10"), ("minute", "window_seconds = 60")),
            engine="ReplacingMergeTree(computed_time)",
        ),
    )
}
