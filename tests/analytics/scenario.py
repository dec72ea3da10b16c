"""What the processor would have stored of a host: inventory, counters and hand-overs, in seconds of a scene."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analytics.catalogue import CATALOGUE
from analytics.stage import SliStage
from ingest.store.client import StoreClient
from ingest.store.tiers.tier import MARK
from viflux.clock import NANOSECONDS, ManualClock
from viflux.settings import load

HOST = "host-a"
TIME = pa.timestamp("ns", tz="UTC")


class Scenario:
    """One host's rows, and the stage over them.

    Attributes:
        origin_ns: Second 0 of the scene: a full minute, some minutes ago.
    """

    def __init__(self, store: StoreClient, origin_ns: int) -> None:
        self.store = store
        self.origin_ns = origin_ns
        self.clock = ManualClock(origin_ns)
        self._sequence = 0
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def at(self, seconds: float) -> int:
        """Return an instant of the scene as nanoseconds since the epoch."""
        return self.origin_ns + round(seconds * NANOSECONDS)

    def vif(
        self,
        vif_id: int,
        side: str,
        kind: str = "veth",
        at: float = -100.0,
        born: float | None = None,
        gone: float | None = None,
        host: str = HOST,
        **columns: Any,
    ) -> None:
        """Store one state of a VIF."""
        row = {"counting_point": False, "peer_vif_id": 0, "provisioned_rate_bits_per_second": 0}
        row |= {"is_up": True, "has_carrier": True, **columns}
        times = {"time": at, "valid_from_time": at, "received_time": at, "born_time": born, "gone_time": gone}
        self._insert("inventory", times, {"vif_id": vif_id, "side": side, "kind": kind, "host": host, **row})

    def pair(self, outer: int, inner: int, **columns: Any) -> None:
        """Store a veth pair: the end on the host, which counts, and the end in the container."""
        self.vif(outer, "host", counting_point=True, peer_vif_id=inner, **columns)
        self.vif(inner, "workload", peer_vif_id=outer, **columns)

    def count(
        self, vif_id: int, start: float, seconds: float, delta_kind: str = "clean", host: str = HOST, **columns: int
    ) -> None:
        """Store one row of counters that covers `[start, start + seconds)`."""
        row = {"vif_id": vif_id, "delta_kind": delta_kind, "duration_ns": round(seconds * NANOSECONDS), "host": host}
        self._insert("counters", {"time": start}, {**row, **columns})

    def sweeps(self, vif_id: int, start: float, end: float, every: float = 10.0, **columns: int) -> None:
        """Store rows of equal length and content."""
        for index in range(round((end - start) / every)):
            self.count(vif_id, start + index * every, every, **columns)

    def flows(
        self,
        vif_id: int,
        minute: float,
        skb_bytes: int,
        packets: int = 10,
        rate: int = 1,
        direction: str = "",
        origin: str = "announced",
        ended: float | None = None,
        revision: int = 1,
        host: str = HOST,
        exporter: str = "192.0.2.1",
        kind: str = "ipfix",
    ) -> None:
        """Store one row of the flows' tier, as filled for the minute `ended` in which the flows ended."""
        scaled = 0 if origin == "unknown" else rate
        columns = {"vif_id": vif_id, "skb_bytes": skb_bytes, "packets": packets, "sampling_origin": origin}
        columns |= {"scaled_skb_bytes": skb_bytes * scaled, "scaled_packets": packets * scaled, "flows_count": 1}
        times = {"time": minute, "end_minute_time": minute if ended is None else ended}
        columns |= {"source_kind": kind, "exporter_address": f"::ffff:{exporter}", "flow_direction": direction}
        self._insert("flows_1m_revisions", times, {**columns, "revision": revision, "host": host})
        mark = {"vif_id": MARK, "revision": revision, "host": host, "vanished": True}
        self._insert("flows_1m_revisions", times, mark)

    def probe(self, start: float, end: float, every: float = 10.0, share: float = 1.0, host: str = HOST) -> None:
        """Store rows of what the drop probe cost: it counted for a share of each interval."""
        for index in range(round((end - start) / every)):
            ns = round(every * NANOSECONDS)
            columns = {"component": "drop", "source_kind": "agent", "duration_ns": ns, "counted_ns": round(ns * share)}
            self._insert("hosts", {"time": start + index * every}, {**columns, "host": host})

    def track(
        self,
        start: float,
        end: float,
        entries: int = 0,
        most: int = 1000,
        namespace: str = "",
        every: float = 10.0,
        host: str = HOST,
        **told: float | None,
    ) -> None:
        """Store rows about the connection tracking of a namespace, in which nothing was refused and nothing grew."""
        columns = {"conntrack_entries_count": entries, "conntrack_peak_count": entries, "conntrack_max_count": most}
        columns |= {"conntrack_readings_count": 10, "conntrack_full_seconds": None, "conntrack_dropped_packets": 0}
        columns |= {"conntrack_early_dropped_count": 0, **{f"conntrack_{name}": value for name, value in told.items()}}
        columns |= {"namespace": namespace, "source_kind": "agent", "duration_ns": round(every * NANOSECONDS)}
        for index in range(round((end - start) / every)):
            self._insert("hosts", {"time": start + index * every}, {**columns, "host": host})

    def drop(
        self,
        vif_id: int,
        start: float,
        packets: int,
        seconds: float = 10.0,
        way: str = "ingress",
        drop_class: str = "loss",
        origin: str = "core",
        kind: str = "ebpf",
        host: str = HOST,
        skb_packets: int | None = None,
        flow: tuple[str, str, int] | None = None,
    ) -> None:
        """Store one row of drops; of a sampled packet with its flow: addresses and destination port."""
        columns = {"vif_id": vif_id, "duration_ns": round(seconds * NANOSECONDS), "direction": int(way == "egress")}
        columns |= {"packets": packets, "skb_packets": packets if skb_packets is None else skb_packets}
        named = {"drop_class": drop_class, "drop_origin": origin, "source_kind": kind, "host": host}
        source, destination, port = flow or ("", "", 0)
        ends = {"src_address": f"::{source}", "dst_address": f"::{destination}", "dst_port": port, "protocol": 17}
        self._insert("drops", {"time": start}, {**columns, **named, **ends})

    def event(self, event: str, subject: str, at: float, host: str = HOST) -> None:
        """Store an event of the agent."""
        self._insert("events", {"time": at}, {"event": event, "subject": subject, "host": host})

    def hand_over(
        self,
        first: float,
        last: float,
        watermark: float | None = None,
        of_stream: str = "counters.netlink",
        host: str = HOST,
        **columns: int,
    ) -> None:
        """Store the processor's ledger row for an intent that covered `[first, last]`."""
        times = {
            "time": last,
            "first_event_time": first,
            "last_event_time": last,
            "watermark_time": last if watermark is None else watermark,
        }
        self._insert("ledger", times, {"stage": "processor", "of_stream": of_stream, "host": host, **columns})

    def lose(
        self, first: float, last: float, of_stream: str, cause: str, rows: int, stage: str = "agent", **columns: int
    ) -> None:
        """Store a ledger row on rows of `[first, last]` that are lost."""
        times = {"time": last, "first_event_time": first, "last_event_time": last, "watermark_time": first}
        origin = "counted" if rows else "unknown"
        of = {"stage": stage, "of_stream": of_stream, "host": HOST, "cause": cause, "lost_rows_origin": origin}
        self._insert("ledger", times, {**of, "lost_rows_count": rows, **columns})

    def stage(self, catalogue: Any = CATALOGUE, **assignments: str) -> SliStage:
        """Return a stage as a fresh process would make it."""
        pairs = [f"{name.replace('__', '.')}={value}" for name, value in assignments.items()]
        settings, _ = load(environment={}, assignments=[*pairs, f"store.database={self.store.database}"])
        return SliStage(self.store, settings, self.clock, catalogue)

    def compute(self, now: float, **assignments: str) -> int:
        """Set the clock and run a fresh stage until nothing is due; return how many windows it computed."""
        self.flush()
        self.clock.advance((self.at(now) - self.clock.now_ns()) / NANOSECONDS)
        stage = self.stage(**assignments)
        computed = 0
        while step := stage.step():
            computed += step
        return computed

    def figure(
        self, sli: str, part: str, scope_key: int | str, window: float = 0.0, seconds: int = 60, scope: str = ""
    ) -> dict[str, Any]:
        """Return the newest row of one figure: columns by name; empty where there is none."""
        key = f"{scope_key:016x}" if isinstance(scope_key, int) else scope_key
        rows = self.store.query_rows(
            f"SELECT * FROM {self.store.database}.sli WHERE sli = {{sli:String}} AND part = {{part:String}} "
            "AND scope = {scope:String} AND scope_key = {key:String} AND window_seconds = {seconds:UInt32} "
            "AND time = fromUnixTimestamp64Nano({window_ns:Int64}, 'UTC')",
            {
                "sli": sli,
                "part": part,
                "scope": scope or ("vif" if isinstance(scope_key, int) else "host"),
                "key": key,
                "seconds": seconds,
                "window_ns": self.at(window),
            },
        )
        assert len(rows) <= 1
        return rows[0] if rows else {}

    def value(self, sli: str, part: str, scope_key: int | str, window: float = 0.0, seconds: int = 60) -> Any:
        """Return the value of a figure that must be there."""
        return self.figure(sli, part, scope_key, window, seconds)["value"]

    def flush(self) -> None:
        """Insert what was told so far, one block a table."""
        for table, rows in self._rows.items():
            names = dict.fromkeys(name for row in rows for name in row)
            columns = {name: self._column(name, [row.get(name) for row in rows]) for name in names}
            self.store.insert_arrow_stream(f"{self.store.database}.{table}", pa.table(columns))
        self._rows.clear()

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        if name.endswith("time"):
            return pa.array([None if value is None else self.at(value) for value in values], TIME)
        example = next((value for value in values if value is not None), 0)
        if isinstance(example, str):
            return pa.array(values, pa.string())
        if isinstance(example, bool):
            return pa.array([bool(value) for value in values], pa.bool_())
        # The engine takes null for the default of a column that has none.
        if isinstance(example, float):
            return pa.array(values, pa.float64())
        return pa.array(values, pa.uint64())

    def _insert(self, table: str, times: dict[str, float | None], columns: dict[str, Any]) -> None:
        self._sequence += 1
        self._rows.setdefault(table, []).append({**times, "sequence": self._sequence, **columns})
