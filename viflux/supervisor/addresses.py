"""The addresses that stages will listen on: read, checked before anything starts, and asked whether one answers."""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from viflux.errors import UsageError, VifluxError
from viflux.settings.address import host_and_port, udp_addresses
from viflux.settings.load import value_at

if TYPE_CHECKING:
    from viflux.settings import Settings

EXPORT_SETTINGS = ("sflow.listen", "ipfix.listen", "netflow.listen")
"""Settings that name where exporters of flows are heard."""

_PING_TIMEOUT_SECONDS = 0.3
_PORTS_TO_SUGGEST_FROM = 50
_FIRST_COMMON_PORT = 8000  # 80 is suggested as 8081, far from those that only root may listen on


def split(setting: str, text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8686` or `[::1]:8686`.

    Raises:
        UsageError: It is neither.
    """
    try:
        return host_and_port(text)
    except ValueError as error:
        raise UsageError(f"{setting}: {error}") from error


def page_at(setting: str, text: str) -> str:
    """Return the URL under which a browser on this host reaches what listens on an address."""
    host, port = split(setting, text)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is compared, not listened on
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def export_listeners(settings: Settings) -> dict[str, list[str]]:
    """Return where exporters of flows are heard: addresses by setting, without the settings that are off."""
    return {
        setting: [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in listened]
        for setting in EXPORT_SETTINGS
        if (listened := udp_addresses(value_at(settings, setting)))
    }


def require_free_udp(setting: str, text: str, wait_seconds: float = 0.0) -> None:
    """Make sure that the agent will be able to hear exporters at an address.

    Args:
        setting: The setting that names the address.
        text: One address of it.
        wait_seconds: How long a port may still be held, by a process that is known to be ending.

    Raises:
        VifluxError: It cannot be listened on; the message says why and what to do.
    """
    host, port = split(setting, text)
    deadline = time.monotonic() + wait_seconds
    while (refusal := _refusal(host, port, socket.SOCK_DGRAM)) is not None:
        if refusal.errno == errno.EADDRINUSE and time.monotonic() < deadline:
            time.sleep(0.02)
            continue
        raise VifluxError(f"{setting}: {udp_refusal(refusal, text)}") from refusal


def udp_refusal(error: OSError, address: str) -> str:
    """Return why exporters cannot be heard at an address, and what to do, in one clause."""
    return {
        errno.EADDRINUSE: f"{address} is in use by another process; stop it, or name another port",
        errno.EADDRNOTAVAIL: f"cannot listen on {address}: this host does not have the address; name one that it has",
        errno.EACCES: f"cannot listen on {address}: ports below 1024 need root; name a port from 1024 on",
        errno.EAFNOSUPPORT: f"cannot listen on {address}: this host has no IPv6; name an IPv4 address",
    }.get(error.errno or 0, f"cannot listen on {address}: {error.strerror}; name another address")


def require_free(setting: str, text: str, wait_seconds: float = 0.0) -> None:
    """Make sure that a stage will be able to listen on an address.

    Args:
        setting: The setting that names the address.
        text: Its value.
        wait_seconds: How long a port may still be held, by a process that is known to be ending.

    Raises:
        UsageError: The text is not an address.
        VifluxError: It cannot be listened on; the message says why and what to set.
    """
    host, port = split(setting, text)
    deadline = time.monotonic() + wait_seconds
    while (refusal := _refusal(host, port)) is not None:
        if refusal.errno == errno.EADDRINUSE and time.monotonic() < deadline:
            time.sleep(0.02)
            continue
        if refusal.errno == errno.EADDRINUSE:
            other = _free_port_near(host, port)
            raise VifluxError(
                f"{setting}: {text} is in use by another program; choose another port, such as "
                f"--set {setting}={text.rpartition(':')[0]}:{other}"
            )
        if refusal.errno == errno.EACCES:
            raise VifluxError(
                f"{setting}: cannot listen on {text}: {refusal.strerror}; choose a port from 1024 on, such as "
                f"--set {setting}={text.rpartition(':')[0]}:{_free_port_near(host, _FIRST_COMMON_PORT + port)}"
            )
        raise VifluxError(
            f"{setting}: cannot listen on {text}: {refusal.strerror}; name an address of this host, such as "
            f"--set {setting}=127.0.0.1:{port}"
        )


def answers_ping(host: str, port: int) -> bool:
    """Return whether a ClickHouse HTTP interface answers `GET /ping` there."""
    with suppress(OSError), socket.create_connection((host, port), _PING_TIMEOUT_SECONDS) as connection:
        connection.settimeout(_PING_TIMEOUT_SECONDS)
        connection.sendall(f"GET /ping HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in connection.recv(64).partition(b"\r\n")[0]
    return False


def _refusal(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        with socket.socket(family, kind) as listener:
            if kind is socket.SOCK_DGRAM:
                if family == socket.AF_INET6:  # as the agent does it: IPv4 has a listener of its own
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind(address)
                return None
            # As the stages do it: a port whose old connections linger in TIME_WAIT is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1)
    except OSError as error:
        return error
    return None


def _free_port_near(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + _PORTS_TO_SUGGEST_FROM, 1 << 16)):
        if _refusal(host, candidate) is None:
            return candidate
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])
