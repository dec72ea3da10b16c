"""Addresses as people write them, and the page that a browser is pointed at."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from viflux.supervisor.addresses import answers_ping, page_at, split

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "parts", "page"),
    [
        ("127.0.0.1:8686", ("127.0.0.1", 8686), "http://127.0.0.1:8686/"),
        ("[::1]:8686", ("::1", 8686), "http://[::1]:8686/"),
        ("0.0.0.0:80", ("0.0.0.0", 80), "http://127.0.0.1:80/"),  # noqa: S104 - it is read, not listened on
        ("[::]:80", ("::", 80), "http://[::1]:80/"),
        ("host.example:65535", ("host.example", 65535), "http://host.example:65535/"),
    ],
)
def test_an_address_and_its_page(text: str, parts: tuple[str, int], page: str) -> None:
    """Brackets are the text's, not the host's; an address of all interfaces is reached over loopback."""
    assert split("web.listen", text) == parts
    assert page_at("web.listen", text) == page


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_a_ping_is_a_good_answer(status: int, expected: bool) -> None:
    """Only a 200 to `/ping` means that a store is there."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        assert answers_ping("127.0.0.1", server.server_port) is expected
    assert asked == ["/ping"]


def test_nobody_or_somebody_silent_is_no_answer() -> None:
    """A closed port and one whose owner says nothing are both given up on."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert answers_ping("127.0.0.1", port) is False
        silent.listen()
        assert answers_ping("127.0.0.1", port) is False


def test_a_port_that_is_not_for_everybody() -> None:
    """Who may not listen on a low port is told a higher one that is free, not the same one again."""
    program = (
        "from viflux.confinement import drop_all_capabilities\n"
        "from viflux.supervisor.addresses import require_free\n"
        "drop_all_capabilities()\n"
        "require_free('web.listen', '127.0.0.1:81')\n"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    line = done.stderr.splitlines()[-1]
    assert "web.listen: cannot listen on 127.0.0.1:81: Permission denied; choose a port from 1024 on" in line
    suggested = int(line.rpartition("--set web.listen=127.0.0.1:")[2])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", suggested))
    assert suggested >= 1024
