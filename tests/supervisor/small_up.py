"""The real supervision over small real stages: `python -m tests.supervisor.small_up JSON`."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from viflux import logs
from viflux.clock import SystemClock
from viflux.errors import VifluxError
from viflux.paths import DataPaths
from viflux.supervisor import command as up_command
from viflux.supervisor.children import Child, command_for
from viflux.supervisor.folder import Owner, hand_over
from viflux.supervisor.plan import Stage
from viflux.supervisor.report import Report
from viflux.supervisor.supervision import Supervision


def small_child(stage: Stage, options: list[str], data_dir: Path, user: str | None = None) -> Child:
    """Return a child that is started as `up` starts one, with the verb `small` in place of the stage's own."""
    flags = ["--name", stage.name, "--data-dir", str(data_dir), *options]
    command = command_for(stage, flags, data_dir=data_dir, user=user, tells_missing=False)
    command[command.index("viflux.supervisor.child")] = "tests.supervisor.small_stage"
    border = command.index("--")
    command[border + 1] = "small"
    return Child(stage, command, SystemClock())


def main(spec: dict[str, Any]) -> None:
    logs.configure("info", "json", "up")
    paths = DataPaths(Path(spec["data_dir"]))
    paths.root.mkdir(parents=True, exist_ok=True)
    if spec.get("prepare"):
        owner, notes = up_command._prepare_folder(paths, spec["user"], [])
        up_command._give_up_what_none_needs(owner)
        user = owner.name
    else:
        hand_over(paths, Owner.of_this_process())
        notes, user = [], None
    children = []
    for entry in spec["stages"]:
        options = entry.pop("options", [])
        known = {field.name for field in fields(Stage)}
        stage = Stage(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})
        assert set(entry) <= known
        children.append(small_child(stage, options, paths.root, user))
    report = Report("json", "http://127.0.0.1:1/", str(paths.root), notes)
    Supervision(children, paths, SystemClock(), report, None).run()


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except VifluxError as error:  # as the command frame does it
        sys.stderr.write(f"viflux: {error}\n")
        sys.exit(error.exit_code)
