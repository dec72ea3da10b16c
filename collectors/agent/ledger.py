"""The agent's account of each stream: what it handed over, until when that is all, and what the spool lost of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from collectors import _native
from collectors.agent.batches import batches
from viflux.spool import Batch, Loss, Unread

STREAM = "ledger.agent"


@dataclass(frozen=True)
class _Row:
    of_stream: str
    time: int
    duration_ns: int
    watermark_time: int
    rows_count: int = 0
    out_bytes: int = 0
    batches_count: int = 0
    through_sequence: int = 0
    lost_rows_count: int = 0
    lost_rows_origin: str = ""
    lost_batches_count: int = 0
    lost_through_sequence: int = 0
    cause: str = ""
    first_event_time: int = 0
    last_event_time: int = 0


class Ledger:
    """Writes one row a stream for each hand-over that has rows of it, and one for each heartbeat.

    Args:
        streams: All streams of this agent, known from the start: a silent one has a heartbeat too.
        now_ns: Where the first row's interval begins.
    """

    def __init__(self, streams: Iterable[str], now_ns: int) -> None:
        self._since = dict.fromkeys(streams, now_ns)
        self._watermarks = dict.fromkeys(self._since, 0)
        self._proposed: tuple[set[str], dict[str, int], int] = (set(), {}, now_ns)

    @property
    def streams(self) -> tuple[str, ...]:
        """All streams that it accounts for."""
        return tuple(self._since)

    def propose(
        self,
        handed_over: Sequence[Batch],
        watermarks: dict[str, int],
        losses: Sequence[Loss],
        now_ns: int,
        *,
        is_heartbeat: bool,
        next_sequence: Callable[[str], int],
        unread: Sequence[Unread] = (),
    ) -> list[Batch]:
        """Return the ledger's batches for a hand-over; they belong into the same commit, behind what they account for.

        Args:
            handed_over: All batches of the commit.
            watermarks: For each stream the instant before which all its events are in this or earlier commits.
            losses: What the spool lost, or lost the account of, and no ledger row has named.
            now_ns: End of the interval.
            is_heartbeat: Whether streams without rows get a row too.
            next_sequence: The number that the spool gives to a stream's first batch of this commit.
            unread: What was lost before it became a batch.
        """
        rows: list[_Row] = []
        for stream, since in self._since.items():
            own = [batch for batch in handed_over if batch.stream == stream]
            if not own and not is_heartbeat:
                continue
            rows.append(
                _Row(
                    of_stream=stream,
                    time=min(since, now_ns),
                    duration_ns=max(0, now_ns - since),
                    watermark_time=self._watermark(stream, watermarks),
                    rows_count=sum(batch.rows for batch in own),
                    out_bytes=sum(len(batch.payload) for batch in own),
                    batches_count=len(own),
                    through_sequence=next_sequence(stream) - 1 + len(own),
                    first_event_time=min((batch.first_time_ns for batch in own), default=0),
                    last_event_time=max((batch.last_time_ns for batch in own), default=0),
                )
            )
        accounted = {row.of_stream for row in rows}
        # What has no number must not be told twice: it is in the batch whose eviction has it told again.
        losses = sorted(losses, key=lambda loss: loss.through_sequence == 0)
        last = len(rows) + sum(loss.through_sequence > 0 for loss in losses)
        rows += [
            _Row(
                of_stream=loss.stream,
                time=now_ns,
                duration_ns=0,
                watermark_time=self._watermark(loss.stream, watermarks),
                lost_rows_count=loss.rows,
                lost_rows_origin=loss.rows_origin,
                lost_batches_count=loss.batches,
                lost_through_sequence=loss.through_sequence,
                cause=loss.cause,
                first_event_time=loss.first_time_ns,
                last_event_time=loss.last_time_ns,
            )
            for loss in losses
        ]
        first_told = [
            msgspec.structs.replace(
                lost, first_time_ns=min(self._since.get(lost.stream, now_ns), now_ns), last_time_ns=now_ns
            )
            for lost in unread
        ]
        rows += [
            _Row(
                of_stream=lost.stream,
                time=lost.first_time_ns,
                duration_ns=lost.last_time_ns - lost.first_time_ns,
                watermark_time=self._watermark(lost.stream, watermarks),
                lost_rows_count=lost.rows,
                lost_rows_origin=lost.rows_origin,
                lost_batches_count=lost.datagrams,
                cause=lost.cause,
                first_event_time=lost.first_time_ns,
                last_event_time=lost.last_time_ns,
            )
            for lost in first_told
        ]
        self._proposed = (accounted, watermarks, now_ns)
        if not rows:
            return []
        told = batches(STREAM, _encoded(rows))
        if len(told) > 1 and 0 < last < len(rows):
            told = [*batches(STREAM, _encoded(rows[:last])), *batches(STREAM, _encoded(rows[last:]))]
        told[-1] = replace(told[-1], unread=tuple(first_told))
        return told

    def commit(self) -> None:
        """The proposed rows are written: their intervals are done."""
        accounted, watermarks, now_ns = self._proposed
        for stream in accounted:
            self._since[stream] = now_ns
        for stream in self._watermarks:
            self._watermarks[stream] = self._watermark(stream, watermarks)

    def _watermark(self, stream: str, watermarks: dict[str, int]) -> int:
        # A clock that is set back must not take back what was promised.
        return max(self._watermarks.get(stream, 0), watermarks.get(stream, 0))


def _encoded(rows: Sequence[_Row]) -> list[tuple[bytes, int, int, int]]:
    return _native.encode_ledger(
        time=[row.time for row in rows],
        duration_ns=[row.duration_ns for row in rows],
        of_stream=[row.of_stream for row in rows],
        rows_count=[row.rows_count for row in rows],
        out_bytes=[row.out_bytes for row in rows],
        batches_count=[row.batches_count for row in rows],
        through_sequence=[row.through_sequence for row in rows],
        lost_rows_count=[row.lost_rows_count for row in rows],
        lost_rows_origin=[row.lost_rows_origin for row in rows],
        lost_batches_count=[row.lost_batches_count for row in rows],
        lost_through_sequence=[row.lost_through_sequence for row in rows],
        cause=[row.cause for row in rows],
        watermark_time=[row.watermark_time for row in rows],
        first_event_time=[row.first_event_time for row in rows],
        last_event_time=[row.last_event_time for row in rows],
    )
