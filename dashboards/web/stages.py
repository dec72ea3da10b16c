"""What the console knows about the other processes: `run/up.json`, and each one's own health socket."""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec

from viflux import telemetry
from viflux.paths import DataPaths
from viflux.verbs import VERBS

STAGES = ("agent", "shipper", "store", "processor", "slis", "web")
STATE_FILE = "up.json"

_NOTES_SECONDS = 0.5
"""The page does not wait for an agent that has other things to do."""

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (.+)$")


class Stage(msgspec.Struct, frozen=True):
    """One process as `up` sees it; fields as in `run/up.json`."""

    name: str
    state: str
    reason: str = ""
    since_time: str = ""
    restarts: int = 0
    pid: int | None = None
    last_exit: str = ""


class _Up(msgspec.Struct, frozen=True):
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()


def read(paths: DataPaths) -> tuple[tuple[Stage, ...], tuple[str, ...]]:
    """Return the processes of the running `up`, none where none runs or has written yet, and what a person should know.

    The notes are those of `up`, and those of the agent while it answers: its profile, and what it does not see.
    """
    up = _up(paths)
    status, text = telemetry.ask(paths, "agent", "/notes", _NOTES_SECONDS)
    return up.stages, (*up.notes, *(text.splitlines() if status == HTTPStatus.OK else ()))


def _up(paths: DataPaths) -> _Up:
    try:
        up = msgspec.json.decode((paths.run / STATE_FILE).read_bytes(), type=_Up)
    except (OSError, msgspec.DecodeError):
        return _Up(())
    return _Up(tuple(stage for stage in up.stages if stage.name in VERBS and stage.name in STAGES), up.notes)


def expected(paths: DataPaths) -> tuple[str, ...]:
    """Return the stages that ought to answer: those of `up`, else those that have left a socket; always this one."""
    names = {stage.name for stage in _up(paths).stages} or {
        name for name in STAGES if paths.health_socket(name).exists()
    }
    return tuple(name for name in STAGES if name in names or name == "web")


def health(paths: DataPaths, path: str) -> tuple[int, str]:
    """Ask all expected stages for `/livez` or `/readyz`.

    Returns:
        200 and `ok` where all said so, else 503 and a line for each reason, with the stage in front.
    """
    lines = []
    for stage in expected(paths):
        status, text = telemetry.ask(paths, stage, path)
        if status != HTTPStatus.OK:
            lines += [f"{stage}: {line}" for line in text.splitlines()]
    return (HTTPStatus.SERVICE_UNAVAILABLE, "\n".join(lines) + "\n") if lines else (HTTPStatus.OK, "ok\n")


def metrics(paths: DataPaths) -> str:
    """Return the metrics of all expected stages, each sample with a label `stage`.

    Returns:
        Prometheus text format, each family's samples together; `viflux_stage_up` says which stages answered.
    """
    texts = {}
    names = expected(paths)
    for stage in names:
        status, text = telemetry.ask(paths, stage, "/metrics")
        if status == HTTPStatus.OK:
            texts[stage] = text
    up = ["# HELP viflux_stage_up Whether the stage answered.", "# TYPE viflux_stage_up gauge"]
    up += [f'viflux_stage_up{{stage="{stage}"}} {int(stage in texts)}' for stage in names]
    return "\n".join([*up, *merge(texts)]) + "\n"


def merge(texts: dict[str, str]) -> list[str]:
    """Merge several answers in Prometheus text format, giving each sample the label `stage`.

    The format wants a family's lines together, so they are gathered by family first.
    """
    families: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for stage, text in texts.items():
        family = ""
        for line in text.splitlines():
            if line.startswith("# "):
                family = line.split(" ", 3)[2]
                lines = families.setdefault(family, [])
                if not any(known.startswith(line.split(family)[0] + family) for known in lines):
                    lines.append(line)
            elif (match := _SAMPLE.match(line)) is not None:
                labels = f'stage="{stage}"' + (f",{match[2]}" if match[2] else "")
                name = family if family and match[1].startswith(family) else match[1]
                families.setdefault(name, [])
                samples.setdefault(name, []).append(f"{match[1]}{{{labels}}} {match[3]}")
    return [line for family, head in families.items() for line in (*head, *samples.get(family, []))]
