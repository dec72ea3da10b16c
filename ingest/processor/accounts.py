"""The processor's own rows of an intent: its ledger with the watermarks it moves, and an event for each dead letter.

They are one block a table, so that they are there whole or not at all; a second try after a restart may know less of
the watermarks before the intent, and says then what it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ingest.processor.arrow import labels, parts_of_rows, schema_of
from ingest.processor.batches import Rows
from ingest.processor.intent import REPEAT, WHOLE_BATCH, Exclusion, Intent, Missing, State
from viflux.frame import Frame, Metadata
from viflux.registry import KINDS
from viflux.spool import Damaged, Entry, Position

STAGE = "processor"
MISSING = "missing"


@dataclass
class _Account:
    in_rows: int = 0
    out_rows: int = 0
    out_bytes: int = 0
    first_ns: int = 0
    last_ns: int = 0
    watermark_ns: int = 0
    lost: dict[str, list[int]] = field(default_factory=dict)

    def lose(self, cause: str, rows: int, batches: int) -> None:
        """Add to what is known to be lost."""
        sums = self.lost.setdefault(cause, [0, 0])
        sums[0] += rows
        sums[1] += batches


@dataclass(frozen=True)
class Accounts:
    """What an intent amounts to.

    Attributes:
        rows: What to insert after the data: events, then the ledger.
        watermarks: For each host and stream the instant that the ledger rows name; only those that moved.
        missing: How many batches of each stream never came.
    """

    rows: tuple[Rows, ...]
    watermarks: dict[str, dict[str, int]]
    missing: dict[str, int]


def accounts_of(
    state: State,
    intent: Intent,
    items: Sequence[Entry | Damaged],
    decoded: Mapping[Position, Sequence[Rows]],
) -> Accounts:
    """Add up an intent.

    Args:
        state: As it was before the intent.
        intent: The intent; what it does not say to be missing is none.
        items: Its batches and damaged bytes, in order.
        decoded: For the start of each usable batch its rows by day.
    """
    entries = [item for item in items if isinstance(item, Entry)]
    excluded: dict[Position, list[Exclusion]] = {}
    for exclusion in intent.excluded:
        excluded.setdefault(exclusion.start, []).append(exclusion)
    accounts: dict[tuple[str, str], _Account] = {}
    heartbeats: dict[tuple[str, str], int] = {}
    for entry in entries:
        said = entry.frame.metadata
        account = accounts.setdefault((said.host, said.stream), _Account())
        stored = _book(account, entry, decoded.get(entry.start, ()), excluded.get(entry.start, ()))
        for rows in stored:
            for stream, instant in _watermarks_in(rows).items():
                heartbeats[said.host, stream] = max(heartbeats.get((said.host, stream), 0), instant)
    missing: dict[str, int] = {}
    for entry, batches, cause in _missing(intent.missing or (), items):
        said = entry.frame.metadata
        accounts.setdefault((said.host, said.stream), _Account()).lose(cause, 0, batches)
        missing[said.stream] = missing.get(said.stream, 0) + batches
    moved: dict[str, dict[str, int]] = {}
    for (of_host, stream), instant in heartbeats.items():
        if instant > state.watermarks.get(of_host, {}).get(stream, 0):
            moved.setdefault(of_host, {})[stream] = instant
            accounts.setdefault((of_host, stream), _Account())
    for (of_host, stream), account in accounts.items():
        known = state.watermarks.get(of_host, {}).get(stream, 0)
        account.watermark_ns = max(known, moved.get(of_host, {}).get(stream, 0))
    boots = {entry.frame.metadata.host: entry.frame.metadata.boot_id for entry in entries}
    # Damaged bytes of a spool are its host's, also where nothing else is left of it.
    only_host = next(reversed(boots)) if len(boots) == 1 else next(iter(state.watermarks), "") if not boots else ""
    tables = {
        "events": [
            _event_row(item, exclusion, intent, only_host) for item, exclusion in letters(items, intent.excluded)
        ],
        "ledger": [row for key in sorted(accounts) for row in _ledger_rows(key, accounts[key], intent)],
    }
    own = [_own(kind, rows, state.source_id, boots, intent) for kind, rows in tables.items() if rows]
    return Accounts(tuple(own), moved, missing)


def letters(items: Iterable[Entry | Damaged], excluded: Iterable[Exclusion]) -> list[tuple[Entry | Damaged, Exclusion]]:
    """Return what goes to the dead letters, each with its reason."""
    by_start = {item.start: item for item in items}
    return [(by_start[each.start], each) for each in excluded if each.cause != REPEAT and each.start in by_start]


def _book(account: _Account, entry: Entry, days: Sequence[Rows], excluded: Sequence[Exclusion]) -> list[Rows]:
    """Enter a batch into its account; return its rows that are stored by this intent."""
    said = entry.frame.metadata
    whole = next((exclusion for exclusion in excluded if exclusion.day == WHOLE_BATCH), None)
    if whole is not None:
        if whole.cause != REPEAT:
            account.in_rows += said.rows
            account.lose(whole.cause, said.rows, 1)
        return []
    causes = {exclusion.day: exclusion.cause for exclusion in excluded}
    stored = [rows for rows in days if rows.day not in causes]
    for rows in days:
        cause = causes.get(rows.day)
        if cause != REPEAT:
            account.in_rows += rows.table.num_rows
        if cause not in (None, REPEAT):
            account.lose(str(cause), rows.table.num_rows, 1)
    for rows in stored:
        first = rows.first_time_ns
        account.first_ns = min(account.first_ns, first) if account.first_ns else first
        account.last_ns = max(account.last_ns, rows.last_end_ns)
        account.out_rows += rows.table.num_rows
    if stored:
        account.out_bytes += len(entry.frame.payload)
    return stored


def _watermarks_in(rows: Rows) -> dict[str, int]:
    if rows.entry.frame.metadata.kind != "ledger":
        return {}
    table = rows.table.filter(pc.equal(rows.table["stage"], "agent"))
    instants = table.select(["of_stream"]).append_column("instant", table["watermark_time"].cast(pa.int64()))
    highest = instants.group_by("of_stream").aggregate([("instant", "max")])
    return {row["of_stream"]: row["instant_max"] for row in highest.to_pylist() if row["instant_max"] > 0}


def _missing(missing: Iterable[Missing], items: Iterable[Entry | Damaged]) -> Iterable[tuple[Entry, int, str]]:
    """Yield for each gap the batch behind it, how many are missing, and why: damaged bytes may have been them."""
    damaged = {item.spool_id for item in items if isinstance(item, Damaged)}
    by_start = {item.start: item for item in items if isinstance(item, Entry)}
    for gap in missing:
        if (entry := by_start.get(gap.start)) is not None:
            yield entry, gap.batches, "damaged" if {"", entry.spool_id} & damaged else MISSING


def _ledger_rows(key: tuple[str, str], account: _Account, intent: Intent) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "host": key[0],
        "time": intent.opened_time_ns,
        "duration_ns": 0,
        "stage": STAGE,
        "of_stream": key[1],
        "in_rows_count": account.in_rows,
        "out_rows_count": account.out_rows,
        "out_bytes": account.out_bytes,
        "lost_rows_count": 0,
        "lost_batches_count": 0,
        "cause": "",
        "watermark_time": account.watermark_ns,
        "first_event_time": account.first_ns,
        "last_event_time": account.last_ns,
    }
    nothing = {"in_rows_count": 0, "out_rows_count": 0, "out_bytes": 0, "first_event_time": 0, "last_event_time": 0}
    losses = [
        {**row, **nothing, "lost_rows_count": rows, "lost_batches_count": batches, "cause": cause}
        for cause, (rows, batches) in sorted(account.lost.items())
    ]
    return [row, *losses]


def _event_row(item: Entry | Damaged, exclusion: Exclusion, intent: Intent, host: str) -> dict[str, object]:
    if isinstance(item, Entry):
        said = item.frame.metadata
        host, subject, rows = said.host, f"{said.stream} {said.sequence}", said.rows
    else:
        subject, rows = f"segment {item.start.segment} byte {item.start.offset}", 1
    return {
        "host": host,
        "time": intent.opened_time_ns,
        "vif_id": 0,
        "event": "batch_dead_lettered",
        "subject": subject,
        "detail": f"{exclusion.cause}: {exclusion.reason}",
        "event_count": rows,
    }


def _own(kind: str, rows: list[dict[str, object]], source_id: str, boots: Mapping[str, str], intent: Intent) -> Rows:
    schema = schema_of(kind)
    table = pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)
    table = table.append_column("time_origin", pa.repeat(pa.scalar("event"), table.num_rows))
    hosts, each = [str(row["host"]) for row in rows], parts_of_rows([1] * len(rows))
    table = table.append_column("host", labels(hosts, each))
    table = table.append_column("boot_id", labels([boots.get(host, "") for host in hosts], each))
    said = Metadata(
        stream=f"{kind}.{STAGE}",
        sequence=intent.number,
        kind=kind,
        version=KINDS[kind].version,
        rows=table.num_rows,
        first_time_ns=intent.opened_time_ns,
        last_time_ns=intent.opened_time_ns,
        sealed_time_ns=intent.opened_time_ns,
        host="",
        boot_id="",
    )
    entry = Entry(source_id, Frame(said, b"", 0, 0), intent.start, intent.end)
    instant = intent.opened_time_ns
    return Rows(entry, instant // (86_400 * 1_000_000_000), table, instant, instant, instant, (instant, instant))
