"""Which kinds have tiers, and what a tier keeps of them: one entry a kind, and one table a tier comes from it.

A tier has a row for each key and window. Its sums add up from tier to tier, its maxima are maxima of maxima; so each
tier is filled from the next finer one, and the finest from the raw rows, by `ingest/store/tiers/<kind>.sql`.
"""

from __future__ import annotations

from dataclasses import dataclass

from viflux.registry import columns


@dataclass(frozen=True)
class Length:
    """How long the windows of a tier are.

    Attributes:
        suffix: The tier of `counters` is `counters_<suffix>`.
        seconds: Length of a window; windows begin at whole multiples since the epoch, in UTC.
        meaning: In words.
        keep: Setting in `[keep]` that says how long its rows are kept.
        partition_by: Partition expression; the windows of a fill are of one partition.
        partition_of: The same of a number of seconds since the epoch, in Python's calendar: `day` or `month`.
        order_from: What the sorting key begins with: so many windows of one VIF lie together.
    """

    suffix: str
    seconds: int
    meaning: str
    keep: str
    partition_by: str
    partition_of: str
    order_from: str


# What is kept for more than a hundred days is partitioned by month: 60 partitions for five years of days, not 1,800.
LENGTHS = (
    Length("1m", 60, "one minute", "minute", "toDate(time)", "day", "toStartOfHour(time)"),
    Length("5m", 300, "five minutes", "five_minutes", "toDate(time)", "day", "toStartOfHour(time)"),
    Length("1h", 3_600, "one hour", "hour", "toYYYYMM(time)", "month", "toDate(time)"),
    Length("1d", 86_400, "one day", "day", "toYYYYMM(time)", "month", "toStartOfMonth(time)"),
)
"""From the finest to the coarsest; each is a whole multiple of the one before."""


@dataclass(frozen=True)
class Rollup:
    """What the tiers of one kind keep.

    Attributes:
        kind: The kind.
        keys: Columns that tell rows of one host, VIF and window apart.
        sums: Columns that add up.
        maxima: Columns of which the highest counts.
        closed_by: Stream whose watermark closes a minute early; empty where a minute closes when everything is stored
            that was handed over until `window.grace` after its end.
        spread_minutes: Rows of the finest tier are spread over so many minutes before the one that they end in; 0 for
            none. Where they are, a row names the minute of the end too (`end_minute_time`), and the view adds up.
        meaning: What one row is, before `over …`.
        pause_seconds: How long after its first fill a minute is filled again at the earliest.
    """

    kind: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    maxima: tuple[str, ...]
    closed_by: str
    spread_minutes: int
    meaning: str
    pause_seconds: int

    @property
    def measures(self) -> tuple[str, ...]:
        """Sums and maxima."""
        return (*self.sums, *self.maxima)

    def table_of(self, suffix: str) -> str:
        """Return the table of a tier."""
        return f"{self.kind}_{suffix}_revisions"

    def row_keys(self, suffix: str) -> tuple[str, ...]:
        """Return the columns that make a row of a tier's table one row, whatever its revision."""
        end = ("end_minute_time",) if self.spread_minutes and suffix == LENGTHS[0].suffix else ()
        return ("time", *end, "host", "vif_id", *self.keys)


_DELTAS = tuple(column.name.removesuffix("_total") for column in columns.COUNTERS if column.name.endswith("_total"))

ROLLUPS: dict[str, Rollup] = {
    rollup.kind: rollup
    for rollup in (
        Rollup(
            kind="counters",
            keys=(),
            sums=("covered_ns", "gap_ns", "rows_count", *_DELTAS),
            maxima=("rx_bytes_per_second_max", "tx_bytes_per_second_max", "qdisc_backlog_bytes_max"),
            closed_by="counters.netlink",
            spread_minutes=0,
            meaning="One VIF",
            pause_seconds=10,
        ),
        Rollup(
            kind="flows",
            keys=(
                "protocol",
                "service_port",
                "peer_network",
                "sampling_origin",
                "flow_direction",
                # Two exporters that watch one VIF tell of the same packets: only one of them may be counted.
                "source_kind",
                "exporter_address",
            ),
            sums=(
                *(f"{scaled}{name}" for scaled in ("", "scaled_") for name in ("bytes", "packets", "skb_bytes")),
                "flows_count",
            ),
            maxima=(),
            closed_by="",
            spread_minutes=60,
            meaning="Flows of one VIF",
            pause_seconds=30,
        ),
        Rollup(
            kind="latency",
            keys=("out_vif_id", "bucket_from_ns", "bucket_to_ns"),
            sums=(
                "covered_ns",
                "sampled_packets",
                "expired_packets",
                "changed_packets",
                "unplaced_packets",
            ),
            maxima=(),
            closed_by="latency.ebpf",
            spread_minutes=0,
            meaning="One bucket of the histogram of a pair of VIFs",
            pause_seconds=10,
        ),
    )
}
