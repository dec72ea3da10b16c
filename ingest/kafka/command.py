"""`viflux shipper`: the stage between the spool of a host and Kafka."""

from __future__ import annotations

import fcntl
import os
import signal
import threading

import click

from viflux.clock import SystemClock
from viflux.command import verb
from viflux.errors import UsageError, VifluxError
from viflux.paths import DataPaths
from viflux.settings import Settings


@click.command()
@verb()
def shipper(settings: Settings) -> None:
    """Send the spool of this host to Kafka.

    Waits for the spool and for the brokers; while they are away, batches wait in the spool, which evicts its oldest
    when it is full and says so in the ledger. SIGTERM ends it within ten seconds: what is not acknowledged by then
    is sent at the next start.
    """
    if not settings.kafka.brokers:
        raise UsageError("kafka.brokers: names no broker; set it to HOST:PORT of at least one")
    # Here and not above: `--help` needs neither the client library nor the spool.
    from ingest.deadletter.folder import FolderLetters  # noqa: PLC0415
    from ingest.kafka.shipper import Shipper  # noqa: PLC0415
    from viflux.telemetry import Health, serve  # noqa: PLC0415

    paths = DataPaths(settings.data_dir)
    clock = SystemClock()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lock = _lock(paths)
    health = Health("shipper", clock)
    server = serve(paths, health)
    try:
        Shipper(settings, paths, FolderLetters(paths.deadletter), clock, health, stop).run()
    finally:
        server.close()
        os.close(lock)


def _lock(paths: DataPaths) -> int:
    """Take the shipper's lock until the process ends: two would send every batch twice."""
    folder = paths.shipper
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise VifluxError(f"{folder}: cannot be written: {error.strerror}; check the folder's owner") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise VifluxError(f"{folder}: another shipper works on this data folder; stop that one first") from error
    return descriptor
