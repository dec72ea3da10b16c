"""What a stage says about itself, over its real socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import prometheus_client
import pytest

from viflux.clock import ManualClock
from viflux.errors import VifluxError
from viflux.paths import DataPaths
from viflux.telemetry import Health, HealthServer, ask, serve

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    return DataPaths(tmp_path / "data")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0)


@pytest.fixture
def health(clock: ManualClock) -> Health:
    return Health("agent", clock, live_within_seconds=10)


@pytest.fixture
def server(paths: DataPaths, health: Health) -> Iterator[HealthServer]:
    made = serve(paths, health)
    yield made
    made.close()


@pytest.mark.usefixtures("server")
def test_alive_means_progress(paths: DataPaths, health: Health, clock: ManualClock) -> None:
    """`/livez` fails with the reason once the main loop has not beaten for longer than its limit, and recovers."""
    assert ask(paths, "agent", "/livez") == (200, "ok\n")
    clock.advance(10)
    assert ask(paths, "agent", "/livez")[0] == 200
    clock.advance(0.5)
    assert ask(paths, "agent", "/livez") == (503, "no progress of the main loop for 10 s (limit 10 s)\n")
    health.beat()
    assert ask(paths, "agent", "/livez")[0] == 200


@pytest.mark.usefixtures("server")
def test_ready_means_every_part(paths: DataPaths, health: Health) -> None:
    """`/readyz` has one line for each part that is not ready; a reason with line breaks stays one line."""
    assert ask(paths, "agent", "/readyz") == (503, "starting\n")
    health.ready(False, "store:\ndown", part="counters")
    health.ready(True)
    assert ask(paths, "agent", "/readyz") == (503, "counters: store: down\n")
    health.ready(False, "reading", part="inventory")
    assert ask(paths, "agent", "/readyz")[1].splitlines() == ["counters: store: down", "inventory: reading"]
    health.ready(True, part="counters")
    health.ready(True, part="inventory")
    assert ask(paths, "agent", "/readyz") == (200, "ok\n")


@pytest.mark.usefixtures("server")
def test_drained_is_asked_at_that_moment(paths: DataPaths, health: Health) -> None:
    """`/drainz` calls the stage's function for each question; a stage without one holds nothing back."""
    assert ask(paths, "agent", "/drainz") == (200, "ok\n")
    left = ["2 batches"]
    health.drains(lambda: left[0] if left else None)
    assert ask(paths, "agent", "/drainz") == (503, "2 batches\n")
    left.clear()
    assert ask(paths, "agent", "/drainz") == (200, "ok\n")


@pytest.mark.usefixtures("server")
def test_metrics_have_the_process_and_the_stage(paths: DataPaths) -> None:
    """CPU, resident memory and each counter that a module declares are in `/metrics`."""
    counter = prometheus_client.Counter("viflux_trial_rows", "Rows of a trial.", ["stream"])
    counter.labels("x").inc(3)
    try:
        status, text = ask(paths, "agent", "/metrics")
    finally:
        prometheus_client.REGISTRY.unregister(counter)
    assert status == 200
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["process_cpu_seconds_total"]) > 0
    assert float(values["process_resident_memory_bytes"]) > 1e6
    assert values['viflux_trial_rows_total{stream="x"}'] == "3.0"


@pytest.mark.usefixtures("server")
def test_other_paths_and_other_tools(paths: DataPaths) -> None:
    """An unknown path is 404 with the known ones; a query string is ignored; a plain HTTP client is understood."""
    assert ask(paths, "agent", "/")[0] == 404
    assert ask(paths, "agent", "/livez?verbose")[0] == 200
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(paths.health_socket("agent")))
        client.sendall(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert b" 501 " in client.recv(64)
    assert ask(paths, "agent", "/livez")[0] == 200


@pytest.mark.usefixtures("server")
def test_a_silent_client_holds_nobody_up(paths: DataPaths) -> None:
    """Clients that connect and say nothing do not keep the others from their answer."""
    silent = [socket.socket(socket.AF_UNIX) for _ in range(8)]
    for client in silent:
        client.connect(str(paths.health_socket("agent")))
    assert ask(paths, "agent", "/livez") == (200, "ok\n")
    for client in silent:
        client.close()


def test_only_user_and_group_may_ask(paths: DataPaths, server: HealthServer) -> None:
    """The socket has mode 0660 whatever the umask is, and nothing else is left beside it."""
    assert server.path.stat().st_mode & 0o777 == 0o660
    assert [path.name for path in paths.run.iterdir()] == ["agent.sock"]


def test_a_stale_socket_is_replaced(paths: DataPaths, health: Health) -> None:
    """The socket that a killed process left behind is in nobody's way."""
    text = (
        "import os, sys; from viflux.clock import SystemClock; from viflux.paths import DataPaths\n"
        "from viflux.telemetry import Health, serve; from pathlib import Path\n"
        "serve(DataPaths(Path(sys.argv[1])), Health('agent', SystemClock())); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", text, str(paths.root)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert paths.health_socket("agent").is_socket()
    assert ask(paths, "agent", "/livez") == (503, "agent does not run\n")
    server = serve(paths, health)
    assert ask(paths, "agent", "/livez")[0] == 200
    server.close()


def test_an_ending_stage_leaves_its_successor_alone(paths: DataPaths, health: Health) -> None:
    """Closing the old server removes its own socket only."""
    old = serve(paths, health)
    new = serve(paths, health)
    old.close()
    assert ask(paths, "agent", "/livez")[0] == 200
    new.close()
    assert not new.path.exists()


def test_a_path_longer_than_the_kernel_takes(tmp_path: Path, health: Health) -> None:
    """A deep data folder works although its socket's path does not fit into a socket address."""
    paths = DataPaths(tmp_path / ("deep" * 20) / ("deeper" * 20))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path would hold nothing more
    server = serve(paths, health)
    assert ask(paths, "agent", "/readyz") == (503, "starting\n")
    server.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_nobody_there(paths: DataPaths) -> None:
    """Asking a stage that does not run, or a folder that is not there, is an answer and no error."""
    assert ask(paths, "agent", "/livez") == (503, "agent does not run\n")


def test_somebody_who_does_not_answer(paths: DataPaths) -> None:
    """A process that accepts and says nothing, or nonsense, is given up on in time."""
    paths.run.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(paths.health_socket("agent")))
        listener.listen()
        assert ask(paths, "agent", "/livez", 0.05) == (503, "agent does not answer within 0.05 s\n")
        listener.accept()[0].close()

        def nonsense() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"hello")
            connection.close()

        thread = threading.Thread(target=nonsense)
        thread.start()
        assert ask(paths, "agent", "/livez") == (503, "agent gave no answer to /livez\n")
        thread.join()


def test_a_folder_that_refuses_the_socket(tmp_path: Path, health: Health) -> None:
    """Where the socket cannot be made the stage stops with one line that names it."""
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(VifluxError, match=r"agent\.sock: the socket for /metrics.* cannot be made: Not a directory"):
        serve(DataPaths(tmp_path / "data"), health)
