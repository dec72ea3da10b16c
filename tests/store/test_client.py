"""The client of the stages: exact values, typed errors, nothing tried twice."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.sql_command import answer_of
from tests.running import ROOT, RunningStore, free_port
from tests.store.conftest import ask


@pytest.fixture(scope="module")
def writer(store: RunningStore) -> StoreClient:
    client = store.writer()
    client.command(
        "CREATE TABLE viflux.exact (vif_id UInt64, time DateTime64(9, 'UTC'), address IPv6, ratio Float64, "
        "count Nullable(UInt8), kind LowCardinality(String)) ENGINE = MergeTree ORDER BY vif_id"
    )
    mapped = bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
    table = pa.table(
        {
            "vif_id": pa.array([1, 2**64 - 1], pa.uint64()),
            "time": pa.array([1, 1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
            "address": pa.array([mapped, bytes(15) + b"\1"], pa.binary(16)),
            "ratio": [0.1, float("nan")],
            "count": pa.array([None, 3], pa.uint8()),
            "kind": pa.array(["veth", "tap"]).dictionary_encode(),
        }
    )
    assert client.insert_arrow_stream("exact", table) == 2
    return client


def test_rows_are_exact(writer: StoreClient, store: RunningStore) -> None:
    """64-bit integers whole, nanoseconds kept, unknown as None."""
    assert store.reader().query_rows("SELECT * FROM exact ORDER BY vif_id") == [
        {"vif_id": 1, "time": "1970-01-01T00:00:00.000000001Z", "address": "::ffff:192.0.2.1", "ratio": 0.1,
         "count": None, "kind": "veth"},
        {"vif_id": 2**64 - 1, "time": "2023-11-14T22:13:20.123456789Z", "address": "::1", "ratio": None, "count": 3,
         "kind": "tap"},
    ]  # fmt: skip


def test_parameters(writer: StoreClient) -> None:
    """By name and type, with whatever text."""
    sql = "SELECT {t:String} AS t, {n:UInt64} AS n, {l:Array(UInt64)} AS l"
    text = 'it\'s `x` \\ "y"; {z}'
    assert writer.query_rows(sql, {"t": text, "n": 2**64 - 1, "l": [1, 2]}) == [
        {"t": text, "n": 2**64 - 1, "l": [1, 2]}
    ]


def test_arrow(writer: StoreClient) -> None:
    """As the store has the columns, ready to be inserted again."""
    table = writer.query_arrow("SELECT * FROM exact ORDER BY vif_id")
    assert table.schema.field("time").type == pa.timestamp("ns", "UTC")
    assert table.schema.field("address").type == pa.binary(16)
    assert table.column("vif_id").to_pylist() == [1, 2**64 - 1]
    assert table.column("kind").combine_chunks().to_pylist() == ["veth", "tap"]
    empty = writer.query_arrow("SELECT * FROM exact WHERE vif_id = 7")
    assert (empty.num_rows, empty.schema) == (0, table.schema)


def test_a_stream_is_whole_or_raises(writer: StoreClient, store: RunningStore) -> None:
    """All pieces in order; a late error is raised and its frame is no data."""
    whole = b"".join(writer.stream("SELECT number FROM numbers(300000)", "CSV"))
    assert whole == b"".join(b"%d\n" % n for n in range(300_000))
    late = "SELECT number, throwIf(number = 90000) FROM numbers(100000) SETTINGS max_block_size = 1000"
    for form in ("CSV", "JSONEachRow", "Native", "RowBinary"):
        pieces: list[bytes] = []
        with pytest.raises(StoreRefused) as caught:
            pieces.extend(store.reader().stream(late, form))
        assert caught.value.code == 395
        assert b"__exception__" not in b"".join(pieces)


def test_refusals_have_a_code_and_one_clean_text(writer: StoreClient, store: RunningStore) -> None:
    """The engine's text without the driver's additions."""
    with pytest.raises(StoreRefused) as caught:
        writer.query_rows("SELECT * FROM nothing")
    assert caught.value.code == 60
    assert caught.value.message.startswith("Code: 60. DB::Exception: ")
    assert "(for url" not in caught.value.message
    assert not caught.value.is_temporary
    with pytest.raises(StoreRefused) as caught:
        store.reader().command("DROP TABLE exact")
    assert caught.value.code == 164
    with pytest.raises(StoreRefused) as caught:
        store.reader().insert_arrow_stream("exact", pa.table({"vif_id": pa.array([1], pa.uint64())}))
    assert caught.value.code == 164
    with pytest.raises(StoreRefused) as caught:
        store.reader().query_rows("SELECT length(groupArray(repeat('x', 10000))) FROM numbers(10000000)")
    assert caught.value.code == 241
    assert caught.value.is_temporary


def test_a_refused_block_stores_nothing(writer: StoreClient) -> None:
    """Wrong types and cut streams leave the table as it was."""
    before = writer.query_rows("SELECT count() AS n FROM exact")
    with pytest.raises(StoreRefused):
        writer.insert_arrow_stream("exact", pa.table({"vif_id": ["no number"]}))
    good = pa.BufferOutputStream()
    table = pa.table({"vif_id": pa.array(range(10_000), pa.uint64())})
    with pa.ipc.new_stream(good, table.schema) as stream:
        stream.write(table)
    with pytest.raises(StoreRefused):
        writer.insert_arrow_stream("exact", bytes(good.getvalue())[:5000])
    assert writer.query_rows("SELECT count() AS n FROM exact") == before


def test_an_error_while_the_part_is_written_is_told(writer: StoreClient) -> None:
    """A violated constraint comes late in an insert; it is refused, and no row is there."""
    writer.command(
        "CREATE TABLE IF NOT EXISTS viflux.small (a UInt64, CONSTRAINT is_small CHECK a < 100) "
        "ENGINE = MergeTree ORDER BY a"
    )
    with pytest.raises(StoreRefused) as caught:
        writer.insert_arrow_stream("small", pa.table({"a": pa.array(range(200), pa.uint64())}))
    assert caught.value.code == 469
    assert writer.query_rows("SELECT count() AS n FROM small") == [{"n": 0}]


def test_nothing_listens(store: RunningStore) -> None:
    """One line that says where and what to do; ping is false."""
    client = StoreClient(f"http://127.0.0.1:{free_port()}", "viflux")
    assert not client.ping()
    for call in (lambda: client.query_rows("SELECT 1"), lambda: client.command("SELECT 1")):
        with pytest.raises(StoreUnavailable, match=r"does not answer: Connection refused; is `viflux up` running\?"):
            call()


def test_a_connection_that_breaks_leaves_the_outcome_open(store: RunningStore) -> None:
    """A server that takes the request and hangs up: unavailable, asked once and not again."""
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(connection.recv(65536))
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        client = StoreClient(url, "viflux", "default")
        with pytest.raises(StoreUnavailable):
            client.command("INSERT INTO x SELECT 1")
        server.shutdown(socket.SHUT_RDWR)
    assert sum(b"INSERT" in request for request in taken) <= 1


def test_importing_the_client_is_cheap() -> None:
    """A process that only holds a client loads neither the driver nor Arrow nor the engine."""
    code = (
        "import sys, ingest.store.client, ingest.store.sql_command, viflux.output; "
        "heavy = ('pyarrow', 'numpy', 'pandas', 'chdb', 'clickhouse_connect', 'uvicorn'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_connecting_and_reading_rows_needs_no_arrow(store: RunningStore) -> None:
    """The stages that read rows stay small."""
    code = (
        "import sys; from ingest.store.client import StoreClient; "
        f"client = StoreClient({store.url!r}, 'viflux', 'default'); "
        "print(client.query_rows('SELECT 1 AS one'), 'pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[{'one': 1}] False\n"
    assert ask(store.url, "SELECT 1").status == 200


def test_closed_clients_leave_no_connection(store: RunningStore) -> None:
    """Neither does `viflux sql`, asked again and again: the store would run out of them."""
    before = _connections_to(store)
    for _ in range(5):
        assert answer_of(store.settings, "SELECT 1 AS one", {}, "jsonl", 10).rows == [{"one": 1}]
    client = store.reader()
    assert client.query_rows("SELECT 1 AS one") == [{"one": 1}]
    assert _connections_to(store) == before + 1
    client.close()
    assert _connections_to(store) == before
    assert client.query_rows("SELECT 2 AS two") == [{"two": 2}]
    client.close()


def _connections_to(store: RunningStore) -> int:
    """Return the established connections of this network namespace whose far end is the store."""
    port = urlsplit(store.writer().url).port
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return sum(line.split()[2:4] == [f"0100007F:{port:04X}", "01"] for line in lines)
