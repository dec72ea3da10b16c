"""What stands before a real ClickHouse server: TLS ends here, and connections can be cut at a chosen moment."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """An authority with certificates for 127.0.0.1, as files in PEM form."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's own."""
        return self.folder / "authority.pem"

    def key(self, name: str) -> Path:
        """A certificate's key."""
        return self.folder / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """A certificate."""
        return self.folder / f"{name}.pem"

    @classmethod
    def make(cls, folder: Path) -> Certificates:
        """Make the authority, and `server`, `expired` and `client` signed by it."""
        folder.mkdir()
        made = cls(folder)
        new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        names = {"authority": None, "server": 2, "expired": -1, "client": 2}
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
        for name, days in names.items():
            key, certificate = str(made.key(name)), str(made.certificate(name))
            if days is None:
                _openssl(*new, "-x509", "-days", "2", "-keyout", key, "-out", certificate, "-subj", f"/CN={name}")
                continue
            request = f"{certificate}.csr"
            _openssl(*new, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
            signed = ["-CA", str(made.authority), "-CAkey", str(made.key("authority")), "-days", str(days)]
            _openssl(*f"x509 -req -in {request} -extfile {folder}/extensions -out {certificate}".split(), *signed)
        return made


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Terminator:
    """A relay in front of a server.

    Args:
        server_port: Port of 127.0.0.1 that it relays to.
        context: For TLS; None for none.

    Attributes:
        port: Where it listens.
        requests: First lines of what came.
    """

    def __init__(self, server_port: int, context: ssl.SSLContext | None = None) -> None:
        self._server_port = server_port
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.requests: list[str] = []
        self._open: set[socket.socket] = set()
        self._hold = b""
        self.held = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def keep_answer_to(self, marker: bytes) -> None:
        """Pass on the next request with these bytes, take its answer, and give it to nobody: `held` is set then."""
        self._hold = marker

    def cut(self) -> None:
        """Stop listening and end every connection, as a server that dies."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, connection: socket.socket) -> None:
        try:
            client = self._context.wrap_socket(connection, server_side=True) if self._context else connection
        except (ssl.SSLError, OSError):
            connection.close()
            return
        server = socket.create_connection(("127.0.0.1", self._server_port))
        self._open |= {client, server}
        is_held = threading.Event()
        threading.Thread(target=self._answers, args=(client, server, is_held), daemon=True).start()
        with suppress(OSError):
            while data := client.recv(1 << 16):
                self.requests += [data.split(b"\r\n", 1)[0].decode("latin-1")] if data[:4] in (b"POST", b"GET ") else []
                if self._hold and self._hold in data:
                    self._hold = b""
                    is_held.set()
                server.sendall(data)
        self._close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, is_held: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if is_held.is_set():
                    self.held.set()
                else:
                    client.sendall(data)
        self._close(client, server)

    def _close(self, *sockets: socket.socket) -> None:
        for each in sockets:
            self._open.discard(each)
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def terminator(server_port: int, context: ssl.SSLContext | None = None) -> Iterator[Terminator]:
    """A relay that is cut at the end of the block."""
    made = Terminator(server_port, context)
    try:
        yield made
    finally:
        made.cut()


def server_context(certificates: Certificates, name: str = "server", *, asks_client: bool = False) -> ssl.SSLContext:
    """TLS of a server with one of the certificates, which may want to see its clients' too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate(name), certificates.key(name))
    if asks_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.authority)
    return context
