"""Pieces: the rows of an intent split by table and day, each one insert and so one part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from collectors._native import join_flows
from ingest.processor.arrow import TIME, labels, numbers, parts_of_rows
from ingest.processor.batches import Rows
from ingest.processor.identity import Identity, identity_of
from ingest.processor.intent import Intent
from viflux.registry import KINDS


@dataclass(frozen=True)
class Piece:
    """One insert. The same intent and batches always give the same pieces, in the same order.

    Attributes:
        table: Name of the raw table.
        day: Days since the epoch.
        rows: What it holds, in the order of the source.
        token: Guards two tries of it that run at once.
        is_own: Its rows are the intent's own, in one block: where any of them is, all are, and a second try may say
            them in other words.
    """

    table: str
    day: int
    rows: tuple[Rows, ...]
    token: str
    is_own: bool = False

    @property
    def count(self) -> int:
        """How many rows it has."""
        return sum(part.count for part in self.rows)

    @property
    def identities(self) -> list[Identity]:
        """Identity of each batch in it."""
        return [identity_of(part.entry) for part in self.rows]

    @property
    def bounds_ns(self) -> tuple[int, int]:
        """Earliest and latest event time."""
        return min(part.first_time_ns for part in self.rows), max(part.last_time_ns for part in self.rows)

    def body(self) -> bytes | pa.Table:
        """Return its rows with the frame columns: an Arrow IPC stream, or what becomes one."""
        told = [
            (part.glance, said.host, said.boot_id, part.entry.spool_id, said.stream, said.sequence)
            for part in self.rows
            for said in [part.entry.frame.metadata]
            if part.glance is not None
        ]
        joined = join_flows(told) if len(told) == len(self.rows) else None
        return self.block() if joined is None else joined

    def block(self) -> pa.Table:
        """Return its rows with the frame columns, in one chunk; a column that a batch has not is null in its rows."""
        said = [part.entry.frame.metadata for part in self.rows]
        parts = parts_of_rows([part.count for part in self.rows])
        table = pa.concat_tables([part.table for part in self.rows], promote_options="default").combine_chunks()
        frame = {
            "host": labels([what.host for what in said], parts),
            "boot_id": labels([what.boot_id for what in said], parts),
            "spool_id": labels([part.entry.spool_id for part in self.rows], parts),
            "stream": labels([what.stream for what in said], parts),
            "sequence": numbers([what.sequence for what in said], parts, pa.uint64()),
            "received_time": numbers([what.sealed_time_ns for what in said], parts, TIME),
        }
        for name, column in frame.items():
            if name not in table.schema.names:
                table = table.append_column(name, column)
        return table


def pieces_of(source: str, intent: Intent, rows: Iterable[Rows]) -> list[Piece]:
    """Split rows by table and day, and where a piece would grow too large, between two batches.

    Args:
        source: Name and id of the source, for the token: the same for every owner of it.
        intent: Says how large a piece may be.
        rows: In the order of the source.
    """
    groups: dict[tuple[str, int], list[Rows]] = {}
    for part in rows:
        groups.setdefault((KINDS[part.entry.frame.metadata.kind].table_name, part.day), []).append(part)
    pieces: list[Piece] = []
    for (table, day), parts in sorted(groups.items(), key=lambda group: group[0]):
        for index, chunk in enumerate(_chunks(parts, intent.piece_rows, intent.piece_bytes)):
            token = f"{source}/{_span(intent)}/{table}/{day}/{index}"
            pieces.append(Piece(table, day, tuple(chunk), token))
    return pieces


def own_piece(source: str, intent: Intent, rows: Rows) -> Piece:
    """Return the one piece of the intent's own rows of a table, however many they are."""
    table = KINDS[rows.entry.frame.metadata.kind].table_name
    return Piece(table, rows.day, (rows,), f"{source}/{_span(intent)}/{table}/{rows.day}/0", is_own=True)


def _span(intent: Intent) -> str:
    return f"{intent.start.segment}.{intent.start.offset}-{intent.end.segment}.{intent.end.offset}"


def _chunks(parts: Sequence[Rows], most_rows: int, most_bytes: int) -> list[list[Rows]]:
    chunks: list[list[Rows]] = []
    rows = size = 0
    for part in parts:
        rows += part.count
        size += part.nbytes
        if not chunks or rows > most_rows or size > most_bytes:
            chunks.append([])
            rows, size = part.count, part.nbytes
        chunks[-1].append(part)
    return chunks
