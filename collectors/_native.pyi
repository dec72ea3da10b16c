# ruff: noqa: PYI021 - the stub is the only place where Python readers find what the native core does
"""The native core of the collectors, built from `collectors/native`."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias

# One Arrow IPC stream (buffers zstd, at most 512 KiB), its rows, and the first and last event time in ns.
_Encoded: TypeAlias = tuple[bytes, int, int, int]

class WatchCounts:
    """What a watch counted since it was made; `vifs` and `namespaces` are of now."""

    vifs: int
    namespaces: int
    events: int
    overflows: int
    malformed: int
    corrections: int
    scans: int
    unread_namespaces: int

class HostWatch:
    """This host's interfaces under watch: asks the kernel, keeps the table of VIFs, gives rows as encoded batches.

    What `inventory`, `events`, `last_readings` and `sweep` return is one proposal; `commit` says that it was written
    for good, `discard` that it was not, and then it is proposed again. Every call releases the interpreter.
    """

    def __init__(
        self,
        *,
        host: str,
        machine_id: bytes,
        boot_id: bytes,
        interval_ns: int,
        namespace_dirs: Sequence[str | PathLike[str]],
        all_namespaces: bool,
        uplinks: Sequence[str] = (),
    ) -> None:
        """Start to listen to the kernel; nothing is known before the first `resync`.

        Args:
            host: First part of each `vif_key`.
            machine_id: 16 bytes.
            boot_id: 16 bytes.
            interval_ns: Time between two sweeps; a reading that is later than 1.5 times this is a gap.
            namespace_dirs: Folders whose files are named namespaces.
            all_namespaces: Watch other namespaces too, as far as the process may.
            uplinks: Names in the agent's namespace that count as physical ports though they are virtual.

        Raises:
            ValueError: An id does not have 16 bytes.
            OSError: The kernel refuses a netlink socket.
        """

    def restore(
        self, inventory: Sequence[bytes], counters: Sequence[bytes], *, is_newest: bool = True
    ) -> tuple[int, int]:
        """Put back what an earlier run wrote, oldest payload first; to be called before the first `resync`.

        Payloads of another boot are passed over. Where newer counters than these were lost (`is_newest` is false), none
        are taken and each VIF begins with a new baseline: what it counted since may be stored already.

        Returns:
            How many rows of inventory and of counters were taken.

        Raises:
            ValueError: A payload cannot be decoded.
        """

    def poll(self, timeout_ns: int) -> bool:
        """Take in what happens, waiting up to `timeout_ns` for the first of it; a signal ends the wait.

        Returns:
            Whether there are rows to propose besides a sweep.

        Raises:
            OSError: The kernel's socket broke.
        """

    def resync(self) -> None:
        """Read every namespace whole: corrects (and counts) what events missed, and takes note of what is gone.

        Raises:
            OSError: The kernel's socket broke, or `/proc` cannot be listed. An unreadable namespace is no error.
        """

    def sweep(self) -> tuple[list[_Encoded], int, int]:
        """Read all counters.

        Returns:
            Batches of kind `counters` with a row for each VIF (and the last readings); the instant before which they
            and earlier ones tell all, 0 if nothing was read; how many namespaces could not be read.

        Raises:
            RuntimeError: The kernel's socket broke.
        """

    def inventory(self, now_ns: int, whole: bool) -> list[_Encoded]:
        """Return batches of kind `inventory`: VIFs that changed, came or went, or with `whole` all that live too."""

    def events(self) -> list[_Encoded]:
        """Return batches of kind `events`: what the table noticed."""

    def last_readings(self) -> list[_Encoded]:
        """Return batches of kind `counters`: the last row of each VIF that ended with a reading."""

    def commit(self) -> None:
        """Say that all that was proposed since the last commit or discard is written for good."""

    def discard(self) -> None:
        """Say that nothing of it was written."""

    def settled_time_ns(self) -> int:
        """Return the instant before which everything that events told was taken in."""

    def problems(self) -> list[tuple[str, str]]:
        """Return (subject, detail) of what went wrong since the last call; the same one is told once."""

    def corrected(self) -> list[str]:
        """Return, for some of the corrections since the last call, the VIF's key and what was different."""

    def sees_all_namespaces(self) -> bool:
        """Whether changes in other namespaces are seen and heard."""

    def counts(self) -> WatchCounts:
        """Return what was counted so far."""

def missing_capabilities() -> list[tuple[str, str]]:
    """Return the name, and what is not seen without it, of each capability that a full view needs and is missing."""

def machine_id() -> bytes | None:
    """Return `/etc/machine-id` or D-Bus's copy, 16 bytes; None where there is neither."""

def boot_id() -> bytes:
    """Return the host's boot, `/proc/sys/kernel/random/boot_id`, 16 bytes."""

def encode_events(
    *,
    time: Sequence[int],
    event: Sequence[str],
    subject: Sequence[str],
    detail: Sequence[str],
    event_count: Sequence[int],
) -> list[_Encoded]:
    """Encode rows of `events` that are about no VIF; all columns have the same length."""

def encode_ledger(
    *,
    time: Sequence[int],
    duration_ns: Sequence[int],
    of_stream: Sequence[str],
    rows_count: Sequence[int],
    out_bytes: Sequence[int],
    lost_rows_count: Sequence[int],
    lost_batches_count: Sequence[int],
    cause: Sequence[str],
    watermark_time: Sequence[int],
    first_event_time: Sequence[int],
    last_event_time: Sequence[int],
) -> list[_Encoded]:
    """Encode rows of `ledger` with the stage `agent`; all columns have the same length."""
