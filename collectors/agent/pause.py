"""The file that says that the agent is paused: it holds over a restart, until `viflux agent resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from viflux.errors import VifluxError
from viflux.spool.durable import replace_file, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from viflux.paths import DataPaths


class Pause(msgspec.Struct, frozen=True):
    """A pause.

    Attributes:
        since_ns: Since when, ns since the epoch.
        rows_per_second: How many rows each stream had before, which says what the pause costs.
    """

    since_ns: int
    # msgspec gives each struct a copy of its own
    rows_per_second: dict[str, float] = {}


def file_of(paths: DataPaths) -> Path:
    """Return where a pause is written down."""
    return paths.agent / "paused.json"


def read(paths: DataPaths) -> Pause | None:
    """Return the pause; None where the agent is not paused.

    A file that cannot be understood is a pause all the same: somebody wanted the programs out of the kernel.

    Raises:
        VifluxError: The file cannot be read.
    """
    try:
        return msgspec.json.decode(file_of(paths).read_bytes(), type=Pause)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return Pause(int(file_of(paths).stat().st_mtime_ns))
    except OSError as error:
        raise VifluxError(f"{file_of(paths)}: cannot be read: {error.strerror}") from error


def write(paths: DataPaths, pause: Pause) -> None:
    """Write a pause down, for good.

    Raises:
        VifluxError: The data folder cannot be written.
    """
    try:
        paths.agent.mkdir(parents=True, exist_ok=True)
        replace_file(file_of(paths), msgspec.json.encode(pause) + b"\n")
    except OSError as error:
        raise VifluxError(f"{file_of(paths)}: the pause cannot be written down: {error.strerror}") from error


def remove(paths: DataPaths) -> bool:
    """End a pause; whether there was one.

    Raises:
        VifluxError: The data folder cannot be written.
    """
    try:
        file_of(paths).unlink()
        sync_folder(paths.agent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise VifluxError(f"{file_of(paths)}: cannot be removed: {error.strerror}") from error
    return True
