"""What the processor would have stored of a small network, and the verbs asked about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import pyarrow as pa
from click.testing import CliRunner, Result

from ingest.processor.tiers import Tiers
from ingest.store.client import StoreClient
from tests.running import RunningStore
from viflux.clock import NANOSECONDS, ManualClock
from viflux.command import viflux
from viflux.errors import VifluxError
from viflux.instant import instant_text

HOST = "host-a"
TIME = pa.timestamp("ns", tz="UTC")
MINUTE_NS = 60 * NANOSECONDS
ADDRESS = pa.binary(16)
_TYPES = {"addresses": pa.list_(ADDRESS), "touched_minutes": pa.list_(pa.uint32())}


@dataclass
class Said:
    """What a verb printed, and its exit code."""

    rows: list[dict[str, Any]]
    notes: str
    exit_code: int


class Scene:
    """Rows put into a store, in seconds of a scene.

    Attributes:
        origin_ns: Second 0: a full minute, some minutes ago.
    """

    def __init__(self, running: RunningStore, store: StoreClient, origin_ns: int) -> None:
        self.running = running
        self.store = store
        self.origin_ns = origin_ns
        self._sequence = 0

    def at(self, seconds: float) -> int:
        """Return an instant of the scene as nanoseconds since the epoch."""
        return self.origin_ns + round(seconds * NANOSECONDS)

    def vif(self, vif_id: int, ifname: str, at: float = -100.0, host: str = HOST, **told: Any) -> None:
        """Store one state of a VIF."""
        row: dict[str, Any] = {
            "change": "born",
            "born_time": at,
            "valid_from_time": at,
            "time": at,
            "received_time": at,
        }
        namespace = told.get("namespace", "")
        row |= {
            "change": "born",
            "vif_id": vif_id,
            "ifname": ifname,
            "host": host,
            "vif_key": f"{host}/{namespace}/{ifname}",
            **told,
        }
        row["addresses"] = [mapped(address) for address in told.get("addresses", ())]
        self._insert("inventory", [row])

    def pair(
        self,
        outer: int,
        inner: int,
        name: str,
        namespace: str,
        address: str,
        addresses: Sequence[str] = (),
        **told: Any,
    ) -> None:
        """Store a veth pair: the end on the host, which counts, and the end in the namespace, which has the address.

        The first may have addresses, too, as it has where the host routes.
        """
        key = f"{told.get('host', HOST)}/{namespace}/eth0"
        self.vif(
            outer,
            name,
            side="host",
            counting_point=True,
            peer_vif_id=inner,
            addresses=addresses,
            vif_key=key,
            **told,
        )
        self.vif(
            inner,
            "eth0",
            side="workload",
            namespace=namespace,
            peer_vif_id=outer,
            addresses=[address],
            vif_key=key,
            **told,
        )

    def flows(self, *rows: dict[str, Any]) -> None:
        """Store flows as one hand-over, with the processor's account of it."""
        every = [
            {
                "duration_ns": 0,
                "host": HOST,
                "source_kind": "ebpf",
                "exporter_address": mapped("::"),
                "protocol": 6,
                "bytes": row.get("skb_bytes", 0),
                "packets": 1,
                "sampling_rate": 1.0,
                "sampling_origin": "measured",
                **row,
                **{name: mapped(row[name]) for name in row if name.endswith("_address")},
                "spool_id": "5" * 32,
                "stream": "flows.test",
            }
            for row in rows
        ]
        self._hand_over("flows", every)

    def event(self, event: str, subject: str, at: float, detail: str = "", host: str = HOST) -> None:
        """Store an event of the agent."""
        self._insert("events", [{"time": at, "event": event, "subject": subject, "detail": detail, "host": host}])

    def drops(self, *rows: dict[str, Any]) -> None:
        """Store dropped packets as one hand-over."""
        every = [
            {
                "duration_ns": 10 * NANOSECONDS,
                "host": HOST,
                "source_kind": "ebpf",
                "exporter_address": mapped("::"),
                "packets": 1,
                "bytes": 100,
                "sampling_rate": 1.0,
                "sampling_origin": "measured",
                **row,
                **{name: mapped(row[name]) for name in row if name.endswith("_address")},
                "spool_id": "5" * 32,
                "stream": "drops.test",
            }
            for row in rows
        ]
        self._hand_over("drops", every)

    def lose(self, kind: str, first: float, last: float, rows: int) -> None:
        """Store that rows of a span are known to be lost."""
        row: dict[str, Any] = {
            "stage": "agent",
            "of_stream": f"{kind}.test",
            "host": HOST,
            "cause": "shed",
            "lost_rows_count": rows,
        }
        row |= {"lost_rows_origin": "counted", "time": last, "first_event_time": first, "last_event_time": last}
        self._insert("ledger", [row])

    def fill(self, now: float) -> None:
        """Fill the tiers of flows as the processor would, at a second of the scene."""
        clock = ManualClock(self.at(now))
        tiers = Tiers(self.running.settings, self.running.writer(), clock)
        tiers.tend()
        for windows in tiers.windows["flows"]:
            windows.tend(lambda: False)

    def text(self, seconds: float) -> str:
        """Return an instant of the scene as a person writes it."""
        return instant_text(self.at(seconds))

    def printed(self, verb: str, *arguments: str) -> str:
        """Return what a verb prints to stdout, byte for byte."""
        return self._done(verb, *arguments).stdout

    def ask(self, verb: str, *arguments: str) -> Said:
        """Run a verb as a script would, within this process."""
        done = self._done(verb, "--format", "jsonl", *arguments)
        if isinstance(done.exception, VifluxError):
            return Said([], str(done.exception), done.exception.exit_code)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Said(rows, done.stderr, done.exit_code)

    def _done(self, verb: str, *arguments: str) -> Result:
        settings = self.running.settings
        flags = ["--data-dir", str(settings.data_dir), "--set", f"store.listen={settings.store.listen}"]
        return CliRunner().invoke(viflux, [verb, *flags, *arguments])

    def _hand_over(self, kind: str, rows: list[dict[str, Any]]) -> None:
        self._sequence += 1
        self._insert(kind, [{**row, "sequence": self._sequence} for row in rows])
        first = min(row["time"] for row in rows)
        last = max(row["time"] for row in rows)
        ends = {
            minute
            for row in rows
            for minute in range(
                (self.at(row["time"]) - min(row["duration_ns"], 60 * MINUTE_NS)) // MINUTE_NS,
                self.at(row["time"]) // MINUTE_NS + 1,
            )
        }
        account: dict[str, Any] = {
            "stage": "processor",
            "of_stream": f"{kind}.test",
            "host": HOST,
            "of_spool_id": "5" * 32,
        }
        account |= {"out_rows_count": len(rows), "in_rows_count": len(rows), "batches_count": 1}
        account |= {"through_sequence": self._sequence, "time": last, "first_event_time": first}
        account |= {"last_event_time": last, "received_time": last, "touched_minutes": sorted(ends)}
        account |= {"spool_id": "9" * 32, "stream": "ledger.processor", "sequence": self._sequence}
        self._insert("ledger", [account])

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {name: self._column(name, [row.get(name) for row in rows]) for name in names}
        self.store.insert_arrow_stream(table, pa.table(columns))

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        if name.endswith("time"):
            return pa.array([None if value is None else self.at(value) for value in values], TIME)
        if name.endswith("_address"):
            values = [value or bytes(16) for value in values]
        kind = _TYPES.get(name) or (ADDRESS if name.endswith("_address") else _type_of(values))
        return pa.array(values, kind)


def _type_of(values: list[Any]) -> pa.DataType:
    example = next((value for value in values if value is not None), 0)
    return {bool: pa.bool_(), str: pa.string(), float: pa.float64()}.get(type(example), pa.uint64())


def mapped(address: str) -> bytes:
    """Return an address as the store has it."""
    parsed = ip_address(address)
    return parsed.packed if parsed.version == 6 else bytes(10) + b"\xff\xff" + parsed.packed
