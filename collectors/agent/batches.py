"""Encoded messages of the native core to batches of the spool."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from viflux.registry.kinds import KINDS
from viflux.spool import STATEMENT_BEGINS, STATEMENT_ENDS, Batch

Encoded: TypeAlias = tuple[bytes | memoryview, int, int, int]
"""Payload, rows, first and last event time in ns."""


def batches(stream: str, messages: Iterable[Encoded], *, is_statement: bool = False) -> list[Batch]:
    """Return batches of one stream, in the order of the messages.

    Args:
        stream: Record kind and source, such as `counters.netlink`.
        messages: What the native core encoded.
        is_statement: Whether they are, together, a complete statement of the stream.
    """
    kind = KINDS[stream.partition(".")[0]]
    messages = list(messages)
    return [
        Batch(
            stream=stream,
            kind=kind.name,
            version=kind.version,
            rows=rows,
            first_time_ns=first_time_ns,
            last_time_ns=last_time_ns,
            payload=payload,
            statement=_statement(at, len(messages)) if is_statement else 0,
        )
        for at, (payload, rows, first_time_ns, last_time_ns) in enumerate(messages)
    ]


def _statement(at: int, count: int) -> int:
    return (STATEMENT_BEGINS if at == 0 else 0) | (STATEMENT_ENDS if at == count - 1 else 0)
