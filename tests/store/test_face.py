"""The ClickHouse HTTP interface as clients use it: formats, parameters, settings, errors, compression, cancel."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import socket
import subprocess
import threading
import uuid
import zlib
from collections.abc import Iterator

import clickhouse_connect
import lz4.frame
import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from tests.running import RunningStore, until
from tests.store.conftest import ask

RUNAWAY = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
ENDLESS = "SELECT number, sipHash64(number) FROM system.numbers FORMAT CSV SETTINGS max_result_rows = 100000"


@pytest.fixture(scope="module", autouse=True)
def tables(store: RunningStore) -> None:
    columns = "id UInt64, name LowCardinality(String), address IPv6, time DateTime64(9, 'UTC')"
    for sql in (
        f"CREATE TABLE viflux.points ({columns}) ENGINE = MergeTree ORDER BY id",
        "CREATE TABLE viflux.pairs (a UInt64, b Nullable(String)) ENGINE = MergeTree ORDER BY a",
    ):
        assert ask(store.url, sql, key=store.key).status == 200


@pytest.fixture
def pairs(store: RunningStore) -> None:
    assert ask(store.url, "TRUNCATE TABLE viflux.pairs", key=store.key).status == 200


@pytest.fixture(scope="module")
def connect(store: RunningStore) -> Iterator[Client]:
    host, port = store.settings.store.listen.split(":")
    client = clickhouse_connect.get_client(host=host, port=int(port), username="viflux", password=store.key)
    yield client
    client.close()


def test_ping(store: RunningStore) -> None:
    """`/ping` needs no credentials and answers what clients compare with."""
    process = subprocess.run(
        [_curl(), "-s", "--noproxy", "*", f"{store.url}/ping"], capture_output=True, text=True, check=True
    )
    assert process.stdout == "Ok.\n"


def _curl() -> str:
    found = shutil.which("curl")
    if found is None:
        pytest.skip("curl is not installed")
    return found


def curl(store: RunningStore, *arguments: str, data: bytes = b"") -> bytes:
    command = [_curl(), "-sS", "--fail-with-body", "--noproxy", "*", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=20).stdout


ROWS = [{"a": 1, "b": "x,\"'\n"}, {"a": 18446744073709551615, "b": None}, {"a": 3, "b": "✓"}]


def as_arrow() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"a": pa.array([row["a"] for row in ROWS], pa.uint64()), "b": [row["b"] for row in ROWS]})
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write(table)
    return bytes(sink.getvalue())


def as_csv() -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([row["a"], "\\N" if row["b"] is None else row["b"]] for row in ROWS)
    return text.getvalue().encode()


BODIES = {
    "JSONEachRow": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "CSV": as_csv(),
    "ArrowStream": as_arrow(),
}
CODINGS = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def stored(store: RunningStore) -> list[dict[str, object]]:
    text = ask(store.url, "SELECT a, b FROM pairs FORMAT JSONEachRow", output_format_json_quote_64bit_integers="0").text
    return sorted((json.loads(line) for line in text.splitlines()), key=ROWS.index)


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("form", BODIES)
@pytest.mark.parametrize("place", ["url", "body"])
def test_curl_inserts(store: RunningStore, form: str, place: str) -> None:
    """The statement in the URL or at the head of the body, with any of the formats."""
    statement = f"INSERT INTO viflux.pairs FORMAT {form}"
    user = f"viflux:{store.key}"
    if place == "url":
        curl(store, "-u", user, f"{store.url}/?query={statement.replace(' ', '+')}", "--data-binary", "@-",
             data=BODIES[form])  # fmt: skip
    else:
        curl(store, "-u", user, store.url, "--data-binary", "@-", data=f"{statement}\n".encode() + BODIES[form])
    assert stored(store) == ROWS


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("coding", CODINGS)
def test_packed_inserts(store: RunningStore, coding: str) -> None:
    """Every content coding that clients send."""
    body = CODINGS[coding](b"INSERT INTO pairs FORMAT JSONEachRow\n" + BODIES["JSONEachRow"])
    answer = ask(store.url, body, key=store.key, headers={"Content-Encoding": coding})
    assert answer.status == 200, answer.text
    assert answer.summary["written_rows"] == "3"
    assert stored(store) == ROWS


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "lz4", "zstd"])
def test_a_cut_body_stores_nothing(store: RunningStore, coding: str) -> None:
    """A packed body that ends too soon is refused whole, with 271."""
    body = CODINGS[coding](b"INSERT INTO pairs FORMAT JSONEachRow\n" + BODIES["JSONEachRow"] * 1000)
    answer = ask(store.url, body[: len(body) * 2 // 3], key=store.key, headers={"Content-Encoding": coding})
    assert answer.code == 271
    assert stored(store) == []


@pytest.mark.usefixtures("pairs")
def test_inline_values(store: RunningStore) -> None:
    """`INSERT … VALUES` in the query itself, also with words of the grammar inside its text."""
    sql = "INSERT INTO pairs (a, b) VALUES (1, 'FORMAT CSV; INTO OUTFILE ''x'''), (2, NULL)"
    assert ask(store.url, sql, key=store.key).status == 200
    assert ask(store.url, "SELECT b FROM pairs ORDER BY a").text == "FORMAT CSV; INTO OUTFILE 'x'\n\\N\n".replace(
        "'", "\\'"
    )


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "lz4", "zstd"])
def test_formats_out(store: RunningStore, coding: str) -> None:
    """What curl asks for, plain and packed; pieces of a long answer join to the right bytes."""

    def unpack(body: bytes) -> bytes:
        unpackers = {
            "gzip": gzip.decompress,
            "deflate": zlib.decompress,
            "lz4": lz4.frame.decompress,
            "zstd": zstandard.ZstdDecompressor().decompressobj().decompress,
        }
        return unpackers[coding](body) if coding else body

    def get(form: str) -> bytes:
        answer = ask(store.url, f"SELECT number AS n FROM numbers(90000) FORMAT {form}", enable_http_compression="1",
                     headers={"Accept-Encoding": coding})  # fmt: skip
        assert answer.status == 200
        assert answer.headers.get("content-encoding", "") == coding
        assert answer.headers["x-clickhouse-format"] == form
        return unpack(answer.body)

    numbers = list(range(90000))
    assert [int(json.loads(line)["n"]) for line in get("JSONEachRow").splitlines()] == numbers
    assert list(map(int, get("CSV").split())) == numbers
    assert list(map(int, get("CSVWithNames").split()[1:])) == numbers
    assert [int(row["n"]) for row in json.loads(get("JSON"))["data"]] == numbers
    assert pa.ipc.open_stream(get("ArrowStream")).read_all().column("n").to_pylist() == numbers
    assert pyarrow.parquet.read_table(io.BytesIO(get("Parquet"))).column("n").to_pylist() == numbers
    assert get("Native").count(b"UInt64") >= 1


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("SELECT * FROM viflux.nothing", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT nothing FROM viflux.pairs", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT no_such_function(1)", 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT {x:UInt8}", 400, 456, "UNKNOWN_QUERY_PARAMETER"),
        ("SELECT 1 SETTINGS nothing = 1", 400, 115, "UNKNOWN_SETTING"),
        ("SELECT 1 FORMAT Nothing", 400, 73, "UNKNOWN_FORMAT"),
        ("SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ],
)
def test_errors_have_the_engines_code(store: RunningStore, sql: str, status: int, code: int, name: str) -> None:
    """Status, header and text as a ClickHouse server has them."""
    answer = ask(store.url, sql)
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert answer.text.count("Code:") == 1
    assert f"({name}) (version " in answer.text
    assert answer.headers["x-clickhouse-summary"]


def test_an_unknown_database(store: RunningStore) -> None:
    """81 and 404, by the parameter and by the header."""
    assert ask(store.url, "SELECT 1", database="nothing").code == 81
    answer = ask(store.url, "SELECT 1", headers={"X-ClickHouse-Database": "nothing"})
    assert (answer.status, answer.code) == (404, 81)


def test_the_database_is_the_stores_own(store: RunningStore) -> None:
    """By default, and when a client asks for `default`."""
    for parameters in ({}, {"database": "default"}, {"database": "viflux"}):
        assert ask(store.url, "SELECT currentDatabase()", **parameters).text == "viflux\n"


def test_parameters_of_a_query(store: RunningStore) -> None:
    """Values are values, whatever quotes they have."""
    sql = "SELECT {a:UInt64}, {b:String}, {c:Array(String)}, {d:DateTime64(9, 'UTC')} FORMAT TSVRaw"
    answer = ask(
        store.url,
        sql,
        param_a="18446744073709551615",
        param_b='it\'s "x"; DROP TABLE pairs',
        param_c="['a','b']",
        param_d="2026-11-22 10:11:12.123456789",
    )
    assert answer.text == (
        "18446744073709551615\tit's \"x\"; DROP TABLE pairs\t['a','b']\t2026-11-22 10:11:12.123456789\n"
    )


def test_what_is_not_kept_is_refused(store: RunningStore) -> None:
    """Sessions, block compression and other paths say so; nothing is silently ignored."""
    assert ask(store.url, "SELECT 1", compress="1").code == 48
    assert ask(store.url, "SELECT 1", session_id="x", session_check="1").code == 372
    assert ask(store.url, "SET max_threads = 1", key=store.key).code == 48
    assert ask(store.url + "/nowhere", "SELECT 1").status == 404
    assert ask(store.url, method="DELETE").status == 405
    assert ask(store.url, "SELECT 1", session_id="x").text == "1\n"


def test_query_id_comes_back_and_is_in_the_log(store: RunningStore) -> None:
    """The client's id is in the answer, and in `log_comment` of the running query."""
    name = f"mine-{uuid.uuid4()}"
    sql = "SELECT count() FROM system.processes WHERE endsWith(Settings['log_comment'], {id:String})"
    answer = ask(store.url, sql, query_id=name, param_id=name)
    assert answer.headers["x-clickhouse-query-id"] == name
    assert answer.text == "1\n"


def test_a_handle_is_not_used_again_after_an_error(store: RunningStore) -> None:
    """A query that failed in the middle of its output leaves nothing for the next one."""
    for _ in range(20):
        failed = ask(store.url, "SELECT number, repeat('x', 20) FROM numbers(1000000) FORMAT JSON")
        assert failed.code == 396
        assert ask(store.url, "SELECT 1 AS one FORMAT JSONEachRow").body == b'{"one":1}\n'


def test_an_error_after_the_first_piece_is_no_complete_answer(store: RunningStore) -> None:
    """Text formats break off, with the frame that drivers know; Native ends with the frame."""
    sql = "SELECT number, throwIf(number = 90000) FROM numbers(100000) SETTINGS max_block_size = 1000 FORMAT "
    cut = subprocess.run(
        [_curl(), "-s", "-D", "/dev/stderr", "--noproxy", "*", store.url, "-d", sql + "CSV"],
        capture_output=True,
        check=False,
    )
    assert cut.returncode == 18, "curl must see a partial file"
    head = cut.stderr.decode()
    assert " 200 " in head
    tag = next(line.split()[1] for line in head.splitlines() if line.lower().startswith("x-clickhouse-exception-tag"))
    assert f"\r\n__exception__\r\n{tag}\r\nCode: 395. DB::Exception".encode() in cut.stdout
    assert cut.stdout.endswith(f" {tag}\r\n__exception__\r\n".encode())
    native = ask(store.url, sql + "Native")
    assert native.status == 200
    assert native.body.endswith(b"\r\n__exception__\r\n")


def test_clickhouse_connect_sees_a_late_error(connect: Client) -> None:
    """As an error with the engine's text, not as the end of the rows."""
    with (
        pytest.raises(StreamFailureError, match="throwIf"),
        connect.query_row_block_stream("SELECT throwIf(number = 900000) FROM numbers(1000000)") as blocks,
    ):
        for _ in blocks:
            pass


def running(store: RunningStore, mark: str) -> int:
    sql = "SELECT count() FROM system.processes WHERE query LIKE {p:String} AND query NOT LIKE '%processes%'"
    return int(ask(store.url, sql, param_p=f"%{mark}%").text)


@pytest.mark.parametrize("sql", [RUNAWAY, ENDLESS], ids=["before the first byte", "in the middle"])
def test_a_client_that_leaves_ends_its_query(store: RunningStore, sql: str) -> None:
    """The query is gone from `system.processes` within two seconds of the client."""
    mark = f"mark{uuid.uuid4().hex}"
    host, port = store.settings.store.listen.split(":")
    text = f"/* {mark} */ {sql.replace('100000', '1000000')}".encode()
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-ClickHouse-User: viflux\r\nX-ClickHouse-Key: "
                       + store.key.encode() + b"\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))  # fmt: skip
    until("the query runs", lambda: running(store, mark) == 1)
    if sql is ENDLESS:
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    connection.close()
    until("the query is gone", lambda: running(store, mark) == 0, 2.0)


def test_sixteen_clients_at_once(store: RunningStore) -> None:
    """Each gets its own rows, while another inserts."""
    wrong: list[str] = []

    def read(number: int) -> None:
        for step in range(8):
            marker = number * 1000 + step
            answer = ask(store.url, f"SELECT {marker}, sum(number) FROM numbers({marker + 1}) FORMAT CSV")
            if answer.text != f"{marker},{marker * (marker + 1) // 2}\n":
                wrong.append(answer.text)

    def write(number: int) -> None:
        for step in range(8):
            answer = ask(store.url, f"INSERT INTO pairs VALUES ({number * 1000 + step}, 'w')", key=store.key)
            if answer.status != 200:
                wrong.append(answer.text)

    ask(store.url, "TRUNCATE TABLE viflux.pairs", key=store.key)
    threads = [threading.Thread(target=read, args=(number,)) for number in range(16)]
    threads += [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert ask(store.url, "SELECT count(), uniqExact(a) FROM pairs").text == "32\t32\n"


def test_more_than_can_wait_is_refused(store: RunningStore) -> None:
    """A flood gets 202 and 429, and the store still answers afterwards."""
    found: list[int] = []

    def slow() -> None:
        found.append(ask(store.url, "SELECT sleep(0.3)").status)

    threads = [threading.Thread(target=slow) for _ in range(120)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(found) == {200, 429}
    assert found.count(200) >= 64
    assert ask(store.url, "SELECT 1").text == "1\n"


def test_clickhouse_connect_reads(connect: Client) -> None:
    """Queries with parameters and settings, as rows and as Arrow."""
    found = connect.query(
        "SELECT number, toString(number) AS text FROM numbers(10) WHERE number IN {some:Array(UInt64)} ORDER BY number",
        parameters={"some": [3, 5]},
        settings={"max_execution_time": 64},
    )
    assert found.result_rows == [(3, "3"), (5, "5")]
    table = connect.query_arrow("SELECT toUInt64(18446744073709551615) AS big, [1, 2] AS many")
    assert table.column("big").to_pylist() == [18446744073709551615]
    assert connect.command("EXISTS TABLE viflux.pairs") == 1
    with pytest.raises(DatabaseError) as caught:
        connect.query("SELECT * FROM viflux.nothing")
    assert caught.value.code == 60


def test_clickhouse_connect_writes(connect: Client) -> None:
    """Rows, an Arrow table and a raw Arrow stream; exact addresses and nanoseconds."""
    connect.command("TRUNCATE TABLE viflux.points")
    mapped = bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
    table = pa.table(
        {
            "id": pa.array([1, 2**64 - 1], pa.uint64()),
            "name": pa.array(["x", "y"]).dictionary_encode(),
            "address": pa.array([mapped, bytes(15) + b"\1"], pa.binary(16)),
            "time": pa.array([1, 1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write(table)
    connect.raw_insert("viflux.points", insert_block=bytes(sink.getvalue()), fmt="ArrowStream")
    connect.insert("viflux.points", [[7, "z", "2001:db8::1", 0]], column_names=["id", "name", "address", "time"])
    connect.insert_arrow("viflux.pairs", pa.table({"a": pa.array([77], pa.uint64()), "b": ["arrow"]}))
    rows = connect.query(
        "SELECT id, name, toString(address), toUnixTimestamp64Nano(time) FROM viflux.points ORDER BY id"
    ).result_rows
    assert rows == [
        (1, "x", "::ffff:192.0.2.1", 1),
        (7, "z", "2001:db8::1", 0),
        (2**64 - 1, "y", "::1", 1_700_000_000_123_456_789),
    ]
    assert connect.query("SELECT b FROM viflux.pairs WHERE a = 77").result_rows == [("arrow",)]
