"""Addresses as settings write them: `127.0.0.1:8686` to listen on, `192.0.2.0/24`, `http://db:8123` to ask."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def host_and_port(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8686` or `[::1]:8686`; the host without its brackets.

    Raises:
        ValueError: It is neither; the message says what was expected.
    """
    host, separator, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16
    if not separator or not host or not is_port:
        raise ValueError(f"expected HOST:PORT such as 127.0.0.1:8686, got {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def udp_addresses(text: str | None) -> list[tuple[str, int]]:
    """Return host and port of each address in `6343, 192.0.2.1:6343, [::1]:6343`; a bare port means 127.0.0.1.

    A list of no address means that nothing is listened on.

    Raises:
        ValueError: One is none of these, names a host by name, or comes twice; the message says which.
    """
    found: list[tuple[str, int]] = []
    for part in (part.strip() for part in (text or "").split(",")):
        if not part:
            continue
        try:
            host, port = host_and_port(f"127.0.0.1:{part}" if part.isdigit() else part)
            is_bracketed = part.startswith("[")
            if not is_bracketed and ":" in host:
                raise ValueError("IPv6 without brackets")  # noqa: TRY301 - it is told as the others are
            ipaddress.ip_address(host)
        except ValueError as error:
            raise ValueError(
                f"expected PORT, ADDRESS:PORT or [IPV6]:PORT such as 127.0.0.1:6343, got {part!r}"
            ) from error
        if (host, port) in found:
            raise ValueError(f"{part} comes twice")
        found.append((host, port))
    return found


def network(text: str) -> tuple[str, int]:
    """Return address and prefix length of `192.0.2.0/24`, `2001:db8::/32` or a single address.

    Raises:
        ValueError: It is neither, or has bits set beyond its prefix.
    """
    try:
        parsed = ipaddress.ip_network(text)
    except ValueError as error:
        hint = str(error) if "host bits" in str(error) else "such as 192.0.2.0/24 or 2001:db8::/32"
        raise ValueError(f"expected a network, {hint}, got {text!r}") from error
    return str(parsed.network_address), parsed.prefixlen


def store_urls(urls: str) -> list[str]:
    """Return the addresses in `http://db-1:8123, http://db-2:8123`.

    Raises:
        ValueError: One is not `http://HOST:PORT` or `https://HOST:PORT`, holds a name or password, or comes twice.
    """
    found = [url.strip() for url in urls.split(",") if url.strip()]
    for url in found:
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, or brackets without an address
            is_url = False
            parts = urlsplit("")
        if parts.username is not None or parts.password is not None:
            # Not even in the message: it would be in the log then.
            raise ValueError("no user and password in an address: name them in store.user and store.password_file")
        if not is_url or parts.path not in ("", "/") or parts.query:
            raise ValueError(f"expected http://HOST:PORT or https://HOST:PORT, several by comma, got {url!r}")
        if found.count(url) > 1:
            raise ValueError(f"{url} comes twice")
    if not found:
        raise ValueError("expected http://HOST:PORT or https://HOST:PORT, got nothing")
    return found
