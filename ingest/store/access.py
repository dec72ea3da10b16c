"""Who asks: anonymous readers on loopback, named readers elsewhere, and the one writer, who knows the key."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.store.codes import Code, refusal

WRITER = "viflux"
"""The user that may write; its password is the content of `run/store.key`."""
READER = "reader"
"""The user that may read from outside loopback; its password is the content of `run/store-reader.key`."""
ANONYMOUS = "default"
"""The user of a request without credentials: it may read, without a password, on loopback."""


@dataclass(frozen=True)
class User:
    """An authenticated user."""

    name: str
    may_write: bool


class Access:
    """The table of users of one store.

    Args:
        writer_key: Password of `viflux`.
        reader_key: Password of `reader`.
        on_loopback: Whether the store listens on a loopback address, where reading needs no password.
    """

    def __init__(self, writer_key: str, reader_key: str, on_loopback: bool) -> None:
        self._keys = {WRITER: writer_key, READER: reader_key}
        self._on_loopback = on_loopback

    def user(self, headers: Mapping[str, str], parameters: Mapping[str, str]) -> User:
        """Return the user of a request: from the URL, `X-ClickHouse-User`/`-Key`, or basic authorization.

        Args:
            headers: By name in lower case.
            parameters: Of the URL.

        Raises:
            StoreError: 516, the name is unknown or the password is wrong; the text is the same for both.
        """
        name, password = _credentials(headers, parameters)
        key = self._keys.get(name)
        if key is not None and hmac.compare_digest(key.encode(), password.encode()):
            return User(name, may_write=name == WRITER)
        if name == ANONYMOUS and not password and self._on_loopback and _names_this_machine(headers.get("host", "")):
            return User(ANONYMOUS, may_write=False)
        raise refusal(
            Code.AUTHENTICATION_FAILED,
            f"{name}: Authentication failed: password is incorrect, or there is no user with such name.",
        )


def _credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    if "user" in parameters or "password" in parameters:
        return parameters.get("user") or ANONYMOUS, parameters.get("password", "")
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user") or ANONYMOUS, headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ANONYMOUS, ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise refusal(
            Code.AUTHENTICATION_FAILED, "The Authorization header is not valid basic authorization."
        ) from None
    return name or ANONYMOUS, password


def _names_this_machine(host: str) -> bool:
    # A page of some other site can make a browser ask a loopback address under that site's name (DNS rebinding).
    # Such a request carries the site's name; one that names an address or localhost was meant for this machine.
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name in {"", "localhost"}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
