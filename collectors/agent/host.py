"""Who this host is: the ids that every VIF's id is made of, and the name in all records."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collectors import _native
from viflux.errors import VifluxError

if TYPE_CHECKING:
    from viflux.settings import Settings

_ID_BYTES = 16


@dataclass(frozen=True)
class Host:
    """One host in one boot.

    Attributes:
        name: In all records.
        machine_id: 16 bytes.
        boot_id: 16 bytes.
    """

    name: str
    machine_id: bytes
    boot_id: bytes

    @classmethod
    def of(cls, settings: Settings) -> Host:
        """Ask this machine; one without a machine id gets a random one that is kept in the data folder.

        Raises:
            VifluxError: The id that is kept cannot be read or written.
        """
        return cls(
            name=settings.host or socket.gethostname(),
            machine_id=_native.machine_id() or _kept_machine_id(settings.data_dir / "machine-id"),
            boot_id=_native.boot_id(),
        )


def _kept_machine_id(path: Path) -> bytes:
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{secrets.token_hex(_ID_BYTES)}\n", encoding="ascii")
        kept = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise VifluxError(f"{path}: the kept machine id cannot be used: {error}; remove the file") from error
    if len(kept) != _ID_BYTES:
        raise VifluxError(f"{path}: expected 32 hex digits; remove the file")
    return kept
