"""`viflux processor`: the stage between spool and store."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from ingest.processor.lean import leave_pandas_out
from ingest.stage_lock import lock_stage
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings

if TYPE_CHECKING:
    from ingest.deadletter.home import DeadLetters
    from ingest.processor.source import Sources
    from viflux.telemetry import Health


@click.command()
@verb()
def processor(settings: Settings) -> None:
    """Move records from the spool, or from Kafka, into the store, exactly once.

    With `kafka.brokers`, all processors of one `kafka.group` share the partitions. Waits for the spool or the brokers,
    and for the store; while the store is away, rows wait where they are. SIGTERM ends it at
    once, or after a moment where the store does not answer: what is unfinished is finished at the next start.
    """
    leave_pandas_out()
    # Here and not above: `--help` needs neither Arrow nor the store's client.
    from ingest.processor.loop import Processor  # noqa: PLC0415
    from ingest.store.client import StoreClient  # noqa: PLC0415
    from ingest.store.ending import end_on_signals  # noqa: PLC0415
    from viflux.telemetry import Health, serve  # noqa: PLC0415

    paths = DataPaths(settings.data_dir)
    clock = SystemClock()
    stop = threading.Event()
    store = StoreClient.writer(settings)
    end_on_signals(stop, store)
    lock = lock_stage(paths.processor, "processor")
    health = Health("processor", clock)
    work = Processor(
        settings,
        _sources(settings, paths, clock, health, stop),
        store,
        _dead_letters(settings, paths),
        clock,
        health,
        stop,
    )
    # Behind it: a processor that has not looked into its sources yet must not say that nothing waits there.
    server = serve(paths, health)
    try:
        with _watched(settings, clock, stop):
            work.run()
    finally:
        server.close()
        os.close(lock)


def _watched(settings: Settings, clock: SystemClock, stop: threading.Event) -> AbstractContextManager[None]:
    if settings.kafka.brokers:
        from ingest.kafka.setback import ends_when_set_back  # noqa: PLC0415

        return ends_when_set_back(clock, stop)
    return nullcontext()


def _sources(
    settings: Settings, paths: DataPaths, clock: SystemClock, health: Health, stop: threading.Event
) -> Sources:
    if settings.kafka.brokers:
        from ingest.kafka.group import KafkaSources  # noqa: PLC0415 - the library is loaded only where there is a bus

        return KafkaSources(settings.kafka, health, stop)
    from ingest.processor.spool import SpoolSource, SpoolSources  # noqa: PLC0415

    return SpoolSources(SpoolSource(paths, clock))


def _dead_letters(settings: Settings, paths: DataPaths) -> DeadLetters:
    if settings.kafka.brokers:
        from ingest.kafka.deadletter import TopicLetters  # noqa: PLC0415

        return TopicLetters(settings.kafka)
    from ingest.deadletter.folder import FolderLetters  # noqa: PLC0415

    return FolderLetters(paths.deadletter)
