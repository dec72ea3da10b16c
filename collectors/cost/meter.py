"""What the agent's process and the probes' programs in the kernel take of processors and memory."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from collectors import _native
from viflux.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from viflux.clock import Clock

PERIOD_NS = 5 * NANOSECONDS
"""How often the kernel takes the time of programs' runs."""

SAMPLE_NS = NANOSECONDS // 2
"""For how long it does then: taking the time costs each run some 30 ns on all of the host's programs."""

REFUSED = "kernel_statistics_refused"
NOT_YET = "not_sampled_yet"

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Programs(Protocol):
    """A probe, as far as what its programs cost."""

    def runs(self) -> tuple[int, int]:
        """Return how often they ran and for how many ns, while the kernel took the time."""
        ...


@dataclass(frozen=True)
class Tick:
    """What was spent in the time since the tick before.

    Attributes:
        process_cores: By the agent's process.
        program_cores: By each probe's programs, as far as the sample says; without those whose cost is not known.
    """

    process_cores: float
    program_cores: dict[str, float]


@dataclass
class _Sampled:
    """Samples of one probe's runs since they were last taken, and what a run took most recently."""

    runs: int = 0
    ns: int = 0
    latest_run_ns: float | None = None


class Meter:
    """Has the kernel take the time of runs for a part of each period, and reads what the process took.

    Args:
        programs: The probes by name.
        clock: Where the time comes from.
    """

    def __init__(self, programs: Mapping[str, Programs], clock: Clock) -> None:
        self._programs = programs
        self._clock = clock
        self._sampled = {name: _Sampled() for name in programs}
        self._begun: dict[str, tuple[int, int]] | None = None
        self._begun_ns = 0
        self._statistics: int | None = None
        self.refusal = ""
        now_ns = clock.monotonic_ns()
        self._due_ns = now_ns + PERIOD_NS - SAMPLE_NS
        self._tick = (now_ns, time.process_time_ns())

    def patience_ns(self) -> int:
        """Return how long it may be until the next `turn`."""
        return max(0, self._due_ns - self._clock.monotonic_ns())

    def turn(self) -> Tick | None:
        """Begin or end a sample where that is due; return what was spent where one ended."""
        if self.patience_ns():
            return None
        if self._begun is None:
            self._begin()
            self._due_ns = self._begun_ns + SAMPLE_NS
            return None
        tick = self._end(self._begun)
        self._due_ns = self._begun_ns + PERIOD_NS
        return tick

    def _begin(self) -> None:
        self._begun_ns = self._clock.monotonic_ns()
        if self._programs:
            try:
                self._statistics = _native.take_run_times()
            except OSError as error:
                # An administrator may have them on for good (sysctl kernel.bpf_stats_enabled).
                self.refusal = error.strerror or str(error)
        self._begun = self._read()

    def _end(self, begun: dict[str, tuple[int, int]]) -> Tick:
        now_ns = self._clock.monotonic_ns()
        ended = self._read()
        is_on = self._statistics is not None
        self.close()
        program_cores = {}
        for name, (runs, ns) in begun.items():
            if name not in ended:
                continue
            more_runs, more_ns = ended[name][0] - runs, ended[name][1] - ns
            sampled = self._sampled[name]
            if more_runs > 0:
                sampled.runs += more_runs
                sampled.ns += more_ns
                sampled.latest_run_ns = more_ns / more_runs
            if more_runs > 0 or is_on:
                program_cores[name] = more_ns / max(1, now_ns - self._begun_ns)
        self._begun = None
        before_ns, process_before_ns = self._tick
        self._tick = (now_ns, time.process_time_ns())
        return Tick((self._tick[1] - process_before_ns) / max(1, now_ns - before_ns), program_cores)

    def _read(self) -> dict[str, tuple[int, int]]:
        found = {}
        for name, program in self._programs.items():
            with suppress(OSError):
                found[name] = program.runs()
        return found

    def take_run_ns(self, name: str) -> tuple[float | None, str]:
        """Return what one run took by the samples since the last call, else by the newest; and why it is not known."""
        sampled = self._sampled[name]
        run_ns = sampled.ns / sampled.runs if sampled.runs else sampled.latest_run_ns
        sampled.runs = sampled.ns = 0
        return run_ns, "" if run_ns is not None else REFUSED if self.refusal else NOT_YET

    def close(self) -> None:
        """Have the kernel take no times any more, as far as it is for us."""
        if self._statistics is not None:
            os.close(self._statistics)
            self._statistics = None


def resident_bytes() -> tuple[int, int]:
    """Return what this process has resident, and what of it is no file's (proc(5), statm)."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(resident) * _PAGE_BYTES, (int(resident) - int(shared)) * _PAGE_BYTES
