"""`viflux web`: serves the console until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import uvicorn

from dashboards.web.app import application
from dashboards.web.course import Courses
from dashboards.web.exporters import ExportersSnapshots
from dashboards.web.guard import listener
from dashboards.web.pipeline import PipelineSnapshots
from dashboards.web.snapshot import Snapshots
from dashboards.web.vif import VifPages
from ingest.store.client import StoreClient
from viflux import logs, telemetry
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEAT_SECONDS = 2.0
# Well below the ten seconds after which the page itself gives the console up: what is wrong must still be told.
_STORE_TIMEOUT_SECONDS = 5.0
_GRACEFUL_SECONDS = 2


class _Server(uvicorn.Server):
    """A server that ends with exit code 0 on SIGTERM: the library's own raises the signal once more when it is done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT end the server."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


@click.command()
@verb()
def web(settings: Settings) -> None:
    """Serve the web console.

    The pages /, /vif/ID, /exporters and /pipeline, all as JSON under /api/v1, and /livez, /readyz and /metrics of all
    stages. It needs no other stage to be there: what is missing is said on the page.
    """
    clock = SystemClock()
    paths = DataPaths(settings.data_dir)
    sockets = [listener(settings.web.listen)]
    health = telemetry.Health("web", clock)
    health_server = telemetry.serve(paths, health)
    store = StoreClient.reader(settings, timeout_seconds=_STORE_TIMEOUT_SECONDS)
    host = settings.host or socket.gethostname()
    snapshots = Snapshots(store, settings, clock, host)
    exporters = ExportersSnapshots(store, settings, clock, host)
    pipeline = PipelineSnapshots(store, settings, clock, host)
    vif_pages = VifPages(store, settings, clock)
    courses = Courses(store, settings, clock)
    config = uvicorn.Config(
        application(snapshots, exporters, pipeline, vif_pages, courses, paths, clock),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )
    logs.get("web").info("serving", address=settings.web.listen)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(_Server(config), sockets, health))
    finally:
        store.close()
        health_server.close()


async def _serve(server: uvicorn.Server, sockets: list[socket.socket], health: telemetry.Health) -> None:
    async def beat() -> None:
        health.ready(True)
        while True:
            health.beat()
            await asyncio.sleep(_BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        await server.serve(sockets=sockets)
    finally:
        beating.cancel()
