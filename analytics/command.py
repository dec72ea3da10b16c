"""`viflux slis`: computes service-level indicators on closed windows until it is told to stop."""

from __future__ import annotations

import threading

import click

from analytics.stage import SliStage
from ingest.store.client import StoreClient
from ingest.store.ending import end_on_signals
from viflux import telemetry
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings


@click.command()
@verb()
def slis(settings: Settings) -> None:
    """Compute service-level indicators on closed windows.

    Needs a running store with its tables. Keeps no state: after a restart it goes on from what the tables say.
    """
    clock = SystemClock()
    stop = threading.Event()
    store = StoreClient.writer(settings)
    end_on_signals(stop, store)
    health = telemetry.Health("slis", clock)
    server = telemetry.serve(DataPaths(settings.data_dir), health)
    try:
        SliStage(store, settings, clock).run(stop, health)
    finally:
        store.close()
        server.close()
