"""What a stage says about itself: `/metrics`, `/livez`, `/readyz`, `/notes` and `/drainz` on a unix socket in `run/`.

A stage makes one `Health`, calls `beat` in its main loop and `serve` once; the supervisor and the web console `ask`.

| path | 200 | 503 |
|---|---|---|
| `/metrics` | prometheus-client's default registry, with the process's CPU and resident memory | never |
| `/livez` | the main loop made progress within its limit | one line: for how long not |
| `/readyz` | every part of the stage is ready | one line for each part that is not, with the reason |
| `/notes` | one line that a person should know of it, or nothing | never |
| `/drainz` | nothing that was handed over is still on its way through the stage | one line: what is left |
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from viflux.errors import VifluxError

if TYPE_CHECKING:
    import socketserver
    from collections.abc import Callable

    from viflux.clock import Clock
    from viflux.paths import DataPaths

LIVE_WITHIN_SECONDS = 30.0
"""Default for how long a main loop may take for one turn before `/livez` calls it stuck."""

_OK, _NOT_FOUND, _UNAVAILABLE = 200, 404, 503
_ABSENT = " does not run\n"
_LONGEST_SOCKET_PATH = 107  # sockaddr_un.sun_path has 108 bytes with the final zero, unix(7)
_REQUEST_TIMEOUT_SECONDS = 5.0
_MOST_ANSWER_BYTES = 8 << 20


class Health:
    """The state of one stage, told by its main loop and read by the health server; safe between threads.

    A new one counts as alive for its first limit, and as not ready.

    Args:
        stage: The verb that this process runs.
        clock: Where the age of the last progress is taken from.
        live_within_seconds: Longest time between two beats of a healthy main loop.
    """

    def __init__(self, stage: str, clock: Clock, live_within_seconds: float = LIVE_WITHIN_SECONDS) -> None:
        self.stage = stage
        self._clock = clock
        self._live_within_seconds = live_within_seconds
        self._last_beat_ns = clock.monotonic_ns()
        self._lock = threading.Lock()
        self._unready = {"": "starting"}
        self._note = ""
        self._left: Callable[[], str | None] = lambda: None

    def beat(self) -> None:
        """Say that the main loop made progress; cheap enough for each turn."""
        self._last_beat_ns = self._clock.monotonic_ns()

    def ready(self, is_ready: bool, reason: str = "", part: str = "") -> None:
        """Say whether a part of the stage can do its work; the stage is ready when all parts are.

        Args:
            is_ready: Whether it can.
            reason: One line for a person: why not, and what is waited for.
            part: Name of the part, for stages whose parts become ready on their own (one source of the agent).
        """
        with self._lock:
            if is_ready:
                self._unready.pop(part, None)
            else:
                self._unready[part] = reason or "not ready"

    def note(self, text: str) -> None:
        """Have a person know what is no trouble: one line, in place of the last one; empty: no more."""
        self._note = " ".join(text.split())

    def drains(self, left: Callable[[], str | None]) -> None:
        """Name the function that answers `/drainz`; a stage that names none holds nothing back.

        Args:
            left: Returns None when all that was handed to the stage has left it, else one line with what has not. It
                is called at the moment of the question, from the health server's thread.
        """
        self._left = left

    def stuck(self) -> str | None:
        """Return None while the main loop makes progress, else one line that says since when not."""
        age = (self._clock.monotonic_ns() - self._last_beat_ns) / 1e9
        if age <= self._live_within_seconds:
            return None
        return f"no progress of the main loop for {age:.0f} s (limit {self._live_within_seconds:g} s)"

    def unready(self) -> list[str]:
        """Return one line for each part that is not ready, empty when the stage is."""
        with self._lock:
            return [f"{part}: {reason}" if part else reason for part, reason in self._unready.items()]

    def answer(self, path: str) -> tuple[int, str]:
        """Return the HTTP status and the text for `/livez`, `/readyz`, `/notes` or `/drainz`; 404 for another path."""
        if path == "/livez":
            reasons = [self.stuck()]
        elif path == "/readyz":
            reasons = [*self.unready()]
        elif path == "/notes":
            return _OK, f"{self._note}\n" if self._note else ""
        elif path == "/drainz":
            reasons = [self._left()]
        else:
            return _NOT_FOUND, f"{path}: not found; there are /metrics, /livez, /readyz, /notes and /drainz\n"
        lines = [" ".join(reason.split()) for reason in reasons if reason is not None]
        return (_UNAVAILABLE, "\n".join(lines) + "\n") if lines else (_OK, "ok\n")


class HealthServer:
    """The running server of a stage; ends with the process, or with `close`."""

    def __init__(self, server: socketserver.BaseServer, path: Path) -> None:
        self.path = path
        self._server = server
        self._inode = path.stat().st_ino
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and remove the socket, unless a successor has replaced it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with suppress(FileNotFoundError):
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()


def serve(paths: DataPaths, health: Health) -> HealthServer:
    """Answer for a stage on `run/STAGE.sock` (mode 0660) from a daemon thread.

    A socket file that an earlier process left is replaced in one step. Landlock binds single threads, so a stage that
    confines itself does that before it calls this.

    Raises:
        VifluxError: The socket cannot be made, with the reason.
    """
    # Here and not above: the supervisor and short commands only ask, and need neither the server nor the registry.
    import http.server  # noqa: PLC0415
    import socketserver  # noqa: PLC0415

    import prometheus_client  # noqa: PLC0415

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_SECONDS

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            content_type = "text/plain; charset=utf-8"
            if path == "/metrics":
                status, body = _OK, prometheus_client.generate_latest()
                content_type = prometheus_client.CONTENT_TYPE_LATEST
            else:
                status, text = health.answer(path)
                body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent: a line for each question would drown the log."""

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """Stay silent: whoever asked has gone away."""

    path = paths.health_socket(health.stage)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with _SocketAddress(fresh) as address:
            server = Server(address, Handler)
        fresh.chmod(0o660)
        fresh.replace(path)
    except OSError as error:
        raise VifluxError(
            f"{path}: the socket for /metrics, /livez and /readyz cannot be made: {error.strerror}; "
            "is the data folder writable for this user?"
        ) from error
    return HealthServer(server, path)


def ask(paths: DataPaths, stage: str, path: str, timeout_seconds: float = 2.0) -> tuple[int, str]:
    """Ask a running stage of this data folder for `/metrics`, `/livez`, `/readyz`, `/notes` or `/drainz`.

    Args:
        paths: The data folder.
        stage: The stage's verb.
        path: What to ask for.
        timeout_seconds: Longest time for the whole exchange.

    Returns:
        HTTP status and text; status 503 and one line if the stage does not run or does not answer. Never raises for
        the other side's state.
    """
    deadline = time.monotonic() + timeout_seconds
    chunks: list[bytes] = []
    try:
        with _SocketAddress(paths.health_socket(stage)) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(address)
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            while chunk := connection.recv(1 << 16):
                chunks.append(chunk)
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                if sum(map(len, chunks)) > _MOST_ANSWER_BYTES:
                    return _UNAVAILABLE, f"{stage}: answer to {path} is longer than {_MOST_ANSWER_BYTES} bytes\n"
    except (FileNotFoundError, ConnectionRefusedError):
        return _UNAVAILABLE, f"{stage}{_ABSENT}"
    except TimeoutError:
        return _UNAVAILABLE, f"{stage} does not answer within {timeout_seconds:g} s\n"
    except OSError as error:
        return _UNAVAILABLE, f"{stage} cannot be asked: {error.strerror}\n"
    head, _, body = b"".join(chunks).partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].isdigit():
        return _UNAVAILABLE, f"{stage} gave no answer to {path}\n"
    return int(status[0]), body.decode(errors="replace")


def says_absent(status: int, text: str) -> bool:
    """Whether an answer of `ask` says that the stage does not run, and not that it does not answer."""
    return status == _UNAVAILABLE and text.endswith(_ABSENT)


def pid_of(paths: DataPaths, stage: str) -> int | None:
    """Return the id of the process that answers for a stage of this data folder; None where none does (unix(7))."""
    try:
        with _SocketAddress(paths.health_socket(stage)) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=iII"))
    except OSError:
        return None
    pid: int = struct.unpack("=iII", told)[0]
    return pid


class _SocketAddress:
    """An address for a socket file at any depth: a path too long for the kernel is reached through its folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder: int | None = None

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= _LONGEST_SOCKET_PATH:
            return str(self._path)
        self._folder = os.open(self._path.parent, os.O_PATH | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._folder}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)
