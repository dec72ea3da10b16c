"""One supervised process: started, watched through its pidfd, started again after it died, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import viflux
from viflux.errors import EXIT_USAGE
from viflux.supervisor.backoff import Backoff
from viflux.supervisor.child import GO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from viflux.clock import Clock
    from viflux.supervisor.plan import Stage

_PACKAGES = Path(viflux.__file__).resolve().parents[1]


class State(Enum):
    """Where a child stands; the values are what the page shows."""

    HELD = "waiting"
    """Its process is there and waits for what must come before it."""
    STARTING = "starting"
    READY = "ready"
    UNREADY = "not ready"
    """It was ready and says that it is not now."""
    RESTARTING = "restarting"
    DONE = "done"
    STOPPED = "stopped"


class Child:
    """The process of one stage, over all its lives.

    Args:
        stage: Its place in the plan.
        command: What is executed; see `command_for`.
        clock: Where start, age and the time of the next start are taken from.

    Attributes:
        is_refused: It ended with "wrong use" before it was ever ready, so another start would end the same.
    """

    def __init__(self, stage: Stage, command: Sequence[str], clock: Clock) -> None:
        self.stage = stage
        self.state = State.STOPPED
        self.reason = ""
        self.since_ns = 0
        self.restarts = 0
        self.last_exit = ""
        self.next_start_ns: int | None = None
        self.pidfd: int | None = None
        self._command = list(command)
        self._clock = clock
        self._backoff = Backoff()
        self._process: subprocess.Popen[bytes] | None = None
        self._was_ready = False
        self.is_refused = False
        self.started_ns = 0

    @property
    def pid(self) -> int | None:
        """Id of the running process."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not been seen to end."""
        return self._process is not None

    def start(self) -> None:
        """Start the process; one whose stage waits for others is held until `go`.

        Must be called from the main thread: the kernel ties the child's life to the thread that started it.
        """
        held = bool(self.stage.after)
        self.restarts += self.next_start_ns is not None
        self.next_start_ns = None
        self.started_ns = self._clock.monotonic_ns()
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE if held else subprocess.DEVNULL,
                stdout=sys.__stderr__.fileno() if sys.__stderr__ else None,
                cwd=_PACKAGES,  # `-m` looks there first, and nobody but the installation's owner writes there
                bufsize=0,
                process_group=0,  # Ctrl-C in a terminal reaches `up` alone, so that the order of the drain holds
            )
            self.pidfd = os.pidfd_open(self._process.pid)
        except OSError as error:
            if self._process is not None:  # started, but it could not be watched
                self._process.kill()
                self._process.wait()
                self._process = None
            self._ended(f"cannot be started: {error.strerror}")
            return
        self._enter(State.HELD if held else State.STARTING, f"waits for {', '.join(self.stage.after)}" if held else "")

    def go(self) -> None:
        """Let a held child run its verb."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it has died; its pidfd says so
                self._process.stdin.write(GO)
                self._process.stdin.close()
            self._process.stdin = None
        self._enter(State.STARTING)

    def told(self, is_ready: bool, reason: str) -> bool:
        """Take in what the stage said about itself; return whether that changed anything."""
        wanted = State.READY if is_ready else State.STARTING if self.state is State.STARTING else State.UNREADY
        self._was_ready |= is_ready
        changed = (wanted, reason) != (self.state, self.reason)
        if wanted is not self.state:
            self._enter(wanted)
        self.reason = reason
        return changed

    def reap(self) -> str | None:
        """Take in that the process has ended, if it has; return how, in words.

        After that `next_start_ns` says when it is to be started again; None for a task that did its work.
        """
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        # Settings that were right once and are wrong at a restart were changed meanwhile, and may be put right again.
        self.is_refused = code == EXIT_USAGE and not self._was_ready
        if code == 0 and self.stage.task:
            self.last_exit = how
            self._enter(State.DONE)
        else:
            self._ended(how)
        return how

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process if it still runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def stopped(self) -> None:
        """Note that the process is not to be started again."""
        self.next_start_ns = None
        self._enter(State.STOPPED)

    def _ended(self, how: str) -> None:
        now = self._clock.monotonic_ns()
        delay = self._backoff.delay_after((now - self.started_ns) / 1e9)
        self.next_start_ns = now + int(delay * 1e9)
        self.last_exit = how
        self._enter(State.RESTARTING, f"{how}; starts again after {delay:g} s")

    def _enter(self, state: State, reason: str = "") -> None:
        self.state, self.reason, self.since_ns = state, reason, self._clock.now_ns()


def command_for(
    stage: Stage, flags: Sequence[str], *, data_dir: Path, user: str | None, tells_missing: bool
) -> list[str]:
    """Return what to execute for a stage: this interpreter, the confinement, the verb.

    Args:
        stage: The stage.
        flags: The verb's own flags.
        data_dir: The only folder that a stage without capabilities may write to.
        user: Whom such a stage changes to; None to stay.
        tells_missing: Whether this child says it when the kernel cannot confine it (one of them should).
    """
    command = [sys.executable, "-m", "viflux.supervisor.child", "--parent", str(os.getpid())]
    if stage.keeps:
        command += [part for name in stage.keeps for part in ("--keep", name)]
    else:
        writable = [data_dir / folder for folder in stage.writes] or [data_dir]
        command += [part for path in (*writable, os.devnull) for part in ("--writable", str(path))]
        command += ["--user", user] if user else []
        command += ["--tell-missing"] if tells_missing else []
    command += ["--hold"] if stage.after else []
    command += [part for module in stage.loads for part in ("--load", module)]
    return [*command, "--", *(stage.verb or (stage.name,)), *flags]
