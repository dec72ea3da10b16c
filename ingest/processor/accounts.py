"""The processor's own rows of an intent: its ledger with the watermarks it moves, and an event for each dead letter.

They are one block a table, so that they are there whole or not at all; a second try after a restart may know less of
the watermarks before the intent, and says then what it knows.

A row accounts for one run of batches of one stream and one hand-over. Its `received_time` is theirs, and so that of the
agent's own row on the same hand-over: the two sides are compared one by one, and no window cuts through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ingest.processor.arrow import TIME, labels, parts_of_rows, schema_of
from ingest.processor.batches import Rows
from ingest.processor.intent import REPEAT, WHOLE_BATCH, Exclusion, Intent, Missing, State, Stream
from ingest.processor.tiers.touch import late_rows, touched_minutes
from viflux.clock import DAY_NS
from viflux.frame import Frame, Metadata
from viflux.registry import KINDS
from viflux.spool import Damaged, Entry, Position

STAGE = "processor"
MISSING = "missing"
DAMAGED = "damaged"
REPLAYED = "replayed"
LATE = "late"


@dataclass
class _Lost:
    """What an account lost for one cause."""

    rows: int = 0
    batches: int = 0
    through: int = 0
    first_ns: int = 0
    last_ns: int = 0
    origin: str = "counted"


@dataclass
class _Account:
    """A run of batches without a hole, of one hand-over."""

    host: str
    spool_id: str
    stream: str
    handed_over_ns: int
    batches: int = 0
    through: int = 0
    in_rows: int = 0
    out_rows: int = 0
    out_bytes: int = 0
    first_ns: int = 0
    last_ns: int = 0
    watermark_ns: int = 0
    minutes: set[int] = field(default_factory=set)
    lost: dict[str, _Lost] = field(default_factory=dict)

    def takes(self, said: Metadata) -> bool:
        """Whether a batch of the same stream goes on where this run ends."""
        return said.sealed_time_ns == self.handed_over_ns and said.sequence == self.through + 1

    def lose(self, cause: str, rows: int, batches: int, said: Metadata) -> None:
        """Add to what will not be stored."""
        sums = self.lost.setdefault(cause, _Lost(first_ns=said.first_time_ns, last_ns=said.last_time_ns))
        sums.rows += rows
        sums.batches += batches
        sums.first_ns = min(sums.first_ns, said.first_time_ns)
        sums.last_ns = max(sums.last_ns, said.last_time_ns)


@dataclass(frozen=True)
class Accounts:
    """What an intent amounts to.

    Attributes:
        rows: What to insert after the data: events, then the ledger.
        watermarks: For each host and stream the instant that the ledger rows name; only those that moved.
        missing: How many batches of each stream never came.
        touched: For each kind and host the minutes of the tiers that its stored rows belong to.
        late: How many stored rows of each kind came too late for SLIs.
    """

    rows: tuple[Rows, ...]
    watermarks: dict[str, dict[str, int]]
    missing: dict[str, int]
    touched: dict[tuple[str, str], set[int]]
    late: dict[str, int]


def accounts_of(
    state: State,
    intent: Intent,
    items: Sequence[Entry | Damaged],
    decoded: Mapping[Position, Sequence[Rows]],
    late_ns: int,
) -> Accounts:
    """Add up an intent.

    Args:
        state: As it was before the intent.
        intent: The intent; what it does not say to be missing is none.
        items: Its batches and damaged bytes, in order.
        decoded: For the start of each usable batch its rows by day.
        late_ns: `window.late`.
    """
    entries = [item for item in items if isinstance(item, Entry)]
    excluded: dict[Position, list[Exclusion]] = {}
    for exclusion in intent.excluded:
        excluded.setdefault(exclusion.start, []).append(exclusion)
    book = _Book(state)
    for entry, batches, cause in _missing(intent.missing or (), items):
        book.miss(entry, batches, cause)
    for entry in entries:
        days, out = decoded.get(entry.start, ()), excluded.get(entry.start, ())
        if not _is_repeat(days, out):
            account = book.account(entry)
            book.hear(entry, _enter(account, entry, days, out, _on_time_from_ns(state, entry, late_ns)))
    moved = book.move()
    boots = {entry.frame.metadata.host: entry.frame.metadata.boot_id for entry in entries}
    # Damaged bytes of a spool are its host's, also where nothing else is left of it.
    only_host = next(reversed(boots)) if len(boots) == 1 else next(iter(state.watermarks), "") if not boots else ""
    tables = {
        "events": [
            _event_row(item, exclusion, intent, only_host) for item, exclusion in letters(items, intent.excluded)
        ],
        "ledger": [row for account in sorted(book.accounts, key=_order) for row in _ledger_rows(account, intent)],
    }
    own = [_own(kind, rows, state.source_id, boots, intent) for kind, rows in tables.items() if rows]
    touched: dict[tuple[str, str], set[int]] = {}
    late: dict[str, int] = {}
    for account in book.accounts:
        kind = account.stream.partition(".")[0]
        touched.setdefault((kind, account.host), set()).update(account.minutes)
        if LATE in account.lost:
            late[kind] = late.get(kind, 0) + account.lost[LATE].rows
    return Accounts(tuple(own), moved, book.missing, touched, late)


def letters(items: Iterable[Entry | Damaged], excluded: Iterable[Exclusion]) -> list[tuple[Entry | Damaged, Exclusion]]:
    """Return what goes to the dead letters, each with its reason."""
    by_start = {item.start: item for item in items}
    return [(by_start[each.start], each) for each in excluded if each.cause != REPEAT and each.start in by_start]


def accounts_of_replay(source_id: str, entry: Entry, days: Sequence[Rows], cause: str, now_ns: int) -> Rows:
    """Return the ledger's rows on a batch that a person replays from the dead letters, or on some days of it.

    They say what is stored now and was lost before, so that the balance closes: rows whose cause is `replayed:` with
    the letter's, and that account for no batch. They span at least the time that the loss did, and as those of any
    hand-over they name what they touch, for tiers and windows to be filled again.

    Args:
        source_id: Under which they are stored, 32 hex digits; the same for each try.
        entry: The batch.
        days: Its rows that are replayed.
        cause: Of the letter.
        now_ns: When; the same for each try.
    """
    said, intent = entry.frame.metadata, _replaying(entry, now_ns)
    book = _Book(State())
    account = book.account(entry)
    book.hear(entry, _enter(account, entry, days, ()))
    account.first_ns, account.last_ns = (
        min(account.first_ns, said.first_time_ns),
        max(account.last_ns, said.last_time_ns),
    )
    book.move()
    nothing = dict.fromkeys(("in_rows_count", "batches_count", "through_sequence"), 0)
    rows = [
        {**row, **nothing, "cause": f"{REPLAYED}:{cause}"}
        for each in book.accounts
        for row in _ledger_rows(each, intent)
    ]
    return _own("ledger", rows, source_id, {said.host: said.boot_id}, intent)


def replay_begun(source_id: str, entry: Entry, rows: int, detail: str, now_ns: int) -> Rows:
    """Return the event with which a replay begins: it is written down before the first row of the batch is."""
    said = entry.frame.metadata
    row = {
        "host": said.host,
        "time": now_ns,
        "vif_id": 0,
        "event": "batch_replay_begun",
        "subject": f"{said.stream} {said.sequence}",
        "detail": detail,
        "event_count": rows,
    }
    return _own("events", [row], source_id, {said.host: said.boot_id}, _replaying(entry, now_ns))


def _replaying(entry: Entry, now_ns: int) -> Intent:
    return Intent(
        number=1, start=entry.start, end=entry.end, batches=1, opened_time_ns=now_ns, piece_rows=1, piece_bytes=1
    )


class _Book:
    """The accounts of an intent, opened as its batches come."""

    def __init__(self, state: State) -> None:
        self.accounts: list[_Account] = []
        self.missing: dict[str, int] = {}
        self._watermarks = state.watermarks
        self._newest: dict[Stream, _Account] = {}
        self._heard: dict[tuple[str, str], tuple[int, Entry]] = {}

    def hear(self, entry: Entry, stored: Iterable[Rows]) -> None:
        """Take in the watermarks that rows of an agent's ledger name."""
        for rows in stored:
            for stream, instant in _watermarks_in(rows).items():
                of = (entry.frame.metadata.host, stream)
                if of not in self._heard or instant > self._heard[of][0]:
                    self._heard[of] = (instant, entry)

    def move(self) -> dict[str, dict[str, int]]:
        """Enter the watermarks into all accounts; return for each host and stream those that moved."""
        moved: dict[str, dict[str, int]] = {}
        for (host, stream), (instant, entry) in self._heard.items():
            if instant > self._watermarks.get(host, {}).get(stream, 0):
                moved.setdefault(host, {})[stream] = instant
                self.mention(entry, stream)
        for account in self.accounts:
            known = self._watermarks.get(account.host, {}).get(account.stream, 0)
            account.watermark_ns = max(known, moved.get(account.host, {}).get(account.stream, 0))
        return moved

    def miss(self, entry: Entry, batches: int, cause: str) -> None:
        """Account for the numbers that a batch skips; how many rows they had is not known here."""
        said = entry.frame.metadata
        self.missing[said.stream] = self.missing.get(said.stream, 0) + batches
        # What came before the watermark was handed over in batches before these.
        before = self._watermarks.get(said.host, {}).get(said.stream, 0) or said.first_time_ns
        self.mention(entry).lost[cause] = _Lost(
            batches=batches,
            through=said.sequence - 1,
            first_ns=min(before, said.first_time_ns),
            last_ns=said.first_time_ns,
            origin="unknown",
        )

    def account(self, entry: Entry) -> _Account:
        """Return the account that a batch belongs into, with the batch counted."""
        said = entry.frame.metadata
        stream = (entry.spool_id, said.stream)
        account = self._newest.get(stream)
        if account is None or not account.takes(said):
            account = self._newest[stream] = self.mention(entry)
        account.batches += 1
        account.through = said.sequence
        return account

    def mention(self, entry: Entry, stream: str = "") -> _Account:
        """Open an account of the hand-over of a batch, for its stream or another one."""
        said = entry.frame.metadata
        account = _Account(said.host, entry.spool_id, stream or said.stream, said.sealed_time_ns)
        self.accounts.append(account)
        return account


def _order(account: _Account) -> tuple[str, str, str, int, int]:
    return account.host, account.stream, account.spool_id, account.through, account.handed_over_ns


def _is_repeat(days: Sequence[Rows], excluded: Sequence[Exclusion]) -> bool:
    repeated = {each.day for each in excluded if each.cause == REPEAT}
    return WHOLE_BATCH in repeated or (bool(days) and all(rows.day in repeated for rows in days))


def _on_time_from_ns(state: State, entry: Entry, late_ns: int) -> int:
    """Return the instant before which an event has ended too late, by the host's own clock at the hand-over.

    Where the host's clock was set back, by what was handed over before.
    """
    said = entry.frame.metadata
    watermark_ns = state.watermarks.get(said.host, {}).get(said.stream, 0)
    return max(said.sealed_time_ns, state.reached.get(said.host, 0), watermark_ns) - late_ns


def _enter(
    account: _Account,
    entry: Entry,
    days: Sequence[Rows],
    excluded: Sequence[Exclusion],
    on_time_from_ns: int = 0,
) -> list[Rows]:
    """Enter a batch into its account; return its rows that are stored by this intent."""
    said = entry.frame.metadata
    whole = next((exclusion for exclusion in excluded if exclusion.day == WHOLE_BATCH), None)
    if whole is not None:
        account.in_rows += said.rows
        account.lose(whole.cause, said.rows, 1, said)
        return []
    causes = {exclusion.day: exclusion.cause for exclusion in excluded}
    # Of a day that the store has already the rows came in an earlier intent, which did not live to account for them.
    for rows in days:
        count, cause = rows.count, causes.get(rows.day)
        account.in_rows += count
        if cause not in (None, REPEAT):
            account.lose(str(cause), count, 0 if len(days) > 1 else 1, said)
            continue
        account.first_ns = min(account.first_ns, rows.first_time_ns) if account.first_ns else rows.first_time_ns
        account.last_ns = max(account.last_ns, rows.last_end_ns)
        account.out_rows += count
        account.minutes.update(touched_minutes(rows))
        if late := late_rows(rows, on_time_from_ns):
            # They are stored, and no batch is lost: what they come too late for does not take them.
            account.lose(LATE, late, 0, said)
    stored = [rows for rows in days if rows.day not in causes]
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
            yield entry, gap.batches, DAMAGED if {"", entry.spool_id} & damaged else MISSING


def _ledger_rows(account: _Account, intent: Intent) -> list[dict[str, object]]:
    row: dict[str, object] = {
        "host": account.host,
        "time": intent.opened_time_ns,
        "duration_ns": 0,
        "stage": STAGE,
        "of_stream": account.stream,
        "in_rows_count": account.in_rows,
        "out_rows_count": account.out_rows,
        "out_bytes": account.out_bytes,
        "batches_count": account.batches,
        "through_sequence": account.through,
        "of_spool_id": account.spool_id,
        "lost_rows_count": 0,
        "lost_rows_origin": "",
        "lost_batches_count": 0,
        "lost_through_sequence": 0,
        "cause": "",
        "watermark_time": account.watermark_ns,
        "first_event_time": account.first_ns,
        "last_event_time": account.last_ns,
        "touched_minutes": sorted(account.minutes),
        "received_time": account.handed_over_ns,
    }
    nothing = dict.fromkeys(("in_rows_count", "out_rows_count", "out_bytes", "batches_count", "through_sequence"), 0)
    losses = [
        {
            **row,
            **nothing,
            "touched_minutes": [],
            "lost_rows_count": lost.rows,
            "lost_rows_origin": lost.origin,
            "lost_batches_count": lost.batches,
            "lost_through_sequence": lost.through,
            "cause": cause,
            "first_event_time": lost.first_ns,
            "last_event_time": lost.last_ns,
        }
        for cause, lost in sorted(account.lost.items())
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
    if kind == "ledger":
        schema = schema.append(pa.field("received_time", TIME, nullable=False))
    table = pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)
    if kind == "ledger":
        minutes = pa.array([row["touched_minutes"] for row in rows], pa.list_(pa.uint32()))
        table = table.append_column("touched_minutes", minutes)
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
    return Rows(entry, instant // DAY_NS, table, instant, instant, instant, (instant, instant))
