"""Which tier answers a query: `{counters}` and `{flows}` become the coarsest rows that answer a time range and a grain.

A range is cut into segments. Each is read from the coarsest tier whose windows divide the grain, lie wholly within the
range, have closed and are kept; what is left over at the edges is read from the next finer tier, and what no tier has
yet from the raw rows. The segments never overlap, so their rows add up to what the raw rows say. Where rows as fine as
the grain are no longer kept, coarser ones stand for them, and a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ingest.store.keep import kept_ns
from ingest.store.keyed import since, until
from ingest.store.literals import instant
from ingest.store.tiers.over import EXPIRY_MARGIN_NS, HOUR_NS, LOOK_BACK_NS
from ingest.store.tiers.rows import EARLIER_NS, MINUTE_NS, of_raw
from ingest.store.tiers.tier import tiers_of
from viflux.clock import NANOSECONDS
from viflux.instant import instant_text
from viflux.registry import KINDS
from viflux.registry.rollups import ROLLUPS, Rollup
from viflux.settings.schema import Keep

_FEWEST_POINTS = 60
_PLACEHOLDER = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|--[^\n]*|/\*.*?\*/|\{(?P<kind>"
    + "|".join(ROLLUPS)
    + r")\}",
    re.DOTALL,
)


class Store(Protocol):
    """What is needed of the store's client."""

    def query_rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a small result."""
        ...


@dataclass(frozen=True)
class Segment:
    """A part of the range.

    Attributes:
        source: The view or raw table that it is read from.
        from_ns: Its start.
        to_ns: Its end, not in it.
    """

    source: str
    from_ns: int
    to_ns: int


@dataclass(frozen=True)
class Resolution:
    """What stands for a placeholder.

    Attributes:
        sql: A SELECT in parentheses. Its columns: `time` (start of the window, of a raw row its own), `window_seconds`
            (0 for raw rows), `host`, `vif_id`, and the keys, sums and maxima of the kind's tiers.
        segments: Where its rows come from, by their start.
        notes: What its reader should know: coarser rows than asked for, or none; empty for nothing.
    """

    sql: str
    segments: tuple[Segment, ...]
    notes: tuple[str, ...]


def placeholders(text: str) -> list[str]:
    """Return the kinds whose placeholder is in a query, outside of its strings and comments."""
    return [match["kind"] for match in _PLACEHOLDER.finditer(text) if match["kind"]]


def replaced(text: str, resolutions: Mapping[str, Resolution]) -> str:
    """Return a query with its placeholders replaced."""
    return _PLACEHOLDER.sub(lambda match: resolutions[match["kind"]].sql if match["kind"] else match[0], text)


def usual_grain_ns(from_ns: int, to_ns: int) -> int:
    """Return the coarsest tier's grain that gives a range sixty points or more; a minute where none does."""
    seconds = [tier.length.seconds for tier in tiers_of(next(iter(ROLLUPS.values())))]
    fitting = [each for each in seconds if (to_ns - from_ns) // (each * NANOSECONDS) >= _FEWEST_POINTS]
    return max(fitting, default=seconds[0]) * NANOSECONDS


def filled_until(store: Store, kind: str, now_ns: int) -> dict[str, int]:
    """Return for each tier of a kind up to which instant its windows are filled; good for some seconds.

    Of the finest tier: up to the first window that has raw rows and was never filled. Of the others: up to the first
    that is stale.

    Args:
        store: Any client.
        kind: The kind.
        now_ns: The time.
    """
    parts = []
    for tier in tiers_of(ROLLUPS[kind]):
        first = (now_ns - LOOK_BACK_NS) // HOUR_NS * HOUR_NS // tier.window_ns
        last = (now_ns + MINUTE_NS) // tier.window_ns
        stale = "stored.revision = 0" if tier.is_finest else "computed.revision > stored.revision"
        parts.append(
            f"SELECT '{tier.name}' AS tier, count() AS stale_count, min(computed.window_number) AS first_stale "
            f"FROM ({tier.computed(first, last)}) AS computed LEFT JOIN ({tier.stored(first, last)}) AS stored "
            f"ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE {stale}"
        )
    found = {row["tier"]: row for row in store.query_rows(" UNION ALL ".join(parts))}
    until: dict[str, int] = {}
    reached_ns = now_ns
    for tier in tiers_of(ROLLUPS[kind]):
        row = found[tier.name]
        # What the finer tier has not yet, this one cannot have.
        first_stale = int(row["first_stale"]) if int(row["stale_count"]) else reached_ns // tier.window_ns
        reached_ns = min(first_stale, reached_ns // tier.window_ns) * tier.window_ns
        until[tier.name] = reached_ns
    return until


def resolve(
    kind: str,
    from_ns: int,
    to_ns: int,
    grain_ns: int,
    *,
    now_ns: int,
    keep: Keep,
    until: Mapping[str, int],
    vifs: Sequence[int] = (),
) -> Resolution:
    """Return what stands for a kind's placeholder.

    Args:
        kind: `counters` or `flows`.
        from_ns: Start of the range. Rows of `flows` are of whole minutes: it is rounded down to one.
        to_ns: Its end, not in it; of `flows` rounded up.
        grain_ns: The finest step that the query tells apart; rows are no coarser than it, as far as they are kept.
        now_ns: The time.
        keep: How long each tier is kept.
        until: What `filled_until` said.
        vifs: Only rows of these; empty for all. A condition outside the text would be seen too late by raw rows.

    Raises:
        ValueError: The range is empty, or the kind has no such grain; the message says which.
    """
    rollup = ROLLUPS[kind]
    if from_ns >= to_ns:
        raise ValueError("the range is empty: its end must come after its start")
    if rollup.spread_minutes and (grain_ns <= 0 or grain_ns % MINUTE_NS):
        raise ValueError(f"{{{kind}}} has grains of whole minutes; single rows are in viflux.{kind}")
    if grain_ns <= 0:
        raise ValueError("the grain must be longer than nothing")
    if rollup.spread_minutes:
        from_ns, to_ns = from_ns // MINUTE_NS * MINUTE_NS, -(-to_ns // MINUTE_NS) * MINUTE_NS
    cut = _Cut(rollup, grain_ns, now_ns, keep, until, vifs)
    segments = sorted(cut.segments(from_ns, to_ns), key=lambda segment: segment.from_ns)
    gaps = list(_gaps(segments, from_ns, min(to_ns, max(now_ns, from_ns))))
    stand_ins, notes = cut.stand_ins(gaps)
    segments = sorted((*segments, *stand_ins), key=lambda segment: segment.from_ns)
    selects = [cut.select(segment) for segment in segments] + cut.yet_to_come(from_ns, to_ns)
    return Resolution(f"({' UNION ALL '.join(selects) or cut.nothing()})", tuple(segments), tuple(notes))


class _Cut:
    """Cuts one kind's range into segments."""

    def __init__(
        self,
        rollup: Rollup,
        grain_ns: int,
        now_ns: int,
        keep: Keep,
        until: Mapping[str, int],
        vifs: Sequence[int],
    ) -> None:
        self._rollup = rollup
        self._of_vifs = f"vif_id IN ({', '.join(map(str, vifs))})" if vifs else ""
        self._tiers = tiers_of(rollup)
        self._fitting = [tier for tier in reversed(self._tiers) if grain_ns % tier.window_ns == 0]
        self._now_ns = now_ns
        self._keep = keep
        # Rows that a flow which ends later will leave in earlier minutes are in none of the coarser tiers.
        self._raw_from_ns = until[self._tiers[0].name]
        spread_ns = rollup.spread_minutes * MINUTE_NS
        self._until = {
            tier.name: until[tier.name] if tier.is_finest else min(until[tier.name], self._raw_from_ns - spread_ns)
            for tier in self._tiers
        }

    def segments(self, from_ns: int, to_ns: int, level: int = 0) -> Iterator[Segment]:
        """Yield the segments that answer as finely as is asked."""
        if from_ns >= to_ns:
            return
        if level == len(self._fitting):
            if not self._rollup.spread_minutes:
                start_ns = max(from_ns, self._kept_from_ns(self._rollup.kind))
                if start_ns < to_ns:
                    yield Segment(self._rollup.kind, start_ns, to_ns)
            return
        tier = self._fitting[level]
        first_ns = -(-max(from_ns, self._kept_from_ns(tier.name)) // tier.window_ns) * tier.window_ns
        last_ns = min(to_ns, self._until[tier.name]) // tier.window_ns * tier.window_ns
        if first_ns >= last_ns:
            yield from self.segments(from_ns, to_ns, level + 1)
            return
        yield from self.segments(from_ns, first_ns, level + 1)
        yield Segment(tier.name, first_ns, last_ns)
        yield from self.segments(last_ns, to_ns, level + 1)

    def stand_ins(self, gaps: Sequence[tuple[int, int]]) -> tuple[list[Segment], list[str]]:
        """Return coarser segments for what nothing as fine as the grain answers, and what is to be said of them."""
        segments, notes = [], []
        for gap_from_ns, gap_to_ns in gaps:
            left = [(gap_from_ns, gap_to_ns)]
            for tier in self._tiers:
                if tier in self._fitting:
                    continue
                rest: list[tuple[int, int]] = []
                for from_ns, to_ns in left:
                    first_ns = -(-max(from_ns, self._kept_from_ns(tier.name)) // tier.window_ns) * tier.window_ns
                    last_ns = min(to_ns, self._until[tier.name]) // tier.window_ns * tier.window_ns
                    if first_ns >= last_ns:
                        rest.append((from_ns, to_ns))
                        continue
                    segments.append(Segment(tier.name, first_ns, last_ns))
                    span = f"{instant_text(first_ns)} to {instant_text(last_ns)}"
                    notes.append(f"{span}: only rows of {tier.length.meaning} are kept")
                    rest += [(a, b) for a, b in ((from_ns, first_ns), (last_ns, to_ns)) if a < b]
                left = rest
            # What has not come yet is not missing.
            notes += [
                f"{instant_text(a)} to {instant_text(b)}: no rows are kept" for a, b in left if b <= self._raw_from_ns
            ]
        return segments, notes

    def select(self, segment: Segment) -> str:
        """Return the rows of one segment."""
        columns = ", ".join(("host", "vif_id", *self._rollup.keys, *self._rollup.measures))
        if segment.source == self._rollup.kind:
            return self._raw(segment.from_ns, segment.to_ns)
        tier = next(tier for tier in self._tiers if tier.name == segment.source)
        span = f"{since(tier.name, 'time', segment.from_ns)} AND {until(tier.name, 'time', segment.to_ns)}"
        source = segment.source
        if tier.is_spread:
            # What flows that ended later left is read from the raw rows, whether or not it was filled in.
            source = f"{tier.table} FINAL"
            span += f" AND NOT vanished AND end_minute_time < {instant(self._raw_from_ns)}"
        if self._of_vifs:
            span += f" AND {self._of_vifs}"
        return f"SELECT time, toUInt32({tier.length.seconds}) AS window_seconds, {columns} FROM {source} WHERE {span}"

    def yet_to_come(self, from_ns: int, to_ns: int) -> list[str]:
        """Return, for a kind whose rows are spread, what raw rows that are in no tier yet leave in the range."""
        start_ns = max(from_ns, self._raw_from_ns - self._rollup.spread_minutes * MINUTE_NS)
        return [self._raw(start_ns, to_ns)] if self._rollup.spread_minutes and start_ns < to_ns else []

    def nothing(self) -> str:
        """Return a SELECT without rows."""
        return f"{self._raw(0, 1)} AND 0"

    def _raw(self, from_ns: int, to_ns: int) -> str:
        columns = ", ".join(("host", "vif_id", *self._rollup.keys, *self._rollup.measures))
        spread_ns = self._rollup.spread_minutes * MINUTE_NS
        first_ns = max(0, from_ns - EARLIER_NS)
        if spread_ns:
            first_ns = max(from_ns, self._raw_from_ns)
        kind = self._rollup.kind
        condition = (
            f"{since(kind, 'raw.time', first_ns)} AND {until(kind, 'raw.time', to_ns + spread_ns, inclusive=True)}"
        )
        if self._of_vifs:
            condition += f" AND raw.{self._of_vifs}"
        only = f" AND window_number >= {self._raw_from_ns // MINUTE_NS}" if spread_ns else ""
        return (
            f"SELECT raw_time AS time, toUInt32({60 if spread_ns else 0}) AS window_seconds, {columns} "
            f"FROM ({of_raw(self._rollup, condition)}) "
            f"WHERE raw_time >= {instant(from_ns)} AND raw_time < {instant(to_ns)}{only}"
        )

    def _kept_from_ns(self, name: str) -> int:
        return self._now_ns - kept_ns(KINDS[name], self._keep) + EXPIRY_MARGIN_NS


def _gaps(segments: Sequence[Segment], from_ns: int, to_ns: int) -> Iterator[tuple[int, int]]:
    at_ns = from_ns
    for segment in segments:
        if segment.from_ns > at_ns:
            yield at_ns, segment.from_ns
        at_ns = max(at_ns, segment.to_ns)
    if at_ns < to_ns:
        yield at_ns, to_ns
