"""What cannot be stored: it goes to the dead letters with its reason, is accounted for, and holds nothing else up."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path

from tests.processor.making import (
    COUNTERS,
    DAY,
    EVENTS,
    SECOND,
    ask,
    assert_stored_once,
    batch_of,
    open_spool,
    payload_of,
    processor,
    sweep,
    wait_done,
)
from tests.running import RunningStore, until
from viflux import frame
from viflux.spool import Batch, SpoolWriter


def put(writer: SpoolWriter, *batches: Batch) -> None:
    writer.append(batches)
    writer.commit()


def letters(tmp_path: Path) -> list[dict]:
    found = [json.loads(path.read_text()) for path in (tmp_path / "data" / "deadletter").glob("*.json")]
    return sorted(found, key=lambda letter: (letter["segment"], letter["offset"]))


def lost(store: RunningStore) -> dict[str, tuple[int, int]]:
    rows = ask(
        store,
        "SELECT cause, sum(lost_rows_count) AS rows, sum(lost_batches_count) AS batches FROM ledger "
        "WHERE stage = 'processor' AND cause != '' GROUP BY cause",
    )
    return {row["cause"]: (row["rows"], row["batches"]) for row in rows}


def test_poison_goes_to_the_dead_letters_and_its_neighbours_are_stored(tmp_path: Path, store: RunningStore) -> None:
    """Unknown kinds and versions, payloads that are not what they say: bytes kept, ledger and events tell."""
    now = time.time_ns()
    good = batch_of(COUNTERS, sweep(now, 4))
    writer = open_spool(tmp_path / "data")
    put(
        writer,
        good,
        dataclasses.replace(good, kind="weather", stream="weather.sky"),
        dataclasses.replace(good, version=99),
        dataclasses.replace(good, payload=b"no arrow"),
        dataclasses.replace(good, payload=payload_of("events", [{"time": now}] * 4)),
        dataclasses.replace(good, rows=3),
        good,
    )
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"counters": 8})
    assert sorted(letter["cause"] for letter in letters(tmp_path)) == [
        "unknown_kind",
        "unknown_version",
        "unreadable",
        "unreadable",
        "unreadable",
    ]
    assert lost(store) == {"unknown_kind": (4, 1), "unknown_version": (4, 1), "unreadable": (11, 3)}
    told = ask(store, "SELECT subject, detail FROM events WHERE event = 'batch_dead_lettered' ORDER BY subject")
    assert len(told) == 5
    assert any("version 99 of counters; this version knows 1" in row["detail"] for row in told)
    kept = next((tmp_path / "data" / "deadletter").glob("*weather*.frame"))
    assert frame.decode(kept.read_bytes()).payload == good.payload


def test_rows_that_the_store_refuses_are_narrowed_down_to_the_batch(tmp_path: Path, store: RunningStore) -> None:
    """A constraint refuses two of forty batches: 38 are stored once, two are dead letters, the ledger closes."""
    store.writer().command("ALTER TABLE counters ADD CONSTRAINT tested CHECK rx_packets != 666")
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    batches = []
    for number in range(40):
        poison = {"rx_packets": 666} if number in (11, 29) else {}
        batches.append(batch_of(COUNTERS, sweep(now + number * SECOND, 3, **poison)))
        batches.append(batch_of(EVENTS, [{"time": now, "event": "tested", "event_count": 1}]))
    put(writer, *batches)
    with processor(store) as running:
        wait_done(running, tmp_path / "data", 60)
    assert_stored_once(store, {"counters": 38 * 3})
    assert ask(store, "SELECT count() AS n FROM events WHERE event = 'tested'")[0]["n"] == 40
    assert [(letter["cause"], letter["sequence"]) for letter in letters(tmp_path)] == [
        ("refused", 12),
        ("refused", 30),
    ]
    assert "tested" in letters(tmp_path)[0]["reason"]
    assert lost(store) == {"refused": (6, 2)}
    account = ask(
        store,
        "SELECT sum(in_rows_count) AS came, sum(out_rows_count) AS stored FROM ledger "
        f"WHERE stage = 'processor' AND of_stream = '{COUNTERS}'",
    )[0]
    assert account == {"came": 120, "stored": 114}


def test_a_damaged_batch_is_kept_and_missed_by_its_number(tmp_path: Path, store: RunningStore) -> None:
    """Its bytes go to the dead letters; the gap in the numbers says which stream lost a batch."""
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    for number in range(5):
        put(writer, batch_of(COUNTERS, sweep(now + number * SECOND, 3)))
    path = next((tmp_path / "data" / "spool").glob("*.segment"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"counters": 12})
    assert [letter["cause"] for letter in letters(tmp_path)] == ["damaged"]
    assert lost(store) == {"damaged": (0, 1)}


def test_another_batch_under_a_stored_identity_is_no_duplicate(tmp_path: Path, store: RunningStore) -> None:
    """Two spools with one id (a copied folder): what differs is kept aside, of whatever time; the same is dropped."""
    now = time.time_ns()
    spool = tmp_path / "data" / "spool"
    writer = open_spool(tmp_path / "data")
    put(writer, batch_of(COUNTERS, sweep(now, 3)))
    writer.close()
    shutil.copytree(spool, tmp_path / "copy")
    writer = open_spool(tmp_path / "data")
    put(writer, *(batch_of(COUNTERS, sweep(now + seconds * SECOND, 3)) for seconds in (1, 2, 3)))
    writer.close()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    shutil.rmtree(spool)
    (tmp_path / "copy").rename(spool)
    (tmp_path / "data" / "processor" / "spool.json").unlink()
    writer = open_spool(tmp_path / "data")
    put(writer, batch_of(COUNTERS, sweep(now + SECOND, 2)), batch_of(COUNTERS, sweep(now + 2 * SECOND, 3)))
    put(writer, batch_of(COUNTERS, sweep(now - 20 * 3600 * SECOND, 3)), batch_of(COUNTERS, sweep(now, 3)))
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"counters": 15})
    assert [(letter["cause"], letter["sequence"]) for letter in letters(tmp_path)] == [
        ("other_content", 2),
        ("other_content", 3),
        ("other_content", 4),
    ]


def test_a_bad_clock_opens_no_partition(tmp_path: Path, store: RunningStore) -> None:
    """Event times beyond a day ago or a minute ahead become the received time, and say so."""
    now = time.time_ns()
    rows = [row for days in (-150, -2, 0, 3) for row in sweep(now + days * DAY, 2)]
    writer = open_spool(tmp_path / "data")
    put(writer, batch_of(COUNTERS, rows))
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    found = ask(
        store,
        "SELECT time_origin, count() AS rows, countIf(time = received_time) AS replaced, "
        "uniqExact(toDate(time)) AS days FROM counters GROUP BY time_origin ORDER BY time_origin",
    )
    assert found == [
        {"time_origin": "event", "rows": 2, "replaced": 0, "days": 1},
        {"time_origin": "received", "rows": 6, "replaced": 6, "days": 1},
    ]


def test_a_piece_that_is_there_in_part_stops_the_source_and_alarms(tmp_path: Path, store: RunningStore) -> None:
    """Nothing is inserted on a guess; when a person has put it right, it goes on."""
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    put(writer, batch_of(COUNTERS, sweep(now, 4)))
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        path = tmp_path / "data" / "processor" / "spool.json"
        running.kill()
    state = json.loads(path.read_text())
    end = state["cursor"]
    intent = {
        "number": 1,
        "start": [1, 0],
        "end": end,
        "batches": 1,
        "opened_time_ns": now,
        "piece_rows": 1000,
        "piece_bytes": 1 << 20,
    }
    path.write_text(json.dumps({**state, "cursor": [0, 0], "intent": intent, "high_water": {}, "recent": {}}))
    store.writer().command("ALTER TABLE counters DELETE WHERE vif_id = 1 SETTINGS mutations_sync = 2")
    with processor(store) as running:
        until("the alarm", lambda: "has a piece in part" in running.log.read_text(), 20)
        put(writer, batch_of(COUNTERS, sweep(now + SECOND, 4)))
        running.process.terminate()
        running.process.wait(20)
    assert ask(store, "SELECT count() AS n FROM counters")[0]["n"] == 3
    store.writer().command("ALTER TABLE counters DELETE WHERE 1 SETTINGS mutations_sync = 2")
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"counters": 8})
