"""The store's part of `viflux doctor`: the engine, its limits, the data folder's disk, the addresses of the faces."""

from __future__ import annotations

import os
import tempfile
from http import HTTPStatus
from typing import TYPE_CHECKING

from ingest.store.disk import SHARE
from ingest.store.engine import library
from viflux.confinement import landlock_abi
from viflux.doctor.finding import Finding
from viflux.errors import VifluxError
from viflux.forked import signal_of, told_by_child
from viflux.freespace import FreeSpace, as_text, effective
from viflux.paths import DataPaths
from viflux.supervisor.addresses import require_free
from viflux.telemetry import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from viflux.settings import Settings


def examine(settings: Settings, so_far: Sequence[Finding]) -> list[Finding]:  # noqa: ARG001
    """Return what is to be said of the store, the disk and the addresses."""
    is_embedded = settings.store.url is None
    found = [_engine(wanted=is_embedded), _landlock(), _disk(settings)]
    faces = [("web.listen", settings.web.listen, True), ("store.listen", settings.store.listen, is_embedded)]
    return [*found, *(_face(setting, address, settings, wanted=wanted) for setting, address, wanted in faces)]


def _engine(*, wanted: bool) -> Finding:
    """Load the library in a child process: it cannot be unloaded, and may end the process that loads it."""
    # Loading it starts an engine in a temporary folder.
    with tempfile.TemporaryDirectory(prefix="viflux-doctor-") as folder:
        text, status = _load(folder)
    if text == "ok":
        return Finding("store", "engine", "ok", "it loads", wanted)
    if name := signal_of(status):
        text = f"that ends the process by {name}"
    remedy = "install Viflux anew (make build), or name a server in store.url"
    return Finding("store", "engine", "missing", f"it does not load: {text}", wanted, remedy=remedy)


def _load(folder: str) -> tuple[str, int]:
    """Return `ok` or what went wrong, and how the child ended."""

    def load_it(tell: Callable[[bytes], object]) -> None:
        try:
            os.environ["TMPDIR"] = folder
            library()
            tell(b"ok")
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            tell(str(error).encode())

    told, status = told_by_child(load_it)
    return told.decode(errors="replace"), status


def _landlock() -> Finding:
    abi = landlock_abi()
    if abi:
        return Finding("store", "landlock", "ok", f"ABI {abi}: all but the agent write to the data folder alone")
    found = "the kernel has none: that the stages write to the data folder alone is not enforced"
    remedy = "boot with landlock in lsm=, on a kernel with CONFIG_SECURITY_LANDLOCK"
    return Finding("store", "landlock", "limited", found, remedy=remedy)


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    try:
        space = FreeSpace.of(folder)
    except OSError as error:
        return Finding("store", "disk", "unknown", f"{folder}: {error.strerror}")
    keep = effective(settings.store.min_free, space.total_bytes, SHARE)
    found = f"{as_text(space.free_bytes)} free at {settings.data_dir}"
    if space.free_bytes > keep:
        return Finding("store", "disk", "ok", f"{found}, of which {as_text(keep)} stay free")
    remedy = "free space, move data_dir, or lower store.min_free"
    return Finding("store", "disk", "missing", f"{found}; below {as_text(keep)} nothing is stored", remedy=remedy)


def _face(setting: str, address: str, settings: Settings, *, wanted: bool) -> Finding:
    stage = setting.partition(".")[0]
    if ask(DataPaths(settings.data_dir), stage, "/livez")[0] == HTTPStatus.OK:
        return Finding("store", setting, "ok", f"{address}: the running {stage} of this data folder has it", wanted)
    try:
        require_free(setting, address)
    except VifluxError as error:
        reason, _, remedy = str(error).partition("; ")
        return Finding("store", setting, "missing", reason, wanted, remedy=remedy)
    return Finding("store", setting, "ok", f"{address} is free", wanted)
