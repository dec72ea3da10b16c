"""Addresses as settings write them: `127.0.0.1:8686`, `[::1]:8686` to listen on, `192.0.2.0/24` for a network."""

from __future__ import annotations

import ipaddress


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
