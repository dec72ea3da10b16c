"""Where things lie in the data folder. One place, so that every stage and every test agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataPaths:
    """The layout of a data folder.

    | path | written by | holds |
    |---|---|---|
    | `format` | whoever comes first | the layout's version |
    | `spool/` | agent | segments, the committed offset, kept statements |
    | `agent/` | agent | that it is paused, and what it added to interfaces |
    | `exporters/` | agent | what a restart must know of exporters: templates, rates, sequence numbers |
    | `shipper/` | shipper | its cursor in the spool, where batches go through Kafka |
    | `processor/` | processor | the cursor and the open intent of each source |
    | `deadletter/` | processor, shipper | refused batches with their reason |
    | `store/` | store | the engine's own files |
    | `run/` | all | locks, health sockets, the writer's key; safe to lose |
    """

    root: Path

    @property
    def format(self) -> Path:
        """The file with the layout's version."""
        return self.root / "format"

    @property
    def spool(self) -> Path:
        """The agent's segment log."""
        return self.root / "spool"

    @property
    def agent(self) -> Path:
        """What the agent keeps of itself."""
        return self.root / "agent"

    @property
    def exporters(self) -> Path:
        """What the agent keeps of exporters."""
        return self.root / "exporters"

    @property
    def shipper(self) -> Path:
        """The shipper's cursor."""
        return self.root / "shipper"

    @property
    def shipper_state(self) -> Path:
        """How far the shipper has come."""
        return self.shipper / "spool.json"

    @property
    def processor(self) -> Path:
        """Cursors and intents."""
        return self.root / "processor"

    @property
    def processor_state(self) -> Path:
        """Cursor and open intent of the processor that reads the spool itself."""
        return self.processor / "spool.json"

    def spool_reader_state(self, *, is_shipped: bool) -> Path:
        """How far the spool's reader has come: the shipper where batches go through Kafka, else the processor."""
        return self.shipper_state if is_shipped else self.processor_state

    @property
    def deadletter(self) -> Path:
        """Batches that could not be stored."""
        return self.root / "deadletter"

    @property
    def store(self) -> Path:
        """The embedded engine's files."""
        return self.root / "store"

    @property
    def run(self) -> Path:
        """Locks, sockets and keys of the running processes."""
        return self.root / "run"

    @property
    def store_key(self) -> Path:
        """The writer's key of the embedded store (mode 0600)."""
        return self.run / "store.key"

    def health_socket(self, stage: str) -> Path:
        """The unix socket on which a stage answers `/metrics`, `/livez` and `/readyz`."""
        return self.run / f"{stage}.sock"
