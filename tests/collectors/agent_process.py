"""A real agent in a process of its own, and what it has written so far."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from viflux import telemetry
from viflux.paths import DataPaths
from viflux.spool import START, Entry, SpoolReader

VIFLUX = Path(sys.executable).with_name("viflux")
T = TypeVar("T")
Row = dict[str, Any]


def wait_for(what: str, probe: Callable[[], T | None], seconds: float = 15.0) -> T:
    """Ask until something true comes; fail with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
    return found


class AgentProcess:
    """`viflux agent` on a data folder; may be started, killed and started again.

    Args:
        data_dir: Its data folder.
        words: Flags besides `--data-dir`.
        prefix: Words before the command, such as `setpriv …`.
    """

    def __init__(self, data_dir: Path, *words: str, prefix: Sequence[str] = ()) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self.words = words
        self._words = [*prefix, str(VIFLUX), "agent", "--data-dir", str(data_dir), *words]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until its first sweep is committed."""
        begun = time.time_ns()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._words, stdout=log, stderr=log, cwd="/")

        def has_swept() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            return any(said.sealed_time_ns > begun for said, _ in self.batches("counters.netlink"))

        wait_for("the agent's first sweep", has_swept)

    def run_to_its_end(self, seconds: float = 40.0) -> None:
        """Start it and wait until it has ended of itself, as where its prefix has it killed."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(self._words, stdout=log, stderr=log, cwd="/", start_new_session=True)
        try:
            process.wait(timeout=seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> tuple[int, float]:
        """End it with SIGTERM; return its exit code and how long it took in seconds."""
        assert self._process is not None
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=20)
        return code, time.monotonic() - begun

    def close(self) -> None:
        """End it whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def batches(self, stream: str) -> list[tuple[Any, pa.Table]]:
        """Return (metadata, table) of each committed batch of a stream, in the order of the log."""
        found = []
        for entry in SpoolReader(self.data_dir / "spool").read(START):
            assert isinstance(entry, Entry), entry
            if entry.frame.metadata.stream == stream:
                found.append((entry.frame.metadata, pa.ipc.open_stream(entry.frame.payload).read_all()))
        return found

    def table(self, stream: str) -> pa.Table | None:
        """Return all committed rows of a stream; None where there is no batch yet."""
        tables = [table.replace_schema_metadata(None) for _, table in self.batches(stream)]
        return pa.concat_tables(tables) if tables else None

    def rows(self, stream: str, **equal: Any) -> list[Row]:
        """Return the committed rows whose columns have these values, times as nanoseconds."""
        table = self.table(stream)
        if table is None:
            return []
        for name, value in equal.items():
            table = table.filter(pc.equal(table[name], pa.scalar(value, table.schema.field(name).type)))
        columns = {}
        for field in table.schema:
            column = table[field.name]
            columns[field.name] = (column.cast(pa.int64()) if pa.types.is_timestamp(field.type) else column).to_pylist()
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def inventory(self, **equal: Any) -> list[Row]:
        """Return inventory rows."""
        return self.rows("inventory.netlink", **equal)

    def counters(self, vif_id: int) -> list[Row]:
        """Return the counters rows of a VIF."""
        return self.rows("counters.netlink", vif_id=vif_id)

    def events(self, event: str) -> list[Row]:
        """Return the events of a kind."""
        return self.rows("events.agent", event=event)

    def scans(self) -> int:
        """Return how often it has looked through `/proc`: once a resync, and when an event asked for it."""
        _, text = telemetry.ask(DataPaths(self.data_dir), "agent", "/metrics")
        found = [line for line in text.splitlines() if line.startswith("viflux_agent_proc_scans ")]
        return int(float(found[0].split()[1]))

    def vif(self, ifname: str, namespace: str = "", seconds: float = 5.0, **equal: Any) -> Row:
        """Wait for an inventory row of an interface and return its newest."""
        wanted = {"ifname": ifname, "namespace": namespace, **equal}
        return wait_for(f"a row of {wanted}", lambda: self.inventory(**wanted), seconds)[-1]

    def next_sweep(self) -> None:
        """Wait until a sweep that was begun after this call is committed."""
        now = time.time_ns()

        def is_read() -> bool:
            watermarks = [row["watermark_time"] for row in self.rows("ledger.agent", of_stream="counters.netlink")]
            return any(mark > now for mark in watermarks)

        wait_for("the next sweep", is_read)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
