"""What a batch is known by in the raw tables, and the SQL that finds its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.store.literals import quoted
from viflux.spool import Entry

# A statement may have 256 KiB (`max_query_size`), and one of these has up to 100 bytes of it.
_MOST_IN_A_STATEMENT = 2000


class Identity(NamedTuple):
    """What a batch is known by, wherever it comes from.

    Attributes:
        spool_id: The spool that gave it its number, 32 hex digits.
        stream: Its stream.
        sequence: Its number in the stream.
    """

    spool_id: str
    stream: str
    sequence: int


def identity_of(entry: Entry) -> Identity:
    """Return the identity of a batch."""
    return Identity(entry.spool_id, entry.frame.metadata.stream, entry.frame.metadata.sequence)


def conditions(identities: Iterable[Identity]) -> list[str]:
    """Return SQL conditions that are true for rows of these batches, each row for one of them.

    Of one spool it is one condition with each stream's runs of sequences; of many, lists of identities that are looked
    up.
    """
    by_spool: dict[str, list[tuple[str, int]]] = {}
    for spool_id, stream, sequence in sorted(set(identities)):
        by_spool.setdefault(spool_id, []).append((stream, sequence))
    if len(by_spool) == 1:
        ((spool_id, numbers),) = by_spool.items()
        return [f"spool_id = {quoted(spool_id)} AND ({_runs(numbers)})"]
    every = [(spool_id, *number) for spool_id, numbers in by_spool.items() for number in numbers]
    return [_listed(every[at : at + _MOST_IN_A_STATEMENT]) for at in range(0, len(every), _MOST_IN_A_STATEMENT)]


def _listed(identities: Sequence[tuple[str, str, int]]) -> str:
    spools = ", ".join(quoted(spool_id) for spool_id in dict.fromkeys(each[0] for each in identities))
    tuples = ", ".join(f"({quoted(spool)}, {quoted(stream)}, {sequence})" for spool, stream, sequence in identities)
    numbers = [sequence for _, _, sequence in identities]
    # By the bounds alone the index on `sequence` leaves granules out.
    bounds = f"sequence BETWEEN {min(numbers)} AND {max(numbers)}"
    return f"{bounds} AND spool_id IN ({spools}) AND (spool_id, stream, sequence) IN ({tuples})"


def _runs(numbers: Iterable[tuple[str, int]]) -> str:
    runs: dict[str, list[list[int]]] = {}
    for stream, sequence in numbers:
        known = runs.setdefault(stream, [])
        if known and sequence <= known[-1][1] + 1:
            known[-1][1] = sequence
        else:
            known.append([sequence, sequence])
    return " OR ".join(
        f"stream = {quoted(stream)} AND ({' OR '.join(f'sequence BETWEEN {a} AND {b}' for a, b in spans)})"
        for stream, spans in runs.items()
    )
