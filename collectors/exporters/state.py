"""What a restart must know of exporters, as one file: templates, sampling rates, sequence numbers, untold accounts.

The file says after which batches of the spool it holds, and is written before they are committed, beside the one that
holds without them: whichever of the two fits the spool is the one that the next run takes.
"""

from __future__ import annotations

import binascii
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from viflux.spool.durable import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"VXEP"
_VERSION = 1
_HEAD = struct.Struct("<4sHIH")
"""Magic, version, CRC-32 of all that follows it, length of the position."""


class Position(msgspec.Struct, frozen=True):
    """A point between two commits of a spool, as one source sees it.

    Attributes:
        spool_id: Which spool.
        following: The sequence of the next batch, of each stream that the source may write.
    """

    spool_id: str
    following: dict[str, int]

    def is_past(self, other: Position) -> bool:
        """Whether all that `other` stands behind is before this point, too."""
        return self.spool_id == other.spool_id and all(
            self.following.get(stream, 1) >= sequence for stream, sequence in other.following.items()
        )


class Known(msgspec.Struct, frozen=True):
    """What an earlier run knew of exporters.

    Attributes:
        state: For the native core, which checks it; empty where the file is damaged or of another version.
        is_current: It holds for exactly the batches that the spool has.
        has_untold_accounts: No account was told since: those in it are to be told.
        has_numbers: Its sequence numbers are those of rows that the spool has.
    """

    state: bytes
    is_current: bool
    has_untold_accounts: bool
    has_numbers: bool


class StateFile:
    """The state of one source.

    Nothing is synced while the source runs: after a loss of power the file may be an older one or damaged, which its
    checksum and position show.

    Attributes:
        path: The file; beside it lies the one of a commit that is under way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(f"{path.name}.next")

    def resume(self, position: Position, accounts: str) -> Known | None:
        """Return what holds at the spool's position, else what comes nearest; None where nothing was kept.

        What was not chosen is removed for good: this run reaches the same position with other rows.

        Args:
            position: Where the spool is.
            accounts: The stream of accounts.
        """
        found = [(_split(data), path) for path in (self._next, self.path) if (data := _read(path)) is not None]
        current = [(known, path) for known, path in found if known is not None and known[0] == position]
        behind = [(known, path) for known, path in found if known is not None and position.is_past(known[0])]
        others = [(known, path) for known, path in found if known is not None]
        if current:
            (_, state), path = current[0]
            chosen = Known(state, is_current=True, has_untold_accounts=True, has_numbers=True)
        elif behind:
            (at, state), path = max(behind, key=lambda one: sum(one[0][0].following.values()))
            is_untold = at.following.get(accounts) == position.following.get(accounts)
            chosen = Known(state, is_current=False, has_untold_accounts=is_untold, has_numbers=True)
        elif others:
            (_, state), path = others[-1]
            chosen = Known(state, is_current=False, has_untold_accounts=False, has_numbers=False)
        elif found:
            # Damaged, or of another version.
            path = self.path
            chosen = Known(b"", is_current=False, has_untold_accounts=False, has_numbers=False)
        else:
            return None
        with suppress(OSError):
            if path == self._next:
                self._next.replace(self.path)
            else:
                self._next.unlink(missing_ok=True)
            sync_folder(self.path.parent)
        return chosen

    def prepare(self, state: bytes, position: Position) -> None:
        """Write what holds once the spool has reached `position`, beside what holds until then.

        Raises:
            OSError: It could not be written.
        """
        said = msgspec.msgpack.encode(position)
        body = struct.pack("<H", len(said)) + said
        sum_of_all = binascii.crc32(state, binascii.crc32(body))
        self.path.parent.mkdir(mode=0o750, exist_ok=True)
        self._next.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(self._next, flags, 0o640), "wb") as file:
                file.write(_HEAD.pack(_MAGIC, _VERSION, sum_of_all, len(said)))
                file.write(said)
                file.write(state)
        except OSError:
            self._next.unlink(missing_ok=True)
            raise

    def adopt(self) -> None:
        """The spool has reached the position of what was prepared.

        Raises:
            OSError: The file is as it was.
        """
        self._next.replace(self.path)


def _split(data: bytes) -> tuple[Position, bytes] | None:
    if len(data) < _HEAD.size:
        return None
    magic, version, checksum, length = _HEAD.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION) or binascii.crc32(data[_HEAD.size - 2 :]) != checksum:
        return None
    end = _HEAD.size + length
    try:
        return msgspec.msgpack.decode(data[_HEAD.size : end], type=Position), data[end:]
    except msgspec.MsgspecError:
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
