"""A small real stage for the tests of supervision: it confines itself, serves its health, and ends on SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import click

from viflux import verbs
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.supervisor import child
from viflux.telemetry import Health, serve


@click.command()
@click.option("--name", required=True)
@click.option("--exit-code", type=int, default=None, help="End at once with this code.")
@click.option("--deaf", is_flag=True, help="Do not end on SIGTERM.")
@click.option("--left-file", type=Path, help="`/drainz` says that something is left while this file is there.")
@click.option("--writes", type=Path, multiple=True, help="Try to write these files, and journal what came of it.")
@verb()
def small(
    settings: Settings,
    name: str,
    exit_code: int | None,
    left_file: Path | None,
    writes: tuple[Path, ...],
    *,
    deaf: bool,
) -> None:
    """Journal what happens to this stage as lines `EVENT NAME PID MONOTONIC_NS`."""
    paths = DataPaths(settings.data_dir)

    def journal(event: str) -> None:
        with (paths.run / f"journal.{name}").open("a", encoding="utf-8") as file:
            file.write(f"{event} {name} {os.getpid()} {time.monotonic_ns()}\n")

    journal("runs")
    for path in writes:
        try:
            path.write_text("x", encoding="utf-8")
            journal(f"wrote:{path.name}")
        except OSError as error:
            journal(f"refused:{path.name}:{error.errno}")
    if exit_code is not None:
        sys.exit(exit_code)
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    health = Health(name, SystemClock())
    health.drains(lambda: "1 batch" if left_file is not None and left_file.exists() else None)
    serve(paths, health)
    health.ready(True)
    while deaf or not asked:
        health.beat()
        time.sleep(0.01)
    journal("ends")


verbs.VERBS["small"] = ("tests.supervisor.small_stage:small", "a stage for tests")

if __name__ == "__main__":
    child.main()
