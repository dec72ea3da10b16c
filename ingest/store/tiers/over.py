"""Views for clients that only speak SQL: `counters_over` and `flows_over` do what `resolution` does, within the store.

Grafana sends one text for every range, so the tiers are chosen where the range is known:
`FROM viflux.counters_over(from_ms = $__from, to_ms = $__to, grain_seconds = $__interval_s)`. The cut is the same: from
the coarsest tier down, each answers the whole windows of the range that it has, save those that a coarser one answers,
and raw rows the rest. Its bounds are one scalar that the engine reckons once, before it reads any part.
"""

from __future__ import annotations

import re

from ingest.store.tiers.rows import EARLIER_NS, MINUTE_NS, of_raw
from ingest.store.tiers.tier import Tier, tiers_of
from viflux.clock import DAY_NS, NANOSECONDS
from viflux.registry.rollups import Rollup

HOUR_NS = 3_600 * NANOSECONDS
LOOK_BACK_NS = 4 * HOUR_NS
"""Windows that ended earlier than this are taken to be filled; late rows of them come in at the next fill."""
EXPIRY_MARGIN_NS = 600 * NANOSECONDS
"""A row may be dropped a little before its time by a store whose clock is ahead."""
_NEVER = 1 << 62
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)


def filled_view(rollup: Rollup) -> str:
    """Return the statement that creates the view of how far a kind's tiers are filled."""
    tiers = tiers_of(rollup)
    facts = ["toUnixTimestamp64Nano(now64(9)) AS now_ns", f"{_kept_from(rollup.kind)} AS raw_kept_from_ns"]
    facts += [f"{_kept_from(tier.table)} AS kept_from_{tier.length.suffix}_ns" for tier in tiers]
    text = f"(\n    SELECT\n        {_listed(facts, 8)}\n)"
    reached, names = "now_ns", ["raw_kept_from_ns"]
    for tier in tiers:
        suffix, window_ns = tier.length.suffix, tier.window_ns
        # What the finer tier has not yet, this one cannot have.
        filled = f"least(({_first_unfilled(tier)}), intDiv({reached}, {window_ns})) * {window_ns} AS filled_{suffix}_ns"
        text = f"(SELECT *, {filled} FROM {text})"
        reached = f"filled_{suffix}_ns"
        names += [f"kept_from_{suffix}_ns", f"filled_{suffix}_ns"]
    return (
        f"-- From when on `{rollup.kind}` and its tiers are kept, and up to which instant windows of each tier are "
        "filled; one row,\n-- in nanoseconds since the epoch.\n"
        f"CREATE VIEW {{database}}.{rollup.kind}_filled AS\nSELECT\n    {_listed(names, 4)}\n"
        f"FROM\n{_qualified(text)};"
    )


def over_view(rollup: Rollup) -> str:
    """Return the statement that creates a kind's view; `{database}` stands for the database's name."""
    branches = [_of_tier(rollup, tier) for tier in reversed(tiers_of(rollup))]
    body = "\nUNION ALL\n".join((*branches, _of_raw(rollup)))
    return (
        f"-- `{rollup.kind}` from `from_ms` (in it) to `to_ms` (not in it), milliseconds since the epoch: rows of the "
        "coarsest tiers\n-- that answer steps of `grain_seconds`, and raw rows where no tier has them yet. docs/sql.md "
        f"has what they say.\nCREATE VIEW {{database}}.{rollup.kind}_over AS\n{_qualified(body)};"
    )


def _of_tier(rollup: Rollup, tier: Tier) -> str:
    name, suffix, cut = tier.name, tier.length.suffix, _Cut(rollup)
    condition = (
        f"time >= {cut.instant(f'begin_{suffix}')} AND time < {cut.instant(f'end_{suffix}')}\n"
        f"    AND NOT (time >= {cut.instant(f'coarser_begin_{suffix}')} "
        f"AND time < {cut.instant(f'coarser_end_{suffix}')})"
    )
    if tier.is_spread:
        # What flows that ended later left is read from the raw rows, whether or not it was filled in.
        name = f"{tier.table} FINAL"
        condition += f"\n    AND NOT vanished AND end_minute_time < {cut.instant('filled')}"
    return (
        f"{cut.head()}SELECT time, toUInt32({tier.length.seconds}) AS window_seconds, {_columns(rollup)}\n"
        f"FROM {name}\nWHERE {condition}"
    )


def _of_raw(rollup: Rollup) -> str:
    seconds, spread_ns, cut = (60 if rollup.spread_minutes else 0), rollup.spread_minutes * MINUTE_NS, _Cut(rollup)
    begin, end = cut.instant("raw_begin"), cut.instant("to")
    if spread_ns:
        read = (
            f"raw.time >= {begin} AND raw.time >= {cut.instant('filled')} "
            f"AND raw.time <= {cut.instant('to', spread_ns)}"
        )
        wanted = f"window_number >= intDiv({cut.bound('filled')}, {MINUTE_NS})"
    else:
        covered = cut.instant("covered_begin"), cut.instant("covered_end")
        read = (
            f"raw.time >= {cut.instant('raw_begin', -EARLIER_NS)} AND raw.time < {end} "
            f"AND NOT (raw.time >= {covered[0]} AND raw.time < {cut.instant('covered_end', -EARLIER_NS)})"
        )
        wanted = f"NOT (raw_time >= {covered[0]} AND raw_time < {covered[1]})"
    return (
        f"{cut.head()}SELECT raw_time AS time, toUInt32({seconds}) AS window_seconds, {_columns(rollup)}\n"
        f"FROM\n(\n{_COMMENT.sub('', of_raw(rollup, read)).strip()}\n)\n"
        f"WHERE raw_time >= {begin} AND raw_time < {end}\n    AND {wanted}"
    )


def _columns(rollup: Rollup) -> str:
    return ", ".join(("host", "vif_id", *rollup.keys, *rollup.measures))


def _listed(texts: list[str], indent: int) -> str:
    return f",\n{' ' * indent}".join(texts)


class _Cut:
    """The bounds of the segments as one scalar: its text is the same in every branch, so it is reckoned once."""

    def __init__(self, rollup: Rollup) -> None:
        self._rollup = rollup
        self._tiers = tiers_of(rollup)
        self._names = ["to", "raw_begin", "covered_begin", "covered_end", "filled"]
        for tier in self._tiers:
            self._names += [f"{name}_{tier.length.suffix}" for name in ("begin", "end", "coarser_begin", "coarser_end")]

    def bound(self, name: str) -> str:
        """Return SQL for one bound, nanoseconds since the epoch."""
        return f"cut.{self._names.index(name) + 1}"

    def instant(self, name: str, plus_ns: int = 0) -> str:
        """Return SQL for one bound as an instant."""
        return f"fromUnixTimestamp64Nano({self.bound(name)}{f' + ({plus_ns})' if plus_ns else ''}, 'UTC')"

    def head(self) -> str:
        """Return the WITH clause that names the scalar `cut`."""
        text = f"{self._rollup.kind}_filled"
        for layer in self._layers():
            text = f"(SELECT *, {', '.join(layer)} FROM {text})"
        return f"WITH (SELECT ({', '.join(f'toInt64({name}_ns)' for name in self._names)}) FROM {text}) AS cut\n"

    def _layers(self) -> list[list[str]]:
        """Return expressions, each list of them of names that the ones before made."""
        spread_ns = self._rollup.spread_minutes * MINUTE_NS
        from_ns, to_ns = "{from_ms:Int64} * 1000000", "{to_ms:Int64} * 1000000"
        grain_ns = f"greatest(1, {{grain_seconds:Int64}}) * {NANOSECONDS}"
        if spread_ns:
            from_ns = f"intDiv({from_ns}, {MINUTE_NS}) * {MINUTE_NS}"
            to_ns = f"intDiv({to_ns} + {MINUTE_NS - 1}, {MINUTE_NS}) * {MINUTE_NS}"
            grain_ns = f"intDiv(greatest(60, {{grain_seconds:Int64}}), 60) * {MINUTE_NS}"
        layers = [
            [f"{from_ns} AS from_ns", f"{to_ns} AS to_ns", f"{grain_ns} AS grain_ns", "filled_1m_ns AS filled_ns"]
        ]
        bounds, finer_kept = [], "raw_kept_from_ns"
        for tier in self._tiers:
            suffix, window_ns = tier.length.suffix, tier.window_ns
            # Rows that a flow which ends later will leave in earlier minutes are in none of the coarser tiers.
            filled = f"filled_{suffix}_ns" if tier.is_finest else f"least(filled_{suffix}_ns, filled_ns - {spread_ns})"
            # Where rows as fine as the grain are no longer kept, coarser ones stand for them.
            stands = f"if(grain_ns % {window_ns} = 0, {_NEVER}, {finer_kept})"
            first = f"greatest(from_ns, kept_from_{suffix}_ns)"
            bounds += [
                f"intDiv({first} + {window_ns - 1}, {window_ns}) * {window_ns} AS begin_{suffix}_ns",
                f"intDiv(least(to_ns, {filled}, {stands}), {window_ns}) * {window_ns} AS end_{suffix}_ns",
            ]
            finer_kept = f"kept_from_{suffix}_ns"
        layers.append(bounds)
        begin, end = str(_NEVER), "0"
        for tier in reversed(self._tiers):
            suffix = tier.length.suffix
            layers.append([f"{begin} AS coarser_begin_{suffix}_ns", f"{end} AS coarser_end_{suffix}_ns"])
            is_used = f"begin_{suffix}_ns < end_{suffix}_ns"
            begin = f"if({is_used}, least(begin_{suffix}_ns, coarser_begin_{suffix}_ns), coarser_begin_{suffix}_ns)"
            end = f"if({is_used}, greatest(end_{suffix}_ns, coarser_end_{suffix}_ns), coarser_end_{suffix}_ns)"
        raw_begin = "greatest(from_ns, raw_kept_from_ns)"
        if spread_ns:
            raw_begin = f"greatest(from_ns, filled_ns - {spread_ns})"
        layers.append([f"{begin} AS covered_begin_ns", f"{end} AS covered_end_ns", f"{raw_begin} AS raw_begin_ns"])
        return layers


def _kept_from(table: str) -> str:
    """Return SQL: from when on a table keeps its rows, as its TTL says; 0 where it has none that can be seen."""
    told = "toInt64OrZero(extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)'))"
    days = f"(SELECT max({told}) FROM system.tables WHERE database = '{{database}}' AND name = '{table}')"
    return f"if({days} > 0, now_ns - {days} * {DAY_NS} + {EXPIRY_MARGIN_NS}, 0)"


def _first_unfilled(tier: Tier) -> str:
    """Return SQL: the first window of the last hours that is not filled; as `resolution.filled_until` finds it."""
    now = "toUnixTimestamp64Nano(now64(9))"
    first = f"intDiv(intDiv({now} - {LOOK_BACK_NS}, {HOUR_NS}) * {HOUR_NS}, {tier.window_ns})"
    last = f"intDiv({now} + {MINUTE_NS}, {tier.window_ns})"
    stale = "stored.revision = 0" if tier.is_finest else "computed.revision > stored.revision"
    return (
        f"SELECT if(count() = 0, {_NEVER // tier.window_ns}, min(computed.window_number)) "
        f"FROM ({tier.computed(first, last)}) AS computed LEFT JOIN ({tier.stored(first, last)}) AS stored "
        f"ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE {stale}"
    )


def _qualified(sql: str) -> str:
    return re.sub(r"\bFROM (?!system\.)(\w+)", r"FROM {database}.\1", sql)
