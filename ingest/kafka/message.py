"""A batch as a Kafka message, and back.

| part of the message | holds |
|---|---|
| key | the host, UTF-8 |
| value | the batch's payload as it is: one Arrow IPC stream |
| header `viflux-spool` | the spool's id, 32 hex digits |
| header `viflux-frame` | the frame's head: magic, checksum, lengths, metadata (`viflux.frame`) |
| timestamp | when the batch was sealed, milliseconds |

Head and value together are the frame, so one checksum goes from the spool to the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from viflux import frame
from viflux.spool import Damaged, Entry, Position

SPOOL_HEADER = "viflux-spool"
FRAME_HEADER = "viflux-frame"

LARGEST_MESSAGE_BYTES = frame.MAX_FRAME_BYTES + 4096
"""No message is larger: a whole frame, with the key, the headers' names and the record's own fields."""

TOPIC_MESSAGE_BYTES = (1 << 20) + (128 << 10)
"""`max.message.bytes` of a topic: the largest set of messages that the shipper sends, and then some."""

_SPOOL_ID = re.compile(rb"[0-9a-f]{32}")
_MOST_DAMAGED_BYTES = 1 << 20
_SEGMENT = 1


@dataclass(frozen=True)
class Parts:
    """What a producer is given, besides topic and timestamp type."""

    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]
    timestamp_ms: int


class Received(Protocol):
    """What is read of a message that a consumer got (`confluent_kafka.Message`)."""

    def value(self) -> bytes | str | None:
        """Its value."""
        ...

    def headers(self) -> Any:
        """Its headers in their order, as pairs; None for none."""
        ...

    def offset(self) -> int | None:
        """Its offset."""
        ...


def parts_of(entry: Entry) -> Parts:
    """Return a batch as the parts of a message."""
    said = entry.frame.metadata
    return Parts(
        key=said.host.encode(),
        value=entry.frame.payload,
        headers=[
            (SPOOL_HEADER, entry.spool_id.encode()),
            (FRAME_HEADER, frame.head_of(said, entry.frame.payload)),
        ],
        timestamp_ms=said.sealed_time_ns // 1_000_000,
    )


def position_of(offset: int) -> Position:
    """Return the position of a Kafka offset: all of a partition is one segment."""
    return Position(_SEGMENT, offset)


def item_of(message: Received) -> Entry | Damaged:
    """Return the batch of a message; what is none, or is damaged, with its bytes and the reason.

    Bytes of damage are head and value together, as a frame lies in a spool, at most the first MiB.
    """
    start, end = position_of(message.offset() or 0), position_of((message.offset() or 0) + 1)
    headers = {name: bytes_of(value) for name, value in message.headers() or ()}
    payload = bytes_of(message.value())
    spool_id, head = headers.get(SPOOL_HEADER, b""), headers.get(FRAME_HEADER, b"")
    is_spool = _SPOOL_ID.fullmatch(spool_id) is not None
    reason = "" if is_spool else f"the header {SPOOL_HEADER} is not 32 hex digits"
    if FRAME_HEADER not in headers:
        reason = f"there is no header {FRAME_HEADER}: not written by the shipper"
    if not reason:
        try:
            return Entry(spool_id.decode(), frame.joined(head, payload), start, end)
        except frame.FrameError as error:
            reason = str(error)
    return Damaged(spool_id.decode() if is_spool else "", start, end, reason, (head + payload)[:_MOST_DAMAGED_BYTES])


def bytes_of(value: bytes | str | None) -> bytes:
    """Return a part of a message, which the library may give as text; empty for none."""
    return value.encode() if isinstance(value, str) else value or b""
