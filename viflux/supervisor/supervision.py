"""The loop of `up`: start all, open the gates between them, restart what dies, drain in order when asked to stop."""

from __future__ import annotations

import os
import selectors
import signal
import socket
from typing import TYPE_CHECKING

from viflux.errors import UsageError
from viflux.supervisor.addresses import answers_ping
from viflux.supervisor.children import Child, State
from viflux.supervisor.report import Report, write_state
from viflux.telemetry import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from viflux.clock import Clock
    from viflux.paths import DataPaths

DRAIN_SECONDS = 15.0
"""Longest time from the signal to the end of the last stage; what is not stored by then stays in the spool."""

_TURN_ENDS_BEFORE_END_SECONDS = {0: 11.0, 1: 8.0, 2: 5.0, 3: 3.0, 4: 0.0}
"""For each drain turn, how long before the end of the drain its stages are killed if they have not ended."""

_EMPTY_BEFORE_TURN_ENDS_SECONDS = 2.0
"""How much of its turn a stage that empties itself keeps for its own orderly end."""

_STARTING_PAUSE_SECONDS = 0.05
_UNREADY_PAUSE_SECONDS = 1.0
_STEADY_PAUSE_SECONDS = 5.0
# Each question costs the stage a millisecond; only one that has just been started is worth twenty a second.
_YOUNG_SECONDS = 30.0
_ASK_TIMEOUT_SECONDS = 0.5
_SAME_WISH_NS = 1_000_000_000
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervision:
    """Runs the children of one `up` until a stop signal, then drains them.

    Args:
        children: One child for each stage, in the order of their start.
        paths: The data folder.
        clock: Time for restarts and for the drain's deadline.
        report: Where to say what happens.
        store_address: Host and port of the embedded store; None where another server is used, which is taken as there.
    """

    def __init__(
        self,
        children: Sequence[Child],
        paths: DataPaths,
        clock: Clock,
        report: Report,
        store_address: tuple[str, int] | None,
    ) -> None:
        self._children = tuple(children)
        self._paths = paths
        self._clock = clock
        self._report = report
        self._store_address = store_address
        self._store_answers = store_address is None
        self._selector = selectors.DefaultSelector()
        self._began_ns = clock.monotonic_ns()
        self._next_ask_ns = 0
        self._was_ready = False
        self._changed = True
        self._cannot_write = False
        self._refused = ""
        self._stop_signals = 0
        self._first_stop_ns = 0

    def run(self) -> None:
        """Start everything and stay until a stop signal; returns when all children have ended.

        Raises:
            OSError: The state file cannot be written at the start.
            UsageError: A stage refused its settings before it was ever ready: another try would end the same. All
                others have ended then too.
        """
        wakeup = self._catch_signals()
        try:
            write_state(self._paths, self._report, self._children, ready=False)
            for child in self._children:
                self._start(child)
            while not self._is_stopping:
                self._take_events(self._pause_seconds())
                self._restart_due()
                self._open_gates()
                self._ask_all()
                self._write_state()
            self._drain()
        finally:
            signal.set_wakeup_fd(-1)
            for end in wakeup:
                end.close()
            self._selector.close()
        if self._refused:
            raise UsageError(f"{self._refused} refused its settings, see its line above; correct them and start again")

    @property
    def _is_stopping(self) -> bool:
        return self._stop_signals > 0 or self._refused != ""

    def _catch_signals(self) -> tuple[socket.socket, socket.socket]:
        reading, writing = socket.socketpair()
        reading.setblocking(False)
        writing.setblocking(False)
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._count_stop)
        self._selector.register(reading, selectors.EVENT_READ)
        return reading, writing

    def _count_stop(self, *_: object) -> None:
        # `make` and `timeout` pass on a signal that the whole process group has had already: one wish, told twice.
        now_ns = self._clock.monotonic_ns()
        if not self._stop_signals:
            self._first_stop_ns = now_ns
            self._stop_signals = 1
        elif now_ns - self._first_stop_ns >= _SAME_WISH_NS:
            self._stop_signals += 1

    def _start(self, child: Child) -> None:
        child.start()
        self._changed = True
        if child.pidfd is not None:
            self._selector.register(child.pidfd, selectors.EVENT_READ, child)
        self._next_ask_ns = 0

    def _pause_seconds(self) -> float:
        now = self._clock.monotonic_ns()
        pause = _STEADY_PAUSE_SECONDS
        for child in self._children:
            if child.state in (State.HELD, State.STARTING, State.UNREADY):
                is_young = now - child.started_ns < _YOUNG_SECONDS * 1e9
                pause = min(pause, _STARTING_PAUSE_SECONDS if is_young else _UNREADY_PAUSE_SECONDS)
        due = [now + int(pause * 1e9)]
        due += [child.next_start_ns for child in self._children if child.next_start_ns is not None]
        return max(0.0, (min(due) - now) / 1e9)

    def _take_events(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Child):
                self._reap(key.data)
            else:
                key.fileobj.recv(64)  # type: ignore[union-attr]

    def _reap(self, child: Child) -> None:
        pidfd = child.pidfd
        if pidfd is None or (pid := child.pid) is None:
            return
        self._selector.unregister(pidfd)
        how = child.reap()
        if how is None:
            self._selector.register(pidfd, selectors.EVENT_READ, child)
            return
        self._changed = True
        if child.stage.name == "store":
            self._store_answers = self._store_address is None
        if child.is_refused and not self._is_stopping:
            self._refused = child.stage.name
        elif child.state is State.RESTARTING and not self._is_stopping:
            self._report.event("warning", f"{child.stage.name} ended: {child.reason}", pid=pid)

    def _restart_due(self) -> None:
        now = self._clock.monotonic_ns()
        for child in self._children:
            if child.next_start_ns is not None and child.next_start_ns <= now:
                self._start(child)

    def _open_gates(self) -> None:
        for child in self._children:
            if child.state is State.HELD and all(self._is_there(name) for name in child.stage.after):
                child.go()
                self._changed = True

    def _is_there(self, name: str) -> bool:
        if name == "store":
            if not self._store_answers and self._store_address is not None:
                self._store_answers = answers_ping(*self._store_address)
            return self._store_answers
        return any(child.stage.name == name and child.state is State.DONE for child in self._children)

    def _ask_all(self) -> None:
        now = self._clock.monotonic_ns()
        steady_turn = now >= self._next_ask_ns
        if steady_turn:
            self._next_ask_ns = now + int(_STEADY_PAUSE_SECONDS * 1e9)
        for child in self._children:
            if child.stage.task or not child.is_running or child.state is State.HELD:
                continue
            if steady_turn or child.state is not State.READY:
                self._ask(child, also_live=steady_turn)
        is_ready = all(child.state in (State.READY, State.DONE) for child in self._children)
        if is_ready and not self._was_ready:
            self._was_ready = True
            seconds = (self._clock.monotonic_ns() - self._began_ns) / 1e9
            names = [child.stage.name for child in self._children if not child.stage.task]
            self._report.ready(seconds, names, [note for name in names for note in self._notes_of(name)])

    def _notes_of(self, stage: str) -> list[str]:
        status, text = ask(self._paths, stage, "/notes", _ASK_TIMEOUT_SECONDS)
        return text.splitlines() if status == 200 else []

    def _ask(self, child: Child, *, also_live: bool) -> None:
        before = child.state
        status, text = ask(self._paths, child.stage.name, "/readyz", _ASK_TIMEOUT_SECONDS)
        if also_live and status == 200 and before is State.READY:
            status, text = ask(self._paths, child.stage.name, "/livez", _ASK_TIMEOUT_SECONDS)
        reason = "" if status == 200 else "; ".join(text.split("\n")).strip("; ")
        self._changed |= child.told(status == 200, reason)
        if before is State.READY and child.state is State.UNREADY:
            self._report.event("warning", f"{child.stage.name} is not ready: {reason}")
        elif before is State.UNREADY and child.state is State.READY:
            self._report.event("info", f"{child.stage.name} is ready again")

    def _write_state(self) -> None:
        if not self._changed:
            return
        self._changed = False
        try:
            write_state(self._paths, self._report, self._children, ready=self._was_ready)
        except OSError as error:
            if not self._cannot_write:
                # A failing write, unlike a failing open, does not say which file it was.
                place = error.filename or self._paths.run
                self._report.event("warning", f"{place}: cannot be written: {error.strerror}; going on")
            self._cannot_write = True
        else:
            self._cannot_write = False

    def _drain(self) -> None:
        self._report.event("info", "stopping: the agent first, then what it collected is stored")
        end_ns = self._clock.monotonic_ns() + int(DRAIN_SECONDS * 1e9)
        left: list[str] = []
        for turn in sorted({child.stage.drain_turn for child in self._children}):
            group = [child for child in self._children if child.stage.drain_turn == turn]
            turn_ends_ns = end_ns - int(_TURN_ENDS_BEFORE_END_SECONDS[turn] * 1e9)
            for child in group:
                if child.stage.empties:
                    left += self._await_empty(child, turn_ends_ns - int(_EMPTY_BEFORE_TURN_ENDS_SECONDS * 1e9))
                child.signal(signal.SIGTERM)
            self._await_end(group, turn_ends_ns)
        if left:
            self._report.event("warning", f"stopped; the rest stays where it is for the next start: {'; '.join(left)}")
        else:
            self._report.event("info", "stopped; all that was collected is stored")

    def _await_empty(self, child: Child, until_ns: int) -> list[str]:
        """Wait until a stage has handed on all that it was given; return a line with what is left, empty if nothing."""
        left = child.reason or "it did not run"
        while child.is_running and child.state is not State.HELD:
            status, text = ask(self._paths, child.stage.name, "/drainz", _ASK_TIMEOUT_SECONDS)
            if status == 200:
                return []
            left = text.strip()
            if self._is_over(until_ns):
                break
            self._take_events(_STARTING_PAUSE_SECONDS)
        return [f"{child.stage.name}: {left}"]

    def _await_end(self, group: Iterable[Child], until_ns: int) -> None:
        group = tuple(group)
        killed = False
        while any(child.is_running for child in group):
            if self._is_over(until_ns) and not killed:
                killed = True
                why = "was not waited for" if self._stop_signals > 1 else "did not end in time"
                for child in group:
                    if child.is_running:
                        self._report.event("warning", f"{child.stage.name} {why} and is killed")
                        child.signal(signal.SIGKILL)
            self._take_events(_STARTING_PAUSE_SECONDS)
        for child in group:
            child.stopped()
        self._changed = True
        self._write_state()

    def _is_over(self, until_ns: int) -> bool:
        # A second signal means: now.
        return self._stop_signals > 1 or self._clock.monotonic_ns() >= until_ns


def wait_until_gone(pids: Iterable[int], seconds: float, clock: Clock) -> list[int]:
    """Wait for processes that are ending; return those that still run after `seconds`."""
    descriptors: dict[int, int] = {}
    for pid in pids:
        try:
            descriptors[os.pidfd_open(pid)] = pid
        except ProcessLookupError:
            continue
    deadline = clock.monotonic_ns() + int(seconds * 1e9)
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while descriptors and (left := (deadline - clock.monotonic_ns()) / 1e9) > 0:
            for key, _ in selector.select(left):
                selector.unregister(key.fd)
                os.close(key.fd)
                del descriptors[key.fd]
    for descriptor in descriptors:
        os.close(descriptor)
    return list(descriptors.values())
