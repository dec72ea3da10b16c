"""CPU of a running product by part, from the kernel's accounts of processes and threads and the engine's of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.process import children, cpu_seconds, thread_seconds
from tests.lab.product import Product

_STAGES = ("shipper", "processor", "slis", "web")
# Which threads of the agent do what; the rest is Python: hand-over and spool.
_AGENT = {"viflux-receive": "agent, receive", "viflux-decode": "agent, decode and encode"}
_MERGING = ("MergeMutate", "MergeTreeBackg", "BgSchPool", "BgMergePool")

_BY_QUERY = """
SELECT
    multiIf(
        query_kind = 'Insert' AND query LIKE '%FROM INFILE%', 'store, insert',
        query_kind = 'Insert' AND query LIKE '%sli_revisions%', 'store, SLIs',
        query_kind = 'Insert', 'store, fill of tiers',
        'store, other queries'
    ) AS part,
    sum(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6 AS seconds,
    count() AS queries
FROM system.query_log
WHERE type != 'QueryStart' AND event_time >= fromUnixTimestamp({since})
GROUP BY part
ORDER BY seconds DESC
"""

_LISTED = """
SELECT
    substring(replaceRegexpAll(normalizeQuery(query), '\\\\s+', ' '), 1, 110) AS form,
    count() AS queries,
    round(sum(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6, 2) AS cpu,
    round(quantile(0.5)(query_duration_ms)) AS median_ms,
    round(quantile(0.95)(query_duration_ms)) AS p95_ms,
    round(avg(memory_usage) / 1e6) AS mean_mb,
    sum(written_rows) AS written
FROM system.query_log
WHERE type != 'QueryStart' AND event_time >= fromUnixTimestamp({since})
GROUP BY form
ORDER BY cpu DESC
LIMIT 12
"""

# All rows of an insert have its `inserted_time`; they can be queried when it has ended.
_LATENESS = """
SELECT
    quantileTDigestWeighted(0.5)(late, rows) AS median,
    quantileTDigestWeighted(0.95)(late, rows) AS p95
FROM
(
    SELECT
        (toUnixTimestamp64Micro(ended) - received_us) / 1e6 AS late,
        toUInt32(rows) AS rows
    FROM
    (
        SELECT inserted_time, intDiv(toUnixTimestamp64Micro(received_time), 10000) * 10000 AS received_us,
            count() AS rows, 1 AS one
        FROM viflux.flows
        WHERE received_time BETWEEN fromUnixTimestamp({since}) AND fromUnixTimestamp({until})
        GROUP BY inserted_time, received_us
    ) AS rows_of
    ASOF LEFT JOIN
    (
        SELECT query_start_time_microseconds AS begun, event_time_microseconds AS ended, 1 AS one
        FROM system.query_log
        WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND query LIKE '%INTO flows %FROM INFILE%'
            AND event_time >= fromUnixTimestamp({since} - 60)
    ) AS inserts
    ON inserts.one = rows_of.one AND rows_of.inserted_time >= inserts.begun
)
"""


@dataclass(frozen=True)
class Spent:
    """CPU seconds by part of the product."""

    parts: dict[str, float]

    def __sub__(self, earlier: Spent) -> Spent:
        """Return what was spent since."""
        return Spent({part: seconds - earlier.parts.get(part, 0.0) for part, seconds in self.parts.items()})


class Costs:
    """What a product has spent.

    Args:
        made: The product.
        broker: Process id of the broker, None without.
    """

    def __init__(self, made: Product, broker: int | None) -> None:
        self._made = made
        self.broker = broker

    def now(self) -> Spent:
        """Return the CPU seconds that each part has spent since it began; a stage must not have been started again."""
        parts: dict[str, float] = {}
        agent, store = (self._pid(stage) for stage in ("agent", "store"))
        threads = thread_seconds(agent)
        named = {part: sum(threads.get(name, [])) for name, part in _AGENT.items()}
        parts["agent"] = cpu_seconds(agent)
        parts |= named
        parts["agent, spool and the rest"] = parts["agent"] - sum(named.values())
        for stage in _STAGES:
            if (pid := self._made.stage_pid(stage)) is not None:
                parts[stage] = cpu_seconds(pid)
        whole = sum(cpu_seconds(pid) for pid in children(store))
        merging = sum(
            sum(seconds)
            for pid in children(store)
            for name, seconds in thread_seconds(pid).items()
            if name.startswith(_MERGING)
        )
        parts["store"] = whole
        queried = self._queried()
        parts |= queried
        parts["store, merges"] = merging
        parts["store, the rest"] = whole - merging - sum(queried.values())
        if self.broker is not None:
            parts["broker"] = cpu_seconds(self.broker)
        return Spent(parts)

    def lateness(self, since: float, until: float) -> tuple[float, float]:
        """Return median and 95th percentile of the seconds from a flow's datagram to where it can be queried."""
        row = self._made.sql(_LATENESS.format(since=int(since), until=int(until)))[0]
        return float(row["median"]), float(row["p95"])

    def listed(self, since: float) -> str:
        """Return the dearest queries as text."""
        rows = self._made.sql(_LISTED.format(since=int(since)))
        return "\n".join("  ".join(str(value) for value in row.values()) for row in rows)

    def _queried(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for row in self._made.sql(_BY_QUERY.format(since=0)):
            found[row["part"]] = float(row["seconds"])
        return {
            part: found[part]
            for part in ("store, insert", "store, fill of tiers", "store, SLIs", "store, other queries")
        }

    def _pid(self, stage: str) -> int:
        pid = self._made.stage_pid(stage)
        if pid is None:
            raise LookupError(f"{stage} does not run")
        return pid
