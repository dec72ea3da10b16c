"""What an untrusted reader may not do: every way of STORE's list, one by one, against the running store."""

from __future__ import annotations

import http.server
import os
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningStore, memory_bytes
from tests.store.conftest import Answered, ask

SECRET = "only-the-owner-may-read-this"  # noqa: S105  # the content of a file that must stay unread
REFUSED = (400, 403, 404)


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of this user outside the data folder, which the store's user could read if nothing stopped it."""
    path = tmp_path_factory.mktemp("secret") / "secret.csv"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[str]]]:
    """A web server on loopback that notes who asks."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture(scope="module", autouse=True)
def table(store: RunningStore) -> None:
    ask(store.url, "CREATE TABLE viflux.kept (a UInt64) ENGINE = MergeTree ORDER BY a", key=store.key)
    ask(store.url, "INSERT INTO viflux.kept VALUES (1), (2)", key=store.key)


@pytest.fixture(autouse=True)
def unharmed(store: RunningStore) -> Iterator[None]:
    """Whatever a test sends, the store lives and its rows are as before."""
    yield
    assert ask(store.url, "SELECT sum(a) FROM viflux.kept").text == "3\n"


def assert_refused(answer: Answered, *codes: int) -> None:
    assert answer.status in REFUSED, (answer.status, answer.text)
    assert answer.code in codes, answer.text
    assert f"Code: {answer.code}. DB::Exception" in answer.text
    assert SECRET not in answer.text


FILE_READS = {
    "table function": "SELECT * FROM file('{path}', 'LineAsString')",
    "table function, upper case": "SELECT * FROM FILE('{path}', 'LineAsString')",
    "scalar": "SELECT file('{path}')",
    "scalar, quoted": "SELECT `file`('{path}')",
    "scalar, escaped name": "SELECT `fil\\x65`('{path}')",
    "scalar with a default": "SELECT file('{path}', 'x')",
    "scalar in arrayMap": "SELECT arrayMap(x -> file(x), ['{path}'])",
    "scalar as a bare name in arrayMap": "SELECT arrayMap(file, ['{path}'])",
    "scalar by APPLY": "SELECT * APPLY(file) FROM (SELECT '{path}' AS p)",
    "scalar by APPLY without brackets": "SELECT * APPLY file FROM (SELECT '{path}' AS p)",
    "scalar by APPLY, escaped": "SELECT * APPLY(`fil\\x65`) FROM (SELECT '{path}' AS p)",
    "scalar by APPLY of a lambda": "SELECT COLUMNS('p') APPLY(x -> file(x)) FROM (SELECT '{path}' AS p)",
    "scalar by REPLACE": "SELECT * REPLACE(file(p) AS p) FROM (SELECT '{path}' AS p)",
    "scalar in a subquery": "SELECT * FROM (SELECT file('{path}') AS x) WHERE x != ''",
    "scalar in WITH": "WITH file('{path}') AS x SELECT x",
    "scalar in WITH RECURSIVE": "WITH RECURSIVE r AS (SELECT file('{path}') AS x) SELECT x FROM r",
    "scalar in IN": "SELECT 1 IN (SELECT length(file('{path}')))",
    "scalar in LIMIT": "SELECT number FROM numbers(100) LIMIT length(file('{path}'))",
    "scalar in ORDER BY": "SELECT 1 ORDER BY file('{path}')",
    "scalar in a window": "SELECT sum(1) OVER (PARTITION BY file('{path}'))",
    "scalar in UNION": "SELECT 'a' UNION ALL SELECT file('{path}')",
    "scalar in a comment's shadow": "SELECT /* ' */ file('{path}') -- '",
    "scalar in EXPLAIN": "EXPLAIN SELECT file('{path}')",
    "scalar in a view function": "SELECT * FROM view(SELECT file('{path}'))",
    "scalar in a filter setting": "SELECT a FROM kept SETTINGS additional_table_filters = "
    "{{'kept': 'throwIf(1, file(\\'{path}\\'))'}}",
    "scalar in a result filter": "SELECT a FROM kept "
    "SETTINGS additional_result_filter = 'throwIf(1, file(''{path}''))'",
    "scalar in an escaped filter": "SELECT a FROM kept SETTINGS additional_result_filter = 'length(fi\\x6ce(a))'",
    "scalar by eval": "SELECT * FROM eval('SELECT file(''{path}'')') SETTINGS allow_experimental_eval_table_function=1",
    "from a string": "SELECT * FROM '{path}'",
    "from a name": "SELECT * FROM `{path}`",
    "from the engine's own database": "SELECT * FROM default.`{path}`",
    "join": "SELECT * FROM numbers(1) AS n LEFT JOIN file('{path}', 'LineAsString') AS f ON 1 = 1",
    "describe": "DESCRIBE TABLE file('{path}', 'CSV')",
    "glob": "SELECT * FROM file('/**/secret.csv', 'LineAsString')",
}


@pytest.mark.parametrize("sql", FILE_READS.values(), ids=FILE_READS.keys())
def test_no_file_can_be_read(store: RunningStore, secret: Path, sql: str) -> None:
    """A file is not read by any function, at any place of a statement."""
    answer = ask(store.url, sql.format(path=secret))
    assert_refused(answer, 497, 60, 36, 452, 344, 62, 164)


@pytest.mark.parametrize("name", ["additional_table_filters", "additional_result_filter", "filter"])
def test_sql_inside_a_setting_of_the_url_is_gated(store: RunningStore, secret: Path, name: str) -> None:
    """A function that hides in a setting's text is refused like one in the query."""
    text = f"throwIf(1, file('{secret}'))"
    value = f"{{'viflux.kept': {text!r}}}" if name == "additional_table_filters" else text
    assert_refused(ask(store.url, "SELECT a FROM kept", **{name: value}), 497, 452)


def test_files_of_the_process_and_of_the_store_are_out_of_reach(store: RunningStore) -> None:
    """Not the environment, not the writer's key, not the engine's own configuration."""
    for path in ("/proc/self/environ", "/proc/self/cmdline", store.settings.data_dir / "run" / "store.key"):
        assert_refused(ask(store.url, f"SELECT file('{path}')"), 497)
        writer = ask(store.url, f"SELECT file('{path}')", key=store.key)
        assert writer.status != 200, f"Landlock alone must stop the writer from {path}"


@pytest.mark.parametrize(
    "engine",
    ["File(LineAsString)", "File(CSV, '/etc/passwd')", "URL('http://127.0.0.1:1/', 'CSV')", "Executable('x', 'CSV')",
     "S3('http://127.0.0.1:1/b/k', 'CSV')", "MySQL('127.0.0.1:1', 'd', 't', 'u', 'p')", "SQLite('x', 't')"],
)  # fmt: skip
def test_not_even_the_writer_makes_a_table_that_reaches_outside(store: RunningStore, engine: str) -> None:
    """Such a table could be read by readers later, through `merge` or by name."""
    answer = ask(store.url, f"CREATE TABLE viflux.outside (a String) ENGINE = {engine}", key=store.key)
    assert_refused(answer, 497)
    assert ask(store.url, "EXISTS TABLE viflux.outside").text == "0\n"


OUTSIDE = {
    "url": "SELECT * FROM url('http://127.0.0.1:{port}/url', 'LineAsString')",
    "url cluster": "SELECT * FROM urlCluster('x', 'http://127.0.0.1:{port}/', 'LineAsString')",
    "remote": "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "remote secure": "SELECT * FROM remoteSecure('127.0.0.1:{port}', system.one)",
    "cluster": "SELECT * FROM cluster('default', system.one)",
    "s3": "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/key', 'LineAsString')",
    "gcs": "SELECT * FROM gcs('http://127.0.0.1:{port}/bucket/key', 'LineAsString')",
    "mysql": "SELECT * FROM mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "postgresql": "SELECT * FROM postgresql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "mongodb": "SELECT * FROM mongodb('127.0.0.1:{port}', 'd', 't', 'u', 'p', 'a Int8')",
    "redis": "SELECT * FROM redis('127.0.0.1:{port}', 'k', 'k String')",
    "hdfs": "SELECT * FROM hdfs('hdfs://127.0.0.1:{port}/x', 'LineAsString', 'a String')",
    "azure": "SELECT * FROM azureBlobStorage('http://127.0.0.1:{port}/', 'c', 'b', 'n', 'a2V5', 'CSV')",
    "iceberg": "SELECT * FROM iceberg('http://127.0.0.1:{port}/b/')",
    "delta lake": "SELECT * FROM deltaLake('http://127.0.0.1:{port}/b/')",
    "hudi": "SELECT * FROM hudi('http://127.0.0.1:{port}/b/')",
    "jdbc": "SELECT * FROM jdbc('jdbc:x', 't')",
    "odbc": "SELECT * FROM odbc('DSN=x', 't')",
    "arrow stream": "SELECT * FROM arrowstream('x')",
    "executable": "SELECT * FROM executable('id', 'LineAsString', 'a String')",
    "filesystem": "SELECT * FROM filesystem('/')",
    "python": "SELECT * FROM Python(x)",
    "name server": "SELECT reverseDNSQuery('192.0.2.1')",
    "url scalar position": "SELECT 1 IN url('http://127.0.0.1:{port}/in', 'LineAsString')",
    "model": "SELECT aiGenerate('x') SETTINGS allow_experimental_ai_functions = 1",
}


@pytest.mark.parametrize("sql", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_nothing_outside_can_be_reached(store: RunningStore, listener: tuple[int, list[str]], sql: str) -> None:
    """No table function opens a connection, runs a program or lists a folder."""
    port, asked = listener
    assert_refused(ask(store.url, sql.format(port=port)), 497, 46, 47, 60, 62, 452)
    assert asked == []


def test_landlock_alone_keeps_the_engine_from_connecting(store: RunningStore, listener: tuple[int, list[str]]) -> None:
    """Also the writer, whom no gate stops, gets no connection out of the store."""
    port, asked = listener
    answer = ask(store.url, f"SELECT * FROM url('http://127.0.0.1:{port}/w', 'LineAsString')", key=store.key)
    assert answer.status != 200
    assert asked == []


def test_sqlite_makes_no_file(store: RunningStore, tmp_path: Path) -> None:
    """The engine would make the file before it checks the grant; nothing may reach it."""
    inside = store.settings.data_dir / "store" / "engine" / "made.db"
    for path in (tmp_path / "made.db", inside, Path("made.db")):
        assert_refused(ask(store.url, f"SELECT * FROM sqlite('{path}', 't')"), 497)
        assert_refused(ask(store.url, f"DESCRIBE TABLE sqlite('{path}', 't')"), 497)
        assert_refused(ask(store.url, f"SELECT 1 IN sqlite('{path}', 't')"), 497)
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in store.settings.data_dir.rglob("*") if "made" in path.name]


def test_outfile_writes_nothing(store: RunningStore, tmp_path: Path) -> None:
    """`INTO OUTFILE` would run inside the store's process, for a reader and for the writer."""
    for key in (None, store.key):
        for suffix in ("", " TRUNCATE", " APPEND", " AND STDOUT", " COMPRESSION 'gzip'"):
            answer = ask(store.url, f"SELECT 1 INTO OUTFILE '{tmp_path}/out.csv'{suffix}", key=key)
            assert_refused(answer, 164, 344, 62)
    assert list(tmp_path.iterdir()) == []


def test_infile_reads_nothing(store: RunningStore, secret: Path) -> None:
    """`FROM INFILE` is refused to the writer, too."""
    for key in (None, store.key):
        assert_refused(ask(store.url, f"INSERT INTO kept FROM INFILE '{secret}' FORMAT CSV", key=key), 164, 344)


CHANGES = {
    "insert": "INSERT INTO kept VALUES (7)",
    "insert with format": "INSERT INTO kept FORMAT CSV 7",
    "insert select": "INSERT INTO kept SELECT 7",
    "insert after with": "WITH 7 AS x INSERT INTO kept SELECT x",
    "insert into a function": "INSERT INTO FUNCTION file('x.csv', 'CSV', 'a Int8') SELECT 1",
    "insert into null function": "INSERT INTO FUNCTION null('a Int8') SELECT 1",
    "create table": "CREATE TABLE viflux.made (a Int8) ENGINE = Memory",
    "create file table": "CREATE TABLE viflux.made (a String) ENGINE = File(LineAsString)",
    "create as select": "CREATE TABLE viflux.made ENGINE = Memory AS SELECT 1",
    "create view": "CREATE VIEW viflux.made AS SELECT 1",
    "create materialized view": "CREATE MATERIALIZED VIEW viflux.made ENGINE = Memory AS SELECT 1",
    "create database": "CREATE DATABASE made",
    "create function": "CREATE FUNCTION made AS x -> x",
    "create user": "CREATE USER made",
    "create role": "CREATE ROLE made",
    "create named collection": "CREATE NAMED COLLECTION made AS a = 1",
    "create dictionary": "CREATE DICTIONARY viflux.made (a UInt64) PRIMARY KEY a SOURCE(FILE(path 'x' format 'CSV')) "
    "LAYOUT(FLAT()) LIFETIME(0)",
    "temporary table": "CREATE TEMPORARY TABLE made (a Int8)",
    "drop": "DROP TABLE kept",
    "drop database": "DROP DATABASE viflux",
    "truncate": "TRUNCATE TABLE kept",
    "detach": "DETACH TABLE kept",
    "attach": "ATTACH TABLE kept",
    "rename": "RENAME TABLE kept TO lost",
    "exchange": "EXCHANGE TABLES kept AND kept",
    "alter": "ALTER TABLE kept DELETE WHERE 1",
    "update": "UPDATE kept SET a = 0 WHERE 1",
    "delete": "DELETE FROM kept WHERE 1",
    "optimize": "OPTIMIZE TABLE kept FINAL",
    "grant": "GRANT ALL ON *.* TO default",
    "set role": "SET ROLE writer",
    "set default role": "SET DEFAULT ROLE writer TO default",
    "set profile": "SET profile = 'default'",
    "set readonly": "SET readonly = 0",
    "use": "USE system",
    "kill query": "KILL QUERY WHERE 1",
    "kill mutation": "KILL MUTATION WHERE 1",
    "system flush logs": "SYSTEM FLUSH LOGS",
    "system shutdown": "SYSTEM SHUTDOWN",
    "system stop merges": "SYSTEM STOP MERGES",
    "backup": "BACKUP TABLE kept TO File('x')",
    "restore": "RESTORE TABLE kept FROM File('x')",
    "execute as": "EXECUTE AS default SELECT 1",
    "begin": "BEGIN TRANSACTION",
    "two statements": "SELECT 1; SELECT 2",
    "a drop behind a select": "SELECT 1; DROP TABLE kept",
    "a drop behind a comment": "SELECT 1 /* x */ ; DROP TABLE kept --",
    "parallel with": "SELECT 1 PARALLEL WITH SELECT 2",
    "copy": "COPY kept TO 'x'",
}


@pytest.mark.parametrize("sql", CHANGES.values(), ids=CHANGES.keys())
def test_a_reader_changes_nothing(store: RunningStore, sql: str) -> None:
    """Statements that write, define, control or come in pairs are refused."""
    assert_refused(ask(store.url, sql), 164, 62, 344)


def test_explain_ast_runs_nothing(store: RunningStore) -> None:
    """The check itself cannot be made to run what it looks at."""
    assert_refused(ask(store.url, "1; DROP TABLE kept"), 62, 164)
    assert ask(store.url, "EXPLAIN AST DROP TABLE kept").status in (200, 403)
    assert ask(store.url, "EXPLAIN AST INSERT INTO kept SELECT 7").status in (200, 403)


ACCOUNTS = ["users", "roles", "grants", "role_grants", "settings_profiles", "quotas", "row_policies"]
PROCESS = ["user_directories", "stack_trace", "named_collections", "certificates", "symbols", "remote_data_paths"]


@pytest.mark.parametrize("table", [*ACCOUNTS, *PROCESS])
def test_system_tables_of_accounts_and_process_are_closed(store: RunningStore, table: str) -> None:
    """What names users or looks into the process is not for readers."""
    assert_refused(ask(store.url, f"SELECT count() FROM system.{table}"), 497, 60)
    assert_refused(ask(store.url, f"SELECT * FROM system.{table} LIMIT 1"), 497, 60)
    assert_refused(ask(store.url, f"SELECT * FROM `system`.`{table}` LIMIT 1"), 497, 60)
    assert_refused(ask(store.url, f"SELECT 1 IN (SELECT 1 FROM system.{table})"), 497, 60)
    assert_refused(ask(store.url, f"SELECT 1 IN system.{table}"), 497, 60)
    assert_refused(ask(store.url, f"SELECT * FROM merge('system', '{table}')"), 497)
    assert_refused(ask(store.url, f"SELECT * FROM {table}", database="system"), 497)
    hidden = f"a IN (SELECT 1 FROM system.{table})"
    assert_refused(ask(store.url, "SELECT a FROM kept", additional_result_filter=hidden), 497)


@pytest.mark.parametrize("table", ["tables", "columns", "processes", "settings", "functions", "parts", "numbers"])
def test_system_tables_of_structure_and_state_are_open(store: RunningStore, table: str) -> None:
    """Structure and state of the store can be read."""
    assert ask(store.url, f"SELECT * FROM system.{table} LIMIT 1").status == 200


@pytest.mark.parametrize(
    "setting",
    [
        "readonly=0",
        "max_memory_usage=0",
        "max_memory_usage=100000000000",
        "max_execution_time=0",
        "max_execution_time=7200",
        "max_result_rows=0",
        "max_result_rows=1000000000",
        "max_result_bytes=0",
        "max_threads=100000",
        "log_comment='x'",
        "log_queries=0",
        "implicit_select=1",
        "dialect='kusto'",
        "allow_introspection_functions=1",
        "allow_experimental_eval_table_function=1",
        "output_format_schema='x'",
        "format_schema_source='query'",
        "allow_ddl=1",
        "profile='default', max_memory_usage=100000000000",
        "profile='default', readonly=0",
    ],
)
def test_limits_cannot_be_lifted(store: RunningStore, setting: str) -> None:
    """Neither a SETTINGS clause, nor one in a subquery, nor the URL goes beyond a reader's bounds."""
    codes = (164, 392, 452, 115)
    assert_refused(ask(store.url, f"SELECT 1 SETTINGS {setting}"), *codes)
    if "," not in setting:
        name, _, value = setting.partition("=")
        # In a subquery the engine takes a wrong setting for the nearest one that is allowed.
        inner = ask(store.url, f"SELECT * FROM (SELECT getSetting('{name}') SETTINGS {setting}) AS s")
        assert inner.status != 200 or inner.text.strip() != value.strip("'"), inner.text
        assert_refused(ask(store.url, "SELECT 1", **{name: value.strip("'")}), *codes)


def test_a_profile_in_the_url_is_refused(store: RunningStore) -> None:
    """A profile would bring its own values."""
    assert_refused(ask(store.url, "SELECT 1", profile="default"), 164)


def test_a_profile_in_the_query_changes_no_limit(store: RunningStore) -> None:
    """Neither the profile that all start from, whose limits are wider, nor one that does not exist."""
    for profile in ("default", "nobody"):
        assert_refused(ask(store.url, f"SELECT 1 SETTINGS profile = '{profile}'"), 452, 180, 164)


@pytest.mark.parametrize("seconds", ["14", "54", "64", "70"])
def test_a_time_limit_within_bounds_is_taken(store: RunningStore, seconds: str) -> None:
    """Drivers send their own time limit with each query."""
    answer = ask(store.url, "SELECT getSetting('max_execution_time')", max_execution_time=seconds)
    assert answer.text == f"{seconds}\n"


def test_settings_in_a_query_are_taken_within_bounds(store: RunningStore) -> None:
    """A dashboard's SETTINGS clause and table filters work."""
    assert ask(store.url, "SELECT 1 SETTINGS max_execution_time = 10").text == "1\n"
    filtered = "SELECT a FROM viflux.kept SETTINGS additional_table_filters = {'viflux.kept': 'a = 2'}"
    assert ask(store.url, filtered).text == "2\n"


def test_a_query_that_takes_too_long_is_stopped(store: RunningStore) -> None:
    """By its own lower limit: 159."""
    answer = ask(store.url, "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))",
                 max_execution_time="1")  # fmt: skip
    assert (answer.status, answer.code) == (408, 159)
    assert "TIMEOUT_EXCEEDED" in answer.text


def test_a_query_that_returns_too_much_is_stopped(store: RunningStore) -> None:
    """A whole result beyond the bound has the true status; 396."""
    answer = ask(store.url, "SELECT number FROM numbers(200000) FORMAT JSON")
    assert (answer.status, answer.code) == (500, 396)


def test_a_query_that_takes_too_much_memory_is_stopped(store: RunningStore) -> None:
    """241, and the store goes on."""
    answer = ask(store.url, "SELECT length(groupArray(repeat('x', 10000))) FROM numbers(10000000)")
    assert (answer.status, answer.code) == (500, 241)


def test_sums_that_do_not_fit_into_memory_go_on_in_files(store: RunningStore) -> None:
    """A large GROUP BY is slower, not refused."""
    keys = "toString(number) AS a, toString(number + 1) AS b"
    grouped = (
        f"SELECT sum(length(a) > 0) FROM (SELECT {keys}, count() AS c FROM numbers(4000000) GROUP BY a, b HAVING c = 1)"
    )
    assert ask(store.url, grouped).body.strip() == b"4000000"


def test_the_whole_store_has_a_memory_cap(store: RunningStore) -> None:
    """Many queries together, and the writer, stay below the cap: refused with 241, never killed by the kernel."""
    greedy = "SELECT length(groupArray(repeat('x', 10000))) FROM numbers(10000000)"
    answer = ask(store.url, greedy, key=store.key)
    assert answer.code == 241
    assert memory_bytes(store.process.pid, "VmHWM") < 1_800_000 << 10


def test_nobody_writes_with_a_wrong_key(store: RunningStore) -> None:
    """516 with status 403; and the same for a name that does not exist."""
    for user, key in (("viflux", "wrong"), ("viflux", ""), ("nobody", ""), ("default", "x"), ("reader", "")):
        answer = ask(store.url, "SELECT 1", headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": key})
        assert (answer.status, answer.code) == (403, 516)


def test_get_never_writes(store: RunningStore) -> None:
    """Not even with the writer's key: a link must not change anything."""
    answer = ask(store.url, key=store.key, method="GET", query="DROP TABLE kept")
    assert (answer.status, answer.code) == (403, 164)


def test_a_foreign_site_in_a_browser_gets_nothing(store: RunningStore) -> None:
    """A request under another site's name (DNS rebinding) is not taken for one of this machine."""
    answer = ask(store.url, "SELECT 1", headers={"Host": "rebound.example:8123"})
    assert (answer.status, answer.code) == (403, 516)
    assert ask(store.url, "SELECT 1", headers={"Host": "localhost:8123"}).status == 200


def test_the_key_is_for_the_owner_only(store: RunningStore) -> None:
    """Mode 0600, 64 hex digits."""
    path = store.settings.data_dir / "run" / "store.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(store.key)) == 32


def test_hostile_text_costs_linear_time(store: RunningStore) -> None:
    """A query full of opened comments and quotes is refused at once."""
    for piece in ("/*", "$a$ ", "'\\", "`", "("):
        answer = ask(store.url, "SELECT " + piece * (250_000 // len(piece)), max_execution_time="5")
        assert answer.status in (400, 403, 404), answer.text


def test_a_body_of_a_reader_is_bounded(store: RunningStore) -> None:
    """More than a megabyte of query is not even read."""
    answer = ask(store.url, b"SELECT " + b" " * (2 << 20))
    assert answer.code == 131


def test_an_insert_beyond_the_bound_is_refused(store: RunningStore) -> None:
    """Also when it only grows by decompression."""
    head = b"INSERT INTO kept FORMAT CSV\n"
    assert ask(store.url, head + b"1\n" * (5 << 20), key=store.key).code == 131
    packed = zlib.compress(head + b"1\n" * (5 << 20))
    assert ask(store.url, packed, key=store.key, headers={"Content-Encoding": "deflate"}).code == 131


def test_a_socket_that_says_nothing_does_not_stop_others(store: RunningStore) -> None:
    """Twenty clients that never finish their request leave room for the next."""
    host, port = store.settings.store.listen.split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(20)]
    try:
        for connection in silent:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nSELECT")
        assert ask(store.url, "SELECT 1").text == "1\n"
    finally:
        for connection in silent:
            connection.close()


def test_the_store_holds_no_privilege(store: RunningStore) -> None:
    """Its process can gain none: no_new_privs is set."""
    status = Path(f"/proc/{store.process.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert os.getpid() != store.process.pid
