"""What `up` tells: a few plain lines on a terminal, log records elsewhere, and `run/up.json` for the page."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from viflux import __version__, logs
from viflux.errors import VifluxError
from viflux.supervisor.folder import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from viflux.paths import DataPaths
    from viflux.supervisor.children import Child

STATE_FILE = "up.json"


class StageState(msgspec.Struct, frozen=True):
    """One stage in `run/up.json`; instants are RFC 3339, `pid` is null while no process runs."""

    name: str
    pid: int | None
    state: str
    reason: str
    since_time: str
    restarts: int
    last_exit: str


class UpState(msgspec.Struct, frozen=True):
    """What `run/up.json` holds; `ready` once every stage is, `notes` are lines for a person.

    `exports` has the addresses at which exporters of flows are heard, by the setting that names them.
    """

    pid: int
    version: str
    page: str
    ready: bool
    notes: tuple[str, ...]
    stages: tuple[StageState, ...]
    # msgspec gives each struct a copy of its own
    exports: dict[str, list[str]] = {}


class Report:
    """Says what happens on stderr: as lines for a person where `form` is text, as log records where it is JSON.

    Args:
        form: The setting `log.form`.
        page: Address of the web console.
        data_dir: The data folder.
        notes: Lines about what holds for this start: users, what is not seen.
        exports: Where exporters of flows are heard, by the setting that names it.
    """

    def __init__(
        self,
        form: str,
        page: str,
        data_dir: str,
        notes: Sequence[str],
        exports: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.page = page
        self.notes = tuple(notes)
        self.exports = dict(exports or {})
        self._data_dir = data_dir
        self._as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
        self._log = logs.get("supervisor")

    def opening(self) -> None:
        """Say what is being started and where to look."""
        if self._as_text:
            bold = click.style(self.page, bold=True)
            lines = [f"Viflux {__version__}", f"  page  {bold}", f"  data  {self._data_dir}"]
            lines += [f"  hears {self._heard}"] if self.exports else []
            click.echo("\n".join(lines + [f"  note  {note}" for note in self.notes]), err=True)
        else:
            facts = {"exports": self.exports} if self.exports else {}
            self._log.info("starting", page=self.page, data_dir=self._data_dir, notes=self.notes, **facts)

    def ready(self, seconds: float, stages: Sequence[str], notes: Sequence[str] = ()) -> None:
        """Say that every stage is ready, and what the stages want a person to know."""
        if self._as_text:
            mark = click.style("ready", fg="green", bold=True)
            hears = f"; hears {self._heard}" if self.exports else ""
            click.echo(f"{mark} after {seconds:.1f} s: {', '.join(stages)}{hears}", err=True)
            for note in notes:
                click.echo(f"  note  {note}", err=True)
        else:
            facts = {"exports": self.exports} if self.exports else {}
            self._log.info("ready", after_seconds=round(seconds, 1), stages=stages, notes=notes, **facts)

    @property
    def _heard(self) -> str:
        return "; ".join(
            f"{setting.partition('.')[0]} on {', '.join(addresses)}" for setting, addresses in self.exports.items()
        )

    def event(self, level: str, text: str, **facts: Any) -> None:
        """Say one thing that happened; `level` is `info` or `warning`."""
        if self._as_text:
            click.echo(click.style(text, fg="yellow") if level == "warning" else text, err=True)
        else:
            getattr(self._log, level)(text, **facts)


def write_state(paths: DataPaths, report: Report, children: Sequence[Child], *, ready: bool) -> None:
    """Replace `run/up.json` in one step.

    Raises:
        OSError: The disk is full, or the folder was taken away.
    """
    state = UpState(
        pid=os.getpid(),
        version=__version__,
        page=report.page,
        ready=ready,
        notes=report.notes,
        exports=report.exports,
        stages=tuple(
            StageState(
                name=child.stage.name,
                pid=child.pid,
                state=child.state.value,
                reason=child.reason,
                since_time=_rfc3339(child.since_ns),
                restarts=child.restarts,
                last_exit=child.last_exit,
            )
            for child in children
        ),
    )
    text = msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"
    replace_file(paths.run / STATE_FILE, text, 0o640, sync=False)


def read_state(paths: DataPaths) -> UpState | None:
    """Return what `up` wrote last for this data folder; None where it never ran.

    Raises:
        VifluxError: The file is there and cannot be read or understood.
    """
    path = paths.run / STATE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=UpState)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise VifluxError(f"{path}: cannot be read: {error}; `viflux up` writes it anew") from error


def _rfc3339(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09d}Z"
