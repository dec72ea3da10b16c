"""The ledger balances to the row, whatever loses rows on their way: each cause is produced for real."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.keeping import Keeper, assert_closed, balance, verb
from tests.processor.making import (
    COUNTERS,
    FLOWS,
    INVENTORY,
    LEDGER,
    MINUTE,
    ask,
    batch_of,
    open_spool,
    processor,
    sweep,
    wait_done,
)
from tests.running import RunningStore, running_store
from viflux.paths import DataPaths
from viflux.spool import START, Batch, Entry, SpoolReader, Unread

HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def store(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """One store; each test has a spool, and so accounts, of its own."""
    with running_store(tmp_path_factory.mktemp("ledger") / "store", tables=tables) as running:
        yield running


@pytest.fixture
def data_dir(store: RunningStore, tmp_path: Path) -> Path:
    """A folder of a host that has the store's key, and a store without rows."""
    for table in ("ledger", "counters", "flows", "events"):
        store.writer().command(f"TRUNCATE TABLE viflux.{table}")
    key = DataPaths(tmp_path / "data").run / "store.key"
    key.parent.mkdir(parents=True)
    shutil.copy(DataPaths(store.settings.data_dir).run / "store.key", key)
    return tmp_path / "data"


def drain(store: RunningStore, data_dir: Path) -> None:
    """Store all that waits."""
    with processor(store, data_dir=data_dir) as running:
        wait_done(running, data_dir)


def damage(data_dir: Path, stream: str, sequence: int) -> None:
    """Turn bytes of a batch's payload over where it lies."""
    spool = DataPaths(data_dir).spool
    entry = next(
        item
        for item in SpoolReader(spool).read(START)
        if isinstance(item, Entry) and (item.frame.metadata.stream, item.frame.metadata.sequence) == (stream, sequence)
    )
    path = spool / f"{entry.start.segment:020d}.segment"
    with path.open("r+b") as file:
        file.seek(entry.end.offset - 20)
        file.write(b"\xff" * 10)


def test_what_the_spool_evicts_is_lost_to_the_row(store: RunningStore, data_dir: Path) -> None:
    """While the store is away the oldest segments go, and with them the ledger rows that told of earlier ones."""
    keeper = Keeper(open_spool(data_dir, max_bytes=1 << 18, segment_bytes=1 << 16))
    keeper.sweeps(12)
    drain(store, data_dir)
    assert assert_closed(store, keeper)["lost"] == 0
    keeper.sweeps(120)
    # What was read before stays read, and the spool is opened again half-way: an agent that was killed.
    keeper.spool.close()
    keeper.spool = open_spool(data_dir, max_bytes=1 << 18, segment_bytes=1 << 16)
    keeper.sweeps(60)
    keeper.hand_over()
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert found["causes"].keys() == {"spool_evicted"}
    assert found["lost"] > 500
    code, rows, said = verb(data_dir, store)
    assert (code, {row["state"] for row in rows}) == (0, {"balanced"}), said
    assert {int(row["lost_rows"]) for row in rows if row["of_stream"] == COUNTERS} == {found["lost"]}


def test_late_rows_are_stored_and_told(store: RunningStore, data_dir: Path) -> None:
    """Rows of hours ago, and those of a clock that was set back: information beside a balance that closes."""
    keeper = Keeper(open_spool(data_dir))
    now_ns = time.time_ns()
    keeper.sweeps(2)
    keeper.hand_over([batch_of(COUNTERS, [*sweep(now_ns - 2 * HOUR, 3), *sweep(now_ns - 30 * MINUTE, 5)])])
    # An interval that began long ago and ended just now is not late.
    keeper.hand_over([batch_of(COUNTERS, sweep(now_ns - 2 * HOUR, 4, duration_ns=2 * HOUR))])
    keeper.hand_over(watermark_ns=now_ns + 2 * HOUR)
    drain(store, data_dir)
    assert assert_closed(store, keeper)["late"] == 3
    keeper.hand_over([batch_of(COUNTERS, sweep(now_ns, 7))])
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert (found["late"], found["lost"], found["states"]) == (10, 0, ["balanced"])
    code, rows, said = verb(data_dir, store)
    assert (code, {int(row["late_rows"]) for row in rows if row["of_stream"] == COUNTERS}) == (0, {10}), said
    arrived = ask(store, "SELECT min(completeness_ratio) AS least FROM completeness")
    assert arrived[0]["least"] == 1


def test_damaged_bytes_are_counted_from_the_other_side(store: RunningStore, data_dir: Path) -> None:
    """The agent's row says how many rows the unreadable batch had."""
    keeper = Keeper(open_spool(data_dir))
    keeper.sweeps(5)
    damage(data_dir, COUNTERS, 4)
    drain(store, data_dir)
    keeper.sweeps(1)
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert found["causes"] == {"damaged": 2}


def test_damage_that_takes_a_ledger_batch_too_is_known_when_the_agent_starts(
    store: RunningStore, data_dir: Path
) -> None:
    """The heads of damaged batches are read; until somebody told, the ledger says that it does not know."""
    keeper = Keeper(open_spool(data_dir))
    keeper.sweeps(5)
    damage(data_dir, COUNTERS, 6)
    damage(data_dir, LEDGER, 3)
    keeper.spool.close()
    keeper.spool = open_spool(data_dir)
    keeper.sweeps(1)
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert found["causes"] == {"segment_damaged": 1}


def test_damage_without_a_readable_head_is_an_upper_bound(store: RunningStore, data_dir: Path) -> None:
    """Bytes that may have hidden batches of every stream: so many numbers are skipped, and that is told, not 0."""
    keeper = Keeper(open_spool(data_dir))
    state = batch_of(INVENTORY, [{"time": 10**18, "valid_from_time": 10**18}])
    keeper.hand_over([state])
    keeper.sweeps(3)
    path = DataPaths(data_dir).spool / f"{1:020d}.segment"
    entry = [item for item in SpoolReader(path.parent).read(START) if isinstance(item, Entry)][-3]
    with path.open("r+b") as file:
        file.seek(entry.start.offset)
        file.write(b"\xff" * 64)
    keeper.spool.close()
    keeper.spool = open_spool(data_dir)
    keeper.hand_over([state])
    drain(store, data_dir)
    _, rows, _ = verb(data_dir, store, "--stream", INVENTORY)
    assert [(row["is_estimated"], row["at_most_batches_count"] > 0, int(row["stored_rows"])) for row in rows] == [
        (1, True, 2)
    ]


def test_a_dead_letter_is_lost_by_its_cause(store: RunningStore, data_dir: Path) -> None:
    """A batch of an unknown version, one that cannot be read, and one that the store refuses."""
    keeper = Keeper(open_spool(data_dir))
    good = batch_of(COUNTERS, sweep(10**18, 3))
    newer = Batch(**{**vars(good), "version": 99})
    broken = Batch(**{**vars(good), "payload": b"no Arrow stream", "rows": 5})
    keeper.sweeps(2)
    keeper.hand_over([newer, good, broken])
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert found["causes"] == {"unknown_version": 3, "unreadable": 5}


def test_what_was_lost_before_the_spool_is_told_apart(store: RunningStore, data_dir: Path) -> None:
    """It was never handed over, so the balance closes without it; its cause and that it is estimated are told."""
    keeper = Keeper(open_spool(data_dir))
    flows = batch_of(FLOWS, [{"time": 1_795_000_000_000_000_000, "bytes": 1, "packets": 1}])
    keeper.hand_over([flows], [Unread(FLOWS, "socket", 30, 10, "estimated"), Unread(FLOWS, "exporter_gap", 7)])
    drain(store, data_dir)
    found = assert_closed(store, keeper, FLOWS)
    assert found["unread"] == {"socket": 30, "exporter_gap": 7}
    code, rows, _ = verb(data_dir, store, "--stream", "flows")
    assert code == 0
    assert [(row["of_stream"], row["unread_rows"], bool(row["is_estimated"])) for row in rows] == [(FLOWS, 37, True)]


def test_rows_that_vanish_or_double_are_short(store: RunningStore, data_dir: Path) -> None:
    """The ledger is no tautology: where a side says something else than the other, the verb fails and says so."""
    keeper = Keeper(open_spool(data_dir))
    keeper.sweeps(3)
    drain(store, data_dir)
    assert_closed(store, keeper)
    store.writer().command(
        "INSERT INTO viflux.ledger SELECT * REPLACE (4 AS in_rows_count, 4 AS out_rows_count, 0 AS batches_count, "
        f"0 AS through_sequence) FROM viflux.ledger WHERE stage = 'processor' AND of_stream = '{COUNTERS}' LIMIT 1"
    )
    assert balance(store)["difference"] == -4
    code, rows, said = verb(data_dir, store, "--stream", COUNTERS)
    assert (code, [row["state"] for row in rows]) == (1, ["short"])
    assert "1 short" in said


def test_a_batch_that_nothing_tells_of_is_unknown_and_no_zero(store: RunningStore, data_dir: Path) -> None:
    """Damage that the agent has not met yet, to a batch and to its ledger row: rows are not known, and that is said."""
    keeper = Keeper(open_spool(data_dir))
    keeper.sweeps(4)
    damage(data_dir, COUNTERS, 4)
    damage(data_dir, LEDGER, 2)
    drain(store, data_dir)
    keeper.sweeps(1)
    drain(store, data_dir)
    code, rows, _ = verb(data_dir, store, "--stream", COUNTERS)
    assert code == 1
    assert [(row["state"], int(row["unknown_batches_count"])) for row in rows] == [("unknown", 1)]
    assert ask(store, f"SELECT count() AS n FROM ledger WHERE of_stream = '{COUNTERS}' AND cause = 'damaged'")[0]["n"]


def test_many_losses_are_balanced_within_the_memory_of_a_question(store: RunningStore, data_dir: Path) -> None:
    """An hour of outages: of 5,000 hand-overs each tenth was evicted and is told of five later."""
    assert data_dir
    began = int(time.time()) - 6 * 3600
    agent, processor_ = "spool_id, stage", "of_spool_id, stage"
    for names, values, rest in (
        # The agent's account of each hand-over whose account was not evicted with it, and of its losses.
        (f"{agent}, through_sequence, batches_count, out_rows_count", "'agent', number + 1, 1, 10", "!= 0"),
        (
            f"{agent}, lost_through_sequence, lost_batches_count, lost_rows_count, cause",
            "'agent', number - 4, 1, 10, 'spool_evicted'",
            "= 5",
        ),
        # What came to the processor, and the hole before each tenth.
        (
            f"{processor_}, through_sequence, batches_count, in_rows_count, out_rows_count",
            "'processor', number + 1, 1, 10, 10",
            "!= 0",
        ),
        (f"{processor_}, lost_through_sequence, lost_batches_count, cause", "'processor', number, 1, 'missing'", "= 1"),
    ):
        store.writer().command(
            f"INSERT INTO viflux.ledger (time, received_time, host, of_stream, {names}) "
            f"SELECT toDateTime({began}) + number AS at, at, 'host', '{FLOWS}', repeat('a', 32), {values} "
            f"FROM numbers(5000) WHERE number % 10 {rest}"
        )
    found = balance(store, FLOWS)
    assert (found["handed_over"], found["stored"], found["causes"]) == (50_000, 45_000, {"spool_evicted": 5_000})
    assert (found["difference"], found["unknown"], found["states"]) == (0, 0, ["balanced"])


def test_what_was_lost_before_the_spool_is_told_although_its_account_is_evicted(
    store: RunningStore, data_dir: Path
) -> None:
    """Whatever the spool evicts, also the batch that tells it again, and over a restart; once, and in completeness."""
    keeper = Keeper(open_spool(data_dir, max_bytes=1 << 18, segment_bytes=1 << 16))
    keeper.hand_over(unread=[Unread(COUNTERS, "exporter_gap", 7)])
    keeper.sweeps(120)
    keeper.hand_over(unread=[Unread(COUNTERS, "exporter_gap", 5), Unread(COUNTERS, "shed", 30, 10, "estimated")])
    keeper.spool.close()
    keeper.spool = open_spool(data_dir, max_bytes=1 << 18, segment_bytes=1 << 16)
    keeper.sweeps(120)
    drain(store, data_dir)
    keeper.hand_over()
    drain(store, data_dir)
    found = assert_closed(store, keeper)
    assert found["unread"] == {"exporter_gap": 12, "shed": 30}
    assert found["causes"].keys() == {"spool_evicted"}
    assert found["states"] == ["balanced"]
    query = f"SELECT sum(lost_rows) AS lost FROM completeness WHERE of_stream = '{COUNTERS}'"
    assert ask(store, query)[0]["lost"] == pytest.approx(found["lost"] + 42, abs=1)
