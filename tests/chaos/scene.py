"""The running product of a chaos run: its processes, its brokers, its disk, and how a plan is carried out on them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ingest.store.client import StoreClient
from ingest.store.connection import StoreUnavailable
from tests.chaos.clocks import FalseClock
from tests.chaos.load import Load
from tests.chaos.plan import Fault, Shape
from tests.chaos.stages import Stage
from tests.lab.disk import Neighbour, small_disk
from tests.lab.kafka import Cluster, cluster
from tests.running import ROOT, free_port, viflux, wait_for
from viflux.freespace import FreeSpace
from viflux.paths import DataPaths
from viflux.settings import Settings, load

INTERFACE = "chaos0"
HOST = "chaos"

_START_SECONDS = 180.0
_TICK_SECONDS = 0.05
# Of the small disk: the store stops below a tenth, the spool below a twentieth.
_LEFT_FREE = {"store": 0.07, "spool": 0.03, "all": 0.0}


class Scene:
    """All that runs.

    Attributes:
        stages: By their names.
        kafka: The brokers, or None.
        settings: As every verb takes them.
        load: What is sent.
        later: A clock for verbs that look back from another time.
    """

    def __init__(self, folder: Path, disk: Path, shape: Shape, kafka: Cluster | None, seed: int, spool: str) -> None:
        self.kafka = kafka
        self.interface = INTERFACE
        self._frames_before = 0
        self._disk = disk
        self._neighbour = Neighbour(disk)
        ports = {"ipfix": free_port(), "sflow": free_port()}
        self.assignments = {
            "host": HOST,
            "store.listen": f"127.0.0.1:{free_port()}",
            "counters.interval": "1s",
            "agent.all_namespaces": "false",
            "window.grace": "10s",
            "spool.max_bytes": spool,
            "spool.segment_bytes": "64KiB",
            "spool.keep_acknowledged": "10s",
            "log.form": "text",
            **{f"{name}.listen": str(port) for name, port in ports.items()},
            **(kafka.settings() if kafka else {}),
        }
        self.data_dir = disk / "data"
        words = [f"{key}={value}" for key, value in self.assignments.items()]
        self.settings: Settings = load(data_dir=self.data_dir, assignments=words, environment={})[0]
        self.stages = {
            name: Stage(name, name.partition("-")[0], self._folder_of(name), self.assignments, folder)
            for name in shape.processes
        }
        self.later = FalseClock(folder, "later")
        self.load = Load(ports["ipfix"], ports["sflow"], seed, INTERFACE)

    def start(self) -> None:
        """Start everything, each behind what it needs, and wait until all are ready."""
        self._frames_before = _sent_frames()
        store = self.stages["store"]
        store.start()
        self._await("the store answers", lambda: self.reader().ping())
        subprocess.run(self.verb("migrate"), cwd=ROOT, check=True, capture_output=True)
        for stage in self.stages.values():
            if stage.data_dir != self.data_dir:
                key = DataPaths(stage.data_dir).run / "store.key"
                key.parent.mkdir(parents=True)
                shutil.copy(DataPaths(self.data_dir).run / "store.key", key)
            if stage is not store:
                stage.start()
        for stage in self.stages.values():
            self._await(f"{stage.name} is ready", stage.is_ready)

    def verb(self, *words: str) -> list[str]:
        """Return the command line of a verb on this data folder."""
        flags = [flag for key, value in self.assignments.items() for flag in ("--set", f"{key}={value}")]
        return viflux(*words, "--data-dir", self.data_dir, *flags)

    def reader(self, seconds: float = 60.0) -> StoreClient:
        """Return a client that asks the store."""
        return StoreClient.reader(self.settings, seconds)

    def ask_so_far(self, query: str) -> list[dict[str, Any]]:
        """Ask the store; no rows while it does not answer."""
        try:
            return self.reader().query_rows(query)
        except StoreUnavailable:
            return []

    @property
    def frames(self) -> int:
        """How many frames the kernel has sent over the interface since the agent began."""
        return _sent_frames() - self._frames_before

    def carry_out(self, plan: Sequence[Fault]) -> None:
        """Do what the plan says; after it all run, nobody's clock is wrong, and the disk has room."""
        steps = sorted(
            [(fault.second, False, fault) for fault in plan] + [(fault.end, True, fault) for fault in plan],
            key=lambda step: (step[0], not step[1]),
        )
        began = time.monotonic()
        for at, is_end, fault in steps:
            while (left := began + at - time.monotonic()) > 0:
                self.mind()
                time.sleep(min(left, _TICK_SECONDS))
            if is_end:
                self._end(fault)
            else:
                print(f"{fault}", file=sys.stderr, flush=True)
                self._begin(fault)

    def mind(self) -> None:
        """Start again what has ended by itself."""
        for stage in self.stages.values():
            stage.mind()

    def says(self) -> str:
        """Return what each process says of itself, how its log ends, and how far each exporter is stored."""
        lines = [f"--- {stage.name}: {stage.says()}\n{stage.log_tail()}" for stage in self.stages.values()]
        stored = self.ask_so_far(
            "SELECT toString(exporter_address) AS exporter, count() AS rows, "
            "argMax(sequence_number, received_time) AS newest FROM flows GROUP BY exporter ORDER BY exporter"
        )
        lines += [f"--- stored: {row}" for row in stored]
        lines += [f"--- sent: {exporter.address} up to {exporter.last}" for exporter in self.load.exporters]
        for words in (("exporters",), ("ledger", "--last", "12h")):
            done = subprocess.run(self.verb(*words), cwd=ROOT, capture_output=True, text=True, check=False)
            lines.append(f"--- {words[0]}\n{done.stdout}{done.stderr}")
        return "\n".join(lines)

    def end(self) -> None:
        """End all processes however they are."""
        self._neighbour.release()
        self.load.close()
        for stage in reversed(self.stages.values()):
            stage.end()

    def _begin(self, fault: Fault) -> None:
        if fault.kind == "fill":
            left = int(FreeSpace.of(self._disk).total_bytes * _LEFT_FREE[fault.target])
            if FreeSpace.of(self._disk).free_bytes > left:
                self._neighbour.leave(left)
            return
        if fault.target.startswith("broker"):
            for broker in self._brokers(fault.target):
                broker.kill() if fault.kind == "kill" else broker.freeze()
            return
        stage = self.stages[fault.target]
        match fault.kind:
            case "kill":
                stage.kill()
            case "leave":
                stage.leave()
            case "freeze":
                stage.freeze()
            case "step":
                stage.clock.step(fault.amount)

    def _end(self, fault: Fault) -> None:
        if fault.kind == "fill":
            self._neighbour.release()
            return
        if fault.target.startswith("broker"):
            for broker in self._brokers(fault.target):
                broker.start() if fault.kind == "kill" else broker.thaw()
            return
        stage = self.stages[fault.target]
        match fault.kind:
            case "kill":
                stage.start()
            case "leave":
                stage.stop()
                stage.start()
            case "freeze":
                stage.thaw()
            case "step":
                stage.clock.step(0)

    def _brokers(self, target: str) -> list:  # type: ignore[type-arg]
        assert self.kafka is not None
        if target == "brokers":
            return list(self.kafka.brokers)
        return [self.kafka.brokers[int(target.partition("-")[2]) - 1]]

    def _folder_of(self, name: str) -> Path:
        # Processors beyond the first are other hosts'.
        return self.data_dir if name in ("store", "agent", "shipper", "processor-1") else self._disk / name

    def _await(self, what: str, probe: object) -> None:
        try:
            wait_for(what, probe, _START_SECONDS)  # type: ignore[arg-type]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.says()}") from None


def _sent_frames() -> int:
    return int(Path(f"/sys/class/net/{INTERFACE}/statistics/tx_packets").read_text(encoding="ascii"))


@contextmanager
def scene(folder: Path, shape: Shape, seed: int, disk_size: str, spool: str) -> Iterator[Scene]:
    """Run the product until the block ends; this process is root in a network namespace of its own."""
    lines = [
        "link set lo up",
        f"link add {INTERFACE} type veth peer name chaos1",
        # Frames of the kernel's own would be counted too.
        f"link set {INTERFACE} addrgenmode none",
        "link set chaos1 addrgenmode none",
        f"link set {INTERFACE} up",
        "link set chaos1 up",
        # Clients of Kafka look up addresses only where the host has one besides loopback.
        "address add 192.0.2.1/24 dev chaos1",
    ]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True, capture_output=True)
    with ExitStack() as stack:
        kafka = stack.enter_context(cluster(folder / "kafka", shape.brokers)) if shape.brokers else None
        disk = stack.enter_context(small_disk(folder / "disk", disk_size))
        made = Scene(folder, disk, shape, kafka, seed, spool)
        stack.callback(made.end)
        made.start()
        yield made
