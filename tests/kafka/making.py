"""Spools with batches of known identity, a shipper as a child process, and what a topic holds."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.kafka.message import item_of
from ingest.kafka.topics import all_topics
from tests.lab.kafka import Cluster
from tests.running import ROOT, ended, until, viflux
from viflux.clock import SystemClock
from viflux.paths import DataPaths
from viflux.settings import Settings, load
from viflux.spool import Batch, Entry, SpoolReader, SpoolWriter
from viflux.telemetry import ask

Identity = tuple[str, str, int]


def settings_of(data_dir: Path, assignments: Mapping[str, str]) -> Settings:
    """Settings as a stage reads them."""
    return load(data_dir=data_dir, assignments=words_of(assignments), environment={})[0]


def words_of(assignments: Mapping[str, str]) -> list[str]:
    """As `--set` takes them."""
    return [f"{key}={value}" for key, value in assignments.items()]


def flags_of(assignments: Mapping[str, str]) -> list[str]:
    """As a command line has them."""
    return [flag for word in words_of(assignments) for flag in ("--set", word)]


def plain(stream: str, index: int, size: int = 200) -> Batch:
    """A batch whose payload nobody decodes."""
    payload = f"{stream} {index} ".encode() * (size // (len(stream) + 6))
    return Batch(stream, stream.partition(".")[0], 1, 1, index, index + 1, payload or b"x")


def spool_of(
    data_dir: Path, *, host: str = "host-1", max_bytes: int = 64 << 20, segment_bytes: int = 1 << 20
) -> SpoolWriter:
    """Open the spool of a host that has a shipper."""
    paths = DataPaths(data_dir)
    return SpoolWriter.open(
        paths.spool,
        host=host,
        boot_id="boot",
        max_bytes=max_bytes,
        segment_bytes=segment_bytes,
        keep_acknowledged_ns=300 * 10**9,
        clock=SystemClock(),
        reader_file=paths.shipper_state,
    )


def fill(
    spool: SpoolWriter, count: int, *, size: int = 200, streams: tuple[str, ...] = ("counters.netlink",)
) -> set[Identity]:
    """Commit batches one by one; return their identities."""
    made: set[Identity] = set()
    for index in range(count):
        for stream in streams:
            made.add((spool.spool_id, stream, spool.next_sequence(stream)))
            spool.append([plain(stream, index, size)])
            spool.commit()
    return made


@dataclass
class RunningShipper:
    """A shipper that runs for a test."""

    process: subprocess.Popen[bytes]
    log: Path
    data_dir: Path

    def lines(self) -> str:
        """What it logged."""
        return self.log.read_text(encoding="utf-8")

    def readiness(self) -> tuple[int, str]:
        """What it says of itself."""
        assert self.process.poll() is None, self.lines()
        return ask(DataPaths(self.data_dir), "shipper", "/readyz")

    def await_ready(self, seconds: float = 30) -> None:
        until("the shipper is ready", lambda: self.readiness()[0] == 200, seconds)

    def await_reason(self, part: str, seconds: float = 90) -> str:
        """Wait until it is not ready for a reason with these words."""

        def said() -> str | None:
            status, text = self.readiness()
            return text if status != 200 and part in text else None

        try:
            return until(f"/readyz says {part}", said, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nit says {self.readiness()}\n{self.lines()[-3000:]}") from None

    def is_empty(self) -> bool:
        """Whether the brokers have all that is in the spool."""
        assert self.process.poll() is None, self.lines()
        return ask(DataPaths(self.data_dir), "shipper", "/drainz")[0] == 200

    def await_empty(self, seconds: float = 60) -> None:
        """Wait until the brokers have all that is in the spool."""
        try:
            until("all is shipped", self.is_empty, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\nit says {self.readiness()}\n{self.lines()[-3000:]}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@contextmanager
def shipper(data_dir: Path, settings: Mapping[str, str]) -> Iterator[RunningShipper]:
    """Run `viflux shipper` until the block ends."""
    log = data_dir.with_name(f"{data_dir.name}.shipper.log")
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            viflux("shipper", "--data-dir", data_dir, *flags_of(settings)),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    with ended(process, 20):
        yield RunningShipper(process, log, data_dir)


def migrate(data_dir: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `viflux migrate --only topics`."""
    words = viflux("migrate", "--only", "topics", "--data-dir", data_dir, *flags_of(settings))
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def in_topics(cluster: Cluster, settings: Settings) -> Counter[Identity]:
    """Count each batch's identity over all topics."""
    found: Counter[Identity] = Counter()
    for topic in all_topics(settings.kafka).values():
        for message in cluster.messages(topic):
            item = item_of(message)
            assert isinstance(item, Entry), item
            found[item.spool_id, item.frame.metadata.stream, item.frame.metadata.sequence] += 1
    return found


def in_spool(data_dir: Path) -> SpoolReader:
    return SpoolReader(DataPaths(data_dir).spool)
