"""Addresses to listen on, as settings write them: `127.0.0.1:8686`, `[::1]:8686`."""

from __future__ import annotations


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
