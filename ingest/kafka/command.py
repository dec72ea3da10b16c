"""`viflux shipper`: the stage between the spool of a host and Kafka."""

from __future__ import annotations

import os
import signal
import threading

import click

from ingest.stage_lock import lock_stage
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.errors import UsageError
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
    from ingest.kafka.setback import ends_when_set_back  # noqa: PLC0415
    from ingest.kafka.shipper import Shipper  # noqa: PLC0415
    from viflux.telemetry import Health, serve  # noqa: PLC0415

    paths = DataPaths(settings.data_dir)
    clock = SystemClock()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lock = lock_stage(paths.shipper, "shipper")
    health = Health("shipper", clock)
    work = Shipper(settings, paths, FolderLetters(paths.deadletter), clock, health, stop)
    # Behind it: a shipper that has not looked into its spool yet must not say that nothing waits there.
    server = serve(paths, health)
    try:
        with ends_when_set_back(clock, stop):
            work.run()
    finally:
        server.close()
        os.close(lock)
