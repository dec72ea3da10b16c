"""A state in a kilobyte: what a source writes down that keeps an offset and a short text beside it (Kafka's commits).

The text is a version digit and base85 of a msgpack array, deflated where that makes it shorter:
`[number, tried until, intent]`, where an intent is an array of its fields. Exclusions and missing batches are columns
of differences, which deflate to a few bytes where a producer repeats thousands of batches in a row. Positions are
differences to the one before, the first to the cursor. Of the reasons only those of `refused` are kept, cut to
80 characters; the others can be found again from the batches.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import msgspec

from ingest.processor.intent import Exclusion, Intent, Missing, State
from viflux.spool import Position

VERSION = "1"
MOST_REASON = 80
_MOST_DECODED_BYTES = 1 << 20
_PLAIN, _DEFLATED = b"p", b"d"
_REFUSED = "refused"


class _Positions(msgspec.Struct, array_like=True, frozen=True):
    segments: tuple[int, ...]
    offsets: tuple[int, ...]


class _Exclusions(msgspec.Struct, array_like=True, frozen=True):
    starts: _Positions
    days: tuple[int, ...]
    causes: tuple[int, ...]
    names: tuple[str, ...]
    reasons: tuple[str, ...]


class _Intent(msgspec.Struct, array_like=True, frozen=True):
    bounds: _Positions
    batches: int
    opened_time_ns: int
    piece_rows: int
    piece_bytes: int
    tried: bool
    excluded: _Exclusions
    missing: _Positions
    missing_batches: tuple[int, ...]


class _State(msgspec.Struct, array_like=True, frozen=True):
    number: int
    tried_until: _Positions | None
    intent: _Intent | None


class UnreadableError(ValueError):
    """The text is no state of a version that is known."""


def encode(state: State) -> str:
    """Return what has to be written down beside the cursor, ASCII."""
    intent = state.intent
    said = _State(
        number=state.number,
        tried_until=None if state.tried_until is None else _differences(state.cursor, [state.tried_until]),
        intent=None if intent is None else _of_intent(state.cursor, intent),
    )
    plain = msgspec.msgpack.encode(said)
    deflated = zlib.compress(plain, 9)
    data = _DEFLATED + deflated if len(deflated) < len(plain) else _PLAIN + plain
    return VERSION + base64.b85encode(data).decode("ascii")


def decode(text: str, cursor: Position, source_id: str) -> State:
    """Return the state; what it does not say of the streams is left empty.

    Args:
        text: What `encode` made.
        cursor: What was written down with it.
        source_id: The source's.

    Raises:
        UnreadableError: Another program or a newer version wrote it.
    """
    if not text.startswith(VERSION):
        raise UnreadableError(f"version {text[:1]!r} of the commit's metadata; this version knows {VERSION}")
    try:
        data = base64.b85decode(text[len(VERSION) :])
        said = msgspec.msgpack.decode(_inflated(data), type=_State)
        intent = None if said.intent is None else _intent(cursor, said)
        tried_until = None if said.tried_until is None else _positions(cursor, said.tried_until)[0]
    except (ValueError, IndexError, zlib.error, binascii.Error) as error:
        raise UnreadableError(f"the commit's metadata cannot be read: {error}") from error
    return State(source_id=source_id, cursor=cursor, number=said.number, intent=intent, tried_until=tried_until)


def _inflated(data: bytes) -> bytes:
    if data[:1] == _PLAIN:
        return data[1:]
    if data[:1] != _DEFLATED:
        raise ValueError("neither plain nor deflated")
    inflater = zlib.decompressobj()
    plain = inflater.decompress(data[1:], _MOST_DECODED_BYTES)
    if not inflater.eof:
        raise ValueError("cut off, or too long")
    return plain


def _of_intent(cursor: Position, intent: Intent) -> _Intent:
    excluded, missing = intent.excluded, intent.missing or ()
    names = tuple(dict.fromkeys(each.cause for each in excluded))
    return _Intent(
        bounds=_differences(cursor, [intent.start, intent.end]),
        batches=intent.batches,
        opened_time_ns=intent.opened_time_ns,
        piece_rows=intent.piece_rows,
        piece_bytes=intent.piece_bytes,
        tried=intent.tried,
        excluded=_Exclusions(
            starts=_differences(cursor, [each.start for each in excluded]),
            days=tuple(each.day for each in excluded),
            causes=tuple(names.index(each.cause) for each in excluded),
            names=names,
            reasons=tuple(each.reason[:MOST_REASON] for each in excluded if each.cause == _REFUSED),
        ),
        missing=_differences(cursor, [each.start for each in missing]),
        missing_batches=tuple(each.batches for each in missing),
    )


def _intent(cursor: Position, said: _State) -> Intent:
    of = said.intent
    if of is None:
        raise ValueError("no intent")
    start, end = _positions(cursor, of.bounds)
    causes = [of.excluded.names[index] for index in of.excluded.causes]
    reasons = iter(of.excluded.reasons)
    return Intent(
        number=said.number,
        start=start,
        end=end,
        batches=of.batches,
        opened_time_ns=of.opened_time_ns,
        piece_rows=of.piece_rows,
        piece_bytes=of.piece_bytes,
        tried=of.tried,
        excluded=tuple(
            Exclusion(at, day, cause, next(reasons, "") if cause == _REFUSED else "")
            for at, day, cause in zip(_positions(cursor, of.excluded.starts), of.excluded.days, causes, strict=True)
        ),
        missing=tuple(
            Missing(at, batches) for at, batches in zip(_positions(cursor, of.missing), of.missing_batches, strict=True)
        ),
    )


def _differences(cursor: Position, positions: Sequence[Position]) -> _Positions:
    pairs = list(pairwise([cursor, *positions]))
    return _Positions(
        tuple(after.segment - before.segment for before, after in pairs),
        tuple(after.offset - before.offset for before, after in pairs),
    )


def _positions(cursor: Position, said: _Positions) -> list[Position]:
    return [
        Position(segment, offset)
        for segment, offset in zip(
            _sums(cursor.segment, said.segments), _sums(cursor.offset, said.offsets), strict=True
        )
    ]


def _sums(first: int, differences: Iterable[int]) -> list[int]:
    return list(accumulate(differences, initial=first))[1:]
