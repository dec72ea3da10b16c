"""The product's processes, each started, killed, frozen and stepped alone; one that ends by itself is started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.clocks import FalseClock
from tests.running import ROOT, viflux
from viflux.paths import DataPaths
from viflux.telemetry import ask

_AGAIN_SECONDS = 0.5
# Where the product ends on purpose, to be started again: words of its log, and the reason.
_TOLD_ENDS = {
    "the clock of this host was set back": "clock set back",
    "the engine could not write to its disk": "write of the engine failed",
}
_END_SECONDS = 20.0


class Stage:
    """One process of the product.

    Attributes:
        name: As plans call it.
        verb: What it runs.
        data_dir: Its data folder.
        log: What it printed.
        clock: Its wall clock.
        ended: Exit codes with which it ended though nobody had asked it to, each with the reason that it told, or none.
    """

    def __init__(self, name: str, verb: str, data_dir: Path, settings: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.verb = verb
        self.data_dir = data_dir
        self.log = folder / f"{name}.log"
        self.ended: list[tuple[int, str]] = []
        self._told_bytes = 0
        self.clock = FalseClock(folder, name)
        self._words = viflux(verb, "--data-dir", data_dir)
        for key, value in settings.items():
            self._words += ["--set", f"{key}={value}"]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_wanted = False
        self._not_before = 0.0

    @property
    def pid(self) -> int:
        """Id of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; returns at once."""
        self._not_before = 0.0
        words = self._words
        if (setpriv := shutil.which("setpriv")) is not None:
            words = [setpriv, "--pdeathsig", "KILL", *words]
        with self.log.open("ab") as log:
            self._told_bytes = log.tell()
            self._process = subprocess.Popen(
                words,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.clock.environment, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
            )
        self._is_wanted = True

    def kill(self) -> None:
        """Kill it with SIGKILL; it stays away until it is started."""
        self._is_wanted = False
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it with SIGTERM, in whatever state it is, and return its exit code; it stays away until it is started."""
        self._is_wanted = False
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            # It prints where its threads are.
            self._process.send_signal(signal.SIGABRT)
            self._process.wait()
            raise AssertionError(
                f"{self.name} did not end within {_END_SECONDS:g} s of SIGTERM\n{self.log_tail(60)}"
            ) from None

    def end(self) -> None:
        """End it whatever state it is in."""
        self._is_wanted = False
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def leave(self) -> None:
        """Ask it to end with SIGTERM; returns at once."""
        self._is_wanted = False
        assert self._process is not None
        self._process.terminate()

    def freeze(self) -> None:
        """Stop it in its tracks."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def mind(self) -> None:
        """Start it again if it has ended by itself, as a supervisor does."""
        if not self._is_wanted or self._process is None or (code := self._process.poll()) is None:
            return
        if self._not_before == 0.0:
            self.ended.append((code, self._told_end()))
            self._not_before = time.monotonic() + _AGAIN_SECONDS
        elif time.monotonic() >= self._not_before:
            self._not_before = 0.0
            self.start()

    def is_drained(self) -> bool:
        """Whether nothing that was handed to it is on its way through it."""
        return ask(DataPaths(self.data_dir), self.verb, "/drainz")[0] == 200

    def is_ready(self) -> bool:
        """Whether it does its work."""
        return ask(DataPaths(self.data_dir), self.verb, "/readyz")[0] == 200

    def says(self) -> str:
        """Why it is not ready, or that it is."""
        return ask(DataPaths(self.data_dir), self.verb, "/readyz")[1].strip()

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that it printed."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def _told_end(self) -> str:
        """Return why the process that has ended ended by itself, as it told; empty if it told nothing."""
        with self.log.open("rb") as log:
            log.seek(self._told_bytes)
            text = log.read().decode("utf-8", errors="replace")
        return next((reason for words, reason in _TOLD_ENDS.items() if words in text), "")
