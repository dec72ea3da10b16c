"""The batch frame: one Arrow batch with its identity and a checksum, as it lies in a spool segment.

Byte layout; integers are little-endian:

| offset | bytes | field |
|---|---|---|
| 0 | 4 | magic `VFB1` |
| 4 | 8 | xxh3-64 of everything behind it, so of the bytes from offset 12 to the frame's end |
| 12 | 4 | length of the metadata and the payload together |
| 16 | 2 | length of the metadata |
| 18 | … | metadata: the fields of `Metadata` in their order, one msgpack array |
| … | … | payload: one Arrow IPC stream, at most 512 KiB |

The spool's id is not in the frame but in the header of its segment. A longer metadata array than this version knows is
read (the rest is ignored); a shorter one gets the defaults.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import msgspec
import xxhash

MAGIC = b"VFB1"
MAX_PAYLOAD_BYTES = 512 * 1024
MAX_METADATA_BYTES = 0xFFFF

STATEMENT_BEGINS = 1
STATEMENT_ENDS = 2

_FIXED = struct.Struct("<4sQIH")
_CHECKED = struct.Struct("<IH")
FIXED_BYTES = _FIXED.size
_CHECKSUM_COVERS_FROM = 12
MAX_FRAME_BYTES = FIXED_BYTES + MAX_METADATA_BYTES + MAX_PAYLOAD_BYTES


class Unread(msgspec.Struct, array_like=True, frozen=True):
    """What a stream lost before it became a batch.

    Attributes:
        stream: The stream.
        cause: Such as `socket`, `shed`, `exporter_gap`, `parked` or `spool_refused`.
        rows: How many rows.
        datagrams: How many datagrams they were in; 0 where they were in none.
        rows_origin: `counted`; `estimated` from the mean of others; `at_most`; `unknown`.
        first_time_ns: Since when it was lost, 0 for unknown; the agent's ledger sets it.
        last_time_ns: Until when, 0 for unknown.
    """

    stream: str
    cause: str
    rows: int
    datagrams: int = 0
    rows_origin: str = "counted"
    first_time_ns: int = 0
    last_time_ns: int = 0


@dataclass(frozen=True)
class Batch:
    """One Arrow batch, before the spool has given it an identity.

    Attributes:
        stream: One record kind from one source, such as `counters.netlink`.
        kind: Record kind, a key of `viflux.registry.KINDS`.
        version: Version of the kind's schema.
        rows: Rows in the payload, at least 1.
        first_time_ns: Earliest event time of the rows, UTC nanoseconds.
        last_time_ns: Latest event end of the rows, UTC nanoseconds.
        payload: One Arrow IPC stream, at most 512 KiB; a view must not change.
        statement: Bit 1: first batch of a complete statement of the stream; bit 2: last one.
        unread: Of a ledger batch: what it is the first to tell of. Where it is evicted, the spool has that told again.
    """

    stream: str
    kind: str
    version: int
    rows: int
    first_time_ns: int
    last_time_ns: int
    payload: bytes | memoryview
    statement: int = 0
    unread: tuple[Unread, ...] = ()


class Metadata(msgspec.Struct, array_like=True, frozen=True):
    """What a frame says about its payload; the order of the fields is the order on disk.

    Attributes:
        stream: As in `Batch`.
        sequence: Number of the batch in its stream, from 1.
        kind: As in `Batch`.
        version: As in `Batch`.
        rows: As in `Batch`.
        first_time_ns: As in `Batch`.
        last_time_ns: As in `Batch`.
        sealed_time_ns: When the batch was closed; `received_time` of its rows.
        host: Host that the rows are about.
        boot_id: The host's boot.
        statement: As in `Batch`.
        ends_commit: Whether the frame is the last one of a group commit; only whole groups survive a power loss.
        settles: Numbers of the losses that this batch has written into the ledger.
        unread: As in `Batch`; what was told before and is told again is in `settles` instead.
    """

    stream: str
    sequence: int
    kind: str
    version: int
    rows: int
    first_time_ns: int
    last_time_ns: int
    sealed_time_ns: int
    host: str
    boot_id: str
    statement: int = 0
    ends_commit: bool = False
    settles: tuple[int, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class Frame:
    """A decoded frame: what it says, its payload, its checksum, and its length in bytes."""

    metadata: Metadata
    payload: bytes
    checksum: int
    length: int

    def batch(self) -> Batch:
        """Return the batch without its identity."""
        said = self.metadata
        return Batch(
            stream=said.stream,
            kind=said.kind,
            version=said.version,
            rows=said.rows,
            first_time_ns=said.first_time_ns,
            last_time_ns=said.last_time_ns,
            payload=self.payload,
            statement=said.statement,
            unread=said.unread,
        )


class FrameError(Exception):
    """The bytes are not one whole, undamaged frame; the message says what is wrong with them."""


class FrameCutError(FrameError):
    """The bytes end before the frame does."""


class FrameTooLargeError(ValueError):
    """A batch does not fit into a frame; whoever made it must split it."""


_decode_metadata = msgspec.msgpack.Decoder(Metadata).decode
_encode_metadata = msgspec.msgpack.Encoder().encode


def encode(metadata: Metadata, payload: bytes | memoryview) -> bytes:
    """Return the bytes of a frame.

    Raises:
        FrameTooLargeError: The payload is longer than 512 KiB, or the metadata than 64 KiB.
    """
    return head_of(metadata, payload) + payload


def head_of(metadata: Metadata, payload: bytes | memoryview) -> bytes:
    """Return the bytes of a frame before its payload, so that a large payload need not be copied to be written.

    Raises:
        FrameTooLargeError: The payload is longer than 512 KiB, or the metadata than 64 KiB.
    """
    said = _encode_metadata(metadata)
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise FrameTooLargeError(
            f"payload of {len(payload)} bytes in {metadata.stream}; the limit is {MAX_PAYLOAD_BYTES}"
        )
    if len(said) > MAX_METADATA_BYTES:
        raise FrameTooLargeError(
            f"metadata of {len(said)} bytes in {metadata.stream}; the limit is {MAX_METADATA_BYTES}"
        )
    checked = _CHECKED.pack(len(said) + len(payload), len(said)) + said
    checksum = xxhash.xxh3_64(checked)
    checksum.update(payload)
    return MAGIC + checksum.intdigest().to_bytes(8, "little") + checked


def length_of(head: bytes) -> int:
    """Return the whole frame's length, from its first 18 bytes.

    Raises:
        FrameCutError: There are fewer than 18 bytes.
        FrameError: It is no frame, or the length is impossible.
    """
    if len(head) < FIXED_BYTES:
        raise FrameCutError(f"{len(head)} bytes where a frame's head has {FIXED_BYTES}")
    magic, _, length, said = _FIXED.unpack_from(head)
    if magic != MAGIC:
        raise FrameError(f"magic {magic.hex()} where {MAGIC.hex()} was expected")
    if said > length or length - said > MAX_PAYLOAD_BYTES:
        raise FrameError(f"impossible lengths: metadata {said}, with payload {length}")
    return FIXED_BYTES + int(length)


def decode_metadata(data: bytes) -> Metadata:
    """Return what the frame at the start of `data` says, without checking the payload.

    Raises:
        FrameCutError: `data` ends within the metadata.
        FrameError: The metadata cannot be read.
    """
    length_of(data)
    end = FIXED_BYTES + _FIXED.unpack_from(data)[3]
    if len(data) < end:
        raise FrameCutError(f"{len(data)} bytes where the metadata ends at {end}")
    try:
        return _decode_metadata(data[FIXED_BYTES:end])
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: text that is not UTF-8
        raise FrameError(f"unreadable metadata: {error}") from error


def decode(data: bytes) -> Frame:
    """Return the frame at the start of `data`; what follows it is ignored.

    Raises:
        FrameCutError: `data` ends before the frame does.
        FrameError: The bytes are no frame, or are damaged.
    """
    length = length_of(data)
    if len(data) < length:
        raise FrameCutError(f"{len(data)} bytes where the frame has {length}")
    checksum = _FIXED.unpack_from(data)[1]
    found = xxhash.xxh3_64_intdigest(memoryview(data)[_CHECKSUM_COVERS_FROM:length])
    if found != checksum:
        raise FrameError(f"checksum {found:016x} where the frame says {checksum:016x}")
    payload_at = FIXED_BYTES + _FIXED.unpack_from(data)[3]
    return Frame(
        metadata=decode_metadata(data), payload=bytes(data[payload_at:length]), checksum=checksum, length=length
    )


def joined(head: bytes, payload: bytes) -> Frame:
    """Return the frame whose head and payload travelled apart; the payload is not copied.

    Raises:
        FrameError: They are no frame, do not belong together, or are damaged.
    """
    length = length_of(head)
    _, checksum, _, said = _FIXED.unpack_from(head)
    if len(head) != FIXED_BYTES + said or len(head) + len(payload) != length:
        raise FrameError(f"head of {len(head)} and payload of {len(payload)} bytes where the frame has {length}")
    found = xxhash.xxh3_64(head[_CHECKSUM_COVERS_FROM:])
    found.update(payload)
    if found.intdigest() != checksum:
        raise FrameError(f"checksum {found.intdigest():016x} where the frame says {checksum:016x}")
    return Frame(metadata=decode_metadata(head), payload=payload, checksum=checksum, length=length)
