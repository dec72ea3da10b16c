"""The store's part of the data folder: claimed by one process, checked for its version, given the writer's key."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from viflux.errors import VifluxError
from viflux.paths import DataPaths
from viflux.supervisor.folder import require_format


class StoreFolder:
    """The folders and files of the embedded store.

    | path | holds |
    |---|---|
    | `store/engine/` | the engine's own files |
    | `store/configuration/` | `config.xml` and `users.xml`, written at each start |
    | `store/temporary/` | spilled queries; emptied at start |
    """

    def __init__(self, paths: DataPaths) -> None:
        self.paths = paths
        self.engine = paths.store / "engine"
        self.configuration = paths.store / "configuration"
        self.temporary = paths.store / "temporary"
        self._lock = -1

    def claim(self) -> None:
        """Make the folders and take the lock, which the kernel gives back when this process ends.

        Raises:
            VifluxError: Another store runs on this folder, a newer version wrote it, or it cannot be written.
        """
        root = self.paths.root
        require_format(self.paths)
        try:
            for folder in (root, self.paths.run, self.engine, self.temporary):
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._lock = os.open(self.paths.run / "store.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise VifluxError(
                    f"{root}: another store runs on this data folder; stop it, or give this one another --data-dir"
                ) from None
            for leftover in self.temporary.iterdir():
                if leftover.is_file():
                    leftover.unlink()
        except OSError as error:
            raise VifluxError(
                f"{error.filename or root}: the data folder cannot be used: {error.strerror}; check its owner and space"
            ) from error

    def writer_key(self, name: Path | None = None) -> str:
        """Return a key of this folder (`run/store.key` by default), made at the first call; 64 hex digits."""
        path = name or self.paths.store_key
        try:
            return read_key(path)
        except FileNotFoundError:
            key = secrets.token_hex(32)
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(key + "\n")
            # A reader of the key sees the whole of it or none.
            fresh.replace(path)
            return key


def read_key(path: Path) -> str:
    """Read a key file.

    Raises:
        FileNotFoundError: There is none.
        VifluxError: It cannot be read by this user, or is empty.
    """
    try:
        key = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise VifluxError(f"{path}: cannot be read: {error.strerror}; run this as the user of the store") from error
    if not key:
        raise VifluxError(f"{path}: is empty; remove it and restart the store")
    return key
