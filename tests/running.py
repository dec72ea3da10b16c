"""Real stages as child processes of a test: started on free ports, waited for by their own signs, always ended."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ingest.store.client import StoreClient
from viflux.settings import Settings, load

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
END_SECONDS = 15.0
_FIRST_PORT, _PORTS, _TEST_PROCESSES = 20_000, 12_000, 8

Result = TypeVar("Result")


@dataclass
class RunningStore:
    """A store that runs for a test.

    Attributes:
        settings: Those that the store was started with; give them to whatever shall use it.
        url: Where it listens.
        process: The child; a test may signal it.
        log: The file that has its stderr.
    """

    settings: Settings
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def key(self) -> str:
        """The writer's key."""
        return (self.settings.data_dir / "run" / "store.key").read_text(encoding="ascii").strip()

    def writer(self) -> StoreClient:
        """Return a client that may write."""
        return StoreClient.writer(self.settings)

    def reader(self) -> StoreClient:
        """Return a client that may only read."""
        return StoreClient.reader(self.settings)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now.

    It lies below the ports that the kernel gives to connections, and each of the test processes has ports of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _TEST_PROCESSES
    while True:
        port = _FIRST_PORT + worker + _TEST_PROCESSES * secrets.randbelow(_PORTS // _TEST_PROCESSES)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def memory_bytes(pid: int, field: str) -> int:
    """Return a field of a process's memory, such as `VmRSS` or `VmHWM`, from `/proc/PID/status` (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(f"{field}:"))


def viflux(*arguments: str | Path) -> list[str]:
    """Return the command line of a verb, as this interpreter runs it."""
    return [sys.executable, "-m", "viflux", *map(str, arguments)]


def until(what: str, find: Callable[[], Result | None], seconds: float = 10.0) -> Result:
    """Return what `find` finds, asking again until it is neither None nor False; fails after a deadline."""
    began = time.monotonic()
    while True:
        found = find()
        if found is not None and found is not False:
            return found
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds:g} s: {what}"
        # Who waits long asks less often: the questions themselves hold up what is waited for.
        time.sleep(min(0.02 + waited / 20, 0.2))


def wait_for(what: str, probe: Callable[[], Result | None], seconds: float = 30.0) -> Result:
    """Ask `probe` until it returns something true; fail with `what` after the deadline."""
    return until(what, lambda: probe() or None, seconds)


@contextmanager
def ended(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """End a process, also a stopped one, when the block ends; where that takes longer it is killed, and this fails."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def repeated(action: Callable[[], object], pause_seconds: float = 0.0) -> Iterator[None]:
    """Do something again and again in the background until the block ends."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(pause_seconds):
            action()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def running_store(
    data_dir: Path, assignments: Sequence[str] = (), port: int | None = None, tables: Path | None = None
) -> Iterator[RunningStore]:
    """Run `viflux store` on a data folder until the block ends.

    Args:
        data_dir: Made when missing; may be one that an earlier store has left.
        assignments: Further `key=value` settings.
        port: A free one by default.
        tables: A folder whose tables a new store begins with.
    """
    if tables is not None:
        begin_with(tables, data_dir)
    every = [f"store.listen=127.0.0.1:{port or free_port()}", *assignments]
    settings, _ = load(data_dir=data_dir, assignments=every, environment={})
    flags = [flag for assignment in every for flag in ("--set", assignment)]
    log = data_dir.with_name(f"{data_dir.name}.store.log")
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            viflux("store", "--data-dir", data_dir, *flags), cwd=ROOT, stdin=subprocess.DEVNULL, stderr=stderr
        )
    running = RunningStore(settings, f"http://{settings.store.listen}", process, log)
    with ended(process, END_SECONDS):
        reader = running.reader()

        def ready() -> bool:
            assert process.poll() is None, f"the store ended with {process.returncode}: {log.read_text()}"
            return reader.ping()

        until("the store answers", ready, START_SECONDS)
        yield running


def begin_with(tables: Path, data_dir: Path) -> None:
    """Give a data folder that has no store the tables of another, which no store runs on."""
    store = data_dir / "store" / "engine"
    if not store.exists():
        shutil.copytree(tables / "store" / "engine", store, symlinks=True)


def emptied(store: StoreClient) -> None:
    """Take all rows out of the tables of a client's database, and what the engine remembers of their inserts."""
    rows = store.query_rows(
        f"SELECT name FROM system.tables WHERE database = '{store.database}' AND total_rows > 0 "
        "AND name != 'schema_migrations'"
    )
    for row in rows:
        store.command(f"TRUNCATE TABLE {store.database}.{row['name']}")
