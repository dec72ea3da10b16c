"""A segment: one file of the log. Its header, and how its frames are walked through.

A segment's file is named after its number (`00000000000000000001.segment`). Header layout, little-endian:

| offset | bytes | field |
|---|---|---|
| 0 | 8 | magic `VFLXSEG` and a zero byte |
| 8 | 4 | version of the spool's format |
| 12 | 4 | length of the rest of the header behind the checksum |
| 16 | 8 | xxh3-64 of the first 16 bytes and of what follows the checksum |
| 24 | … | the fields of `Header`, one msgpack map |

Frames (`viflux.frame`) follow without a gap. Only whole group commits count: the last frame of each says so.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import xxhash

from viflux import frame
from viflux.spool.errors import SpoolCorrupt

FORMAT_VERSION = 1
MAGIC = b"VFLXSEG\0"
_SUFFIX = ".segment"
_FIXED = struct.Struct("<8sIIQ")
_MAX_HEADER_BYTES = 4 << 20
_READ_BYTES = 1 << 20


class Header(msgspec.Struct, frozen=True):
    """What is known when a segment begins.

    Attributes:
        spool_id: 32 hex digits.
        number: The segment's own number, from 1.
        next_sequence: For each stream the sequence that its next batch gets.
        previous_end: Where the segment before this one ends: bytes behind that were never committed.
    """

    spool_id: str
    number: int
    next_sequence: dict[str, int]
    previous_end: int = 0


class HeaderError(Exception):
    """A segment's header is missing or damaged."""


@dataclass(frozen=True)
class Placed:
    """A frame's metadata and where the frame lies."""

    metadata: frame.Metadata
    offset: int
    length: int


@dataclass(frozen=True)
class Damage:
    """Bytes of a segment that hold no readable frame.

    Attributes:
        offset: Where they begin.
        length: How many they are.
        reason: What was wrong with the first frame in them.
        said: What the frames say that they were, where heads are readable and their lengths fill the bytes to the
            last one; empty where they do not.
    """

    offset: int
    length: int
    reason: str
    said: tuple[frame.Metadata, ...] = ()


def path_of(folder: Path, number: int) -> Path:
    """Return the file of a segment."""
    return folder / f"{number:020d}{_SUFFIX}"


def numbers_in(folder: Path) -> list[int]:
    """Return the numbers of the segments in a folder, ascending."""
    names = (entry.name for entry in os.scandir(folder))
    return sorted(int(name.removesuffix(_SUFFIX)) for name in names if name.endswith(_SUFFIX) and name[:-8].isdigit())


def encode_header(header: Header) -> bytes:
    """Return the header's bytes."""
    said = msgspec.msgpack.encode(header)
    head = struct.pack("<8sII", MAGIC, FORMAT_VERSION, len(said))
    return head + xxhash.xxh3_64_intdigest(head + said).to_bytes(8, "little") + said


def read_header(descriptor: int, path: Path) -> tuple[Header, int]:
    """Return a segment's header and the offset of its first frame.

    Raises:
        HeaderError: It is missing or damaged.
        SpoolCorrupt: A newer version wrote it.
    """
    fixed = os.pread(descriptor, _FIXED.size, 0)
    if len(fixed) < _FIXED.size or not fixed.startswith(MAGIC):
        raise HeaderError(f"no segment header in its first {len(fixed)} bytes")
    _, version, length, checksum = _FIXED.unpack(fixed)
    if length > _MAX_HEADER_BYTES:
        raise HeaderError(f"impossible header length {length}")
    said = os.pread(descriptor, length, _FIXED.size)
    if xxhash.xxh3_64_intdigest(fixed[:16] + said) != checksum:
        raise HeaderError("checksum of the header does not match")
    if version > FORMAT_VERSION:
        raise SpoolCorrupt(
            f"{path} has spool format {version} and this version of Viflux reads up to {FORMAT_VERSION}; "
            "install the newer version again, or start with another data folder"
        )
    return msgspec.msgpack.decode(said, type=Header), _FIXED.size + length


def read_frame(descriptor: int, offset: int, end: int) -> frame.Frame:
    """Return the frame at `offset`, which must end at or before `end`.

    Raises:
        frame.FrameError: There is none, or it is damaged.
    """
    length = frame.length_of(os.pread(descriptor, min(frame.FIXED_BYTES, end - offset), offset))
    if offset + length > end:
        raise frame.FrameCutError(f"frame of {length} bytes where {end - offset} are left")
    return frame.decode(os.pread(descriptor, length, offset))


def walk(descriptor: int, offset: int, end: int, *, check: bool) -> Iterator[Placed | Damage]:
    """Yield what lies between two offsets of a segment, frame by frame.

    Args:
        descriptor: The segment's file.
        offset: Where a frame begins.
        end: Where to stop.
        check: Verify each checksum; without it only the metadata is read, which is enough for an index.
    """
    while offset < end:
        try:
            if check:
                found = read_frame(descriptor, offset, end)
                placed = Placed(found.metadata, offset, found.length)
            else:
                placed = _indexed(descriptor, offset, end)
        except frame.FrameError as error:
            behind = _next_frame(descriptor, offset + 1, end)
            yield Damage(offset, behind - offset, str(error), _heads(descriptor, offset, behind))
            offset = behind
            continue
        yield placed
        offset += placed.length


def _indexed(descriptor: int, offset: int, end: int) -> Placed:
    head = os.pread(descriptor, min(1024, end - offset), offset)
    length = frame.length_of(head)
    if offset + length > end:
        raise frame.FrameCutError(f"frame of {length} bytes where {end - offset} are left")
    try:
        return Placed(frame.decode_metadata(head), offset, length)
    except frame.FrameCutError:
        head = os.pread(descriptor, min(frame.FIXED_BYTES + frame.MAX_METADATA_BYTES, end - offset), offset)
        return Placed(frame.decode_metadata(head), offset, length)


def _heads(descriptor: int, offset: int, end: int) -> tuple[frame.Metadata, ...]:
    # A disk mostly loses bytes of payloads: what was in them is then known from the head, proved by no checksum.
    said: list[frame.Metadata] = []
    while offset < end:
        try:
            placed = _indexed(descriptor, offset, end)
        except frame.FrameError:
            return ()
        said.append(placed.metadata)
        offset += placed.length
    return tuple(said)


def _next_frame(descriptor: int, offset: int, end: int) -> int:
    # A magic in a payload is no frame: only one whose checksum holds ends the damage.
    overlap = len(frame.MAGIC) - 1
    while offset < end:
        data = os.pread(descriptor, min(_READ_BYTES, end - offset), offset)
        if not data:
            return end
        at = data.find(frame.MAGIC)
        while at >= 0:
            try:
                read_frame(descriptor, offset + at, end)
            except frame.FrameError:
                at = data.find(frame.MAGIC, at + 1)
            else:
                return offset + at
        offset += max(len(data) - overlap, 1)
    return end
