"""The store's process: claim the folder, take the port, confine, start the engine, serve, drain."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn
import uvloop

from ingest.store.access import Access
from ingest.store.configuration import render
from ingest.store.disk import DiskGuard, keep_free_bytes
from ingest.store.engine import Engine
from ingest.store.face import Face
from ingest.store.folder import StoreFolder
from ingest.store.logtables import LogTables
from ingest.store.memory import FreedMemory
from ingest.store.migrate import BEING_MADE
from viflux import confinement, logs, telemetry
from viflux.clock import SystemClock
from viflux.errors import UsageError, VifluxError
from viflux.paths import DataPaths
from viflux.settings import Settings

DRAIN_SECONDS = 3.5
"""How long inserts may still run after SIGTERM; the whole end takes at most five seconds."""

# As a ClickHouse server has them: idle connections cost little, and a refusal here cannot say why (requests that wait
# are bounded by `Face`, which can). Each takes a file, so does each column of a part.
_KEEP_ALIVE_SECONDS = 30
_CONNECTIONS_AT_MOST = 4096
_BEAT_SECONDS = 1.0
# The engine measures itself and the machine here. Not /proc as a whole: it has environments and command lines.
_READABLE_KERNEL_FILES = """
    /proc/self/auxv /proc/self/maps /proc/self/stat /proc/self/statm /proc/self/status /proc/self/limits
    /proc/self/fd /proc/self/io /proc/self/cgroup /proc/self/mountinfo
    /proc/meminfo /proc/cpuinfo /proc/stat /proc/uptime /proc/loadavg
    /proc/sys/vm /sys/fs/cgroup /sys/devices/system /sys/block
    """.split()  # noqa: SIM905  # a table reads better than a list of literals


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        VifluxError: The folder or the port is taken, or a newer version wrote the folder.
    """
    log = logs.get("store")
    started = time.monotonic()
    paths = DataPaths(settings.data_dir)
    folder = StoreFolder(paths)
    folder.claim()
    _allow_files()
    host, port = address_of(settings.store.listen)
    listener = _listen(host, port)
    access = Access(
        folder.writer_key(),
        folder.writer_key(paths.run / "store-reader.key"),
        on_loopback=ipaddress.ip_address(listener.getsockname()[0]).is_loopback,
    )
    keep_free = keep_free_bytes(folder.engine, settings.store.min_free)
    config = render(settings, folder.configuration, folder.temporary, keep_free)
    report = confinement.confine(
        writable=[folder.engine, folder.temporary, Path("/dev/null")],
        readable=[folder.configuration, *_readable()],
        tcp_connect=False,
        sockets=[paths.run],
    )
    if report.missing:
        log.warning("the store is not fully confined", reason=report.missing)
    health = telemetry.Health("store", SystemClock())
    server = telemetry.serve(paths, health)
    engine = Engine(folder.engine, config, folder.temporary)
    with engine.handle() as handle:
        handle.command(f"CREATE DATABASE IF NOT EXISTS `{settings.store.database}` COMMENT '{BEING_MADE}'")
    disk = DiskGuard(engine, folder.engine, keep_free, health)
    logs_of_engine = LogTables(engine, int(settings.store.max_log_bytes))
    logs_of_engine.tell_broken()
    log.info(
        "store is ready",
        address=f"{host}:{listener.getsockname()[1]}",
        engine=engine.version,
        seconds=round(time.monotonic() - started, 3),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        face = Face(engine, access, settings, disk)
        is_idle = runner.run(_serve(face, listener, health, (disk.look, logs_of_engine.look, FreedMemory(engine).look)))
    server.close()
    if is_idle:
        engine.close()
    log.info("store has stopped", finished_all=is_idle)
    sys.stderr.flush()
    # A query that could not be cancelled in time sits in a thread that would hold the process for ever. Nothing is
    # lost: what was acknowledged is on disk, and the engine opens after any end.
    os._exit(0)


def address_of(listen: str) -> tuple[str, int]:
    """Split `HOST:PORT`, the host an address of this machine (`127.0.0.1`, `[::1]`) or `localhost`."""
    host, _, port = listen.rpartition(":")
    host = {"localhost": "127.0.0.1"}.get(host, host.strip("[]"))
    try:
        ipaddress.ip_address(host)
        return host, int(port)
    except ValueError:
        raise UsageError(f"store.listen: expected ADDRESS:PORT such as 127.0.0.1:8123, got {listen!r}") from None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are handled by `_serve`, which drains first; uvicorn would send itself the signal again at the end.
        yield


async def _serve(
    face: Face, listener: socket.socket, health: telemetry.Health, looks: Sequence[Callable[[], None]]
) -> bool:
    # An answer that is cut on purpose is an error to uvicorn; every failure of ours is logged where it happens.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    server = _Server(
        uvicorn.Config(
            face,
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS_AT_MOST,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
    )
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.ensure_future(server.serve([listener]))
    health.ready(True)
    while not stop.is_set() and not serving.done():
        health.beat()
        for look in looks:
            await loop.run_in_executor(None, look)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _BEAT_SECONDS)
    health.ready(False, "stopping")
    await face.stop(DRAIN_SECONDS)
    server.should_exit = True
    await serving
    return face.is_idle


def _allow_files() -> None:
    """Let this process have as many files open as it may: services often start with 1,024, and select(2) needs few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise VifluxError(
            f"store.listen: {host}:{port} cannot be used: {error.strerror}; stop what listens there, or choose another "
            "with --set store.listen=ADDRESS:PORT"
        ) from None
    return listener


def _readable() -> list[Path]:
    # Python, the libraries and our own packages; not the folder above them, which in a checkout holds everything.
    ours = Path(__file__).resolve().parents[2]
    names = ("/usr", "/lib", "/lib64", "/etc/localtime", "/etc/ld.so.cache", "/dev/urandom", "/dev/random")
    roots = [Path(name) for name in (*names, sys.prefix, sys.base_prefix, *_READABLE_KERNEL_FILES)]
    return [*roots, ours / "viflux", ours / "ingest"]
