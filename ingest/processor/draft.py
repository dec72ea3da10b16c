"""Drafts of intents: what is about to be written down, over which batches, without which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs
from prometheus_client import Counter

from ingest.processor import metadata
from ingest.processor.delivery import PieceRefusedError
from ingest.processor.intent import Exclusion, Intent, Missing, State
from ingest.processor.ranges import Range

_MOST_REASON = 1000
_CUT = Counter("viflux_processor_cut_intents", "Intents that were cut because what is written down would be too long.")


def draft(
    state: State,
    found: Range,
    repeated: Sequence[Exclusion],
    missing: tuple[Missing, ...],
    *,
    now_ns: int,
    piece_rows: int,
    piece_bytes: int,
) -> Intent:
    """Return the intent over a range.

    Args:
        state: Before it.
        found: The range.
        repeated: What of it the store has already or must not take.
        missing: What never came.
        now_ns: The time.
        piece_rows: Most rows in a piece.
        piece_bytes: Most bytes in a piece.
    """
    return Intent(
        number=state.number + 1,
        start=found.start,
        end=found.end,
        batches=len(found.items),
        opened_time_ns=now_ns,
        piece_rows=piece_rows,
        piece_bytes=piece_bytes,
        tried=state.tried_until is not None,
        excluded=(*found.unusable, *repeated),
        missing=missing,
    )


def fitted(state: State, intent: Intent, found: Range, most_bytes: int | None) -> State:
    """Return the state with the intent open, over as many of its first batches as can be written down.

    Args:
        state: Before it.
        intent: The intent.
        found: Its batches.
        most_bytes: How long `metadata.encode` may be; one batch always fits. None for no limit.
    """
    opened = replace(state, number=intent.number, intent=intent)
    while most_bytes is not None and intent.batches > 1 and len(metadata.encode(opened)) > most_bytes:
        _CUT.inc()
        intent = cut(intent, found, intent.batches // 2)
        opened = replace(opened, intent=intent)
    return opened


def cut(intent: Intent, found: Range, batches: int) -> Intent:
    """Return an intent over its first batches."""
    end = found.items[batches].start
    return structs.replace(
        intent,
        end=end,
        batches=batches,
        excluded=tuple(each for each in intent.excluded if each.start < end),
        missing=tuple(each for each in intent.missing or () if each.start < end),
    )


def narrowed(intent: Intent, found: Range, refused: PieceRefusedError, number: int, now_ns: int) -> Intent:
    """Return the intent that follows one with a refused piece: half of its batches, or without the one batch."""
    intent = structs.replace(intent, number=number, opened_time_ns=now_ns, tried=True)
    parts = refused.piece.rows
    if len(parts) == 1:
        left_out = Exclusion(parts[0].entry.start, parts[0].day, "refused", refused.reason[:_MOST_REASON])
        return structs.replace(intent, excluded=(*intent.excluded, left_out))
    return cut(intent, found, len(found.until(parts[len(parts) // 2].entry.start).items))


def left_over(intent: Intent, found: Range, number: int) -> Intent:
    """Return the intent that follows one whose batches are partly gone or damaged, over those that are left."""
    known = {each.start for each in intent.excluded}
    return structs.replace(
        intent,
        number=number,
        end=found.end,
        batches=len(found.items),
        tried=True,
        excluded=(*intent.excluded, *(each for each in found.unusable if each.start not in known)),
    )


def worded(intent: Intent, found: Range) -> Intent:
    """Return an intent with the reasons that were not written down with it."""
    reasons = {each.start: each.reason for each in found.unusable}
    excluded = tuple(
        structs.replace(each, reason=each.reason or reasons.get(each.start, "")) for each in intent.excluded
    )
    return structs.replace(intent, excluded=excluded)
