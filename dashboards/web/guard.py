"""What keeps the console to those who may see it: where it listens, which names it answers to, what a page may do."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from viflux.errors import UsageError, VifluxError
from viflux.supervisor.addresses import split

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing inline and nothing from elsewhere: a name with markup in it stays text, and the page works offline.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

_MISDIRECTED = 421


def listener(address: str) -> socket.socket:
    """Return a listening socket for `web.listen`.

    Raises:
        UsageError: It is not an address, or one beyond loopback, where a token would be needed.
        VifluxError: It cannot be listened on.
    """
    host, port = split("web.listen", address)
    if not _is_loopback(host):
        raise UsageError(
            f"web.listen: {address} is beyond loopback, and the console has no tokens yet; listen on 127.0.0.1 and "
            "reach it through a tunnel (ssh -L 8686:127.0.0.1:8686 HOST)"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise VifluxError(
            f"web.listen: cannot listen on {address}: {error.strerror}; stop what uses it, or set another address "
            "with --set web.listen=127.0.0.1:PORT"
        ) from error


class Guard:
    """Adds the headers to each answer, and refuses names that are not this machine's.

    A page elsewhere can point its own name at 127.0.0.1 and read what answers there; it cannot forge `Host`.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        if not _names_loopback(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            start = {
                "type": "http.response.start",
                "status": _MISDIRECTED,
                "headers": [(b"content-type", b"text/plain")],
            }
            await send_with_headers(start)
            await send({"type": "http.response.body", "body": b"This console answers to loopback names only.\n"})
            return
        await self._app(scope, receive, send_with_headers)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names_loopback(host_header: str) -> bool:
    name = host_header.rpartition(":")[0] if not host_header.endswith("]") and ":" in host_header else host_header
    return _is_loopback(name.removeprefix("[").removesuffix("]"))
