"""The literal table of record kinds: which columns each has, and where each column is filled in."""

from __future__ import annotations

from dataclasses import dataclass

from viflux.registry import columns
from viflux.registry.column import Column
from viflux.registry.columns import COLUMNS
from viflux.registry.exports import EXPORTERS, HOSTS
from viflux.registry.flows import FLOWS

DERIVED = ("time_origin", "inserted_time")
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
        ttl: TTL expression, rows of the default retention.
        primary_key: What of the sorting key the index in memory holds; empty for all of it.
        keep_days: How long raw rows are kept, in days from their event time; 0 for derived tables.
        wide: Most columns of most rows are missing: a batch leaves out those without any value, and in the others a
            missing value is null; in the table it is the type's zero, or null where the type says so.
        time_is_end: `time` is the end of the row's interval; of other kinds it is the start.
    """

    name: str
    meaning: str
    record: tuple[str, ...]
    table: tuple[str, ...]
    table_name: str
    partition_by: str
    order_by: str
    order_reason: str
    ttl: str
    engine: str = "MergeTree"
    primary_key: str = ""
    version: int = 1
    keep_days: int = 0
    wide: bool = False
    time_is_end: bool = False

    @property
    def record_columns(self) -> tuple[Column, ...]:
        """The columns of a batch."""
        return tuple(COLUMNS[name] for name in self.record)

    @property
    def table_columns(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return tuple(COLUMNS[name] for name in self.table)


def _names(group: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in group)


def _raw(
    name: str,
    meaning: str,
    record: tuple[str, ...],
    order_by: str,
    order_reason: str,
    days: int,
    *,
    wide: bool = False,
    time_is_end: bool = False,
) -> Kind:
    return Kind(
        name=name,
        meaning=meaning,
        record=record,
        table=(*record, *(column for column in FRAME if column not in record), *DERIVED),
        table_name=name,
        partition_by="toDate(time)",
        order_by=order_by,
        order_reason=order_reason,
        ttl=f"toDateTime(time) + INTERVAL {days} DAY",
        keep_days=days,
        wide=wide,
        time_is_end=time_is_end,
    )


_EXPORTER = ("source_kind", "exporter_address", "observation_domain_id")
_FLOWS_TIER_KEY = ("protocol", "service_port", "peer_network", "sampling_origin", "flow_direction")
_FLOWS_TIER_ORDER = ("toStartOfHour(time)", "vif_id", "time", "host", "end_minute_time", *_FLOWS_TIER_KEY)
# Two exporters that watch one VIF tell of the same packets: only one of them may be counted.
_TELLS_EXPORTERS_APART = ("source_kind", "exporter_address")
_COUNTER_DELTAS = tuple(
    name for name in _names(columns.COUNTERS) if f"{name}_total" in COLUMNS and name != "delta_kind"
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
            400,
        ),
        _raw(
            "counters",
            "One VIF over one interval: absolute readings and what was added since the last one.",
            ("time", "duration_ns", "vif_id", *_names(columns.COUNTERS)),
            "(toStartOfHour(time), vif_id, time)",
            "one VIF's hour lies together, so a page on one VIF reads few granules and deltas compress",
            3,
        ),
        _raw(
            "flows",
            "One flow seen at one VIF over one interval, as its exporter told it.",
            ("time", "duration_ns", "vif_id", "received_time", *_names(FLOWS)),
            "(toStartOfFiveMinutes(time), vif_id, dst_address, dst_port, src_address, time)",
            "five minutes of one VIF lie together, by whom it talks to",
            3,
            wide=True,
            time_is_end=True,
        ),
        _raw(
            "drops",
            "Packets that an exporter dropped at one VIF over one interval, for one reason.",
            (
                "time",
                "duration_ns",
                "vif_id",
                *_EXPORTER,
                "drop_class",
                "reason",
                "reason_code",
                "place",
                "packets",
                "bytes",
                "sampling_rate",
                "sampling_origin",
                "in_if_index",
                "out_if_index",
                "src_address",
                "dst_address",
                "src_port",
                "dst_port",
                "protocol",
                "src_mac",
                "dst_mac",
                "src_vlan",
            ),
            "(toStartOfHour(time), vif_id, time)",
            "one VIF's hour lies together",
            3,
        ),
        _raw(
            "hosts",
            "One host over one interval, as its exporter told it.",
            ("time", "duration_ns", *_EXPORTER, *_names(HOSTS)),
            "(toStartOfHour(time), exporter_address, time)",
            "one host's hour lies together",
            3,
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
            30,
        ),
        _raw(
            "events",
            "Something that happened.",
            ("time", "vif_id", *_names(columns.EVENTS)),
            "(event, time)",
            "events are asked for by what happened",
            400,
        ),
        _raw(
            "ledger",
            "What one stream handed over in an interval, and what it knows it lost.",
            ("time", "duration_ns", *_names(columns.LEDGER)),
            "(host, of_stream, time)",
            "watermarks are polled by host and stream",
            30,
        ),
        Kind(
            name="counters_1m",
            meaning="One VIF over one minute, filled from `counters` when the minute has closed.",
            record=(),
            table=("time", "host", "vif_id", *_names(columns.TIER)[:4], *_COUNTER_DELTAS, *_names(columns.TIER)[4:]),
            table_name="counters_1m_revisions",
            partition_by="toDate(time)",
            order_by="(toStartOfHour(time), vif_id, time, host)",
            order_reason="as `counters`; one row a VIF and minute remains of all revisions",
            ttl="toDateTime(time) + INTERVAL 30 DAY",
            engine="ReplacingMergeTree(revision)",
        ),
        Kind(
            name="flows_1m",
            meaning="Flows of one VIF over one minute, filled from `flows`; a longer flow is spread over its minutes.",
            record=(),
            table=(
                "time",
                "end_minute_time",
                "host",
                "vif_id",
                "revision",
                *_FLOWS_TIER_KEY,
                *_TELLS_EXPORTERS_APART,
                *(f"{scaled}{name}" for scaled in ("", "scaled_") for name in ("bytes", "packets", "skb_bytes")),
                "flows_count",
            ),
            table_name="flows_1m_revisions",
            partition_by="toDate(time)",
            order_by=f"({', '.join((*_FLOWS_TIER_ORDER, *_TELLS_EXPORTERS_APART))})",
            primary_key=f"({', '.join(_FLOWS_TIER_ORDER)})",
            order_reason="one VIF's hour lies together; of all revisions of a minute's flows one row remains",
            ttl="toDateTime(time) + INTERVAL 30 DAY",
            engine="ReplacingMergeTree(revision)",
        ),
        Kind(
            name="sli",
            meaning="One SLI figure of one scope over one window.",
            record=(),
            table=("time", "host", *_names(columns.SLI)),
            table_name="sli_revisions",
            partition_by="(window_seconds, toDate(time))",
            order_by="(sli, part, scope, window_seconds, toStartOfHour(time), scope_key, time)",
            order_reason="a panel asks for one figure of one scope over a time range",
            ttl=(
                "toDateTime(time) + INTERVAL 3 DAY DELETE WHERE window_seconds = 10, "
                "toDateTime(time) + INTERVAL 30 DAY DELETE WHERE window_seconds = 60"
            ),
            engine="ReplacingMergeTree(computed_time)",
        ),
    )
}
