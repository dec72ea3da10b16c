"""The store's process: what it refuses at the start, what survives a kill, how it ends, how big it is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.store.client import StoreRefused
from ingest.store.connection import StoreUnavailable
from tests.running import ROOT, RunningStore, free_port, running_store, until, viflux
from tests.store.conftest import ask

RUNAWAY = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
CREATE = (
    "CREATE TABLE IF NOT EXISTS viflux.lasting (a UInt64) ENGINE = MergeTree ORDER BY a "
    "SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1"
)


def start(data_dir: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Start a store that is expected to refuse, and wait for its end."""
    flags = ("--data-dir", data_dir, "--set", f"store.listen=127.0.0.1:{port}")
    return subprocess.run(
        viflux("store", *flags), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("viflux: ")
    for word in words:
        assert word in done.stderr


def rows(*numbers: int) -> pa.Table:
    return pa.table({"a": pa.array(numbers, pa.uint64())})


def test_a_second_store_on_the_same_folder_is_refused(store: RunningStore) -> None:
    """In one line that names the folder, and the first goes on."""
    data_dir = store.settings.data_dir
    assert_one_line(start(data_dir, free_port()), str(data_dir), "another store", "--data-dir")
    assert ask(store.url, "SELECT 1").text == "1\n"


def test_a_busy_port_is_refused(tmp_path: Path) -> None:
    """In one line that names the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_line(start(tmp_path / "data", port), f"127.0.0.1:{port}", "store.listen")


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """In one line, and nothing is written into it."""
    (tmp_path / "format").write_text("2\n")
    assert_one_line(start(tmp_path, free_port()), str(tmp_path), "newer")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["format"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("a file")
    assert_one_line(start(tmp_path / "file" / "data", free_port()), str(tmp_path / "file"))


def test_an_existing_server_needs_no_store() -> None:
    """With `store.url` set, the verb says so; wrong use."""
    done = subprocess.run(
        viflux("store", "--set", "store.url=http://192.0.2.1:8123"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "store.url" in done.stderr


def test_kill_and_reopen(tmp_path: Path) -> None:
    """After kill -9 under load it opens at once, with all that it acknowledged and nothing twice."""
    acknowledged: list[int] = []
    for attempt in range(3):
        with running_store(tmp_path / "data") as store:
            writer = store.writer()
            writer.command(CREATE)
            found = writer.query_rows("SELECT count() AS n, uniqExact(a) AS unique FROM lasting")[0]
            assert found["n"] == found["unique"]
            assert found["n"] in (len(acknowledged), len(acknowledged) + 1), "only the last, unanswered one may be more"
            if found["n"] > len(acknowledged):
                acknowledged = [row["a"] for row in writer.query_rows("SELECT a FROM lasting")]
            killer = threading.Timer(0.4, store.process.kill)
            killer.start()
            number = attempt * 1_000_000
            with pytest.raises(StoreUnavailable):  # noqa: PT012  # the kill may meet any of the inserts
                while True:
                    writer.insert_arrow_stream("lasting", rows(number), token=f"{number}")
                    acknowledged.append(number)
                    number += 1
            store.process.wait(5)
    assert len(acknowledged) > 3


def test_the_key_and_the_rows_last_over_a_restart(tmp_path: Path) -> None:
    """A client made before goes on after; a lost key is made anew."""
    port = free_port()
    with running_store(tmp_path / "data", port=port) as store:
        writer, key = store.writer(), store.key
        writer.command(CREATE)
        assert writer.insert_arrow_stream("lasting", rows(1, 2), token="t") == 2  # noqa: S106  # a deduplication token
    with pytest.raises(StoreUnavailable, match="does not answer"):
        writer.command("SELECT 1")
    with running_store(tmp_path / "data", port=port) as store:
        assert store.key == key
        assert writer.query_rows("SELECT sum(a) AS s FROM lasting") == [{"s": 3}]
    (tmp_path / "data" / "run" / "store.key").unlink()
    with running_store(tmp_path / "data", port=port) as store:
        assert store.key != key
        with pytest.raises(StoreRefused) as caught:
            writer.query_rows("SELECT 1 AS one")
        assert caught.value.code == 516
        assert writer.query_rows("SELECT 1 AS one") == [{"one": 1}]


def test_sigterm_ends_reads_and_waits_for_inserts(tmp_path: Path) -> None:
    """Within five seconds; the running read is told, the running insert is finished."""
    with running_store(tmp_path / "data") as store:
        writer = store.writer()
        writer.command(CREATE)
        answers: dict[str, object] = {}

        def read() -> None:
            answers["read"] = ask(store.url, RUNAWAY, key=store.key)

        def write() -> None:
            slow = "INSERT INTO viflux.lasting SELECT number + sleepEachRow(0.5) FROM numbers(4)"
            answers["write"] = ask(store.url, slow, key=store.key, max_block_size="1")

        threads = [threading.Thread(target=read), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        count = "SELECT count() AS n FROM system.processes WHERE query NOT LIKE '%processes%'"
        until("both run", lambda: writer.query_rows(count)[0]["n"] == 2)
        begun = time.monotonic()
        store.process.send_signal(signal.SIGTERM)
        assert store.process.wait(10) == 0
        assert time.monotonic() - begun < 5.0
        for thread in threads:
            thread.join(10)
        assert answers["read"].code == 394
        assert answers["write"].status == 200
    with running_store(tmp_path / "data") as store:
        assert store.reader().query_rows("SELECT count() AS n FROM lasting") == [{"n": 4}]


def test_idle_it_ends_at_once_and_leaves_no_socket(tmp_path: Path) -> None:
    """SIGTERM to the end in less than two seconds, exit code 0."""
    with running_store(tmp_path / "data") as store:
        assert store.reader().query_rows("SELECT 1 AS one") == [{"one": 1}]
        begun = time.monotonic()
        store.process.terminate()
        assert store.process.wait(5) == 0
        assert time.monotonic() - begun < 2.0
        assert not (tmp_path / "data" / "run" / "store.sock").exists()


def test_it_is_small(store: RunningStore) -> None:
    """After some queries its share of memory stays below the bound of the whole product's budget."""
    for _ in range(20):
        ask(store.url, "SELECT count() FROM system.columns")
    text = Path(f"/proc/{store.process.pid}/smaps_rollup").read_text()
    pss_kib = next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    assert pss_kib < 420_000


def test_logs_go_to_stderr_and_say_when_it_is_ready(store: RunningStore) -> None:
    """One line with address and engine; no traceback of anything that tests have done so far."""
    text = store.log.read_text()
    assert '"event": "store is ready"' in text
    assert "Traceback" not in text


def test_a_token_makes_a_repeat_harmless(store: RunningStore) -> None:
    """The same token twice stores once; another token with the same rows stores again."""
    writer = store.writer()
    writer.command(CREATE)
    writer.command("TRUNCATE TABLE lasting")
    for token in ("one", "one", "two"):
        writer.insert_arrow_stream("lasting", rows(1, 2, 3), token=token)
    assert writer.query_rows("SELECT count() AS n FROM lasting") == [{"n": 6}]


def test_a_body_becomes_one_part(store: RunningStore) -> None:
    """However many rows: one block, one part."""
    writer = store.writer()
    writer.command("CREATE TABLE IF NOT EXISTS viflux.big (a UInt64) ENGINE = MergeTree ORDER BY a")
    writer.command("SYSTEM STOP MERGES viflux.big")
    table = rows(*range(900_000))
    assert writer.insert_arrow_stream("big", table) == 900_000
    parts = "SELECT count() AS n FROM system.parts WHERE table = 'big' AND active"
    assert writer.query_rows(parts) == [{"n": 1}]


def test_its_folders_are_closed_to_others(store: RunningStore) -> None:
    """Nobody else on the machine reads the engine's files past the gate."""
    for name in ("run", "store/engine", "store/temporary"):
        assert (store.settings.data_dir / name).stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("padding", range(0, 64, 16))
def test_it_starts_whatever_the_environment_looks_like(tmp_path: Path, padding: int) -> None:
    """The engine's library finds the auxiliary vector where the kernel shows it, not behind the environment's end."""
    environment = {"PATH": os.environ["PATH"], "PADDING": "x" * padding}
    port = free_port()
    words = viflux("store", "--data-dir", tmp_path / "d", "--set", f"store.listen=127.0.0.1:{port}")

    def answers() -> bool:
        assert process.poll() is None, f"the store ended with {process.returncode}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
            return b"Ok." in connection.recv(4096)
        return False

    with subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        until("the store answers", answers, 30)
        process.terminate()
        assert process.wait(10) == 0
