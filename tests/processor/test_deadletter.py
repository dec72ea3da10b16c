"""Dead letters of a spool: each poison made for real, looked at, replayed after its fix exactly once, dropped."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.ledger.keeping import Keeper, assert_closed, balance
from tests.processor.making import (
    COUNTERS,
    DAY,
    SECOND,
    ask,
    assert_stored_once,
    batch_of,
    open_spool,
    processor,
    sweep,
    wait_done,
)
from tests.running import ROOT, RunningStore, viflux
from tests.spool.making import need_strace
from viflux.paths import DataPaths


def deadletter(
    store: RunningStore, *words: str, under: Sequence[str] = (), answer: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `viflux deadletter`."""
    folder = store.settings.data_dir
    command = viflux("deadletter", *words, "--data-dir", folder, "--set", f"store.listen={store.settings.store.listen}")
    return subprocess.run(
        [*under, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed(store: RunningStore, *words: str) -> list[dict[str, Any]]:
    done = deadletter(store, "list", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def drain(store: RunningStore) -> None:
    with processor(store) as running:
        wait_done(running, store.settings.data_dir)


def test_refused_rows_come_in_once_after_the_fix_through_kills(tmp_path: Path, store: RunningStore) -> None:
    """The table takes them again: killed at any step and run again, each row is there once and the ledger closes."""
    strace = need_strace()
    store.writer().command("ALTER TABLE counters ADD CONSTRAINT tested CHECK rx_packets != 666")
    keeper = Keeper(open_spool(tmp_path / "data"))
    keeper.sweeps(2)
    now = time.time_ns()
    # Around midnight: one batch makes two pieces.
    midnight = now // DAY * DAY
    over = sweep(min(midnight - 10 * SECOND, now), 3, rx_packets=666) + sweep(midnight, 2, rx_packets=666)
    keeper.hand_over([batch_of(COUNTERS, over)])
    for number in range(4):
        keeper.hand_over([batch_of(COUNTERS, sweep(now - number * SECOND, 3 + number, rx_packets=666))])
    drain(store)
    lost = assert_closed(store, keeper)["lost"]
    found = listed(store)
    assert {letter["cause"] for letter in found} == {"refused"}
    assert lost == 5 + sum(3 + number for number in range(4))
    still = deadletter(store, "replay", found[-1]["name"])
    assert still.returncode == 1
    assert "the store still refuses its rows" in still.stderr
    assert len(listed(store)) == len(found)
    store.writer().command("ALTER TABLE counters DROP CONSTRAINT tested")
    tracing = [strace, "-f", "-qq", "-o", str(tmp_path / "sends"), "-e", "trace=sendto"]
    first = deadletter(store, "replay", found[0]["name"], under=tracing)
    assert first.returncode == 0, first.stderr
    sends = len((tmp_path / "sends").read_text().splitlines())
    with processor(store):
        # Before the last send of all, before those of the rows and of the ledger's, and near the beginning.
        for letter, when in zip(found[-4:], (sends, sends - 2, sends - 4, 3), strict=True):
            killing = [*tracing, "-e", f"inject=sendto:signal=KILL:when={when}"]
            killed = deadletter(store, "replay", letter["name"], under=killing)
            assert killed.returncode != 0, (when, killed.stderr)
        again = deadletter(store, "replay", "--all")
    assert again.returncode == 0, again.stderr
    assert listed(store) == []
    assert_stored_once(store, {"counters": keeper.handed_over[COUNTERS]})
    closed = balance(store)
    assert (closed["lost"], closed["difference"], closed["stored"]) == (0, 0, keeper.handed_over[COUNTERS])
    assert closed["causes"] == {}
    arrived = ask(store, f"SELECT min(completeness_ratio) AS n FROM completeness WHERE of_stream = '{COUNTERS}'")
    assert arrived == [{"n": 1}]
    begun = ask(store, "SELECT count() AS n FROM events WHERE event = 'batch_replay_begun'")[0]["n"]
    assert begun == len(found)
    empty = deadletter(store, "list")
    assert "there are no dead letters" in empty.stderr


def test_every_other_poison_is_told_and_stays_or_goes(tmp_path: Path, store: RunningStore) -> None:
    """Damage, an unknown version, an identity that is taken: shown for what they are, refused with what to do."""
    now = time.time_ns()
    folder = tmp_path / "data"
    writer = open_spool(folder)
    good = batch_of(COUNTERS, sweep(now, 3))
    writer.append([good, dataclasses.replace(good, version=99), good])
    writer.commit()
    segment = next(DataPaths(folder).spool.glob("*.segment"))
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-20] + bytes([whole[-20] ^ 0x10]) + whole[-19:])
    drain(store)
    assert_stored_once(store, {"counters": 3})
    newer, damaged = listed(store)
    assert (newer["cause"], newer["sequence"], newer["host"]) == ("unknown_version", 2, "host-1")
    assert (damaged["cause"], damaged["rows"]) == ("damaged", None)
    shown = deadletter(store, "show", newer["name"], "--format", "table", "--rows", "2")
    assert "schema version 99 of counters; this version knows 1" in shown.stdout
    assert "rx_bytes" in shown.stdout
    assert "and 1 more rows" in shown.stdout
    hexed = deadletter(store, "show", damaged["name"], "--format", "table")
    assert "56 46 42 31" in hexed.stdout, "the frame's magic, VFB1"
    assert "sequence 3" in hexed.stdout
    assert [letter["name"] for letter in listed(store, "--cause", "damaged", "--since", "1h")] == [damaged["name"]]
    both = deadletter(store, "replay", "--all")
    assert both.returncode == 1
    assert "this version of Viflux cannot read it: schema version 99" in both.stderr
    assert "damaged bytes hold no rows" in both.stderr
    assert len(listed(store)) == 2
    unasked = deadletter(store, "drop", "--all")
    assert (unasked.returncode, len(listed(store))) == (2, 2)
    dropped = deadletter(store, "drop", "--all", "--cause", "damaged", "--yes")
    assert dropped.returncode == 0, dropped.stderr
    assert [letter["name"] for letter in listed(store)] == [newer["name"]]
    assert not list(DataPaths(folder).deadletter.glob("*damaged*"))


def test_an_identity_that_is_taken_is_given_to_one_only(tmp_path: Path, store: RunningStore) -> None:
    """Another batch under the identity stays what it is; once a person has removed it, the letter comes in."""
    now = time.time_ns()
    folder = tmp_path / "data"
    spool = DataPaths(folder).spool

    def hand_over(rows: int) -> None:
        writer = open_spool(folder)
        writer.append([batch_of(COUNTERS, sweep(now - rows * SECOND, rows))])
        writer.commit()
        writer.close()

    hand_over(1)
    shutil.copytree(spool, tmp_path / "copy")
    hand_over(3)
    drain(store)
    shutil.rmtree(spool)
    (tmp_path / "copy").rename(spool)
    (DataPaths(folder).processor / "spool.json").unlink()
    hand_over(5)
    drain(store)
    (letter,) = listed(store)
    assert (letter["cause"], letter["sequence"], letter["rows"]) == ("other_content", 2, 5)
    refused = deadletter(store, "replay", letter["name"][:50])
    assert refused.returncode == 1
    assert "one identity is never given to two" in refused.stderr
    assert_stored_once(store, {"counters": 4})
    assert len(listed(store)) == 1
    store.writer().command("ALTER TABLE counters DELETE WHERE sequence = 2 SETTINGS mutations_sync = 2")
    freed = deadletter(store, "replay", letter["name"])
    assert freed.returncode == 0, freed.stderr
    assert_stored_once(store, {"counters": 6})
